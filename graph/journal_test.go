package graph_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"nabo/graph"
)

// kept is a store of one relation: its nodes and its segments.
type kept struct {
	nodes    map[graph.Node][]byte
	segments map[[2]uint32][]byte
	cell     uint64
	written  int // nodes, by the newest checkpoint
}

// save takes a checkpoint; with failed it is lost, but for what is handed over
// to the next one.
func (k *kept) save(t *rapid.T, p *graph.Pairs, failed bool) {
	for _, s := range p.Begin() {
		keepSegment(k.segments, s)
	}
	cell := p.JournalCell()
	if failed {
		p.End(false)
		return
	}
	k.cell, k.written = cell, 0
	err := p.Save(func(n graph.Node, v []byte) error {
		k.nodes[n] = bytes.Clone(v)
		k.written++
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	p.End(true)
}

// keepSegment does what Begin asks of a store.
func keepSegment(segments map[[2]uint32][]byte, s graph.JournalSegment) {
	if s.Value == nil {
		delete(segments, [2]uint32{s.Number, s.Part})
	} else {
		segments[[2]uint32{s.Number, s.Part}] = bytes.Clone(s.Value)
	}
}

func (k *kept) load(t *rapid.T, opt graph.PairOptions, nodes graph.Node, total uint64) *graph.Pairs {
	p := graph.NewPairs(opt)
	p.SetTotal(total)
	p.SetJournal(k.cell)
	p.Grow(nodes)
	var all sync.WaitGroup
	for n, v := range k.nodes {
		all.Go(func() {
			if err := p.Load(n, v); err != nil {
				t.Errorf("load product %d: %v", n, err)
			}
		})
	}
	for n, v := range k.segments {
		all.Go(func() {
			if err := p.LoadJournal(n[0], n[1], v); err != nil {
				t.Errorf("load segment %v: %v", n, err)
			}
		})
	}
	all.Wait()
	if _, err := p.Loaded(rapid.IntRange(1, 3).Draw(t, "workers")); err != nil {
		t.Fatal(err)
	}
	return p
}

// TestJournalMakesTheSamePairs takes checkpoints of which each writes a share
// of what changed, some of them failing, loads them and goes on: the relation
// must be that which was never saved.
func TestJournalMakesTheSamePairs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const products = 24
		opt := graph.PairOptions{Neighbors: 10, Partners: 6, Shards: rapid.SampledFrom([]int{1, 8, 32}).Draw(t, "shards"), Whole: 1}
		plain, other := graph.NewPairs(opt), graph.NewPairs(opt)
		plain.Grow(products)
		other.Grow(products)
		k := &kept{nodes: map[graph.Node][]byte{}, segments: map[[2]uint32][]byte{}}
		retired := map[graph.Node]bool{}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			b := receipt(t, products, 15_000*day)
			b.Nodes = slices.DeleteFunc(b.Nodes, func(n graph.Node) bool { return retired[n] })
			b.Damp = nil
			if rapid.Bool().Draw(t, "damped") {
				for range b.Nodes {
					b.Damp = append(b.Damp, rapid.Byte().Draw(t, "damp"))
				}
			}
			if len(b.Nodes) == 0 {
				continue
			}
			do := func(fn func(p *graph.Pairs)) { fn(plain); fn(other) }
			switch rapid.IntRange(0, 9).Draw(t, "step") {
			case 0:
				do(func(p *graph.Pairs) { p.Unbind(b, b.Nodes[:1]) })
			case 1:
				do(func(p *graph.Pairs) { p.Join(b) })
			case 2:
				if rapid.IntRange(0, 5).Draw(t, "retire") == 0 {
					retired[b.Nodes[0]] = true
					do(func(p *graph.Pairs) { p.Retire(b.Nodes[0]) })
				}
			case 3, 4:
				k.save(t, other, false)
			case 5:
				k.save(t, other, true)
			case 6:
				k.save(t, other, false)
				other = k.load(t, opt, products, plain.TotalCell())
			default:
				do(func(p *graph.Pairs) { p.Bind(b) })
			}
		}
		if got, want := other.Digest(), plain.Digest(); got != want {
			t.Fatalf("the digest is %x, want %x", got, want)
		}
	})
}

