package server

import (
	"encoding/binary"
	"errors"
	"math"

	"nabo/engine"
	"nabo/engine/event"
	"nabo/engine/offer"
	"nabo/engine/rank"
)

// offersAsked is what a decision about offers holds beside the question and
// the answer.
type offersAsked struct {
	asked    event.Millis
	hold     event.Millis // for how long it is given
	op       string       // which question it was
	previous string       // the decision that this is the next page of; empty: none
}

// offersDecision is a packed decision about offers, taken apart again.
type offersDecision struct {
	offersAsked
	query           engine.OfferQuery // without its programs
	filter, booster string
	version         uint64 // of the scenario
	seq             uint64
	at              event.Millis
	personalised    bool
	activationsLeft int
	candidates      int
	items           []offerDecided
	dropped         []slotDropped
}

type offerDecided struct {
	id       string
	score    float64
	source   engine.Source
	explored bool
	parts    [rank.Parts]float32
	price    float64 // NaN: not known
	through  event.Millis
	reasons  []reasonKept
	evidence []engine.Evidence
}

// reasonKept is a reason with the product at its other end by id.
type reasonKept struct {
	engine.Reason
	other string
}

type slotDropped struct {
	slot offer.Slot
	rule offer.Rule
}

// The bits of a packed decision's and a packed item's flags.
const (
	flagPersonalised = 1 << iota
	flagExplain
	flagDiversity
	flagRotation

	flagExplored = 1 << 0
	flagPrice    = 1 << 1
	flagThrough  = 1 << 2
)

// packOffers appends a decision about offers; DESIGN.md has the format. Of a
// member only the token is kept, of a session only its hash.
func packOffers(dst []byte, asked *offersAsked, q *engine.OfferQuery, a *engine.OfferAnswer) []byte {
	dst = append(dst, formOffers)
	dst = binary.AppendVarint(dst, int64(asked.asked))
	dst = binary.AppendUvarint(dst, uint64(asked.hold))
	dst = binary.AppendUvarint(dst, a.Seq)
	dst = binary.AppendVarint(dst, int64(a.At))
	dst = append(dst, questionFlags(q, a))
	dst = binary.LittleEndian.AppendUint64(dst, uint64(q.Member))
	dst = binary.LittleEndian.AppendUint64(dst, q.Session)
	for _, share := range [...]float64{q.Diversity, q.RotationRate} {
		if !math.IsNaN(share) {
			dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(share))
		}
	}
	for _, n := range [...]uint64{uint64(q.Count), uint64(a.ActivationsLeft), uint64(a.Candidates), a.Scenario.Version} {
		dst = binary.AppendUvarint(dst, n)
	}
	filter, booster := "", ""
	if q.Filter != nil {
		filter = q.Filter.Source()
	}
	if q.Booster != nil {
		booster = q.Booster.Source()
	}
	for _, text := range [...]string{asked.op, asked.previous, q.Scenario, q.Store, q.Chain, q.Channel, q.After, filter, booster} {
		dst = packString(dst, text)
	}
	dst = packStrings(packStrings(dst, q.Basket), q.Exclude)
	dst = binary.AppendUvarint(dst, uint64(len(a.Items)))
	for i := range a.Items {
		dst = packItem(dst, &a.Items[i])
	}
	return packDropped(dst, a.Dropped)
}

func questionFlags(q *engine.OfferQuery, a *engine.OfferAnswer) byte {
	flags := byte(0)
	for _, f := range [...]struct {
		on  bool
		bit byte
	}{
		{a.Personalised, flagPersonalised}, {q.Explain, flagExplain},
		{!math.IsNaN(q.Diversity), flagDiversity}, {!math.IsNaN(q.RotationRate), flagRotation},
	} {
		if f.on {
			flags |= f.bit
		}
	}
	return flags
}

func packItem(dst []byte, it *engine.OfferItem) []byte {
	flags := byte(0)
	if it.Explored {
		flags |= flagExplored
	}
	if !math.IsNaN(it.Price) {
		flags |= flagPrice
	}
	if it.ValidThrough != 0 {
		flags |= flagThrough
	}
	dst = append(dst, flags, byte(it.Source))
	dst = packString(dst, it.Offer.Spec.Offer)
	dst = packFloat(dst, float32(it.Score))
	if flags&flagPrice != 0 {
		dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(it.Price))
	}
	if flags&flagThrough != 0 {
		dst = binary.AppendVarint(dst, int64(it.ValidThrough))
	}
	mask := uint64(0)
	for i, v := range it.Parts {
		if v != 0 {
			mask |= 1 << i
		}
	}
	dst = binary.AppendUvarint(dst, mask)
	for _, v := range it.Parts {
		if v != 0 {
			dst = packFloat(dst, v)
		}
	}
	dst = packReasons(dst, it.Reasons)
	dst = binary.AppendUvarint(dst, uint64(len(it.Evidence)))
	for i := range it.Evidence {
		e := &it.Evidence[i]
		dst = packString(packString(dst, e.Edge), e.From)
		dst = packFloat(packFloat(dst, float32(e.Weight)), float32(e.Share))
	}
	return dst
}

func packReasons(dst []byte, reasons []engine.Reason) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(reasons)))
	for i := range reasons {
		r, other := &reasons[i], ""
		if r.Other != nil {
			other = r.Other.ID
		}
		dst = append(dst, byte(r.Kind))
		dst = packString(packString(dst, other), r.Name)
		dst = packFloat(packFloat(packFloat(dst, float32(r.Count)), float32(r.Every)), float32(r.Ago))
	}
	return dst
}

