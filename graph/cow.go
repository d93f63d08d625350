package graph

import (
	"math/bits"
	"sync"
)

// cow keeps a checkpoint true to its position while the writer goes on: begin
// notes which cells changed since the last one; from then on a cell is saved
// as it was at begin either by the checkpointer, which walks them, or by the
// writer, just before it changes one that was not walked yet. Whoever holds it
// guards it with the lock of the cells.
type cow struct {
	dirty    bitset // changed since the last begin
	pending  bitset // to be saved as of the last begin, not saved yet
	inflight bitset // what the running checkpoint holds, for abort
	saved    []savedCell
}

type savedCell struct {
	slot  uint32
	value func() []byte
}

// touch is called before a cell changes. encode gives its value as it is.
func (c *cow) touch(slot uint32, encode func() []byte) {
	c.keep(slot, func() func() []byte { return encoded(encode()) })
}

// keep is touch for a cell that is sooner copied than encoded: copied gives
// what encodes the cell as it is, later and beside the writer.
func (c *cow) keep(slot uint32, copied func() func() []byte) {
	if c.pending.clear(slot) {
		c.saved = append(c.saved, savedCell{slot, copied()})
	}
	c.dirty.set(slot)
}

// encoded is a value that is there already.
func encoded(value []byte) func() []byte { return func() []byte { return value } }

// begin starts a checkpoint at this moment. The one before it must have ended.
func (c *cow) begin() {
	c.inflight, c.dirty = c.dirty, c.inflight
	c.dirty.reset()
	c.pending = append(c.pending[:0], c.inflight...)
}

// beginTurn is begin for the cells of one turn of so many.
func (c *cow) beginTurn(turn, turns uint32) {
	c.inflight.reset()
	for slot, any := c.dirty.next(0); any; slot, any = c.dirty.next(slot + 1) {
		if slot%turns == turn {
			c.inflight.set(slot)
			c.dirty.clear(slot)
		}
	}
	c.pending = append(c.pending[:0], c.inflight...)
}

// end says whether the checkpoint was kept. If not, its cells count as changed.
func (c *cow) end(kept bool) {
	if !kept {
		c.dirty.or(c.inflight)
		c.pending.reset()
		c.saved = nil
	}
	c.inflight.reset()
}

// next returns a pending cell at or after slot.
func (c *cow) next(slot uint32) (uint32, bool) { return c.pending.next(slot) }

// bitset is a growing set of small numbers.
type bitset []uint64

func (b *bitset) set(i uint32) {
	for int(i>>6) >= len(*b) {
		*b = append(*b, 0)
	}
	(*b)[i>>6] |= 1 << (i & 63)
}

func (b bitset) has(i uint32) bool {
	return int(i>>6) < len(b) && b[i>>6]&(1<<(i&63)) != 0
}

// clear takes i out and says whether it was in.
func (b bitset) clear(i uint32) bool {
	if !b.has(i) {
		return false
	}
	b[i>>6] &^= 1 << (i & 63)
	return true
}

func (b *bitset) or(o bitset) {
	for len(*b) < len(o) {
		*b = append(*b, 0)
	}
	for i, w := range o {
		(*b)[i] |= w
	}
}

func (b bitset) reset() { clear(b) }

func (b bitset) count() int {
	n := 0
	for _, w := range b {
		n += bits.OnesCount64(w)
	}
	return n
}

func (b bitset) next(i uint32) (uint32, bool) {
	for w := int(i >> 6); w < len(b); w++ {
		word := b[w]
		if w == int(i>>6) {
			word &= ^uint64(0) << (i & 63)
		}
		if word != 0 {
			return uint32(w<<6 + bits.TrailingZeros64(word)), true
		}
	}
	return 0, false
}

// saveCells gives every cell of a running checkpoint, taking the lock for one
// cell at a time, and for as long as copied takes.
func saveCells(mu sync.Locker, c *cow, copied func(slot uint32) func() []byte, put func(slot uint32, value []byte) error) error {
	for slot := uint32(0); ; slot++ {
		mu.Lock()
		next, more := c.next(slot)
		if more {
			slot = next
			c.pending.clear(slot)
			c.saved = append(c.saved, savedCell{slot, copied(slot)})
		}
		saved := c.saved
		c.saved = nil
		mu.Unlock()
		for _, s := range saved {
			if err := put(s.slot, s.value()); err != nil {
				return err
			}
		}
		if !more {
			return nil
		}
	}
}
