package graph

import (
	"math"
	"slices"
	"sync"
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
	dirty  cow          // guarded by mu; saved is not used
	saved  []savedScope // guarded by mu

	last    moment       // the writer's
	journal salesJournal // the writer's

	// Whole is as PairOptions.Whole; 0: 8 MiB. It is set before any call.
	Whole int
}

// moment is where the spans' fading stands at the time of an event: the same
// sales are counted everywhere, in a chain and in a store.
type moment struct {
	at      int64
	epochs  [spans]int32
	factors [spans]float64
}

// NewTrends makes empty counters; limit is the most products a scope counts,
// 0: MaxTrendProducts.
func NewTrends(limit int) *Trends {
	if limit == 0 {
		limit = MaxTrendProducts
	}
	t := &Trends{limit: limit, Whole: wholeBytes, last: moment{at: math.MinInt64}}
	t.journal.turns, t.journal.most = JournalTurns, journalBytes
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
		t.scopes = append(t.scopes, newTrendScope())
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
	if at != t.last.at {
		t.last.at = at
		for i := range t.fades {
			t.last.epochs[i], t.last.factors[i] = t.fades[i].at(at)
		}
	}
	sc := t.change(s)
	defer sc.mu.Unlock()
	var add [spans]float32
	for i := range add {
		if t.last.epochs[i] > sc.epochs[i] {
			sc.rescale(Span(i), t.last.epochs[i])
		}
		add[i] = float32(t.last.factors[i]*shift(t.last.epochs[i], sc.epochs[i])) * weight
	}
	sc.add(nodes, &add)
	if weight > 0 {
		for _, n := range nodes {
			sc.sold.set(uint32(n))
		}
	}
	if sc.n > t.limit {
		sc.prune(t.limit - t.limit/8)
	}
}

// change returns a scope, locked, that is about to change.
func (t *Trends) change(s Scope) *trendScope {
	t.mu.Lock() // for the mark; the scope has its own lock
	defer t.mu.Unlock()
	sc := t.scopes[s]
	sc.mu.Lock()
	t.markLocked(s, sc)
	return sc
}

// Retire drops a product from every scope.
func (t *Trends) Retire(n Node) {
	t.journal.drop()
	for s := range Scope(len(t.scopes)) { // the writer alone grows it
		sc := t.scopes[s]
		if place, counted := sc.places.get(n); counted || sc.sold.has(uint32(n)) {
			t.change(s)
			sc.sold.clear(uint32(n))
			if counted {
				sc.remove(place)
			}
			sc.mu.Unlock()
		}
	}
}

// Sales is what a scope counted of one product: how many in each span, by
// exponential windows.
type Sales struct {
	Product Node
	In      [spans]float32
}

// salesAtOnce is how many counters are copied under one hold of a scope's
// lock: some microseconds, for which the writer waits.
const salesAtOnce = 16 * counterPageSize

// Sales appends what a scope counts to dst, as of a moment.
func (t *Trends) Sales(dst []Sales, s Scope, ms int64) []Sales {
	sc := t.scope(s)
	if sc == nil {
		return dst
	}
	first := len(dst)
	dst, version, more := t.someSales(dst, sc, 0, ms)
	for more {
		var now uint64
		dst, now, more = t.someSales(dst, sc, len(dst)-first, ms)
		if now != version { // counters changed places: begin anew
			dst, version, more = t.someSales(dst[:first], sc, 0, ms)
		}
	}
	return dst
}

// someSales appends some of a scope's counters, from one on. The version
// changes when counters change places.
func (t *Trends) someSales(dst []Sales, sc *trendScope, from int, ms int64) (_ []Sales, version uint64, more bool) {
	sc.mu.RLock()
	defer sc.mu.RUnlock()
	var by [spans]float32
	for i := range by {
		by[i] = float32(t.fades[i].to(sc.epochs[i], ms))
	}
	end := min(from+salesAtOnce, sc.n)
	dst = slices.Grow(dst, max(sc.n-from, 0))
	for i := from; i < end; i++ {
		c := sc.at(uint32(i))
		sales := Sales{Product: c.node}
		for i := range by {
			sales.In[i] = c.v[i] * by[i]
		}
		dst = append(dst, sales)
	}
	return dst, sc.version, end < sc.n
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
type TrendStats struct {
	Scopes, Counters int
	Bytes            uint64 // spare room included
}

// Stats walks all scopes.
func (t *Trends) Stats() TrendStats {
	t.mu.RLock()
	defer t.mu.RUnlock()
	st := TrendStats{Scopes: len(t.scopes)}
	for _, sc := range t.scopes {
		sc.mu.RLock()
		st.Counters += sc.n
		st.Bytes += sc.bytes()
		sc.mu.RUnlock()
	}
	return st
}

// Of returns what a scope counted of one product, as of a moment; zero for what
// it does not count.
func (t *Trends) Of(s Scope, n Node, ms int64) Sales {
	sales := Sales{Product: n}
	sc := t.scope(s)
	if sc == nil {
		return sales
	}
	sc.mu.RLock()
	defer sc.mu.RUnlock()
	if place, ok := sc.places.get(n); ok {
		for i, v := range sc.at(place).v {
			sales.In[i] = v * float32(t.fades[i].to(sc.epochs[i], ms))
		}
	}
	return sales
}
