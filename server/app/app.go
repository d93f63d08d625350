// Package app is one running process: it opens storage outward and closes
// from the outside in.
//
// Order, and why:
//
//	start                               stop
//	1 the address is taken              1 the feed ends, and HTTP takes no more; running requests finish,
//	2 tokens, store, decisions            which they can, for all below still runs
//	3 the engine loads the checkpoint   2 what NATS publishes is no longer taken in; it stays in its stream;
//	                                      the list that is being made is left, to be begun anew at the next start,
//	                                      and so is what is being sent to other systems
//	4 the log                           3 the gate commits what it holds
//	5 the gate, the lists, the syncs    4 following ends: all that was acknowledged is in the log,
//	6 following: the log is replayed      and the next start replays what was not applied
//	7 HTTP answers, not ready yet       5 a last checkpoint, so that there is little to replay
//	8 caught up: ready, refreshing,     6 the log closes, after its last reader and writer
//	  NATS taken in, services, lists,   7 the decisions, the store and the tokens close
//	  syncs, feed
//
// Reading the log is the only way by which the state changes, at the start and
// later: one goroutine applies, and nothing else touches the state but readers.
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"nabo/engine"
	"nabo/engine/event"
	"nabo/engine/store"
	"nabo/server"
	"nabo/server/lists"
	"nabo/stream"
	"nabo/stream/gate"
)

// Submit takes events in the outer form to the gate, as every surface does,
// and returns when they are durable in the log.
type Submit func(ctx context.Context, events []event.Event) error

// Options is what Run needs beside the settings.
type Options struct {
	Config
	// Version is what /v1/stats and the documentation show.
	Version string
	// Log takes what the process has to say; nil drops it.
	Log *slog.Logger
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// Ready, if not nil, is called once, when the log is replayed and all
	// surfaces answer, with where they can be reached.
	Ready func(Addresses)
	// Demo answers under /demo; nil: there is nothing there.
	Demo server.Pages
	// Feed, if not nil, runs from then on, until its context ends. Any error
	// of its own stops the process.
	Feed func(ctx context.Context, submit Submit) error
}

// Addresses is where a process can be reached.
type Addresses struct {
	HTTP string // such as http://127.0.0.1:8080
	NATS string // empty where other clients cannot reach it
}

// process is what is open. Fields are set by the start, in its order, and do
// not change after; counters are safe for all.
type process struct {
	opt       Options
	log       *slog.Logger
	listener  net.Listener
	tokens    *store.Tokens
	store     *store.Store
	engine    *engine.Engine
	stream    *stream.Stream
	gate      *gate.Gate
	decisions *store.Decisions
	lists     *lists.Runs
	syncs     *syncs // nil: offers are sent nowhere
	server    *server.Server

	pace     func(bytes int) // slows down what is written in the background; nil: nothing is
	logID    string          // of the log that the checkpoint belongs to; empty: no checkpoint
	marks    marks           // the saver's, after the start
	previous uint64          // the position of the checkpoint before the newest; the saver's

	// applying is held while a group is applied and while a checkpoint begins,
	// so that a checkpoint never cuts a group.
	applying sync.Mutex
	group    []event.Event // the group being applied; guarded by applying
	sinceCP  int           // events applied since a checkpoint began; guarded by applying

	phases   []any         // what each part of the start took, as attributes for the log
	applied  uint64        // events in the state before the log was followed
	target   uint64        // where the log ended at the start
	caught   bool          // caughtUp is closed; guarded by applying
	caughtUp chan struct{} // closed when target is applied
	refined  chan struct{} // closed when all that is derived was made once
	dueNow   chan struct{} // holds one: enough events for a checkpoint were applied
	saved    chan struct{} // holds one: a checkpoint was written, the store may have something to merge
	logEnd   atomic.Uint64
	logFirst atomic.Uint64
	logBytes atomic.Uint64
	savedAt  atomic.Int64 // Unix milliseconds; 0: no checkpoint
	damaged  atomic.Bool  // the store was found to be
	disk     atomic.Int64 // bytes of the store and the tokens on disk
	decided  atomic.Pointer[server.DecisionStatus]
}

