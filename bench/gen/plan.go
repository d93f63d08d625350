package gen

import (
	"nabo/engine/event"
)

// The shares of members who have the app, who take the newsletter, and of the
// weeks in which somebody with the app opens each of the two.
const (
	appShare    = 0.45
	letterShare = 0.6
	openShare   = 0.6
	shownShare  = 0.3  // of the deals that hold, at each opening
	backShare   = 0.04 // of the activations
)

// maxTaken is how many deals somebody activates at one opening. Two openings a
// week and deals of two weeks leave the ten that a member may have open alone.
const maxTaken = 2

// The two occasions of a week on which somebody looks at offers.
const (
	byLetter = iota // Monday to Wednesday, in the morning
	byApp           // Thursday to Sunday, in the evening
	occasions
)

// app is whether a person has the app, in which offers are activated.
func (p *person) app() bool { return hasApp(p.key) }

func hasApp(key uint64) bool { return unit(mix(key, forApp)) < appShare }

// letter is whether a member has agreed to the newsletter from the beginning.
func letter(key uint64) bool { return unit(mix(key, forLetter)) < letterShare }

// joined is the year in which a person became a member.
func (p *person) joined() int { return 2005 + int(20*unit(mix(p.key, forJoining))) }

// openDay is the day of a week, counted from Monday, on which a person looks at
// offers on an occasion; -1: they don't.
func openDay(key uint64, week int64, occasion int) int64 {
	h := mix(mix(key, forOpening), uint64(week)*occasions+uint64(occasion))
	switch {
	case unit(h) >= openShare || !hasApp(key):
		return -1
	case occasion == byLetter && letter(key):
		return int64(h & 0xff % 3)
	case occasion == byApp:
		return 3 + int64(h&0xff%4)
	}
	return -1
}

// opens is whether a person looks at offers at all in a week.
func opens(key uint64, week int64) bool {
	return openDay(key, week, byLetter) >= 0 || openDay(key, week, byApp) >= 0
}

// openingAt is when a person looks at offers on a day, counted from midnight.
// Who is about to go to the store, or is there, looks just before.
func (s *Shop) openingAt(key uint64, day int64, occasion int, c *chance) event.Millis {
	const hour = 3_600_000
	c.start(mix(key, forOpening), uint64(day))
	at := event.Millis((6.5 + 2.5*c.unit()) * hour)
	if occasion == byApp {
		at = event.Millis((16 + 5*c.unit()) * hour)
	}
	if s.visits(key, day) {
		if in := s.entry(key, day, c); at > in-10*60*1000 && at < in+longest {
			return in - 10*60*1000
		}
	}
	return at
}

// week is what there is to choose from in a week.
type week struct {
	number int64
	deals  []deal
	keys   []uint64  // of deals, apart so that going through them is quick
	on     [][]int32 // deals by their good, and then by their category
}

// newWeek makes a week's deals.
func (s *Shop) newWeek(number int64) week {
	w := week{number: number, deals: s.deals(number), on: make([][]int32, len(s.goods)+len(s.categories))}
	for i := range w.deals {
		on := int(w.deals[i].good)
		if kind := w.deals[i].kind; kind >= 0 {
			on = len(s.goods) + int(kind)
		}
		w.on[on] = append(w.on[on], int32(i))
		w.keys = append(w.keys, w.deals[i].key)
	}
	return w
}

// taken is an activation.
type taken struct {
	deal int // in its week
	at   event.Millis
	back event.Millis // when it was taken back; 0: never
}

// plan is what a person activates of the deals that begin with a week. It
// follows from the person and the week alone.
type plan struct {
	opened [occasions]event.Millis // 0: not
	taken  []taken
}

// plan fills pl. It reuses its memory.
func (s *Shop) plan(pl *plan, p *person, w *week, c *chance) {
	*pl = plan{taken: pl.taken[:0]}
	for o := range occasions {
		wd := openDay(p.key, w.number, o)
		if wd < 0 {
			continue
		}
		day := mondayOf(w.number) + wd
		at := startOf(day) + s.openingAt(p.key, day, o, c)
		pl.opened[o] = at
		n, key := 0, shownKey(p, o)
		for i := range w.deals {
			if n == maxTaken {
				break
			}
			d := &w.deals[i]
			if !w.shows(p, i, key, at) || pl.find(i) >= 0 || !s.takes(p, d) {
				continue
			}
			n++
			t := taken{deal: i, at: at + event.Millis(n)*20_000}
			if unit(mix(mix(p.key, forTaken+1), d.key)) < backShare {
				t.back = at + 120_000 + event.Millis(n)*30_000
			}
			pl.taken = append(pl.taken, t)
		}
	}
}

// find is where a deal is among those taken; -1: it is not.
func (pl *plan) find(deal int) int {
	for i := range pl.taken {
		if pl.taken[i].deal == deal {
			return i
		}
	}
	return -1
}

// shows is whether a person is shown the i-th deal at an opening. It does not look at
// their taste, so that what was activated of what was shown tells of it.
// The key is shownKey's for the occasion.
func (w *week) shows(p *person, i int, key uint64, at event.Millis) bool {
	return unit(mix(key, w.keys[i])) < shownShare && w.deals[i].runs(at) && w.deals[i].isFor(p)
}

// shownKey is what a person's deals on an occasion are drawn with.
func shownKey(p *person, occasion int) uint64 { return mix(p.key, forShown+uint64(occasion)<<8) }

// offered appends to dst what a member starts on a day that has to do with
// offers.
func (s *Shop) offered(key uint64, number int, day int64, dst []start) []start {
	var c chance
	week := weekOf(day)
	wd := day - mondayOf(week)
	for o := range occasions {
		if openDay(key, week, o) == wd {
			dst = append(dst, newStart(s.openingAt(key, day, o, &c), number, opening))
		}
	}
	if wd == 6 && unit(mix(mix(key, forPrice), uint64(week))) < priceShare {
		dst = append(dst, newStart(12*3_600_000, number, pricing))
	}
	if u := unit(mix(mix(key, forConsent), uint64(day))); u < consentShare {
		dst = append(dst, newStart(event.Millis((8+12*u/consentShare)*3_600_000), number, consenting))
	}
	return dst
}

// The shares of members who are given a price of their own for one of the next
// week's offers, and of days on which somebody changes a consent.
const (
	priceShare   = 0.01
	consentShare = 0.0002
)
