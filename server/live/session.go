package live

import (
	"sync"
	"time"
)

// Outlet is a connection that a session's frames leave by. Neither method may
// wait or call back.
type Outlet interface {
	// Wake says that there is something to Take.
	Wake()
	// Close says to close it once all that can be taken was.
	Close(code Code)
}

// Session is one client's watching, kept over broken connections. Open and
// Resume of a Hub give one; any goroutine may call its methods.
type Session struct {
	hub  *Hub
	name string

	mu      sync.Mutex
	outlet  Outlet // nil: there is no connection
	seq     uint64 // of the newest frame
	subs    map[string]*sub
	queue   []queued
	size    int                 // bytes in the queue
	window  window              // frames that were sent, for a resume
	starved map[*watch]struct{} // to be asked once there is room
	full    bool                // there was no room when it was asked for
	looks   int                 // how often the hub has found it so
	given   bool                // the client was given up: its connection is closing
	left    time.Time           // when the connection was lost
	drained chan struct{}       // closed when there is room again; nil: nobody waits
	ended   bool
}

// queued is a frame on its way out; one that is not kept has no seq.
type queued struct {
	bytes []byte
	seq   uint64
}

// Name is what a client names the session by to resume it.
func (s *Session) Name() string { return s.name }

// Open begins a session. welcome makes its first frame, from its name.
func (h *Hub) Open(o Outlet, welcome func(name string) []byte) *Session {
	s := &Session{hub: h, name: h.opt.Name(), outlet: o, subs: map[string]*sub{}}
	s.answer(welcome(s.name))
	h.mu.Lock()
	h.sessions[s.name] = s
	h.mu.Unlock()
	o.Wake()
	return s
}

// Leave says that a connection is gone. The session is kept for a while if it
// watches anything, unless another connection goes on with it already.
func (s *Session) Leave(o Outlet) {
	s.mu.Lock()
	if s.outlet != o || s.ended {
		s.mu.Unlock()
		return
	}
	s.outlet, s.left = nil, s.hub.opt.Now()
	s.queue, s.size = nil, 0
	s.roomyLocked()
	s.releaseLocked()
	end := len(s.subs) == 0
	s.mu.Unlock()
	if end {
		s.end()
	}
}

// end forgets the session, unless a connection goes on with it: one may have
// come since the caller looked.
func (s *Session) end() {
	s.mu.Lock()
	if s.ended || s.outlet != nil {
		s.mu.Unlock()
		return
	}
	s.ended = true
	var subs []*sub
	for _, u := range s.subs { // each leaves its own: the order means nothing
		if u.watch != nil {
			subs = append(subs, u)
		}
	}
	s.hub.counts.subscriptions.Add(-int64(len(s.subs)))
	s.window.drop(&s.hub.counts.windows)
	s.subs, s.queue, s.starved = nil, nil, nil
	s.releaseLocked()
	s.mu.Unlock()
	for _, u := range subs {
		s.hub.leave(u)
	}
	s.hub.mu.Lock()
	delete(s.hub.sessions, s.name)
	s.hub.mu.Unlock()
}

// enter makes room for a subscription.
func (s *Session) enter(u *sub) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.ended:
		return ErrEnded
	case s.subs[u.ref] != nil:
		return ErrTaken
	case len(s.subs) >= s.hub.opt.Subscriptions:
		return ErrTooManySubscriptions
	}
	s.subs[u.ref] = u
	s.hub.counts.subscriptions.Add(1)
	return nil
}

// joins says which watch a subscription is of; false: the session has ended.
func (s *Session) joins(u *sub, w *watch) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	u.watch = w
	return !s.ended
}

// exit takes a subscription out; nil: there is none, or it is only beginning.
func (s *Session) exit(ref string) *sub {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.subs[ref]
	if u == nil || u.watch == nil {
		return nil
	}
	delete(s.subs, ref)
	s.hub.counts.subscriptions.Add(-1)
	return u
}

// Answer queues a frame that answers the client. It is not kept for a resume.
func (s *Session) Answer(frame []byte) {
	s.answer(frame)
	s.mu.Lock()
	o := s.outlet
	s.mu.Unlock()
	if o != nil {
		o.Wake()
	}
}

