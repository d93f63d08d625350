package engine

import (
	"math"

	"nabo/graph"
)

// together ranks what is bought with one product by how much of its receipts
// hold both, damped a little by how common the other is.
//
// The score is s_ab/s_a · (total/s_b)^⅛. On real receipts the best damping of
// one product's neighbours lies between none (a supermarket, a bakery) and a
// quarter (a gift shop); an eighth is the middle, not a measured optimum.
func (x *asking) together() {
	if !x.known {
		return
	}
	s, e := x.s, x.e
	s.near = e.bought.Neighbors(&s.read, s.near[:0], x.product, x.at)
	own, total := x.support(x.product), e.bought.Total(x.at)
	few := len(s.near) < x.q.Count
	if x.explain || few {
		for i := range s.near {
			if n := &s.near[i]; float64(n.Support) >= x.q.MinSupport {
				s.acc.add(n.To, togetherScore(n, own, x.support(n.To), total), byTogether, x.product, n.Support)
			}
		}
		if few && x.q.MinSupport == 0 {
			x.standIns(x.product, 0.1)
		}
		return
	}
	x.quick(own, total)
}

func togetherScore(n *graph.Neighbor, own, other, total float64) float64 {
	own, other = max(own, float64(n.Support)), max(other, float64(n.Support))
	return float64(n.Support) / own * math.Sqrt(math.Sqrt(math.Sqrt(max(total/other, 1))))
}

// quick ranks a long list of neighbours before it tallies any: s⁸/s_b orders
// as the score does and costs no root. Since s_b is never below s, s⁷ is the
// most that it can come to, and rules most neighbours out before their own
// support is looked up, which is a cache miss each.
func (x *asking) quick(own, total float64) {
	top := &x.s.top
	top.reset(x.q.Count)
	least := 0.0
	for i := range x.s.near {
		n := &x.s.near[i]
		s := float64(n.Support)
		s2 := s * s
		s4 := s2 * s2
		if s4*s2*s < least || s < x.q.MinSupport {
			continue
		}
		if key := s4 * s4 / max(x.support(n.To), s); top.wants(key, n.To) && x.allowed(n.To) {
			top.take(key, n.To, i)
			least = top.least()
		}
	}
	for _, t := range top.items {
		n := &x.s.near[t.cell]
		x.s.acc.add(n.To, togetherScore(n, own, x.support(n.To), total), byTogether, x.product, n.Support)
	}
}

// support returns a product's own support.
func (x *asking) support(n graph.Node) float64 {
	s, _ := x.supports.Of(n)
	return float64(s)
}

