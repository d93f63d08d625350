package engine

import (
	"container/list"
	"slices"
	"sync"

	"nabo/engine/event"
	"nabo/graph"
)

// sessionGoods is how many goods of a session are remembered: the latest.
const sessionGoods = 32

// sessions holds what is going on now: what a session looked at, and what is
// in its cart or its scanned basket. Sessions that stood idle are forgotten,
// and so is the one that stood idle longest when there are too many.
type sessions struct {
	mu    sync.RWMutex // readers ask for baskets and for what a member's sessions hold
	byKey map[uint64]*session
	order *list.List // of *session, the longest idle first; the writer's
	seq   uint64     // touches so far; the writer's
	save  sessionSave
}

type session struct {
	key    uint64
	seq    uint64 // its latest touch: the order in which sessions stand
	member event.Token
	last   event.Millis // the engine's now at its last event
	viewed []graph.Node
	basket []graph.Node
	place  *list.Element
}

func (s *sessions) init() {
	s.byKey = map[uint64]*session{}
	s.order = list.New()
	s.save.dirty = map[uint64]struct{}{}
}

// touch returns a session, new if need be, as the latest one. The writer's; the
// caller holds no lock, and changes what readers see through update.
func (s *sessions) touch(key uint64, now event.Millis, limit int) *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.markLocked(key)
	ses := s.byKey[key]
	if ses == nil {
		if s.order.Len() >= limit {
			s.removeLocked(s.order.Front().Value.(*session))
		}
		ses = &session{key: key}
		ses.place = s.order.PushBack(ses)
		s.byKey[key] = ses
	}
	s.seq++
	ses.last, ses.seq = now, s.seq
	s.order.MoveToBack(ses.place)
	return ses
}

func (s *sessions) update(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

func (s *sessions) expire(now event.Millis, opt Options) {
	idle := event.Millis(opt.SessionMin) * 60_000
	for f := s.order.Front(); f != nil && f.Value.(*session).last+idle < now; f = s.order.Front() {
		s.remove(f.Value.(*session))
	}
}

func (s *sessions) remove(ses *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.removeLocked(ses)
}

func (s *sessions) removeLocked(ses *session) {
	s.markLocked(ses.key)
	s.order.Remove(ses.place)
	delete(s.byKey, ses.key)
}

// rename gives one member's sessions to another, 0 to nobody.
func (s *sessions) rename(from, to event.Token) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for el := s.order.Front(); el != nil; el = el.Next() {
		if ses := el.Value.(*session); ses.member == from {
			s.markLocked(ses.key)
			ses.member = to
		}
	}
}

// basket appends what a session has in its cart or scanned basket to dst.
func (s *sessions) basketOf(dst []graph.Node, key uint64) []graph.Node {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if ses := s.byKey[key]; ses != nil {
		dst = append(dst, ses.basket...)
	}
	return dst
}

// push appends n as the latest of a bounded list of distinct goods.
func push(list []graph.Node, n graph.Node) []graph.Node {
	if i := slices.Index(list, n); i >= 0 {
		list = slices.Delete(list, i, i+1)
	}
	if len(list) >= sessionGoods {
		list = slices.Delete(list, 0, 1)
	}
	return append(list, n)
}
