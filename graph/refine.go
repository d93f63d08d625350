package graph

import (
	"cmp"
	"context"
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

// RefineOptions says how refined edges are made. The zero value works.
type RefineOptions struct {
	Neighbors int     // K, how many of a product's neighbours explain it; 0: 64
	Lambda    float64 // λ, in receipts' gain; 0: 2
	Least     float64 // smaller edges are left out; 0: 0.002
	Outgoing  int     // the most refined edges from one product; 0: 1024
	Changed   float64 // the share of a product's mass that must be new; 0: 0.02
}

func (o RefineOptions) withDefaults() RefineOptions {
	def := func(v *float64, d float64) {
		if *v == 0 {
			*v = d
		}
	}
	if o.Neighbors == 0 {
		o.Neighbors = 64
	}
	if o.Outgoing == 0 {
		o.Outgoing = 1024
	}
	def(&o.Lambda, 2)
	def(&o.Least, 0.002)
	def(&o.Changed, 0.02)
	return o
}

// RefinedEdge is what one product in a basket says for another.
type RefinedEdge struct {
	Node   Node
	Weight float32 // below zero: the first speaks against the second
}

// Refined holds the refined edges of a relation: for each product j the
// solution b of (G_NN + λI)·b = G_Nj over its K strongest neighbours N, where
// G holds the faded weights. It is a local form of EASE (Steck, "Embarrassingly
// shallow autoencoders for sparse data", WWW 2019): where a plain edge counts
// what is bought together, a refined one keeps what the others do not explain.
//
// Refresh and Step are one goroutine's; readers ask at any time and see either the edges
// from before a refresh or those from after it.
type Refined struct {
	opt   RefineOptions
	pairs *Pairs

	mu    sync.Mutex
	into  []([]RefinedEdge) // target → its sources; Refresh's alone changes it, with mu held
	save  refinedSave       // guarded by mu, but for saving
	next  Node              // where the round stands
	round int               // refined in it

	behind bool // more than a twentieth of the products were never refined
	out    atomic.Pointer[RefinedSet]

	sc    Scratch
	near  []Neighbor
	place []uint32 // node → place among the K, from 1
	g     []float64
	b     []float64
}

// RefinedSet is all refined edges by their source, as of one moment. It never
// changes.
type RefinedSet struct {
	first []uint32 // source → where its edges begin
	edges []RefinedEdge
}

// NewRefined makes the refined edges of a relation, none yet.
func NewRefined(p *Pairs, opt RefineOptions) *Refined {
	r := &Refined{opt: opt.withDefaults(), pairs: p}
	r.out.Store(&RefinedSet{first: []uint32{0}})
	return r
}

// Now returns the edges as they are now.
func (r *Refined) Now() *RefinedSet { return r.out.Load() }

// From returns the refined edges from a product as they are now, the strongest
// first. The slice is shared: read it only.
func (r *Refined) From(n Node) []RefinedEdge { return r.Now().From(n) }

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

// Edges returns how many refined edges are held.
func (r *Refined) Edges() int { return len(r.out.Load().edges) }

// Bytes returns what the refined edges take, by target and by source.
func (r *Refined) Bytes() uint64 {
	out := r.out.Load()
	return uint64(2*len(out.edges)*8+4*len(out.first)) + uint64(len(out.first))*24
}

// Refresh refines again every product of whose mass enough is new, publishes
// the outcome at once, and returns how many it were. ms is the moment that
// weights are faded to, beside λ. It stops early, with what it has, when ctx
// ends.
func (r *Refined) Refresh(ctx context.Context, ms int64) int {
	all := 0
	for {
		n, done := r.Step(ctx, ms, math.MaxInt)
		all += n
		if done || ctx.Err() != nil {
			return all
		}
	}
}

// Behind says whether the round under way began with more than a twentieth of
// the products never refined, as after a start or an import. Such a round is
// published only when it is over: a product whose edges lead to some of its
// company alone would answer worse than by its plain ones. Whoever calls Step
// may ask, and should then make haste.
func (r *Refined) Behind() bool { return r.behind }

// unrefined counts the products that have receipts and no refined edges.
func (r *Refined) unrefined() int {
	n := 0
	for j, in := range r.into {
		if _, support, alive := r.pairs.live.get(Node(j)); in == nil && alive && support > 0 {
			n++
		}
	}
	return n
}

// publishEvery is after how many refined products a round that is not over is
// published: turning all edges around takes as long as refining four hundred
// products does, at full size, and whoever keeps something by the edges begins
// anew.
const publishEvery = 1024

// Step refines at most limit products and returns how many it were. A round
// over all products that are due takes many steps, so that it need never hold
// a core for long; done says that the round is over, and published.
func (r *Refined) Step(ctx context.Context, ms int64, limit int) (refined int, done bool) {
	total := r.pairs.Nodes()
	r.grow(total)
	if r.next == 0 {
		r.behind = r.unrefined()*20 > int(total)
	}
	for ; r.next < total; r.next++ {
		if refined == limit || ctx.Err() != nil {
			r.round += refined
			return refined, false
		}
		if r.pairs.due(r.next, r.opt.Changed) {
			r.hold(r.next, r.refine(r.next, ms))
			refined++
			if (r.round+refined)%publishEvery == 0 && !r.behind {
				r.publish()
			}
		}
	}
	if r.round += refined; r.round > 0 {
		r.publish()
	}
	r.next, r.round = 0, 0
	return refined, true
}

// due says whether enough of a node's mass is new, and if so counts it as
// refined from now on.
func (p *Pairs) due(n Node, changed float64) bool {
	sh, slot := p.shard(n)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	nd := &sh.nodes[slot]
	if nd.fresh <= 0 || float64(nd.fresh) < changed*float64(nd.mass) {
		return false
	}
	nd.fresh = 0
	return true
}

// refine solves for one product, with weights as of a moment.
func (r *Refined) refine(j Node, at int64) []RefinedEdge {
	p := r.pairs
	r.near = p.Neighbors(&r.sc, r.near[:0], j, at)
	slices.SortFunc(r.near, func(a, b Neighbor) int {
		if c := cmp.Compare(b.Weight, a.Weight); c != 0 {
			return c
		}
		return cmp.Compare(a.To, b.To)
	})
	// A product that came after this refresh began has to wait for the next.
	r.near = slices.DeleteFunc(r.near, func(n Neighbor) bool { return int(n.To) >= len(r.place) || p.Retired(n.To) })
	near := r.near[:min(len(r.near), r.opt.Neighbors)]
	k := len(near)
	if k == 0 {
		return []RefinedEdge{}
	}
	ids, target := make([]Node, k), make([]float64, k)
	for i, n := range near {
		ids[i], target[i] = n.To, float64(n.Weight)
		r.place[n.To] = uint32(i + 1)
	}
	r.g = slices.Grow(r.g[:0], k*k)[:k*k]
	clear(r.g)
	for i, id := range ids {
		r.g[i*k+i] = p.massAt(id, at) + r.opt.Lambda
		p.project(id, at, r.place, r.g[i*k:i*k+k])
	}
	for _, id := range ids {
		r.place[id] = 0
	}
	symmetrise(r.g, k)
	r.b = append(r.b[:0], target...)
	edges := []RefinedEdge{}
	if !solve(r.g, r.b, k) {
		return edges
	}
	for i, w := range r.b {
		if math.Abs(w) >= r.opt.Least {
			edges = append(edges, RefinedEdge{ids[i], float32(w)})
		}
	}
	return edges
}

// project adds to row what n's edges to the products that have a place weigh.
// It copies no edges: reading 64 lists of a thousand is most of the work of
// refining, and this takes a tenth of the time that Neighbors did.
func (p *Pairs) project(n Node, ms int64, place []uint32, row []float64) {
	sh, slot := p.shard(n)
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	nd := &sh.nodes[slot]
	by := p.fade.to(nd.epoch, ms)
	for i, to := range nd.edges.ids() {
		if int(to) < len(place) && place[to] != 0 {
			row[place[to]-1] += float64(nd.edges.weight(i)) * by
		}
	}
	for log := nd.log; len(log) > 0; {
		partners := int(log[0] & 0xffff)
		step := float64(math.Float32frombits(log[2])) / 255 * by
		for _, w := range log[recordHead : recordHead+partners] {
			if to := w & 0xffffff; int(to) < len(place) && place[to] != 0 {
				row[place[to]-1] += step * float64(w>>24)
			}
		}
		log = log[recordHead+partners:]
	}
}

// massAt returns a product's own weight as of a moment: the diagonal of G.
func (p *Pairs) massAt(n Node, ms int64) float64 {
	sh, slot := p.shard(n)
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	nd := &sh.nodes[slot]
	return float64(nd.mass) * p.fade.to(nd.epoch, ms)
}

// symmetrise makes both halves of the matrix equal: a node that let an edge go
// while its other end kept it would else leave G lopsided.
func symmetrise(g []float64, k int) {
	for i := range k {
		for j := range i {
			m := max(g[i*k+j], g[j*k+i])
			g[i*k+j], g[j*k+i] = m, m
		}
	}
}

// solve replaces b by the solution of g·x = b, by Cholesky's method; g is
// overwritten. It says false when g is not positive definite.
func solve(g, b []float64, k int) bool {
	for j := range k {
		row := g[j*k : j*k+j+1]
		d := row[j]
		for _, v := range row[:j] {
			d -= v * v
		}
		if d <= 0 {
			return false
		}
		d = math.Sqrt(d)
		row[j] = d
		for i := j + 1; i < k; i++ {
			other := g[i*k : i*k+j+1]
			s := other[j]
			for t, v := range row[:j] {
				s -= v * other[t]
			}
			other[j] = s / d
		}
	}
	for i := range k {
		s := b[i]
		for t := range i {
			s -= g[i*k+t] * b[t]
		}
		b[i] = s / g[i*k+i]
	}
	for i := k - 1; i >= 0; i-- {
		s := b[i]
		for t := i + 1; t < k; t++ {
			s -= g[t*k+i] * b[t]
		}
		b[i] = s / g[i*k+i]
	}
	return true
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
	r.out.Store(r.bound(counts, all))
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
