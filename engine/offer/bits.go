package offer

import (
	"math/bits"
	"slices"
)

// Bits is a set of places.
type Bits struct{ Words []uint64 }

// Has says whether place i is in the set.
func (b *Bits) Has(i int32) bool {
	return int(i>>6) < len(b.Words) && b.Words[i>>6]&(1<<(i&63)) != 0
}

// Add puts place i in; i must be below 64 for each word.
func (b *Bits) Add(i int32) { b.Words[i>>6] |= 1 << (i & 63) }

// Drop takes place i out.
func (b *Bits) Drop(i int32) { b.Words[i>>6] &^= 1 << (i & 63) }

func (b *Bits) set(i int32, in bool) {
	if in {
		b.Add(i)
	} else {
		b.Drop(i)
	}
}

// Count returns how many places are in.
func (b *Bits) Count() (n int) {
	for _, w := range b.Words {
		n += bits.OnesCount64(w)
	}
	return n
}

// Next returns the first place in the set from i on, or -1.
func (b *Bits) Next(i int32) int32 {
	for w := int(i >> 6); w < len(b.Words); w++ {
		word := b.Words[w]
		if w == int(i>>6) {
			word &= ^uint64(0) << (i & 63)
		}
		if word != 0 {
			return int32(w<<6 + bits.TrailingZeros64(word))
		}
	}
	return -1
}

// Minus takes out all that are in o.
func (b *Bits) Minus(o *Bits) {
	for i := range b.Words[:min(len(b.Words), len(o.Words))] {
		b.Words[i] &^= o.Words[i]
	}
}

// reset empties the set and makes room for n places.
func (b *Bits) reset(n int) {
	words := (n + 63) / 64
	if cap(b.Words) < words {
		b.Words = make([]uint64, words)
	}
	b.Words = b.Words[:words]
	clear(b.Words)
}

func (b *Bits) clone() Bits { return Bits{slices.Clone(b.Words)} }

func (b *Bits) copyFrom(o *Bits) { b.Words = append(b.Words[:0], o.Words...) }

func (b *Bits) and(o *Bits) {
	for i := range b.Words {
		b.Words[i] &= o.Words[i]
	}
}

func (b *Bits) or(o *Bits) {
	for i := range b.Words {
		b.Words[i] |= o.Words[i]
	}
}

func newBits(n int) *Bits { return &Bits{make([]uint64, (n+63)/64)} }
