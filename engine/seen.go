package engine

import (
	"sync"

	"nabo/graph"
)

// seen remembers the keys of applied events for some days, so that the same
// event again changes nothing. A key takes 10 bytes at a load of 40 to 80 in a
// hundred. It is cut into segments, each its own table with its own lock:
// growing one takes some milliseconds at a hundred million keys, where growing
// one table for all would stop the log for seconds.
type seen struct {
	days  int
	segs  [1024]seenSegment
	today graph.Day
	sweep int       // the next segment to clear of what has expired; len(segs): none
	added []seenKey // since the last checkpoint
	cells []seenCell
}

// seenCell is one cell of keys in the store, to be deleted when its day expires.
type seenCell struct {
	on  graph.Day
	key []byte
}

type seenSegment struct {
	mu   sync.RWMutex
	keys []uint64 // 0: free; guarded by mu
	on   []graph.Day
	n    int
}

type seenKey struct {
	key uint64
	on  graph.Day
}

func (s *seen) init(days int) { s.days, s.sweep = days, len(s.segs) }

// golden spreads keys over tables: Knuth's multiplicative hashing.
const golden = 0x9e3779b97f4a7c15

func (s *seen) segment(key uint64) *seenSegment { return &s.segs[key*golden>>54] }

// has says whether a key was added in the last days. Anybody may call it.
func (s *seen) has(key uint64) bool {
	seg := s.segment(key)
	seg.mu.RLock()
	defer seg.mu.RUnlock()
	i, ok := seg.find(key)
	return ok && s.alive(seg.on[i])
}

func (s *seen) alive(on graph.Day) bool { return int(on)+s.days >= int(s.today) }

// add puts a key in and says whether it was new.
func (s *seen) add(key uint64, on graph.Day) bool {
	seg := s.segment(key)
	seg.mu.Lock()
	defer seg.mu.Unlock()
	i, ok := seg.find(key)
	if ok && s.alive(seg.on[i]) {
		return false
	}
	s.added = append(s.added, seenKey{key, on})
	if ok {
		seg.on[i] = on
	} else {
		seg.put(key, on)
	}
	return true
}

// pass tells the table what day it is, and clears one segment of what has
// expired if there is one to clear: a share at a time, so that no event waits
// for all of them.
func (s *seen) pass(today graph.Day) {
	if today != s.today {
		for i := range s.segs { // readers look at today under a segment's lock
			s.segs[i].mu.Lock()
		}
		s.today, s.sweep = today, 0
		for i := range s.segs {
			s.segs[i].mu.Unlock()
		}
	}
	if s.sweep < len(s.segs) {
		s.clear(&s.segs[s.sweep])
		s.sweep++
	}
}

func (s *seen) clear(seg *seenSegment) {
	seg.mu.Lock()
	defer seg.mu.Unlock()
	expired := 0
	for i, k := range seg.keys {
		if k != 0 && !s.alive(seg.on[i]) {
			expired++
		}
	}
	if expired*8 < seg.n || expired == 0 {
		return
	}
	old := *seg.copyOf()
	seg.alloc(len(old.keys))
	for i, k := range old.keys {
		if k != 0 && s.alive(old.on[i]) {
			seg.put(k, old.on[i])
		}
	}
}

func (seg *seenSegment) copyOf() *seenSegment {
	return &seenSegment{keys: seg.keys, on: seg.on, n: seg.n}
}

func (seg *seenSegment) alloc(size int) {
	seg.keys, seg.on, seg.n = make([]uint64, size), make([]graph.Day, size), 0
}

// find returns where a key is, or where it would go.
func (seg *seenSegment) find(key uint64) (int, bool) {
	if len(seg.keys) == 0 {
		return 0, false
	}
	mask := len(seg.keys) - 1
	for i := int(key*golden>>16) & mask; ; i = (i + 1) & mask {
		switch seg.keys[i] {
		case key:
			return i, true
		case 0:
			return i, false
		}
	}
}

func (seg *seenSegment) put(key uint64, on graph.Day) {
	if (seg.n+1)*5 > len(seg.keys)*4 {
		old := *seg.copyOf()
		seg.alloc(max(2*len(old.keys), 16))
		for i, k := range old.keys {
			if k != 0 {
				seg.put(k, old.on[i])
			}
		}
	}
	i, _ := seg.find(key)
	seg.keys[i], seg.on[i] = key, on
	seg.n++
}

// stats returns how many keys are held and what the tables take.
func (s *seen) stats() (keys int, bytes uint64) {
	for i := range s.segs {
		seg := &s.segs[i]
		seg.mu.RLock()
		keys += seg.n
		bytes += uint64(len(seg.keys)) * 10
		seg.mu.RUnlock()
	}
	return keys, bytes
}

// digest does not depend on the order of keys, nor on what was cleared.
func (s *seen) digest() uint64 {
	var sum uint64
	for i := range s.segs {
		seg := &s.segs[i]
		seg.mu.RLock()
		for j, k := range seg.keys {
			if k != 0 && s.alive(seg.on[j]) {
				sum += spread(k ^ uint64(seg.on[j])<<48)
			}
		}
		seg.mu.RUnlock()
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
