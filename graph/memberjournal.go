package graph

import (
	"encoding/binary"
	"fmt"
)

// memberJournal is the journal of Members. In a merge it holds what the one
// member had, since the other's turn may be another one.
type memberJournal struct {
	journal
	at int64 // of the newest entry that has a moment
}

// The kinds of its entries, and what else their first byte says.
const (
	didBuy = iota
	didTakeBack
	didRemove
	didMerge
	withBought = 1 << 2
	withWeight = 1 << 3 // a gain that is not 1
)

// memberOp is an entry. Its slices are used again.
type memberOp struct {
	kind  byte
	id    Member
	e     Purchase
	rec   memberRec // didMerge: what the other had
	goods []binding
}

// head begins an entry, unless nothing is to be noted.
func (j *memberJournal) head(kind byte, id Member) bool {
	if len(j.ops) > j.most {
		j.drop()
	}
	if j.whole {
		return false
	}
	if len(j.ops) == 0 {
		j.at = 0
	}
	j.ops = binary.AppendUvarint(append(j.ops, kind), uint64(id))
	return true
}

func (j *memberJournal) bind(id Member, e *Purchase) {
	kind := byte(didBuy)
	if e.Bought {
		kind |= withBought
	}
	if e.Gain != 1 {
		kind |= withWeight
	}
	if j.head(kind, id) {
		j.ops = binary.AppendVarint(j.ops, e.At-j.at)
		j.at = e.At
		j.goods(e.Nodes, e.Gain)
	}
}

func (j *memberJournal) takeBack(id Member, nodes []Node, gain float32) {
	kind := byte(didTakeBack)
	if gain != 1 {
		kind |= withWeight
	}
	if j.head(kind, id) {
		j.goods(nodes, gain)
	}
}

func (j *memberJournal) goods(nodes []Node, gain float32) {
	if gain != 1 {
		j.ops = appendF32(j.ops, gain)
	}
	j.ops = appendNodes(j.ops, nodes)
}

func (j *memberJournal) remove(id Member) { j.head(didRemove, id) }

// merge notes that a member takes what another's value says.
func (j *memberJournal) merge(into Member, value []byte) {
	if j.head(didMerge, into) {
		j.ops = append(binary.AppendUvarint(j.ops, uint64(len(value))), value...)
	}
}

// take takes an entry off the front of ops; at is the moment of the one before
// it, and becomes its own.
func (op *memberOp) take(ops []byte, at *int64, members uint32, products Node) (rest []byte, err error) {
	r := reader{b: ops}
	head := r.take(1)
	id := r.uvarint()
	if r.bad || id >= uint64(members) {
		return nil, fmt.Errorf("graph: the journal names member %d of %d", id, members)
	}
	op.kind, op.id = head[0]&3, Member(id)
	op.e = Purchase{Gain: 1, Bought: head[0]&withBought != 0, Nodes: op.e.Nodes[:0]}
	switch op.kind {
	case didBuy:
		*at += r.varint()
		op.e.At = *at
		fallthrough
	case didTakeBack:
		if head[0]&withWeight != 0 {
			op.e.Gain = r.f32()
		}
		if op.e.Nodes, err = r.nodes(op.e.Nodes, products); err != nil {
			return nil, err
		}
	case didMerge:
		n := r.uvarint()
		value := r.take(int(min(n, uint64(len(r.b))+1)))
		if err := op.other(value, products); err != nil {
			return nil, err
		}
	}
	if r.bad || !sound(abs(op.e.Gain)) {
		return nil, errShort
	}
	return r.b, nil
}

// other takes a member's value apart.
func (op *memberOp) other(value []byte, products Node) error {
	r := reader{b: value}
	if head := r.take(1); head == nil || head[0] != 0 {
		return errShort
	}
	op.rec = r.member()
	op.goods = op.goods[:0]
	if r.bad || len(r.b) != bindingBytes*int(op.rec.n) {
		return errShort
	}
	for range op.rec.n {
		b := bindingOf(r.take(bindingBytes))
		if b.node() >= products {
			return fmt.Errorf("graph: a binding to product %d of %d", b.node(), products)
		}
		op.goods = append(op.goods, b)
	}
	return nil
}

// memberHand is one goroutine's way to do again what was done to the members
// of some shards.
type memberHand struct {
	m         *Members
	of, among uint32 // which shards are its
	since     [MemberTurns]uint32
	op        memberOp
	before    []float32
}

func (h *memberHand) redo(j *memberJournal) (done int, err error) {
	m := h.m
	for number := j.first; number < j.segment; number++ {
		at := int64(0)
		for ops := j.kept[number]; len(ops) > 0; done++ {
			if ops, err = h.op.take(ops, &at, m.n.get(), m.leans.n); err != nil {
				return done, fmt.Errorf("segment %d of the journal of members: %w", number, err)
			}
			id := uint32(h.op.id)
			if id&uint32(len(m.shards)-1)%h.among == h.of && h.since[id%MemberTurns] <= number {
				h.do(&h.op)
			}
		}
	}
	return done, nil
}

func (h *memberHand) do(op *memberOp) {
	switch op.kind {
	case didBuy:
		h.before = h.m.Bind(op.id, &op.e, h.before)
	case didTakeBack:
		h.m.TakeBack(op.id, op.e.Nodes, op.e.Gain)
	case didRemove:
		h.m.Remove(op.id)
	case didMerge:
		h.m.take(op.id, &op.rec, op.goods)
	}
}
