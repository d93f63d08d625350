package graph

import (
	"math"
	"sync"
)

// habits learns from members' visits how often they buy again what they have
// bought: by how often they bought it, how many visits ago and how long they
// have been coming, and for each product by how many times as often as that.
// It learns what members buy for the first time as well. So a shop's own past
// says what a habit is worth, and no constant has to.
//
// A visit is the first receipt of a member's day. What comes late teaches
// nothing. chances may be called by anybody at any time, everything else is the writer's.
type habits struct {
	fade fade

	mu      sync.Mutex
	epoch   int32               // guarded by mu
	cells   [habitCells]tallied // guarded by mu
	goods   []productHabit      // guarded by mu
	visits  float64             // by members who came before, faded; guarded by mu
	held    *heldHabits         // by a checkpoint; guarded by mu
	changed bool                // since the last checkpoint; guarded by mu
	asked   []askedHabit        // the writer's: of the visit at hand
	visit   visitAt             // the writer's
}

// tallied counts how often goods of one kind could have been bought again, and
// how often they were.
type tallied struct{ asked, again uint64 }

// productHabit is what was learnt of one product, faded.
type productHabit struct {
	asked    float64               // visits of members who had bought it
	first    float64               // visits on which a member bought it for the first time
	sold     float64               // visits that had it
	expected [habitRhythms]float64 // on how many of those asked it should have been, by its cells
	again    [habitRhythms]float64 // on how many it was; both by how many visits ago it was bought
}

// rhythm is which part of a product's rhythm a gap is.
func rhythm(gap int) int { return bucket(rhythmsFrom[:], gap) }

// askedHabit is one of a member's goods at a visit.
type askedHabit struct {
	node  Node
	cell  uint16
	part  uint8 // of the product's rhythm
	again bool
}

// visitAt is a visit as it begins.
type visitAt struct {
	learns bool
	tenure int
	last   Day
	every  uint16
}

const (
	habitCounts  = 8
	habitGaps    = 10
	habitTenures = 6
	habitRhythms = 4
	habitCells   = habitCounts * habitGaps * habitTenures
)

// The lower bounds of what counts as alike: purchases, visits since the last
// of them, visits in all.
var (
	countsFrom  = [habitCounts]int{1, 2, 3, 4, 5, 7, 10, 16}
	gapsFrom    = [habitGaps]int{1, 2, 3, 4, 5, 7, 10, 15, 25, 41}
	tenuresFrom = [habitTenures]int{0, 3, 5, 9, 17, 33}
	rhythmsFrom = [habitRhythms]int{1, 2, 4, 10} // coarser gaps: a product has fewer visits to learn from
)

func bucket(from []int, v int) int {
	i := len(from) - 1
	for i > 0 && v < from[i] {
		i--
	}
	return i
}

func habitCell(count, gap, tenure int) int {
	return (bucket(countsFrom[:], count)*habitGaps+bucket(gapsFrom[:], gap))*habitTenures + tenure
}

// gapOf is how many visits after a purchase the next visit will be, by the
// member's mean interval: 1 is the very next one.
func gapOf(last, bought Day, every uint16) int {
	if every == 0 || bought >= last {
		return 1
	}
	return 1 + int(float64(last-bought)*sixteenths/float64(every)+0.5)
}

func newHabits(halfLife int64) *habits {
	return &habits{fade: fade{float64(halfLife)}, epoch: math.MinInt32}
}

func (h *habits) grow(products Node) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for Node(len(h.goods)) < products {
		h.goods = append(h.goods, productHabit{})
	}
}

// begin notes how a member comes to a visit, before the visit counts.
func (h *habits) begin(rec *memberRec, e *Purchase) {
	d := DayOf(e.At)
	h.asked = h.asked[:0]
	h.visit = visitAt{
		learns: e.Bought && (rec.visits == 0 || d > rec.last),
		tenure: bucket(tenuresFrom[:], int(rec.visits)), last: rec.last, every: rec.every,
	}
}

// note notes one of the member's goods, before the visit counts.
func (h *habits) note(b *binding, again bool) {
	if h.visit.learns && b.count() > 0 {
		gap := gapOf(h.visit.last, b.last, h.visit.every)
		cell := habitCell(int(b.count()), gap, h.visit.tenure)
		h.asked = append(h.asked, askedHabit{b.node(), uint16(cell), uint8(rhythm(gap)), again})
	}
}

// learn counts the visit in: goods is all that was bought, fresh what the
// member had not had before; visits is how many the member had made.
func (h *habits) learn(at int64, goods, fresh []Node, visits uint16) {
	if !h.visit.learns {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.changed = true
	by := h.at(at)
	for _, a := range h.asked {
		c, p := &h.cells[a.cell], &h.goods[a.node]
		p.asked += by
		p.expected[a.part] += by * c.rate()
		c.asked++
		if a.again {
			c.again++
			p.again[a.part] += by
		}
	}
	if visits == 0 {
		return // whoever comes for the first time buys all of it for the first time
	}
	h.visits += by
	for _, n := range goods {
		h.goods[n].sold += by
	}
	for _, n := range fresh {
		h.goods[n].first += by
	}
}

// rate is the share bought again; before anything is known, one in fifty.
func (c *tallied) rate() float64 { return (float64(c.again) + 0.02) / (float64(c.asked) + 1) }

// at returns what an event at a moment weighs, and moves the landmark on.
func (h *habits) at(ms int64) float64 {
	epoch, factor := h.fade.at(ms)
	if epoch > h.epoch {
		if h.epoch != math.MinInt32 {
			h.rescale(shift(h.epoch, epoch))
		}
		h.epoch = epoch
	}
	return factor * shift(epoch, h.epoch)
}

func (h *habits) rescale(by float64) {
	h.visits *= by
	for i := range h.goods {
		p := &h.goods[i]
		p.asked, p.first, p.sold = p.asked*by, p.first*by, p.sold*by
		for part := range p.again {
			p.expected[part] *= by
			p.again[part] *= by
		}
	}
}
