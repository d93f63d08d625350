package graph_test

import (
	"context"
	"math"
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

// TestRefinedAgainstTwin holds that refined edges are the solution of the
// equations written out over all receipts, each counted whole, whatever gain
// and damping it was bound with.
func TestRefinedAgainstTwin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const products, now, lambda, dropout = 12, 15_060 * day, 2.0, 0.25
		opt := graph.PairOptions{HalfLife: 30 * day}
		p := graph.NewPairs(opt)
		p.Grow(products)
		var counts [products + 1][products + 1]float64 // the last is on every receipt
		for range rapid.IntRange(1, 30).Draw(t, "receipts") {
			b := receipt(t, products, 15_000*day)
			p.Bind(b)
			faded := math.Exp2(float64(b.At-now) / float64(opt.HalfLife))
			for _, i := range append(b.Nodes, products) {
				for _, j := range append(b.Nodes, products) {
					counts[i][j] += faded
				}
			}
		}
		r := graph.NewRefined(p, graph.RefineOptions{Lambda: lambda, Dropout: dropout})
		r.Refresh(context.Background(), now)
		for j := range products {
			into := map[int]float64{}
			for i := range graph.Node(products) {
				for _, e := range r.From(i) {
					if int(e.Node) == j {
						into[int(i)] = float64(e.Weight)
					}
				}
			}
			want := refinedTwin(counts[:], j, lambda, dropout)
			near(t, "usual", float64(r.Now().Usual(graph.Node(j))), max(want[products], 0))
			for i, w := range want[:products] {
				if got, ok := into[i]; ok || math.Abs(w) > 0.0021 {
					near(t, "an edge", got, w)
				}
			}
		}
	})
}

// refinedTwin solves for what every product, and at the end the one on every
// receipt, says for j: all of j's neighbours explain it. It goes by elimination.
func refinedTwin(counts [][13]float64, j int, lambda, dropout float64) []float64 {
	all := len(counts) - 1
	out, rows := make([]float64, len(counts)), [][]float64{}
	var who []int
	for i := range counts {
		if i != j && counts[i][j] > 0 {
			who = append(who, i)
		}
	}
	if len(who) < 2 { // nobody but the product on every receipt
		return out
	}
	for _, i := range who {
		row := []float64{}
		for _, k := range who {
			row = append(row, counts[i][k])
		}
		if at := len(rows); i == all {
			row[at] += lambda
		} else {
			row[at] = row[at]/(1-dropout) + lambda
		}
		rows = append(rows, append(row, counts[i][j]))
	}
	for c := range rows { // G is positive definite: no pivot is 0
		for i := range rows {
			if by := rows[i][c] / rows[c][c]; i != c {
				for k := range rows[i] {
					rows[i][k] -= by * rows[c][k]
				}
			}
		}
	}
	for c, i := range who {
		out[i] = rows[c][len(who)] / rows[c][c]
	}
	return out
}
