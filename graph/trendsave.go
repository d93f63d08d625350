package graph

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/cespare/xxhash/v2"
)

// savedScope is a scope as it was when a checkpoint began.
type savedScope struct {
	scope Scope
	from  *trendScope
	was   *trendScope // its pages do not change
}

// markLocked notes that a scope changes, and keeps it for the running
// checkpoint if that has not come to it. It needs both locks.
func (t *Trends) markLocked(s Scope, sc *trendScope) {
	if t.dirty.pending.clear(uint32(s)) {
		t.saved = append(t.saved, savedScope{s, sc, sc.holdLocked()})
	}
	t.dirty.dirty.set(uint32(s))
}

// holdLocked returns the scope as it is, and holds its pages until letGo.
func (sc *trendScope) holdLocked() *trendScope {
	for i := range sc.pages {
		sc.held.set(uint32(i))
	}
	return &trendScope{epochs: sc.epochs, n: sc.n, pages: slices.Clone(sc.pages), sold: slices.Clone(sc.sold)}
}

func (sc *trendScope) letGo() {
	sc.mu.Lock()
	defer sc.mu.Unlock()
	sc.held.reset()
}

// Begin, Save and End make a checkpoint as those of Pairs do.
func (t *Trends) Begin() []JournalSegment {
	t.mu.Lock()
	defer t.mu.Unlock()
	whole := t.journal.mustWhole() || t.changedBytes() <= t.Whole
	if whole {
		t.dirty.begin()
	} else {
		t.dirty.beginTurn(t.journal.turn(), JournalTurns)
	}
	return t.journal.begin(whole)
}

// Save gives every scope that had changed when Begin was called. It takes the
// locks for as long as it takes to note where a scope's pages are.
func (t *Trends) Save(put func(s Scope, value []byte) error) error {
	since := t.journal.segment
	for next, more := t.nextScopes(0); ; {
		for _, s := range next {
			value := binary.LittleEndian.AppendUint32(s.was.encode(), since)
			s.from.letGo()
			if err := put(s.scope, value); err != nil {
				return err
			}
		}
		if !more {
			return nil
		}
		next, more = t.nextScopes(next[len(next)-1].scope + 1)
	}
}

// nextScopes returns the scopes that the writer kept, and the next at or after
// one that is to be saved, as the last; more says whether there was one.
func (t *Trends) nextScopes(from Scope) (next []savedScope, more bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	next, t.saved = t.saved, nil
	slot, more := t.dirty.next(uint32(from))
	if more {
		t.dirty.pending.clear(slot)
		sc := t.scopes[slot]
		sc.mu.Lock()
		next = append(next, savedScope{Scope(slot), sc, sc.holdLocked()})
		sc.mu.Unlock()
	}
	return next, more
}

// End ends the checkpoint that Begin started and says whether it was kept.
func (t *Trends) End(kept bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.dirty.end(kept)
	if !kept {
		t.saved = nil
		t.journal.failed.Store(true)
	}
}

// valueBytes is what encode makes, and the number that Save adds.
func (sc *trendScope) valueBytes() int {
	return 4*len(sc.epochs) + 8 + 20*sc.n + 8*len(sc.sold) + sinceBytes
}

func (sc *trendScope) encode() []byte {
	le := binary.LittleEndian
	dst := make([]byte, 0, sc.valueBytes())
	for _, e := range sc.epochs {
		dst = le.AppendUint32(dst, uint32(e))
	}
	dst = le.AppendUint32(dst, uint32(sc.n))
	for i := range uint32(sc.n) {
		c := sc.at(i)
		dst = le.AppendUint32(dst, uint32(c.node))
		for _, v := range c.v {
			dst = appendF32(dst, v)
		}
	}
	dst = le.AppendUint32(dst, uint32(len(sc.sold)))
	for _, w := range sc.sold {
		dst = le.AppendUint64(dst, w)
	}
	return dst
}

// Load sets a scope to what Save gave, of products below limit; before any
// other call but Grow.
func (t *Trends) Load(s Scope, value []byte, limit Node) error {
	sc := t.scope(s)
	if sc == nil {
		return fmt.Errorf("graph: scope %d of %d", s, len(t.scopes))
	}
	value, since, err := t.journal.cut(value)
	if err != nil {
		return err
	}
	t.journal.mu.Lock()
	t.journal.setSinceLocked(uint32(s), uint32(len(t.scopes)), since)
	t.journal.mu.Unlock()
	r := reader{b: value}
	for i := range sc.epochs {
		sc.epochs[i] = int32(r.u32())
	}
	sc.reset()
	for range r.count(4 + 4*int(spans)) {
		c := counter{node: Node(r.u32())}
		if c.node >= limit {
			return fmt.Errorf("graph: a counter of product %d of %d", c.node, limit)
		}
		for k := range c.v {
			c.v[k] = r.f32()
		}
		sc.push(c)
	}
	sc.sold = make(bitset, r.count(8))
	for i := range sc.sold {
		sc.sold[i] = uint64(r.u32()) | uint64(r.u32())<<32
	}
	return r.end()
}

// Digest returns a hash of all counters; not beside the writer.
func (t *Trends) Digest() uint64 {
	t.mu.RLock()
	defer t.mu.RUnlock()
	var sum uint64
	for s, sc := range t.scopes {
		sc.mu.RLock()
		sum += mix(uint64(s)+1) * (xxhash.Sum64(sc.encode()) | 1)
		sc.mu.RUnlock()
	}
	return sum
}
