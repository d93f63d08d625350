package event

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/cespare/xxhash/v2"
)

// The fewest bytes that an event, a line, a text and an attribute take in a
// group; they bound what a count can ask for.
const (
	minEvent     = 12
	minLine      = 3
	minText      = 1
	minAttribute = 3
)

// GroupError says that the payload of a log message can't be read: it was
// damaged, or written by a newer version.
type GroupError struct {
	Offset int    // the byte of the payload at which reading stopped
	Detail string // what is wrong there
}

// Error returns the place and what is wrong with it.
func (e *GroupError) Error() string {
	return fmt.Sprintf("group of events: %s, at byte %d", e.Detail, e.Offset)
}

// DecodeGroup reads what AppendGroup wrote, in the admitted form. The error is
// a *GroupError; then no event is returned.
//
// The events overwrite dst from its start, whatever its length, and the result
// is dst grown or shrunk to them. What dst held up to its capacity is used
// again: its receipts, carts, views and scans with their lines; so none of
// them may be in use any more. Strings and attributes are never used again,
// but the strings share one copy of b: clone those that are kept for long.
// B itself is neither kept nor changed.
func DecodeGroup(b []byte, dst []Event) ([]Event, error) {
	if len(b) < 1+1+checksumLen {
		return dst[:0], &GroupError{len(b), "ends too early"}
	}
	if b[0] != groupVersion {
		return dst[:0], &GroupError{0, fmt.Sprintf("has version %d, but this program reads version %d", b[0], groupVersion)}
	}
	end := len(b) - checksumLen
	if binary.LittleEndian.Uint64(b[end:]) != xxhash.Sum64(b[:end]) {
		return dst[:0], &GroupError{end, "has a checksum that does not fit its content"}
	}
	r := groupReader{b: string(b[:end]), size: end}
	r.byte()
	n := r.count(minEvent)
	dst = grow(dst, n)
	previous := Millis(0)
	for i := range dst {
		r.event(&dst[i], previous)
		previous = dst[i].Received
		if r.fault != nil {
			return dst[:0], r.fault
		}
	}
	if len(r.b) > 0 {
		r.fail("has something after its last event")
	}
	if r.fault != nil {
		return dst[:0], r.fault
	}
	return dst, nil
}

// grow returns dst with length n, and all that it held up to its capacity.
func grow(dst []Event, n int) []Event {
	if n <= cap(dst) {
		return dst[:n]
	}
	grown := make([]Event, n)
	copy(grown, dst[:cap(dst)])
	return grown
}

func (r *groupReader) event(ev *Event, previous Millis) {
	old := ev.Body
	*ev = Event{Type: Type(r.byte())}
	flags := r.byte()
	if flags >= groupFlagsEnd {
		r.fail("has an event with unknown flags")
	}
	ev.Key = r.word()
	ev.Received = previous + Millis(r.varint())
	ev.Time = ev.Received - Millis(r.varint())
	if flags&groupStore != 0 {
		ev.Store = r.text()
	}
	if flags&groupChain != 0 {
		ev.Chain = r.text()
	}
	if flags&groupSession != 0 {
		ev.Session = r.word()
	}
	if flags&groupMember != 0 {
		ev.Member = Token(r.word())
	}
	ev.Body = r.body(ev.Type, old)
}

