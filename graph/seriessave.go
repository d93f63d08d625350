package graph

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Begin starts a checkpoint at this moment. The one before it must have ended.
func (s *Series) Begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.saved, s.lost, s.gone = nil, s.gone, nil
	for g := range s.each {
		t := &s.each[g]
		for _, at := range t.dirty {
			if p := s.pageLocked(at); p != nil {
				p.dirty, p.held = false, true
				s.saved = append(s.saved, heldSeries{at, p})
			}
		}
		t.dirty = t.dirty[:0]
	}
}

// pageLocked returns a page, nil where it was let go of.
func (s *Series) pageLocked(at seriesCell) *seriesPage {
	st := &s.each[at.grain].ring[at.number%int64(at.grain.Kept())]
	if st.number != at.number || int(at.page) >= len(st.pages) {
		return nil
	}
	return st.pages[at.page]
}

// Save gives every page that had changed when Begin was called, and a nil value
// for those that were let go of since the checkpoint before. It takes no lock.
func (s *Series) Save(put func(g Grain, number uint64, page uint32, value []byte) error) error {
	for _, at := range s.lost {
		if err := put(at.grain, uint64(at.number), at.page, nil); err != nil {
			return err
		}
	}
	for i := range s.saved {
		h := &s.saved[i]
		if err := put(h.grain, uint64(h.number), h.page, h.was.encode()); err != nil {
			return err
		}
	}
	return nil
}

// End ends the checkpoint that Begin started and says whether it was kept.
func (s *Series) End(kept bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.saved {
		h := &s.saved[i]
		h.was.held = false
		if p := s.pageLocked(h.seriesCell); !kept && p != nil {
			s.markLocked(p, h.seriesCell)
		}
	}
	if !kept {
		s.gone = append(s.lost, s.gone...)
	}
	s.saved, s.lost = nil, nil
}

// encode gives the counts as varints, up to the last that is not 0.
func (p *seriesPage) encode() []byte {
	last := len(p.counts)
	for last > 0 && p.counts[last-1] == 0 {
		last--
	}
	dst := make([]byte, 0, last+last/4)
	for _, c := range p.counts[:last] {
		dst = binary.AppendUvarint(dst, uint64(c))
	}
	return dst
}

// Load sets a page to what Save gave, of products below limit; before any other
// call but Load itself, which any goroutines may call.
func (s *Series) Load(g Grain, number uint64, page uint32, value []byte, limit Node) error {
	if number > uint64(math.MaxInt64/g.Length()) || page >= uint32(MaxNodes>>seriesPageBits) || Node(page)<<seriesPageBits >= limit {
		return fmt.Errorf("graph: page %d of stretch %d", page, number)
	}
	p := &seriesPage{}
	r := reader{b: value}
	for i := 0; len(r.b) > 0; i++ {
		c := r.uvarint()
		if i == len(p.counts) || c > math.MaxUint32 || r.bad || (c > 0 && Node(page)<<seriesPageBits+Node(i) >= limit) {
			return fmt.Errorf("graph: sales of product %d of %d", int(page)<<seriesPageBits+i, limit)
		}
		p.counts[i] = uint32(c)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.reachLocked(g, int64(number))
	if st == nil {
		return nil // a newer one is there: it would be let go of at once
	}
	for uint32(len(st.pages)) <= page {
		st.pages = append(st.pages, nil)
	}
	st.pages[page] = p
	return nil
}

// Digest returns a hash of all counts; not beside the writer.
func (s *Series) Digest() uint64 {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var sum uint64
	for g := range s.each {
		sum += mix(uint64(s.each[g].newest)<<1 + uint64(g))
		for i := range s.each[g].ring {
			st := &s.each[g].ring[i]
			for page, p := range st.pages {
				if p == nil {
					continue
				}
				for i, c := range p.counts {
					if c > 0 {
						n := uint64(page)<<seriesPageBits + uint64(i)
						sum += mix(n<<1+uint64(g)) * (mix(uint64(st.number)<<32+uint64(c)) | 1)
					}
				}
			}
		}
	}
	return sum
}
