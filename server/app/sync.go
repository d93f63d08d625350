package app

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"nabo/engine"
	"nabo/engine/event"
	"nabo/engine/store"
	"nabo/server"
	"nabo/server/push"
)

const (
	// freezeAgain is how long a sync waits before it asks again for a view of
	// the state that a list run has.
	freezeAgain = 100 * time.Millisecond
	// catalogEvery is how often it is looked whether the catalogue has to hear
	// of an offer. It costs nothing where nothing changed.
	catalogEvery = 30 * time.Second
)

// syncs sends what changed of members' offers to each receiver, one after the
// other. Receivers have their own views of the state and their own notes of
// what they were sent, so that one that is away holds up no other and a new one
// gets everything. All that is sent is sent by run's goroutine.
type syncs struct {
	opt       SyncConfig
	engine    *engine.Engine
	tokens    *store.Tokens
	now       func() time.Time
	log       *slog.Logger
	busy      func() bool
	began     time.Time
	transport *http.Transport
	receivers []*receiver
	dead      []*push.DeadLetters
	wake      chan struct{} // holds one: asked or again was set

	mu      sync.Mutex
	next    time.Time // when the next sync is due; zero: when it is asked for
	running bool
	asked   bool // for a sync
	again   bool // for dead letters to be sent again
	sending bool // dead letters are being sent again
}

// receiver is one of the systems that offers are sent to.
type receiver struct {
	kind   string // nats, webhook or bloomreach
	file   string // begins the names of its files
	syncer *push.Syncer
	dead   *push.DeadLetters // nil: it has none
	again  push.Resender     // nil: likewise
	items  *catalog          // nil: it has none
	coarse bool              // it tells what is newer by whole seconds
	second int64             // Unix time of the last view; run's

	state server.SyncReceiver // guarded by syncs.mu
}

// run syncs when it is due and when it is asked for, until ctx ends. What fails
// is noted and done by the next sync: nothing here stops the process.
func (s *syncs) run(ctx context.Context) error {
	due := s.schedule()
	defer func() { due.Stop() }()
	look := time.NewTicker(catalogEvery)
	defer look.Stop()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-due.C:
			s.syncAll(ctx)
			due = s.schedule()
		case <-s.wake:
			s.serve(ctx)
		case <-look.C:
			if s.opt.SyncEvery > 0 {
				s.each(ctx, s.updateItems)
			}
		}
	}
	return ctx.Err()
}

// schedule returns a timer for the next sync; it never fires where there is no
// schedule.
func (s *syncs) schedule() *time.Timer {
	if s.opt.SyncEvery == 0 {
		never := time.NewTimer(time.Hour)
		never.Stop()
		return never
	}
	s.mu.Lock()
	s.next = s.now().Add(s.opt.SyncEvery)
	s.mu.Unlock()
	return time.NewTimer(s.opt.SyncEvery)
}

// serve does what was asked for.
func (s *syncs) serve(ctx context.Context) {
	s.mu.Lock()
	again, asked := s.again, s.asked
	s.again, s.sending = false, again
	s.mu.Unlock()
	if again { // first, for a sync cannot go on while there is no room for more
		s.each(ctx, s.redeliver)
		s.mu.Lock()
		s.sending = false
		s.mu.Unlock()
	}
	if asked {
		s.syncAll(ctx)
	}
}

func (s *syncs) syncAll(ctx context.Context) {
	s.mu.Lock()
	s.asked, s.running = false, true
	s.mu.Unlock()
	s.each(ctx, func(ctx context.Context, r *receiver) {
		s.updateItems(ctx, r)
		s.sync(ctx, r)
	})
}

// each does something for each receiver, until ctx ends.
func (s *syncs) each(ctx context.Context, do func(context.Context, *receiver)) {
	s.setRunning(true)
	defer s.setRunning(false)
	for _, r := range s.receivers {
		if ctx.Err() == nil {
			do(ctx, r)
		}
	}
}

func (s *syncs) setRunning(yes bool) {
	s.mu.Lock()
	s.running = yes
	s.mu.Unlock()
}

