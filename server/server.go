// Package server answers over HTTP: it decodes a request, makes one call, and
// encodes what came back.
//
// Order and back-pressure: a request that brings events is answered once they
// are durable in the log; while the gate's queue is full it is refused with a
// 503 and a Retry-After. A read is answered from the state as it is, or, with
// minSeq, once that position is applied, within a bound. What is bounded: the
// body, the events in it, the header, the time for each, the questions in a
// batch, the decisions that are kept. Nothing is queued here.
package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"nabo/engine/event"
	"nabo/server/live"
)

// Server is the HTTP surface. New makes one; Handler or Serve runs it.
type Server struct {
	opt       Options
	mux       *http.ServeMux
	api       huma.API
	patterns  []string // what is registered
	origins   *http.CrossOriginProtection
	questions questions
	decisions *decisions
	metrics   *metrics
	calls     sync.Pool // of *call
	started   time.Time
	begun     time.Time // by the machine's clock, which Busy goes by
	document  []byte    // /openapi.json
	page      []byte    // /docs

	hub        *live.Hub // who watches what
	sockets    *sockets
	changes    []live.Change // Applied's room
	rates      rates
	rejections rejections

	phase    atomic.Int32  // a phase
	draining chan struct{} // closed when Serve begins to stop
	lookup   atomic.Int64  // when the newest lookup ended, in nanoseconds since begun; 0: there was none

	configuring sync.Mutex // held while a scenario is changed over HTTP

	counting sync.Mutex // held while the whole state is walked for /v1/stats or /metrics

	drawing sync.Mutex // held while a part of the graph is drawn
	drawn   drawnWhole // guarded by drawing
}

// phase is how far along the process is.
type phase int32

const (
	starting phase = iota // the log is still being replayed
	ready                 // reads and events are answered
	draining              // still answered, but nothing new should be sent here
)

// New makes a Server. It is not ready until SetReady(true).
func New(opt Options) (*Server, error) {
	if err := opt.validate(); err != nil {
		return nil, err
	}
	opt.fill()
	s := &Server{
		opt: opt, mux: http.NewServeMux(), origins: http.NewCrossOriginProtection(),
		questions: newQuestions(), started: opt.Now(), draining: make(chan struct{}), begun: time.Now(),
		decisions: newDecisions(opt.DecisionBytes, opt.DecisionCount),
	}
	for _, origin := range opt.AllowedOrigins {
		if err := s.origins.AddTrustedOrigin(origin); err != nil {
			return nil, fmt.Errorf("server: AllowedOrigins: %w", err)
		}
	}
	s.calls.New = func() any { return new(call) }
	var err error
	if s.hub, err = s.newHub(); err != nil {
		return nil, fmt.Errorf("server: %w", err)
	}
	s.sockets = newSockets()
	s.rates.take(s.tally(0))
	s.metrics = newMetrics(s)
	if err := s.register(); err != nil {
		return nil, fmt.Errorf("server: write the documentation: %w", err)
	}
	return s, nil
}

// SetReady says whether the state has caught up with the log. Until it has,
// /readyz and everything under /v1 but /v1/stats answer with a 503. Any
// goroutine may call it.
func (s *Server) SetReady(yes bool) {
	if yes {
		s.phase.CompareAndSwap(int32(starting), int32(ready))
		return
	}
	s.phase.CompareAndSwap(int32(ready), int32(starting))
}

// Handler gives the whole surface, for a listener of the caller's own.
func (s *Server) Handler() http.Handler { return http.HandlerFunc(s.front) }

// Serve answers on the listener until ctx is done, then stops without cutting
// a request: /readyz says no, after DrainDelay the listener is closed, and
// requests that run may finish within StopTimeout. It returns nil when all of
// them did. It is called once.
func (s *Server) Serve(ctx context.Context, listener net.Listener) error {
	srv := &http.Server{
		Handler:           s.Handler(),
		ReadHeaderTimeout: s.opt.HeaderTimeout,
		ReadTimeout:       s.opt.ReadTimeout,
		WriteTimeout:      s.opt.WriteTimeout,
		IdleTimeout:       s.opt.IdleTimeout,
		MaxHeaderBytes:    s.opt.MaxHeader,
		ErrorLog:          slog.NewLogLogger(s.opt.Log.Handler(), slog.LevelWarn),
	}
	defer s.runLive(context.WithoutCancel(ctx))()
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve HTTP: %w", err)
	case <-ctx.Done():
	}
	s.phase.Store(int32(draining))
	close(s.draining)
	wait(s.opt.DrainDelay)
	// The caller's context is done already: stopping has its own bound.
	bound, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.opt.StopTimeout)
	defer cancel()
	left := s.sockets.stop(bound) // Shutdown does not know of them
	if err := errors.Join(left, srv.Shutdown(bound)); err != nil {
		srv.Close()
		<-failed
		return fmt.Errorf("stop HTTP: some requests did not finish within %v: %w", s.opt.StopTimeout, err)
	}
	if err := <-failed; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve HTTP: %w", err)
	}
	return nil
}

// runLive runs what is beside requests, and returns what stops it.
func (s *Server) runLive(ctx context.Context) (stop func()) {
	running, cancel := context.WithCancel(ctx)
	var all sync.WaitGroup
	all.Go(func() { s.hub.Run(running) })
	all.Go(func() { s.sockets.beat(running) })
	return func() {
		cancel()
		all.Wait()
	}
}

// wait lets load balancers notice /readyz before the listener closes.
func wait(d time.Duration) {
	if d > 0 {
		<-time.After(d)
	}
}

// busyFor is how long after a lookup more are to be expected.
const busyFor = 100 * time.Millisecond

// Busy says whether lookups run: whether one ended within the last 100 ms. It
// is cheap; any goroutine may call it.
func (s *Server) Busy() bool {
	last := s.lookup.Load()
	return last != 0 && time.Since(s.begun)-time.Duration(last) < busyFor
}

// lookedUp notes that a lookup ended.
func (s *Server) lookedUp() { s.lookup.Store(int64(time.Since(s.begun))) }

func (s *Server) now() event.Millis { return event.At(s.opt.Now()) }

// unready gives the problem that the state is not there yet, nil when it is.
func (s *Server) unready() *Problem {
	if phase(s.phase.Load()) != starting {
		return nil
	}
	position, last := s.opt.Engine.Position(), s.opt.Status().LogLast
	return unavailable(notReady, fmt.Sprintf("not ready: position %d of %d in the log is applied", position, last))
}
