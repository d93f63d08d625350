package graph

import (
	"encoding/binary"
	"fmt"
	"sync"
	"sync/atomic"
)

// journal holds what was done to a relation between products, in order, so
// that a checkpoint need not write each product that has changed: in a busy
// shop nearly all have after a minute, by a receipt or ten each, while a
// receipt takes some forty bytes here and a product's list fourteen thousand.
//
// What was done between two checkpoints is a segment. Each checkpoint writes
// the segment that it ends, and whole those of the changed products whose turn
// it is: one shard in JournalTurns. With a product goes the number of the first
// segment that is not in it. Loaded does to each product what the segments from
// there on say, so a segment is kept for as many checkpoints as there are turns.
//
// The product's numbers come out bit for bit, since writing to one depends on
// what was done to it alone, and on which products were retired: so retiring
// one makes the next checkpoint write all that changed.
type journal struct {
	segment uint32      // the number of the one under way
	first   uint32      // the oldest one that is kept
	ops     []byte      // of the one under way
	whole   bool        // the next checkpoint writes all that changed
	failed  atomic.Bool // the checkpoint before was not kept

	// What follows is for the time between Load and Loaded.
	mu    sync.Mutex        // guards what Load changes beside its node
	since []uint32          // product → the first segment that is not in it
	kept  map[uint32][]byte // guarded by mu
}

const (
	// JournalTurns is how many checkpoints it takes to write all products: it is
	// the turn of those whose number leaves the checkpoint's as its remainder.
	// More of them write less, and leave more to do again at a start.
	JournalTurns = 8
	// wholeBytes is up to how much of what changed a checkpoint writes whole.
	wholeBytes = 8 << 20
	// journalBytes bounds a segment; what is longer is not kept, and the next
	// checkpoint writes all that changed.
	journalBytes = 4 << 20
)

// JournalSegment is a part of the journal for the store; a nil value removes it.
type JournalSegment struct {
	Number uint32
	Value  []byte
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
	if len(j.ops) > journalBytes {
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
	j.ops = binary.AppendUvarint(j.ops, uint64(len(b.Nodes)))
	last := int64(0)
	for _, n := range b.Nodes {
		j.ops = binary.AppendVarint(j.ops, int64(n)-last)
		last = int64(n)
	}
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
	n := r.uvarint()
	if n > uint64(len(r.b)) {
		return 0, nil, errShort
	}
	last := int64(0)
	for range n {
		last += r.varint()
		if last < 0 || last >= int64(limit) {
			return 0, nil, fmt.Errorf("graph: the journal names product %d of %d", last, limit)
		}
		b.Nodes = append(b.Nodes, Node(last))
	}
	if head[0]&withDamp != 0 {
		b.Damp = append(b.Damp, r.take(int(n))...)
	} else {
		b.Damp = nil
	}
	kind = head[0] & 3
	if r.bad || kind > didJoin || n == 0 || !sound(max(b.Gain, -b.Gain)) {
		return 0, nil, errShort
	}
	return kind, r.b, nil
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
		out = append(out, JournalSegment{j.segment, append([]byte{}, j.ops...)})
		keep = max(j.first, max(j.segment+2, JournalTurns)-JournalTurns)
	}
	for ; j.first < keep; j.first++ {
		if j.first < j.segment {
			out = append(out, JournalSegment{Number: j.first})
		}
	}
	j.segment++
	j.ops, j.whole = j.ops[:0], false
	return out
}

// mustWhole says whether the next checkpoint has to write all that changed.
func (j *journal) mustWhole() bool { return j.failed.Swap(false) || j.whole }

// drop makes the next checkpoint write all that changed.
func (j *journal) drop() { j.whole, j.ops = true, nil }

// turn is whose turn it is to be written.
func (j *journal) turn() uint32 { return j.segment % JournalTurns }

func (j *journal) cell() uint64     { return uint64(j.segment)<<32 | uint64(j.first) }
func (j *journal) setCell(c uint64) { j.segment, j.first = uint32(c>>32), uint32(c) }

// load takes a segment that begin gave.
func (j *journal) load(number uint32, value []byte) error {
	if number < j.first || number >= j.segment {
		return fmt.Errorf("graph: segment %d of the journal; %d to below %d were expected", number, j.first, j.segment)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.kept == nil {
		j.kept = map[uint32][]byte{}
	}
	j.kept[number] = append([]byte{}, value...)
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
	if got, want := len(j.kept), int(j.segment)-int(j.first); got != want {
		return fmt.Errorf("graph: %d segments of the journal are there, %d were expected", got, want)
	}
	if uint32(len(j.since)) < total {
		j.since = append(j.since, make([]uint32, total-uint32(len(j.since)))...)
	}
	return nil
}
