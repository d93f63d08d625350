package graph

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"github.com/cespare/xxhash/v2"
)

// habitsPage is how many products stand in one value of a checkpoint.
const habitsPage = 512

// heldHabits is what habits had taught when a checkpoint began.
type heldHabits struct {
	epoch  int32
	visits float64
	cells  [habitCells]tallied
	goods  []productHabit
}

// hold copies all for a checkpoint, if it changed since the one before: some
// megabytes, which takes a millisecond.
func (h *habits) hold() {
	if h == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.changed {
		return
	}
	h.changed = false
	h.held = &heldHabits{h.epoch, h.visits, h.cells, slices.Clone(h.goods)}
}

// let ends the checkpoint that hold began. It may run beside the writer.
func (h *habits) let(kept bool) {
	if h == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.changed = h.changed || (!kept && h.held != nil)
	h.held = nil
}

// SaveHabits gives what the members' habits had taught when Begin was called,
// in numbered values; nothing where that had not changed. It runs between Begin
// and End, on any goroutine.
func (m *Members) SaveHabits(put func(number uint64, value []byte) error) error {
	if m.habits == nil {
		return nil
	}
	m.habits.mu.Lock()
	held := m.habits.held
	m.habits.mu.Unlock()
	if held == nil {
		return nil
	}
	return held.each(put)
}

func (h *heldHabits) each(put func(number uint64, value []byte) error) error {
	le := binary.LittleEndian
	head := le.AppendUint32(nil, uint32(h.epoch))
	head = appendF64(head, h.visits)
	for i := range h.cells {
		head = le.AppendUint64(le.AppendUint64(head, h.cells[i].asked), h.cells[i].again)
	}
	if err := put(0, head); err != nil {
		return err
	}
	for page := 0; page*habitsPage < len(h.goods); page++ {
		var value []byte
		for i := range h.goods[page*habitsPage : min((page+1)*habitsPage, len(h.goods))] {
			value = h.goods[page*habitsPage+i].append(value)
		}
		if err := put(uint64(page)+1, value); err != nil {
			return err
		}
	}
	return nil
}

func (p *productHabit) append(dst []byte) []byte {
	for _, v := range p.figures() {
		dst = appendF64(dst, *v)
	}
	return dst
}

// figures returns all that is known of a product, in one order.
func (p *productHabit) figures() []*float64 {
	all := []*float64{&p.asked, &p.first, &p.sold}
	for i := range p.again {
		all = append(all, &p.expected[i], &p.again[i])
	}
	return all
}

const habitBytes = 8 * (3 + 2*habitRhythms)

func appendF64(dst []byte, v float64) []byte {
	return binary.LittleEndian.AppendUint64(dst, math.Float64bits(v))
}

// LoadHabits takes a value of SaveHabits; before any other call but Grow, by
// any goroutine, in any order.
func (m *Members) LoadHabits(number uint64, value []byte) error {
	h := m.habits
	if h == nil {
		return fmt.Errorf("graph: habits, which nobody keeps here")
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if number == 0 {
		return h.loadHead(value)
	}
	from := (number - 1) * habitsPage
	if number-1 > uint64(len(h.goods))/habitsPage || from+uint64(len(value)/habitBytes) > uint64(len(h.goods)) {
		return fmt.Errorf("graph: habits of products from %d of %d", from, len(h.goods))
	}
	if len(value)%habitBytes != 0 || len(value) > habitsPage*habitBytes {
		return errShort
	}
	for i := 0; len(value) > 0; i++ {
		for _, v := range h.goods[int(from)+i].figures() {
			if *v = takeF64(value); !(*v >= 0) || math.IsInf(*v, 1) {
				return fmt.Errorf("graph: a habit of %v", *v)
			}
			value = value[8:]
		}
	}
	return nil
}

func takeF64(b []byte) float64 { return math.Float64frombits(binary.LittleEndian.Uint64(b)) }

func (h *habits) loadHead(value []byte) error {
	if len(value) != 12+16*habitCells {
		return errShort
	}
	h.epoch = int32(binary.LittleEndian.Uint32(value))
	if h.visits = takeF64(value[4:]); !(h.visits >= 0) || math.IsInf(h.visits, 1) {
		return fmt.Errorf("graph: %v visits", h.visits)
	}
	for i := range h.cells {
		c := &h.cells[i]
		c.asked, c.again = binary.LittleEndian.Uint64(value[12+16*i:]), binary.LittleEndian.Uint64(value[20+16*i:])
		if c.again > c.asked {
			return fmt.Errorf("graph: %d bought again of %d", c.again, c.asked)
		}
	}
	return nil
}

// digest returns a hash of all; not beside the writer.
func (h *habits) digest() uint64 {
	if h == nil {
		return 0
	}
	var sum uint64
	now := heldHabits{h.epoch, h.visits, h.cells, h.goods}
	_ = now.each(func(number uint64, value []byte) error { // it returns nil
		sum += mix(number+1) * (xxhash.Sum64(value) | 1)
		return nil
	})
	return sum
}
