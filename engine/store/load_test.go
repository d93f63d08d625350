package store

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"sync"
	"testing"
)

// lanes loads s as a start does and returns all pairs; it fails the test when
// an order that was asked for is not kept.
func lanes(t *testing.T, s *Store, o LoadOptions) map[string]string {
	t.Helper()
	var mu sync.Mutex
	got, last := map[string]string{}, map[byte]string{}
	_, err := s.Load(o, func(key, value []byte) error {
		mu.Lock()
		defer mu.Unlock()
		k := string(key)
		if _, twice := got[k]; twice {
			return fmt.Errorf("%q came twice", k)
		}
		got[k] = string(value)
		ordered := key[0] != 'c'
		if ordered && last[key[0]] > k {
			return fmt.Errorf("%q came after %q", k, last[key[0]])
		}
		if key[0] == 'a' && (last['b'] != "" || last['c'] != "") {
			return fmt.Errorf("%q came after a pair of a lane", k)
		}
		last[key[0]] = k
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// TestLoadInLanes loads a store of many tables, some pairs of which were
// written again or removed by later checkpoints.
func TestLoadInLanes(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	want := map[string]string{}
	for pos := uint64(1); pos <= 4; pos++ {
		changes := map[string][]byte{}
		for i := range 6000 {
			k := fmt.Sprintf("%c%05d", "abc"[i%3], i)
			switch (uint64(i) + pos) % 5 {
			case 0:
				changes[k] = nil
				delete(want, k)
			case 1, 2:
				changes[k] = fmt.Appendf(nil, "%d at %d %01000d", i, pos, i)
				want[k] = string(changes[k])
			}
		}
		if err := save(s, pos, changes); err != nil {
			t.Fatal(err)
		}
	}
	for _, again := range []bool{false, true} {
		if again {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			s = open(t, dir)
		}
		for _, o := range []LoadOptions{
			{}, {Workers: 3}, {Workers: 1, Lanes: [][]byte{[]byte("b"), []byte("c")}},
			{Workers: 3, Lanes: [][]byte{[]byte("b"), []byte("c")}}, {Workers: 2, Lanes: [][]byte{[]byte("c")}},
		} {
			if got := lanes(t, s, o); !maps.Equal(got, want) {
				t.Fatalf("%d workers, %d lanes: %d pairs, want %d", o.Workers, len(o.Lanes), len(got), len(want))
			}
		}
	}
	bad := errors.New("bad")
	if _, err := s.Load(LoadOptions{Workers: 3, Lanes: [][]byte{[]byte("b"), []byte("c")}}, func(key, _ []byte) error {
		if string(key) > "c05" {
			return bad
		}
		return nil
	}); !errors.Is(err, bad) {
		t.Fatalf("load: %v, want the error of one goroutine", err)
	}
}

// TestLoadInLanesSeesDamage turns a bit in what a goroutine of the last lane reads.
func TestLoadInLanesSeesDamage(t *testing.T) {
	s := open(t, t.TempDir())
	if err := save(s, 7, map[string][]byte{"a": []byte("x"), "b": []byte("x"), "c": []byte("looked for")}); err != nil {
		t.Fatal(err)
	}
	path := runPath(s.dir, s.last.runs[0].number)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[bytes.Index(b, []byte("looked for"))] ^= 1
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	o := LoadOptions{Workers: 2, Lanes: [][]byte{[]byte("b"), []byte("c")}}
	if _, err := s.Load(o, func(_, _ []byte) error { return nil }); !refused(err) {
		t.Fatalf("a bit was turned: %v", err)
	}
}
