package graph_test

import (
	"bytes"
	"testing"

	"nabo/graph"
)

// saved returns what a small graph's checkpoint holds, as seeds.
func saved(t testing.TB) (pairs, members, trends [][]byte) {
	p := graph.NewPairs(graph.PairOptions{Neighbors: 8})
	m := graph.NewMembers(graph.MemberOptions{Products: 12})
	tr := graph.NewTrends(8)
	p.Grow(20)
	m.Grow(3, 20)
	tr.Grow(2)
	p.Begin()
	m.Begin()
	tr.Begin()
	for i, b := range receipts(20, 60, 9) {
		b.Nodes = b.Nodes[:1+i%6]
		p.Bind(&b)
		m.Bind(graph.Member(i%3), &graph.Purchase{At: b.At, Nodes: b.Nodes, Gain: 1, Bought: true}, nil)
		tr.Add(graph.Scope(i%2), b.At, b.Nodes, 1)
	}
	p.End(false)
	m.End(false)
	tr.End(false)
	p.Begin()
	m.Begin()
	tr.Begin()
	keep := func(to *[][]byte, v []byte) error { *to = append(*to, bytes.Clone(v)); return nil }
	if err := p.Save(func(_ graph.Node, v []byte) error { return keep(&pairs, v) }); err != nil {
		t.Fatal(err)
	}
	if err := m.Save(func(_ graph.Member, v []byte) error { return keep(&members, v) }); err != nil {
		t.Fatal(err)
	}
	if err := tr.Save(func(_ graph.Scope, v []byte) error { return keep(&trends, v) }); err != nil {
		t.Fatal(err)
	}
	return pairs, members, trends
}

// FuzzLoadPairs loads damaged nodes: an error or a node that can be read and
// written to, and that is saved as it was loaded.
func FuzzLoadPairs(f *testing.F) {
	pairs, _, _ := saved(f)
	for _, v := range pairs {
		f.Add(v)
	}
	f.Fuzz(func(t *testing.T, value []byte) {
		p := graph.NewPairs(graph.PairOptions{Neighbors: 8})
		p.SetJournal(1<<32 | 1)
		p.Grow(20)
		if p.Load(3, value) != nil {
			return
		}
		p.Neighbors(new(graph.Scratch), nil, 3, 19_000*day)
		p.Begin()
		p.Bind(&graph.Bundle{At: 19_000 * day, Nodes: []graph.Node{3, 4, 5}, Gain: 1})
		p.End(false)
	})
}

// FuzzLoadMembers does the same to members: what is accepted is saved as it was.
func FuzzLoadMembers(f *testing.F) {
	_, members, _ := saved(f)
	for _, v := range members {
		f.Add(v)
	}
	f.Fuzz(func(t *testing.T, value []byte) {
		m := graph.NewMembers(graph.MemberOptions{})
		m.Grow(3, 20)
		if m.Load(1, value) != nil {
			return
		}
		m.Bind(1, &graph.Purchase{At: 19_000 * day, Nodes: []graph.Node{3}, Gain: 1, Bought: true}, nil)
		m.TakeBack(1, []graph.Node{3}, 1)
		m.Remove(1)
	})
}

// FuzzLoadTrends does the same to counters.
func FuzzLoadTrends(f *testing.F) {
	_, _, trends := saved(f)
	for _, v := range trends {
		f.Add(v)
	}
	f.Fuzz(func(t *testing.T, value []byte) {
		tr := graph.NewTrends(8)
		tr.SetJournal(1<<32 | 1)
		tr.Grow(2)
		if tr.Load(1, value, 20) != nil {
			return
		}
		tr.Add(1, 19_000*day, []graph.Node{2, 3}, 1)
		tr.Sales(nil, 1, 19_000*day)
	})
}
