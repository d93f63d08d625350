package graph

import (
	"cmp"
	"math"
	"runtime"
	"slices"
)

// RefinedSet is all refined edges by their source, as of one moment. It never
// changes.
type RefinedSet struct {
	first []uint32 // source → where its edges begin
	edges []RefinedEdge
	usual []float32     // by product
	most  []RefinedEdge // the most usual products, the most usual first
}

// mostUsual is how many of the most usual products a set lists.
const mostUsual = 256

// Usual returns what is usual of a product whatever else is in the basket, in
// the unit of the edges' weights; never below zero.
func (s *RefinedSet) Usual(n Node) float32 {
	if int(n) >= len(s.usual) {
		return 0
	}
	return s.usual[n]
}

// MostUsual returns the 256 most usual products, the most usual first. The
// slice is shared: read it only.
func (s *RefinedSet) MostUsual() []RefinedEdge { return s.most }

// Nodes returns the number below which products have edges, if any.
func (s *RefinedSet) Nodes() Node { return Node(len(s.first) - 1) }

// From returns the refined edges from a product, the strongest first. The
// slice is shared: read it only.
func (s *RefinedSet) From(n Node) []RefinedEdge {
	if int(n)+1 >= len(s.first) {
		return nil
	}
	return s.edges[s.first[n]:s.first[n+1]]
}

// publish turns the edges around, target by target, and swaps them in.
func (r *Refined) publish() {
	counts := make([]uint32, len(r.into)+1)
	for _, in := range r.into {
		for _, e := range in {
			counts[e.Node+1]++
		}
	}
	for i := 1; i < len(counts); i++ {
		counts[i] += counts[i-1]
	}
	all := make([]RefinedEdge, counts[len(counts)-1])
	at := slices.Clone(counts)
	for j, in := range r.into {
		for _, e := range in {
			all[at[e.Node]] = RefinedEdge{Node(j), e.Weight}
			at[e.Node]++
		}
	}
	out := r.bound(counts, all)
	out.usual = slices.Clone(r.usual)
	out.list()
	r.out.Store(out)
}

// list finds the most usual products.
func (s *RefinedSet) list() {
	all := []RefinedEdge{}
	for n, w := range s.usual {
		if w > 0 {
			all = append(all, RefinedEdge{Node(n), w})
		}
	}
	slices.SortFunc(all, byStrength)
	s.most = slices.Clone(all[:min(len(all), mostUsual)])
}

// byStrength orders edges by how much they say, for or against.
func byStrength(a, b RefinedEdge) int {
	if c := cmp.Compare(abs(b.Weight), abs(a.Weight)); c != 0 {
		return c
	}
	return cmp.Compare(a.Node, b.Node)
}

// bound orders each product's edges by strength and keeps the strongest. It is
// most of what publishing takes, a tenth of a second at full size, and gives
// way to whoever waits for a processor meanwhile.
func (r *Refined) bound(first []uint32, all []RefinedEdge) *RefinedSet {
	out := &RefinedSet{first: make([]uint32, 0, len(first)), edges: all[:0]}
	var order []uint64
	for i := 0; i+1 < len(first); i++ {
		if i%yieldEvery == 0 {
			runtime.Gosched()
		}
		out.first = append(out.first, uint32(len(out.edges)))
		order = order[:0]
		for _, e := range all[first[i]:first[i+1]] {
			order = append(order, e.rank())
		}
		slices.Sort(order)
		for _, o := range order[:min(len(order), r.opt.Outgoing)] {
			out.edges = append(out.edges, ranked(o))
		}
	}
	out.first = append(out.first, uint32(len(out.edges)))
	return out
}

// yieldEvery is after how many products bound gives way: some hundred
// microseconds.
const yieldEvery = 64

// rank is a number that says all of an edge, the stronger the smaller, and of
// equally strong ones the one to the lower node: numbers are sorted in a third
// of the time that edges are.
func (e RefinedEdge) rank() uint64 {
	w := math.Float32bits(e.Weight)
	return uint64(^w&math.MaxInt32)<<33 | uint64(e.Node)<<1 | uint64(w>>31)
}

// ranked is the edge of a rank.
func ranked(o uint64) RefinedEdge {
	return RefinedEdge{Node(uint32(o) >> 1), math.Float32frombits(uint32(o)<<31 | ^uint32(o>>33)&math.MaxInt32)}
}

func abs(f float32) float32 { return max(f, -f) }
