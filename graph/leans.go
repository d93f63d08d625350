package graph

import "sync"

// leans lists, for each product, the members who are bound to it: the way
// back of every binding, in four bytes. It is an index over the members: what
// it says is checked against the member when it is read, it is built anew on
// load, and it is not in the digest.
type leans struct {
	shards []leanShard
	shift  uint
	n      Node
	sweep  leanSweep // the writer's
	warmth uint32    // the writer's
	off    bool      // lists nothing: what is done again after a start is listed when all is done
}

type leanShard struct {
	mu    sync.RWMutex
	lists []leanList  // guarded by mu
	pages []*leanPage // guarded by mu
	used  uint32      // guarded by mu
	freed uint32      // guarded by mu
	_     [64]byte
}

// leanList is one product's members, the latest first.
type leanList struct {
	head  uint32 // the newest chunk, from 1
	n     uint32
	stale uint32 // entries whose member let the product go
	fill  uint32 // places taken in the newest chunk
}

const (
	leanChunkSize = 15
	leanPageBits  = 8 // 16,384 bytes, as the allocator has it
)

type leanChunk struct {
	members [leanChunkSize]Member
	next    uint32
}

type leanPage [1 << leanPageBits]leanChunk

func (l *leans) init(shards int) {
	l.shards = make([]leanShard, shards)
	for 1<<l.shift < shards {
		l.shift++
	}
}

func (l *leans) shard(n Node) (*leanShard, uint32) {
	return &l.shards[n&Node(len(l.shards)-1)], uint32(n) >> l.shift
}

func (l *leans) grow(n Node) {
	for ; l.n < n; l.n++ {
		sh, _ := l.shard(l.n)
		sh.mu.Lock()
		sh.lists = append(sh.lists, leanList{})
		sh.mu.Unlock()
	}
}

func (sh *leanShard) at(id uint32) *leanChunk {
	return &sh.pages[(id-1)>>leanPageBits][(id-1)&(1<<leanPageBits-1)]
}

func (sh *leanShard) alloc() uint32 {
	if id := sh.freed; id != 0 {
		sh.freed = sh.at(id).next
		return id
	}
	if sh.used&(1<<leanPageBits-1) == 0 {
		sh.pages = append(sh.pages, new(leanPage))
	}
	sh.used++
	return sh.used
}

func (sh *leanShard) release(id uint32) {
	*sh.at(id) = leanChunk{next: sh.freed}
	sh.freed = id
}

func (sh *leanShard) push(list *leanList, m Member) {
	if list.head == 0 || list.fill == leanChunkSize {
		id := sh.alloc()
		*sh.at(id) = leanChunk{next: list.head}
		list.head, list.fill = id, 0
	}
	sh.at(list.head).members[list.fill] = m
	list.fill++
	list.n++
}

// latest appends up to limit members of a list to dst, the latest first. One
// who let a product go and took it up again stands there twice.
func (sh *leanShard) latest(list *leanList, dst []Member, limit int) []Member {
	in := int(list.fill)
	for id := list.head; id != 0 && len(dst) < limit; {
		ch := sh.at(id)
		for i := in - 1; i >= 0 && len(dst) < limit; i-- {
			if ch.members[i] != noMember {
				dst = append(dst, ch.members[i])
			}
		}
		id, in = ch.next, leanChunkSize
	}
	return dst
}

func (l *leans) add(n Node, m Member) {
	if l.off {
		return
	}
	sh, slot := l.shard(n)
	sh.mu.Lock()
	sh.push(&sh.lists[slot], m)
	sh.mu.Unlock()
}

// warm reads the newest chunk of the lists that are about to be added to; the
// writer's. Together they come sooner than one behind the other's lock.
func (l *leans) warm(nodes []Node) {
	if l.off {
		return
	}
	sum := uint32(0)
	for _, n := range nodes {
		sh, slot := l.shard(n)
		if head := sh.lists[slot].head; head != 0 {
			sum += sh.at(head).next
		}
	}
	l.warmth = sum // so that the reads are not optimised away
}

// Latest appends to dst up to limit members who lately came to be bound to a
// product. Some may have let it go since, and one may stand there twice.
func (m *Members) Latest(n Node, dst []Member, limit int) []Member {
	sh, slot := m.leans.shard(n)
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	if int(slot) >= len(sh.lists) {
		return dst
	}
	return sh.latest(&sh.lists[slot], dst, limit)
}
