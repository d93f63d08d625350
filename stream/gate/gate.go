// Package gate admits what may enter the log.
//
// A submission is validated and gets its keys in its caller's goroutine. Three
// goroutines of Run then take it on: one gathers submissions into groups and
// leaves out what is in flight or applied already, one replaces ids by tokens
// and encodes a group, one appends it to the log. While an append is under
// way the next group is encoded and the one after it fills, so the more there
// is to do, the more goes into one append. Nothing waits for company: a
// submission that comes alone leaves at once.
//
// Order: events enter the log in the order of their submission's arrival, and
// within it as given. The erasure or merging of a member ends its group, and
// nothing that came after it is looked at before it is durable and the id is
// forgotten; so what comes after it gets a new token.
//
// Back-pressure: the log slows the gate, the gate's queue fills, and Submit
// waits. The gate also waits when too many keys are in flight, which is when
// the engine falls far behind the log.
package gate

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"nabo/engine/event"
)

// Log is where groups go. Append returns once the group is durable, and does
// not keep the bytes.
type Log interface {
	Append(ctx context.Context, group []byte) (seq uint64, err error)
}

// Tokens is the map from members' ids to tokens.
type Tokens interface {
	// Token returns an id's token; it never makes one.
	Token(id string) (event.Token, bool)
	// Assign returns the ids' tokens and makes what is missing; they are
	// durable when it returns.
	Assign(ids []string) ([]event.Token, error)
	// Forget erases an id; it is durable when it returns. To forget what is
	// not there is no error.
	Forget(id string) error
}

// Applied is the engine's memory of the keys that it has applied. A key that
// the engine has applied must be Seen before Position reaches its group.
type Applied interface {
	Seen(key uint64) bool
}

// Options say what the gate works with. Log, Tokens and Applied are needed,
// the rest has defaults.
type Options struct {
	Log     Log
	Tokens  Tokens
	Applied Applied
	// Position is the log position up to which all is applied: keys up to it
	// are no longer in flight. If nil, a group counts as applied when its
	// last key is Seen, which an engine that forgets old keys may never say.
	Position func() uint64
	// Check holds the rules that the event itself can't: an error rejects the
	// event, a *event.FieldError as it is. It is called in the submitter's
	// goroutine, of many at once, for events in their outer form that have
	// passed Validate. If nil there are no such rules.
	Check func(ev *event.Event) error
	// Now is the clock; time.Now if nil.
	Now func() time.Time
	// MaxEvents and MaxBytes bound a group; 4,000 and 1 MiB less 4 KiB if
	// zero. An event that is larger than MaxBytes alone is rejected.
	MaxEvents, MaxBytes int
	// Queue is how many submissions may wait to be gathered; 1,024 if zero.
	// One more waits in Submit.
	Queue int
	// MaxInFlight is how many keys may be in flight, appended but not yet
	// applied, before the gate waits for the engine; a million if zero. A
	// key takes some 50 bytes.
	MaxInFlight int
}

