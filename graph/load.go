package graph

import (
	"encoding/binary"
	"fmt"
	"math"
	"sync"
)

// memberHead and bindingBytes are what a member's value takes without bindings,
// and for each binding.
const (
	memberHead   = 13
	bindingBytes = 12
)

// member takes off what stands in a member's value before the bindings.
func (r *reader) member() memberRec {
	return memberRec{epoch: int32(r.u32()), visits: r.u16(), last: Day(r.u16()), every: r.u16(), n: r.u16()}
}

func bindingOf(b []byte) binding {
	return binding{
		product: binary.LittleEndian.Uint32(b),
		weight:  math.Float32frombits(binary.LittleEndian.Uint32(b[4:])),
		last:    Day(binary.LittleEndian.Uint16(b[8:])),
		every:   binary.LittleEndian.Uint16(b[10:]),
	}
}

// Load sets a member to what Save gave; before any other call but Grow. Any
// goroutines may load different members at the same time. Products do not lead
// back to members until Loaded was called.
func (m *Members) Load(id Member, value []byte) error {
	if uint32(id) >= m.n.get() || len(value) == 0 {
		return fmt.Errorf("graph: member %d of %d in %d bytes", id, m.n.get(), len(value))
	}
	sh, slot := m.shard(id)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	rec := &sh.recs[slot]
	if value[0] == 1 {
		*rec = memberRec{epoch: math.MinInt32, gone: true}
		return nil
	}
	r := reader{b: value[1:]}
	loaded := r.member()
	if r.bad || len(r.b) != bindingBytes*int(loaded.n) {
		return errShort
	}
	for b := r.b; len(b) > 0; b = b[bindingBytes:] {
		if n := Node(binary.LittleEndian.Uint32(b) & 0xffffff); n >= m.leans.n {
			return fmt.Errorf("graph: a binding to product %d of %d", n, m.leans.n)
		}
	}
	loaded.head = sh.chunks.load(r.b)
	*rec = loaded
	return nil
}

// load makes a chain of what each gave, the newest chunk first, and returns
// that chunk. The chunks stand as they stood, or a later drop would move
// another binding.
func (c *chunks) load(b []byte) (head uint32) {
	link := &head
	for n := inHead(uint16(len(b) / bindingBytes)); len(b) > 0; n = chunkSize {
		id := c.alloc()
		ch := c.at(id)
		ch.next = 0
		for i := range ch.bindings[:n] {
			ch.bindings[i] = bindingOf(b[i*bindingBytes:])
		}
		b = b[n*bindingBytes:]
		*link, link = id, &ch.next
	}
	return head
}

// Loaded does to the loaded members what was done after they were saved, and
// returns how many events that took. Then it makes the way back from products to
// members. It is called once, when all is loaded and before any other call, and
// uses as many goroutines as workers says.
func (m *Members) Loaded(workers int) (done int, err error) {
	if done, err = m.redo(workers); err != nil {
		return done, err
	}
	m.leanBack(workers)
	return done, nil
}

// leanBack makes the lists that adding the members one after the other would
// make.
//
// Adding 240 million bindings one at a time waits for memory at each. Here they
// are counted first, so that each list gets its chunks in one row. Then they go
// through a buffer for each shard of the lists, so that those that are written
// to at a time, and their pages, are few.
func (m *Members) leanBack(workers int) {
	n := m.n.get()
	parts := make([]leanPart, workers)
	for i := range parts {
		parts[i] = leanPart{from: share(n, i, workers), to: share(n, i+1, workers), at: make([]leanCursor, m.leans.n)}
	}
	each := func(do func(p *leanPart)) {
		var all sync.WaitGroup
		for i := range parts {
			all.Go(func() { do(&parts[i]) })
		}
		all.Wait()
	}
	each(func(p *leanPart) {
		counts := make([]uint32, m.leans.n)
		m.walk(p, func(n Node, _ Member) { counts[n]++ })
		for n, c := range counts {
			p.at[n].n = c
		}
	})
	m.leans.reserveAll(parts)
	each(func(p *leanPart) {
		w := leanWriter{l: &m.leans, at: p.at, waiting: make([][]lean, len(m.leans.shards))}
		m.walk(p, w.add)
		for i := range w.waiting {
			w.flush(i)
		}
	})
}

