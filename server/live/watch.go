package live

import (
	"errors"
	"slices"
	"sync"
	"time"
)

// watch is one question and all who watch it.
type watch struct {
	q Question

	// Guarded by the hub's lock.
	due   time.Time
	place int       // in the agenda, from 1
	asked time.Time // when it was last taken from the agenda
	cause string    // why it is to be asked; empty: it need not be
	token uint64    // the member's; 0: nobody knows them
	gone  bool      // nobody watches it any more

	mu   sync.Mutex
	subs []*sub
	now  *list // as it was last found
	tail meter // Events
}

// sub is one session's watching of a question.
type sub struct {
	session *Session
	ref     string
	watch   *watch

	// Guarded by the watch's lock.
	has  *list              // what the watcher has; nil: nothing yet
	told map[touch]struct{} // Nudges

	lost string // why something was left out; empty: nothing was; guarded by the session's lock
}

// touch is an offer that a basket touches by a product.
type touch struct{ offer, product string }

// The causes of what has more than one, and of what no change brought.
const (
	several = "several"
	byTime  = "time"
)

func (w *watch) causeLocked(cause string) {
	switch {
	case w.cause == "" || w.cause == cause:
		w.cause = cause
	case cause != "":
		w.cause = several
	}
}

// The errors of Subscribe and Unsubscribe.
var (
	ErrTooManySubscriptions = errors.New("the session has as many subscriptions as it may")
	ErrTaken                = errors.New("the session has a subscription of this name")
	ErrUnknown              = errors.New("the session has no subscription of this name")
	ErrEnded                = errors.New("the session has ended")
)

// Subscribe begins to watch, and queues the snapshot.
func (s *Session) Subscribe(ref string, q Question) error {
	u := &sub{session: s, ref: ref}
	if err := s.enter(u); err != nil {
		return err
	}
	for {
		if joined, err := s.join(u, s.hub.watchOf(q)); joined || err != nil {
			return err
		}
	}
}

// join adds a watcher to a watch; false: the watch's last watcher left just now,
// and it is no more.
func (s *Session) join(u *sub, w *watch) (bool, error) {
	h := s.hub
	w.mu.Lock()
	defer w.mu.Unlock() // a question that panics ends one connection, and blocks no other
	if w.isGone(h) {
		return false, nil
	}
	if !s.joins(u, w) {
		if len(w.subs) == 0 {
			h.forget(w)
		}
		return false, ErrEnded
	}
	w.subs = append(w.subs, u)
	h.askLocked(w, "")
	return true, nil
}

// Unsubscribe ends a subscription.
func (s *Session) Unsubscribe(ref string) error {
	u := s.exit(ref)
	if u == nil {
		return ErrUnknown
	}
	s.hub.leave(u)
	return nil
}

// leave takes a watcher off its watch.
func (h *Hub) leave(u *sub) {
	w := u.watch
	w.mu.Lock()
	defer w.mu.Unlock()
	w.subs = slices.DeleteFunc(w.subs, func(o *sub) bool { return o == u })
	if len(w.subs) == 0 {
		h.forget(w)
	}
}

func (w *watch) isGone(h *Hub) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return w.gone
}

// watchOf finds the watch of a question, or makes it.
func (h *Hub) watchOf(q Question) *watch {
	token := uint64(0)
	if q.Member != "" {
		token = h.opt.Source.Token(q.Member)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if w := h.watches[q]; w != nil {
		return w
	}
	w := &watch{q: q, token: token}
	h.watches[q] = w
	h.topics[q.Topic][w] = struct{}{}
	h.indexLocked(w)
	if q.Session != 0 {
		t := h.trips[q.Session]
		if t == nil {
			t = &trip{watches: map[*watch]struct{}{}}
			h.trips[q.Session] = t
		}
		t.watches[w] = struct{}{}
	}
	h.counts.watching(q.Topic, 1)
	return w
}

// indexLocked finds a watch by its member from now on.
func (h *Hub) indexLocked(w *watch) {
	switch {
	case w.q.Member == "":
	case w.token == 0:
		h.unknown[w] = struct{}{}
	default:
		if h.members[w.token] == nil {
			h.members[w.token] = map[*watch]struct{}{}
		}
		h.members[w.token][w] = struct{}{}
	}
}

func (h *Hub) unindexLocked(w *watch) {
	delete(h.unknown, w)
	if of := h.members[w.token]; of != nil {
		delete(of, w)
		if len(of) == 0 {
			delete(h.members, w.token)
		}
	}
}

// forget drops a watch that nobody watches. The caller holds its lock.
func (h *Hub) forget(w *watch) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if w.gone {
		return
	}
	w.gone = true
	h.agenda.drop(w)
	delete(h.watches, w.q)
	delete(h.topics[w.q.Topic], w)
	h.unindexLocked(w)
	if t := h.trips[w.q.Session]; t != nil {
		delete(t.watches, w)
		if len(t.watches) == 0 {
			delete(h.trips, w.q.Session)
		}
	}
	h.counts.watching(w.q.Topic, -1)
}

// refresh asks a watch's question again, if anybody can be told.
func (h *Hub) refresh(w *watch) {
	w.mu.Lock()
	defer w.mu.Unlock()
	ready := false
	for _, u := range w.subs {
		ready = u.session.ready(w) || ready
	}
	if ready {
		h.askLocked(w, h.takeCause(w))
	}
}

func (h *Hub) takeCause(w *watch) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	cause := w.cause
	w.cause = ""
	return cause
}

// askLocked asks a watch's question and tells all who watch it what is
// different. The caller holds the watch's lock.
func (h *Hub) askLocked(w *watch, cause string) {
	h.counts.asked.Add(1)
	h.rename(w)
	asker := h.askers.Get().(Asker)
	defer h.askers.Put(asker)
	switch w.q.Topic {
	case Events:
		for _, u := range w.subs {
			h.begin(u, asker)
		}
		return
	case Nudges:
		h.nudge(w, asker)
	default:
		h.list(w, asker, cause)
	}
	h.planAt(w, h.opt.Now().Add(h.opt.Idle), "")
}

// rename looks up a member again: they may have become known, or been
// forgotten.
func (h *Hub) rename(w *watch) {
	if w.q.Member == "" {
		return
	}
	token := h.opt.Source.Token(w.q.Member)
	h.mu.Lock()
	defer h.mu.Unlock()
	if token != w.token && !w.gone {
		h.unindexLocked(w)
		w.token = token
		h.indexLocked(w)
	}
}

// list asks for a list.
func (h *Hub) list(w *watch, asker Asker, cause string) {
	l := asker.List(&w.q, h.pending(w.q.Session))
	if w.now == nil || !w.now.equal(l.Items) {
		w.now = listOf(l.Items)
	}
	if !l.Ends.IsZero() {
		h.planAt(w, l.Ends, "")
	}
	if cause == "" {
		cause = byTime
	}
	turn := turn{asker: asker, cause: cause}
	for _, u := range w.subs {
		h.show(w, u, &turn)
	}
}

// equal says whether two lists are the same, scores and all.
func (l list) equal(items []Item) bool {
	if len(l) != len(items) {
		return false
	}
	for i := range items {
		if l[i] != (shown{items[i].ID, items[i].Score, items[i].Content}) {
			return false
		}
	}
	return true
}
