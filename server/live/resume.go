package live

import "sync/atomic"

// window is the newest frames of a session, each one's seq following from the
// one before. A large frame is kept without its bytes, and so is any for which
// all sessions together hold too much.
type window struct {
	first  uint64 // the seq of frames[0]
	frames [][]byte
	size   int
}

// add keeps a frame. all is what all sessions hold, in bytes.
func (w *window) add(frame []byte, o *Options, all *atomic.Int64) {
	if len(w.frames) == 0 && w.first == 0 {
		w.first = 1
	}
	if len(frame) > o.FrameBytes {
		frame = nil
	}
	if all.Add(int64(len(frame))) > int64(o.Windows) {
		all.Add(-int64(len(frame)))
		frame = nil
	}
	w.frames = append(w.frames, frame)
	w.size += len(frame)
	for len(w.frames) > o.Window || w.size > o.WindowBytes {
		w.size -= len(w.frames[0])
		all.Add(-int64(len(w.frames[0])))
		w.frames[0] = nil
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
func (w *window) since(seq, newest uint64) ([][]byte, bool) {
	if seq == newest {
		return nil, true
	}
	if seq > newest || seq+1 < w.first || len(w.frames) == 0 {
		return nil, false
	}
	out := w.frames[seq+1-w.first:]
	for _, f := range out {
		if f == nil {
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
// seq is sent again, and what has changed since follows. welcome is sent first.
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
		s.queueLocked(f, seq+1+uint64(i))
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

// Window is how many frames of a session are kept for a resume at most.
func (h *Hub) Window() int { return h.opt.Window }
