package engine

import (
	"math"
	"slices"
	"sync"
	"sync/atomic"

	"nabo/graph"
)

// seen remembers the keys of applied events for some days, so that the same
// event again changes nothing. It is exact. It is cut into segments by a
// spread key's high bits, each with its own lock. A segment puts new keys into
// a small open-addressing table, 10 bytes a place; when that is full, it is
// sealed into a sorted run of some 6 bytes a key and joined with the runs
// before it, of which there are two: one large, and one that is small beside it. So a
// lookup looks in three places at most, a key is moved some ten times in its
// life, and no step takes longer than to write one segment anew: half a
// millisecond at a hundred million keys. The segments' tables are of different sizes, so
// that they aren't all full at the same time.
//
// has is anybody's, all else the writer's.
type seen struct {
	days  int
	segs  [1 << seenSegmentBits]seenSegment
	today atomic.Uint32 // a graph.Day
	sweep int           // the next segment to clear of what has expired; len(segs): none
	adds  uint64        // keys added since the start
	fresh []seenCell    // added since the last checkpoint
	cells []seenCell    // in the store, the oldest first
	redo  sealedRedo
}

type seenSegment struct {
	mu   sync.RWMutex
	hot  hotKeys
	runs [2]*seenRun // the small one, which is newer, and the large one; guarded by mu

	sealedAt uint64    // adds when hot was sealed last; the writer's, and so is what follows
	dirty    [2]bool   // runs that changed since the last checkpoint
	parts    [2]uint16 // in how many parts the store may hold them
}

// hotKeys is a table of spread keys; guarded by its segment's lock.
type hotKeys struct {
	keys  []uint64 // 0: free
	on    []graph.Day
	n     int
	first graph.Day // no key's day is before it
}

const (
	seenSegmentBits = 12
	hotSlots        = 1024 // of a full table
	segmentBytes    = 128  // of a seenSegment
	smallShare      = 4    // the small run holds less than one part in so many of the large one
	// golden spreads keys over tables: Knuth's multiplicative hashing.
	golden   = 0x9e3779b97f4a7c15
	ungolden = 0xf1de83e19937733d // golden · ungolden = 1
)

func (s *seen) init(days int) { s.days, s.sweep = days, len(s.segs) }

func (s *seen) day() graph.Day { return graph.Day(s.today.Load()) }

// from is the first day whose keys are remembered.
func (s *seen) from() graph.Day { return graph.Day(max(int(s.day())-s.days, 0)) }

func (s *seen) alive(on graph.Day) bool { return on >= s.from() }

// spreadKey returns a key spread, never 0: the key 0 stands for 1.
func spreadKey(key uint64) uint64 { return max(key, 1) * golden }

func segmentOf(h uint64) int { return int(h >> restBits) }
func restOf(h uint64) uint64 { return h & (1<<restBits - 1) }
func hotLimit(segment int) int { // keys in a table, from half to four fifths
	return hotSlots/2 + segment*(hotSlots*3/10)>>seenSegmentBits
}

// has says whether a key was added in the last days. Anybody may call it.
func (s *seen) has(key uint64) bool {
	h := spreadKey(key)
	seg := &s.segs[segmentOf(h)]
	seg.mu.RLock()
	on, ok := seg.hot.find(h)
	runs := seg.runs
	seg.mu.RUnlock()
	return ok && s.alive(on) || s.inRuns(&runs, h)
}

func (s *seen) inRuns(runs *[2]*seenRun, h uint64) bool {
	for _, r := range runs {
		if r != nil {
			if on, ok := r.find(restOf(h)); ok && s.alive(on) {
				return true
			}
		}
	}
	return false
}

// add puts a key in and says whether it was new.
func (s *seen) add(key uint64, on graph.Day) bool {
	h := spreadKey(key)
	i := segmentOf(h)
	seg := &s.segs[i]
	if was, ok := seg.hot.find(h); ok && s.alive(was) || s.inRuns(&seg.runs, h) {
		return false
	}
	s.note(key, on)
	s.put(i, h, on)
	return true
}

// put puts a spread key that is not remembered into a segment's table, and
// seals the table if that has filled it.
func (s *seen) put(segment int, h uint64, on graph.Day) {
	seg := &s.segs[segment]
	seg.mu.Lock()
	seg.hot.put(h, on)
	seg.mu.Unlock()
	if seg.hot.n >= hotLimit(segment) {
		s.seal(segment)
	}
}

// seal moves a table's keys into the runs. Readers see the old runs until the
// new ones are made.
func (s *seen) seal(segment int) {
	seg := &s.segs[segment]
	fresh := seg.hot.run(s.from())
	small, large := joinSeen(s.from(), fresh, seg.runs[0]), seg.runs[1]
	seg.dirty[0] = true
	if large == nil || small != nil && small.n*smallShare >= large.n {
		small, large = nil, joinSeen(s.from(), small, large)
		seg.dirty[1] = true
	}
	seg.sealedAt = s.adds
	seg.mu.Lock()
	defer seg.mu.Unlock()
	seg.runs = [2]*seenRun{small, large}
	seg.hot.clear()
}

