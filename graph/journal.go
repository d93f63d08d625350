package graph

import (
	"encoding/binary"
	"fmt"
	"sync"
	"sync/atomic"
)

// journal holds what was done to a relation, in order, so that a checkpoint
// need not write each product or member that has changed: in a busy shop nearly
// all products have after a minute, by a receipt or ten each, while a receipt
// takes some forty bytes here and a product's list fourteen thousand. Members
// change by a receipt each, but lie anywhere in the store, which then has to
// touch all of them.
//
// What was done between two checkpoints is a segment. Each checkpoint writes
// the segment that it ends, and whole those of what changed whose turn it is:
// one in so many turns. Loaded does to all others what the segments since their
// turn say, so a segment is kept for as many checkpoints as there are turns.
//
// It all comes out bit for bit, since what is done to one depends on what was
// done to it alone, and for a product on which products were retired: so
// retiring one makes the next checkpoint write all that changed.
type journal struct {
	turns   uint32      // how many checkpoints it takes to write all
	most    int         // bytes of a segment; a longer one is not kept, and the next checkpoint writes all that changed
	segment uint32      // the number of the one under way
	first   uint32      // the oldest one that is kept
	sizes   []int       // of those that are kept
	ops     []byte      // of the one under way
	given   []byte      // what the newest Begin gave, to be used again
	whole   bool        // the next checkpoint writes all that changed
	failed  atomic.Bool // the checkpoint before was not kept

	// What follows is for the time between Load and Loaded.
	mu    sync.Mutex        // guards what Load changes beside its node
	since []uint32          // product → the first segment that is not in it
	parts map[uint64][]byte // number and part of segments; guarded by mu
	kept  map[uint32][]byte // whole segments
}

const (
	// JournalTurns is how many checkpoints it takes to write all products: it is
	// the turn of those whose number leaves the checkpoint's as its remainder.
	// More of them write less, and leave more to do again at a start.
	JournalTurns = 8
	// wholeBytes is up to how much of what changed a checkpoint writes whole.
	wholeBytes = 8 << 20
	// journalBytes bounds a segment.
	journalBytes = 8 << 20
	// partBytes is how much of a segment stands in one pair of the store, whose
	// values are best below a megabyte.
	partBytes = 512 << 10
)

// JournalSegment is a part of a segment of the journal for the store: number
// and part are its key. A nil value removes it; any other is good until the
// next Begin if the checkpoint is kept, and after that if it is not.
type JournalSegment struct {
	Number, Part uint32
	Value        []byte
}

// The kinds of what is in a journal, and what else its first byte says.
const (
	didBind = iota
	didUnbind
	didJoin
	withDamp = 1 << 2
	withKey  = 1 << 3
	withGain = 1 << 4
)

// note writes down what is about to be done. key is needed where a receipt is
// so large that it is sampled.
func (j *journal) note(kind byte, b *Bundle, sampled bool) {
	if j.whole || len(b.Nodes) == 0 {
		return
	}
	if len(j.ops) > j.most {
		j.drop()
		return
	}
	head := len(j.ops)
	j.ops = append(j.ops, kind)
	j.ops = binary.AppendVarint(j.ops, b.At)
	if sampled {
		j.ops[head] |= withKey
		j.ops = binary.LittleEndian.AppendUint64(j.ops, b.Key)
	}
	if b.Gain != 1 {
		j.ops[head] |= withGain
		j.ops = appendF32(j.ops, b.Gain)
	}
	j.ops = appendNodes(j.ops, b.Nodes)
	if b.Damp != nil {
		j.ops[head] |= withDamp
		j.ops = append(j.ops, b.Damp...)
	}
}

// take takes what note wrote off the front of ops into b, whose slices are
// used again, and returns the rest.
func take(ops []byte, b *Bundle, limit Node) (kind byte, rest []byte, err error) {
	r := reader{b: ops}
	head := r.take(1)
	if head == nil {
		return 0, nil, errShort
	}
	*b = Bundle{At: r.varint(), Gain: 1, Nodes: b.Nodes[:0], Damp: b.Damp[:0]}
	if head[0]&withKey != 0 {
		b.Key = uint64(r.u32()) | uint64(r.u32())<<32
	}
	if head[0]&withGain != 0 {
		b.Gain = r.f32()
	}
	if b.Nodes, err = r.nodes(b.Nodes, limit); err != nil {
		return 0, nil, err
	}
	n := len(b.Nodes)
	if head[0]&withDamp != 0 {
		b.Damp = append(b.Damp, r.take(n)...)
	} else {
		b.Damp = nil
	}
	kind = head[0] & 3
	if r.bad || kind > didJoin || n == 0 || !sound(max(b.Gain, -b.Gain)) {
		return 0, nil, errShort
	}
	return kind, r.b, nil
}

// appendNodes appends how many products there are and how each differs from the
// one before.
func appendNodes(dst []byte, nodes []Node) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(nodes)))
	last := int64(0)
	for _, n := range nodes {
		dst = binary.AppendVarint(dst, int64(n)-last)
		last = int64(n)
	}
	return dst
}

