package offer

import (
	"fmt"
	"math"

	"github.com/cespare/xxhash/v2"

	"nabo/graph"
)

// Cell is a kind of value in a checkpoint. They are loaded in the order of
// their numbers.
type Cell uint8

// The kinds of cells; their numbers are part of the checkpoint's format.
const (
	CellMeta   Cell = 1 // one, under 0
	CellOffer  Cell = 2 // by slot
	CellRecord Cell = 3 // by member
	CellDay    Cell = 4 // by slot and day, 16 bits of it
)

// Dirty gives all that changed since the last call, as it is now; a nil value
// means that there is nothing any more. The writer calls it when a checkpoint
// begins; what it gave is not given again unless it changes again.
func (b *Book) Dirty(put func(kind Cell, n uint64, value []byte)) {
	if b.pending.meta {
		put(CellMeta, 0, b.encodeMeta())
		b.pending.meta = false
	}
	for _, h := range b.pending.dirty {
		h.dirty = false
		if b.slots.get(uint32(h.slot)) == h {
			put(CellOffer, uint64(h.slot), h.encode())
		}
	}
	for _, s := range b.pending.erased {
		put(CellOffer, uint64(s), nil)
	}
	b.pending.dirty, b.pending.erased = nil, nil
	for _, m := range b.people.list {
		b.people.dirty.set(uint32(m), false)
		var value []byte
		if s := b.people.get(m); s != "" {
			value = []byte(s)
		}
		put(CellRecord, uint64(m), value)
	}
	b.people.list = nil
	b.days.flush(put)
}

func (b *Book) encodeMeta() []byte {
	w := writer{[]byte{formatVersion}}
	w.num(uint64(b.next))
	w.at(b.now)
	return w.b
}

// Load takes one value of a checkpoint into a book that has not changed yet:
// the meta cell, then the offers in the order of their slots, then the records.
// The first Seal after it publishes them.
func (b *Book) Load(kind Cell, n uint64, value []byte) error {
	switch kind {
	case CellMeta:
		return b.loadMeta(n, value)
	case CellOffer:
		return b.loadOffer(n, value)
	case CellRecord:
		return b.loadRecord(n, value)
	case CellDay:
		if n>>16 >= uint64(b.next) || b.slots.get(uint32(n>>16)) == nil {
			return errCell
		}
		return b.days.load(n, value)
	}
	return fmt.Errorf("offer: a cell of kind %d", kind)
}

func (b *Book) loadMeta(n uint64, value []byte) error {
	if n != 0 || len(value) == 0 || value[0] != formatVersion {
		return errCell
	}
	t := taker{s: string(value[1:])}
	next, now := t.num(), t.at()
	if err := t.end(); err != nil {
		return err
	}
	if next > MaxSlots || len(b.all) > 0 {
		return errCell
	}
	b.next, b.now = Slot(next), now
	return nil
}

func (b *Book) loadOffer(n uint64, value []byte) error {
	if n >= uint64(b.next) || (len(b.all) > 0 && Slot(n) <= b.all[len(b.all)-1].slot) {
		return fmt.Errorf("offer: number %d is not between the one before it and %d", n, b.next)
	}
	h, err := parseHeld(Slot(n), value)
	if err != nil {
		return err
	}
	if b.byID[h.spec.Offer] != nil {
		return fmt.Errorf("offer: number %d names the same offer as number %d", n, b.byID[h.spec.Offer].slot)
	}
	b.all = append(b.all, h)
	b.byID[h.spec.Offer] = h
	b.slots.set(uint32(n), h)
	h.changed, b.pending.index, b.unsettled = true, true, true
	b.pending.changed = append(b.pending.changed, h)
	return nil
}

func (b *Book) loadRecord(n uint64, value []byte) error {
	if n >= math.MaxUint32 {
		return errCell
	}
	s := string(value)
	if err := b.rec.decode(s); err != nil {
		return err
	}
	if s == "" || !b.rec.sound(b.next) || string(b.rec.encode(b.buf[:0])) != s {
		return errCell
	}
	b.people.load(graph.Member(n), s)
	return nil
}

// Digest returns a hash of all offers and records. It reads them all.
func (b *Book) Digest() uint64 {
	sum := xxhash.Sum64(b.encodeMeta())
	for _, h := range b.all {
		sum += mix(uint64(h.slot)+1) * (xxhash.Sum64(h.encode()) | 1)
	}
	b.people.each(func(m graph.Member, s string) {
		sum += mix(uint64(m)+1<<32) * (xxhash.Sum64String(s) | 1)
	})
	return sum + b.days.digest()
}

// mix is the finalizer of MurmurHash3, which spreads every bit over all others.
func mix(x uint64) uint64 {
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	x *= 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}
