// Package refs finds 32-bit references by the hash of what they refer to, in
// some six bytes each: what they refer to stays where it is kept, once.
package refs

import "math/bits"

// Table is an open-addressing table of references, none of them 0. It knows
// nothing of what they refer to: who asks says what has which hash, and whether
// a reference is the one that is looked for. The zero value is empty and takes
// nothing. Find may be called by many at a time, beside nothing else; a lock
// is its owner's.
type Table struct {
	slots []uint32 // 0: free
	n     int
}

const leastSlots = 8

// Len returns how many references are held.
func (t *Table) Len() int { return t.n }

// Bytes returns what the table takes.
func (t *Table) Bytes() int { return 4 * cap(t.slots) }

// home is where a hash would stand if nothing stood there: its high bits say.
func (t *Table) home(hash uint64) int {
	at, _ := bits.Mul64(hash, uint64(len(t.slots)))
	return int(at)
}

func (t *Table) after(at int) int {
	if at++; at == len(t.slots) {
		return 0
	}
	return at
}

// Find returns the reference under a hash for which is says true; 0: there is
// none. It is called for others, too.
func (t *Table) Find(hash uint64, is func(ref uint32) bool) uint32 {
	if t.n == 0 {
		return 0
	}
	for at := t.home(hash); ; at = t.after(at) {
		if ref := t.slots[at]; ref == 0 || is(ref) {
			return ref
		}
	}
}

// Add puts a reference in that is not there yet. hashOf gives the hash of any
// reference that is held.
func (t *Table) Add(hash uint64, ref uint32, hashOf func(ref uint32) uint64) {
	if (t.n+1)*4 > len(t.slots)*3 {
		t.grow(hashOf)
	}
	t.put(hash, ref)
	t.n++
}

// put writes a reference to the first free slot.
func (t *Table) put(hash uint64, ref uint32) {
	at := t.home(hash)
	for t.slots[at] != 0 {
		at = t.after(at)
	}
	t.slots[at] = ref
}

// grow makes a table that is larger by a quarter: after it three in five slots
// are taken, before it three in four.
func (t *Table) grow(hashOf func(ref uint32) uint64) {
	old := t.slots
	t.slots = make([]uint32, max(leastSlots, len(old)+len(old)/4))
	for _, ref := range old {
		if ref != 0 {
			t.put(hashOf(ref), ref)
		}
	}
}

// Remove takes a reference out that is held under a hash.
func (t *Table) Remove(hash uint64, ref uint32, hashOf func(ref uint32) uint64) {
	at := t.home(hash)
	for t.slots[at] != ref {
		at = t.after(at)
	}
	t.n--
	// Those that stand behind it move up, unless that would put one before its
	// home: so that none is ever looked for behind a free slot.
	for next := t.after(at); t.slots[next] != 0; next = t.after(next) {
		home := t.home(hashOf(t.slots[next]))
		if t.distance(home, next) >= t.distance(at, next) {
			t.slots[at] = t.slots[next]
			at = next
		}
	}
	t.slots[at] = 0
}

// distance is how many slots to is behind from.
func (t *Table) distance(from, to int) int {
	if d := to - from; d >= 0 {
		return d
	}
	return to - from + len(t.slots)
}

// Set replaces a reference that is held under a hash.
func (t *Table) Set(hash uint64, old, ref uint32) {
	at := t.home(hash)
	for t.slots[at] != old {
		at = t.after(at)
	}
	t.slots[at] = ref
}

// Each gives all references, in an order that means nothing.
func (t *Table) Each(fn func(ref uint32)) {
	for _, ref := range t.slots {
		if ref != 0 {
			fn(ref)
		}
	}
}
