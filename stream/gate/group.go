package gate

import (
	"nabo/engine/event"
)

// group becomes one message of the log.
type group struct {
	// One stage after another has these for itself.

	space  *space        // nil once it is appended
	size   int           // an upper bound of its bytes
	n      int           // its events
	ends   bool          // its last event erases or merges a member
	forget string        // that member's id, if there is one to forget
	last   uint64        // the key of the last event that is written
	done   chan struct{} // closed when it is settled; only made if ends

	// The gate's mu guards these.

	keys    []uint64
	waits   []*submission
	settled bool // durable or failed
	seq     uint64
}

// space is what a group needs until it is appended.
type space struct {
	events  []event.Event
	origin  []place // of each event
	payload []byte
	ids     []string
	index   map[string]int // of ids
}

// place is where an event came from.
type place struct {
	s *submission
	i int
}

func (g *Gate) newGroup() *group {
	select {
	case sp := <-g.spare:
		return &group{space: sp, size: groupRoom}
	default:
		return &group{space: &space{index: make(map[string]int)}, size: groupRoom}
	}
}

// recycle keeps a group's space for another, if it is of a usual size.
func (g *Gate) recycle(gr *group) {
	sp := gr.space
	gr.space = nil
	if cap(sp.payload) > 2*g.opts.MaxBytes {
		return
	}
	clear(sp.events)
	clear(sp.origin)
	clear(sp.ids)
	clear(sp.index)
	sp.events, sp.origin, sp.ids, sp.payload = sp.events[:0], sp.origin[:0], sp.ids[:0], sp.payload[:0]
	select {
	case g.spare <- sp:
	default:
	}
}

// room says whether an event of the given size fits.
func (g *Gate) room(gr *group, size int) bool {
	return gr.n < g.opts.MaxEvents && gr.size+size <= g.opts.MaxBytes && !gr.ends
}

// add takes an event into a group, or finds that it is a duplicate. It is
// called by the gatherer.
func (g *Gate) add(gr *group, s *submission, i int, received event.Millis) {
	ev := &s.events[i]
	g.mu.Lock()
	defer g.mu.Unlock()
	// A key leaves the map only once it is Seen, so this order misses none.
	first, here := g.inFlight[ev.Key]
	if here || g.opts.Applied.Seen(ev.Key) {
		s.outcomes[i] = Outcome{Verdict: Duplicate}
		g.counts.duplicates.Add(1)
		switch {
		case here && first.settled:
			s.seq = max(s.seq, first.seq)
		case here:
			s.joinLocked(first) // not durable yet: neither is this answer
		}
		return
	}
	g.inFlight[ev.Key] = gr
	gr.keys = append(gr.keys, ev.Key)
	s.joinLocked(gr)
	s.outcomes[i] = Outcome{Verdict: Accepted}
	ev.Received = received
	if ev.Time == 0 {
		ev.Time = received
	}
	gr.space.events = append(gr.space.events, *ev)
	gr.space.origin = append(gr.space.origin, place{s, i})
	gr.size += s.sizes[i]
	gr.n++
	if ev.Type == event.TypeMemberErased || ev.Type == event.TypeMemberMerged {
		gr.ends = true
		gr.done = make(chan struct{})
	}
}

// joinLocked makes s wait for gr. Only the gatherer joins, one submission
// after another, so a submission that waits already is the last that came.
func (s *submission) joinLocked(gr *group) {
	if n := len(gr.waits); n > 0 && gr.waits[n-1] == s {
		return
	}
	gr.waits = append(gr.waits, s)
	s.pending++
}

// settle ends a group and tells everybody who waits for it.
func (g *Gate) settle(gr *group, seq uint64, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	gr.settled, gr.seq = true, seq
	if err != nil || seq == 0 { // not in the log: the keys are free again
		for _, key := range gr.keys {
			delete(g.inFlight, key)
		}
		gr.keys = nil
	} else {
		g.durable = append(g.durable, gr)
	}
	for _, s := range gr.waits {
		s.releaseLocked(seq, err)
	}
	gr.waits = nil
	if gr.done != nil {
		close(gr.done)
	}
	g.sweepLocked()
}

// sweepLocked lets go of the keys of groups that the engine has applied. It
// applies in the log's order, so the oldest that is not ends the search.
func (g *Gate) sweepLocked() {
	n := 0
	for ; n < len(g.durable) && g.appliedLocked(g.durable[n]); n++ {
		for _, key := range g.durable[n].keys {
			delete(g.inFlight, key)
		}
		g.durable[n] = nil
	}
	g.durable = g.durable[n:]
}

func (g *Gate) appliedLocked(gr *group) bool {
	if g.opts.Position != nil {
		return g.opts.Position() >= gr.seq
	}
	return g.opts.Applied.Seen(gr.last)
}
