package graph

import (
	"encoding/binary"
	"fmt"
	"slices"
)

// salesJournal is the journal of Trends: which sales were counted where. The
// same goods are counted everywhere, in a chain and in a store, one after the
// other, so each but the first costs a byte or two.
type salesJournal struct {
	journal
	last []Node // the goods of the newest entry,
	at   int64  // their moment
	gain float32
}

// The kinds of entries: goods and where, and the same goods somewhere else.
const (
	didSell = iota
	didSellToo
)

// sold notes what Add is about to do.
func (j *salesJournal) sold(s Scope, at int64, nodes []Node, weight float32) {
	if j.whole || len(nodes) == 0 {
		return
	}
	if len(j.ops) > 0 && at == j.at && weight == j.gain && slices.Equal(nodes, j.last) {
		j.ops = append(j.ops, didSellToo)
	} else {
		j.note(didSell, &Bundle{At: at, Nodes: nodes, Gain: weight}, false)
		if j.whole {
			return // it had become too long
		}
		j.last, j.at, j.gain = append(j.last[:0], nodes...), at, weight
	}
	j.ops = binary.AppendUvarint(j.ops, uint64(s))
}

// redo hands over all entries of the segments, in order.
func (j *salesJournal) redo(limit Node, do func(number uint32, s Scope, b *Bundle)) (done int, err error) {
	var b Bundle
	for number := j.first; number < j.segment; number++ {
		b.Nodes = b.Nodes[:0]
		for ops := j.kept[number]; len(ops) > 0; done++ {
			if ops[0]&3 == didSellToo {
				ops = ops[1:]
			} else if _, ops, err = take(ops, &b, limit); err != nil {
				return done, fmt.Errorf("segment %d of the journal of sales: %w", number, err)
			}
			r := reader{b: ops}
			s := r.uvarint()
			if ops = r.b; r.bad || s >= uint64(len(j.since)) || len(b.Nodes) == 0 {
				return done, fmt.Errorf("segment %d of the journal of sales: %w", number, errShort)
			}
			do(number, Scope(s), &b)
		}
	}
	return done, nil
}

// changedBytes says what it would take to write all scopes that changed, as far
// as one of them tells.
func (t *Trends) changedBytes() int {
	slot, any := t.dirty.dirty.next(0)
	if !any {
		return 0
	}
	bytes := 0
	for ; any; slot, any = t.dirty.dirty.next(slot + 1) {
		bytes += t.scopes[slot].valueBytes()
	}
	return bytes
}

// JournalCell, SetJournal and LoadJournal are as those of Pairs.
func (t *Trends) JournalCell() uint64 { return t.journal.cell() }

// SetJournal sets which segments there are to what JournalCell gave.
func (t *Trends) SetJournal(cell uint64) { t.journal.setCell(cell) }

// LoadJournal takes a segment that Begin gave, beside what Load takes.
func (t *Trends) LoadJournal(number, part uint32, value []byte) error {
	return t.journal.load(number, part, value)
}

// Loaded counts in the loaded scopes what was counted after they were saved, of
// products below limit, and returns how many entries that were. It is called
// once, when all is loaded and before any other call.
func (t *Trends) Loaded(limit Node) (done int, err error) {
	j := &t.journal
	if err := j.complete(uint32(len(t.scopes))); err != nil {
		return 0, err
	}
	done, err = j.redo(limit, func(number uint32, s Scope, b *Bundle) {
		if j.since[s] <= number {
			t.add(s, b.At, b.Nodes, b.Gain)
		}
	})
	j.loaded()
	return done, err
}
