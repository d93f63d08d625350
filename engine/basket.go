package engine

import "nabo/graph"

// basket adds up what each product in the basket says for every other, by
// refined edges: they know what the rest of the basket says already. A product
// that has none yet speaks by its plain edges, as all do in a small basket.
// What is usual whatever else is in the basket is added to all.
func (x *asking) basket() {
	set, n := x.e.refined.Now(), float64(len(x.s.basket))
	for _, p := range x.s.basket {
		x.speak(p, 1, 1/n, spokenInBasket)
		if len(x.s.basket) <= smallBasket && len(set.From(p)) > 0 {
			x.speakPlainly(p, x.e.opt.Plain.Basket/(n*n))
		}
	}
	if n == 1 && len(x.s.acc.cells) < x.q.Count {
		x.standIns(x.s.basket[0], 0.1)
	}
	if n > 0 {
		x.usual(set)
	}
	if x.member != nobody {
		x.own(basketOwn)
	}
}

// basketOwn is what a member's habit weighs beside the basket itself.
const basketOwn = 0.25

// smallBasket is up to how many products speak by their plain edges, too. What
// each then says counts by 1/n², so that in a larger basket it would be little.
const smallBasket = 6

// How many of a product's refined edges, the strongest first, are read. A
// popular product has a thousand; on a gift shop's and a supermarket's baskets
// 128 hit as often as all of them do (0.3507 and 0.2851 against 0.3514 and
// 0.2850) in two thirds of the time.
const (
	spokenInBasket = 128
	spokenByHabit  = 64
)

// usual adds what is usual to what is tallied, and then the most usual
// products by themselves.
func (x *asking) usual(set *graph.RefinedSet) {
	for i := range x.s.acc.cells {
		n := x.s.acc.cells[i].node
		if w := set.Usual(n); w > 0 {
			x.s.acc.lift(n, float64(w), byUsual, w)
		}
	}
	for _, p := range set.MostUsual() {
		if !x.s.acc.has(p.Node) {
			x.s.acc.add(p.Node, float64(p.Weight), byUsual, noNode, p.Weight)
		}
	}
}

// speak adds what one product says for others: its strongest refined edges
// times share, or its plain ones times plain.
func (x *asking) speak(n graph.Node, share, plain float64, most int) {
	if edges := x.e.refined.From(n); len(edges) > 0 {
		for _, to := range edges[:min(len(edges), most)] {
			x.s.acc.add(to.Node, share*float64(to.Weight), byRefined, n, to.Weight)
		}
		return
	}
	v := x.voice(n)
	for _, t := range x.nearest(n, most) {
		o := &x.s.other[t.cell]
		x.s.acc.add(o.To, share*plain*v.says(o), byTogether, n, o.Support)
	}
}

// speakPlainly adds what one product says by its plain edges, times share.
func (x *asking) speakPlainly(n graph.Node, share float64) {
	v := x.voice(n)
	v.by *= share
	x.s.other = x.e.bought.Neighbors(&x.s.read, x.s.other[:0], n, x.at)
	for i := range x.s.other {
		o := &x.s.other[i]
		x.s.acc.add(o.To, v.says(o), byTogether, n, o.Support)
	}
}

// nearest reads a product's neighbours into x.s.other and ranks those that
// stand on the most receipts with it.
func (x *asking) nearest(n graph.Node, most int) []ranked {
	x.s.other = x.e.bought.Neighbors(&x.s.read, x.s.other[:0], n, x.at)
	x.s.top.reset(most)
	for i := range x.s.other {
		if o := &x.s.other[i]; x.s.top.wants(float64(o.Support), o.To) {
			x.s.top.take(float64(o.Support), o.To, i)
		}
	}
	return x.s.top.items
}