// packFloat packs zero, which is common, in one byte.
func packFloat(dst []byte, v float32) []byte {
	if v == 0 {
		return append(dst, 0)
	}
	return binary.LittleEndian.AppendUint32(append(dst, 1), math.Float32bits(v))
}

// ruleBits is how many bits of a packed drop are its rule.
const ruleBits = 5

// packDropped packs each drop as the distance from the slot before and the
// rule: most take a byte.
func packDropped(dst []byte, dropped []engine.OfferDrop) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(dropped)))
	before := int64(0)
	for i := range dropped {
		slot := int64(dropped[i].Offer.Slot)
		step := slot - before
		before = slot
		dst = binary.AppendUvarint(dst, uint64(step<<1^step>>63)<<ruleBits|uint64(dropped[i].Rule))
	}
	return dst
}

// errDecision says that a packed decision is not one.
var errDecision = errors.New("server: a kept decision cannot be read")

// unpackOffers undoes packOffers. It may be given anything: what was kept over
// a restart comes from a file.
func unpackOffers(b []byte) (d offersDecision, err error) {
	r := reader{b: b}
	if r.byte() != formOffers {
		return d, errDecision
	}
	d.asked = event.Millis(r.signed())
	d.hold = event.Millis(r.unsigned())
	d.seq = r.unsigned()
	d.at = event.Millis(r.signed())
	flags := r.byte()
	q := &d.query
	d.personalised, q.Explain = flags&flagPersonalised != 0, flags&flagExplain != 0
	q.Member, q.Session = event.Token(r.fixed()), r.fixed()
	q.Diversity, q.RotationRate = math.NaN(), math.NaN()
	if flags&flagDiversity != 0 {
		q.Diversity = math.Float64frombits(r.fixed())
	}
	if flags&flagRotation != 0 {
		q.RotationRate = math.Float64frombits(r.fixed())
	}
	q.Count, d.activationsLeft, d.candidates = r.small(), r.small(), r.small()
	d.version = r.unsigned()
	for _, to := range [...]*string{&d.op, &d.previous, &q.Scenario, &q.Store, &q.Chain, &q.Channel, &q.After, &d.filter, &d.booster} {
		*to = r.str()
	}
	q.Basket, q.Exclude = r.strs(), r.strs()
	d.items = make([]offerDecided, r.length(6))
	for i := range d.items {
		r.item(&d.items[i])
	}
	d.dropped = r.drops()
	if r.bad || len(r.b) != 0 {
		return offersDecision{}, errDecision
	}
	return d, nil
}

func (r *reader) item(it *offerDecided) {
	flags := r.byte()
	it.explored, it.source = flags&flagExplored != 0, engine.Source(r.byte())
	it.id = r.str()
	it.score = float64(r.float())
	it.price = math.NaN()
	if flags&flagPrice != 0 {
		it.price = math.Float64frombits(r.fixed())
	}
	if flags&flagThrough != 0 {
		it.through = event.Millis(r.signed())
	}
	mask := r.unsigned()
	for i := range it.parts {
		if mask&(1<<i) != 0 {
			it.parts[i] = r.float()
		}
	}
	it.reasons = make([]reasonKept, r.length(6))
	for i := range it.reasons {
		k := &it.reasons[i]
		k.Kind = engine.ReasonKind(r.byte())
		k.other, k.Name = r.str(), r.str()
		k.Count, k.Every, k.Ago = float64(r.float()), float64(r.float()), float64(r.float())
	}
	it.evidence = make([]engine.Evidence, r.length(4))
	for i := range it.evidence {
		e := &it.evidence[i]
		e.Edge, e.From = r.str(), r.str()
		e.Weight, e.Share = float64(r.float()), float64(r.float())
	}
}

func (r *reader) drops() []slotDropped {
	out := make([]slotDropped, r.length(1))
	slot := int64(0)
	for i := range out {
		v := r.unsigned()
		step := v >> ruleBits
		slot += int64(step>>1) ^ -int64(step&1)
		out[i] = slotDropped{offer.Slot(slot), offer.Rule(v & (1<<ruleBits - 1))}
	}
	return out
}

// reader takes packed bytes from the front. After the first thing that is not
// there, bad is set and all that is read is zero.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) fail() {
	r.b, r.bad = nil, true
}

func (r *reader) take(n int) []byte {
	if n < 0 || n > len(r.b) {
		r.fail()
		return nil
	}
	out := r.b[:n]
	r.b = r.b[n:]
	return out
}

func (r *reader) byte() byte {
	b := r.take(1)
	if b == nil {
		return 0
	}
	return b[0]
}

func (r *reader) fixed() uint64 {
	b := r.take(8)
	if b == nil {
		return 0
	}
	return binary.LittleEndian.Uint64(b)
}

func (r *reader) float() float32 {
	if r.byte() == 0 {
		return 0
	}
	b := r.take(4)
	if b == nil {
		return 0
	}
	return math.Float32frombits(binary.LittleEndian.Uint32(b))
}

func (r *reader) unsigned() uint64 {
	x, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.b = r.b[n:]
	return x
}

func (r *reader) signed() int64 {
	x, n := binary.Varint(r.b)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.b = r.b[n:]
	return x
}

// small reads a count of something that is not packed here.
func (r *reader) small() int {
	n := r.unsigned()
	if n > math.MaxInt32 {
		r.fail()
		return 0
	}
	return int(n)
}

// length reads how many follow, each at least so many bytes long.
func (r *reader) length(each int) int {
	n := r.unsigned()
	if n > uint64(len(r.b)/each) {
		r.fail()
		return 0
	}
	return int(n)
}

func (r *reader) str() string { return string(r.take(r.length(1))) }

func (r *reader) strs() []string {
	out := make([]string, r.length(1))
	for i := range out {
		out[i] = r.str()
	}
	return out
}