// leanWriter puts members into lists by way of buffers.
type leanWriter struct {
	l       *leans
	at      []leanCursor
	waiting [][]lean // by the lists' shard
}

// lean is one member of one product.
type lean struct {
	product Node
	member  Member
}

// leansWaiting is how many wait for a shard's lists: several for each of a
// large shop's, of which a shard has a thousand.
const leansWaiting = 1 << 14

func (w *leanWriter) add(n Node, m Member) {
	i := int(n) & (len(w.waiting) - 1)
	if len(w.waiting[i]) == cap(w.waiting[i]) {
		w.flush(i)
		if cap(w.waiting[i]) == 0 {
			w.waiting[i] = make([]lean, 0, leansWaiting)
		}
	}
	w.waiting[i] = append(w.waiting[i], lean{n, m})
}

func (w *leanWriter) flush(i int) {
	for _, e := range w.waiting[i] {
		w.l.put(e.product, &w.at[e.product], e.member)
	}
	w.waiting[i] = w.waiting[i][:0]
}

// share returns where part i of n things begins.
func share(n uint32, i, parts int) Member { return Member(uint64(n) * uint64(i) / uint64(parts)) }

// leanPart is one goroutine's share of the members.
type leanPart struct {
	from, to Member
	at       []leanCursor // by product
}

// leanCursor is where a goroutine's next member of a product goes.
type leanCursor struct {
	chunk *leanChunk
	id    uint32 // the chunk's
	n     uint32 // first how many members there are, then the place in the chunk
}

// walk calls fn for each binding of a part's members, in their order and the
// oldest chunk's last. Nobody else may use the members.
func (m *Members) walk(p *leanPart, fn func(Node, Member)) {
	for id := p.from; id < p.to; id++ {
		sh, slot := m.shard(id)
		rec := &sh.recs[slot]
		left := inHead(rec.n)
		for at := rec.head; at != 0; {
			ch := sh.chunks.at(at)
			for i := range ch.bindings[:left] {
				fn(ch.bindings[i].node(), id)
			}
			at, left = ch.next, chunkSize
		}
	}
}

// reserveAll gives all lists their chunks, on as many goroutines as there are
// parts: each has shards of its own.
func (l *leans) reserveAll(parts []leanPart) {
	var all sync.WaitGroup
	for i := range parts {
		all.Go(func() {
			for node := range l.n {
				if int(node)%len(l.shards)%len(parts) == i {
					l.reserve(node, parts)
				}
			}
		})
	}
	all.Wait()
}

// reserve gives a product's list the chunks that it needs, one after the
// other, and puts each part's cursor where its share begins.
func (l *leans) reserve(n Node, parts []leanPart) {
	sh, slot := l.shard(n)
	total := uint32(0)
	for i := range parts {
		total += parts[i].at[n].n
	}
	if total == 0 {
		return
	}
	first, last := sh.used+1, uint32(0)
	for range (total + leanChunkSize - 1) / leanChunkSize {
		id := sh.alloc()
		sh.at(id).next, last = last, id
	}
	sh.lists[slot] = leanList{head: last, n: total, fill: (total-1)%leanChunkSize + 1}
	at := uint32(0)
	for i := range parts {
		c := &parts[i].at[n]
		if c.n == 0 {
			continue
		}
		before := at
		at += c.n
		c.id, c.n = first+before/leanChunkSize, before%leanChunkSize
		c.chunk = sh.at(c.id)
	}
}

// put writes the next member of a product.
func (l *leans) put(n Node, c *leanCursor, id Member) {
	if c.n == leanChunkSize {
		sh, _ := l.shard(n)
		c.id, c.n = c.id+1, 0
		c.chunk = sh.at(c.id)
	}
	c.chunk.members[c.n] = id
	c.n++
}
