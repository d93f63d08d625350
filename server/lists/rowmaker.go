package lists

import (
	"context"
	"runtime"
	"sync"
	"time"
)

const (
	// calmChunk is how many members a worker takes at a time: at 2 kB a row,
	// one write of some 130 kB. Other workers finish theirs when lookups
	// begin, so it is also how late they give way: a few milliseconds.
	calmChunk = 64

	// busyChunk is what the one worker takes while lookups run, between two
	// rests: with the 1 ms that a rest takes and 50 µs a row, some 12,000 rows a
	// second.
	busyChunk = 32

	// yieldEvery so many rows a worker lets others go first. It costs a
	// fraction of a microsecond.
	yieldEvery = 4

	// windowPer is how many chunks there are for each worker, made and being
	// made together. They bound the memory, and how far a worker may be ahead
	// of the one that makes what is to be written next.
	windowPer = 4
)

// chunk is the rows of the members from..to-1.
type chunk struct {
	ticket   uint64 // counts the chunks in the order of their members
	from, to int
	rows     int64
	buf      []byte
}

// rowMaker makes the rows of one snapshot on several goroutines, and hands
// them on in the order of the members.
//
// A worker takes an empty chunk first, then waits at giveWay, then takes the
// next members. So whoever has the lowest members has a chunk to put them in,
// and always comes to an end.
type rowMaker struct {
	snap    Snapshot
	members int
	workers int
	way     *giveWay

	empty chan *chunk
	made  chan *chunk

	mu      sync.Mutex
	next    int // the first member that nobody has taken
	tickets uint64
}

func newRowMaker(snap Snapshot, workers int, way *giveWay) *rowMaker {
	window := windowPer * workers
	m := &rowMaker{
		snap: snap, members: snap.Members(), workers: workers, way: way,
		empty: make(chan *chunk, window), made: make(chan *chunk, window),
	}
	for range window {
		m.empty <- &chunk{}
	}
	return m
}

// run calls write for each chunk in order, from this goroutine, and returns
// when all are written, write fails or ctx ends. All workers have ended then.
func (m *rowMaker) run(ctx context.Context, write func(*chunk) error) error {
	ctx, cancel := context.WithCancel(ctx)
	var workers sync.WaitGroup
	defer workers.Wait()
	defer cancel()
	for n := range m.workers {
		w := m.snap.Worker()
		workers.Go(func() { m.work(ctx, n, w) })
	}
	waiting := make([]*chunk, cap(m.made)) // by ticket
	for ticket, written := uint64(0), 0; written < m.members; {
		select {
		case c := <-m.made:
			waiting[c.ticket%uint64(len(waiting))] = c
		case <-ctx.Done():
			return ctx.Err()
		}
		for {
			place := &waiting[ticket%uint64(len(waiting))]
			c := *place
			if c == nil {
				break
			}
			if err := write(c); err != nil {
				return err
			}
			m.snap.Passed(c.to)
			*place, written = nil, c.to
			ticket++
			m.empty <- c // there is room for all
		}
	}
	return nil
}

// work is worker number n.
func (m *rowMaker) work(ctx context.Context, n int, w Worker) {
	for {
		var c *chunk
		select {
		case c = <-m.empty:
		case <-ctx.Done():
			return
		}
		size, err := m.way.pass(ctx, n)
		if err != nil || !m.take(c, size) {
			return
		}
		began := time.Now()
		for i := c.from; i < c.to; i++ {
			if (i-c.from)%yieldEvery == yieldEvery-1 {
				runtime.Gosched()
				if ctx.Err() != nil {
					return
				}
			}
			if row, ok := w.Row(c.buf, i); ok {
				c.buf = row
				c.rows++
			}
		}
		m.made <- c // there is room for all
		if size == busyChunk {
			m.way.pause(ctx, time.Since(began))
		}
	}
}

// take gives c the next members; false: there are none.
func (m *rowMaker) take(c *chunk, size int) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.next >= m.members {
		return false
	}
	c.from, c.to = m.next, min(m.next+size, m.members)
	c.ticket, c.rows, c.buf = m.tickets, 0, c.buf[:0]
	m.next = c.to
	m.tickets++
	return true
}
