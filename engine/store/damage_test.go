package store

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestValueOfEveryDamage(t *testing.T) {
	key := []byte("pkey")
	stored := encodeValue(key, []byte("value"))
	if got, err := decodeValue(key, stored); err != nil || string(got) != "value" {
		t.Fatalf("whole: %q, %v", got, err)
	}
	for i := range stored {
		for bit := range 8 {
			bad := bytes.Clone(stored)
			bad[i] ^= 1 << bit
			if _, err := decodeValue(key, bad); !refused(err) {
				t.Errorf("byte %d bit %d flipped: %v", i, bit, err)
			}
		}
		if _, err := decodeValue(key, stored[:i]); !refused(err) {
			t.Errorf("cut to %d bytes: %v", i, err)
		}
	}
	if _, err := decodeValue([]byte("pkex"), stored); !refused(err) {
		t.Errorf("under another key: %v", err)
	}
}

func refused(err error) bool {
	damage, format := (*DamageError)(nil), (*FormatError)(nil)
	return (errors.As(err, &damage) || errors.As(err, &format)) && strings.Contains(err.Error(), "--rebuild")
}

// raw writes a stored pair past all checks.
func raw(t *testing.T, s *Store, version uint64, key string, stored []byte) {
	t.Helper()
	txn := s.db.NewTransactionAt(math.MaxUint64, true)
	defer txn.Discard()
	if err := errors.Join(txn.Set([]byte(key), stored), txn.CommitAt(version, nil)); err != nil {
		t.Fatal(err)
	}
}

func TestOtherFormatsAreRefused(t *testing.T) {
	earlier := make([]byte, 24) // position, puts and deletes, when pairs were in Badger
	newer := manifest{pos: 9}.encode()
	newer[0]++
	for want, value := range map[string][]byte{"an earlier nabo": earlier, "a newer nabo": newer} {
		dir := t.TempDir()
		s := open(t, dir)
		raw(t, s, 9, manifestKey, encodeValue([]byte(manifestKey), value))
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		_, err := Open(small(dir))
		if format := (*FormatError)(nil); !errors.As(err, &format) || !strings.Contains(err.Error(), want) {
			t.Errorf("open: %v, want a *FormatError of %s", err, want)
		}
	}
}

// A run that another checkpoint wrote, of the same length, in the place of one.
func TestRunOfAnotherIsSeen(t *testing.T) {
	s := open(t, t.TempDir())
	if err := errors.Join(save(s, 1, map[string][]byte{"a": []byte("x")}), save(s, 2, map[string][]byte{"a": []byte("y")})); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(runPath(s.dir, s.last.runs[0].number), runPath(s.dir, s.last.runs[1].number)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Load(LoadOptions{}, func(_, _ []byte) error { return nil }); !refused(err) {
		t.Fatalf("load: %v", err)
	}
}

// FuzzManifest gives the decoder any bytes: it never fails otherwise than
// by its errors, and what it takes it gives again.
func FuzzManifest(f *testing.F) {
	f.Add(manifest{pos: 7, puts: 1, runs: []stored{{number: 3}}}.encode())
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := decodeManifest(1, b)
		if err != nil {
			if !refused(err) {
				t.Fatal(err)
			}
			return
		}
		if again := m.encode(); !bytes.Equal(again, b) {
			t.Fatalf("%x was taken and is %x", b, again)
		}
	})
}

// TestEveryFileDamaged damages each file of a store at many places, and wants
// each time either an error that says what to do, or exactly what was saved.
// Opening happens in this process: a panic on one of Badger's goroutines would
// end the test.
func TestEveryFileDamaged(t *testing.T) {
	for _, closed := range []bool{true, false} {
		dir := filepath.Join(t.TempDir(), "whole")
		want := damageFixture(t, dir, closed)
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if e.Name() == "LOCK" {
				continue
			}
			t.Run(fmt.Sprintf("closed=%v/%s", closed, e.Name()), func(t *testing.T) {
				damageFile(t, dir, e.Name(), want)
			})
		}
	}
}

