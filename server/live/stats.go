package live

import "sync/atomic"

// counts count what the hub does.
type counts struct {
	watches, tails, left       atomic.Int64
	subscriptions              atomic.Int64
	windows                    atomic.Int64 // bytes
	asked, lost, resumed, slow atomic.Uint64
	frames                     [Resync + 1]atomic.Uint64
}

func (c *counts) watching(t Topic, by int64) {
	c.watches.Add(by)
	if t == Events {
		c.tails.Add(by)
	}
}

func (c *counts) frame(k Kind) { c.frames[k].Add(1) }

// Stats is what the hub does, since New where it counts what happened.
type Stats struct {
	Sessions      int // with those that are kept without a connection
	Left          int // kept without a connection, as of the last second
	Subscriptions int
	Watches       int    // different questions among them
	WindowBytes   int    // of the frames that are kept for a resume
	Asked         uint64 // questions
	Lost          uint64 // times that too many changes waited, and all was asked again
	Resumed       uint64 // sessions that went on over another connection
	Slow          uint64 // connections closed for being slow
	Snapshots     uint64 // frames, and so on
	Deltas        uint64
	Nudges        uint64
	Events        uint64
	Resyncs       uint64
}

// Stats returns the counts.
func (h *Hub) Stats() Stats {
	c := &h.counts
	out := Stats{
		Left: int(c.left.Load()), Watches: int(c.watches.Load()),
		Asked: c.asked.Load(), Lost: c.lost.Load(), Resumed: c.resumed.Load(), Slow: c.slow.Load(),
		Snapshots: c.frames[Snapshot].Load(), Deltas: c.frames[DeltaFrame].Load(), Nudges: c.frames[NudgeFrame].Load(),
		Events: c.frames[EventFrame].Load(), Resyncs: c.frames[Resync].Load(), Subscriptions: int(c.subscriptions.Load()), WindowBytes: int(c.windows.Load()),
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	out.Sessions = len(h.sessions)
	return out
}
