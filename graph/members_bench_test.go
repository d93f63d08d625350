package graph_test

import (
	"math/rand/v2"
	"runtime"
	"testing"

	"nabo/graph"
)

// BenchmarkBytesPerMember prints the live heap divided by what members hold,
// both ways together: 100,000 members who bought some 120 of 50,000 goods each.
func BenchmarkBytesPerMember(b *testing.B) {
	const members, goods = 100_000, 120
	for b.Loop() {
		before := heap()
		m := graph.NewMembers(graph.MemberOptions{})
		m.Grow(members, benchProducts)
		rng := rand.New(rand.NewPCG(5, 5))
		var weights []float32
		p := graph.Purchase{At: 19_000 * day, Nodes: make([]graph.Node, 8), Gain: 1, Bought: true}
		for range goods / len(p.Nodes) {
			for id := range graph.Member(members) {
				first := graph.Node(rng.IntN(benchProducts))
				for i := range p.Nodes {
					p.Nodes[i] = (first + graph.Node(i*997)) % benchProducts
				}
				weights = m.Bind(id, &p, weights)
			}
		}
		held := heap() - before
		st := m.Stats()
		b.ReportMetric(float64(held)/float64(st.Bindings), "B/binding")
		b.ReportMetric(float64(held)/members, "B/member")
		b.ReportMetric(float64(st.Bindings)/members, "goods/member")
		b.ReportMetric(0, "ns/op")
		runtime.KeepAlive(m)
	}
}
