package offer

import (
	"encoding/binary"
	"errors"
	"math"
	"strings"

	"nabo/engine/event"
	"nabo/graph"
)

// errCell is what a decoder says of a value that is not what it should be.
var errCell = errors.New("offer: the value does not hold what it should")

// formatVersion is the first byte of every value.
const formatVersion = 1

// writer appends numbers and texts to a value.
type writer struct{ b []byte }

func (w *writer) num(v uint64)      { w.b = binary.AppendUvarint(w.b, v) }
func (w *writer) at(m event.Millis) { w.b = binary.AppendVarint(w.b, int64(m)) }
func (w *writer) signed(v int64)    { w.b = binary.AppendVarint(w.b, v) }
func (w *writer) float(v float64)   { w.b = binary.LittleEndian.AppendUint64(w.b, math.Float64bits(v)) }
func (w *writer) text(s string)     { w.num(uint64(len(s))); w.b = append(w.b, s...) }
func (w *writer) texts(list []string) {
	w.num(uint64(len(list)))
	for _, s := range list {
		w.text(s)
	}
}

// taker takes them off a string again, whose memory the texts share, and
// remembers if it ran out.
type taker struct {
	s   string
	bad bool
}

func (t *taker) fail() { t.s, t.bad = "", true }

func (t *taker) num() uint64 {
	var v uint64
	for i := 0; i < len(t.s) && i < binary.MaxVarintLen64; i++ {
		c := t.s[i]
		v |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 {
			t.s = t.s[i+1:]
			return v
		}
	}
	t.fail()
	return 0
}

func (t *taker) signed() int64 {
	v := t.num()
	return int64(v>>1) ^ -int64(v&1)
}

func (t *taker) at() event.Millis { return event.Millis(t.signed()) }

func (t *taker) word() uint64 {
	if len(t.s) < 8 {
		t.fail()
		return 0
	}
	v := wordAt(t.s)
	t.s = t.s[8:]
	return v
}

func (t *taker) float() float64 { return math.Float64frombits(t.word()) }

// length reads how many items of at least one byte follow.
func (t *taker) length() int {
	n := t.num()
	if n > uint64(len(t.s)) {
		t.fail()
		return 0
	}
	return int(n)
}

func (t *taker) text() string {
	n := t.length()
	s := t.s[:n]
	t.s = t.s[n:]
	return s
}

func (t *taker) texts() []string {
	n := t.length()
	if n == 0 {
		return nil
	}
	list := make([]string, n)
	for i := range list {
		list[i] = t.text()
	}
	return list
}

func (t *taker) end() error {
	if t.bad || len(t.s) > 0 {
		return errCell
	}
	return nil
}

// wordAt reads eight bytes, the lowest first; s must have them.
func wordAt(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// appendSpec writes an offer as its upsert described it.
func appendSpec(dst []byte, o *event.Offer) []byte {
	w := writer{dst}
	w.text(o.Offer)
	w.text(o.Name)
	w.text(o.Image)
	w.texts(o.Products)
	w.texts(o.Categories)
	w.at(o.ValidFrom)
	w.at(o.ValidThrough)
	w.texts(o.Chains)
	w.texts(o.Stores)
	w.text(o.Audience)
	for _, f := range []float64{o.Price, o.MemberPrice, o.Budget.Discount, o.Priority, o.Margin} {
		w.float(f)
	}
	w.text(o.Currency)
	for _, n := range []int64{o.Budget.Activations, o.Budget.Redemptions, o.PerMember.Activations, o.PerMember.Redemptions} {
		w.signed(n)
	}
	w.text(o.FundedBy)
	w.num(uint64(len(o.Attributes)))
	for _, a := range o.Attributes {
		w.text(a.Name)
		w.num(uint64(a.Value.Kind))
		w.text(a.Value.Text)
		w.float(a.Value.Num)
	}
	return w.b
}

// parseSpec reads what appendSpec wrote; the offer's texts share s.
func parseSpec(s string) (*event.Offer, error) {
	t := taker{s: s}
	o := &event.Offer{Offer: t.text(), Name: t.text(), Image: t.text(), Products: t.texts(), Categories: t.texts()}
	o.ValidFrom, o.ValidThrough = t.at(), t.at()
	o.Chains, o.Stores, o.Audience = t.texts(), t.texts(), t.text()
	for _, f := range []*float64{&o.Price, &o.MemberPrice, &o.Budget.Discount, &o.Priority, &o.Margin} {
		*f = t.float()
	}
	o.Currency = t.text()
	for _, n := range []*int64{&o.Budget.Activations, &o.Budget.Redemptions, &o.PerMember.Activations, &o.PerMember.Redemptions} {
		*n = t.signed()
	}
	o.FundedBy = t.text()
	if n := t.length(); n > 0 {
		o.Attributes = make([]event.Attribute, n)
	}
	for i := range o.Attributes {
		o.Attributes[i] = event.Attribute{Name: t.text(), Value: event.Value{Kind: event.ValueKind(t.num()), Text: t.text(), Num: t.float()}}
	}
	return o, t.end()
}

// encode gives an offer's whole state.
func (h *held) encode() []byte {
	w := writer{[]byte{formatVersion}}
	w.text(h.text)
	w.at(h.since)
	for _, n := range []int64{h.activations, h.redemptions, h.shown, h.over} {
		w.num(uint64(n))
	}
	w.float(h.discount)
	w.float(h.recent)
	w.at(h.lastTerm)
	withdrawn := uint64(0)
	if h.withdrawn {
		withdrawn = 1
	}
	w.num(withdrawn)
	w.at(h.withdrawnAt)
	w.num(uint64(len(h.products)))
	for _, n := range h.products {
		w.num(uint64(n))
	}
	return w.b
}

// parseHeld reads what encode wrote. It says so if anything is not as encode
// would have written it.
func parseHeld(slot Slot, value []byte) (*held, error) {
	if len(value) == 0 || value[0] != formatVersion {
		return nil, errCell
	}
	t := taker{s: string(value[1:])}
	h := &held{slot: slot, text: strings.Clone(t.text()), since: t.at()}
	for _, n := range []*int64{&h.activations, &h.redemptions, &h.shown, &h.over} {
		*n = int64(t.num())
		if *n < 0 {
			t.fail()
		}
	}
	h.discount, h.recent, h.lastTerm = t.float(), t.float(), t.at()
	if !(h.recent >= 0 && h.recent <= math.MaxFloat64) {
		t.fail()
	}
	h.withdrawn, h.withdrawnAt = t.num() == 1, t.at()
	h.products = make([]graph.Node, t.length())
	for i := range h.products {
		n := t.num()
		if n >= graph.MaxNodes || (i > 0 && graph.Node(n) <= h.products[i-1]) {
			return nil, errCell
		}
		h.products[i] = graph.Node(n)
	}
	if err := t.end(); err != nil {
		return nil, err
	}
	var err error
	h.spec, err = parseSpec(h.text)
	return h, err
}
