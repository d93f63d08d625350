package store

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"nabo/engine/store/runs"
)

// LoadOptions says how pairs are handed over. The zero value hands them over
// one after the other, in the order of their keys.
type LoadOptions struct {
	// Workers is how many goroutines hand pairs over; 0: one.
	Workers int
	// Lanes are keys, in order, at which lanes begin. Lanes are handed over
	// beside each other, each in the order of its keys by one goroutine, but for
	// the last, where order does not matter: that is cut into ranges. The pairs
	// below the first lane come before all lanes, in order.
	Lanes [][]byte
}

// Load hands every pair of the newest complete checkpoint to fn and returns the
// position it was written at, or 0 when there is none. Where o allows it, fn is
// called on several goroutines at once. Key and value are good until fn
// returns. An error from fn ends it. A file that does not hold what was written
// gives a *DamageError.
func (s *Store) Load(o LoadOptions, fn func(key, value []byte) error) (pos uint64, err error) {
	s.mu.Lock()
	m := s.last
	s.mu.Unlock()
	if m.version == 0 {
		return 0, nil
	}
	err = guard("load", func() (err error) {
		opened, err := s.openRuns(m.runs)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, closeRuns(opened)) }()
		l := &loading{runs: opened, fn: fn}
		return l.all(&o)
	})
	if err != nil {
		return 0, fmt.Errorf("load checkpoint %d: %w", m.pos, damageOf(err))
	}
	return m.pos, nil
}

// loading is one Load.
type loading struct {
	runs []*runs.Run // newest first
	fn   func(key, value []byte) error
	stop atomic.Bool // some goroutine has failed
}

// span is a range of keys: from is in it, to is not; nil: no end.
type span struct{ from, to []byte }

func (l *loading) all(o *LoadOptions) error {
	if len(o.Lanes) == 0 || o.Workers < 2 {
		return l.span(span{})
	}
	if err := l.span(span{nil, o.Lanes[0]}); err != nil {
		return err
	}
	var spans []span
	for i := range len(o.Lanes) - 1 {
		spans = append(spans, span{o.Lanes[i], o.Lanes[i+1]})
	}
	spans = append(spans, l.spans(o.Lanes[len(o.Lanes)-1])...)
	var next atomic.Int64
	errs := make([]error, o.Workers)
	var workers sync.WaitGroup
	for i := range errs {
		workers.Go(func() {
			errs[i] = guard("load", func() error { return l.take(spans, &next) })
			if errs[i] != nil {
				l.stop.Store(true)
			}
		})
	}
	workers.Wait()
	return errors.Join(errs...)
}

// take hands over one span after the other until none is left.
func (l *loading) take(spans []span, next *atomic.Int64) error {
	for !l.stop.Load() {
		n := int(next.Add(1)) - 1
		if n >= len(spans) {
			return nil
		}
		if err := l.span(spans[n]); err != nil {
			return err
		}
	}
	return nil
}

// spanBytes is how much of the largest run goes into a span: enough that
// looking for its first pair in every run costs little beside it.
const spanBytes = 64 << 20

// spans cuts what there is from a key on.
func (l *loading) spans(from []byte) []span {
	var out []span
	for _, cut := range runs.Cut(l.runs, from, spanBytes) {
		out = append(out, span{from, cut})
		from = cut
	}
	return append(out, span{from: from})
}

// errStopped ends a goroutine because another has failed.
var errStopped = errors.New("stopped")

// span hands over the pairs of a range.
func (l *loading) span(r span) error {
	err := runs.Merge(l.runs, r.from, r.to, func(key, value []byte) error {
		if l.stop.Load() {
			return errStopped
		}
		if value == nil {
			return nil
		}
		return l.fn(key, value)
	})
	if errors.Is(err, errStopped) {
		return nil
	}
	return err
}
