package live

import "sync/atomic"

// window is the newest frames of a session, each one's seq following from the
// one before. A large frame is kept without its bytes, and so is any for which
// all sessions together hold too much.
type window struct {
	first  uint64 // the seq of frames[0]
	frames []kept
	size   int
}

// kept is a frame that was sent. Of a nudge there are no bytes but whose it was:
// it may not hold any more when it is sent again, so they are told anew.
type kept struct {
	bytes []byte
	nudge *sub // nil: it is no nudge
}

// add keeps a frame. all is what all sessions hold, in bytes.
func (w *window) add(f kept, o *Options, all *atomic.Int64) {
	if len(w.frames) == 0 && w.first == 0 {
		w.first = 1
	}
	if len(f.bytes) > o.FrameBytes {
		f.bytes = nil
	}
	if all.Add(int64(len(f.bytes))) > int64(o.Windows) {
		all.Add(-int64(len(f.bytes)))
		f.bytes = nil
	}
	w.frames = append(w.frames, f)
	w.size += len(f.bytes)
	for len(w.frames) > o.Window || w.size > o.WindowBytes {
		w.size -= len(w.frames[0].bytes)
		all.Add(-int64(len(w.frames[0].bytes)))
		w.frames[0] = kept{}
		w.frames = w.frames[1:]
		w.first++
	}
}

// drop forgets all frames.
func (w *window) drop(all *atomic.Int64) {
	all.Add(-int64(w.size))
	*w = window{}
}

// since returns the frames after seq; false: some of them are not kept.
func (w *window) since(seq, newest uint64) ([]kept, bool) {
	if seq == newest {
		return nil, true
	}
	if seq > newest || seq+1 < w.first || len(w.frames) == 0 {
		return nil, false
	}
	out := w.frames[seq+1-w.first:]
	for _, f := range out {
		if f.bytes == nil && f.nudge == nil {
			return nil, false
		}
	}
	return out, true
}

// The reasons of a resync.
const (
	slow    = "slow"    // the client read too slowly
	restart = "restart" // the hub lost sight of what changed
	pastIt  = "window"  // what the client has not seen is no longer kept
)

// Resume goes on with a session over another connection: what was sent after
// seq is sent again, nudges if they still hold, and what has changed since follows. welcome is sent first.
// It returns nil if there is no such session.
func (h *Hub) Resume(name string, seq uint64, o Outlet, welcome []byte) *Session {
	h.mu.Lock()
	s := h.sessions[name]
	h.mu.Unlock()
	if s == nil {
		return nil
	}
	s.mu.Lock()
	if s.ended {
		s.mu.Unlock()
		return nil
	}
	before := s.outlet
	s.outlet = o
	s.roomyLocked()
	s.given = false
	s.releaseLocked()
	s.queue, s.size = nil, 0
	s.queueLocked(welcome, 0)
	frames, all := s.window.since(seq, s.seq)
	for i, f := range frames {
		s.againLocked(f, seq+1+uint64(i))
	}
	for _, u := range s.subs {
		if !all && u.lost == "" {
			u.lost = pastIt
		}
		if u.lost != "" && u.watch != nil {
			s.starveLocked(u.watch)
		}
	}
	again := s.starvedLocked()
	s.mu.Unlock()
	if before != nil {
		before.Close(Replaced)
	}
	h.counts.resumed.Add(1)
	o.Wake()
	h.revive(again)
	return s
}

// againLocked queues a frame that was sent before. In the place of a nudge stands a
// resync of its subscription, and what still holds is told after it.
func (s *Session) againLocked(f kept, seq uint64) {
	if u := f.nudge; u != nil {
		f.bytes = s.hub.opt.Encode(&Frame{Kind: Resync, Ref: u.ref, Seq: seq, Data: []byte(pastIt)})
		s.hub.counts.frame(Resync)
		if u.lost == "" {
			u.lost = pastIt
		}
	}
	s.queueLocked(f.bytes, seq)
}

// Window is how many frames of a session are kept for a resume at most.
func (h *Hub) Window() int { return h.opt.Window }
