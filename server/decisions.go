package server

import (
	"encoding/binary"
	"math"
	"sync"

	"github.com/oklog/ulid/v2"

	"nabo/engine"
	"nabo/engine/event"
)

// decisions keeps the newest decisions in one ring of bytes, so that they can
// be looked up for a while. It is bounded twice, by bytes and by number; the
// oldest goes when a new one needs its place. Members are kept as tokens: once
// a token's mapping is erased, nothing here leads to the member.
//
// Any goroutine may call its methods.
type decisions struct {
	limit int // how many at most

	mu     sync.Mutex
	ring   []byte
	head   uint64 // where the next is written; its place in ring is head modulo its length
	tail   uint64 // where the oldest begins
	places map[ulid.ULID]uint64
	lost   uint64 // how many had to go
}

// newDecisions makes room for limit decisions in size bytes.
func newDecisions(size, limit int) *decisions {
	return &decisions{limit: limit, ring: make([]byte, size), places: map[ulid.ULID]uint64{}}
}

// The forms of packed decisions, their first byte.
const (
	formGoods  = 1 // packDecision's; never leaves the process
	formOffers = 2 // packOffers's; kept over restarts, so a change is a new form
)

// entryHead is what stands before each decision in the ring: its length with
// this head, and its id.
const entryHead = 4 + 16

// put keeps a packed decision. One that is longer than the whole ring is not
// kept, and counts as lost.
func (d *decisions) put(id ulid.ULID, packed []byte) {
	size := uint64(entryHead + len(packed))
	d.mu.Lock()
	defer d.mu.Unlock()
	if size > uint64(len(d.ring)) {
		d.lost++
		return
	}
	for d.head+size-d.tail > uint64(len(d.ring)) || len(d.places) >= d.limit {
		d.dropLocked()
	}
	var head [entryHead]byte
	binary.LittleEndian.PutUint32(head[:], uint32(size))
	copy(head[4:], id[:])
	d.places[id] = d.head
	d.writeLocked(head[:])
	d.writeLocked(packed)
}

func (d *decisions) writeLocked(b []byte) {
	at := d.head % uint64(len(d.ring))
	n := copy(d.ring[at:], b)
	copy(d.ring, b[n:])
	d.head += uint64(len(b))
}

func (d *decisions) readLocked(b []byte, from uint64) {
	at := from % uint64(len(d.ring))
	n := copy(b, d.ring[at:])
	copy(b[n:], d.ring)
}

// dropLocked lets the oldest go.
func (d *decisions) dropLocked() {
	var head [entryHead]byte
	d.readLocked(head[:], d.tail)
	delete(d.places, ulid.ULID(head[4:]))
	d.tail += uint64(binary.LittleEndian.Uint32(head[:]))
	d.lost++
}

// get gives a copy of a packed decision, appended to dst.
func (d *decisions) get(id ulid.ULID, dst []byte) ([]byte, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	at, ok := d.places[id]
	if !ok {
		return dst, false
	}
	var head [entryHead]byte
	d.readLocked(head[:], at)
	n := int(binary.LittleEndian.Uint32(head[:])) - entryHead
	from := len(dst)
	dst = append(dst, make([]byte, n)...)
	d.readLocked(dst[from:], at+entryHead)
	return dst, true
}

// part is what all of it takes in memory: the ring has its room from the start.
func (d *decisions) part() engine.Part {
	d.mu.Lock()
	defer d.mu.Unlock()
	const place = 40 // in the map
	return engine.Part{Name: "decisions", Count: len(d.places), Bytes: uint64(len(d.ring) + len(d.places)*place)}
}

// usage says how much is kept.
func (d *decisions) usage() (count int, size uint64, lost uint64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.places), d.head - d.tail, d.lost
}

// decision is a packed decision taken apart again.
type decision struct {
	asked        event.Millis
	seq          uint64
	at           event.Millis
	personalised bool
	scenario     ScenarioRef
	previous     string // the decision that this is the next page of; empty: none
	query        engine.Query
	items        []decisionItem
}

