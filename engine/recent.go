package engine

import (
	"encoding/binary"
	"math"
	"slices"
	"sync/atomic"

	"nabo/graph"
)

// recent keeps the latest receipts, so that goods that come back can take
// their pairs with them. It is a ring: the newest receipt takes the place of
// the oldest. What fell out of it can only be taken from its member. What
// stands on the receipts is in a second ring, of bytes, in the same order, so
// that a quarter of a million receipts are two objects for the collector and no
// pointer.
type recent struct {
	ring  []keptReceipt
	next  int
	index map[uint64]int32 // key → place in ring
	full  map[int][]byte   // cells of a checkpoint that changed since the last one, but for the cell under way
	open  bool             // the cell under way has changed

	lines []byte // the nodes of each receipt, four bytes each, then its damping, one each
	head  uint64 // where the next receipt's begin: its place in lines is head modulo their length
	tail  uint64 // where the oldest's begin
	buf   []byte // used again
	cell  []byte // used again

	count, bytes atomic.Int64 // what is kept, and what all of it takes; for anybody
}

// keptReceipt is one place of the ring.
type keptReceipt struct {
	key    uint64
	at     int64
	from   uint64 // in lines
	gain   float32
	n      uint16 // nodes that are left
	had    uint16 // nodes that lines has room for
	damped bool   // by a member; anonymous if not
}

// recentReceipt is a receipt that was taken off the ring.
type recentReceipt struct {
	key   uint64
	at    int64
	gain  float32
	nodes []graph.Node
	damp  []uint8 // nil: anonymous
}

func (r *recent) init(n int) {
	r.ring = make([]keptReceipt, 0, min(n, 1024))
	r.index = map[uint64]int32{}
	r.full = map[int][]byte{}
}

// add puts a copy of a receipt in the place of the oldest, once there are limit.
func (r *recent) add(limit int, rec *recentReceipt) {
	if r.next == len(r.ring) {
		r.ring = append(r.ring, keptReceipt{})
	} else {
		old := &r.ring[r.next]
		delete(r.index, old.key)
		r.tail = old.from + lineBytes(old.had)
		r.count.Add(-1)
	}
	r.ring[r.next] = r.keep(rec)
	r.index[rec.key] = int32(r.next)
	if r.open = (r.next+1)%receiptsCell != 0 && r.next+1 < limit; !r.open {
		r.fill(r.next / receiptsCell)
	}
	r.next = (r.next + 1) % limit
	r.weigh()
}

// receiptsCell is how many of the latest receipts stand in one cell.
const receiptsCell = 64

// fill encodes a cell for the next checkpoint: each when its last receipt has
// come, so that a checkpoint need not wait for a minute's receipts at once.
func (r *recent) fill(cell int) { r.full[cell] = r.encode(cell) }

// encode gives a cell as it is.
func (r *recent) encode(cell int) []byte {
	w := writer{r.cell[:0]}
	for i := cell * receiptsCell; i < min((cell+1)*receiptsCell, len(r.ring)); i++ {
		k := &r.ring[i]
		w.num(k.key)
		w.num(uint64(k.at))
		w.float(float64(k.gain))
		w.num(uint64(k.n))
		b := r.span(k.from, lineBytes(k.n))
		for ; len(b) > int(k.n); b = b[4:] {
			w.num(uint64(binary.LittleEndian.Uint32(b)))
		}
		if !k.damped {
			w.num(0)
			continue
		}
		w.num(1)
		w.b = append(w.b, b...)
	}
	r.cell = w.b
	return slices.Clone(w.b)
}

// begin gives the cells that changed since the last checkpoint.
func (r *recent) begin(put func(cell int, value []byte)) {
	if r.open {
		r.fill((r.next - 1) / receiptsCell)
		r.open = false
	}
	for cell, value := range r.full {
		put(cell, value)
	}
	r.full = map[int][]byte{}
}

// lineBytes is how much of lines so many nodes take.
func lineBytes(nodes uint16) uint64 { return 5 * uint64(nodes) }

// keep writes what stands on a receipt behind all others and returns its place.
func (r *recent) keep(rec *recentReceipt) keptReceipt {
	nodes := rec.nodes[:min(len(rec.nodes), math.MaxUint16)] // a receipt has fewer
	k := keptReceipt{key: rec.key, at: rec.at, gain: rec.gain, from: r.head, had: uint16(len(nodes)), damped: rec.damp != nil}
	r.room(lineBytes(k.had))
	r.head += lineBytes(k.had)
	r.write(&k, nodes, rec.damp)
	r.count.Add(1)
	return k
}

