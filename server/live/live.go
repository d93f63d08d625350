// Package live keeps those who watch up to date: it knows who watches what,
// asks again what may have changed, and sends each of them the difference to
// what they have.
//
// It knows no socket, no HTTP and no form of bytes: what it watches, a Source
// answers; what it sends, an Outlet carries away.
//
// Order and back-pressure: whoever applies events tells the hub by Note, which
// never waits; when too much waits there, the hub forgets it and asks for all
// that is watched again. What a watcher is to get is worked out only when there
// is room for it, so that differences coalesce while they are slow; what cannot
// coalesce and finds no room is named to them by a resync. Answers to what a
// client asks are dropped only with their connection: who makes one waits for
// Session.Room first, and so the client waits.
package live

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Code is why a connection is closed.
type Code int

// The codes.
const (
	Stopping      Code = 4000 // the server stops: come back
	NotAuthorised Code = 4001
	NoHello       Code = 4002 // none came in time
	TooSlow       Code = 4003 // a resync was sent before
	TooMany       Code = 4004 // connections from one address
	Flood         Code = 4005 // frames, for too long
	Replaced      Code = 4006 // the session goes on over another connection
)

// Kind is what a kept frame is.
type Kind uint8

// The kinds of frames that are kept for a resume.
const (
	Snapshot Kind = iota + 1
	DeltaFrame
	NudgeFrame
	EventFrame
	Resync
)

// Frame is one frame before it is encoded. Of a Resync, Data is the reason.
type Frame struct {
	Kind    Kind
	Ref     string
	Seq     uint64
	Skipped int // of an EventFrame: how many events before it are not shown
	Data    []byte
}

// Options say how a Hub works. Source, Encode, Name and Now must be set; every
// other zero value stands for its default.
type Options struct {
	Source Source
	// Encode makes the bytes of a frame. Any goroutine may call it. It is called
	// with locks held and may not call the hub.
	Encode func(f *Frame) []byte
	// Name draws a session's name, which nobody can guess.
	Name func() string
	// Now is the clock.
	Now func() time.Time

	Workers       int           // ask at the same time; default 2
	Subscriptions int           // of one session; default 32
	Window        int           // frames kept for a resume; default 256
	WindowBytes   int           // of them; default 64 KiB
	Windows       int           // bytes of the frames kept for all sessions; default 256 MiB
	FrameBytes    int           // a larger frame is not kept; default 4 KiB
	Queue         int           // frames waiting for one connection; default 128
	QueueBytes    int           // of them, one frame more at most; default 256 KiB
	Kept          int           // sessions without a connection; default 10,000
	Changes       int           // waiting to be looked at; default 16,384
	Keep          time.Duration // of a session without a connection; default 2 min
	Slow          time.Duration // without room until a connection is closed; default 5 s
	OfferPace     time.Duration // between two questions for the same offers; default 50 ms
	BasketPace    time.Duration // and for the same basket, unless something is scanned; default 20 ms
	TrendPace     time.Duration // and for what is trending; default 1 s
	Idle          time.Duration // after which anything is asked again; default 1 min
	Spacing       time.Duration // between questions that nobody waits for; default 2 ms
}

func (o *Options) validate() error {
	switch {
	case o.Source == nil:
		return errors.New("live: Source is missing")
	case o.Encode == nil:
		return errors.New("live: Encode is missing")
	case o.Name == nil:
		return errors.New("live: Name is missing")
	case o.Now == nil:
		return errors.New("live: Now is missing")
	}
	for _, n := range []struct {
		value    *int
		standard int
	}{
		{&o.Workers, 2}, {&o.Subscriptions, 32}, {&o.Window, 256}, {&o.WindowBytes, 64 << 10}, {&o.Windows, 256 << 20}, {&o.FrameBytes, 4 << 10},
		{&o.Queue, 128}, {&o.QueueBytes, 256 << 10}, {&o.Kept, 10_000}, {&o.Changes, 16_384},
	} {
		if *n.value < 0 {
			return errors.New("live: a bound is below zero, expected more")
		}
		if *n.value == 0 {
			*n.value = n.standard
		}
	}
	for _, d := range []struct {
		value    *time.Duration
		standard time.Duration
	}{
		{&o.Keep, 2 * time.Minute}, {&o.Slow, 5 * time.Second}, {&o.OfferPace, 50 * time.Millisecond},
		{&o.BasketPace, 20 * time.Millisecond}, {&o.TrendPace, time.Second}, {&o.Idle, time.Minute}, {&o.Spacing, 2 * time.Millisecond},
	} {
		if *d.value < 0 {
			return errors.New("live: a time is below zero, expected more")
		}
		if *d.value == 0 {
			*d.value = d.standard
		}
	}
	return nil
}

