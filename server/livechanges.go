package server

import (
	"strconv"

	"nabo/engine/event"
	"nabo/server/live"
)

// Applied tells those who watch what a group of events has changed, once the
// engine has applied it. It keeps nothing of the group and never waits. One
// goroutine calls it: the one that applies.
func (s *Server) Applied(seq uint64, group []event.Event) {
	if !s.hub.Watched() {
		return
	}
	tailed := s.hub.Tailed()
	changes := s.changes[:0]
	for i := range group {
		c := changeOf(&group[i])
		if tailed {
			c.Type = uint64(1) << group[i].Type
			c.Tail = appendTail(nil, seq, &group[i])
		}
		changes = append(changes, c)
		if b, ok := group[i].Body.(*event.MemberMerged); ok {
			changes = append(changes, live.Change{Cause: c.Cause, Member: uint64(b.Into)})
		}
	}
	s.hub.Note(changes)
	clear(changes)
	if s.changes = changes[:0]; cap(changes) > 4096 {
		s.changes = nil
	}
}

// changeOf says what an event may have changed of what is watched. That offers
// were written or withdrawn the hub finds out by itself. An impression is left
// out: lists would move under the eyes of who looks at them.
func changeOf(ev *event.Event) live.Change {
	c := live.Change{Cause: ev.Type.String(), Member: uint64(ev.Member), Session: ev.Session, Store: ev.Store}
	switch b := ev.Body.(type) {
	case *event.Receipt:
		c.Sales, c.Closed = true, ev.Session != 0
	case *event.Signal:
		c.Sales = true
	case *event.Cart:
		if c.Session == 0 {
			c.Session = b.Cart
		}
	case *event.Scanned:
		c.Scanned = true
	case *event.Product:
		c.Product, c.Cause = b.Product, "price"
	case *event.ProductDeleted:
		c.Product, c.Cause = b.Product, "price"
	case *event.Stock:
		c.Product, c.Cause = b.Product, "stock"
	case *event.Scenario:
		c.Offers = true
	case *event.Impression:
		c.Member = 0
	}
	return c
}

// tailProducts is how many products of an event the tail shows.
const tailProducts = 5

// appendTail appends what the tail shows of an event: never a member, nor a
// session.
func appendTail(dst []byte, seq uint64, ev *event.Event) []byte {
	dst = strconv.AppendUint(append(dst, `{"seq":`...), seq, 10)
	dst = append(append(append(dst, `,"event":{"type":"`...), ev.Type.String()...), `","time":`...)
	dst = appendMoment(dst, ev.Time)
	if ev.Store != "" {
		dst = appendString(append(dst, `,"store":`...), ev.Store)
	}
	lines, products := productsOf(ev)
	if lines > 0 {
		dst = strconv.AppendInt(append(dst, `,"lines":`...), int64(lines), 10)
	}
	dst = append(dst, `,"products":[`...)
	for i, id := range products {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendString(dst, id)
	}
	return append(dst, "]}}"...)
}

// productsOf gives how many lines an event has, and its first products.
func productsOf(ev *event.Event) (lines int, products []string) {
	switch b := ev.Body.(type) {
	case *event.Receipt:
		return len(b.Lines), lineProducts(b.Lines)
	case *event.Cart:
		return len(b.Lines), lineProducts(b.Lines)
	case *event.View:
		return 0, []string{b.Product}
	case *event.Scanned:
		return 0, []string{b.Product}
	case *event.Product:
		return 0, []string{b.Product}
	case *event.ProductDeleted:
		return 0, []string{b.Product}
	case *event.Stock:
		return 0, []string{b.Product}
	case *event.Signal:
		return 0, []string{b.Product}
	case *event.Offer:
		return 0, b.Products[:min(len(b.Products), tailProducts)]
	}
	return 0, nil
}

func lineProducts(lines []event.Line) []string {
	var out []string
	for i := range lines[:min(len(lines), tailProducts)] {
		out = append(out, lines[i].Product)
	}
	return out
}

// DeadLetter shows to those who watch events that one was refused on its way
// in. The reason must name no member; of a long one the first 512 bytes are shown.
// A kind that is no event's type is whatever a sender wrote, and is left out. It
// never waits; anybody may call it.
func (s *Server) DeadLetter(kind, reason string) {
	if !s.hub.Tailed() {
		return
	}
	t, known := event.ParseType(kind)
	if !known {
		kind = ""
	}
	reason = shortReason(reason)
	out := appendString([]byte(`{"dead":{"reason":`), reason)
	out = append(appendString(append(out, `,"type":`...), kind), "}}"...)
	s.hub.Note([]live.Change{{Cause: "dead", Type: uint64(1) << t, Tail: out}})
}
