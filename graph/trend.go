package graph

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"sync"

	"encoding/binary"

	"github.com/cespare/xxhash/v2"
)

// Scope is where sales are counted: everywhere, in a chain, in a store.
// Scopes are given out from 0 upward; 0 is everywhere.
type Scope uint32

// Span is how far back a trend counter reaches.
type Span uint8

// The spans. Each is an exponential window whose weights sum to its length, so
// that a counter reads as "so many in the last hour".
const (
	SpanHour Span = iota
	SpanDay
	SpanWeek
	SpanMonth // 28 days: what is usual
	spans
)

// Length returns a span in milliseconds.
func (s Span) Length() int64 {
	return [spans]int64{msPerDay / 24, msPerDay, 7 * msPerDay, 28 * msPerDay}[s]
}

// MaxTrendProducts is the most products that one scope counts; the ones that
// sold least in a month go first.
const MaxTrendProducts = 1 << 16

// Trends counts sales over several spans, per scope. Add, Grow and Retire are
// the writer's; everything else may be called by anybody at any time.
type Trends struct {
	limit  int
	fades  [spans]fade
	mu     sync.RWMutex // guards scopes itself, not what is in it
	scopes []*trendScope
	dirty  cow // guarded by mu

	journal salesJournal // the writer's

	// Whole is as PairOptions.Whole; 0: 8 MiB. It is set before any call.
	Whole int
}

// trendScope is the counters of one scope.
type trendScope struct {
	mu       sync.RWMutex
	epochs   [spans]int32
	counters []counter
	place    map[Node]uint32 // product → place in counters
	sold     bitset          // all that was ever sold here and is not retired
}

type counter struct {
	node Node
	v    [spans]float32
}

// NewTrends makes empty counters; limit is the most products a scope counts,
// 0: MaxTrendProducts.
func NewTrends(limit int) *Trends {
	if limit == 0 {
		limit = MaxTrendProducts
	}
	t := &Trends{limit: limit, Whole: wholeBytes}
	for s := range spans {
		t.fades[s] = fade{float64(s.Length()) * math.Ln2}
	}
	return t
}

// Grow makes room for the scopes below n.
func (t *Trends) Grow(n Scope) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for Scope(len(t.scopes)) < n {
		sc := &trendScope{place: map[Node]uint32{}}
		for s := range sc.epochs {
			sc.epochs[s] = math.MinInt32
		}
		t.scopes = append(t.scopes, sc)
	}
}

func (t *Trends) scope(s Scope) *trendScope {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if int(s) >= len(t.scopes) {
		return nil
	}
	return t.scopes[s]
}

// Add counts one sale of each of nodes, or weight sales.
func (t *Trends) Add(s Scope, at int64, nodes []Node, weight float32) {
	t.journal.sold(s, at, nodes, weight)
	t.add(s, at, nodes, weight)
}

func (t *Trends) add(s Scope, at int64, nodes []Node, weight float32) {
	t.mu.Lock() // for the mark; the scope has its own lock
	sc := t.scopes[s]
	sc.mu.Lock()
	defer sc.mu.Unlock()
	t.dirty.touch(uint32(s), sc.encode)
	t.mu.Unlock()
	var add [spans]float32
	for i := range add {
		epoch, factor := t.fades[i].at(at)
		if epoch > sc.epochs[i] {
			sc.rescale(Span(i), epoch)
		}
		add[i] = float32(factor*shift(epoch, sc.epochs[i])) * weight
	}
	for _, n := range nodes {
		c := sc.counter(n)
		for i := range add {
			c.v[i] = max(c.v[i]+add[i], 0)
		}
		if weight > 0 {
			sc.sold.set(uint32(n))
		}
	}
	if len(sc.counters) > t.limit {
		sc.prune(t.limit - t.limit/8)
	}
}

func (sc *trendScope) rescale(s Span, epoch int32) {
	if sc.epochs[s] != math.MinInt32 {
		by := float32(shift(sc.epochs[s], epoch))
		for i := range sc.counters {
			sc.counters[i].v[s] *= by
		}
	}
	sc.epochs[s] = epoch
}

func (sc *trendScope) counter(n Node) *counter {
	i, ok := sc.place[n]
	if !ok {
		i = uint32(len(sc.counters))
		sc.place[n] = i
		sc.counters = append(sc.counters, counter{node: n})
	}
	return &sc.counters[i]
}

// prune keeps the counters with the best month; ties go to the lower node.
func (sc *trendScope) prune(keep int) {
	slices.SortFunc(sc.counters, func(a, b counter) int {
		if c := cmp.Compare(b.v[SpanMonth], a.v[SpanMonth]); c != 0 {
			return c
		}
		return cmp.Compare(a.node, b.node)
	})
	sc.counters = slices.Clip(sc.counters[:keep])
	sc.index()
}

