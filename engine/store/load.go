package store

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/dgraph-io/badger/v4"
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
// returns. An error from fn ends it. A pair that does not hold what was written
// gives a *DamageError.
func (s *Store) Load(o LoadOptions, fn func(key, value []byte) error) (uint64, error) {
	s.mu.Lock()
	m := s.last
	s.mu.Unlock()
	if m.version == 0 {
		return 0, nil
	}
	l := &loading{s: s, at: m, fn: fn}
	err := guard("load", func() error { return l.all(&o) })
	if err == nil && (l.puts.Load() != m.puts || l.deletes.Load() != m.deletes) {
		err = &DamageError{Reason: fmt.Sprintf("its newest checkpoint wrote %d pairs and removed %d, but %d and %d are there",
			m.puts, m.deletes, l.puts.Load(), l.deletes.Load())}
	}
	if err != nil {
		return 0, fmt.Errorf("load checkpoint %d: %w", m.pos, err)
	}
	return m.pos, nil
}

// loading is one Load.
type loading struct {
	s    *Store
	at   marker
	fn   func(key, value []byte) error
	stop atomic.Bool // some goroutine has failed

	puts, deletes atomic.Uint64 // seen with just the marker's version
}

// span is a range of stored keys: from is in it, to is not; nil: no end.
type span struct{ from, to []byte }

func (l *loading) all(o *LoadOptions) error {
	if len(o.Lanes) == 0 || o.Workers < 2 {
		return l.span(span{from: []byte{pairPrefix}})
	}
	if err := l.span(span{[]byte{pairPrefix}, pairKey(nil, o.Lanes[0])}); err != nil {
		return err
	}
	var spans []span
	for i := range len(o.Lanes) - 1 {
		spans = append(spans, span{pairKey(nil, o.Lanes[i]), pairKey(nil, o.Lanes[i+1])})
	}
	spans = append(spans, l.s.spans(pairKey(nil, o.Lanes[len(o.Lanes)-1]))...)
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

// spans cuts the stored pairs from a key on at the ends of tables, which are of
// some megabytes each.
func (s *Store) spans(from []byte) []span {
	var cuts [][]byte
	for _, t := range s.db.Tables() {
		if n := len(t.Right) - versionBytes; n > 0 && t.Right[0] == pairPrefix && bytes.Compare(t.Right[:n], from) > 0 {
			cuts = append(cuts, t.Right[:n])
		}
	}
	slices.SortFunc(cuts, bytes.Compare)
	var out []span
	for _, cut := range slices.CompactFunc(cuts, bytes.Equal) {
		out = append(out, span{from, cut})
		from = cut
	}
	return append(out, span{from: from})
}

// versionBytes is what Badger appends to a key.
const versionBytes = 8

// span hands over the pairs of a range. It looks at all versions, so that what
// the newest checkpoint wrote and removed is counted on the way.
func (l *loading) span(r span) error {
	txn := l.s.db.NewTransactionAt(l.at.version, false)
	defer txn.Discard()
	it := txn.NewIterator(badger.IteratorOptions{Prefix: []byte{pairPrefix}, AllVersions: true})
	defer it.Close()
	var done []byte // the key that was handed over, or is removed
	for it.Seek(r.from); it.Valid() && !l.stop.Load(); it.Next() {
		item := it.Item()
		key := item.Key()
		if r.to != nil && bytes.Compare(key, r.to) >= 0 {
			break
		}
		if bytes.Equal(key, done) {
			continue // an older version
		}
		done = append(done[:0], key...)
		newest := item.Version() == l.at.version
		if item.IsDeletedOrExpired() {
			if newest {
				l.deletes.Add(1)
			}
			continue
		}
		if newest {
			l.puts.Add(1)
		}
		err := item.Value(func(stored []byte) error {
			value, err := decodeValue(key, stored)
			if err != nil {
				return err
			}
			return l.fn(key[1:], value)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
