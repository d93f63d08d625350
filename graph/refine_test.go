package graph_test

import (
	"context"
	"testing"

	"pgregory.net/rapid"

	"nabo/graph"
)

// TestUsual holds that what is on every receipt is usual and goes with nothing,
// and that what goes together on half of them does.
func TestUsual(t *testing.T) {
	const bag, pasta, sauce, soap, brush = 0, 1, 2, 3, 4
	p := graph.NewPairs(graph.PairOptions{})
	p.Grow(5)
	for range 2000 {
		p.Bind(&graph.Bundle{At: 15_000 * day, Nodes: []graph.Node{bag, pasta, sauce}, Gain: 1})
		p.Bind(&graph.Bundle{At: 15_000 * day, Nodes: []graph.Node{bag, soap, brush}, Gain: 1})
	}
	r := graph.NewRefined(p, graph.RefineOptions{})
	r.Refresh(context.Background(), 15_000*day)
	set := r.Now()
	if u := set.Usual(bag); u < 0.8 {
		t.Fatalf("what is on every receipt is usual by %v", u)
	}
	if most := set.MostUsual(); len(most) == 0 || most[0].Node != bag {
		t.Fatalf("the most usual are %v", most)
	}
	weights := map[graph.Node]float32{}
	for _, e := range set.From(pasta) {
		weights[e.Node] = e.Weight
	}
	if weights[sauce] < 0.3 || weights[bag] > 0.05 || weights[bag] < -0.05 {
		t.Fatalf("pasta says %v", weights)
	}
}

// TestNoGain holds that refined edges by the number of receipts are those that
// receipts make when each of them adds one to each of its pairs, whatever gain
// and damping the weights had.
func TestNoGain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const products = 12
		weighed, even := graph.NewPairs(graph.PairOptions{}), graph.NewPairs(graph.PairOptions{})
		weighed.Grow(products)
		even.Grow(products)
		for range rapid.IntRange(1, 30).Draw(t, "receipts") {
			b := receipt(t, products, 15_000*day)
			if len(b.Nodes) < 2 {
				continue
			}
			weighed.Bind(b)
			even.Bind(&graph.Bundle{At: b.At, Key: b.Key, Nodes: b.Nodes, Gain: float32(len(b.Nodes) - 1)})
		}
		counted := graph.NewRefined(weighed, graph.RefineOptions{NoGain: true, Lambda: 2})
		added := graph.NewRefined(even, graph.RefineOptions{Lambda: 2})
		counted.Refresh(context.Background(), 15_000*day)
		added.Refresh(context.Background(), 15_000*day)
		for n := range graph.Node(products) {
			near(t, "usual", float64(counted.Now().Usual(n)), float64(added.Now().Usual(n)))
			ahead := map[graph.Node]float64{}
			for _, e := range counted.From(n) {
				ahead[e.Node] += float64(e.Weight)
			}
			for _, e := range added.From(n) {
				ahead[e.Node] -= float64(e.Weight)
			}
			for _, by := range ahead {
				near(t, "an edge's lead", by, 0)
			}
		}
	})
}

// TestGained holds that what receipts gained is what they added to each pair,
// that it is taken back with them, and that a cell carries it.
func TestGained(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const products = 30
		p := graph.NewPairs(graph.PairOptions{})
		p.Grow(products)
		want := 0.0
		for range rapid.IntRange(1, 40).Draw(t, "receipts") {
			b := receipt(t, products, 15_000*day)
			b.At, b.Damp, b.Gain = 15_000*day, nil, 1
			p.Bind(b)
			if rapid.IntRange(0, 3).Draw(t, "comes back") == 0 {
				p.Unbind(b, b.Nodes)
			} else if len(b.Nodes) > 1 {
				want += 1 / float64(len(b.Nodes)-1)
			}
		}
		near(t, "gained", p.Gained(15_000*day), want)
		again := graph.NewPairs(graph.PairOptions{})
		again.SetGained(p.GainedCell())
		near(t, "gained, loaded", again.Gained(15_000*day), p.Gained(15_000*day))
	})
}
