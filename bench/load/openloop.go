package load

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// patience is how long an answer may take before the server is given up.
const patience = 30 * time.Second

// openLoop sends requests at a steady rate, whether or not they are answered.
type openLoop struct {
	addr     string
	conns    int
	rate     float64 // a second
	warmUp   time.Duration
	duration time.Duration // after the warm-up; 0: until the context ends
	want     int           // the status that is not an error

	// next appends the i-th request to dst and returns it. One goroutine calls
	// it.
	next func(dst []byte, i int) []byte
	// got, if not nil, is shown each good answer. Many goroutines call it.
	got func(body []byte)
	// each, if not nil, is told of each good answer that counts: to which
	// request, when that was due after the loop's start, and how long it took
	// since. One goroutine calls it at a time.
	each func(i int, due, took time.Duration)
}

// loopResult is what an open loop measured after its warm-up.
type loopResult struct {
	began   time.Time
	latency *hdrhistogram.Histogram // from when a request was due to its answer
	rate    float64                 // answers a second
	failed  int64                   // answers with another status
}

// lane is a connection and the request that is under way on it.
type lane struct {
	*conn
	number atomic.Int64 // of the request
	due    atomic.Int64 // nanoseconds after the loop's start
	counts atomic.Bool  // it is due after the warm-up
}

// loopState is one run of an openLoop.
type loopState struct {
	*openLoop
	start  time.Time
	free   chan *lane    // as many as there are
	broken chan struct{} // closed with the first error
	ended  atomic.Bool   // the lanes are closed on purpose

	mu     sync.Mutex
	result loopResult
	err    error
	last   time.Duration // of the last answer that counts
}

// run sends until the duration is over or ctx ends, waits for what is under
// way, and returns what was measured. An end of ctx is no error if the duration
// is 0.
func (o *openLoop) run(ctx context.Context) (*loopResult, error) {
	s := &loopState{
		openLoop: o, free: make(chan *lane, o.conns), broken: make(chan struct{}),
		result: loopResult{latency: newHistogram()},
	}
	lanes, err := s.connect(ctx)
	if err != nil {
		return nil, err
	}
	var readers sync.WaitGroup
	s.start = time.Now()
	s.result.began = s.start
	for _, l := range lanes {
		s.free <- l
		readers.Go(func() { s.read(l) })
	}
	if err := s.send(ctx); err != nil {
		s.fail(err)
	}
	s.drain(len(lanes))
	s.ended.Store(true)
	for _, l := range lanes {
		l.Close()
	}
	readers.Wait()
	if measured := s.last - o.warmUp; measured > 0 {
		s.result.rate = float64(s.result.latency.TotalCount()+s.result.failed) / measured.Seconds()
	}
	return &s.result, s.err
}

// connect opens the lanes.
func (s *loopState) connect(ctx context.Context) (lanes []*lane, err error) {
	for range s.conns {
		c, err := dial(ctx, s.addr)
		if err != nil {
			for _, l := range lanes {
				l.Close()
			}
			return nil, fmt.Errorf("connect to the server: %w", err)
		}
		lanes = append(lanes, &lane{conn: c})
	}
	return lanes, nil
}

// send hands the requests to the lanes, each when it is due.
func (s *loopState) send(ctx context.Context) error {
	var buf []byte
	return atRate(s.start, s.rate, s.end(), func(i int, due time.Duration) error {
		var l *lane
		select {
		case <-ctx.Done():
			if s.duration == 0 {
				return errEnough
			}
			return ctx.Err()
		case <-s.broken:
			return errEnough
		case l = <-s.free:
		}
		buf = s.next(buf[:0], i)
		l.number.Store(int64(i))
		l.due.Store(int64(due))
		l.counts.Store(due >= s.warmUp)
		if _, err := l.Write(buf); err != nil {
			return fmt.Errorf("send a request: %w", err)
		}
		return nil
	})
}

// end is when nothing is due any more; 0: never.
func (o *openLoop) end() time.Duration {
	if o.duration == 0 {
		return 0
	}
	return o.warmUp + o.duration
}

// read takes the answers that come in on a lane until it is closed.
func (s *loopState) read(l *lane) {
	for {
		status, body, err := l.receive()
		now := time.Since(s.start)
		if err != nil {
			if !s.ended.Load() {
				s.fail(fmt.Errorf("read an answer: %w", err))
			}
			return
		}
		s.count(l, status, now)
		if status == s.want && s.got != nil {
			s.got(body)
		}
		s.free <- l
	}
}

// count records an answer.
func (s *loopState) count(l *lane, status int, now time.Duration) {
	if !l.counts.Load() {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = max(s.last, now)
	if status != s.want {
		s.result.failed++
		return
	}
	// Out of range is only what took more than two minutes.
	due := time.Duration(l.due.Load())
	if s.result.latency.RecordValue(int64(now-due)) != nil {
		s.result.failed++
	}
	if s.each != nil {
		s.each(int(l.number.Load()), due, now-due)
	}
}

// drain waits for the answers under way on n lanes, for as long as an answer
// may take.
func (s *loopState) drain(n int) {
	late := time.NewTimer(patience)
	defer late.Stop()
	for range n {
		select {
		case <-s.free:
		case <-s.broken:
			return
		case <-late.C:
			s.fail(fmt.Errorf("the server did not answer within %v", patience))
			return
		}
	}
}

// fail keeps the first error and stops the run.
func (s *loopState) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err = err
		close(s.broken)
	}
}
