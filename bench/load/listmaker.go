package load

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"strconv"
	"sync"
	"time"

	"nabo/engine"
)

const (
	listChunk  = 64 // members that a worker takes at a time
	listWindow = 4  // chunks for each worker, made and being made
	yieldEvery = 4  // rows after which a worker lets others go first
)

// listMaker makes the rows of all members on several goroutines and writes them
// in the order of the members.
type listMaker struct {
	frozen  *engine.Frozen
	q       engine.OfferQuery
	render  func(dst []byte, member string, a *engine.OfferAnswer) []byte
	members int

	rows, offers int // written
	bytes        int64

	mu      sync.Mutex
	next    int // the first member that nobody has taken; guarded by mu
	tickets int // guarded by mu
}

// listPart is the rows of some members.
type listPart struct {
	ticket, from, to int
	rows, offers     int
	buf              []byte
}

// run returns when all rows are written, or with the first error. Whoever has
// the lowest members took an empty part before, so somebody always comes to an
// end.
func (m *listMaker) run(ctx context.Context, workers int, out io.Writer) error {
	ctx, cancel := context.WithCancel(ctx)
	var wait sync.WaitGroup
	defer wait.Wait()
	defer cancel()
	window := workers * listWindow
	empty, made := make(chan *listPart, window), make(chan *listPart, window)
	for range window {
		empty <- &listPart{}
	}
	for range workers {
		wait.Go(func() { m.work(ctx, empty, made) })
	}
	waiting := make([]*listPart, window) // by ticket
	for ticket, written := 0, 0; written < m.members; {
		select {
		case p := <-made:
			waiting[p.ticket%window] = p
		case <-ctx.Done():
			return ctx.Err()
		}
		for waiting[ticket%window] != nil {
			p := waiting[ticket%window]
			waiting[ticket%window] = nil
			if _, err := out.Write(p.buf); err != nil {
				return fmt.Errorf("write rows: %w", err)
			}
			m.rows, m.offers, m.bytes = m.rows+p.rows, m.offers+p.offers, m.bytes+int64(len(p.buf))
			m.frozen.Passed(p.to)
			written = p.to
			ticket++
			empty <- p
		}
	}
	return nil
}

// work makes parts until there are no more members.
func (m *listMaker) work(ctx context.Context, empty <-chan *listPart, made chan<- *listPart) {
	q := m.q
	var a engine.OfferAnswer
	var member []byte
	for {
		var p *listPart
		select {
		case p = <-empty:
		case <-ctx.Done():
			return
		}
		if !m.take(p) {
			return
		}
		for i := p.from; i < p.to; i++ {
			if i%yieldEvery == yieldEvery-1 {
				runtime.Gosched()
			}
			if _, ok := m.frozen.Token(i); !ok {
				continue
			}
			m.frozen.Offers(i, &q, &a)
			member = strconv.AppendInt(append(member[:0], "m-"...), int64(i+1), 10)
			p.buf = m.render(p.buf, string(member), &a)
			p.rows++
			p.offers += len(a.Items)
		}
		made <- p // there is room for all
	}
}

// take gives p the next members; false: there are none.
func (m *listMaker) take(p *listPart) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.next == m.members {
		return false
	}
	*p = listPart{ticket: m.tickets, from: m.next, to: min(m.next+listChunk, m.members), buf: p.buf[:0]}
	m.next = p.to
	m.tickets++
	return true
}

// appendRow appends one member's list as a line of JSON.
func appendRow(dst []byte, member string, a *engine.OfferAnswer) []byte {
	dst = append(append(dst, `{"member":"`...), member...)
	dst = append(dst, `","asOf":{"seq":`...)
	dst = strconv.AppendUint(dst, a.Seq, 10)
	dst = append(dst, `},"personalised":`...)
	dst = strconv.AppendBool(dst, a.Personalised)
	dst = append(dst, `,"recomms":[`...)
	for i := range a.Items {
		it := &a.Items[i]
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(append(dst, `{"id":"`...), it.Offer.Spec.Offer...)
		dst = append(dst, `","score":`...)
		dst = strconv.AppendFloat(dst, it.Score, 'g', 4, 64)
		dst = append(dst, `,"rank":`...)
		dst = strconv.AppendInt(dst, int64(i+1), 10)
		if it.Price > 0 { // not NaN
			dst = append(dst, `,"memberPrice":`...)
			dst = strconv.AppendFloat(dst, it.Price, 'f', 2, 64)
		}
		if it.ValidThrough != 0 {
			dst = append(dst, `,"validThrough":"`...)
			dst = it.ValidThrough.Time().AppendFormat(dst, time.RFC3339)
			dst = append(dst, '"')
		}
		dst = append(dst, '}')
	}
	return append(dst, "]}\n"...)
}