// damageFixture makes a store with a table in Badger (closed) or a write-ahead log.
func damageFixture(t *testing.T, dir string, closed bool) map[string]string {
	t.Helper()
	into := dir
	if !closed {
		into = dir + "-open"
	}
	s := open(t, into)
	for pos := uint64(1); pos <= 3; pos++ {
		changes := map[string][]byte{}
		for i := range 60 {
			changes[fmt.Sprintf("%d", uint64(i)*pos)] = fmt.Appendf(nil, "value of %d at %d", i, pos)
		}
		if err := save(s, pos, changes); err != nil {
			t.Fatal(err)
		}
	}
	_, want := load(t, s)
	if !closed {
		// What a SIGKILL would leave: the files as they are.
		copyDir(t, into, dir)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return want
}

// damage is one thing done to a file: bytes written over it, or a cut.
type damage struct {
	what  string
	at    int64
	bytes []byte // nil: the file is cut at at
}

func damageFile(t *testing.T, dir, name string, want map[string]string) {
	used := usedBytes(t, filepath.Join(dir, name))
	random := rand.New(rand.NewPCG(1, uint64(len(used))))
	var all []damage
	for range 8 {
		if len(used) == 0 {
			break
		}
		at, bit := random.IntN(len(used)), random.IntN(8)
		all = append(all, damage{fmt.Sprintf("bit %d of byte %d flipped", bit, at), int64(at), []byte{used[at] ^ 1<<bit}})
	}
	for i := range 4 {
		at := len(used) * i / 4
		all = append(all,
			damage{fmt.Sprintf("64 bytes from %d cleared", at), int64(at), make([]byte, min(64, len(used)-at))},
			damage{fmt.Sprintf("cut at %d", at), int64(at), nil})
	}
	for _, d := range all {
		if err := openDamaged(t, dir, name, d, want); err != nil && !refused(err) {
			t.Errorf("%s of %d: %v", d.what, len(used), err)
		}
	}
}

// usedBytes returns a file without the zeros at its end, of which Badger's logs
// have many millions.
func usedBytes(t *testing.T, name string) []byte {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	head := make([]byte, 1<<20)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Fatal(err)
	}
	return bytes.TrimRight(head[:n], "\x00")
}

// openDamaged opens a copy of dir in which one file is damaged, and loads it.
// It fails the test when what it loads is not what was saved.
func openDamaged(t *testing.T, dir, name string, d damage, want map[string]string) error {
	t.Helper()
	into, err := os.MkdirTemp(t.TempDir(), "copy")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(into) }()
	copyDir(t, dir, into)
	f, err := os.OpenFile(filepath.Join(into, name), os.O_RDWR, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if d.bytes == nil {
		err = f.Truncate(d.at)
	} else {
		_, err = f.WriteAt(d.bytes, d.at)
	}
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	s, err := Open(small(into))
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }()
	got := map[string]string{}
	pos, err := s.Load(LoadOptions{}, func(key, value []byte) error {
		got[string(key)] = string(value)
		return nil
	})
	if err == nil && (pos != 3 || !maps.Equal(got, want)) {
		t.Errorf("%s: %s was not seen: %d pairs at %d, want %d at 3", name, d.what, len(got), pos, len(want))
	}
	return err
}

// copyDir copies a folder's files, with holes where there are only zeros.
func copyDir(t *testing.T, from, to string) {
	t.Helper()
	entries, err := os.ReadDir(from)
	if err == nil {
		err = os.MkdirAll(to, 0o700)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Join(to, e.Name())
		err = os.WriteFile(name, usedBytes(t, filepath.Join(from, e.Name())), 0o600)
		if err := errors.Join(err, os.Truncate(name, info.Size())); err != nil {
			t.Fatal(err)
		}
	}
}
