package files

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// watched is a folder under watch, and what was taken from it.
type watched struct {
	*watcher
	t     *testing.T
	taken []string
	said  bytes.Buffer
}

func newWatched(t *testing.T, dir string) *watched {
	w := &watched{t: t}
	w.watcher = &watcher{dir: dir, every: 2 * time.Second, now: time.Now, out: &w.said, take: func(_ context.Context, path string) error {
		b, err := os.ReadFile(path)
		w.taken = append(w.taken, filepath.Base(path)+" "+string(b))
		if bytes.HasPrefix(b, []byte("bad")) {
			return &fileError{fmt.Errorf("%s is bad", path)}
		}
		return err
	}}
	return w
}

// write puts a file in the folder with a time of the bubble's clock.
func (w *watched) write(name, text string) {
	w.t.Helper()
	path := filepath.Join(w.dir, name)
	err := os.WriteFile(path, []byte(text), 0o600)
	if err := errors.Join(err, os.Chtimes(path, time.Now(), time.Now())); err != nil {
		w.t.Fatal(err)
	}
}

// expect asks what was taken since the last time.
func (w *watched) expect(want ...string) {
	w.t.Helper()
	synctest.Wait()
	if !slices.Equal(w.taken, want) {
		w.t.Errorf("at %v: took %q, want %q", time.Now(), w.taken, want)
	}
	w.taken = nil
}

func TestWatch(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		w := newWatched(t, dir)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		w.write("1-there.csv", "one")
		go func() { ended <- w.run(ctx) }()
		w.expect()
		pass(time.Second) // between the looks
		w.write("2-growing.csv", "two")
		w.write("half.csv.part", "no")
		w.write("empty.csv", "")
		w.write("3-bad.csv", "bad")
		pass(2 * time.Second)
		w.expect("1-there.csv one")
		w.write("2-growing.csv", "two, longer")
		pass(2 * time.Second)
		w.expect("3-bad.csv bad")
		if err := os.Rename(filepath.Join(dir, "half.csv.part"), filepath.Join(dir, "half.csv")); err != nil {
			t.Fatal(err)
		}
		pass(4 * time.Second)
		w.expect("2-growing.csv two, longer", "half.csv no")
		pass(time.Hour)
		w.expect()
		w.write("3-bad.csv", "good now")
		pass(5 * time.Second)
		w.expect("3-bad.csv good now")
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("ended with %v", err)
		}
		if said := w.said.String(); !strings.Contains(said, "3-bad.csv is bad") {
			t.Errorf("said %q", said)
		}
	})
	synctest.Test(t, func(t *testing.T) { // another run, which remembers
		w := newWatched(t, dir)
		if err := os.Remove(filepath.Join(dir, "1-there.csv")); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- w.run(ctx) }()
		w.write("4-new.csv", "new")
		pass(5 * time.Second)
		w.expect("4-new.csv new")
		cancel()
		<-ended
		b, err := os.ReadFile(filepath.Join(dir, stateName))
		if err != nil || bytes.Contains(b, []byte("1-there")) || !bytes.Contains(b, []byte("4-new")) || !bytes.Contains(b, []byte("half.csv")) {
			t.Errorf("the state is %s, %v", b, err)
		}
	})
}

func TestWatchErrors(t *testing.T) {
	w := newWatched(t, t.TempDir())
	if err := os.WriteFile(w.statePath(), []byte(`{"version":9}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := w.run(t.Context()); err == nil || !strings.Contains(err.Error(), "remove it") {
		t.Errorf("got %v", err)
	}
	w = newWatched(t, filepath.Join(t.TempDir(), "none"))
	if err := w.run(t.Context()); err == nil || !strings.Contains(err.Error(), "look at the watched folder") {
		t.Errorf("got %v", err)
	}
}

// TestWatchImports watches with a real server: a file that comes, one that is
// bad, and the end.
func TestWatchImports(t *testing.T) {
	var nabo fakeNabo
	srv := httptest.NewServer(&nabo)
	defer srv.Close()
	dir := t.TempDir()
	for name, text := range map[string]string{"1.csv": salesText, "2.csv": "a,b\n1,2\n", "3.ndjson": salesJSON} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	read, write := io.Pipe()
	var out bytes.Buffer
	o := Import{Server: srv.URL, Watch: dir, Every: time.Millisecond, Rejects: filepath.Join(t.TempDir(), "r.csv"), Out: &out, Err: write}
	ended := make(chan error)
	go func() {
		ended <- o.Run(ctx)
		write.Close()
	}()
	said := readUntil(t, read, "3.ndjson: accepted 0, duplicates 2, rejected 0, bad lines 0")
	go io.Copy(io.Discard, read)
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(said, "1.csv: accepted 2, duplicates 0, rejected 0, bad lines 0") || !strings.Contains(said, "2.csv: has no column") {
		t.Errorf("said %s", said)
	}
	if !strings.Contains(out.String(), "4 receipts with 6 lines from 2 files") {
		t.Errorf("ended with %s", out.String())
	}
}

// readUntil reads until a text comes.
func readUntil(t *testing.T, r io.Reader, text string) string {
	t.Helper()
	var said []byte
	buf := make([]byte, 512)
	for !bytes.Contains(said, []byte(text)) {
		n, err := r.Read(buf)
		if err != nil {
			t.Fatalf("%v before %q came: %s", err, text, said)
		}
		said = append(said, buf[:n]...)
	}
	return string(said)
}

// pass lets the bubble's clock go on.
func pass(d time.Duration) { <-time.After(d) }
