package engine

import (
	"cmp"
	"math"
	"slices"

	"nabo/graph"
)

// strands draws what binds the dots: all that binds the first centres of them,
// and of each other dot what binds it most closely.
func (d *drawer) strands(centres int) {
	for i := range d.out.Dots {
		d.giveWay(i)
		d.plain(i, i < centres)
		d.refine(i, i < centres)
	}
	for i := range d.out.Dots {
		d.giveWay(i)
		d.refinedOf(i)
	}
	d.order(centres)
}

// plain adds the plain bindings of one dot: all, or the closest.
func (d *drawer) plain(i int, all bool) {
	n := d.out.Dots[i].node
	d.near = d.e.bought.Neighbors(&d.read, d.near[:0], n, d.at)
	d.best.reset(strands)
	for k := range d.near {
		o := &d.near[k]
		if o.To == n || o.Support <= 0 || !d.have.Has(o.To) {
			continue
		}
		if all {
			d.add(i, o)
		} else if near := d.closeness(i, o); d.best.wants(near, o.To) {
			d.best.take(near, o.To, k)
		}
	}
	if all {
		return
	}
	for _, t := range d.best.items {
		d.add(i, &d.near[t.cell])
	}
}

// closeness is the correlation of two products on receipts: how much of their
// receipts has both, less what chance alone would bring. Plain strength would
// draw everything to what is popular.
func (d *drawer) closeness(i int, o *graph.Neighbor) float64 {
	const few = 3 // receipts, which say little
	s := float64(o.Support)
	a, b := max(d.out.Dots[i].Support, s), max(d.support(o.To), s)
	return (s - a*b/max(d.total, a, b)) / math.Sqrt(a*b) * s / (s + few)
}

// strand returns the strand of two dots, and makes it where there is none.
func (d *drawer) strand(i, j int) *Strand {
	key := [2]int{min(i, j), max(i, j)}
	at, ok := d.pair[key]
	if !ok {
		at = len(d.out.Strands)
		d.pair[key] = at
		d.out.Strands = append(d.out.Strands, Strand{From: i, To: j})
	}
	return &d.out.Strands[at]
}

// add draws a plain binding, unless it was drawn from its other end.
func (d *drawer) add(i int, o *graph.Neighbor) {
	j := d.at2[o.To]
	st := d.strand(i, j)
	if st.Weight > 0 {
		return
	}
	s := float64(o.Support)
	st.Weight, st.Support, st.Last = float64(o.Weight), s, o.Last
	st.Lift = s * d.total / (max(d.out.Dots[i].Support, s) * max(d.out.Dots[j].Support, s))
}

// refine adds the refined bindings of one dot: all, or the strongest for
// something.
func (d *drawer) refine(i int, all bool) {
	left := refinedOf
	for _, r := range d.refined.From(d.out.Dots[i].node) {
		if (!all && (left == 0 || r.Weight <= 0)) || r.Node == d.out.Dots[i].node || !d.have.Has(r.Node) {
			continue
		}
		left--
		j := d.at2[r.Node]
		if st := d.strand(i, j); st.Weight == 0 {
			if o, ok := d.e.bought.Pair(d.out.Dots[i].node, r.Node, d.at); ok {
				d.add(i, &o)
			}
		}
	}
}

// refinedOf fills in what one dot says for others that it is drawn to.
func (d *drawer) refinedOf(i int) {
	for _, r := range d.refined.From(d.out.Dots[i].node) {
		if !d.have.Has(r.Node) {
			continue
		}
		j := d.at2[r.Node]
		at, ok := d.pair[[2]int{min(i, j), max(i, j)}]
		if !ok {
			continue
		}
		if st := &d.out.Strands[at]; st.From == i {
			st.Refined = float64(r.Weight)
		} else {
			st.Back = float64(r.Weight)
		}
	}
}

// order puts those of the centres first, the strongest first.
func (d *drawer) order(centres int) {
	far := func(s *Strand) int {
		if min(s.From, s.To) < centres {
			return 0
		}
		return 1
	}
	slices.SortFunc(d.out.Strands, func(a, b Strand) int {
		return cmp.Or(far(&a)-far(&b), cmp.Compare(b.Weight*b.Support, a.Weight*a.Support),
			cmp.Compare(b.Refined, a.Refined), cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
	})
	d.pair = nil
}
