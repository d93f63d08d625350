package engine

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"sync"

	"nabo/graph"
)

// In a checkpoint the keys stand in two kinds of cells. A run is written whole
// when it is made and not again until it is joined with others. The keys that
// were added since the last checkpoint are written as they came, some thousands
// to a cell, under their day; such a cell is deleted when its day expires, or
// when all tables were sealed since, so that each of its keys is in a run. A
// key may stand in both: what was sealed lately.

// seenCell is one cell of added keys.
type seenCell struct {
	on    graph.Day
	part  uint32
	pos   uint64 // the checkpoint's; with on and part its key
	upto  uint64 // adds after its last key
	value []byte // eight bytes a key; nil once it was given to a checkpoint
}

func (c *seenCell) key() []byte { return key(cellKeys, uint64(c.on), c.pos, uint64(c.part)) }

const (
	seenKeysCell = 8192    // keys in one cell
	seenPart     = 1 << 15 // words of a run in one cell
	mostCells    = 4096    // of added keys; more are put together
)

// note remembers a key for the next checkpoint.
func (s *seen) note(key uint64, on graph.Day) {
	s.adds++
	last := len(s.fresh) - 1
	if last < 0 || s.fresh[last].on != on || len(s.fresh[last].value) == 8*seenKeysCell {
		s.fresh = append(s.fresh, seenCell{on: on})
		last++
	}
	c := &s.fresh[last]
	c.value = binary.LittleEndian.AppendUint64(c.value, key)
	c.upto = s.adds
}

// begin gives what a checkpoint at a position must write: the small pairs now,
// and runs, which never change, to be written later.
func (s *seen) begin(pos uint64, put func(key, value []byte)) []sealedCell {
	if len(s.cells)+len(s.fresh) > mostCells {
		s.gather(put)
	}
	for i := range s.fresh {
		c := &s.fresh[i]
		c.pos, c.part = pos, uint32(i)
		put(c.key(), c.value)
		c.value = nil
	}
	s.cells = append(s.cells, s.fresh...)
	s.fresh = nil
	done, sealed := 0, s.sealedUpto()
	for done < len(s.cells) && (!s.alive(s.cells[done].on) || s.cells[done].upto <= sealed) {
		put(s.cells[done].key(), nil)
		done++
	}
	s.cells = slices.Clone(s.cells[done:])
	return s.takeRuns()
}

// sealedUpto is how many adds, from the first, are all in runs.
func (s *seen) sealedUpto() uint64 {
	least := s.adds
	for i := range s.segs {
		if seg := &s.segs[i]; seg.hot.n > 0 {
			least = min(least, seg.sealedAt)
		}
	}
	return least
}

// gather puts all added keys that are in no run into as few cells as it takes, in
// place of those that there are: a shop in which little happens would have a
// cell for each checkpoint of a year.
func (s *seen) gather(put func(key, value []byte)) {
	for i := range s.cells {
		put(s.cells[i].key(), nil)
	}
	s.cells, s.fresh = nil, nil
	var all []seenKey
	for i := range s.segs {
		s.segs[i].hot.each(func(h uint64, on graph.Day) { all = append(all, seenKey{h * ungolden, on}) })
	}
	slices.SortFunc(all, func(a, b seenKey) int { return int(a.on) - int(b.on) })
	adds := s.adds
	for _, k := range all {
		s.note(k.key, k.on)
	}
	s.adds = adds
	for i := range s.fresh {
		s.fresh[i].upto = adds
	}
}

type seenKey struct {
	key uint64
	on  graph.Day
}

// sealedCell is a run that a checkpoint writes; nil: it is gone.
type sealedCell struct {
	segment, which int
	run            *seenRun
	had            uint16 // parts that the store may hold
}

// sealedRedo holds the runs of a checkpoint that failed, for the next one.
type sealedRedo struct {
	mu    sync.Mutex
	cells []sealedCell // guarded by mu
}

// again says that runs were not written.
func (r *sealedRedo) again(cells []sealedCell) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cells = append(r.cells, cells...)
}