// pass tells the table what day it is, and clears one segment of what has
// expired if there is one to clear: a share at a time, so that no event waits
// for all of them.
func (s *seen) pass(today graph.Day) {
	if today != s.day() {
		s.today.Store(uint32(today))
		s.sweep = 0
	}
	if s.sweep < len(s.segs) {
		s.clear(s.sweep)
		s.sweep++
	}
}

// clear writes those parts of a segment anew in which much has expired: an
// eighth of a table, and from a twenty-fourth to an eighth of a run, so that
// not all segments' runs are due on the same day.
func (s *seen) clear(segment int) {
	seg, from := &s.segs[segment], s.from()
	if expired := seg.hot.expired(from); expired > 0 && expired*8 >= seg.hot.n {
		old := seg.hot
		seg.mu.Lock()
		seg.hot = hotKeys{}
		old.each(func(h uint64, on graph.Day) {
			if on >= from {
				seg.hot.put(h, on)
			}
		})
		seg.mu.Unlock()
	}
	for i, r := range seg.runs {
		if r == nil || r.first >= from {
			continue
		}
		if expired := r.n - r.since(from); expired*(8+segment%17) >= r.n {
			left := joinSeen(from, r)
			seg.mu.Lock()
			seg.runs[i] = left
			seg.mu.Unlock()
			seg.dirty[i] = true
		}
	}
}

// find returns the day of a spread key.
func (k *hotKeys) find(h uint64) (graph.Day, bool) {
	if i := k.place(h); i >= 0 && k.keys[i] == h {
		return k.on[i], true
	}
	return 0, false
}

// place returns where a key is, or where it would go; -1: there is no room.
func (k *hotKeys) place(h uint64) int {
	mask := len(k.keys) - 1
	if mask < 0 {
		return -1
	}
	i := int(h>>16) & mask
	for k.keys[i] != h && k.keys[i] != 0 {
		i = (i + 1) & mask
	}
	return i
}

// put puts a key in, or gives it another day.
func (k *hotKeys) put(h uint64, on graph.Day) {
	if (k.n+1)*5 > len(k.keys)*4 {
		old := *k
		size := max(2*len(old.keys), 16)
		*k = hotKeys{keys: make([]uint64, size), on: make([]graph.Day, size)}
		old.each(k.put)
	}
	i := k.place(h)
	if k.n == 0 || on < k.first {
		k.first = on
	}
	if k.keys[i] == 0 {
		k.n++
	}
	k.keys[i], k.on[i] = h, on
}

func (k *hotKeys) clear() {
	clear(k.keys)
	k.n = 0
}

// each gives all spread keys with their days.
func (k *hotKeys) each(fn func(h uint64, on graph.Day)) {
	for i, h := range k.keys {
		if h != 0 {
			fn(h, k.on[i])
		}
	}
}

// expired counts the keys whose day is before one.
func (k *hotKeys) expired(day graph.Day) (n int) {
	if k.first >= day {
		return 0
	}
	k.each(func(_ uint64, on graph.Day) {
		if on < day {
			n++
		}
	})
	return n
}

// run returns a run of the keys whose day is not before one; nil if there are
// none.
func (k *hotKeys) run(day graph.Day) *seenRun {
	order := make([]uint64, 0, k.n) // the rest of a key, and its place
	first, last := graph.Day(math.MaxUint16), graph.Day(0)
	for i, h := range k.keys {
		if h != 0 && k.on[i] >= day {
			order = append(order, restOf(h)<<seenSegmentBits|uint64(i))
			first, last = min(first, k.on[i]), max(last, k.on[i])
		}
	}
	if len(order) == 0 {
		return nil
	}
	slices.Sort(order)
	f := fillSeenRun(len(order), first, last)
	for _, o := range order {
		f.add(o>>seenSegmentBits, k.on[o&(1<<seenSegmentBits-1)])
	}
	f.r.index()
	return f.r
}

// stats returns how many keys are held and what they take.
func (s *seen) stats() (keys int, bytes uint64) {
	bytes = uint64(len(s.segs)) * segmentBytes
	for i := range s.segs {
		seg := &s.segs[i]
		seg.mu.RLock()
		keys += seg.hot.n
		bytes += uint64(len(seg.hot.keys)) * 10
		for _, r := range seg.runs {
			if r != nil {
				keys += r.n
				bytes += r.bytes()
			}
		}
		seg.mu.RUnlock()
	}
	return keys, bytes
}

// digest does not depend on the order of keys, nor on what was cleared.
func (s *seen) digest() uint64 {
	var sum uint64
	from := s.from()
	add := func(h uint64, on graph.Day) {
		if on >= from {
			sum += spread(h*ungolden ^ uint64(on)<<48)
		}
	}
	for i := range s.segs {
		s.segs[i].hot.each(add)
		for _, r := range s.segs[i].runs {
			r.each(func(rest uint64, on graph.Day) { add(uint64(i)<<restBits|rest, on) })
		}
	}
	return sum
}

// spread mixes all bits of x into all others (the finalizer of SplitMix64).
func spread(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}