// Run starts the process and runs it until ctx ends or something it cannot do
// without fails. It returns nil after a clean stop: no request cut, everything
// that was acknowledged in the log.
func Run(ctx context.Context, opt Options) error {
	if err := opt.Validate(); err != nil {
		return err
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	p := &process{
		opt: opt, log: opt.Log, caughtUp: make(chan struct{}), refined: make(chan struct{}),
		dueNow: make(chan struct{}, 1), saved: make(chan struct{}, 1), pace: paced(ctx),
	}
	defer boundMemory(ctx, p.log)()
	if err := p.open(ctx); err != nil {
		return errors.Join(err, p.close())
	}
	defer spareProcesses()() // from here on: a start goes by the processors there are
	return errors.Join(p.run(ctx), p.close())
}

// run runs everything that runs, and returns when all of it has ended.
func (p *process) run(ctx context.Context) error {
	// The parts run under contexts of their own: a stop ends them one by one.
	running := context.WithoutCancel(ctx)
	failed := newFailure()

	gateTask := start(running, failed, "the gate", p.gate.Run)
	followed := p.opt.Now()
	followTask := start(running, failed, "following the log", p.follow)
	saveTask := start(running, failed, "checkpoints", p.saveLoop)
	mergeTask := start(running, failed, "merging", p.mergeLoop)
	statusTask := start(running, failed, "upkeep", p.upkeep)
	httpTask := start(running, failed, "HTTP", func(ctx context.Context) error { return p.server.Serve(ctx, p.listener) })

	if p.opt.Pprof != "" {
		profiles := start(running, failed, "profiles", func(ctx context.Context) error { return servePprof(ctx, p.opt.Pprof) })
		defer profiles.stop()
	}

	var outer []*task
	select {
	case <-ctx.Done():
	case <-failed.c:
	case <-p.caughtUp:
		p.sayStart(followed)
		outer = p.goPublic(running, failed)
		select {
		case <-ctx.Done():
		case <-failed.c:
		}
	}
	p.log.Info("stopping")
	mergeTask.stop() // it is not paced any more, and can be done again

	for _, t := range outer { // the feed before the inbound stream
		if t.name == "the feed" {
			t.stop()
		}
	}
	httpTask.stop()
	for _, t := range outer {
		t.stop()
	}
	gateTask.stop()
	followTask.stop()
	statusTask.stop()
	saveTask.stop()
	if failed.err() == nil {
		failed.set(p.saveIfChanged())
	}
	return failed.err()
}

// goPublic starts what must wait until the state has caught up with the log.
func (p *process) goPublic(ctx context.Context, failed *failure) []*task {
	p.engine.Freshen()
	tasks := []*task{
		start(ctx, failed, "refreshing", p.refreshLoop),
		start(ctx, failed, "the inbound stream", func(ctx context.Context) error { return p.stream.Inbound(ctx, p.admit) }),
	}
	tasks = append(tasks, start(ctx, failed, "lists", p.whenRefined(p.lists.Run)))
	if p.syncs != nil {
		tasks = append(tasks, start(ctx, failed, "syncs", p.whenRefined(p.syncs.run)))
	}
	if err := p.offerServices(); err != nil {
		failed.set(err)
		return tasks
	}
	p.server.SetReady(true)
	p.log.Info("ready", "http", p.httpURL(), "nats", p.stream.URL(), "position", p.engine.Position())
	if p.opt.Ready != nil {
		p.opt.Ready(Addresses{HTTP: p.httpURL(), NATS: p.stream.URL()})
	}
	if p.opt.Feed != nil {
		tasks = append(tasks, start(ctx, failed, "the feed", func(ctx context.Context) error { return p.opt.Feed(ctx, p.submit) }))
	}
	return tasks
}

// took notes how long a part of the start took, and returns when it ended.
func (p *process) took(part string, began time.Time) time.Time {
	now := p.opt.Now()
	p.phases = append(p.phases, part, now.Sub(began))
	return now
}

// sayStart says what the start took, part by part, once the log is replayed.
func (p *process) sayStart(followed time.Time) {
	replayed := p.took("replay", followed).Sub(followed)
	applied, _ := p.engine.Counters()
	n := applied - p.applied
	p.phases = append(p.phases, "replayed", n)
	if n > 0 && replayed > 0 {
		p.phases = append(p.phases, "eventsPerSecond", int(float64(n)/replayed.Seconds()))
	}
	p.log.Info("the state stands", p.phases...)
}

func (p *process) httpURL() string { return "http://" + p.listener.Addr().String() }

// close closes what is open, from the outside in.
func (p *process) close() error {
	var errs []error
	if p.listener != nil {
		if err := p.listener.Close(); !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	if p.syncs != nil {
		errs = append(errs, p.syncs.close())
	}
	if p.stream != nil {
		errs = append(errs, p.stream.Close())
	}
	if p.decisions != nil {
		errs = append(errs, p.decisions.Close())
	}
	if p.store != nil {
		errs = append(errs, p.store.Close())
	}
	if p.tokens != nil {
		errs = append(errs, p.tokens.Close())
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("close: %w", err)
	}
	return nil
}
