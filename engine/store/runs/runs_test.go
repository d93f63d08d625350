package runs

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// fataler is what *testing.T and *rapid.T share.
type fataler interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

type pair struct {
	key   string
	value []byte
}

func write(t fataler, path string, pairs []pair) Info {
	t.Helper()
	w, err := Create(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range pairs {
		if err := w.Put([]byte(p.key), p.value); err != nil {
			t.Fatal(err)
		}
	}
	info, err := w.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return info
}

func open(t fataler, path string, info Info) *Run {
	t.Helper()
	r, err := Open(path, info)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// merged reads a range and fails the test when it is not in order.
func merged(t fataler, all []*Run, from, to []byte) map[string][]byte {
	t.Helper()
	got, last := map[string][]byte{}, []byte(nil)
	err := Merge(all, from, to, func(key, value []byte) error {
		if len(got) > 0 && bytes.Compare(last, key) >= 0 {
			return fmt.Errorf("%q came after %q", key, last)
		}
		last = bytes.Clone(key)
		got[string(key)] = bytes.Clone(value)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func same(a, b map[string][]byte) bool {
	return maps.EqualFunc(a, b, func(x, y []byte) bool { return bytes.Equal(x, y) && (x == nil) == (y == nil) })
}

// TestMergeIsAMap writes runs over one another and reads any range of them, as a
// map would have it.
func TestMergeIsAMap(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		dir, err := os.MkdirTemp(t.TempDir(), "runs")
		if err != nil {
			r.Fatal(err)
		}
		want := map[string][]byte{}
		var all []*Run
		for n := range rapid.IntRange(1, 4).Draw(r, "runs") {
			var pairs []pair
			for range rapid.IntRange(0, 40).Draw(r, "pairs") {
				p := pair{key: rapid.StringMatching(`[a-d]{0,3}`).Draw(r, "key")}
				if size := rapid.IntRange(-1, 40_000).Draw(r, "size"); size >= 0 {
					p.value = bytes.Repeat([]byte{byte(n), byte(len(pairs))}, size)
				}
				pairs = append(pairs, p)
				want[p.key] = p.value
			}
			path := filepath.Join(dir, fmt.Sprint(n))
			run := open(r, path, write(r, path, pairs))
			defer run.Close()
			all = append([]*Run{run}, all...)
		}
		bound := rapid.StringMatching(`[a-d]{0,2}`)
		from, to := []byte(bound.Draw(r, "from")), []byte(bound.Draw(r, "to"))
		if rapid.Bool().Draw(r, "no end") {
			to = nil
		}
		maps.DeleteFunc(want, func(k string, _ []byte) bool { return k < string(from) || to != nil && k >= string(to) })
		if got := merged(r, all, from, to); !same(got, want) {
			r.Fatalf("got %d pairs, want %d", len(got), len(want))
		}
	})
}

// scattered is more than a chunk of pairs, in no order, some of them twice.
func scattered(n int) ([]pair, map[string][]byte) {
	random := rand.New(rand.NewPCG(1, 2))
	var pairs []pair
	want := map[string][]byte{}
	for i := range n {
		p := pair{fmt.Sprintf("%06d", random.IntN(n)), fmt.Appendf(nil, "%d%0400d", i, i)}
		pairs, want[p.key] = append(pairs, p), p.value
	}
	return pairs, want
}

func TestSectionsOfOneRun(t *testing.T) {
	pairs, want := scattered(100_000)
	path := filepath.Join(t.TempDir(), "run")
	info := write(t, path, pairs)
	if info.Sections < 3 {
		t.Fatalf("%d sections: the test should write more", info.Sections)
	}
	run := open(t, path, info)
	defer run.Close()
	if got := merged(t, []*Run{run}, nil, nil); !same(got, want) {
		t.Fatalf("%d pairs, want %d", len(got), len(want))
	}
	got := map[string][]byte{}
	from := []byte("05")
	maps.DeleteFunc(want, func(k string, _ []byte) bool { return k < "05" })
	cuts := Cut([]*Run{run}, from, 1<<20)
	if len(cuts) < 5 || !slices.IsSortedFunc(cuts, bytes.Compare) {
		t.Fatalf("%d cuts", len(cuts))
	}
	for _, to := range append(cuts, nil) {
		maps.Copy(got, merged(t, []*Run{run}, from, to))
		from = to
	}
	if !same(got, want) {
		t.Fatalf("in pieces: %d pairs, want %d", len(got), len(want))
	}
}

func TestSortedPairsAreOneSection(t *testing.T) {
	pairs, _ := scattered(60_000)
	slices.SortStableFunc(pairs, func(a, b pair) int { return bytes.Compare([]byte(a.key), []byte(b.key)) })
	pairs = slices.CompactFunc(pairs, func(a, b pair) bool { return a.key == b.key })
	path := filepath.Join(t.TempDir(), "run")
	if info := write(t, path, pairs); info.Sections != 1 || info.Puts != uint64(len(pairs)) {
		t.Fatalf("%+v of %d pairs", info, len(pairs))
	}
}

// TestEveryDamageIsSeen turns bits everywhere in a run, and cuts it.
func TestEveryDamageIsSeen(t *testing.T) {
	pairs, _ := scattered(500)
	dir := t.TempDir()
	path := filepath.Join(dir, "run")
	info := write(t, path, pairs)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	read := func() error {
		run, err := Open(path, info)
		if err != nil {
			return err
		}
		defer run.Close()
		return Merge([]*Run{run}, nil, nil, func(_, _ []byte) error { return nil })
	}
	check := func(what string, b []byte) {
		t.Helper()
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		damage := (*DamageError)(nil)
		if err := read(); !errors.As(err, &damage) {
			t.Errorf("%s: %v, want a *DamageError", what, err)
		}
	}
	for i := 0; i < len(whole); i += 1 + i/64 {
		bad := bytes.Clone(whole)
		bad[i] ^= 1 << (i % 8)
		check(fmt.Sprintf("bit of byte %d", i), bad)
	}
	check("cut", whole[:len(whole)-1])
	check("longer", append(bytes.Clone(whole), 0))
	if err := os.WriteFile(path, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := read(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if damage := (*DamageError)(nil); !errors.As(read(), &damage) {
		t.Errorf("gone: %v, want a *DamageError", err)
	}
}

func TestAbortLeavesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run")
	w, err := Create(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Put([]byte("a"), nil), w.Abort()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Fatal("the file is still there")
	}
}

func TestErrorOfTheCallerEndsIt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run")
	run := open(t, path, write(t, path, []pair{{"a", nil}, {"b", nil}}))
	defer run.Close()
	stop := errors.New("stop")
	if err := Merge([]*Run{run}, nil, nil, func(_, _ []byte) error { return stop }); !errors.Is(err, stop) {
		t.Fatalf("%v, want %v", err, stop)
	}
}

// FuzzIndex gives the decoder of an index any bytes: what it takes lies within
// the file.
func FuzzIndex(f *testing.F) {
	f.Add([]byte{3, 1, 2, 3, 4, 5, 6, 7, 8, 1, 'k'}, uint64(len(magic)+1))
	f.Add([]byte{}, uint64(len(magic)))
	f.Fuzz(func(t *testing.T, index []byte, end uint64) {
		var r Run
		if !r.decodeIndex(index, end) {
			return
		}
		at := uint64(len(magic))
		for _, b := range r.blocks {
			if b.offset != at || at+uint64(b.length) > end {
				t.Fatalf("a block from %d of %d, where %d was expected", b.offset, b.length, at)
			}
			at += uint64(b.length)
		}
	})
}

func BenchmarkMerge(b *testing.B) {
	pairs, want := scattered(200_000)
	var all []*Run
	var size int64
	for i := range 4 {
		path := filepath.Join(b.TempDir(), fmt.Sprint(i))
		info := write(b, path, pairs[i*50_000:(i+1)*50_000])
		run := open(b, path, info)
		defer run.Close()
		all, size = append([]*Run{run}, all...), size+int64(info.Data)
	}
	b.SetBytes(size)
	for b.Loop() {
		n := 0
		if err := Merge(all, nil, nil, func(_, _ []byte) error { n++; return nil }); err != nil || n != len(want) {
			b.Fatalf("%d pairs, %v", n, err)
		}
	}
}

func BenchmarkWrite(b *testing.B) {
	pairs, _ := scattered(100_000)
	dir := b.TempDir()
	for i := 0; b.Loop(); i++ {
		info := write(b, filepath.Join(dir, fmt.Sprint(i)), pairs)
		b.SetBytes(int64(info.Data))
	}
}
