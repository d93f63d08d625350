package event

import (
	"encoding/binary"
	"math"

	"github.com/cespare/xxhash/v2"
)

// Every hash starts with a byte that says what is hashed, so that no two kinds
// of key can meet by their bytes. These are part of the log's format.
const (
	hashKey     = 1
	hashReceipt = 2
	hashID      = 3
)

// KeyOf returns the dedupe key of an event with the given source and id; the
// source may be empty. It is never zero.
func KeyOf(source, id string) uint64 {
	h := newHash(hashKey)
	h.text(source)
	h.text(id)
	return h.sum()
}

// ReceiptKey returns the dedupe key of a receipt without an id: a hash of its
// store, time and lines. The ordinal is how many equal receipts came before it
// in the same request, so that each of them counts. It is never zero. The
// event is in its outer or its admitted form; its Body must be a *Receipt.
func ReceiptKey(ev *Event, ordinal int) uint64 {
	h := newHash(hashReceipt)
	h.text(ev.Store)
	h.word(uint64(ev.Time))
	h.word(uint64(ordinal))
	lines := ev.Body.(*Receipt).Lines
	for i := range lines {
		h.line(&lines[i])
	}
	return h.sum()
}

// HashID returns the hash that stands for a session's or a cart's id in the
// admitted form: zero for the empty id, never zero for any other.
func HashID(id string) uint64 {
	if id == "" {
		return 0
	}
	h := newHash(hashID)
	h.text(id)
	return h.sum()
}

// hash is an xxhash over parts, each with its length or of fixed length, so
// that ("ab", "c") and ("a", "bc") differ.
type hash struct{ digest xxhash.Digest }

func newHash(kind byte) hash {
	var h hash
	h.digest.Reset()
	h.digest.Write([]byte{kind})
	return h
}

func (h *hash) word(v uint64) {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], v)
	h.digest.Write(b[:])
}

func (h *hash) text(s string) {
	h.word(uint64(len(s)))
	h.digest.WriteString(s)
}

func (h *hash) number(v float64) {
	if math.IsNaN(v) {
		v = math.NaN() // one NaN for all: they mean the same
	}
	h.word(math.Float64bits(v))
}

func (h *hash) line(l *Line) {
	h.text(l.Product)
	h.number(l.Qty)
	h.number(l.Price)
	h.number(l.Discount)
	h.text(l.Offer)
	back := uint64(0)
	if l.Return {
		back = 1
	}
	h.word(back)
}

func (h *hash) sum() uint64 {
	if v := h.digest.Sum64(); v != 0 {
		return v
	}
	return 1
}
