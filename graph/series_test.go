package graph_test

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"nabo/graph"
)

const seriesProducts = 600 // three pages

// seriesTwin counts in a map.
type seriesTwin struct {
	counts map[string]uint32
	newest [2]int64
}

func (w *seriesTwin) add(at int64, nodes []graph.Node) {
	for g := range graph.Grain(2) {
		number := at / g.Length()
		w.newest[g] = max(w.newest[g], number)
		for _, n := range nodes {
			w.counts[fmt.Sprint(g, number, n)]++
		}
	}
}

func (w *seriesTwin) of(g graph.Grain, n graph.Node, ms int64) (out []uint32) {
	last := ms / g.Length()
	for k := last - int64(g.Kept()) + 1; k <= last; k++ {
		c := uint32(0)
		if k > w.newest[g]-int64(g.Kept()) {
			c = w.counts[fmt.Sprint(g, k, n)]
		}
		out = append(out, c)
	}
	return out
}

// keptSeries is a store of checkpoints.
type keptSeries map[[3]uint64][]byte

func (k keptSeries) save(t *rapid.T, s *graph.Series) {
	err := s.Save(func(g graph.Grain, number uint64, page uint32, value []byte) error {
		at := [3]uint64{uint64(g), number, uint64(page)}
		if delete(k, at); value != nil {
			k[at] = bytes.Clone(value)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (k keptSeries) load(t *rapid.T) *graph.Series {
	s := graph.NewSeries()
	keys := slices.Collect(maps.Keys(k)) // in any order
	for _, at := range keys {
		if err := s.Load(graph.Grain(at[0]), at[1], uint32(at[2]), k[at], seriesProducts); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// TestSeriesIsAMap counts receipts in any order and holds what is read to a
// map; and whatever happens between a checkpoint's beginning and its end, and
// whichever fail, what is loaded is what was there when the last began.
func TestSeriesIsAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		live, twin, disk := graph.NewSeries(), &seriesTwin{counts: map[string]uint32{}}, keptSeries{}
		at := int64(20_000 * day)
		change := func() {
			for range rapid.IntRange(0, 8).Draw(t, "receipts") {
				at += rapid.SampledFrom([]int64{0, 1000, day / 24, day / 2, 10 * day, 60 * day}).Draw(t, "later")
				when := at - rapid.SampledFrom([]int64{0, 0, day / 24, 3 * day, 50 * day}).Draw(t, "late")
				var nodes []graph.Node
				for range rapid.IntRange(1, 6).Draw(t, "lines") {
					nodes = append(nodes, graph.Node(rapid.IntRange(0, seriesProducts-1).Draw(t, "product")))
				}
				live.Add(when, nodes)
				twin.add(when, nodes)
			}
		}
		check := func(s *graph.Series) {
			for g := range graph.Grain(2) {
				n := graph.Node(rapid.IntRange(0, seriesProducts-1).Draw(t, "asked"))
				ms := at - rapid.SampledFrom([]int64{0, day, -day}).Draw(t, "as of")
				got, begins := s.Of(nil, g, n, ms)
				if want := twin.of(g, n, ms); !slices.Equal(got, want) || begins != (ms/g.Length()-int64(g.Kept())+1)*g.Length() {
					t.Fatalf("grain %d of product %d as of %d: %v from %d, want %v", g, n, ms, got, begins, want)
				}
			}
		}
		for range rapid.IntRange(1, 10).Draw(t, "checkpoints") {
			change()
			check(live)
			live.Begin()
			want := live.Digest()
			change()
			fails := rapid.IntRange(0, 2).Draw(t, "fails") == 0
			if !fails {
				disk.save(t, live)
			}
			live.End(!fails)
			if !fails {
				if got := disk.load(t).Digest(); got != want {
					t.Fatalf("the digest of what was saved is %x, want %x", got, want)
				}
			}
		}
		live.Begin()
		disk.save(t, live)
		live.End(true)
		live = disk.load(t)
		check(live)
		change()
		check(live)
	})
}

// What is too old, or before time began, is not counted, and nothing is kept
// for ever.
func TestSeriesIsBounded(t *testing.T) {
	s := graph.NewSeries()
	s.Add(-1, []graph.Node{1})
	s.Add(20_000*day, nil)
	if pages, _ := s.Size(); pages != 0 {
		t.Errorf("%d pages of nothing", pages)
	}
	for hour := range int64(24 * 200) {
		s.Add(20_000*day+hour*day/24, []graph.Node{1, 300})
	}
	pages, size := s.Size()
	if most := 2 * (graph.Hours.Kept() + graph.Days.Kept()); pages != most || size > 200_000 {
		t.Errorf("%d pages of %d bytes, expected %d", pages, size, most)
	}
	was := s.Digest()
	s.Add(20_000*day, []graph.Node{1})
	if s.Digest() != was {
		t.Error("a receipt of 200 days ago counts")
	}
}

// FuzzLoadSeries loads damaged pages: an error, or a page that is saved as it
// was loaded.
func FuzzLoadSeries(f *testing.F) {
	s := graph.NewSeries()
	for i := range 400 {
		s.Add(20_000*day, []graph.Node{graph.Node(i % 250)})
	}
	s.Begin()
	if err := s.Save(func(g graph.Grain, number uint64, page uint32, value []byte) error {
		f.Add(uint8(g), number, page, value)
		return nil
	}); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, grain uint8, number uint64, page uint32, value []byte) {
		g, s := graph.Grain(grain%2), graph.NewSeries()
		if s.Load(g, number, page, value, 1000) != nil {
			return
		}
		digest := s.Digest()
		s.Begin()
		s.Of(nil, g, graph.Node(page<<8), int64(number)*g.Length())
		s.Add(int64(number)*g.Length(), []graph.Node{graph.Node(page << 8)})
		s.End(false)
		again := graph.NewSeries()
		if again.Load(g, number, page, value, 1000) != nil || again.Digest() != digest {
			t.Fatal("what was loaded is not the same again")
		}
	})
}

// BenchmarkSeries counts receipts of 12 goods among 50,000.
func BenchmarkSeries(b *testing.B) {
	s, all := graph.NewSeries(), receipts(50_000, 20_000, 3)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		s.Add(20_000*day+int64(i), all[i%len(all)].Nodes)
		i++
	}
}
