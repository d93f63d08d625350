package gen

import (
	"math"
	"slices"

	"nabo/engine/event"
)

// Days are counted from 1 January 1970 and begin at midnight in the shop's own
// time, which is an hour ahead of UTC all year round.
const (
	dayMillis    event.Millis = 24 * 60 * 60 * 1000
	offsetMillis event.Millis = 60 * 60 * 1000
	zone                      = "Europe/Copenhagen"
)

// dayOf is the day that a moment falls on.
func dayOf(t event.Millis) int64 {
	d := (t + offsetMillis) / dayMillis
	if (t+offsetMillis)%dayMillis < 0 {
		d--
	}
	return int64(d)
}

// startOf is when a day begins.
func startOf(day int64) event.Millis { return event.Millis(day)*dayMillis - offsetMillis }

// weekdayOf is the weekday of a day, 0 for Sunday.
func weekdayOf(day int64) int { return int(((day+4)%7 + 7) % 7) }

// busy is how busy a weekday is, 0 for Sunday.
func busy(weekday int) float64 {
	return [7]float64{0.85, 0.9, 0.85, 0.9, 1.05, 1.35, 1.3}[weekday]
}

// clocks are how many enter a store in each hour, of weekdays and of weekends.
func clocks() [2]lots {
	return [2]lots{
		newLots([]float64{0, 0, 0, 0, 0, 0, 0, 2, 4, 4, 5, 5, 6, 5, 6, 9, 13, 13, 8, 5, 3, 2, 0, 0}),
		newLots([]float64{0, 0, 0, 0, 0, 0, 0, 1, 4, 8, 11, 12, 11, 10, 9, 8, 7, 5, 4, 3, 2, 1, 0, 0}),
	}
}

// longest is how long anything that a person starts may last: it says how far
// before a moment a walk must begin.
const longest = 2 * 60 * 60 * 1000

// The kinds of what a person may start on a day.
const (
	visiting   = iota // goes to the store
	bringing          // brings something back
	browsing          // looks around in the webshop
	opening           // looks at the week's offers
	pricing           // is given a price of their own
	consenting        // gives a consent or withdraws it
)

// start is one thing that a person starts on a day, packed so that the order of
// numbers is the order of time: 27 bits of milliseconds, 34 of the person's
// number, 3 of the kind.
type start uint64

func newStart(at event.Millis, person int, kind int) start {
	return start(uint64(at)<<37 | uint64(person)<<3 | uint64(kind))
}

func (s start) at() event.Millis { return event.Millis(s >> 37) }
func (s start) person() int      { return int(s >> 3 & (1<<34 - 1)) }
func (s start) kind() int        { return int(s & 7) }

// rate is how many visits a day a person makes on average.
func rate(key uint64) float64 {
	u := unit(mix(key, forRate))
	return 0.12 + 0.5*u*u
}

// meanRate is the mean of rate over all persons.
const meanRate = 0.12 + 0.5/3

// visits is whether a person goes to the store on a day.
func (s *Shop) visits(key uint64, day int64) bool {
	share := rate(key) * busy(weekdayOf(day))
	if s.year != nil {
		share *= s.year.busy(day) * ownDay(key, day)
	}
	return unit(mix(mix(key, forVisit), uint64(day))) < share
}

// before is how many days ago the person's visit before that of day was, at
// most 30.
func (s *Shop) before(key uint64, day int64) int64 {
	for ago := int64(1); ago < 30; ago++ {
		if s.visits(key, day-ago) {
			return ago
		}
	}
	return 30
}

// The shares of persons who browse on a day, and of visits after which
// something is brought back with the next.
const (
	browseShare = 0.02
	returnShare = 0.012
)

// starts appends to dst all that is started on a day, in order of time.
func (s *Shop) starts(day int64, dst []start) []start {
	var c chance
	for n := range s.people() {
		key := s.keyOf(n)
		if s.visits(key, day) {
			at := s.entry(key, day, &c)
			dst = append(dst, newStart(at, n, visiting))
			if s.bringsBack(key, day) {
				dst = append(dst, newStart(at-min(at, 90_000), n, bringing))
			}
		}
		if unit(mix(mix(key, forBrowse), uint64(day))) < browseShare {
			c.start(mix(key, forBrowse), uint64(day))
			dst = append(dst, newStart(event.Millis((17+5*c.unit())*3_600_000), n, browsing))
		}
		if n < s.opt.Members {
			dst = s.offered(key, n, day, dst)
		}
	}
	slices.Sort(dst)
	return dst
}

// clock is how many enter a store in each hour of a day.
func (s *Shop) clock(day int64) *lots {
	if w := weekdayOf(day); w == 0 || w == 6 {
		return &s.clocks[1]
	}
	return &s.clocks[0]
}

// entry is when a person who visits on a day enters the store, counted from
// midnight.
func (s *Shop) entry(key uint64, day int64, c *chance) event.Millis {
	c.start(mix(key, forVisit), uint64(day))
	if s.year != nil && c.happens(ownHourShare) {
		return ownHour(key, s.clock(day), c)
	}
	return hourly(s.clock(day), c)
}

// hourly draws a moment of the day.
func hourly(hour *lots, c *chance) event.Millis {
	return event.Millis(hour.draw(c))*3_600_000 + event.Millis(c.below(3_600_000))
}

// bringsBack is whether a person who visits on a day brings back something of
// the visit before.
func (s *Shop) bringsBack(key uint64, day int64) bool {
	last := day - s.before(key, day)
	return unit(mix(mix(key, forErrand), uint64(last))) < returnShare && s.visits(key, last)
}

// A craze is a product that everybody suddenly buys. Each lasts for
// crazeDays; a new one begins every crazeDays/2, so that two run at any time,
// one of them at its height.
const (
	crazeDays  = 8
	crazeShare = 0.07 // of the baskets at its height
)

// craze is one on a certain day: the product, and which share of the baskets it
// is in.
type craze struct {
	product int32
	share   float64
}

// crazy is the product of the n-th craze, which begins on day n·crazeDays/2.
func (s *Shop) crazy(n int64) int32 {
	var c chance
	c.start(mix(s.key, 0x6372617a65), uint64(n))
	g := &s.goods[s.crazes[c.below(len(s.crazes))]]
	// One that is not already among the best known.
	return int32(g.first + min(2+c.below(4), g.count-1))
}

// crazesOn returns the crazes of a day, the younger first.
func (s *Shop) crazesOn(day int64) [2]craze {
	var out [2]craze
	latest := int64(math.Floor(float64(day) / (crazeDays / 2)))
	for i := range out {
		n := latest - int64(i)
		age := float64(day-n*(crazeDays/2)) + 1
		out[i].product = s.crazy(n)
		out[i].share = crazeShare * age / crazeDays
	}
	return out
}

// Trending returns the ids of the products that sell far more than usual at a
// moment, the one at its height first: the truth that a trend should find.
func (s *Shop) Trending(at event.Millis) []string {
	today := s.crazesOn(dayOf(at))
	return []string{s.products[today[1].product].Product, s.products[today[0].product].Product}
}
