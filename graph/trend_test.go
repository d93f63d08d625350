package graph_test

import (
	"testing"

	"pgregory.net/rapid"

	"nabo/graph"
)

// TestTrendsSaveWhatWas changes counters between the beginning of a checkpoint
// and its end: what is saved is what was at the beginning, and what is loaded
// goes on as the original does.
func TestTrendsSaveWhatWas(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const scopes, products = 3, 700
		limit := rapid.SampledFrom([]int{0, 40, 300}).Draw(t, "limit")
		at := int64(19_000 * day)
		live := newTrends(limit, scopes)
		live.Whole = rapid.SampledFrom([]int{1, 8 << 20}).Draw(t, "whole")
		disk := &keptTrends{scopes: map[graph.Scope][]byte{}, segments: map[[2]uint32][]byte{}}
		change := func(trends ...*graph.Trends) {
			for range rapid.IntRange(0, 12).Draw(t, "changes") {
				at += rapid.Int64Range(0, day/2).Draw(t, "later")
				first, count := rapid.IntRange(0, products-1).Draw(t, "first"), rapid.IntRange(1, 200).Draw(t, "count")
				s := graph.Scope(rapid.IntRange(0, scopes-1).Draw(t, "scope"))
				retire := rapid.IntRange(0, 4).Draw(t, "retire") == 0
				var nodes []graph.Node
				for i := range count {
					nodes = append(nodes, graph.Node((first+i)%products))
				}
				for _, tr := range trends {
					if retire {
						tr.Retire(nodes[0])
					} else {
						tr.Add(s, at, nodes, 1)
					}
				}
			}
		}
		for range rapid.IntRange(1, 12).Draw(t, "checkpoints") {
			change(live)
			disk.begin(live)
			want := live.Digest()
			change(live)
			fails := rapid.IntRange(0, 3).Draw(t, "fails") == 0
			if !fails {
				disk.save(t, live)
			}
			live.End(!fails)
			if fails {
				continue
			}
			if got := disk.load(t, limit, scopes, products).Digest(); got != want {
				t.Fatalf("the digest of what was saved is %x, want %x", got, want)
			}
		}
		disk.begin(live)
		disk.save(t, live)
		live.End(true)
		loaded := disk.load(t, limit, scopes, products)
		change(live, loaded)
		if got, want := loaded.Digest(), live.Digest(); got != want {
			t.Fatalf("after more sales the digest is %x, want %x", got, want)
		}
	})
}

func newTrends(limit int, scopes graph.Scope) *graph.Trends {
	tr := graph.NewTrends(limit)
	tr.Grow(scopes)
	return tr
}

// keptTrends is a store of counters: their scopes and their segments.
type keptTrends struct {
	scopes   map[graph.Scope][]byte
	segments map[[2]uint32][]byte
	cell     uint64
}

func (k *keptTrends) begin(tr *graph.Trends) {
	for _, s := range tr.Begin() {
		keepSegment(k.segments, s)
	}
	k.cell = tr.JournalCell()
}

func (k *keptTrends) save(t *rapid.T, tr *graph.Trends) {
	if err := tr.Save(func(s graph.Scope, value []byte) error { k.scopes[s] = value; return nil }); err != nil {
		t.Fatal(err)
	}
}

func (k *keptTrends) load(t *rapid.T, limit int, scopes graph.Scope, products graph.Node) *graph.Trends {
	tr := newTrends(limit, scopes)
	tr.SetJournal(k.cell)
	for s, value := range k.scopes {
		if err := tr.Load(s, value, products); err != nil {
			t.Fatal(err)
		}
	}
	for n, value := range k.segments {
		if err := tr.LoadJournal(n[0], n[1], value); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := tr.Loaded(products); err != nil {
		t.Fatal(err)
	}
	return tr
}
