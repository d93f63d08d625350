package engine

import (
	"math"

	"nabo/graph"
)

// PlainOptions says how products speak by their plain edges. They are read
// when a question is asked: the state does not depend on them.
type PlainOptions struct {
	Gain   float64 // how much the receipts' gain counts beside their number, 0 to 1; 0: 0.5
	Prior  float64 // how many receipts what is popular weighs; 0: 10
	Basket float64 // what plain edges weigh beside the refined ones of a small basket; 0: 6
}

// voice is how one product speaks by its plain edges.
type voice struct {
	by    float64 // of a neighbour's strength
	prior float64 // of a product's share of all receipts
	gain  float64 // PlainOptions.Gain
}

// voice returns how a product speaks. Of what it says of another, the share
// that others stand in for is prior.
func (x *asking) voice(n graph.Node) voice {
	opt := &x.e.opt.Plain
	own, mass := x.support(n), x.e.bought.Mass(n, x.at)
	v := voice{gain: opt.Gain, prior: opt.Prior / (own + opt.Prior)}
	if own > 0 && mass > 0 {
		v.by = 1 / (strength(mass, own, opt.Gain) / own * (own + opt.Prior))
	}
	return v
}

// says returns how likely a neighbour is on a receipt with the product, less
// what is popular's.
func (v *voice) says(n *graph.Neighbor) float64 {
	return v.by * strength(float64(n.Weight), float64(n.Support), v.gain)
}

// bar returns what weight times support must at least be for a neighbour that
// is said to be so likely; 0 where that is not known. It saves a root for each
// neighbour, which is most of what a long list costs.
func (v *voice) bar(says float64) float32 {
	if says <= 0 || v.gain != 0.5 {
		return 0
	}
	least := says / v.by
	return float32(least * least * (1 - 1e-6)) // what rounding may take
}

// strength lies between the number of receipts and what they added, by their
// geometric mean: the gain at a power.
func strength(weight, support, gain float64) float64 {
	if gain == 0.5 {
		return math.Sqrt(weight * support)
	}
	return support * math.Pow(weight/support, gain)
}

// support returns a product's own support.
func (x *asking) support(n graph.Node) float64 {
	s, _ := x.supports.Of(n)
	return float64(s)
}

// shareOf returns a product's share of all receipts, and of a hundred more: in
// a shop that has seen few, nothing is known to be popular.
func shareOf(support, receipts float64) float64 { return support / (receipts + 100) }

// together ranks what is bought with one product by how likely it is on a
// receipt with it, of which DESIGN.md has the formula.
func (x *asking) together() {
	if !x.known {
		return
	}
	s := x.s
	s.near = x.e.bought.Neighbors(&s.read, s.near[:0], x.product, x.at)
	v := x.voice(x.product)
	few := len(s.near) < x.q.Count
	if x.explain || few {
		for i := range s.near {
			if n := &s.near[i]; float64(n.Support) >= x.q.MinSupport {
				s.acc.add(n.To, v.says(n), byTogether, x.product, n.Support)
			}
		}
		if few && x.q.MinSupport == 0 {
			x.standIns(x.product, v.prior/2)
		}
		x.popular(&v, 0)
		return
	}
	x.popular(&v, x.quick(&v))
}

// quick tallies the best of a long list of neighbours and returns what the
// least of them scores. What is popular comes to so much at
// the most, which rules most neighbours out before their own support is looked up, which
// is a cache miss each.
func (x *asking) quick(v *voice) float64 {
	top := &x.s.top
	top.reset(x.q.Count)
	least, bar, total := 0.0, float32(0), x.e.bought.Total(x.at)
	most := v.prior * x.e.popular.bound()
	for i := range x.s.near {
		n := &x.s.near[i]
		if n.Weight*n.Support < bar || float64(n.Support) < x.q.MinSupport {
			continue
		}
		if score := v.says(n) + v.prior*shareOf(x.support(n.To), total); top.wants(score, n.To) && x.allowed(n.To) {
			top.take(score, n.To, i)
			least = top.least()
			bar = v.bar(least - most)
		}
	}
	for _, t := range top.items {
		n := &x.s.near[t.cell]
		x.s.acc.add(n.To, v.says(n), byTogether, x.product, n.Support)
	}
	return least
}

// popularBeside is how many of the most popular products are looked at beside
// a product's neighbours.
const popularBeside = 64

// popular adds what is popular to what is tallied, and then by itself, where
// that comes to least.
func (x *asking) popular(v *voice, least float64) {
	total := x.e.bought.Total(x.at)
	for i := range x.s.acc.cells {
		n := x.s.acc.cells[i].node
		share := shareOf(x.support(n), total)
		x.s.acc.lift(n, v.prior*share, byUsual, float32(share))
	}
	if x.q.MinSupport > 0 || v.prior*x.e.popular.bound() < least {
		return
	}
	known := x.e.popular.in(x.e, 0, x.at)
	for i := range known[:min(len(known), popularBeside)] {
		n := known[i].node
		if share := shareOf(x.support(n), total); v.prior*share >= least && !x.s.acc.has(n) {
			x.s.acc.add(n, v.prior*share, byUsual, noNode, float32(share))
		}
	}
}

// standIns lets others of a product's category and brand speak for it, each
// by its own neighbours, as long as it has few of its own: so a new product
// has a place before its first receipt.
func (x *asking) standIns(n graph.Node, share float64) {
	item := x.e.catalogue.item(n)
	for _, kind := range kindsOf(item) {
		x.siblings(kind, n, 8)
		for _, t := range x.s.top.items {
			v := x.voice(t.node)
			x.s.other = x.e.bought.Neighbors(&x.s.read, x.s.other[:0], t.node, x.at)
			for i := range x.s.other {
				o := &x.s.other[i]
				x.s.acc.add(o.To, share*v.says(o)/float64(len(x.s.top.items)), byKind, t.node, o.Support)
			}
		}
	}
}

// siblings ranks, in x.s.top, the most bought of a category or brand.
func (x *asking) siblings(kind string, not graph.Node, count int) {
	x.s.top.reset(count)
	for _, n := range x.e.catalogue.sharing(kind) {
		own := x.support(n)
		if n != not && own > 0 && x.s.top.wants(own, n) {
			x.s.top.take(own, n, 0)
		}
	}
}