// takeRuns returns the runs that changed since the last checkpoint.
func (s *seen) takeRuns() (cells []sealedCell) {
	s.redo.mu.Lock()
	for _, c := range s.redo.cells {
		seg := &s.segs[c.segment]
		seg.dirty[c.which], seg.parts[c.which] = true, max(c.had, seg.parts[c.which])
	}
	s.redo.cells = nil
	s.redo.mu.Unlock()
	for i := range s.segs {
		seg := &s.segs[i]
		for which, dirty := range seg.dirty {
			if dirty {
				cells = append(cells, sealedCell{i, which, seg.runs[which], seg.parts[which]})
				seg.dirty[which], seg.parts[which] = false, seg.runs[which].cellParts()
			}
		}
	}
	return cells
}

// cellParts is in how many cells a run is kept.
func (r *seenRun) cellParts() uint16 {
	if r == nil {
		return 0
	}
	return uint16((len(r.words) + seenPart - 1) / seenPart)
}

// write gives a run's pairs, and deletes those of its parts that there are no
// more.
func (c *sealedCell) write(put func(key, value []byte) error) error {
	parts := c.run.cellParts()
	for part := range max(parts, c.had) {
		var value []byte
		if part < parts {
			value = c.run.encode(part)
		}
		if err := put(key(cellSealed, uint64(c.segment)<<1|uint64(c.which), uint64(part)), value); err != nil {
			return err
		}
	}
	return nil
}

// encode gives one part of a run; the first begins with what it is.
func (r *seenRun) encode(part uint16) []byte {
	words := r.words[int(part)*seenPart:]
	words = words[:min(len(words), seenPart)]
	w := writer{b: make([]byte, 0, 8*len(words)+20)}
	if part == 0 {
		w.num(uint64(r.n))
		w.num(uint64(r.first))
		w.num(uint64(r.last))
	}
	for _, word := range words {
		w.b = binary.LittleEndian.AppendUint64(w.b, word)
	}
	return w.b
}

// loadSealed takes one part of a run; parts come in their order. Different
// segments may be loaded by different goroutines.
func (s *seen) loadSealed(n []uint64, value []byte) error {
	if n[0] >= 2*uint64(len(s.segs)) {
		return errCell
	}
	seg, which := &s.segs[n[0]>>1], n[0]&1
	if n[1] != uint64(seg.parts[which]) {
		return fmt.Errorf("part %d of a run of keys comes after %d parts", n[1], seg.parts[which])
	}
	if n[1] == 0 {
		t := taker{b: value}
		keys, first, last := t.num(), t.num(), t.num()
		if t.bad || keys == 0 || keys > math.MaxUint32 || first > last || last > math.MaxUint16 {
			return errCell
		}
		seg.runs[which] = newSeenRun(int(keys), graph.Day(first), graph.Day(last))
		value = t.b
	}
	r := seg.runs[which]
	if len(value)%8 != 0 || len(r.words)+len(value)/8 > r.size() {
		return errCell
	}
	r.words = slices.Grow(r.words, len(value)/8)
	for ; len(value) > 0; value = value[8:] {
		r.words = append(r.words, binary.LittleEndian.Uint64(value))
	}
	seg.parts[which]++
	return nil
}

// loadKeys takes a cell of added keys; one goroutine calls it, before settle.
func (s *seen) loadKeys(n []uint64, value []byte) error {
	if len(value)%8 != 0 || n[0] > math.MaxUint16 || n[2] > math.MaxUint32 {
		return errCell
	}
	s.cells = append(s.cells, seenCell{on: graph.Day(n[0]), pos: n[1], part: uint32(n[2]), value: slices.Clone(value)})
	return nil
}

// settle ends loading: runs are checked and indexed, and those added keys that
// are in no run go into the tables.
func (s *seen) settle() error {
	for i := range s.segs {
		for _, r := range s.segs[i].runs {
			if r != nil && (len(r.words) != r.size() || !r.index()) {
				return fmt.Errorf("segment %d of the keys: %w", i, errCell)
			}
		}
	}
	slices.SortStableFunc(s.cells, func(a, b seenCell) int { return int(a.on) - int(b.on) })
	for i := range s.cells {
		c := &s.cells[i]
		for b := c.value; len(b) > 0; b = b[8:] {
			s.adds++
			s.load(binary.LittleEndian.Uint64(b), c.on)
		}
		c.upto, c.value = s.adds, nil
	}
	return nil
}

// load puts an added key in unless it has expired or is in a run.
func (s *seen) load(key uint64, on graph.Day) {
	h := spreadKey(key)
	if i := segmentOf(h); s.alive(on) && !s.inRuns(&s.segs[i].runs, h) {
		s.put(i, h, on)
	}
}
