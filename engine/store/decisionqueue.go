package store

import "sync"

// chunkBytes is what gathers before it is written at once.
const chunkBytes = 256 << 10

// spareChunks is how many empty chunks are held for what comes next.
const spareChunks = 4

// queue holds the decisions that wait to be written, as they will be written.
// Any goroutine may put and get; one takes.
type queue struct {
	limit int64
	some  chan struct{} // something waits; capacity 1
	full  chan struct{} // a chunk is full; capacity 1
	ended chan struct{} // closed when nothing more comes

	mu      sync.Mutex
	closed  bool
	waiting int64    // bytes
	chunks  []*chunk // the oldest first; what is put goes into the last
	spare   []*chunk
}

// chunk is entries one after the other, and where each begins. It is filled by
// put, with the queue's lock held, and changes no more once it is sealed.
type chunk struct {
	bytes  []byte
	list   map[[16]byte]place
	count  int
	sealed bool
}

func (q *queue) start(limit int64) {
	q.limit = limit
	q.some, q.full, q.ended = make(chan struct{}, 1), make(chan struct{}, 1), make(chan struct{})
}

// put copies an entry. False: there is no room, or the queue is closed.
func (q *queue) put(head *entryHead, content []byte) bool {
	size := entryHeadBytes + len(content)
	q.mu.Lock()
	if q.closed || q.waiting+int64(size) > q.limit {
		q.mu.Unlock()
		return false
	}
	q.waiting += int64(size)
	first := len(q.chunks) == 0
	c, filled := q.roomLocked(size)
	at := len(c.bytes)
	c.bytes = append(append(c.bytes, head[:]...), content...)
	c.list[head.id()] = place{offset: uint32(at), length: uint32(size)}
	c.count++
	q.mu.Unlock()
	if first {
		signal(q.some)
	}
	if filled {
		signal(q.full)
	}
	return true
}

// roomLocked returns a chunk with room for an entry; filled says that there is
// one that is to be written now.
func (q *queue) roomLocked(size int) (c *chunk, filled bool) {
	if n := len(q.chunks); n > 0 {
		c = q.chunks[n-1]
		if !c.sealed && len(c.bytes)+size <= cap(c.bytes) {
			return c, false
		}
		filled = !c.sealed
		c.sealed = true
	}
	n := len(q.spare)
	switch {
	case size > chunkBytes:
		c = newChunk(size)
	case n > 0:
		c, q.spare = q.spare[n-1], q.spare[:n-1]
	default:
		c = newChunk(chunkBytes)
	}
	q.chunks = append(q.chunks, c)
	return c, filled
}

func newChunk(size int) *chunk {
	return &chunk{bytes: make([]byte, 0, size), list: make(map[[16]byte]place)}
}

func signal(to chan struct{}) {
	select {
	case to <- struct{}{}:
	default:
	}
}

// get appends the content of an entry that waits to dst.
func (q *queue) get(id [16]byte, dst []byte) (out []byte, until int64, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i := len(q.chunks) - 1; i >= 0; i-- {
		c := q.chunks[i]
		if at, ok := c.list[id]; ok {
			entry := c.bytes[at.offset:][:at.length]
			return append(dst, entry[entryHeadBytes:]...), (*entryHead)(entry).until(), true
		}
	}
	return dst, 0, false
}

// take returns the oldest chunk, which stays in the queue until it is dropped;
// nil: there is none, or with onlyFull, none that is full.
func (q *queue) take(onlyFull bool) *chunk {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.chunks) == 0 || onlyFull && !q.chunks[0].sealed {
		return nil
	}
	q.chunks[0].sealed = true
	return q.chunks[0]
}

// drop removes the chunk that was taken.
func (q *queue) drop() {
	q.mu.Lock()
	defer q.mu.Unlock()
	c := q.chunks[0]
	n := copy(q.chunks, q.chunks[1:])
	q.chunks[n] = nil
	q.chunks = q.chunks[:n]
	q.waiting -= int64(len(c.bytes))
	if cap(c.bytes) == chunkBytes && len(q.spare) < spareChunks {
		clear(c.list)
		c.bytes, c.count, c.sealed = c.bytes[:0], 0, false
		q.spare = append(q.spare, c)
	}
}

func (q *queue) empty() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.chunks) == 0
}

func (q *queue) bytes() int64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.waiting
}

// close lets nothing more in. False: it was closed before.
func (q *queue) close() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return false
	}
	q.closed = true
	close(q.ended)
	return true
}
