package live

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Change is one thing that happened, as far as those who watch may be touched
// by it.
type Change struct {
	Cause   string // what brought it, by the event's name
	Member  uint64 // whose lists may be other; 0: nobody's by that
	Session uint64 // whose basket may be other; 0: nobody's by that
	Store   string // where it was; empty: not known
	Sales   bool   // it was sold: what is trending there and everywhere may be other
	Scanned bool   // one scan, which Hub.Scan may have told already
	Closed  bool   // the session's basket is closed
	Product string // of which something that lists show, or its stock, is other
	Offers  bool   // anybody's offers may be other

	Type uint64 // Events: the event's bit
	Tail []byte // Events: what is shown of it; empty: nothing
}

// inlet is where changes wait to be looked at.
type inlet struct {
	most int
	wake chan struct{} // holds one

	mu      sync.Mutex
	waiting []Change
	lost    bool
}

func (q *inlet) init(most int) {
	q.most, q.wake = most, make(chan struct{}, 1)
}

// Watched says whether anybody watches anything, and Tailed whether anybody
// watches Events. They are for who would otherwise make changes for nobody.
func (h *Hub) Watched() bool { return h.counts.watches.Load() > 0 }

// Tailed says whether anybody watches Events.
func (h *Hub) Tailed() bool { return h.counts.tails.Load() > 0 }

// Note tells what has changed, once a question shows it. It never waits: where
// too much waits already, all that is watched is asked again.
func (h *Hub) Note(changes []Change) {
	q := &h.inlet
	q.mu.Lock()
	if len(q.waiting)+len(changes) > q.most {
		q.lost = true
		clear(q.waiting)
		q.waiting = q.waiting[:0]
	} else {
		q.waiting = append(q.waiting, changes...)
	}
	q.mu.Unlock()
	select {
	case q.wake <- struct{}{}:
	default: // it has been told
	}
}

// take gives all that waits, in the place of spare.
func (q *inlet) take(spare []Change) (changes []Change, lost bool) {
	clear(spare)
	q.mu.Lock()
	defer q.mu.Unlock()
	changes, lost = q.waiting, q.lost
	q.waiting, q.lost = spare[:0], false
	return changes, lost
}

// takeChanges looks at changes as they come, and now and then at what no change
// tells.
func (h *Hub) takeChanges(ctx context.Context) {
	tick := time.NewTicker(second)
	defer tick.Stop()
	var changes []Change
	h.opt.Source.Offers() // from here on: who watches has seen what is older
	for {
		select {
		case <-h.inlet.wake:
		case <-tick.C:
			h.look()
		case <-ctx.Done():
			return
		}
		var lost bool
		if changes, lost = h.inlet.take(changes); lost {
			h.counts.lost.Add(1)
			h.everything()
		}
		h.spread(changes)
	}
}

// spread has everything asked again that changes may have touched.
func (h *Hub) spread(changes []Change) {
	var products []string
	stores, sold := map[string]struct{}{}, false
	offers := false
	for i := range changes {
		c := &changes[i]
		if c.Member != 0 || c.Session != 0 {
			h.touch(c)
		}
		if c.Sales {
			sold = true
			stores[c.Store] = struct{}{}
		}
		if c.Product != "" {
			products = append(products, c.Product)
		}
		offers = offers || c.Offers
		if len(c.Tail) > 0 {
			h.tail(c)
		}
	}
	if sold {
		h.trend(stores)
	}
	if len(products) > 0 {
		h.goods(products)
	}
	if len(changes) > 0 {
		h.offers(offers)
	}
}

// touch plans the lists of a member and the basket of a session.
func (h *Hub) touch(c *Change) {
	h.mu.Lock()
	var mine, basket []*watch
	for w := range h.members[c.Member] { // each is planned: the order means nothing
		if c.Member != 0 {
			mine = append(mine, w)
		}
	}
	told := false
	if t := h.trips[c.Session]; t != nil && c.Session != 0 {
		if told = c.Scanned && t.own > 0; told {
			t.own--
		}
		for w := range t.watches {
			basket = append(basket, w)
		}
	}
	h.mu.Unlock()
	for _, w := range mine {
		if !slices.Contains(basket, w) {
			h.plan(w, c.Cause)
		}
	}
	for _, w := range basket {
		if c.Closed && w.q.Topic == Nudges {
			w.forgetTold()
		}
		if told {
			h.planAt(w, h.opt.Now().Add(confirmAfter), c.Cause) // it is shown already: only to make sure
			continue
		}
		h.plan(w, c.Cause)
	}
}

