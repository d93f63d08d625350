package graph

import "math"

// noMember stands where a list's chunk has no entry: above all others in it.
const noMember = Member(math.MaxUint32)

// leanSweep clears lists of members who let a product go, a chunk of one list
// at a time: a popular product's list holds a million members, and to clear it
// at once would hold up the log and every reader of it.
type leanSweep struct {
	due   []Node // lists to be cleared, the first of them is under way
	begun bool
	prev  uint32 // the chunk before the next one, 0: none
	next  uint32 // the chunk to look at, from 1
	old   uint32 // of the list's stale entries: those from before it began
	met   bitset // members that the list was seen to hold
}

// A list is cleared once its stale entries are a quarter of it, but not for a
// few.
const (
	leanStaleLeast = 16
	leanStaleShare = 4
)

// stale notes that a member let a product go, and looks at one more chunk of
// the list that is being cleared. The writer's: it alone changes members and
// lists, so it may read them without their locks.
func (l *leans) stale(n Node, m *Members) {
	if l.off {
		return
	}
	sh, slot := l.shard(n)
	list := &sh.lists[slot]
	before := l.due(list)
	list.stale++ // no reader looks at it
	if !before && l.due(list) {
		l.sweep.due = append(l.sweep.due, n)
	}
	l.step(m)
}

func (l *leans) due(list *leanList) bool {
	return list.stale >= max(leanStaleLeast, list.n/leanStaleShare)
}

// step looks at one chunk.
func (l *leans) step(m *Members) {
	sw := &l.sweep
	if len(sw.due) == 0 {
		return
	}
	n := sw.due[0]
	sh, slot := l.shard(n)
	list := &sh.lists[slot]
	if !sw.begun {
		sw.begun, sw.prev, sw.next, sw.old = true, 0, list.head, list.stale
	}
	if sw.next != 0 {
		l.clear(sh, list, n, m)
	}
	if sw.next == 0 {
		list.stale -= sw.old
		sw.due, sw.begun = sw.due[1:], false
		sw.met.reset()
		if len(sw.due) == 0 {
			sw.due = nil
		}
		if l.due(list) {
			sw.due = append(sw.due, n)
		}
	}
}

// clear takes out of a chunk whoever does not hold the product any more, or
// stood in the list before; and joins it to the chunk before it if both fit
// into one. The newest chunk is joined to none: the writer goes on to fill it.
func (l *leans) clear(sh *leanShard, list *leanList, n Node, m *Members) {
	sw := &l.sweep
	id := sw.next
	kept := *sh.at(id)
	in := leanChunkSize
	if id == list.head {
		in = int(list.fill)
	}
	had, left := l.keep(&kept, in, n, m)
	sw.next = kept.next

	sh.mu.Lock()
	defer sh.mu.Unlock()
	list.n -= uint32(had - left)
	if sw.prev != 0 && sw.prev != list.head {
		if before := sh.at(sw.prev); entries(before)+left <= leanChunkSize {
			join(before, &kept)
			sh.release(id)
			return
		}
	}
	*sh.at(id) = kept
	if id == list.head {
		list.fill = uint32(left)
	}
	sw.prev = id
}

// keep leaves in a chunk those of its entries that stay, the oldest first as
// they were, and returns how many there were and how many are left.
func (l *leans) keep(ch *leanChunk, in int, n Node, m *Members) (had, left int) {
	sw := &l.sweep
	was := ch.members
	at := leanChunkSize
	for i := in - 1; i >= 0; i-- { // the latest entry of a member is the one that stays
		id := was[i]
		if id == noMember {
			continue
		}
		had++
		ms, slot := m.shard(id)
		if !sw.met.has(uint32(id)) && ms.chunks.find(&ms.recs[slot], n) != nil {
			sw.met.set(uint32(id))
			at--
			ch.members[at] = id
		}
	}
	left = copy(ch.members[:], ch.members[at:])
	for i := left; i < leanChunkSize; i++ {
		ch.members[i] = noMember
	}
	return had, left
}

// entries counts a chunk's, which stand before all empty places.
func entries(ch *leanChunk) int {
	n := 0
	for n < leanChunkSize && ch.members[n] != noMember {
		n++
	}
	return n
}

// join puts a chunk's entries, which are older, before those of the one that
// stands before it, and takes its place in the list.
func join(into, older *leanChunk) {
	both := older.members
	copy(both[entries(older):], into.members[:])
	into.members, into.next = both, older.next
}
