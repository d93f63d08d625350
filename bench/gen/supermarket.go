package gen

import (
	"math"

	"nabo/engine/event"
)

// What a supermarket's customers are like. The figures were chosen so that the
// receipts' marginals come near those of real grocers, see DESIGN.md.
const (
	quickTrips   = 0.07 // visits for a thing or two
	sizeSpread   = 0.75 // standard deviation of the logarithm of how much the others are for
	loyalty      = 0.6  // of what ran out, that is bought here and now
	errandLeast  = 4    // lines that a visit must be for to have an errand
	favoured     = 0.3  // of the whims, from the categories that somebody likes
	habitual     = 0.25 // of the whims, that are the product somebody usually takes
	ownHourShare = 0.5  // of the visits, in the hour that is somebody's own
	ownDayFactor = 1.6  // how much likelier a visit on somebody's own weekday is
)

// stockUp fills b with what p buys in a supermarket. How much that is comes
// first, as it does for who takes a trolley or a bag: then what ran out, perhaps
// an errand, and what else they like, until it is full.
func (s *Shop) stockUp(b *basket, p *person, day int64, crazes *[2]craze, c *chance) {
	now := s.year.month(day, c)
	if c.happens(quickTrips) {
		s.fillUp(b, p, day, 1+c.below(2), now, c)
		return
	}
	n := s.trolley(p, c)
	s.addDue(b, p, day, loyalty, n, c)
	if n >= errandLeast && c.happens(errandShare) {
		s.addErrand(b, p, now.errands[weekdayOf(day)].draw(c), c)
	}
	for _, z := range crazes {
		if c.happens(z.share) {
			b.add(s, z.product, c)
		}
	}
	s.fillUp(b, p, day, n, now, c)
}

// trolley draws how many lines a visit is for: about Lines in the mean, most
// often fewer and now and then many more; larger homes buy more.
func (s *Shop) trolley(p *person, c *chance) int {
	home := 0.75 + 0.5*float64(p.kept-minStaples)/(maxStaples-minStaples)
	mean := home * (float64(s.opt.Lines) - 1.5*quickTrips) / (1 - quickTrips)
	z := math.Sqrt(-2*math.Log(1-c.unit())) * math.Cos(2*math.Pi*c.unit())
	n := mean * math.Exp(sizeSpread*z-sizeSpread*sizeSpread/2)
	return int(min(max(n+0.5, 1), maxLines))
}

// fillUp adds products by taste, season and trend until b holds n, if the store
// has enough of what p likes.
func (s *Shop) fillUp(b *basket, p *person, day int64, n int, now *month, c *chance) {
	for range 4*n + 8 {
		if len(b.products) >= n {
			return
		}
		g := int32(now.popular.draw(c))
		if c.happens(favoured) {
			k := p.favourites[c.below(len(p.favourites))]
			g = s.categories[k][now.within[k].draw(c)]
		}
		if !p.uses(&s.goods[g]) {
			continue
		}
		product := int32(s.goods[g].first + s.goods[g].pick.draw(c))
		if c.happens(habitual) {
			product = s.habit(p, g)
		}
		if driftMost*c.unit() < s.drift(product, day) {
			b.add(s, product, c)
		}
	}
}

// ownDay is how much likelier a person is to go to the store on a day than on
// another day that is as busy: everybody has a weekday of their own.
func ownDay(key uint64, day int64) float64 {
	if int(mix(key, forHour)%7) == weekdayOf(day) {
		return ownDayFactor
	}
	return (7 - ownDayFactor) / 6
}

// ownHour draws a moment of the hour that is somebody's own.
func ownHour(key uint64, hours *lots, c *chance) event.Millis {
	var own chance
	own.start(mix(key, forHour), 0)
	return event.Millis(hours.draw(&own))*3_600_000 + event.Millis(c.below(3_600_000))
}
