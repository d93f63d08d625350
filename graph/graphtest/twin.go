// Package graphtest holds the slow, obvious twin of the graph, for tests to
// hold the two together.
package graphtest

import (
	"math"
	"slices"

	"nabo/graph"
)

// Twin is a graph.Pairs that keeps every event and adds them all up when it is
// asked. It has no landmarks, no logs, no merges and no bound on neighbours.
type Twin struct {
	HalfLife float64 // milliseconds
	Partners int     // no receipt it is given may have more goods than this, and one
	events   []event
	retired  map[graph.Node]bool
}

type event struct {
	a, b    graph.Node // a == b: the product itself
	at      int64
	support float64
	weight  float64
}

// Pair is what the twin says of two products.
type Pair struct {
	Weight, Support float64
	Last            graph.Day
}

// Bind adds a receipt, each ordered pair of its goods an event of its own.
func (t *Twin) Bind(b *graph.Bundle) { t.bind(b, nil, 1) }

// Unbind takes back the pairs that hold one of back.
func (t *Twin) Unbind(b *graph.Bundle, back []graph.Node) { t.bind(b, back, -1) }

func (t *Twin) bind(b *graph.Bundle, only []graph.Node, sign float64) {
	gain := float64(b.Gain) / float64(max(len(b.Nodes)-1, 1))
	touched := func(i int) bool { return only == nil || slices.Contains(only, b.Nodes[i]) }
	for i, x := range b.Nodes {
		for j, y := range b.Nodes {
			if t.retired[x] || t.retired[y] || !(touched(i) || touched(j)) {
				continue
			}
			damp := 1.0
			if b.Damp != nil {
				damp = float64(max(b.Damp[i], b.Damp[j])) / 255
			}
			t.events = append(t.events, event{x, y, b.At, sign, sign * gain * damp})
		}
	}
}

// Retire forgets all that was ever said of a product.
func (t *Twin) Retire(n graph.Node) {
	if t.retired == nil {
		t.retired = map[graph.Node]bool{}
	}
	t.retired[n] = true
	t.events = slices.DeleteFunc(t.events, func(e event) bool { return e.a == n || e.b == n })
}

// Neighbors returns what a product is bound to, faded to a moment. What was
// taken back whole is left out.
func (t *Twin) Neighbors(n graph.Node, ms int64) map[graph.Node]Pair {
	sums := map[graph.Node]Pair{}
	for _, e := range t.events {
		if e.a != n || e.b == n {
			continue
		}
		p := sums[e.b]
		fade := math.Exp2(float64(e.at-ms) / t.HalfLife)
		p.Weight += e.weight * fade
		p.Support += e.support * fade
		p.Last = max(p.Last, graph.DayOf(e.at))
		sums[e.b] = p
	}
	return sums
}

// Support returns a product's own support, faded to a moment.
func (t *Twin) Support(n graph.Node, ms int64) float64 {
	sum := 0.0
	for _, e := range t.events {
		if e.a == n && e.b == n {
			sum += e.support * math.Exp2(float64(e.at-ms)/t.HalfLife)
		}
	}
	return sum
}
