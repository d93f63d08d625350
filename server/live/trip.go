package live

import (
	"cmp"
	"slices"
)

// trip is a shopping session whose basket is watched. All of it is guarded by
// the hub's lock.
type trip struct {
	watches map[*watch]struct{}
	scans   []*Scan // not known to be in the source's state, in their order
	own     int     // of these, those of which no Change has told yet
}

// Scan is a product that was scanned and is on its way into the log. A nil one
// is of a session that nobody watches.
type Scan struct {
	hub     *Hub
	session uint64
	product string
	remove  bool
	seq     uint64 // 0: not in the log yet
}

// mostScans bounds what of one session may be on its way.
const mostScans = 64

// mostAsked bounds what is asked while the caller of Scan waits.
const mostAsked = 8

// Scan says that a product was just scanned, or taken out. Who watches the
// session's basket or nudges is told before it returns, the first eight different
// questions of them, and the others soon after; the caller must then Settle it.
func (h *Hub) Scan(session uint64, product string, remove bool) *Scan {
	h.mu.Lock()
	t := h.trips[session]
	if session == 0 || t == nil {
		h.mu.Unlock()
		return nil
	}
	c := &Scan{hub: h, session: session, product: product, remove: remove}
	if len(t.scans) == mostScans {
		t.scans = t.scans[1:]
	}
	t.scans = append(t.scans, c)
	t.own = min(t.own+1, mostScans)
	watches := make([]*watch, 0, len(t.watches))
	for w := range t.watches {
		w.causeLocked("scan")
		watches = append(watches, w)
	}
	h.mu.Unlock()
	// Nudges first: somebody stands before the shelf.
	slices.SortFunc(watches, func(a, b *watch) int { return cmp.Compare(b.q.Topic, a.q.Topic) })
	for i, w := range watches {
		if i < mostAsked {
			h.refresh(w)
		} else {
			h.plan(w, "scan")
		}
	}
	return c
}

// Settle says at which position of the log the scan is, 0 if it was not taken.
func (c *Scan) Settle(seq uint64) {
	if c == nil {
		return
	}
	h := c.hub
	h.mu.Lock()
	c.seq = seq
	var watches []*watch
	if t := h.trips[c.session]; t != nil && seq == 0 {
		t.own = max(t.own-1, 0)
		for i := range t.scans {
			if t.scans[i] == c {
				t.scans = append(t.scans[:i:i], t.scans[i+1:]...)
				break
			}
		}
		for w := range t.watches {
			watches = append(watches, w)
		}
	}
	h.mu.Unlock()
	for _, w := range watches {
		h.plan(w, "scan")
	}
}

// pending returns what of a session is on its way into the source's state.
func (h *Hub) pending(session uint64) Pending {
	if session == 0 {
		return Pending{}
	}
	// The position is read first: what is let go is in what is asked next.
	applied := h.opt.Source.Position()
	h.mu.Lock()
	defer h.mu.Unlock()
	t := h.trips[session]
	if t == nil || len(t.scans) == 0 {
		return Pending{}
	}
	kept := t.scans[:0]
	for _, c := range t.scans {
		if c.seq == 0 || c.seq > applied {
			kept = append(kept, c)
		}
	}
	clear(t.scans[len(kept):])
	t.scans = kept
	return sum(kept)
}

// sum is what scans come to: of each product the last one counts.
func sum(scans []*Scan) (p Pending) {
	seen := map[string]struct{}{}
	for i := len(scans) - 1; i >= 0; i-- {
		c := scans[i]
		if _, later := seen[c.product]; later {
			continue
		}
		seen[c.product] = struct{}{}
		if c.remove {
			p.Removed = append(p.Removed, c.product)
		} else {
			p.Added = append(p.Added, c.product)
		}
	}
	return p
}
