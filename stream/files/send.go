package files

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// How a sender waits, where nothing else was asked for.
const (
	firstPause   = 100 * time.Millisecond // before the first retry; it doubles
	longestPause = 5 * time.Second
	patience     = 2 * time.Minute  // how long one request is tried again
	attemptTime  = 2 * time.Minute  // how long one attempt may take
	lookTime     = 15 * time.Second // how long a question may take
	graceTime    = 15 * time.Second // how long requests under way may take once the import is stopped
)

// sender posts batches to a server's POST /v1/events.
//
// Order: batches are started in the order in which they are put, each once the
// one before is wholly on its way to the server, so that the server reads them
// in that order while it still works on earlier ones. A slow one, or one that
// has to be sent again, may be passed by others, but by fewer than limit of
// them: no batch is started before the one limit places ahead of it is
// answered. An event counts with its own time wherever it stands in the log, so
// that little depends on this; with a limit of one the order is that of the
// files whatever happens.
//
// The last batch is held back until all others are answered, and asks the
// server to answer when everything is applied.
//
// At most limit requests are under way; put waits while there are more.
type sender struct {
	server  string
	client  *http.Client
	tally   *tally
	rejects *rejects
	forever bool // try again for as long as it takes

	ctx  context.Context // of the requests; it outlives the import's for graceTime
	fail context.CancelCauseFunc

	seq, applied atomic.Uint64 // the log's positions that were answered for, and that are applied

	hook  func() bool   // takes away what happens when the import's context is done
	calm  chan struct{} // closed then: nothing is tried again
	wound chan struct{} // closed when that has happened
	limit int
	under []chan struct{} // of the requests started last, each closed when it is answered
	wg    sync.WaitGroup
	held  *batch
	sent  chan struct{} // closed once the batch started last is on its way
	free  chan *batch
}

// newSender returns a sender with at most limit requests under way. When ctx is
// done, those get graceTime to end and are not tried again. Its caller calls
// finish or abandon, and then close.
func newSender(ctx context.Context, server string, limit int, t *tally, r *rejects) *sender {
	s := &sender{server: server, tally: t, rejects: r,
		client: &http.Client{Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, MaxIdleConnsPerHost: limit, DisableCompression: true}},
		limit: limit, free: make(chan *batch, limit+2), sent: make(chan struct{}),
		calm: make(chan struct{}), wound: make(chan struct{}),
	}
	close(s.sent)
	s.ctx, s.fail = context.WithCancelCause(context.WithoutCancel(ctx))
	s.hook = context.AfterFunc(ctx, s.windDown)
	return s
}

// windDown lets the requests under way end.
func (s *sender) windDown() {
	defer close(s.wound)
	close(s.calm)
	timer := time.NewTimer(graceTime)
	defer timer.Stop()
	select {
	case <-timer.C:
		s.fail(errStopped)
	case <-s.ctx.Done():
	}
}

var errStopped = errors.New("the import was stopped")

func (s *sender) spare() *batch {
	select {
	case b := <-s.free:
		b.body, b.origins = b.body[:0], b.origins[:0]
		return b
	default:
		return &batch{}
	}
}

// put hands a batch over. It waits while too many are under way, and returns
// what stopped an earlier one.
func (s *sender) put(ctx context.Context, b *batch) error {
	last := s.held
	s.held = b
	if last == nil {
		return s.fault()
	}
	if len(s.under) == s.limit {
		select {
		case <-s.under[0]:
			s.under = slices.Delete(s.under, 0, 1)
		case <-ctx.Done():
			return ctx.Err()
		case <-s.ctx.Done():
			return s.fault()
		}
	}
	before, after, done := s.sent, make(chan struct{}), make(chan struct{})
	s.sent, s.under = after, append(s.under, done)
	s.wg.Add(1)
	go func() {
		defer s.wg.Done()
		defer close(done)
		s.deliver(last, before, after)
	}()
	return nil
}

// deliver sends one batch after the one before is on its way.
func (s *sender) deliver(b *batch, before <-chan struct{}, after chan struct{}) {
	var once sync.Once
	onWay := func() { once.Do(func() { close(after) }) }
	defer onWay()
	select {
	case <-before:
	case <-s.ctx.Done():
		return
	}
	trace := &httptrace.ClientTrace{WroteRequest: func(httptrace.WroteRequestInfo) { onWay() }}
	if err := s.post(httptrace.WithClientTrace(s.ctx, trace), b, false); err != nil {
		s.fail(err)
		return
	}
	select {
	case s.free <- b:
	default:
	}
}

// fault returns what stopped the sender, nil while it runs.
func (s *sender) fault() error {
	if s.ctx.Err() == nil {
		return nil
	}
	return context.Cause(s.ctx)
}

// finish waits for all requests, then sends the last batch and waits until the
// server has applied it. The sender can be used again after it.
func (s *sender) finish() error {
	s.wg.Wait()
	if err := s.fault(); err != nil {
		return err
	}
	last := s.held
	s.held = nil
	if last == nil {
		return nil
	}
	if err := s.post(s.ctx, last, true); err != nil {
		return err
	}
	return s.awaitApplied(s.ctx)
}

// abandon waits for the requests under way and drops the batch that was held
// back, if there is one: the import's context is done, or a request has failed
// for good.
func (s *sender) abandon() {
	s.wg.Wait()
	s.held = nil
}

// close releases the connections and the goroutines. It is called after finish
// or abandon.
func (s *sender) close() {
	s.fail(errStopped)
	if !s.hook() {
		<-s.wound
	}
	s.client.CloseIdleConnections()
}

// post sends a batch and tries again where that may help: what the server
// took before the answer was lost, it knows again.
func (s *sender) post(ctx context.Context, b *batch, applied bool) error {
	pause, waited := firstPause, time.Duration(0)
	for {
		err := s.attempt(ctx, b, applied)
		var later *laterError
		if err == nil || !errors.As(err, &later) {
			s.tally.trouble.Store(nil)
			return err
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if s.isCalm() {
			return errStopped
		}
		if waited >= patience && !s.forever {
			return fmt.Errorf("gave up after %v: %w", waited.Round(time.Second), err)
		}
		s.tally.resent.Add(1)
		why := err.Error()
		s.tally.trouble.Store(&why)
		wait := max(pause, min(later.after, longestPause))
		select {
		case <-time.After(wait):
		case <-s.calm:
			return errStopped
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		waited += wait
		pause = min(2*pause, longestPause)
	}
}

// isCalm says whether nothing is to be tried again.
func (s *sender) isCalm() bool {
	select {
	case <-s.calm:
		return true
	default:
		return false
	}
}
