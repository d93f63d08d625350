package graph

import (
	"math"
	"sync"
)

// Grain is how long the stretches are that a Series counts.
type Grain uint8

// The grains.
const (
	Hours Grain = iota
	Days
	grains
)

// Length returns a stretch's length in milliseconds.
func (g Grain) Length() int64 { return [grains]int64{msPerDay / 24, msPerDay}[g] }

// Kept returns how many stretches are kept: the newest and those before it.
func (g Grain) Kept() int { return [grains]int{48, 35}[g] }

// Series counts on how many receipts each product stood, hour by hour for two
// days and day by day for five weeks, in UTC, up to the newest receipt. What
// is older than that is not counted.
//
// Add, Begin and End are the writer's, but that End may be called beside it;
// everything else may be called by anybody at any time. What a stretch counts
// lies together, in pages: a receipt changes few, and a checkpoint writes those
// of the hour and the day, whatever else there is.
type Series struct {
	mu    sync.RWMutex
	each  [grains]stretches // guarded by mu
	gone  []seriesCell      // guarded by mu: dropped since the last checkpoint began
	saved []heldSeries      // of the running checkpoint: set by Begin, read by Save
	lost  []seriesCell      // of the running checkpoint: what it says is gone
}

// stretches are those of one grain, each in the place of its number modulo Kept.
type stretches struct {
	newest int64 // number of the newest stretch, from 1970; -1: none yet
	ring   []stretch
	dirty  []seriesCell // pages that changed since the last checkpoint began
}

type stretch struct {
	number int64
	pages  []*seriesPage
}

const (
	seriesPageBits = 8
	seriesPageSize = 1 << seriesPageBits
)

// seriesPage is what some products sold in one stretch. One that is held is
// copied before it changes.
type seriesPage struct {
	counts      [seriesPageSize]uint32
	dirty, held bool
}

// seriesCell names a page.
type seriesCell struct {
	grain  Grain
	number int64
	page   uint32
}

type heldSeries struct {
	seriesCell
	was *seriesPage
}

// NewSeries makes an empty series.
func NewSeries() *Series {
	s := &Series{}
	for g := range grains {
		s.each[g] = stretches{newest: -1, ring: make([]stretch, g.Kept())}
		for i := range s.each[g].ring {
			s.each[g].ring[i].number = -1
		}
	}
	return s
}

// Add counts one receipt at a moment in milliseconds since the Unix epoch.
func (s *Series) Add(at int64, nodes []Node) {
	if len(nodes) == 0 || at < 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for g := range grains {
		number := at / g.Length()
		st := s.reachLocked(g, number)
		if st == nil {
			continue
		}
		var p *seriesPage
		page := uint32(math.MaxUint32)
		for _, n := range nodes {
			if at := uint32(n) >> seriesPageBits; at != page { // the same for many of a receipt in a small shop
				page, p = at, s.editLocked(st, seriesCell{g, number, at})
			}
			if c := &p.counts[n&(seriesPageSize-1)]; *c < math.MaxUint32 {
				*c++
			}
		}
	}
}

// reachLocked returns a stretch, and lets go of those that are too old then;
// nil if it is too old itself.
func (s *Series) reachLocked(g Grain, number int64) *stretch {
	t, kept := &s.each[g], int64(g.Kept())
	if number <= t.newest-kept {
		return nil
	}
	for k := max(t.newest+1, number-kept+1); k <= number; k++ {
		st := &t.ring[k%kept]
		for page, p := range st.pages {
			if p != nil {
				s.gone = append(s.gone, seriesCell{g, st.number, uint32(page)})
			}
		}
		*st = stretch{number: k}
	}
	t.newest = max(t.newest, number)
	return &t.ring[number%kept]
}

// editLocked returns a page that is about to change.
func (s *Series) editLocked(st *stretch, at seriesCell) *seriesPage {
	for uint32(len(st.pages)) <= at.page {
		st.pages = append(st.pages, nil)
	}
	p := st.pages[at.page]
	switch {
	case p == nil:
		p = &seriesPage{}
	case p.held:
		p = &seriesPage{counts: p.counts}
	}
	st.pages[at.page] = p
	s.markLocked(p, at)
	return p
}

func (s *Series) markLocked(p *seriesPage, at seriesCell) {
	if !p.dirty {
		p.dirty = true
		s.each[at.grain].dirty = append(s.each[at.grain].dirty, at)
	}
}

// Of appends to dst on how many receipts a product stood in each of the Kept
// stretches that end with the one of a moment, the oldest first, and returns
// when the first of them begins.
func (s *Series) Of(dst []uint32, g Grain, n Node, ms int64) (counts []uint32, begins int64) {
	last, kept := max(ms, 0)/g.Length(), int64(g.Kept())
	s.mu.RLock()
	defer s.mu.RUnlock()
	for k := last - kept + 1; k <= last; k++ {
		dst = append(dst, s.countLocked(g, k, n))
	}
	return dst, (last - kept + 1) * g.Length()
}

func (s *Series) countLocked(g Grain, number int64, n Node) uint32 {
	if number < 0 {
		return 0
	}
	st := &s.each[g].ring[number%int64(g.Kept())]
	page := int(n >> seriesPageBits)
	if st.number != number || page >= len(st.pages) || st.pages[page] == nil {
		return 0
	}
	return st.pages[page].counts[n&(seriesPageSize-1)]
}

// Size returns how many pages there are, and what they take.
func (s *Series) Size() (pages int, bytes uint64) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for g := range s.each {
		for i := range s.each[g].ring {
			st := &s.each[g].ring[i]
			bytes += uint64(cap(st.pages)) * 8
			for _, p := range st.pages {
				if p != nil {
					pages++
				}
			}
		}
	}
	return pages, bytes + uint64(pages)*(4*seriesPageSize+8)
}