// TestJournalWritesAShare looks that a checkpoint of a relation in which all
// has changed writes a part of it, and that all of it is written in turn.
func TestJournalWritesAShare(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const products = 64
		p := graph.NewPairs(graph.PairOptions{Shards: 16, Whole: 1})
		p.Grow(products)
		all := make([]graph.Node, products)
		for i := range all {
			all[i] = graph.Node(i)
		}
		k := &kept{nodes: map[graph.Node][]byte{}, segments: map[[2]uint32][]byte{}}
		for round := range 20 {
			p.Bind(&graph.Bundle{At: 15_000 * day, Nodes: all, Gain: 1})
			k.save(t, p, false)
			if k.written == 0 || k.written > products/8 {
				t.Fatalf("round %d: %d of %d products were written", round, k.written, products)
			}
			if want := min(round+1, 7); len(k.segments) != want {
				t.Fatalf("round %d: %d segments, want %d", round, len(k.segments), want)
			}
		}
		if len(k.nodes) != products {
			t.Fatalf("%d of %d products were written", len(k.nodes), products)
		}
	})
}

// TestMissingSegmentIsSeen takes one out.
func TestMissingSegmentIsSeen(t *testing.T) {
	p := graph.NewPairs(graph.PairOptions{})
	p.SetJournal(3<<32 | 1)
	p.Grow(2)
	if err := p.LoadJournal(2, 0, nil); err != nil {
		t.Fatal(err)
	}
	if err := p.LoadJournal(3, 0, nil); err == nil {
		t.Error("a segment that is under way was taken")
	}
	if _, err := p.Loaded(2); err == nil {
		t.Error("segment 1 is missing, and nobody said so")
	}
}

// FuzzLoadJournal gives any segment: it is taken, or refused with an error.
func FuzzLoadJournal(f *testing.F) {
	p := graph.NewPairs(graph.PairOptions{Whole: 1, Partners: 2})
	p.Grow(20)
	p.Bind(&graph.Bundle{At: 15_000 * day, Nodes: []graph.Node{1, 2, 19}, Damp: []byte{1, 2, 3}, Gain: 1})
	p.Bind(&graph.Bundle{At: 15_000 * day, Key: 7, Nodes: []graph.Node{1, 2, 3, 4, 5}, Gain: 2})
	p.Join(&graph.Bundle{At: 15_001 * day, Nodes: []graph.Node{9, 2}, Gain: 0.5})
	for _, s := range p.Begin() {
		f.Add(s.Value)
	}
	f.Fuzz(func(t *testing.T, value []byte) {
		p := graph.NewPairs(graph.PairOptions{Partners: 2})
		p.SetJournal(1 << 32)
		p.Grow(20)
		tr := graph.NewTrends(8)
		tr.SetJournal(1 << 32)
		tr.Grow(2)
		if p.LoadJournal(0, 0, value) != nil || tr.LoadJournal(0, 0, value) != nil {
			t.Fatal("the segment was expected")
		}
		_, _ = tr.Loaded(20)
		if _, err := p.Loaded(2); err != nil {
			return
		}
		p.Neighbors(new(graph.Scratch), nil, 2, 19_000*day)
	})
}