func (s *Session) answer(frame []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.outlet != nil && !s.ended {
		s.queueLocked(frame, 0)
	}
}

// Room waits until there is room for answers. It returns false when done is
// closed before.
func (s *Session) Room(done <-chan struct{}) bool {
	for {
		s.mu.Lock()
		if s.outlet == nil || s.ended || s.roomLocked() {
			s.mu.Unlock()
			return true
		}
		if s.drained == nil {
			s.drained = make(chan struct{})
		}
		wait := s.drained
		s.mu.Unlock()
		select {
		case <-wait:
		case <-done:
			return false
		}
	}
}

func (s *Session) releaseLocked() {
	if s.drained != nil {
		close(s.drained)
		s.drained = nil
	}
}

// roomLocked says whether one more frame may be queued, and notes it if none
// may.
func (s *Session) roomLocked() bool {
	if s.outlet == nil {
		return false
	}
	if len(s.queue) < s.hub.opt.Queue && s.size < s.hub.opt.QueueBytes {
		return true
	}
	s.full = true
	return false
}

// roomyLocked notes that there is room again.
func (s *Session) roomyLocked() { s.full, s.looks = false, 0 }

func (s *Session) queueLocked(frame []byte, seq uint64) {
	s.queue = append(s.queue, queued{frame, seq})
	s.size += len(frame)
}

// ready says whether a watcher of w in this session can be told anything now;
// if not, w is asked again when it can.
func (s *Session) ready(w *watch) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended || s.roomLocked() {
		return !s.ended
	}
	s.starveLocked(w)
	return false
}

func (s *Session) starveLocked(w *watch) {
	if s.starved == nil {
		s.starved = map[*watch]struct{}{}
	}
	s.starved[w] = struct{}{}
}

func (s *Session) hasLost(u *sub) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return u.lost != ""
}

// push queues a frame of a subscription and keeps it for a resume. It returns
// false where there is no room, or something was left out before it: the watch
// is then asked again when there is room.
func (s *Session) push(u *sub, kind Kind, data []byte) bool { return s.pushSkipping(u, kind, data, 0) }

func (s *Session) pushSkipping(u *sub, kind Kind, data []byte, skipped int) bool {
	s.mu.Lock()
	switch {
	case s.ended:
		s.mu.Unlock()
		return true
	case u.lost != "" || !s.roomLocked():
		s.starveLocked(u.watch)
		s.mu.Unlock()
		return false
	}
	s.addLocked(u, &Frame{Kind: kind, Data: data, Skipped: skipped})
	o := s.outlet
	s.mu.Unlock()
	o.Wake()
	return true
}

// start queues a snapshot, after a resync if anything was left out before it.
func (s *Session) start(u *sub, data []byte) bool {
	s.mu.Lock()
	switch {
	case s.ended:
		s.mu.Unlock()
		return true
	case !s.roomLocked():
		s.starveLocked(u.watch)
		s.mu.Unlock()
		return false
	}
	if u.lost != "" {
		s.addLocked(u, &Frame{Kind: Resync, Data: []byte(u.lost)})
		u.lost = ""
	}
	s.addLocked(u, &Frame{Kind: Snapshot, Data: data})
	o := s.outlet
	s.mu.Unlock()
	o.Wake()
	return true
}

// lose notes that something of a subscription was left out.
func (s *Session) lose(u *sub, why string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.ended && u.lost == "" {
		u.lost = why
		s.starveLocked(u.watch)
	}
}

func (s *Session) addLocked(u *sub, f *Frame) {
	s.seq++
	f.Ref, f.Seq = u.ref, s.seq
	frame := s.hub.opt.Encode(f)
	s.hub.counts.frame(f.Kind)
	s.queueLocked(frame, s.seq)
	is := kept{bytes: frame}
	if f.Kind == NudgeFrame {
		is = kept{nudge: u}
	}
	s.window.add(is, &s.hub.opt, &s.hub.counts.windows)
}

func (s *Session) leftAt() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.left
}
