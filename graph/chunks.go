package graph

import "sync/atomic"

// chunkSize bindings share a link to the next chunk. Lists that grow by
// copying would leave a trail of freed blocks behind as all members grow; a
// chain of equal chunks leaves none, and its last chunk is half empty at worst.
const chunkSize = 8

type chunk struct {
	bindings [chunkSize]binding
	next     uint32 // the older chunk, from 1; 0: none
}

// chunks is the store of one shard's chunks, in pages that never move.
type chunks struct {
	pages []*chunkPage
	used  uint32
	freed uint32 // the first of a chain of free chunks, from 1
}

// chunkPageSize chunks take 32,700 bytes: the allocator gives 32,768. For 256
// of them it would give 27,264 in place of 25,600.
const chunkPageSize = 327

type chunkPage [chunkPageSize]chunk

func (c *chunks) at(id uint32) *chunk {
	return &c.pages[(id-1)/chunkPageSize][(id-1)%chunkPageSize]
}

func (c *chunks) alloc() uint32 {
	if id := c.freed; id != 0 {
		c.freed = c.at(id).next
		return id
	}
	if c.used%chunkPageSize == 0 {
		c.pages = append(c.pages, new(chunkPage))
	}
	c.used++
	return c.used
}

// inHead is how many bindings a member's newest chunk holds; all others are full.
func inHead(n uint16) int {
	if n == 0 {
		return 0
	}
	return (int(n)-1)%chunkSize + 1
}

// each calls fn for every binding of a member, the newest chunk first.
func (c *chunks) each(rec *memberRec, fn func(*binding)) {
	left := inHead(rec.n)
	for id := rec.head; id != 0; {
		ch := c.at(id)
		for i := range ch.bindings[:left] {
			fn(&ch.bindings[i])
		}
		id, left = ch.next, chunkSize
	}
}

func (c *chunks) find(rec *memberRec, n Node) *binding {
	var found *binding
	c.each(rec, func(b *binding) {
		if b.node() == n {
			found = b
		}
	})
	return found
}

func (c *chunks) push(rec *memberRec, b binding) {
	at := inHead(rec.n)
	if at == 0 || at == chunkSize {
		id := c.alloc()
		c.at(id).next = rec.head
		rec.head, at = id, 0
	}
	c.at(rec.head).bindings[at] = b
	rec.n++
}

// drop takes a binding out and puts the newest one in its place.
func (c *chunks) drop(rec *memberRec, b *binding) {
	head := c.at(rec.head)
	last := &head.bindings[inHead(rec.n)-1]
	*b = *last
	*last = binding{}
	rec.n--
	if inHead(rec.n) == chunkSize || rec.n == 0 {
		id := rec.head
		rec.head = head.next
		c.release(id)
	}
}

func (c *chunks) free(rec *memberRec) {
	for id := rec.head; id != 0; {
		next := c.at(id).next
		c.release(id)
		id = next
	}
	rec.head, rec.n = 0, 0
}

func (c *chunks) release(id uint32) {
	*c.at(id) = chunk{next: c.freed}
	c.freed = id
}

// liveCount is a count that readers see grow.
type liveCount struct{ v atomic.Uint32 }

func (c *liveCount) get() uint32  { return c.v.Load() }
func (c *liveCount) set(n uint32) { c.v.Store(n) }