// Hub knows who watches what. New makes one; it works while Run runs, and
// sessions may be opened before. All other methods are any goroutine's.
//
// Locks: a watch's is taken before a session's or the hub's own; the last two
// are never held together. With a session's held only Options.Encode and
// Options.Now are called, with the hub's only Options.Now; with a watch's the
// Source and Outlet.Wake, too.
type Hub struct {
	opt    Options
	inlet  inlet
	wake   chan struct{} // holds one: the agenda has another first
	askers sync.Pool     // of Asker
	counts counts

	mu       sync.Mutex
	sessions map[string]*Session
	watches  map[Question]*watch
	members  map[uint64]map[*watch]struct{} // by token
	unknown  map[*watch]struct{}            // of members whom nobody knows
	trips    map[uint64]*trip               // by session
	topics   [Events + 1]map[*watch]struct{}
	agenda   agenda
	spaced   time.Time // when the last question is planned that nobody waits for
}

// New makes a Hub.
func New(opt Options) (*Hub, error) {
	if err := opt.validate(); err != nil {
		return nil, err
	}
	h := &Hub{
		opt: opt, wake: make(chan struct{}, 1),
		sessions: map[string]*Session{}, watches: map[Question]*watch{}, members: map[uint64]map[*watch]struct{}{},
		unknown: map[*watch]struct{}{}, trips: map[uint64]*trip{},
	}
	h.inlet.init(opt.Changes)
	for i := range h.topics {
		h.topics[i] = map[*watch]struct{}{}
	}
	h.askers.New = func() any { return opt.Source.Asker() }
	return h, nil
}

// second is how often the hub looks after what no change tells.
const second = time.Second

// Run asks what may have changed until ctx ends. It is called once.
func (h *Hub) Run(ctx context.Context) error {
	due := make(chan *watch)
	var all sync.WaitGroup
	for range h.opt.Workers {
		all.Go(func() { h.work(due) })
	}
	all.Go(func() { h.takeChanges(ctx) })
	h.dispatch(ctx, due)
	close(due)
	all.Wait()
	return nil
}

// work asks for what is due.
func (h *Hub) work(due <-chan *watch) {
	for w := range due {
		h.refresh(w)
	}
}

// dispatch hands out what is due.
func (h *Hub) dispatch(ctx context.Context, due chan<- *watch) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for ctx.Err() == nil {
		h.mu.Lock()
		now := h.opt.Now()
		w, next := h.agenda.next(now)
		if w != nil {
			w.asked = now
		}
		h.mu.Unlock()
		if w != nil {
			select {
			case due <- w:
			case <-ctx.Done():
			}
			continue
		}
		pause := time.Hour
		if !next.IsZero() {
			pause = next.Sub(now)
		}
		timer.Reset(pause)
		select {
		case <-h.wake:
		case <-timer.C:
		case <-ctx.Done():
		}
	}
}

// plan has a watch asked again, no sooner than its pace allows. The cause goes
// with what is then found.
func (h *Hub) plan(w *watch, cause string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	w.causeLocked(cause)
	at := h.opt.Now()
	if soonest := w.asked.Add(h.pace(w)); soonest.After(at) {
		at = soonest
	}
	h.putLocked(w, at)
}

// revive has watches asked again now that there is room for what they find.
func (h *Hub) revive(watches []*watch) {
	for _, w := range watches {
		h.mu.Lock()
		if w.cause == "" {
			w.cause = several
		}
		h.mu.Unlock()
		h.plan(w, "")
	}
}

// planLater has a watch asked again when there is time. One that is planned for
// an earlier moment keeps it, and takes no place of others.
func (h *Hub) planLater(w *watch, cause string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	w.causeLocked(cause)
	now := h.opt.Now()
	if h.spaced.Before(now) {
		h.spaced = now
	}
	at := h.spaced.Add(h.opt.Spacing)
	if w.gone || w.place > 0 && !at.Before(w.due) {
		return
	}
	h.spaced = at
	h.putLocked(w, at)
}

// planAt has a watch asked again at a moment.
func (h *Hub) planAt(w *watch, at time.Time, cause string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	w.causeLocked(cause)
	h.putLocked(w, at)
}

func (h *Hub) putLocked(w *watch, at time.Time) {
	if w.gone {
		return
	}
	if h.agenda.put(w, at) {
		select {
		case h.wake <- struct{}{}:
		default: // it has been told
		}
	}
}

func (h *Hub) pace(w *watch) time.Duration {
	switch w.q.Topic {
	case Trending:
		return h.opt.TrendPace
	case Offers:
		return h.opt.OfferPace
	default:
		return h.opt.BasketPace
	}
}
