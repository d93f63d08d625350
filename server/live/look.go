package live

import (
	"cmp"
	"slices"
	"time"
)

// look does what must be done every second: offers begin and end by time alone,
// members become known, slow clients are closed, sessions that nobody came back
// to end.
func (h *Hub) look() {
	h.offers(false)
	h.meet()
	h.mu.Lock()
	all := make([]*Session, 0, len(h.sessions))
	for _, s := range h.sessions { // each is looked at by itself: the order means nothing
		all = append(all, s)
	}
	h.mu.Unlock()
	var left []*Session
	for _, s := range all {
		if s.look() {
			left = append(left, s)
		}
	}
	h.counts.left.Store(int64(len(left)))
	h.makeRoom(left)
}

// makeRoom ends the sessions whose clients left first, where there are too many.
func (h *Hub) makeRoom(left []*Session) {
	if len(left) <= h.opt.Kept {
		return
	}
	slices.SortFunc(left, func(a, b *Session) int { return cmp.Or(a.leftAt().Compare(b.leftAt()), cmp.Compare(a.name, b.name)) })
	for _, s := range left[:len(left)-h.opt.Kept] {
		s.end()
	}
}

// meet looks whether members have become known whom nobody knew.
func (h *Hub) meet() {
	h.mu.Lock()
	strangers := make([]*watch, 0, len(h.unknown))
	for w := range h.unknown { // each is looked up by itself: the order means nothing
		strangers = append(strangers, w)
	}
	h.mu.Unlock()
	for _, w := range strangers {
		if h.opt.Source.Token(w.q.Member) != 0 {
			h.plan(w, several)
		}
	}
}

// look ends a session that nobody came back to, and closes the connection of
// one whose client is slow; it says whether it is kept without a connection.
func (s *Session) look() (left bool) {
	now := s.hub.opt.Now()
	s.mu.Lock()
	switch {
	case s.ended:
		s.mu.Unlock()
		return false
	case s.outlet == nil && now.Sub(s.left) >= s.hub.opt.Keep:
		s.mu.Unlock()
		s.end()
		return false
	case s.outlet == nil:
		s.mu.Unlock()
		return true
	case !s.isSlowLocked():
		s.mu.Unlock()
		return false
	}
	o := s.outlet
	s.giveUpLocked()
	s.mu.Unlock()
	o.Close(TooSlow)
	return false
}

// isSlowLocked says whether there has been no room for too long. It counts the
// looks and asks no clock: a machine that stood still has made nobody slow.
func (s *Session) isSlowLocked() bool {
	if !s.full || s.given {
		return false
	}
	s.looks++
	return time.Duration(s.looks)*second > s.hub.opt.Slow
}

// giveUpLocked leaves out what waits and says so, once for each subscription.
// What answers the client stays.
func (s *Session) giveUpLocked() {
	s.queue = slices.DeleteFunc(s.queue, func(q queued) bool { return q.seq != 0 })
	s.size = 0
	for _, q := range s.queue {
		s.size += len(q.bytes)
	}
	refs := make([]string, 0, len(s.subs))
	for ref := range s.subs {
		refs = append(refs, ref)
	}
	slices.Sort(refs)
	for _, ref := range refs {
		u := s.subs[ref]
		s.addLocked(u, &Frame{Kind: Resync, Data: []byte(slow)})
		u.lost = slow
		if u.watch != nil {
			s.starveLocked(u.watch)
		}
	}
	s.given = true
	s.hub.counts.slow.Add(1)
}
