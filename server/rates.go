package server

import (
	"sync"
	"sync/atomic"
	"time"

	"nabo/stream/gate"
)

// RateStats is how much happens a second.
type RateStats struct {
	Seconds    Fixed `json:"seconds" doc:"Over how long: a minute, or since the look before that where nobody asked anything within it"`
	Events     Fixed `json:"events" doc:"Applied"`
	Duplicates Fixed `json:"duplicates" doc:"Known to the gate already"`
	Rejected   Fixed `json:"rejected" doc:"By the gate"`
	Requests   Fixed `json:"requests" doc:"Over HTTP"`
}

// tally is how much there was of everything at a moment since the server was
// made.
type tally struct {
	at                                     time.Duration
	events, duplicates, rejected, requests uint64
}

// rates keeps a tally of about every second of the last minute. There is no
// timer behind it: whoever asks anything has a tally taken where it is time.
type rates struct {
	requests atomic.Uint64
	next     atomic.Int64 // when the next tally is due, in nanoseconds

	mu    sync.Mutex
	kept  [64]tally // a ring; guarded by mu
	taken int       // how many ever were; guarded by mu
}

const tallyEvery = time.Second

// due counts a request, and says whether it is time for a tally.
func (r *rates) due(at time.Duration) bool {
	r.requests.Add(1)
	next := r.next.Load()
	return int64(at) >= next && r.next.CompareAndSwap(next, int64(at+tallyEvery))
}

// take keeps a tally.
func (r *rates) take(t tally) {
	t.requests = r.requests.Load()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.kept[r.taken%len(r.kept)] = t
	r.taken++
}

// since gives the rates between the tally of a minute ago and now. Where there
// is none from within the minute, it is the newest before that.
func (r *rates) since(now tally) RateStats {
	now.requests = r.requests.Load()
	from, found := r.before(now.at)
	seconds := (now.at - from.at).Seconds()
	if !found || seconds <= 0 {
		return RateStats{}
	}
	each := func(now, then uint64) Fixed { return Fixed(float64(max(now, then)-then) / seconds) }
	return RateStats{
		Fixed(seconds), each(now.events, from.events), each(now.duplicates, from.duplicates),
		each(now.rejected, from.rejected), each(now.requests, from.requests),
	}
}

// before gives the tally to compare with as of a moment.
func (r *rates) before(at time.Duration) (from tally, found bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := r.taken - 1; i >= max(0, r.taken-len(r.kept)); i-- {
		t := r.kept[i%len(r.kept)]
		switch {
		case t.at >= at:
			continue
		case found && at-t.at > time.Minute:
			return from, true
		}
		from, found = t, true
	}
	return from, found
}

// tally adds everything up, as of a moment since the server was made.
func (s *Server) tally(at time.Duration) tally {
	t := tally{at: at}
	t.events, _ = s.opt.Engine.Counters()
	if g, ok := s.opt.Gate.(interface{ Stats() gate.Stats }); ok {
		st := g.Stats()
		t.duplicates, t.rejected = st.Duplicates, st.Rejected
	}
	return t
}
