package load

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// scanLoop has shoppers scan at a steady rate, one after the other, whether or
// not they are answered. Each scan is charged from when it was due.
type scanLoop struct {
	shoppers []*shopper
	rate     float64 // a second
	warmUp   time.Duration
	duration time.Duration // after the warm-up

	start   time.Time
	waiting atomic.Int64  // scans without their ack
	ready   chan *shopper // peak: those whose last scan is acked; nil: nobody waits for it

	mu sync.Mutex
	scanTimes
}

// scanTimes are how long scans took, in nanoseconds from when they were due.
type scanTimes struct {
	shown  *hdrhistogram.Histogram // to the nudge or, where there was none, the delta
	nudge  *hdrhistogram.Histogram // to the nudge, of those that brought one
	delta  *hdrhistogram.Histogram // to the delta, of those that brought one
	ack    *hdrhistogram.Histogram // to the ack; the echo's only answer
	silent int64                   // brought neither nudge nor delta
	lost   int64                   // never acknowledged
}

func newScanTimes() scanTimes {
	return scanTimes{shown: newHistogram(), nudge: newHistogram(), delta: newHistogram(), ack: newHistogram()}
}

// add adds another's to these.
func (t *scanTimes) add(other *scanTimes) {
	for _, h := range [][2]*hdrhistogram.Histogram{{t.shown, other.shown}, {t.nudge, other.nudge}, {t.delta, other.delta}, {t.ack, other.ack}} {
		h[0].Merge(h[1])
	}
	t.silent += other.silent
	t.lost += other.lost
}

// run sends until the duration is over, waits for the acks under way, and
// returns what was measured.
func (l *scanLoop) run(ctx context.Context) (*scanTimes, error) {
	l.scanTimes = newScanTimes()
	f := l.shoppers[0].fleet
	l.start = time.Now()
	return l.finish(ctx, f, atRate(l.start, l.rate, l.warmUp+l.duration, func(i int, due time.Duration) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		select {
		case <-f.broken:
			return errEnough
		default:
		}
		l.waiting.Add(1)
		return l.shoppers[i%len(l.shoppers)].next(l, due)
	}))
}

// peak has every shopper scan again as soon as the last scan is acked, and
// returns the acks a second.
func (l *scanLoop) peak(ctx context.Context) (float64, error) {
	l.scanTimes, l.ready = newScanTimes(), make(chan *shopper, len(l.shoppers))
	f := l.shoppers[0].fleet
	for _, s := range l.shoppers {
		l.ready <- s
	}
	l.start = time.Now()
	over := time.NewTimer(l.warmUp + l.duration)
	defer over.Stop()
	err := l.again(ctx, f, over.C)
	_, err = l.finish(ctx, f, err)
	return float64(l.ack.TotalCount()) / l.duration.Seconds(), err
}

// again sends the next scan of whoever is ready, until the time is over.
func (l *scanLoop) again(ctx context.Context, f *fleet, over <-chan time.Time) error {
	for {
		select {
		case <-over:
			return nil
		case <-f.broken:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		case s := <-l.ready:
			l.waiting.Add(1)
			if err := s.next(l, time.Since(l.start)); err != nil {
				return err
			}
		}
	}
}

// finish waits for the acks under way and settles all scans. err is what there
// was before.
func (l *scanLoop) finish(ctx context.Context, f *fleet, err error) (*scanTimes, error) {
	err = errors.Join(err, l.drain(ctx, f))
	for _, s := range l.shoppers {
		s.mu.Lock()
		s.settleLocked(true)
		s.mu.Unlock()
	}
	return &l.scanTimes, errors.Join(err, f.fault())
}

// drain waits for the acks under way, for as long as one may take.
func (l *scanLoop) drain(ctx context.Context, f *fleet) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for l.waiting.Load() > 0 {
		select {
		case <-f.broken:
			return nil
		case <-ctx.Done():
			return fmt.Errorf("%d scans without an ack: %w", l.waiting.Load(), ctx.Err())
		case <-tick.C:
		}
	}
	return nil
}

// acked notes the ack of a shopper's scan; the shopper holds its own lock.
func (l *scanLoop) acked(by *shopper, s *scan, took time.Duration) {
	l.waiting.Add(-1)
	if l.ready != nil {
		l.ready <- by // there is room for all of them
	}
	if !s.counts {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	_ = l.ack.RecordValue(int64(took)) // longer than patience it has failed already
}

// settle counts a scan that nothing more will come to.
func (l *scanLoop) settle(s *scan) {
	if !s.counts {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if !s.acked {
		l.lost++
	}
	shown := s.nudge
	if s.nudge > 0 {
		_ = l.nudge.RecordValue(int64(s.nudge)) // as above
	}
	if s.delta > 0 {
		_ = l.delta.RecordValue(int64(s.delta))
		if shown == 0 {
			shown = s.delta
		}
	}
	if shown == 0 {
		l.silent++
		return
	}
	_ = l.shown.RecordValue(int64(shown))
}