// sync sends one receiver what changed.
func (s *syncs) sync(ctx context.Context, r *receiver) {
	began := s.now()
	f, err := s.freeze(ctx, r)
	var sum push.Summary
	if err == nil {
		sum, err = r.syncer.Run(ctx, &syncSource{f: f, tokens: s.tokens, scenario: s.opt.SyncScenario, busy: s.busy})
		f.Release()
	}
	if err != nil {
		s.failed(ctx, r, "offers were not sent in full; the next sync sends what is missing", err)
		return
	}
	ended := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	r.state.Syncs++
	r.state.Changes += uint64(sum.Changes)
	r.state.Last = &server.SyncDone{
		Position: sum.Position, Time: ended.UTC(), Took: server.Fixed(ended.Sub(began).Seconds()),
		Members: sum.Members, Changes: sum.Changes, Gone: sum.Gone, Full: sum.Full, Why: sum.Why,
	}
}

// freeze takes a view of the state, and waits for one that is taken. For a
// coarse receiver no two views are of the same second. What a process before
// this one sent is from before it began.
func (s *syncs) freeze(ctx context.Context, r *receiver) (*engine.Frozen, error) {
	r.second = max(r.second, s.began.Unix())
	for {
		now := s.now()
		pause := freezeAgain
		if r.coarse && now.Unix() == r.second {
			pause = time.Second - time.Duration(now.Nanosecond())
		} else if f, err := s.engine.Freeze(event.At(now)); !errors.Is(err, engine.ErrFrozen) {
			r.second = now.Unix()
			return f, err
		}
		if err := wait(ctx, pause); err != nil {
			return nil, err
		}
	}
}

// updateItems brings the receiver's catalogue up to date, if it has one.
func (s *syncs) updateItems(ctx context.Context, r *receiver) {
	if r.items == nil {
		return
	}
	if err := r.items.update(ctx, s.engine, event.At(s.now())); err != nil {
		s.failed(ctx, r, "the catalogue was not brought up to date; it is tried again", err)
	}
}

// redeliver sends a receiver's dead letters again.
func (s *syncs) redeliver(ctx context.Context, r *receiver) {
	if r.dead == nil || r.again == nil {
		return
	}
	sent, bad, err := push.Redeliver(ctx, r.dead, r.again)
	done := &server.SyncRedelivery{Time: s.now().UTC(), Sent: sent, Bad: bad}
	if err != nil {
		done.Reason = err.Error()
	}
	s.log.Info("dead letters were sent again", "receiver", r.kind, "sent", sent, "bad", bad, "reason", done.Reason)
	s.mu.Lock()
	r.state.LastRedelivery = done
	s.mu.Unlock()
}

// failed notes a failure, unless the process is being stopped.
func (s *syncs) failed(ctx context.Context, r *receiver, what string, err error) {
	if ctx.Err() != nil {
		s.log.Info("stopped while offers were sent; the next sync sends what is missing", "receiver", r.kind)
		return
	}
	s.log.Error(what, "receiver", r.kind, "reason", err)
	s.mu.Lock()
	defer s.mu.Unlock()
	r.state.Failures++
	r.state.LastFailure = &server.SyncFailure{Time: s.now().UTC(), Reason: err.Error()}
}

// Start asks for a sync.
func (s *syncs) Start() { s.ask(&s.asked) }

// Redeliver asks that dead letters be sent again.
func (s *syncs) Redeliver() { s.ask(&s.again) }

func (s *syncs) ask(what *bool) {
	s.mu.Lock()
	*what = true
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default: // it has been told
	}
}

// State tells how it stands.
func (s *syncs) State() server.SyncState {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := server.SyncState{
		Scenario: s.opt.SyncScenario, Every: server.Fixed(s.opt.SyncEvery.Seconds()),
		Running: s.running, Asked: s.asked, Redelivering: s.again || s.sending,
		Receivers: make([]server.SyncReceiver, len(s.receivers)),
	}
	if !s.next.IsZero() {
		next := s.next.UTC()
		out.Next = &next
	}
	for i, r := range s.receivers {
		out.Receivers[i] = r.state // what it points to never changes
		out.Receivers[i].Name = r.kind
		if r.dead != nil {
			out.Receivers[i].DeadLetterBytes = r.dead.Bytes()
		}
	}
	return out
}

// close closes the files. run has ended, or never began.
func (s *syncs) close() error {
	var errs []error
	for _, d := range s.dead {
		errs = append(errs, d.Close())
	}
	s.transport.CloseIdleConnections()
	return errors.Join(errs...)
}