func (sc *trendScope) index() {
	sc.place = make(map[Node]uint32, len(sc.counters))
	for i, c := range sc.counters {
		sc.place[c.node] = uint32(i)
	}
}

// Retire drops a product from every scope.
func (t *Trends) Retire(n Node) {
	t.journal.drop()
	t.mu.Lock()
	defer t.mu.Unlock()
	for s, sc := range t.scopes {
		sc.mu.Lock()
		i, counted := sc.place[n]
		if counted || sc.sold.has(uint32(n)) {
			t.dirty.touch(uint32(s), sc.encode)
			sc.sold.clear(uint32(n))
		}
		if counted {
			sc.counters = slices.Delete(sc.counters, int(i), int(i)+1)
			sc.index()
		}
		sc.mu.Unlock()
	}
}

// Sales is what a scope counted of one product: how many in each span, by
// exponential windows.
type Sales struct {
	Product Node
	In      [spans]float32
}

// Sales appends what a scope counts to dst, as of a moment.
func (t *Trends) Sales(dst []Sales, s Scope, ms int64) []Sales {
	sc := t.scope(s)
	if sc == nil {
		return dst
	}
	sc.mu.RLock()
	defer sc.mu.RUnlock()
	var by [spans]float32
	for i := range by {
		by[i] = float32(t.fades[i].to(sc.epochs[i], ms))
	}
	dst = slices.Grow(dst, len(sc.counters))
	for _, c := range sc.counters {
		sales := Sales{Product: c.node}
		for i := range by {
			sales.In[i] = c.v[i] * by[i]
		}
		dst = append(dst, sales)
	}
	return dst
}

// Sold copies into dst which products a scope has ever sold.
func (t *Trends) Sold(dst Set, s Scope) Set {
	dst.bits = dst.bits[:0]
	if sc := t.scope(s); sc != nil {
		sc.mu.RLock()
		dst.bits = append(dst.bits, sc.sold...)
		sc.mu.RUnlock()
	}
	return dst
}

// Set is a set of products.
type Set struct{ bits bitset }

// Has says whether n is in the set.
func (s Set) Has(n Node) bool { return s.bits.has(uint32(n)) }

// Add puts n into the set.
func (s *Set) Add(n Node) { s.bits.set(uint32(n)) }

// Clear empties the set and keeps its room.
func (s *Set) Clear() { s.bits.reset() }

// TrendStats counts what the counters hold.
type TrendStats struct{ Scopes, Counters int }

// Stats walks all scopes.
func (t *Trends) Stats() TrendStats {
	t.mu.RLock()
	defer t.mu.RUnlock()
	st := TrendStats{Scopes: len(t.scopes)}
	for _, sc := range t.scopes {
		sc.mu.RLock()
		st.Counters += len(sc.counters)
		sc.mu.RUnlock()
	}
	return st
}

// bytes is what encode makes, and the number that Save adds.
func (sc *trendScope) bytes() int {
	return 4*len(sc.epochs) + 8 + 20*len(sc.counters) + 8*len(sc.sold) + sinceBytes
}

func (sc *trendScope) encode() []byte {
	le := binary.LittleEndian
	dst := make([]byte, 0, sc.bytes())
	for _, e := range sc.epochs {
		dst = le.AppendUint32(dst, uint32(e))
	}
	dst = le.AppendUint32(dst, uint32(len(sc.counters)))
	for _, c := range sc.counters {
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
	sc.counters = make([]counter, r.count(4+4*int(spans)))
	for i := range sc.counters {
		c := &sc.counters[i]
		if c.node = Node(r.u32()); c.node >= limit {
			return fmt.Errorf("graph: a counter of product %d of %d", c.node, limit)
		}
		for k := range c.v {
			c.v[k] = r.f32()
		}
	}
	sc.sold = make(bitset, r.count(8))
	for i := range sc.sold {
		sc.sold[i] = uint64(r.u32()) | uint64(r.u32())<<32
	}
	sc.index()
	return r.end()
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

// Save gives every scope that had changed when Begin was called.
func (t *Trends) Save(put func(s Scope, value []byte) error) error {
	encode := func(slot uint32) []byte {
		sc := t.scopes[slot]
		sc.mu.RLock()
		defer sc.mu.RUnlock()
		return sc.encode()
	}
	since := t.journal.segment
	return saveCells(&t.mu, &t.dirty, encode, func(slot uint32, value []byte) error {
		return put(Scope(slot), binary.LittleEndian.AppendUint32(value, since))
	})
}

// End ends the checkpoint that Begin started and says whether it was kept.
func (t *Trends) End(kept bool) {
	t.mu.Lock()
	t.dirty.end(kept)
	t.mu.Unlock()
	if !kept {
		t.journal.failed.Store(true)
	}
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
