package graph_test

import (
	"context"
	"slices"
	"sync"
	"testing"

	"nabo/graph"
)

// TestReadersBesideTheWriter reads, refines and checkpoints while one goroutine
// adds receipts of ever new products; the race detector watches.
func TestReadersBesideTheWriter(t *testing.T) {
	p := graph.NewPairs(graph.PairOptions{Neighbors: 64})
	m := graph.NewMembers(graph.MemberOptions{Products: 32})
	tr := graph.NewTrends(128)
	tr.Grow(1)
	r := graph.NewRefined(p, graph.RefineOptions{})
	p.Grow(100)
	m.Grow(10, 100)
	ctx, stop := context.WithCancel(t.Context())
	var readers sync.WaitGroup
	read := func(each func(i int)) {
		readers.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				each(i)
			}
		})
	}
	sc := new(graph.Scratch)
	read(func(i int) { p.Neighbors(sc, nil, graph.Node(i%400), 19_000*day) })
	read(func(i int) {
		p.Pair(graph.Node(i%50), graph.Node(i%40), 19_000*day)
		m.Goods(nil, graph.Member(i%10), 19_000*day)
		m.Latest(graph.Node(i%50), nil, 20)
		tr.Sales(nil, 0, 19_000*day)
		r.From(graph.Node(i % 50))
	})
	read(func(int) { r.Refresh(ctx, 19_000*day) })
	read(func(int) {
		p.Save(func(graph.Node, []byte) error { return nil })
		m.Save(func(graph.Member, []byte) error { return nil })
		tr.Save(func(graph.Scope, []byte) error { return nil })
	})
	for i, b := range receipts(400, 6000, 7) {
		products := graph.Node(min(100+i/10, 400))
		p.Grow(products)
		m.Grow(10, products)
		for k := range b.Nodes {
			b.Nodes[k] %= products
		}
		b.Nodes = distinct(b.Nodes)[:1]
		b.Nodes = append(b.Nodes, (b.Nodes[0]+graph.Node(1+i%7))%products)
		p.Bind(&b)
		m.Bind(graph.Member(i%10), &graph.Purchase{At: b.At, Nodes: b.Nodes, Gain: 1, Bought: true}, nil)
		tr.Add(0, b.At, b.Nodes, 1)
	}
	stop()
	readers.Wait()
}

func distinct(ns []graph.Node) []graph.Node {
	slices.Sort(ns)
	return slices.Compact(ns)
}