// standIns lets others of a product's category and brand speak for it, each
// by its own neighbours, as long as it has few of its own: so a new product
// has a place before its first receipt.
func (x *asking) standIns(n graph.Node, share float64) {
	item := x.e.catalogue.item(n)
	for _, kind := range kindsOf(item) {
		x.siblings(kind, n, 8)
		for _, t := range x.s.top.items {
			x.s.other = x.e.bought.Neighbors(&x.s.read, x.s.other[:0], t.node, x.at)
			for i := range x.s.other {
				o := &x.s.other[i]
				x.s.acc.add(o.To, share*togetherScore(o, t.score, x.support(o.To), t.score)/float64(len(x.s.top.items)), byKind, t.node, o.Support)
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

// basket adds up what each product in the basket says for every other, by
// refined edges: they know what the rest of the basket says already. A product
// that has none yet speaks by its plain edges.
func (x *asking) basket() {
	for _, n := range x.s.basket {
		x.speak(n, 1, 1/float64(len(x.s.basket)), spokenInBasket)
	}
	if len(x.s.basket) == 1 && len(x.s.acc.cells) < x.q.Count {
		x.standIns(x.s.basket[0], 0.1)
	}
	if x.member != nobody {
		x.own(basketOwn)
	}
}

// basketOwn is what a member's habit weighs beside the basket itself.
const basketOwn = 0.05

// How many of a product's refined edges, the strongest first, are read. A
// popular product has a thousand; on a gift shop's and a supermarket's baskets
// 128 hit as often as all of them do (0.3507 and 0.2851 against 0.3514 and
// 0.2850) in two thirds of the time.
const (
	spokenInBasket = 128
	spokenByHabit  = 64
)

// speak adds what one product says for others: its strongest refined edges
// times share, or its plain ones times plain.
func (x *asking) speak(n graph.Node, share, plain float64, most int) {
	if edges := x.e.refined.From(n); len(edges) > 0 {
		for _, to := range edges[:min(len(edges), most)] {
			x.s.acc.add(to.Node, share*float64(to.Weight), byRefined, n, to.Weight)
		}
		return
	}
	own, total := x.support(n), x.e.bought.Total(x.at)
	for _, t := range x.nearest(n, most) {
		o := &x.s.other[t.cell]
		x.s.acc.add(o.To, share*plain*togetherScore(o, own, x.support(o.To), total)/4, byTogether, n, o.Support)
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

// similar ranks what could stand in for a product: what is looked at in its
// place, what goes with the same goods, and its category and brand.
func (x *asking) similar() {
	if !x.known {
		return
	}
	s, e := x.s, x.e
	s.near = e.viewed.Neighbors(&s.read, s.near[:0], x.product, x.at)
	views := e.viewed.Supports(x.at)
	seen, _ := views.Of(x.product)
	for i := range s.near {
		n := &s.near[i]
		own, _ := views.Of(n.To)
		cosine := float64(n.Support) / math.Sqrt(max(float64(seen), 1)*max(float64(own), 1))
		s.acc.add(n.To, similarViews*cosine, byViews, x.product, n.Support)
	}
	x.sameCompany()
	item := e.catalogue.item(x.product)
	for i, kind := range kindsOf(item) {
		x.siblings(kind, x.product, 100)
		share := similarKind / float64(i+1) // the category, then the brand
		for _, t := range s.top.items {
			s.acc.add(t.node, share*(1+t.score/(t.score+10)), byAlike, x.product, float32(t.score))
		}
	}
}

const (
	similarViews   = 1.0
	similarCompany = 0.5
	similarBeside  = 1.5 // what is bought in the same basket is no substitute
	similarKind    = 0.2
)

// sameCompany adds, for every product that goes with this one's strongest
// neighbours, how much of its company is the same, less how often the two are
// bought together: what stands in for something is seldom bought beside it.
func (x *asking) sameCompany() {
	s, e := x.s, x.e
	s.near = e.bought.Neighbors(&s.read, s.near[:0], x.product, x.at)
	own := x.support(x.product)
	top := &s.top
	top.reset(12)
	for i := range s.near {
		if n := &s.near[i]; top.wants(float64(n.Weight), n.To) {
			top.take(float64(n.Weight), n.To, i)
		}
	}
	for _, t := range top.items {
		n := &s.near[t.cell]
		company := max(x.support(n.To), 1)
		s.other = e.bought.Neighbors(&s.read, s.other[:0], n.To, x.at)
		for i := range s.other {
			o := &s.other[i]
			if o.To == x.product {
				continue
			}
			// The chance of meeting o by way of n: to n from here, to o from n.
			share := float64(n.Support) / max(own, 1) * float64(o.Support) / company
			s.acc.add(o.To, similarCompany*share/math.Sqrt(max(x.support(o.To)/max(own, 1), 1)), byAlike, x.product, o.Support)
		}
	}
	for i := range s.near {
		n := &s.near[i]
		both := float64(n.Support) / math.Sqrt(max(own, 1)*max(x.support(n.To), 1))
		s.acc.add(n.To, -similarBeside*both, byTogether, x.product, n.Support)
	}
}

// trending ranks by how far sales in the window pass what the product's share
// of the month leads one to expect, in units of the expected chance variation.
// It goes by shares, so that a busy hour does not make everything a trend.
func (x *asking) trending() {
	span := map[Window]graph.Span{Hour: graph.SpanHour, Day: graph.SpanDay, Week: graph.SpanWeek}[x.q.Window]
	x.s.sales = x.e.trends.Sales(x.s.sales[:0], x.here, x.at)
	part := x.busy(span)
	for i := range x.s.sales {
		sold := &x.s.sales[i]
		in, usual := float64(sold.In[span]), float64(sold.In[graph.SpanMonth])*part
		if in < 1 || in <= usual || usual <= 0 || !x.category(sold.Product) {
			continue
		}
		x.s.acc.add(sold.Product, (in-usual)/math.Sqrt(usual+1), byTrend, noNode, float32(in/usual))
	}
}

// busy returns what part of a month's sales fell into the window.
func (x *asking) busy(span graph.Span) float64 {
	var in, month float64
	for i := range x.s.sales {
		in += float64(x.s.sales[i].In[span])
		month += float64(x.s.sales[i].In[graph.SpanMonth])
	}
	return in / max(month, 1)
}

func (x *asking) category(n graph.Node) bool {
	return x.q.Category == "" || x.e.catalogue.item(n).Category == x.q.Category
}
