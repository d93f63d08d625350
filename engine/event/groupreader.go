package event

import (
	"encoding/binary"
	"math"
	"math/bits"
)

// groupReader reads the parts of a group. The first fault is kept; after it
// the rest of the group is taken as empty, so all reads give zeros.
type groupReader struct {
	b     string // what is not read yet
	size  int    // of the whole payload, for the places in errors
	fault error
	lines []Line // room for lines that no receipt of dst has
}

// fail keeps the first fault and drops the rest, so that every loop ends.
func (r *groupReader) fail(detail string) {
	if r.fault == nil {
		r.fault = &GroupError{Offset: r.size - len(r.b), Detail: detail}
	}
	r.b = ""
}

func (r *groupReader) byte() byte {
	if len(r.b) == 0 {
		r.fail("ends too early")
		return 0
	}
	c := r.b[0]
	r.b = r.b[1:]
	return c
}

func (r *groupReader) word() uint64 {
	if len(r.b) < 8 {
		r.fail("ends too early")
		return 0
	}
	b := r.b
	r.b = b[8:]
	return uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
		uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
}

func (r *groupReader) uvarint() uint64 {
	if len(r.b) > 0 && r.b[0] < 0x80 { // nearly always
		c := r.b[0]
		r.b = r.b[1:]
		return uint64(c)
	}
	return r.longUvarint()
}

func (r *groupReader) longUvarint() uint64 {
	v := uint64(0)
	for i := range min(len(r.b), binary.MaxVarintLen64) {
		c := uint64(r.b[i])
		part := (c & 0x7f) << (7 * i)
		if bits.Len64(c&0x7f)+7*i > 64 {
			break
		}
		v |= part
		if c < 0x80 {
			r.b = r.b[i+1:]
			return v
		}
	}
	r.fail("has a broken number")
	return 0
}

func (r *groupReader) varint() int64 {
	v := r.uvarint()
	return int64(v>>1) ^ -int64(v&1)
}

func (r *groupReader) text() string {
	n := r.uvarint()
	if n > uint64(len(r.b)) {
		r.fail("has a text that is longer than the rest")
		return ""
	}
	s := r.b[:n]
	r.b = r.b[n:]
	return s
}

// count reads how many of something follow, each of at least size bytes. What
// can't fit into the rest is a fault, so that a count can't ask for more
// memory than a small multiple of the payload.
func (r *groupReader) count(size int) int {
	n := r.uvarint()
	if n > uint64(len(r.b)/size) {
		r.fail("counts more than the rest can hold")
		return 0
	}
	return int(n)
}

// number reads a finite number within the bounds of MaxNumber.
func (r *groupReader) number() float64 {
	v := math.Float64frombits(r.word())
	if !bounded(v) {
		r.fail("has a number out of bounds")
		return 0
	}
	return v
}

// price reads a number, or NaN for a price that is not known.
func (r *groupReader) price() float64 {
	v := math.Float64frombits(r.word())
	if math.IsNaN(v) {
		return math.NaN()
	}
	if !bounded(v) {
		r.fail("has a number out of bounds")
		return 0
	}
	return v
}
