package files

import "strconv"

// recent counts how often a sum was seen lately. It holds at least the last
// limit sums and at most twice as many, however many there are.
type recent struct {
	limit     int
	now, past map[uint64]uint16
}

// count adds one for a sum and returns how often it was seen with this time.
func (r *recent) count(sum uint64) int {
	if r.now == nil {
		r.now = make(map[uint64]uint16)
	}
	n, ok := r.now[sum]
	if !ok {
		n = r.past[sum]
		if len(r.now) >= r.limit {
			r.now, r.past = make(map[uint64]uint16, r.limit), r.now
		}
	}
	if n < 1<<16-1 {
		n++
	}
	r.now[sum] = n
	return int(n)
}

// appendPart appends which of several equal ones this is.
func appendPart(id []byte, part int) []byte {
	return strconv.AppendInt(append(id, '~'), int64(part), 10)
}
