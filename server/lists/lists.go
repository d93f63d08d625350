// Package lists runs lists: every member's offers from one position of the
// log, written to a file while they are made, and read from it by whoever
// asks, from wherever they stopped.
//
// Lists are made one at a time, in the order in which they were started; the
// queue is bounded, and Start refuses what does not fit. Rows are made by
// several goroutines and written in the order of the members; readers and the
// publishing follow the file, each at its own pace, and hold nobody up. While
// lookups run only one goroutine makes rows. See DESIGN.md.
package lists

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/oklog/ulid/v2"
)

// sweepEvery is how often old lists are looked for.
const sweepEvery = time.Minute

// errCancelled ends the context of a run that Cancel stops.
var errCancelled = errors.New("cancelled")

// Runs keeps the lists of one folder. Any goroutine may call its methods, Run
// only once.
type Runs struct {
	opt     Options
	way     *giveWay
	create  func(path string) (rowFile, error)
	wake    chan struct{} // holds one: there is a list to make
	publish chan struct{} // holds one: there is a list to publish

	mu       sync.Mutex
	ids      *ulid.MonotonicEntropy
	lists    map[string]*list
	order    []*list // by id
	starting int     // in Start, not in lists yet
	ran      bool
	stopped  chan struct{} // closed when Run has ended
}

// list is one list. Its fields are guarded by Runs.mu, but for id and saving.
type list struct {
	id     string
	saving sync.Mutex // held while the side file is written; taken before Runs.mu

	st          Status
	removed     bool
	stop        context.CancelCauseFunc // ends the run; nil: it does not run
	stopPublish context.CancelFunc      // nil: it is not being published
	waiting     bool                    // somebody waits for changed
	changed     chan struct{}           // closed at the next change if waiting
}

// New opens the folder. Lists that had not ended when it was last in use wait
// to be begun anew. Nothing is made before Run.
func New(opt Options) (*Runs, error) {
	if err := opt.validate(); err != nil {
		return nil, err
	}
	r := &Runs{
		opt:     opt,
		way:     &giveWay{ask: opt.Busy, rest: opt.Rest},
		create:  createRows,
		wake:    make(chan struct{}, 1),
		publish: make(chan struct{}, 1),
		ids:     ulid.Monotonic(rand.Reader, 0),
		lists:   make(map[string]*list),
		stopped: make(chan struct{}),
	}
	if err := r.load(); err != nil {
		return nil, err
	}
	return r, nil
}

// Run makes and publishes lists until ctx ends, and returns ctx's error. What
// it was making is begun anew after the next New.
func (r *Runs) Run(ctx context.Context) error {
	r.mu.Lock()
	again := r.ran
	r.ran = true
	r.mu.Unlock()
	if again {
		return errors.New("lists: Run was called twice")
	}
	var publishing sync.WaitGroup
	if r.opt.Publisher != nil {
		publishing.Go(func() { r.publishAll(ctx) })
	}
	r.makeAll(ctx)
	publishing.Wait()
	close(r.stopped)
	return ctx.Err()
}

func (r *Runs) makeAll(ctx context.Context) {
	sweep := time.NewTicker(sweepEvery)
	defer sweep.Stop()
	for ctx.Err() == nil {
		r.sweep()
		if l := r.first(Queued); l != nil {
			r.make(ctx, l)
			continue
		}
		select {
		case <-r.wake:
		case <-sweep.C:
		case <-ctx.Done():
		}
	}
}

// Start puts a list into the queue, on disk too, and returns its id. Errors
// are *SpecError, ErrFull, ErrStopped, or the disk's. The Spec is the
// caller's again when it returns.
func (r *Runs) Start(spec Spec) (id string, err error) {
	if err := spec.validate(r.opt.Publisher != nil); err != nil {
		return "", err
	}
	l, err := r.reserve(&spec)
	if err != nil {
		return "", err
	}
	if err = r.writeIDs(l.id, spec.IDs); err == nil {
		err = r.save(l)
	}
	r.mu.Lock()
	r.starting--
	if err == nil {
		r.lists[l.id] = l
		r.order = append(r.order, l)
		slices.SortFunc(r.order, byID)
	}
	r.mu.Unlock()
	if err != nil {
		return "", errors.Join(fmt.Errorf("start a list: %w", err), r.removeFiles(l.id))
	}
	signal(r.wake)
	return l.id, nil
}

