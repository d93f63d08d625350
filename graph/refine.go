package graph

import (
	"cmp"
	"context"
	"math"
	"slices"
	"sync"
	"sync/atomic"
)

// RefineOptions says how refined edges are made. The zero value works.
type RefineOptions struct {
	Neighbors int     // K, how many of a product's neighbours explain it; 0: 64
	Lambda    float64 // λ, in receipts; 0: 25
	Dropout   float64 // the share of each explaining product that is taken not to be seen, 0 to 0.9; 0: 0.1
	Least     float64 // smaller edges are left out; 0: 0.002
	Outgoing  int     // the most refined edges from one product; 0: 1024
	Changed   float64 // the share of a product's receipts that must be new; 0: 0.02

	NoUsual bool // leave out what is usual whatever else is in the basket
	Off     bool // make none
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
	def(&o.Lambda, 25)
	def(&o.Dropout, 0.1)
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
// solution b of (G_NN/(1−d) + λI)·b = G_Nj over its K strongest neighbours N,
// where G holds the faded supports and only its diagonal is divided: each
// receipt counts 1, whatever its size and whosoever it is; with the gain and the
// damping of plain edges in G, baskets are completed worse (engine/DESIGN.md).
// It is a local form of EASE (Steck, "Embarrassingly shallow autoencoders for sparse
// data", WWW 2019) with the dropout d of Steck's later "Autoencoders that don't
// overfit towards the identity" (NeurIPS 2020): where a plain edge counts what
// is bought together, a refined one keeps what the others do not explain. One
// of N is a product that is on every receipt; its edge is what is usual of j
// whatever else is in the basket.
//
// Refresh and Step are one goroutine's; readers ask at any time and see either the edges
// from before a refresh or those from after it.
type Refined struct {
	opt   RefineOptions
	pairs *Pairs

	mu    sync.Mutex
	into  []([]RefinedEdge) // target → its sources; Refresh's alone changes it, with mu held
	save  refinedSave       // guarded by mu, but for saving
	usual []float32         // target → what is usual of it; Refresh's
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

// NewRefined makes the refined edges of a relation, none yet.
func NewRefined(p *Pairs, opt RefineOptions) *Refined {
	r := &Refined{opt: opt.withDefaults(), pairs: p}
	r.save.made = r.opt.cell()
	r.out.Store(&RefinedSet{first: []uint32{0}})
	return r
}

// Now returns the edges as they are now.
func (r *Refined) Now() *RefinedSet { return r.out.Load() }

// From returns the refined edges from a product as they are now, the strongest
// first. The slice is shared: read it only.
func (r *Refined) From(n Node) []RefinedEdge { return r.Now().From(n) }

// Edges returns how many refined edges are held.
func (r *Refined) Edges() int { return len(r.out.Load().edges) }

// Bytes returns what the refined edges take, by target and by source.
func (r *Refined) Bytes() uint64 {
	out := r.out.Load()
	return uint64(2*len(out.edges)*8+4*len(out.first)) + uint64(len(out.first))*24
}

// Refresh refines again every product of whose receipts enough are new,
// publishes the outcome at once, and returns how many it were. ms is the moment
// that supports are faded to, beside λ. It stops early, with what it has, when ctx
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

// unrefined counts the products that were bought and never refined.
func (r *Refined) unrefined() int {
	n := 0
	for j, in := range r.into {
		if in == nil && r.pairs.Support(Node(j), 0) > 0 {
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
	if r.opt.Off {
		return 0, true
	}
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

// due says whether enough of a node's receipts are new, and if so counts it as
// refined from now on.
func (p *Pairs) due(n Node, changed float64) bool {
	sh, slot := p.shard(n)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	nd := &sh.nodes[slot]
	if nd.fresh <= 0 || float64(nd.fresh) < changed*float64(nd.support) {
		return false
	}
	nd.fresh = 0
	return true
}

// refine solves for one product, with supports as of a moment.
func (r *Refined) refine(j Node, at int64) []RefinedEdge {
	near := r.explaining(j, at)
	k := len(near)
	r.usual[j] = 0
	edges := []RefinedEdge{}
	if k == 0 {
		return edges
	}
	r.fillGram(near, at)
	r.b = append(r.b[:0], float64(r.pairs.Support(j, at)))
	for _, n := range near {
		r.b = append(r.b, float64(n.Support))
	}
	if r.opt.NoUsual {
		r.b[0] = 0
	}
	if !solve(r.g, r.b, k+1) {
		return edges
	}
	r.usual[j] = float32(max(r.b[0], 0))
	for i, w := range r.b[1:] {
		if math.Abs(w) >= r.opt.Least {
			edges = append(edges, RefinedEdge{near[i].To, float32(w)})
		}
	}
	return edges
}

// explaining returns the K neighbours that a product shares the most receipts
// with, that of the most first.
func (r *Refined) explaining(j Node, at int64) []Neighbor {
	p := r.pairs
	r.near = p.Neighbors(&r.sc, r.near[:0], j, at)
	slices.SortFunc(r.near, func(a, b Neighbor) int {
		if c := cmp.Compare(b.Support, a.Support); c != 0 {
			return c
		}
		return cmp.Compare(a.To, b.To)
	})
	// A product that came after this refresh began has to wait for the next.
	r.near = slices.DeleteFunc(r.near, func(n Neighbor) bool { return int(n.To) >= len(r.place) || p.Retired(n.To) })
	return r.near[:min(len(r.near), r.opt.Neighbors)]
}

// fillGram makes G of some products: its first row and column are those of the
// product that is on every receipt.
func (r *Refined) fillGram(near []Neighbor, at int64) {
	p, n := r.pairs, len(near)+1
	for i, o := range near {
		r.place[o.To] = uint32(i + 2)
	}
	r.g = slices.Grow(r.g[:0], n*n)[:n*n]
	clear(r.g)
	r.g[0] = p.Total(at) + r.opt.Lambda
	for i, o := range near {
		row := r.g[(i+1)*n : (i+2)*n]
		own := float64(p.Support(o.To, at))
		p.project(o.To, at, r.place, row)
		row[i+1] = own/(1-r.opt.Dropout) + r.opt.Lambda
		if !r.opt.NoUsual {
			row[0] = own
		}
	}
	for _, o := range near {
		r.place[o.To] = 0
	}
	symmetrise(r.g, n)
}

// project adds to row on how many receipts n stood with each of the products
// that have a place. It copies no edges: reading 64 lists of a thousand is most
// of the work of refining, and this takes a tenth of the time that Neighbors did.
func (p *Pairs) project(n Node, ms int64, place []uint32, row []float64) {
	sh, slot := p.shard(n)
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	nd := &sh.nodes[slot]
	by := p.fade.to(nd.epoch, ms)
	for i, to := range nd.edges.ids() {
		if int(to) < len(place) && place[to] != 0 {
			row[place[to]-1] += float64(nd.edges.support(i)) * by
		}
	}
	for log := nd.log; len(log) > 0; {
		partners := int(log[0] & 0xffff)
		step := float64(math.Float32frombits(log[1])) * by
		for _, w := range log[recordHead : recordHead+partners] {
			if to := w & 0xffffff; int(to) < len(place) && place[to] != 0 {
				row[place[to]-1] += step
			}
		}
		log = log[recordHead+partners:]
	}
}
