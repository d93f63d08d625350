package live

import "slices"

// Take appends the frames that are to be written now to dst, in their order;
// none, if the session goes on over another connection.
func (s *Session) Take(o Outlet, dst [][]byte) [][]byte {
	s.mu.Lock()
	if s.outlet != o {
		s.mu.Unlock()
		return dst
	}
	n, size := 0, 0
	for n < len(s.queue) && n < takeFrames && (n == 0 || size+len(s.queue[n].bytes) <= takeBytes) {
		size += len(s.queue[n].bytes)
		dst = append(dst, s.queue[n].bytes)
		n++
	}
	s.size -= size
	s.queue = slices.Delete(s.queue, 0, n)
	if len(s.queue) == 0 && cap(s.queue) > keepQueue {
		s.queue = nil
	}
	var again []*watch
	if len(s.queue) <= s.hub.opt.Queue/2 && s.size <= s.hub.opt.QueueBytes/2 {
		s.roomyLocked()
		s.releaseLocked()
		again = s.starvedLocked()
	}
	s.mu.Unlock()
	s.hub.revive(again)
	return dst
}

// What is written at a time, and how much room an idle queue keeps.
const (
	takeFrames = 32
	takeBytes  = 64 << 10
	keepQueue  = 8
)

func (s *Session) starvedLocked() []*watch {
	if len(s.starved) == 0 {
		return nil
	}
	var out []*watch
	for w := range s.starved { // each is planned: the order means nothing
		out = append(out, w)
	}
	s.starved = nil
	return out
}
