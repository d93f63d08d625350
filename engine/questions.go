package engine

import (
	"math"

	"nabo/graph"
)

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
