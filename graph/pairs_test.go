package graph_test

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"nabo/graph"
	"nabo/graph/graphtest"
)

const day = int64(24 * 60 * 60 * 1000)

// TestPairsHoldToTheirTwin feeds random receipts, returns and retirements, out
// of order and over years, to the graph and to its slow twin.
func TestPairsHoldToTheirTwin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		halfLife := rapid.SampledFrom([]int64{day, 20 * day, 90 * day}).Draw(t, "half-life")
		shards := rapid.SampledFrom([]int{1, 4, 64}).Draw(t, "shards")
		p := graph.NewPairs(graph.PairOptions{HalfLife: halfLife, Shards: shards})
		twin := &graphtest.Twin{HalfLife: float64(halfLife)}
		const products = 40
		p.Grow(products)
		start, now := 15_000*day, int64(0)
		var past []*graph.Bundle
		retired := map[graph.Node]bool{}
		anyBack := false // what was taken back may leave its day behind
		for i := range rapid.IntRange(1, 200).Draw(t, "steps") {
			switch op := rapid.IntRange(0, 19).Draw(t, "op"); {
			case op == 0 && len(past) > 0:
				b := rapid.SampledFrom(past).Draw(t, "original")
				back := b.Nodes[:rapid.IntRange(1, len(b.Nodes)).Draw(t, "back")]
				p.Unbind(b, back)
				twin.Unbind(b, back)
				anyBack = true
				past = nil // a receipt can be taken back once only
			case op == 1 && i > 100:
				n := graph.Node(rapid.IntRange(0, products-1).Draw(t, "retire"))
				if !retired[n] {
					p.Retire(n)
					twin.Retire(n)
					retired[n] = true
					past = nil
				}
			default:
				b := receipt(t, products, start)
				now = max(now, b.At)
				p.Bind(b)
				twin.Bind(b)
				past = append(past, b)
			}
		}
		compare(t, p, twin, products, now, !anyBack)
	})
}

func receipt(t *rapid.T, products int, start int64) *graph.Bundle {
	nodes := rapid.SliceOfNDistinct(rapid.IntRange(0, products-1), 1, 20, rapid.ID[int]).Draw(t, "goods")
	b := &graph.Bundle{
		At:   start + rapid.Int64Range(0, 60*day).Draw(t, "at"),
		Gain: float32(rapid.SampledFrom([]float64{1, 0.1}).Draw(t, "gain")),
	}
	for _, n := range nodes {
		b.Nodes = append(b.Nodes, graph.Node(n))
	}
	if rapid.Bool().Draw(t, "member") {
		for range nodes {
			b.Damp = append(b.Damp, uint8(rapid.IntRange(1, 255).Draw(t, "damp")))
		}
	}
	return b
}

func compare(t *rapid.T, p *graph.Pairs, twin *graphtest.Twin, products int, now int64, days bool) {
	sc := new(graph.Scratch)
	for n := range graph.Node(products) {
		want := twin.Neighbors(n, now)
		seen := map[graph.Node]bool{}
		supports := p.Supports(now)
		for _, got := range p.Neighbors(sc, nil, n, now) {
			own, alive := supports.Of(got.To)
			if !alive {
				continue
			}
			w := want[got.To]
			if seen[got.To] {
				t.Fatalf("%d: %d stands twice", n, got.To)
			}
			seen[got.To] = true
			near(t, "weight", float64(got.Weight), w.Weight)
			near(t, "support", float64(got.Support), w.Support)
			near(t, "own support", float64(own), twin.Support(got.To, now))
			if days && got.Last != w.Last {
				t.Fatalf("%d–%d: last on day %d, want %d", n, got.To, got.Last, w.Last)
			}
		}
		for to, w := range want {
			if !seen[to] && w.Support > 1e-3 {
				t.Fatalf("%d–%d: not there, want %+v", n, to, w)
			}
		}
		near(t, "support", float64(p.Support(n, now)), twin.Support(n, now))
	}
}

func near(t *rapid.T, what string, got, want float64) {
	if math.Abs(got-want) > 1e-3*math.Abs(want)+2e-3 {
		t.Fatalf("%s: %v, want %v", what, got, want)
	}
}
