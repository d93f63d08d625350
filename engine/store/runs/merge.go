package runs

import (
	"bytes"
	"slices"
)

// Merge hands over the newest value of every key at or above from and below to
// (nil: no end), in order. The runs come newest first. A nil value says that
// the key is removed. Key and value are good until fn returns; an error from fn
// ends it. Other errors are *DamageError where a file is not what was written.
func Merge(all []*Run, from, to []byte, fn func(key, value []byte) error) error {
	m := merging{to: to}
	for _, r := range all {
		// Within a run the later section is the newer one.
		for section := len(r.sections) - 1; section >= 0; section-- {
			c, err := r.seek(section, m.ranks, from, to)
			if err != nil {
				return err
			}
			m.ranks++
			if c != nil {
				m.heap = append(m.heap, c)
			}
		}
	}
	for i := len(m.heap)/2 - 1; i >= 0; i-- {
		m.down(i)
	}
	for len(m.heap) > 0 {
		top := m.heap[0]
		if err := fn(top.key, top.value); err != nil {
			return err
		}
		if err := m.pass(); err != nil {
			return err
		}
	}
	return nil
}

// merging is a heap of cursors, the one with the lowest key, and among those
// the newest, on top.
type merging struct {
	heap  []*cursor
	ranks int
	to    []byte
	done  []byte
}

// pass goes on to the next key.
func (m *merging) pass() error {
	m.done = append(m.done[:0], m.heap[0].key...)
	for len(m.heap) > 0 && bytes.Equal(m.heap[0].key, m.done) {
		top := m.heap[0]
		more, err := top.advance()
		if err != nil {
			return err
		}
		if !more || m.to != nil && bytes.Compare(top.key, m.to) >= 0 {
			n := len(m.heap) - 1
			m.heap[0] = m.heap[n]
			m.heap = m.heap[:n]
		}
		m.down(0)
	}
	return nil
}

// down moves the cursor at i down to where it belongs.
func (m *merging) down(i int) {
	for {
		least := i
		for _, child := range [2]int{2*i + 1, 2*i + 2} {
			if child < len(m.heap) && before(m.heap[child], m.heap[least]) {
				least = child
			}
		}
		if least == i {
			return
		}
		m.heap[i], m.heap[least] = m.heap[least], m.heap[i]
		i = least
	}
}

func before(a, b *cursor) bool {
	if order := bytes.Compare(a.key, b.key); order != 0 {
		return order < 0
	}
	return a.rank < b.rank
}

// Cut returns keys above from that cut what the largest run holds from there on
// into pieces of some bytes each.
func Cut(all []*Run, from []byte, every int) [][]byte {
	var largest *Run
	for _, r := range all {
		if largest == nil || len(r.blocks) > len(largest.blocks) {
			largest = r
		}
	}
	if largest == nil {
		return nil
	}
	keys := make([][]byte, 0, len(largest.blocks))
	for i := range largest.blocks {
		if bytes.Compare(largest.blocks[i].first, from) > 0 {
			keys = append(keys, largest.blocks[i].first)
		}
	}
	slices.SortFunc(keys, bytes.Compare)
	var cuts [][]byte
	for i := max(1, every/blockBytes); i < len(keys); i += max(1, every/blockBytes) {
		if len(cuts) == 0 || !bytes.Equal(cuts[len(cuts)-1], keys[i]) {
			cuts = append(cuts, keys[i])
		}
	}
	return cuts
}
