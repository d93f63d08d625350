package stream

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// fill writes n groups of the given size and closes the log.
func fill(t *testing.T, dir string, n, size int) {
	t.Helper()
	s, err := Open(t.Context(), Options{Dir: dir, Listen: ListenOff, SyncEvery: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer closeStream(t, s)
	group := make([]byte, size)
	for i := range n {
		group[0] = byte(i)
		if _, err := s.Append(t.Context(), group); err != nil {
			t.Fatal(err)
		}
	}
}

func blocks(t *testing.T, dir string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "jetstream/$G/streams/NABO_LOG/msgs/*.blk"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no blocks: %v", err)
	}
	return names
}

// dropIndex leaves the folder as a kill does: without the index of what the
// blocks hold.
func dropIndex(t *testing.T, dir string) {
	t.Helper()
	if err := os.Remove(filepath.Join(dir, "jetstream/$G/streams/NABO_LOG/msgs/index.db")); err != nil {
		t.Fatal(err)
	}
}

// A write that a power cut tore leaves a part of a message at the end, which
// was never acknowledged. The log goes on before it.
func TestTornWrite(t *testing.T) {
	dir := t.TempDir()
	fill(t, dir, 10, 1000)
	dropIndex(t, dir)
	name := blocks(t, dir)[0]
	info, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(name, info.Size()-300); err != nil {
		t.Fatal(err)
	}
	s := open(t, func(o *Options) { o.Dir = dir })
	if b, err := s.Bounds(t.Context()); err != nil || b.Last != 9 || b.Groups != 9 {
		t.Errorf("bounds %+v, %v", b, err)
	}
	appendN(t, s, 10, 1)
	if got := collect(t, s, 0, 10); string(got[9].Data) != "group 10" {
		t.Errorf("the last is %.20q", got[9].Data)
	}
	var gap *GapError
	if err := s.Follow(t.Context(), 11, nil); !errors.As(err, &gap) {
		t.Errorf("follow from beyond the end: %v", err)
	}
}

// Bytes that rot in the middle of the log take messages away. Follow says so,
// and can go on behind the hole.
func TestHoleInTheLog(t *testing.T) {
	for _, c := range []struct {
		name   string
		killed bool
	}{{"clean stop", false}, {"killed", true}} {
		t.Run(c.name, func(t *testing.T) { hole(t, c.killed) })
	}
}

func hole(t *testing.T, killed bool) {
	dir := t.TempDir()
	fill(t, dir, 30, 700_000)
	names := blocks(t, dir)
	if len(names) < 3 {
		t.Fatalf("%d blocks", len(names))
	}
	f, err := os.OpenFile(names[1], os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt(make([]byte, 100), 2_000_000); err != nil { // in the third message of this block
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte{1, 2, 3, 4, 5, 6, 7, 8}, 2_000_000); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if killed {
		dropIndex(t, dir)
	}
	s := open(t, func(o *Options) { o.Dir = dir })
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	at := uint64(0)
	err = s.Follow(ctx, 0, func(m Message) error { at = m.Seq; return nil })
	var gap *GapError
	if !errors.As(err, &gap) {
		t.Fatalf("follow: %v at %d", err, at)
	}
	if got := collect(t, s, gap.Next-1, int(30-gap.Next+1)); got[len(got)-1].Seq != 30 {
		t.Errorf("behind the hole: %d", got[len(got)-1].Seq)
	}
}
