package rank

import "math"

// entry is a candidate in a queue: its score in the upper half, in a form that
// is ordered as a whole number, and its index in the lower half.
type entry uint64

func entryOf(score float32, index int) entry {
	bits := math.Float32bits(score + 0)     // minus zero becomes zero
	bits ^= uint32(int32(bits)>>31) | 1<<31 // below zero the order of the bits is reversed
	return entry(bits)<<32 | entry(uint32(index))
}

func (e entry) index() int32 { return int32(uint32(e)) }

func (e entry) score() float32 {
	bits := uint32(e >> 32)
	if bits>>31 == 1 {
		bits &^= 1 << 31
	} else {
		bits = ^bits
	}
	return math.Float32frombits(bits)
}

// above says whether e comes before o: by score, then by Tie, then by Place.
func (e entry) above(o entry, cands []Candidate) bool {
	if e>>32 != o>>32 {
		return e > o
	}
	a, b := &cands[e.index()], &cands[o.index()]
	if a.Tie != b.Tie {
		return a.Tie < b.Tie
	}
	return a.Place < b.Place
}

// queue is a heap of entries, the best at its head.
type queue []entry

// order makes a heap of what was appended.
func (q queue) order(cands []Candidate) {
	for i := len(q)/2 - 1; i >= 0; i-- {
		q.sink(i, cands)
	}
}

// sink moves the entry at i down to where it belongs.
func (q queue) sink(i int, cands []Candidate) {
	e := q[i]
	for {
		child := 2*i + 1
		if child >= len(q) {
			break
		}
		if right := child + 1; right < len(q) && q[right].above(q[child], cands) {
			child = right
		}
		if !q[child].above(e, cands) {
			break
		}
		q[i] = q[child]
		i = child
	}
	q[i] = e
}

// pop removes the head.
func (q *queue) pop(cands []Candidate) {
	last := len(*q) - 1
	(*q)[0] = (*q)[last]
	*q = (*q)[:last]
	if last > 0 {
		q.sink(0, cands)
	}
}