// nodes takes off what appendNodes appended.
func (r *reader) nodes(dst []Node, limit Node) ([]Node, error) {
	n := r.uvarint()
	if n > uint64(len(r.b)) {
		return dst, errShort
	}
	last := int64(0)
	for range n {
		last += r.varint()
		if last < 0 || last >= int64(limit) {
			return dst, fmt.Errorf("graph: the journal names product %d of %d", last, limit)
		}
		dst = append(dst, Node(last))
	}
	return dst, nil
}

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.b)
	if n <= 0 {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[n:]
	return v
}

// begin ends a segment and begins the next, for a checkpoint that writes whole
// what changed, or that of one turn. It returns what is to be written of the
// segments.
func (j *journal) begin(whole bool) (out []JournalSegment) {
	keep := j.segment + 1 // from here on
	if !whole {
		out = j.share()
		keep = max(j.first, max(j.segment+2, j.turns)-j.turns)
	}
	for ; j.first < keep; j.first++ {
		if len(j.sizes) > 0 {
			for part := range partsOf(j.sizes[0]) {
				out = append(out, JournalSegment{Number: j.first, Part: part})
			}
			j.sizes = j.sizes[1:]
		}
	}
	j.segment++
	j.ops, j.whole = j.ops[:0], false
	return out
}

// share cuts the segment under way into parts. All but the last are full, so
// that it is seen whether the last is there. The next segment goes where the
// one before was, which nobody reads any more.
func (j *journal) share() (out []JournalSegment) {
	if j.ops == nil {
		j.ops = []byte{} // a nil value would remove it
	}
	j.sizes = append(j.sizes, len(j.ops))
	for part := range partsOf(len(j.ops)) {
		from := int(part) * partBytes
		to := min(from+partBytes, len(j.ops))
		out = append(out, JournalSegment{j.segment, part, j.ops[from:to:to]})
	}
	j.ops, j.given = j.given[:0], j.ops
	return out
}

func partsOf(size int) uint32 { return uint32(size/partBytes) + 1 }

// mustWhole says whether the next checkpoint has to write all that changed.
func (j *journal) mustWhole() bool {
	if j.failed.Swap(false) {
		j.given = nil // whoever has it writes it with the next checkpoint
		return true
	}
	return j.whole
}

// drop makes the next checkpoint write all that changed.
func (j *journal) drop() { j.whole, j.ops = true, nil }

// turn is whose turn it is to be written.
func (j *journal) turn() uint32 { return j.segment % j.turns }

// sinceTurn is the first segment that is not in those of a turn.
func (j *journal) sinceTurn(turn uint32) uint32 {
	ago := (j.segment + j.turns - turn - 1) % j.turns // how many checkpoints before the newest it was
	if ago >= j.segment {
		return j.first
	}
	return max(j.first, j.segment-ago)
}

func (j *journal) cell() uint64     { return uint64(j.segment)<<32 | uint64(j.first) }
func (j *journal) setCell(c uint64) { j.segment, j.first = uint32(c>>32), uint32(c) }

// load takes a part of a segment that begin gave.
func (j *journal) load(number, part uint32, value []byte) error {
	if number < j.first || number >= j.segment {
		return fmt.Errorf("graph: segment %d of the journal; %d to below %d were expected", number, j.first, j.segment)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.parts == nil {
		j.parts = map[uint64][]byte{}
	}
	j.parts[uint64(number)<<32|uint64(part)] = append([]byte{}, value...)
	return nil
}

// cut takes off a value the number of the first segment that is not in it.
func (j *journal) cut(value []byte) (rest []byte, since uint32, err error) {
	if len(value) < sinceBytes {
		return nil, 0, errShort
	}
	at := len(value) - sinceBytes
	if since = binary.LittleEndian.Uint32(value[at:]); since > j.segment {
		return nil, 0, fmt.Errorf("graph: a value of segment %d of %d of the journal", since, j.segment)
	}
	return value[:at], since, nil
}

// sinceBytes is what Save adds to a value.
const sinceBytes = 4

// setSinceLocked remembers what cut took off.
func (j *journal) setSinceLocked(i, total, since uint32) {
	if uint32(len(j.since)) < total {
		j.since = append(j.since, make([]uint32, total-uint32(len(j.since)))...)
	}
	j.since[i] = since
}

// complete checks that all segments are there, and makes room in since.
func (j *journal) complete(total uint32) error {
	j.kept, j.sizes = map[uint32][]byte{}, nil
	for number := j.first; number < j.segment; number++ {
		var all []byte
		for part := uint32(0); ; part++ {
			value, ok := j.parts[uint64(number)<<32|uint64(part)]
			if !ok || len(value) > partBytes {
				return fmt.Errorf("graph: segment %d of the journal has no part %d", number, part)
			}
			if all = append(all, value...); len(value) < partBytes {
				break
			}
		}
		j.kept[number], j.sizes = all, append(j.sizes, len(all))
	}
	if uint32(len(j.since)) < total {
		j.since = append(j.since, make([]uint32, total-uint32(len(j.since)))...)
	}
	return nil
}

// loaded lets go of what was loaded.
func (j *journal) loaded() { j.since, j.parts, j.kept = nil, nil, nil }
