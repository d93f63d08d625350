package graph_test

import (
	"math/rand/v2"
	"runtime"
	"syscall"
	"testing"
	"time"

	"nabo/graph"
)

// BenchmarkMembersBind binds members of 120 goods each, drawn at random, to
// receipts of 12 goods that they have, as they come and with sixteen members
// read ahead, by turns, and reports what a receipt takes of a processor.
func BenchmarkMembersBind(b *testing.B) {
	const members, goods, lines, turn = 50_000, 120, 12, 1600
	m := graph.NewMembers(graph.MemberOptions{})
	m.Grow(members, benchProducts)
	p := graph.Purchase{At: 19_000 * day, Nodes: make([]graph.Node, lines), Gain: 1, Bought: true}
	var weights []float32
	bind := func(id graph.Member, receipt int) {
		for i := range p.Nodes {
			p.Nodes[i] = (graph.Node(id)*7919 + graph.Node(receipt*lines+i)*397) % benchProducts
		}
		weights = m.Bind(id, &p, weights)
	}
	for receipt := range goods / lines {
		for id := range graph.Member(members) {
			bind(id, receipt)
		}
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	rng := rand.New(rand.NewPCG(5, 5))
	var next [16]graph.Member
	var took [2]time.Duration
	turns := 0
	for ; b.Loop(); turns++ {
		for way := range took {
			began := threadTime()
			for range turn / len(next) {
				for k := range next {
					next[k] = graph.Member(rng.IntN(members))
				}
				if way == 1 {
					m.Warm(next[:])
				}
				for _, id := range next {
					bind(id, rng.IntN(goods/lines))
				}
			}
			took[way] += threadTime() - began
		}
	}
	b.ReportMetric(float64(took[0].Nanoseconds())/float64(turns*turn), "one-by-one-ns")
	b.ReportMetric(float64(took[1].Nanoseconds())/float64(turns*turn), "read-ahead-ns")
	b.ReportMetric(0, "ns/op")
}

func threadTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(1, &u) != nil { // RUSAGE_THREAD
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