func (o *Options) validate() error {
	if o.Log == nil || o.Tokens == nil || o.Applied == nil {
		return errors.New("gate: Log, Tokens and Applied are needed")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	for _, n := range []struct {
		name     string
		v        *int
		standard int
	}{
		{"MaxEvents", &o.MaxEvents, 4_000},
		{"MaxBytes", &o.MaxBytes, 1<<20 - 4<<10},
		{"Queue", &o.Queue, 1_024},
		{"MaxInFlight", &o.MaxInFlight, 1_000_000},
	} {
		if *n.v < 0 {
			return fmt.Errorf("gate: %s must not be negative", n.name)
		}
		if *n.v == 0 {
			*n.v = n.standard
		}
	}
	return nil
}

// ErrStopped is returned by Submit when Run has ended.
var ErrStopped = errors.New("the gate is closed: the server is stopping")

// QueueFullError is returned by Submit when its context ended before there was
// room. Nothing of the submission was taken.
type QueueFullError struct {
	Queue int   // how many submissions were waiting
	Err   error // the context's
}

func (e *QueueFullError) Error() string {
	return fmt.Sprintf("nothing was taken: %d submissions are waiting for the log already; try again later (%v)", e.Queue, e.Err)
}

// Unwrap returns the context's error.
func (e *QueueFullError) Unwrap() error { return e.Err }

// Verdict says what became of an event.
type Verdict uint8

// The verdicts.
const (
	// Accepted: it is durable in the log, or there was nothing to do.
	Accepted Verdict = 1
	// Duplicate: it is in the log already, durably.
	Duplicate Verdict = 2
	// Rejected: it breaks a rule, and is not in the log.
	Rejected Verdict = 3
)

// Outcome is what became of one event.
type Outcome struct {
	Verdict Verdict
	Err     *event.FieldError // of a rejected one
}

// Result is what became of a submission.
type Result struct {
	// Seq is the position of the log at which all accepted events, and all
	// duplicates that are not applied yet, are in it: a read from there on
	// sees them. Zero if there is nothing to wait for.
	Seq uint64
	// Outcomes has one for each event, in their order.
	Outcomes []Outcome
}

// Gate admits events. New makes it; Submit works while Run runs.
type Gate struct {
	opts Options

	queue   chan *submission
	sealing chan *group
	sealed  chan *group
	stopped chan struct{} // closed when Run has ended
	scratch sync.Pool     // of *measure
	spare   chan *space   // used again by later groups
	running atomic.Bool
	counts  counts

	mu       sync.Mutex
	inFlight map[uint64]*group // by key
	durable  []*group          // in the log, not known to be applied, in order

	debtMu sync.Mutex // mu is never held with it
	owed   []string   // ids that are still to be forgotten
}

type counts struct {
	accepted, duplicates, rejected atomic.Uint64
	groups, bytes, failed          atomic.Uint64
	forgotten                      atomic.Uint64
}

// Stats counts what went through the gate since New.
type Stats struct {
	Accepted   uint64 // events in the log, or with nothing to do
	Duplicates uint64
	Rejected   uint64
	Groups     uint64 // appended
	Bytes      uint64 // of their payloads
	Failed     uint64 // groups that could not be appended
	Forgotten  uint64 // ids erased from the tokens
	Queue      int    // submissions waiting to be gathered
	InFlight   int    // keys appended or about to be, and not yet applied
}

// New returns a gate; it needs Run to admit anything.
func New(opts Options) (*Gate, error) {
	if err := opts.validate(); err != nil {
		return nil, err
	}
	g := &Gate{
		opts:     opts,
		queue:    make(chan *submission, opts.Queue),
		sealing:  make(chan *group),
		sealed:   make(chan *group),
		stopped:  make(chan struct{}),
		spare:    make(chan *space, 3),
		inFlight: make(map[uint64]*group),
	}
	g.scratch.New = func() any { return new(measure) }
	return g, nil
}

// Stats returns the counts so far. Any goroutine may call it.
func (g *Gate) Stats() Stats {
	g.mu.Lock()
	inFlight := len(g.inFlight)
	g.mu.Unlock()
	c := &g.counts
	return Stats{
		Accepted: c.accepted.Load(), Duplicates: c.duplicates.Load(), Rejected: c.rejected.Load(),
		Groups: c.groups.Load(), Bytes: c.bytes.Load(), Failed: c.failed.Load(),
		Forgotten: c.forgotten.Load(), Queue: len(g.queue), InFlight: inFlight,
	}
}

// Submit takes one request's events, in their outer form, and returns when all
// that is good among them is durable in the log, with an outcome for each. Any
// goroutine may call it. The gate keeps the events and their bodies and fills
// in their admitted form: the caller must not use them again.
//
// An error says that the log did not take the submission: a *QueueFullError
// when it was never begun, ErrStopped, the log's own error, or, when ctx ends
// while the append is under way, ctx's. But for the first, some of it may be
// in the log all the same. The same request sent again is safe where its
// events have ids or are receipts; others may then count twice.
func (g *Gate) Submit(ctx context.Context, evs []event.Event) (Result, error) {
	s, err := g.enter(ctx, evs)
	if err != nil {
		return Result{}, err
	}
	return g.await(ctx, s)
}

// SubmitEach is Submit for several requests at once, so that they share a
// group; one is not a part of another when equal receipts are counted. The
// results are in the requests' order. An error is that of the first request
// that met one; the others' fate is then open, too.
func (g *Gate) SubmitEach(ctx context.Context, requests [][]event.Event) ([]Result, error) {
	begun := make([]*submission, 0, len(requests))
	for _, evs := range requests {
		s, err := g.enter(ctx, evs)
		if err != nil {
			return nil, err
		}
		begun = append(begun, s)
	}
	results := make([]Result, len(begun))
	for i, s := range begun {
		var err error
		if results[i], err = g.await(ctx, s); err != nil {
			return nil, err
		}
	}
	return results, nil
}

// enter puts a submission into the queue.
func (g *Gate) enter(ctx context.Context, evs []event.Event) (*submission, error) {
	s := g.prepare(evs)
	if s.good == 0 {
		close(s.done)
		return s, nil
	}
	select {
	case <-g.stopped:
		return nil, ErrStopped
	default:
	}
	select {
	case g.queue <- s:
		return s, nil
	case <-g.stopped:
		return nil, ErrStopped
	case <-ctx.Done():
		return nil, &QueueFullError{Queue: len(g.queue), Err: ctx.Err()}
	}
}

// await returns what became of a submission.
func (g *Gate) await(ctx context.Context, s *submission) (Result, error) {
	select {
	case <-s.done:
		return s.result()
	default:
	}
	select {
	case <-s.done:
	case <-ctx.Done():
		return Result{}, fmt.Errorf("waiting for the log, which may still take the events: %w", ctx.Err())
	case <-g.stopped:
		select {
		case <-s.done:
		default:
			return Result{}, ErrStopped
		}
	}
	return s.result()
}
