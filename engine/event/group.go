package event

import (
	"encoding/binary"
	"math"

	"github.com/cespare/xxhash/v2"
)

// groupVersion is the version of the groups that AppendGroup writes.
const groupVersion = 1

// checksumLen is the length of the checksum at the end of a group.
const checksumLen = 8

// The flags of an event in a group.
const (
	groupStore = 1 << iota
	groupChain
	groupSession
	groupMember
	groupFlagsEnd // the first bit that has no meaning yet
)

// The flags of a line in a group.
const (
	lineCount    = 1 << iota // the quantity is a whole number other than 1
	lineQty                  // the quantity is no whole number
	linePrice                // the price is known
	lineDiscount             // there is a discount
	lineOffer                // there is an offer
	lineReturn               // the goods came back
	lineFlagsEnd
)

// AppendGroup appends the payload of one log message to dst: the events in
// their admitted form, as DESIGN.md lays out. The strings of the outer form
// (ID, Source, SessionID, MemberID, OriginalID, CartID, IntoID) are never
// written. The events must have passed Validate; one without a body panics.
func AppendGroup(dst []byte, evs []Event) []byte {
	start := len(dst)
	dst = append(dst, groupVersion)
	dst = binary.AppendUvarint(dst, uint64(len(evs)))
	previous := Millis(0)
	for i := range evs {
		dst = appendEvent(dst, &evs[i], previous)
		previous = evs[i].Received
	}
	return binary.LittleEndian.AppendUint64(dst, xxhash.Sum64(dst[start:]))
}

// appendEvent writes times as differences: to the event before, and of the
// sender's clock to ours. Both are small in a group.
func appendEvent(dst []byte, ev *Event, previous Millis) []byte {
	flags := flagIf(ev.Store != "", groupStore) | flagIf(ev.Chain != "", groupChain) |
		flagIf(ev.Session != 0, groupSession) | flagIf(ev.Member != 0, groupMember)
	dst = append(dst, byte(typeOf(ev.Body)), flags)
	dst = binary.LittleEndian.AppendUint64(dst, ev.Key)
	dst = binary.AppendVarint(dst, int64(ev.Received-previous))
	dst = binary.AppendVarint(dst, int64(ev.Received-ev.Time))
	if ev.Store != "" {
		dst = appendText(dst, ev.Store)
	}
	if ev.Chain != "" {
		dst = appendText(dst, ev.Chain)
	}
	if ev.Session != 0 {
		dst = binary.LittleEndian.AppendUint64(dst, ev.Session)
	}
	if ev.Member != 0 {
		dst = binary.LittleEndian.AppendUint64(dst, uint64(ev.Member))
	}
	return appendBody(dst, ev.Body)
}

func appendBody(dst []byte, body Body) []byte {
	switch b := body.(type) {
	case *Receipt:
		dst = appendText(dst, b.Currency)
		dst = binary.LittleEndian.AppendUint64(dst, b.Original)
		return appendLines(dst, b.Lines)
	case *View:
		return appendText(appendText(dst, b.Product), b.RecommID)
	case *Cart:
		dst = binary.LittleEndian.AppendUint64(dst, b.Cart)
		return appendLines(append(dst, byte(b.Action)), b.Lines)
	case *Scanned:
		return append(appendText(dst, b.Product), byte(b.Action))
	case *Product:
		for _, s := range [...]string{b.Product, b.Name, b.Category, b.Brand, b.Image, b.Currency} {
			dst = appendText(dst, s)
		}
		return appendAttributes(appendNumber(dst, b.Price), b.Attributes)
	case *ProductDeleted:
		return appendText(dst, b.Product)
	case *Stock:
		return append(appendText(dst, b.Product), byte(b.Availability))
	case *Member:
		dst = appendTexts(appendText(dst, b.HomeStore), b.Chains)
		return appendAttributes(appendText(dst, b.Timezone), b.Attributes)
	case *MemberErased, *MemberIdentified:
		return dst
	case *MemberMerged:
		return binary.LittleEndian.AppendUint64(dst, uint64(b.Into))
	case *Signal:
		return appendText(appendNumber(appendText(dst, b.Product), b.Weight), b.From)
	}
	return appendOfferBody(dst, body)
}

func appendLines(dst []byte, lines []Line) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(lines)))
	for i := range lines {
		dst = appendLine(dst, &lines[i])
	}
	return dst
}

func appendLine(dst []byte, l *Line) []byte {
	whole := l.Qty == math.Trunc(l.Qty) && l.Qty > 0 && l.Qty <= MaxNumber
	flags := flagIf(whole && l.Qty != 1, lineCount) | flagIf(!whole, lineQty) |
		flagIf(!math.IsNaN(l.Price), linePrice) | flagIf(math.Float64bits(l.Discount) != 0, lineDiscount) |
		flagIf(l.Offer != "", lineOffer) | flagIf(l.Return, lineReturn)
	dst = appendText(append(dst, flags), l.Product)
	if flags&lineCount != 0 {
		dst = binary.AppendUvarint(dst, uint64(l.Qty))
	}
	if flags&lineQty != 0 {
		dst = appendNumber(dst, l.Qty)
	}
	if flags&linePrice != 0 {
		dst = appendNumber(dst, l.Price)
	}
	if flags&lineDiscount != 0 {
		dst = appendNumber(dst, l.Discount)
	}
	if flags&lineOffer != 0 {
		dst = appendText(dst, l.Offer)
	}
	return dst
}

func appendAttributes(dst []byte, attributes []Attribute) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(attributes)))
	for i := range attributes {
		a := &attributes[i]
		dst = append(appendText(dst, a.Name), byte(a.Value.Kind))
		switch a.Value.Kind {
		case KindText:
			dst = appendText(dst, a.Value.Text)
		case KindBool:
			dst = append(dst, byte(a.Value.Num))
		default:
			dst = appendNumber(dst, a.Value.Num)
		}
	}
	return dst
}

func appendText(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

func appendTexts(dst []byte, texts []string) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(texts)))
	for _, s := range texts {
		dst = appendText(dst, s)
	}
	return dst
}

func appendNumber(dst []byte, v float64) []byte {
	return binary.LittleEndian.AppendUint64(dst, math.Float64bits(v))
}

func flagIf(set bool, flag byte) byte {
	if set {
		return flag
	}
	return 0
}
