package load

import (
	"fmt"
	"strconv"
	"sync"
	"time"

	"nabo/bench/gen"
	"nabo/engine/event"
)

// trip is what one shopper puts into a basket before paying.
type trip struct {
	session, store, member string
	products               []string
}

// trips are those that shoppers go on to make: the members' next receipts, good
// by good. One goroutine at a time.
type trips struct {
	base    *gen.Base
	batch   gen.Batch
	run     string
	offered []string // products that some offer is on
	store   string   // any
	onOffer int      // share of scans that are of these, in percent
	made    int
	scans   int
}

// apartTrips keeps the trips' receipts from those that flow and from those that
// questions are made of.
const apartTrips = 1 << 33

func newTrips(base *gen.Base, onOffer int) *trips {
	t := &trips{base: base, run: run(), onOffer: onOffer}
	t.store, _ = base.Home(0)
	for _, ev := range base.Catalogue() {
		if o, ok := ev.Body.(*event.Offer); ok {
			t.offered = append(t.offered, o.Products...)
		}
	}
	return t
}

// take makes the next trip.
func (t *trips) take() trip {
	t.base.More(&t.batch, apartTrips+t.made, 1)
	ev := &t.batch.Events[0]
	out := trip{session: t.run + "/" + strconv.Itoa(t.made), store: ev.Store, member: t.base.MemberID(t.batch.Buyers[0])}
	t.made++
	for _, l := range ev.Body.(*event.Receipt).Lines {
		product := l.Product
		// Steps of the golden ratio spread them evenly at any share.
		if at := int(uint32(t.scans)*2654435769>>16) * 100 >> 16; at < t.onOffer && len(t.offered) > 0 {
			product = t.offered[int(uint32(t.scans)*2246822519>>8)%len(t.offered)]
		}
		t.scans++
		out.products = append(out.products, product)
	}
	return out
}

// scan is one that a shopper sent.
type scan struct {
	number       int
	loop         *scanLoop
	due          time.Duration // since the loop's start
	counts       bool          // it is due after the warm-up
	nudge, delta time.Duration // since it was due; 0: none came
	acked        bool
}

// shopper is one active basket on a socket of its own.
type shopper struct {
	*socket
	fleet *fleet
	trips *trips

	// The sender's.
	trip    trip
	at      int // in the trip's products
	trail   int // trips so far
	numbers int
	event   event.Event
	scanned event.Scanned
	body    []byte
	out     []byte

	mu   sync.Mutex
	open []scan // those that may still be answered, oldest first; guarded by mu
}

// next puts the next good into the basket: if the one before was the last, it
// pays and makes another trip. It sends the frame of the scan that is due.
func (s *shopper) next(loop *scanLoop, due time.Duration) error {
	if s.at == len(s.trip.products) {
		if err := s.pay(); err != nil {
			return err
		}
	}
	s.numbers++
	id := strconv.Itoa(s.numbers)
	s.scanned = event.Scanned{Product: s.trip.products[s.at], Action: event.ActionAdd}
	s.at++
	s.event = event.Event{
		Type: event.TypeScan, ID: s.trip.session + "-" + strconv.Itoa(s.at), Source: "bench/live",
		Store: s.trip.store, MemberID: s.trip.member, SessionID: s.trip.session, Body: &s.scanned,
	}
	s.body = s.event.AppendJSON(s.body[:0])
	s.out = appendFrame(s.out[:0], "event", id, s.body)
	s.mu.Lock()
	s.settleLocked(false)
	s.open = append(s.open, scan{number: s.numbers, loop: loop, due: due, counts: due >= loop.warmUp})
	s.mu.Unlock()
	return s.write(s.out)
}

// pay closes the basket with its receipt and begins the next one, of another
// member in another session.
func (s *shopper) pay() error {
	paid := s.trip
	s.trip, s.at = s.trips.take(), 0
	if s.fleet.echo {
		return nil
	}
	was := strconv.Itoa(s.trail)
	s.trail++
	if len(paid.products) > 0 {
		receipt := event.Receipt{}
		for _, product := range paid.products {
			receipt.Lines = append(receipt.Lines, event.Line{Product: product, Qty: 1, Price: 1})
		}
		ev := event.Event{
			Type: event.TypeReceipt, Time: event.At(time.Now()), ID: paid.session, Source: "bench/live",
			Store: paid.store, MemberID: paid.member, SessionID: paid.session, Body: &receipt,
		}
		for _, out := range [][]byte{
			appendFrame(nil, "event", "p"+was, ev.AppendJSON(nil)),
			appendFrame(nil, "unsubscribe", "u"+was, fmt.Appendf(nil, `{"ref":"b%s"}`, was)),
			appendFrame(nil, "unsubscribe", "v"+was, fmt.Appendf(nil, `{"ref":"n%s"}`, was)),
		} {
			if err := s.write(out); err != nil {
				return err
			}
		}
	}
	return s.subscribe()
}

// subscribe watches the trip's basket and its nudges.
func (s *shopper) subscribe() error {
	for _, topic := range []string{"basket", "nudges"} {
		data := fmt.Appendf(nil, `{"topic":%q,"session":%q,"member":%q,"store":%q}`, topic, s.trip.session, s.trip.member, s.trip.store)
		id := topic[:1] + strconv.Itoa(s.trail)
		if err := s.write(appendFrame(nil, "subscribe", id, data)); err != nil {
			return err
		}
	}
	return nil
}

// took notes what a frame says of the scans that are open.
func (s *shopper) took(fr *frame, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch fr.kind {
	case ackFrame:
		s.ackedLocked(fr.ref, at)
	case eventFrame: // the echo's
		s.ackedLocked(fr.id, at)
	case nudgeFrame:
		if a := s.answeredLocked(); a != nil && a.nudge == 0 {
			a.nudge = at.Sub(a.loop.start) - a.due
		}
	case deltaFrame:
		// One that stands for several changes answers a scan only while that waits.
		cause := string(fr.cause())
		if a := s.answeredLocked(); a != nil && a.delta == 0 && (cause == "scan" || cause == "several" && !a.acked) {
			a.delta = at.Sub(a.loop.start) - a.due
		}
	}
}

// answeredLocked is the scan that a nudge or a delta answers: it is sent before
// the scan's ack, so that it is the oldest without one; or the newest, if all
// have theirs.
func (s *shopper) answeredLocked() *scan {
	for i := range s.open {
		if !s.open[i].acked {
			return &s.open[i]
		}
	}
	if len(s.open) == 0 {
		return nil
	}
	return &s.open[len(s.open)-1]
}

func (s *shopper) ackedLocked(ref []byte, at time.Time) {
	number, err := strconv.Atoi(string(ref))
	if err != nil {
		return // a receipt's
	}
	for i := range s.open {
		a := &s.open[i]
		if a.number == number && !a.acked {
			a.acked = true
			a.loop.acked(s, a, at.Sub(a.loop.start)-a.due)
		}
	}
}

// settleLocked closes the scans that have all that will come, and with all also
// those that wait in vain.
func (s *shopper) settleLocked(all bool) {
	keep := s.open[:0]
	for i := range s.open {
		if s.open[i].acked || all {
			s.open[i].loop.settle(&s.open[i])
		} else {
			keep = append(keep, s.open[i])
		}
	}
	s.open = keep
}