// confirmAfter is when a basket is asked again of which what was scanned has
// been shown already.
const confirmAfter = 250 * time.Millisecond

func (w *watch) forgetTold() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, u := range w.subs {
		u.told = nil
	}
}

// tail shows an event to those who watch events, as many as can be looked at.
func (h *Hub) tail(c *Change) {
	for _, w := range h.of(Events) {
		if w.q.Types != 0 && w.q.Types&c.Type == 0 {
			continue
		}
		w.mu.Lock()
		skipped, ok := w.tail.pass(h.opt.Now())
		for _, u := range w.subs {
			if ok && u.has != nil && !u.session.pushSkipping(u, EventFrame, c.Tail, skipped) {
				u.session.lose(u, slow)
			}
		}
		w.mu.Unlock()
	}
}

// meter lets so many events pass as somebody can look at, and counts the others.
type meter struct {
	at      time.Time
	spare   float64
	skipped int
}

// How many events a second are shown, and how many at once.
const (
	shownRate  = 100
	shownBurst = 50
)

// pass says whether one more event is shown, and how many were not before it.
func (m *meter) pass(now time.Time) (skipped int, ok bool) {
	if m.at.IsZero() {
		m.spare = shownBurst
	} else {
		m.spare = min(m.spare+now.Sub(m.at).Seconds()*shownRate, shownBurst)
	}
	m.at = now
	if m.spare < 1 {
		m.skipped++
		return 0, false
	}
	m.spare--
	skipped, m.skipped = m.skipped, 0
	return skipped, true
}

// of returns the watches of a topic.
func (h *Hub) of(t Topic) []*watch {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := make([]*watch, 0, len(h.topics[t]))
	for w := range h.topics[t] { // each is planned by itself: the order means nothing
		out = append(out, w)
	}
	return out
}

// trend plans what is trending where something was sold.
func (h *Hub) trend(stores map[string]struct{}) {
	for _, w := range h.of(Trending) {
		if _, here := stores[w.q.Store]; here || w.q.Store == "" {
			h.plan(w, "receipt")
		}
	}
}

// goods plans the lists that show any of the products.
func (h *Hub) goods(products []string) {
	causes := make(map[string]string, len(products))
	for _, id := range products {
		causes[id] = "price"
	}
	for _, t := range [...]Topic{Basket, Trending} {
		for _, w := range h.of(t) {
			if why := w.shows(causes); why != "" {
				h.plan(w, why)
			}
		}
	}
}

// offers plans the lists that show offers which are others now, and in its own
// time every list that might.
func (h *Hub) offers(everybodys bool) {
	changed, all := h.opt.Source.Offers()
	if len(changed) == 0 && !all && !everybodys {
		return
	}
	causes, cause := make(map[string]string, len(changed)), ""
	for _, c := range changed {
		causes[c.Offer] = c.Cause
		if cause == "" {
			cause = c.Cause
		} else if cause != c.Cause {
			cause = several
		}
	}
	for _, w := range h.of(Offers) {
		switch why := w.shows(causes); {
		case why != "":
			h.plan(w, why)
		case all || everybodys:
			h.planLater(w, cause)
		}
	}
	for _, w := range h.of(Nudges) {
		h.planLater(w, cause)
	}
}

// shows says why a list, as it was last found, is another: what has become of
// the ids that it holds. It returns "" if it holds none of them.
func (w *watch) shows(causes map[string]string) (cause string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.now == nil || len(causes) == 0 {
		return ""
	}
	for i := range *w.now {
		switch why := causes[(*w.now)[i].id]; {
		case why == "" || why == cause:
		case cause == "":
			cause = why
		default:
			return several
		}
	}
	return cause
}

// everything has all that is watched asked again, in its own time; who watches
// events is told that some were left out.
func (h *Hub) everything() {
	h.mu.Lock()
	for _, t := range h.trips {
		t.own = 0
	}
	h.mu.Unlock()
	for t := Offers; t <= Trending; t++ {
		for _, w := range h.of(t) {
			h.planLater(w, several)
		}
	}
	for _, w := range h.of(Events) {
		w.mu.Lock()
		for _, u := range w.subs {
			u.session.lose(u, restart)
		}
		w.mu.Unlock()
		h.plan(w, "")
	}
}