// reserve makes a list and keeps its place in the queue.
func (r *Runs) reserve(spec *Spec) (*list, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	select {
	case <-r.stopped:
		return nil, ErrStopped
	default:
	}
	waiting := r.starting
	for _, l := range r.order {
		if l.st.State == Queued {
			waiting++
		}
	}
	if waiting >= r.opt.Queue {
		return nil, ErrFull
	}
	now := r.opt.Now().UTC()
	id, err := ulid.New(ulid.Timestamp(now), r.ids)
	if err != nil {
		return nil, fmt.Errorf("make a list's id: %w", err)
	}
	r.starting++
	l := newList(Status{ID: id.String(), Spec: *spec, State: Queued, Epoch: 1, Asked: now})
	l.st.Spec.Given, l.st.Spec.IDs = len(spec.IDs), nil
	if spec.Publish {
		l.st.Published = &Published{State: Queued}
	}
	return l, nil
}

// Status says how far a list is; ErrUnknown if there is none of this id.
func (r *Runs) Status(id string) (Status, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	l := r.lists[id]
	if l == nil {
		return Status{}, ErrUnknown
	}
	return l.statusLocked(r.opt.Now()), nil
}

// List gives the status of all lists, the newest first.
func (r *Runs) List() []Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.opt.Now()
	all := make([]Status, 0, len(r.order))
	for _, l := range slices.Backward(r.order) {
		all = append(all, l.statusLocked(now))
	}
	return all
}

// Cancel ends a list that waits or is being made, and removes its rows; of a
// list that is done it ends the publishing. It does not wait for the end. For
// a list that has ended it does nothing; ErrUnknown if there is none.
func (r *Runs) Cancel(id string) error {
	r.mu.Lock()
	l := r.lists[id]
	if l == nil {
		r.mu.Unlock()
		return ErrUnknown
	}
	waited := l.st.State == Queued
	switch {
	case waited:
		l.st.State, l.st.Ended = Cancelled, r.opt.Now().UTC()
	case l.stop != nil:
		l.stop(errCancelled)
	}
	stopped := l.cancelPublishingLocked(!waited && l.st.State != Running)
	l.tellLocked()
	r.mu.Unlock()
	switch {
	case waited:
		signal(r.publish) // there may be readers of the published part of an older epoch
		return errors.Join(r.save(l), r.removeRows(l.id))
	case stopped:
		return r.save(l)
	}
	return nil
}

// cancelPublishingLocked ends the publishing of a list that is made, and says
// whether there was any to end.
func (l *list) cancelPublishingLocked(made bool) bool {
	p := l.st.Published
	if !made || p == nil || p.State.ended() {
		return false
	}
	p.State = Cancelled
	if l.stopPublish != nil {
		l.stopPublish()
	}
	return true
}

// first gives the oldest list in a state, nil if there is none.
func (r *Runs) first(state State) *list {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, l := range r.order {
		if l.st.State == state {
			return l
		}
	}
	return nil
}

func newList(st Status) *list {
	return &list{id: st.ID, st: st, changed: make(chan struct{})}
}

// tellLocked wakes whoever waits for a change.
func (l *list) tellLocked() {
	if l.waiting {
		close(l.changed)
		l.changed, l.waiting = make(chan struct{}), false
	}
}

func (l *list) statusLocked(now time.Time) Status {
	st := l.st
	if p := st.Published; p != nil {
		copied := *p
		st.Published = &copied
	}
	if st.State.ended() {
		now = st.Ended
	}
	if took := now.Sub(st.Started).Seconds(); !st.Started.IsZero() && took > 0 {
		st.Rate = float64(st.Looked) / took
	}
	return st
}

func byID(a, b *list) int {
	switch {
	case a.id < b.id:
		return -1
	case a.id > b.id:
		return 1
	}
	return 0
}

// signal puts a token into a channel that holds one.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