// room makes lines long enough for so many bytes more.
func (r *recent) room(more uint64) {
	need := r.head - r.tail + more
	if need <= uint64(len(r.lines)) {
		return
	}
	old := r.span(r.tail, r.head-r.tail)
	r.lines = make([]byte, max(need+need/4, 1024))
	r.copyIn(r.tail, old)
}

// span copies a span of lines to buf.
func (r *recent) span(from, size uint64) []byte {
	r.buf = slices.Grow(r.buf[:0], int(size))[:size]
	if size > 0 {
		n := copy(r.buf, r.lines[from%uint64(len(r.lines)):])
		copy(r.buf[n:], r.lines)
	}
	return r.buf
}

// copyIn writes a span of lines.
func (r *recent) copyIn(from uint64, b []byte) {
	if len(b) > 0 {
		n := copy(r.lines[from%uint64(len(r.lines)):], b)
		copy(r.lines, b[n:])
	}
}

// write writes what is left on a receipt.
func (r *recent) write(k *keptReceipt, nodes []graph.Node, damp []uint8) {
	k.n = uint16(len(nodes))
	r.buf = r.buf[:0]
	for _, n := range nodes {
		r.buf = binary.LittleEndian.AppendUint32(r.buf, uint32(n))
	}
	if k.damped {
		r.buf = append(r.buf, damp[:len(nodes)]...)
	}
	r.copyIn(k.from, r.buf)
}

// receipt takes a copy of what is at a place of the ring.
func (r *recent) receipt(place int) recentReceipt {
	k := &r.ring[place]
	out := recentReceipt{key: k.key, at: k.at, gain: k.gain}
	b := r.span(k.from, lineBytes(k.n))
	for i := range int(k.n) {
		out.nodes = append(out.nodes, graph.Node(binary.LittleEndian.Uint32(b[4*i:])))
	}
	if k.damped {
		out.damp = append(make([]uint8, 0, k.n), b[4*int(k.n):]...)
	}
	return out
}

// find returns the place of a receipt that is still kept; -1: it is not.
func (r *recent) find(key uint64) int {
	i, ok := r.index[key]
	if !ok || key == 0 {
		return -1
	}
	return int(i)
}

// take removes goods from a kept receipt, so that they come back only once,
// and returns the receipt as it was and those that were on it.
func (r *recent) take(place int, back []graph.Node) (old graph.Bundle, taken []graph.Node) {
	rec := r.receipt(place)
	old = graph.Bundle{At: rec.at, Key: rec.key, Gain: rec.gain, Nodes: rec.nodes, Damp: rec.damp}
	var nodes []graph.Node
	var damp []uint8
	for i, n := range rec.nodes {
		if contains(back, n) {
			taken = append(taken, n)
			continue
		}
		nodes = append(nodes, n)
		if rec.damp != nil {
			damp = append(damp, rec.damp[i])
		}
	}
	k := &r.ring[place]
	r.write(k, nodes, damp)
	// What is left was bound with the gain of the longer receipt.
	k.gain *= float32(max(len(nodes)-1, 1)) / float32(max(len(rec.nodes)-1, 1))
	r.fill(place / receiptsCell)
	return old, taken
}

// load puts a receipt at the next place of an empty ring.
func (r *recent) load(rec *recentReceipt) {
	r.index[rec.key] = int32(len(r.ring))
	r.ring = append(r.ring, r.keep(rec))
}

// settle ends loading: lines are put into the order in which receipts came,
// which began at the place that is next once all places were taken.
func (r *recent) settle(limit int) error {
	if r.next != len(r.ring) && len(r.ring) != limit {
		return errCell
	}
	loaded := recent{ring: r.ring, lines: r.lines}
	r.lines, r.head, r.tail = nil, 0, 0
	r.count.Store(0)
	r.ring = slices.Clone(r.ring)
	for i := range r.ring {
		place := (r.next + i) % len(r.ring)
		rec := loaded.receipt(place)
		r.ring[place] = r.keep(&rec)
	}
	r.weigh()
	return nil
}

// each gives the receipts in the order of their places.
func (r *recent) each(fn func(recentReceipt) bool) {
	for i := range r.ring {
		if !fn(r.receipt(i)) {
			return
		}
	}
}

// weigh notes what all of it takes.
func (r *recent) weigh() {
	const place = 40
	r.bytes.Store(int64(cap(r.ring)*place+len(r.lines)) + int64(len(r.index))*int64(mapBytes(12)))
}

func contains(ns []graph.Node, n graph.Node) bool {
	for _, m := range ns {
		if m == n {
			return true
		}
	}
	return false
}