type decisionItem struct {
	id     string
	score  float64
	source engine.Source
}

// packDecision appends a decision: who asked what, and what was answered. Of a
// session only its hash is kept.
func packDecision(dst []byte, asked event.Millis, scenario ScenarioRef, previous string, q *engine.Query, a *engine.Answer) []byte {
	dst = binary.AppendVarint(dst, int64(asked))
	dst = binary.AppendUvarint(dst, a.Seq)
	dst = binary.AppendVarint(dst, int64(a.At))
	dst = append(dst, packBool(a.Personalised), byte(q.Kind), byte(q.Logic), byte(q.Window), packBool(q.Explain))
	dst = binary.AppendUvarint(dst, uint64(q.Count))
	dst = binary.LittleEndian.AppendUint64(dst, uint64(q.Member))
	dst = binary.LittleEndian.AppendUint64(dst, q.Session)
	dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(q.MinSupport))
	dst = binary.AppendUvarint(dst, scenario.Version)
	for _, text := range [...]string{scenario.Name, previous, q.Product, q.Store, q.Chain, q.Category} {
		dst = packString(dst, text)
	}
	dst = packStrings(dst, q.Products)
	dst = packStrings(dst, q.Exclude)
	dst = binary.AppendUvarint(dst, uint64(len(a.Recomms)))
	for i := range a.Recomms {
		r := &a.Recomms[i]
		dst = append(dst, byte(r.Source))
		dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(r.Score))
		dst = packString(dst, r.Product.ID)
	}
	return dst
}

func packBool(b bool) byte {
	if b {
		return 1
	}
	return 0
}

func packString(dst []byte, text string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(text))), text...)
}

func packStrings(dst []byte, list []string) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(list)))
	for _, text := range list {
		dst = packString(dst, text)
	}
	return dst
}

// unpackDecision undoes packDecision. It reads only what packDecision wrote in
// this process, so it trusts the lengths.
func unpackDecision(b []byte) decision {
	u := unpacker{b}
	var d decision
	d.asked = event.Millis(u.signed())
	d.seq = u.unsigned()
	d.at = event.Millis(u.signed())
	flags := u.take(5)
	d.personalised = flags[0] == 1
	q := &d.query
	q.Kind, q.Logic, q.Window, q.Explain = engine.Kind(flags[1]), engine.Logic(flags[2]), engine.Window(flags[3]), flags[4] == 1
	q.Count = int(u.unsigned())
	q.Member = event.Token(binary.LittleEndian.Uint64(u.take(8)))
	q.Session = binary.LittleEndian.Uint64(u.take(8))
	q.MinSupport = math.Float64frombits(binary.LittleEndian.Uint64(u.take(8)))
	d.scenario.Version = u.unsigned()
	for _, field := range [...]*string{&d.scenario.Name, &d.previous, &q.Product, &q.Store, &q.Chain, &q.Category} {
		*field = u.str()
	}
	q.Products, q.Exclude = u.strs(), u.strs()
	d.items = make([]decisionItem, u.unsigned())
	for i := range d.items {
		source := engine.Source(u.take(1)[0])
		score := math.Float64frombits(binary.LittleEndian.Uint64(u.take(8)))
		d.items[i] = decisionItem{source: source, score: score, id: u.str()}
	}
	return d
}

type unpacker struct{ b []byte }

func (u *unpacker) take(n int) []byte {
	out := u.b[:n]
	u.b = u.b[n:]
	return out
}

func (u *unpacker) unsigned() uint64 {
	x, n := binary.Uvarint(u.b)
	u.b = u.b[n:]
	return x
}

func (u *unpacker) signed() int64 {
	x, n := binary.Varint(u.b)
	u.b = u.b[n:]
	return x
}

func (u *unpacker) str() string { return string(u.take(int(u.unsigned()))) }

func (u *unpacker) strs() []string {
	out := make([]string, u.unsigned())
	for i := range out {
		out[i] = u.str()
	}
	return out
}
