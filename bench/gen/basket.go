package gen

import (
	"math"

	"nabo/engine/event"
)

// maxLines is the most that a basket holds; the rest stays on the shelf.
const maxLines = 60

// basket is what one visit comes to. It is reused from visit to visit.
type basket struct {
	store    int32
	card     bool // the member's card was shown
	products []int32
	qty      []uint8
}

// The shares of visits that are for a thing or two only, that have an errand
// beside what is due, of what is due that is not forgotten, and of lines of
// which two are bought.
const (
	quickShare  = 0.2
	dueShare    = 0.92
	errandShare = 0.42
	twiceShare  = 0.13
)

// fill makes b the basket of p's visit on a day. The same person and day give
// the same basket, whatever was drawn before.
func (s *Shop) fill(b *basket, p *person, day int64, crazes *[2]craze, c *chance) {
	c.start(mix(p.key, forBasket), uint64(day))
	b.products, b.qty = b.products[:0], b.qty[:0]
	b.store = p.home
	if c.happens(0.12) {
		b.store = int32(c.below(s.opt.Stores))
	}
	b.card = p.number < s.opt.Members && !c.happens(forgotten)
	if s.year != nil {
		s.stockUp(b, p, day, crazes, c)
		return
	}
	if c.happens(quickShare) {
		s.addWhims(b, p, 1+c.below(2), c)
		return
	}
	s.addDue(b, p, day, dueShare, maxLines, c)
	if c.happens(errandShare) {
		s.addErrand(b, p, int(s.errands[weekdayOf(day)].draw(c)), c)
	}
	for _, z := range crazes {
		if c.happens(z.share) {
			b.add(s, z.product, c)
		}
	}
	// How much is bought on a whim falls off geometrically: three on average.
	whims := int(math.Log(1-c.unit()) / math.Log(3.0/4))
	if len(b.products) == 0 {
		whims++
	}
	s.addWhims(b, p, whims, c)
}

// addDue adds a share of the staples that ran out since the visit before, until
// the basket holds n.
func (s *Shop) addDue(b *basket, p *person, day int64, share float64, n int, c *chance) {
	since := float64(day - s.before(p.key, day))
	for _, k := range p.staples[:p.kept] {
		if len(b.products) >= n {
			return
		}
		if math.Floor((float64(day)+k.phase)/k.every) > math.Floor((since+k.phase)/k.every) && c.happens(share) {
			b.add(s, k.product, c)
		}
	}
}

// addErrand adds the goods of a mission, if p is one to go on it. Everybody
// has errands that they like and others that they never run.
func (s *Shop) addErrand(b *basket, p *person, which int, c *chance) {
	m := &s.missions[which]
	if m.baby != p.baby && m.baby || unit(mix(mix(p.key, forErrand), uint64(which)+1)) < 0.4 {
		return
	}
	for i := range m.goods {
		w := &m.goods[i]
		if c.happens(m.share(i)) && p.uses(&s.goods[w.good]) {
			b.add(s, s.choice(w, c), c)
		}
	}
}

// share is how many of those on an errand buy its i-th good.
func (m *mission) share(i int) float64 {
	if i < m.core {
		return 0.9
	}
	return 0.5
}

// choice draws one of the products that will do, the first more often.
func (s *Shop) choice(w *want, c *chance) int32 {
	g := &s.goods[w.good]
	if w.first > 0 {
		return int32(g.first) + w.first + int32(min(c.below(int(w.forms)), c.below(int(w.forms))))
	}
	rank := g.pick.draw(c)
	for rank >= missionForms {
		rank = g.pick.draw(c)
	}
	return int32(g.first + rank)
}

// addWhims adds n products by taste and popularity.
func (s *Shop) addWhims(b *basket, p *person, n int, c *chance) {
	for range n {
		var g int32
		if c.happens(0.4) {
			k := p.favourites[c.below(len(p.favourites))]
			g = s.categories[k][s.within[k].draw(c)]
		} else {
			g = int32(s.popular.draw(c))
		}
		if p.uses(&s.goods[g]) {
			b.add(s, s.choose(p, g, c), c)
		}
	}
}

// add puts a product into the basket, unless it is there already or the store
// does not sell it.
func (b *basket) add(s *Shop, product int32, c *chance) {
	if len(b.products) == maxLines || !s.sells(b.store%chainCount, product) {
		return
	}
	for _, have := range b.products {
		if have == product {
			return
		}
	}
	qty := uint8(1)
	if c.happens(twiceShare) {
		qty = uint8(2 + c.below(2))
	}
	b.products = append(b.products, product)
	b.qty = append(b.qty, qty)
}

// lines makes the lines of a receipt; one line in twelve has a discount.
func (s *Shop) lines(b *basket, c *chance) []event.Line {
	lines := make([]event.Line, len(b.products))
	for i, product := range b.products {
		e := &s.products[product]
		lines[i] = event.Line{Product: e.Product, Qty: float64(b.qty[i]), Price: e.Price}
		if c.happens(1.0 / 12) {
			off := 0.1 + 0.05*float64(c.below(5))
			lines[i].Discount = math.Round(off*e.Price*lines[i].Qty*100) / 100
		}
	}
	return lines
}
