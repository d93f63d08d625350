package engine

import (
	"encoding/binary"
	"math"

	"nabo/engine/event"
	"nabo/graph"
)

// writer appends numbers and texts to a cell.
type writer struct{ b []byte }

func (w *writer) num(v uint64)    { w.b = binary.AppendUvarint(w.b, v) }
func (w *writer) float(v float64) { w.b = binary.LittleEndian.AppendUint64(w.b, math.Float64bits(v)) }
func (w *writer) text(s string)   { w.num(uint64(len(s))); w.b = append(w.b, s...) }

func (w *writer) nodes(ns []graph.Node) {
	w.num(uint64(len(ns)))
	for _, n := range ns {
		w.num(uint64(n))
	}
}

func (w *writer) attributes(as []event.Attribute) {
	w.num(uint64(len(as)))
	for _, a := range as {
		w.text(a.Name)
		w.num(uint64(a.Value.Kind))
		w.text(a.Value.Text)
		w.float(a.Value.Num)
	}
}

// taker takes them off again and remembers if it ran out.
type taker struct {
	b   []byte
	bad bool
}

func (t *taker) fail() { t.b, t.bad = nil, true }

func (t *taker) num() uint64 {
	v, n := binary.Uvarint(t.b)
	if n <= 0 {
		t.fail()
		return 0
	}
	t.b = t.b[n:]
	return v
}

func (t *taker) float() float64 {
	if len(t.b) < 8 {
		t.fail()
		return 0
	}
	v := math.Float64frombits(binary.LittleEndian.Uint64(t.b))
	t.b = t.b[8:]
	return v
}

// length reads how many items of at least one byte follow.
func (t *taker) length() int {
	n := t.num()
	if n > uint64(len(t.b)) {
		t.fail()
		return 0
	}
	return int(n)
}

func (t *taker) bytes(n int) []byte {
	if n > len(t.b) {
		t.fail()
		return nil
	}
	b := t.b[:n:n]
	t.b = t.b[n:]
	return b
}

func (t *taker) text() string {
	n := t.length()
	s := string(t.b[:n])
	t.b = t.b[n:]
	return s
}

func (t *taker) nodes(limit graph.Node) []graph.Node {
	ns := make([]graph.Node, t.length())
	for i := range ns {
		ns[i] = graph.Node(t.num())
		if ns[i] >= limit {
			t.fail()
			return nil
		}
	}
	return ns
}

func (t *taker) attributes() []event.Attribute {
	as := make([]event.Attribute, 0, min(t.length(), 1024))
	for range cap(as) {
		as = append(as, event.Attribute{Name: t.text(), Value: event.Value{Kind: event.ValueKind(t.num()), Text: t.text(), Num: t.float()}})
	}
	return as
}

func (t *taker) end() error {
	if t.bad || len(t.b) > 0 {
		return errCell
	}
	return nil
}