// TestRefinedEdgesAreKept saves refined edges, some of them after a checkpoint
// that failed, and loads them: they are the same, and none is due.
func TestRefinedEdgesAreKept(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const products = 20
		p := graph.NewPairs(graph.PairOptions{})
		p.Grow(products)
		r := graph.NewRefined(p, graph.RefineOptions{})
		disk := map[graph.Node][]byte{}
		k := &kept{nodes: map[graph.Node][]byte{}, segments: map[[2]uint32][]byte{}}
		for range rapid.IntRange(1, 4).Draw(t, "rounds") {
			for range rapid.IntRange(1, 30).Draw(t, "receipts") {
				p.Bind(receipt(t, products, 15_000*day))
			}
			r.Refresh(context.Background(), 15_100*day)
			r.Begin()
			failed := rapid.Bool().Draw(t, "failed")
			if !failed {
				if err := r.Save(func(n graph.Node, v []byte) error { disk[n] = bytes.Clone(v); return nil }); err != nil {
					t.Fatal(err)
				}
			}
			r.End(!failed)
		}
		r.Begin()
		if err := r.Save(func(n graph.Node, v []byte) error { disk[n] = bytes.Clone(v); return nil }); err != nil {
			t.Fatal(err)
		}
		r.End(true)
		k.save(t, p, false)
		q := graph.NewPairs(graph.PairOptions{})
		q.SetJournal(k.cell)
		q.Grow(products)
		for n, v := range k.nodes {
			if err := q.Load(n, v); err != nil {
				t.Fatal(err)
			}
		}
		loaded := graph.NewRefined(q, graph.RefineOptions{})
		for n, v := range disk {
			if err := loaded.Load(n, v); err != nil {
				t.Fatal(err)
			}
		}
		loaded.Loaded()
		for n := range graph.Node(products) {
			if got, want := loaded.From(n), r.From(n); !slices.Equal(got, want) {
				t.Fatalf("from %d: %v, want %v", n, got, want)
			}
			if got, want := loaded.Now().Usual(n), r.Now().Usual(n); got != want {
				t.Fatalf("usual of %d: %v, want %v", n, got, want)
			}
		}
		if n := loaded.Refresh(context.Background(), 15_100*day); n > 0 {
			t.Fatalf("%d products were refined again", n)
		}
		changed := graph.NewRefined(q, graph.RefineOptions{Lambda: 3})
		for n, v := range disk {
			if err := changed.Load(n, v); err != nil {
				t.Fatal(err)
			}
		}
		changed.Loaded()
		if n := changed.Edges(); n > 0 {
			t.Fatalf("%d edges that other options made were taken", n)
		}
	})
}

// TestLeansAreThoseOfOneByOne loads members on several goroutines: each
// product leads back to the members that binding them in order would show.
func TestLeansAreThoseOfOneByOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const products = 7
		members := graph.Member(rapid.IntRange(1, 200).Draw(t, "members"))
		opt := graph.MemberOptions{Shards: 4}
		plain, other := graph.NewMembers(opt), graph.NewMembers(opt)
		plain.Grow(members, products)
		other.Grow(members, products)
		for id := range members {
			goods := rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) graph.Node {
				return graph.Node(rapid.IntRange(0, products-1).Draw(t, "product"))
			}), 0, products, rapid.ID[graph.Node]).Draw(t, fmt.Sprint("goods of ", id))
			plain.Bind(id, &graph.Purchase{At: 15_000 * day, Nodes: goods, Gain: 1, Bought: true}, nil)
		}
		plain.Begin()
		if err := plain.Save(other.Load); err != nil {
			t.Fatal(err)
		}
		plain.End(true)
		if _, err := other.Loaded(rapid.IntRange(1, 4).Draw(t, "workers")); err != nil {
			t.Fatal(err)
		}
		if other.Digest() != plain.Digest() {
			t.Fatal("the digests differ")
		}
		for n := range graph.Node(products) {
			for _, limit := range []int{1, 15, 16, 1000} {
				if got, want := other.Latest(n, nil, limit), plain.Latest(n, nil, limit); !slices.Equal(got, want) {
					t.Fatalf("product %d, %d at most: %v, want %v", n, limit, got, want)
				}
			}
		}
		plain.Bind(0, &graph.Purchase{At: 15_001 * day, Nodes: []graph.Node{0, 3}, Gain: 1, Bought: true}, nil)
		other.Bind(0, &graph.Purchase{At: 15_001 * day, Nodes: []graph.Node{0, 3}, Gain: 1, Bought: true}, nil)
		if got, want := other.Latest(3, nil, 1000), plain.Latest(3, nil, 1000); !slices.Equal(got, want) {
			t.Fatalf("after one more: %v, want %v", got, want)
		}
	})
}