// body reads the body of an event of type t, into old if that can be.
func (r *groupReader) body(t Type, old Body) Body {
	switch t {
	case TypeReceipt:
		b := reuse[Receipt](old)
		b.Currency, b.OriginalID, b.Original = r.text(), "", r.word()
		b.Lines = r.readLines(b.Lines)
		return b
	case TypeView:
		b := reuse[View](old)
		b.Product, b.RecommID = r.text(), r.text()
		return b
	case TypeCart:
		b := reuse[Cart](old)
		b.CartID, b.Cart, b.Action = "", r.word(), Action(r.enum(byte(ActionSet)))
		b.Lines = r.readLines(b.Lines)
		return b
	case TypeScan:
		b := reuse[Scanned](old)
		b.Product, b.Action = r.text(), Action(r.enum(byte(ActionRemove)))
		return b
	case TypeProductUpserted:
		return &Product{
			Product: r.text(), Name: r.text(), Category: r.text(), Brand: r.text(),
			Image: r.text(), Currency: r.text(), Price: r.price(), Attributes: r.attributes(),
		}
	case TypeProductDeleted:
		return &ProductDeleted{Product: r.text()}
	case TypeStockChanged:
		return &Stock{Product: r.text(), Availability: Availability(r.enum(byte(OutOfStock)))}
	case TypeMemberUpserted:
		return &Member{HomeStore: r.text(), Chains: r.texts(), Timezone: r.text(), Attributes: r.attributes()}
	case TypeMemberErased:
		return &MemberErased{}
	case TypeMemberMerged:
		return &MemberMerged{Into: Token(r.word())}
	case TypeMemberIdentified:
		return &MemberIdentified{}
	case TypeSignal:
		return &Signal{Product: r.text(), Weight: r.number(), From: r.text()}
	}
	return r.offerBody(t)
}

// reuse returns old if it is a *T, and a new T if not.
func reuse[T any](old any) *T {
	if b, ok := old.(*T); ok && b != nil {
		return b
	}
	return new(T)
}

// enum reads a number from 1 to last.
func (r *groupReader) enum(last byte) byte {
	v := r.byte()
	if v < 1 || v > last {
		r.fail("has an unknown choice")
	}
	return v
}

// lineSlab is how many lines are allocated at once: some 64 kB of them.
const lineSlab = 1024

// readLines reads lines into old if there is room, else into a piece of a slab
// that the group's receipts share.
func (r *groupReader) readLines(old []Line) []Line {
	n := r.count(minLine)
	if n == 0 {
		return nil
	}
	lines := old
	if cap(lines) >= n {
		lines = lines[:n]
	} else {
		if len(r.lines) < n {
			// No more than what is left can hold, and at least what is needed.
			r.lines = make([]Line, max(n, min(lineSlab, len(r.b)/minLine)))
		}
		lines, r.lines = r.lines[:n:n], r.lines[n:]
	}
	for i := range lines {
		r.line(&lines[i])
		if r.fault != nil {
			return nil
		}
	}
	return lines
}

func (r *groupReader) line(l *Line) {
	flags := r.byte()
	if flags >= lineFlagsEnd || flags&(lineCount|lineQty) == lineCount|lineQty {
		r.fail("has a line with unknown flags")
	}
	if l.Product = r.text(); l.Product == "" {
		r.fail("has a line without a product")
	}
	l.Qty, l.Price, l.Discount, l.Offer = 1, math.NaN(), 0, ""
	if flags&lineCount != 0 {
		l.Qty = float64(r.uvarint())
	}
	if flags&lineQty != 0 {
		l.Qty = r.number()
	}
	if !(l.Qty > 0 && l.Qty <= MaxNumber) {
		r.fail("has a quantity out of bounds")
	}
	if flags&linePrice != 0 {
		l.Price = r.number()
	}
	if flags&lineDiscount != 0 {
		l.Discount = r.number()
	}
	if flags&lineOffer != 0 {
		l.Offer = r.text()
	}
	l.Return = flags&lineReturn != 0
}

func (r *groupReader) texts() []string {
	n := r.count(minText)
	if n == 0 {
		return nil
	}
	texts := make([]string, n)
	for i := range texts {
		texts[i] = r.text()
	}
	return texts
}

func (r *groupReader) attributes() []Attribute {
	n := r.count(minAttribute)
	if n == 0 {
		return nil
	}
	attributes := make([]Attribute, n)
	for i := range attributes {
		a := &attributes[i]
		a.Name = r.text()
		a.Value.Kind = ValueKind(r.enum(byte(KindBool)))
		switch a.Value.Kind {
		case KindText:
			a.Value.Text = r.text()
		case KindNumber:
			if a.Value.Num = math.Float64frombits(r.word()); !finite(a.Value.Num) {
				r.fail("has a number out of bounds")
			}
		case KindBool:
			if a.Value.Num = float64(r.byte()); a.Value.Num > 1 {
				r.fail("has a truth value that is neither 0 nor 1")
			}
		}
	}
	return attributes
}
