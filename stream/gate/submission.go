package gate

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"

	"nabo/engine/event"
)

// submission is one request on its way.
type submission struct {
	events   []event.Event
	sizes    []int // an upper bound of each event's bytes in a group; zero: rejected
	outcomes []Outcome
	good     int // events that were not rejected

	// done is closed when the submission's last group is durable or failed.
	done chan struct{}

	// The gate's mu guards these until done is closed.
	pending int // groups that it waits for, and one for the gathering itself
	seq     uint64
	err     error
}

// result is for after done.
func (s *submission) result() (Result, error) {
	if s.err != nil {
		return Result{}, s.err
	}
	return Result{Seq: s.seq, Outcomes: s.outcomes}, nil
}

// release takes back one thing that s waits for. The gate's mu is held.
func (s *submission) releaseLocked(seq uint64, err error) {
	s.seq = max(s.seq, seq)
	if s.err == nil {
		s.err = err
	}
	if s.pending--; s.pending == 0 {
		close(s.done)
	}
}

// prepare does what needs nothing but the events: validation, keys, hashes.
func (g *Gate) prepare(evs []event.Event) *submission {
	s := &submission{
		events:   evs,
		sizes:    make([]int, len(evs)),
		outcomes: make([]Outcome, len(evs)),
		done:     make(chan struct{}),
	}
	now := event.At(g.opts.Now())
	m := g.scratch.Get().(*measure)
	defer g.scratch.Put(m)
	equal := ordinals{}
	for i := range evs {
		ev := &evs[i]
		size, err := g.check(ev, now, m)
		if err != nil {
			s.outcomes[i] = Outcome{Rejected, err}
			g.counts.rejected.Add(1)
			continue
		}
		s.sizes[i] = size
		s.good++
		ev.Key = equal.keyOf(ev)
		ev.Session = event.HashID(ev.SessionID)
		ev.Member, ev.Received = 0, 0
		hashIDs(ev)
	}
	return s
}

// hashIDs sets what stands for ids in the admitted form of the body.
func hashIDs(ev *event.Event) {
	switch b := ev.Body.(type) {
	case *event.Receipt:
		b.Original = receiptKey(ev.Source, b.OriginalID)
	case *event.Cart:
		b.Cart = event.HashID(b.CartID)
	case *event.OfferRedeemed:
		b.Receipt = receiptKey(ev.Source, b.ReceiptID)
	}
}

// receiptKey is the key of the receipt with the given id, zero for none.
func receiptKey(source, id string) uint64 {
	if id == "" {
		return 0
	}
	return event.KeyOf(source, id)
}

// check validates an event and returns how large it may be in a group.
func (g *Gate) check(ev *event.Event, now event.Millis, m *measure) (int, *event.FieldError) {
	err := ev.Validate(now)
	if err == nil && g.opts.Check != nil {
		err = g.opts.Check(ev)
	}
	if err != nil {
		var field *event.FieldError
		if !errors.As(err, &field) {
			field = &event.FieldError{Detail: err.Error()}
		}
		return 0, field
	}
	size := m.of(ev)
	if size > g.opts.MaxBytes-groupRoom {
		return 0, &event.FieldError{Detail: fmt.Sprintf("is too large: %d bytes, of at most %d", size, g.opts.MaxBytes-groupRoom)}
	}
	return size, nil
}

// ordinals counts the equal receipts of one request.
type ordinals map[uint64]int

// keyOf is the event's dedupe key. A receipt without an id is known by what
// is on it, any other event without an id by nothing: it gets a random key.
func (o ordinals) keyOf(ev *event.Event) uint64 {
	if ev.ID != "" {
		return event.KeyOf(ev.Source, ev.ID)
	}
	if ev.Type != event.TypeReceipt {
		return randomKey()
	}
	first := event.ReceiptKey(ev, 0)
	n := o[first]
	o[first]++
	if n == 0 {
		return first
	}
	return event.ReceiptKey(ev, n)
}

// randomKey is never zero.
func randomKey() uint64 {
	var b [8]byte
	for {
		rand.Read(b[:]) // never fails: the program ends instead
		if key := binary.LittleEndian.Uint64(b[:]); key != 0 {
			return key
		}
	}
}

// groupRoom is what a group takes beside its events: version, count, checksum.
const groupRoom = 32

// measure sizes events. It is used by one goroutine at a time.
type measure struct {
	one [1]event.Event
	buf []byte
}

// of returns an upper bound of the bytes that ev takes in a group: what it
// takes in one of its own, where times are not yet differences of neighbours,
// with session, member and the member to merge into as good as set.
func (m *measure) of(ev *event.Event) int {
	m.one[0] = *ev
	m.buf = event.AppendGroup(m.buf[:0], m.one[:])
	m.one[0] = event.Event{}
	if cap(m.buf) > 1<<16 {
		defer func() { m.buf = nil }()
	}
	return len(m.buf) + 3*8 + 2*10
}
