package graph

import (
	"errors"
	"sync"
)

// MemberTurns is how many checkpoints it takes to write all members that
// changed. A minute's receipts are of a few members in a hundred, so that these
// are written nearly as often in turns as without; but those of a turn lie
// together in the store, which need not put them in their place among all
// others. More turns leave more to do again at a start, and less of a share of
// the store to be touched.
const MemberTurns = 32

// Begin starts a checkpoint as of this moment; the writer's. The checkpoint
// before it must have ended. It returns what is to be written beside what Save
// gives.
func (m *Members) Begin() []JournalSegment {
	j := &m.journal
	whole := j.mustWhole() || m.changedBytes() <= m.opt.Whole
	for i := range m.shards {
		sh := &m.shards[i]
		sh.mu.Lock()
		if whole {
			sh.cow.begin()
		} else {
			sh.beginTurn(uint32(i), uint32(len(m.shards)), j.turn())
		}
		sh.mu.Unlock()
	}
	m.habits.hold()
	return j.begin(whole)
}

// beginTurn begins with the members of a turn, whose numbers leave it as the
// remainder by MemberTurns, whatever the number of shards is.
func (sh *memberShard) beginTurn(i, shards, turn uint32) {
	switch {
	case shards >= MemberTurns && i%MemberTurns == turn:
		sh.cow.begin()
	case shards < MemberTurns && turn%shards == i:
		sh.cow.beginTurn(turn/shards, MemberTurns/shards)
	}
}

// changedBytes says what it would take to write all members that changed, as
// far as one of each shard tells.
func (m *Members) changedBytes() int {
	bytes := 0
	for i := range m.shards {
		sh := &m.shards[i]
		if slot, any := sh.cow.dirty.next(0); any {
			bytes += sh.cow.dirty.count() * (memberHead + bindingBytes*int(sh.recs[slot].n))
		}
	}
	return bytes
}

// Save gives every member that had changed when Begin was called and whose turn
// it is, as they were then. It may run beside the writer and all readers.
func (m *Members) Save(put func(id Member, value []byte) error) error {
	for i := range m.shards {
		sh := &m.shards[i]
		copied := func(slot uint32) func() []byte { return encoded(sh.encode(slot)) }
		err := saveCells(&sh.mu, &sh.cow, copied, func(slot uint32, value []byte) error {
			return put(Member(slot<<m.shift|uint32(i)), value)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// End ends the checkpoint that Begin started and says whether it was kept, as
// Pairs.End does.
func (m *Members) End(kept bool) {
	for i := range m.shards {
		sh := &m.shards[i]
		sh.mu.Lock()
		sh.cow.end(kept)
		sh.mu.Unlock()
	}
	m.habits.let(kept)
	if !kept {
		m.journal.failed.Store(true)
	}
}

// JournalCell, SetJournal and LoadJournal are as those of Pairs.
func (m *Members) JournalCell() uint64 { return m.journal.cell() }

// SetJournal sets which segments there are to what JournalCell gave.
func (m *Members) SetJournal(cell uint64) { m.journal.setCell(cell) }

// LoadJournal takes a segment that Begin gave, beside what Load takes.
func (m *Members) LoadJournal(number, part uint32, value []byte) error {
	return m.journal.load(number, part, value)
}

// redo does to the loaded members what was done after their turn.
func (m *Members) redo(workers int) (done int, err error) {
	j := &m.journal
	if err := j.complete(0); err != nil {
		return 0, err
	}
	counts, errs := make([]int, workers), make([]error, workers)
	var all sync.WaitGroup
	for i := range workers {
		all.Go(func() {
			h := memberHand{m: m.again(), of: uint32(i), among: uint32(workers)}
			for turn := range h.since {
				h.since[turn] = j.sinceTurn(uint32(turn))
			}
			counts[i], errs[i] = h.redo(j)
		})
	}
	all.Wait()
	j.loaded()
	return counts[0], errors.Join(errs...)
}

// again is a way to do again what was done to members that nobody else uses:
// nothing is noted of it, and the way back is made later.
func (m *Members) again() *Members {
	a := &Members{opt: m.opt, fade: m.fade, shards: m.shards, shift: m.shift, mark: make([]uint32, len(m.mark))}
	a.leans.n, a.leans.off, a.journal.whole = m.leans.n, true, true
	a.n.set(m.n.get())
	return a
}
