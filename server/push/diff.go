package push

import (
	"fmt"
	"math"
)

// differ compares a member's list with what was sent of it.
type differ struct {
	syms      *symbols
	tolerance float64 // in thousandths
	tick      uint32
	marks     []mark // by symbol
}

// mark is where an id stands in the two lists that are compared.
type mark struct {
	old, now uint32 // the tick at which it was seen in each
	place    int32  // in the old list
}

// lists are the parts of an arena that one list's changes go to.
type lists struct {
	ranked  []Ranked
	removed []string
}

// compare brings old, which was sent, to now. It appends the new list to dst
// and says whether anything changed. A score keeps the value that was sent while
// it is within the tolerance of it.
func (d *differ) compare(now []Scored, old, dst []entry) (out []entry, changed bool, err error) {
	if len(now) > maxEntries {
		return dst, false, fmt.Errorf("a list has %d entries, at most %d were expected", len(now), maxEntries)
	}
	d.nextTick()
	for i, e := range old {
		m := d.mark(e.sym)
		m.old, m.place = d.tick, int32(i)
	}
	changed = len(now) != len(old)
	for i := range now {
		s := &now[i]
		if s.ID == "" || len(s.ID) > maxID {
			return dst, false, fmt.Errorf("an id has %d bytes, 1 to %d were expected", len(s.ID), maxID)
		}
		// A NaN fails the comparison as well.
		if !(math.Abs(s.Score) <= float64(maxSteps)/scale) {
			return dst, false, fmt.Errorf("%q has the score %v, a finite number was expected", s.ID, s.Score)
		}
		sym := d.syms.of(s.ID)
		m := d.mark(sym)
		if m.now == d.tick {
			return dst, false, fmt.Errorf("%q is in a list twice", s.ID)
		}
		m.now = d.tick
		q := steps(s.Score)
		if m.old == d.tick {
			if sent := old[m.place].steps; d.near(s.Score, sent) {
				q = sent
			}
			changed = changed || m.place != int32(i) || old[m.place].steps != q
		} else {
			changed = true
		}
		dst = append(dst, entry{sym, q})
	}
	return dst, changed, nil
}

// near says whether a score need not be sent while the receiver has sent. The
// allowance covers what a multiple of a thousandth is off as a float64. Without
// a tolerance the score must round to what was sent: one just between two
// thousandths is as near to either.
func (d *differ) near(score float64, sent int64) bool {
	if d.tolerance <= 0.5 {
		return steps(score) == sent
	}
	return math.Abs(score*scale-float64(sent)) <= d.tolerance+1e-6
}

func (d *differ) mark(sym uint32) *mark {
	for int(sym) >= len(d.marks) {
		d.marks = append(d.marks, mark{})
	}
	return &d.marks[sym]
}

func (d *differ) nextTick() {
	d.tick++
	if d.tick == 0 { // wrapped: old marks would look new
		clear(d.marks)
		d.tick = 1
	}
}

// delta appends to l what compare found between old and now. It has to follow
// that call at once.
func (d *differ) delta(old, now []entry, all []Ranked, l *lists) Delta {
	set, gone := len(l.ranked), len(l.removed)
	for i, e := range now {
		m := &d.marks[e.sym]
		if m.old != d.tick || m.place != int32(i) || old[m.place].steps != e.steps {
			l.ranked = append(l.ranked, all[i])
		}
	}
	for _, e := range old {
		if d.marks[e.sym].now != d.tick {
			l.removed = append(l.removed, d.syms.names[e.sym])
		}
	}
	return Delta{
		Set:     l.ranked[set:len(l.ranked):len(l.ranked)],
		Removed: l.removed[gone:len(l.removed):len(l.removed)],
	}
}

// whole appends a list as it is sent.
func (d *differ) whole(now []entry, l *lists) []Ranked {
	from := len(l.ranked)
	for i, e := range now {
		l.ranked = append(l.ranked, Ranked{ID: d.syms.names[e.sym], Score: float64(e.steps) / scale, Rank: i + 1})
	}
	return l.ranked[from:len(l.ranked):len(l.ranked)]
}
