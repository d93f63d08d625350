package graph_test

import (
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"nabo/graph"
)

// receipts makes receipts of some 12 goods whose popularity follows a power
// law and that hang together: most of a receipt comes from a few hundred goods
// around a theme, as real baskets do.
func receipts(products, n int, seed uint64) []graph.Bundle {
	rng := rand.New(rand.NewPCG(seed, 1))
	out := make([]graph.Bundle, n)
	zipf := func(n int) int { // exponent about 0.8
		return int(math.Pow(rng.Float64(), 5) * float64(n))
	}
	for i := range out {
		size := 6 + rng.IntN(13)
		theme := rng.IntN(products)
		b := &out[i]
		b.At = 19_000*day + int64(i)*1000
		b.Gain = 1
		for len(b.Nodes) < size {
			n := zipf(products)
			if rng.IntN(10) < 6 {
				n = (theme + zipf(400)) % products
			}
			if !slices.Contains(b.Nodes, graph.Node(n)) {
				b.Nodes = append(b.Nodes, graph.Node(n))
			}
		}
	}
	return out
}

const benchProducts = 50_000

// plain is what one would write first: a map of weights for each product.
type plain []map[uint32]float32

func (p plain) bind(b *graph.Bundle) {
	gain := float32(math.Exp2(float64(b.At-19_000*day)/float64(90*day))) / float32(len(b.Nodes)-1)
	for _, a := range b.Nodes {
		if p[a] == nil {
			p[a] = map[uint32]float32{}
		}
		for _, to := range b.Nodes {
			if a != to {
				p[a][uint32(to)] += gain
			}
		}
	}
}

// alike is the maps doing all that the graph does for a pair: weight, support
// and day, and at most 1,024 neighbours, of which the weakest eighth goes.
type alike []map[uint32]neighbour

type neighbour struct {
	weight, support float32
	day             graph.Day
}

func (p alike) bind(b *graph.Bundle) {
	factor := float32(math.Exp2(float64(b.At-19_000*day) / float64(90*day)))
	gain, on := factor/float32(len(b.Nodes)-1), graph.DayOf(b.At)
	for _, a := range b.Nodes {
		if p[a] == nil {
			p[a] = map[uint32]neighbour{}
		}
		for _, to := range b.Nodes {
			if a != to {
				n := p[a][uint32(to)]
				p[a][uint32(to)] = neighbour{n.weight + gain, n.support + factor, max(n.day, on)}
			}
		}
		if len(p[a]) > 1024 {
			evict(p[a])
		}
	}
}

func evict(m map[uint32]neighbour) {
	weights := make([]float32, 0, len(m))
	for _, n := range m {
		weights = append(weights, n.weight)
	}
	slices.Sort(weights)
	bar := weights[len(weights)/8]
	for to, n := range m {
		if n.weight < bar {
			delete(m, to)
		}
	}
}

func pairsOf(b *graph.Bundle) int { return len(b.Nodes) * (len(b.Nodes) - 1) }

// BenchmarkBind adds receipts to a graph that holds ten million edges already,
// beside the plain maps doing the same work, without and with a reader.
func BenchmarkBind(b *testing.B) {
	warm := receipts(benchProducts, 100_000, 1)
	more := receipts(benchProducts, 100_000, 2)
	p := graph.NewPairs(graph.PairOptions{})
	p.Grow(benchProducts)
	for i := range warm {
		p.Bind(&warm[i])
	}
	run := func(name string, bind func(*graph.Bundle), reader bool) {
		b.Run(name, func(b *testing.B) {
			stop := make(chan struct{})
			done := make(chan struct{})
			if reader {
				go func() { defer close(done); readUntil(p, stop) }()
			} else {
				close(done)
			}
			pairs, i := 0, 0
			for b.Loop() {
				r := &more[i%len(more)]
				r.At += int64(len(more)) * 1000
				bind(r)
				pairs += pairsOf(r)
				i++
			}
			b.ReportMetric(float64(pairs)/b.Elapsed().Seconds()/1e6, "Medges/s")
			close(stop)
			<-done
		})
	}
	run("graph", p.Bind, false)
	run("graph+reader", p.Bind, true)
	st := p.Stats()
	b.Logf("%d edges held, %d pending, %.1f bytes an edge", st.Edges, st.Pending, float64(st.Bytes)/float64(st.Edges))
	m := make(plain, benchProducts)
	for i := range warm {
		m.bind(&warm[i])
	}
	run("maps", m.bind, false)
	same := make(alike, benchProducts)
	for i := range warm {
		same.bind(&warm[i])
	}
	run("maps-alike", same.bind, false)
}

func readUntil(p *graph.Pairs, stop chan struct{}) {
	sc, buf, rng := new(graph.Scratch), []graph.Neighbor(nil), rand.New(rand.NewPCG(3, 3))
	for {
		select {
		case <-stop:
			return
		default:
			buf = p.Neighbors(sc, buf[:0], graph.Node(rng.IntN(benchProducts)), 19_000*day)
		}
	}
}

// BenchmarkNeighbors reads nodes with a thousand neighbours.
func BenchmarkNeighbors(b *testing.B) {
	p := graph.NewPairs(graph.PairOptions{})
	p.Grow(benchProducts)
	for _, r := range receipts(benchProducts, 100_000, 1) {
		p.Bind(&r)
	}
	sc, buf := new(graph.Scratch), []graph.Neighbor(nil)
	var full []graph.Node
	for n := range graph.Node(benchProducts) {
		if buf = p.Neighbors(sc, buf[:0], n, 19_000*day); len(buf) >= 960 {
			full = append(full, n)
		}
	}
	if len(full) == 0 {
		b.Fatal("no node is full")
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		buf = p.Neighbors(sc, buf[:0], full[i%len(full)], 19_000*day)
		i++
	}
}

// BenchmarkBytesPerEdge prints the live heap divided by the edges held.
func BenchmarkBytesPerEdge(b *testing.B) {
	rs := receipts(benchProducts, 100_000, 1)
	for b.Loop() {
		before := heap()
		p := graph.NewPairs(graph.PairOptions{})
		p.Grow(benchProducts)
		for i := range rs {
			p.Bind(&rs[i])
		}
		held := heap() - before
		st := p.Stats()
		b.ReportMetric(float64(held)/float64(st.Edges), "B/edge")
		b.ReportMetric(float64(st.Edges)/1e6, "Medges")
		b.ReportMetric(0, "ns/op")
		runtime.KeepAlive(p)
	}
	runtime.KeepAlive(rs)
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
