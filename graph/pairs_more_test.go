package graph_test

import (
	"testing"

	"pgregory.net/rapid"

	"nabo/graph"
)

// TestPairIsWhatNeighborsSays holds the two ways of reading a binding together.
func TestPairIsWhatNeighborsSays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const products = 60
		p := graph.NewPairs(graph.PairOptions{Neighbors: 16})
		p.Grow(products)
		for range rapid.IntRange(1, 80).Draw(t, "receipts") {
			p.Bind(receipt(t, products, 15_000*day))
		}
		sc := new(graph.Scratch)
		for n := range graph.Node(products) {
			for _, want := range p.Neighbors(sc, nil, n, 15_060*day) {
				got, ok := p.Pair(n, want.To, 15_060*day)
				if !ok || got.Last != want.Last {
					t.Fatalf("%d–%d: got %+v, want %+v", n, want.To, got, want)
				}
				near(t, "weight", float64(got.Weight), float64(want.Weight))
				near(t, "support", float64(got.Support), float64(want.Support))
			}
		}
	})
}

// TestBoundedNode holds a full node to Space-Saving's promise: no neighbour is
// shown weaker than it is, nor stronger by more than the floor, and one that is
// not shown weighs no more than the floor.
func TestBoundedNode(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const products, limit = 200, 32
		p := graph.NewPairs(graph.PairOptions{Neighbors: limit})
		p.Grow(products)
		truth := map[graph.Node]float64{}
		for range rapid.IntRange(100, 400).Draw(t, "receipts") {
			other := graph.Node(rapid.IntRange(1, products-1).Draw(t, "other"))
			if rapid.Bool().Draw(t, "common") {
				other = 1 + other%8
			}
			p.Bind(&graph.Bundle{At: 15_000 * day, Nodes: []graph.Node{0, other}, Gain: 1})
			truth[other]++
		}
		floor := float64(p.Floor(0, 15_000*day))
		shown := p.Neighbors(new(graph.Scratch), nil, 0, 15_000*day)
		for _, n := range shown {
			if w := float64(n.Weight); w < truth[n.To]-1e-3 || w > truth[n.To]+floor+1e-3 {
				t.Fatalf("%d is shown with %v, has %v, floor %v", n.To, w, truth[n.To], floor)
			}
			if float64(n.Support) > truth[n.To]+1e-3 {
				t.Fatalf("%d is shown on %v receipts, stood on %v", n.To, n.Support, truth[n.To])
			}
			delete(truth, n.To)
		}
		for n, w := range truth {
			if w > floor+1e-3 {
				t.Fatalf("%d is not shown and weighs %v, floor %v", n, w, floor)
			}
		}
	})
}
