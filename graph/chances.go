package graph

import "math"

// Chances is what members' habits had taught at one moment: how likely a member is to buy a
// product at the next visit. It never changes and is anybody's to read.
type Chances struct {
	again [habitCells]float32
	goods []Chance
}

// Chance is one product's part in Chances.
type Chance struct {
	Repeat float32               // how many times as often as others its buyers buy it again
	Rhythm [habitRhythms]float32 // how many times as often as by Repeat, so long after buying it
	Sold   float32               // the share of all visits that have it
	First  float32               // the share of visits that have it, of members who never bought it
}

// What a product's own repeats are held against: so many expected ones that
// went as expected.
const (
	repeatPrior = 2
	rhythmPrior = 8
)

// chancesRead is how many products are read at a time: the writer waits.
const chancesRead = 2048

// chances returns what is known as of a moment. It takes some tenths of a
// millisecond at 50,000 products.
func (h *habits) chances(ms int64) *Chances {
	out := &Chances{}
	h.mu.Lock()
	for i := range h.cells {
		out.again[i] = float32(h.cells[i].rate())
	}
	total := len(h.goods)
	h.mu.Unlock()
	out.goods = make([]Chance, total)
	for from := 0; from < total; from += chancesRead {
		h.read(out.goods[from:min(from+chancesRead, total)], from, ms)
	}
	return out
}

func (h *habits) read(dst []Chance, from int, ms int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	by := h.fade.to(h.epoch, ms)
	for i := range dst {
		p := &h.goods[from+i]
		repeat, rhythm := p.repeats(by)
		dst[i] = Chance{
			Repeat: repeat,
			Rhythm: rhythm,
			Sold:   float32(p.sold / max(h.visits, math.SmallestNonzeroFloat64)),
			First:  float32(p.first * by / (max(h.visits-p.asked, p.first)*by + 1)),
		}
	}
}

// repeats holds what was bought again against what was expected.
func (p *productHabit) repeats(by float64) (repeat float32, rhythm [habitRhythms]float32) {
	again, expected := 0.0, 0.0
	for part := range p.again {
		again, expected = again+p.again[part], expected+p.expected[part]
	}
	r := (again*by + repeatPrior) / (expected*by + repeatPrior)
	for part := range p.again {
		rhythm[part] = float32((p.again[part]*by + rhythmPrior) / (p.expected[part]*by*r + rhythmPrior))
	}
	return float32(r), rhythm
}

// Of returns a product's chance; of one that is not known yet, what is usual.
func (c *Chances) Of(n Node) Chance {
	if int(n) >= len(c.goods) {
		return Chance{Repeat: 1, Rhythm: [habitRhythms]float32{1, 1, 1, 1}}
	}
	return c.goods[n]
}

// Products returns how many products are known.
func (c *Chances) Products() Node { return Node(len(c.goods)) }

// Again returns how likely a member with a habit is to buy one of their goods
// at the next visit, 0 to 1, by what all members' habits say, and which part of
// a product's Rhythm that visit falls into. What was looked at and not bought
// counts by its weight beside a purchase.
func (c *Chances) Again(g *Good, h *Habit) (again float64, part int) {
	tenure := bucket(tenuresFrom[:], h.Visits)
	if g.Count == 0 {
		return float64(c.again[habitCell(1, 1, tenure)]) * float64(min(g.Weight, 1)), 0
	}
	gap := gapOf(h.Last, g.Last, uint16(h.Every*sixteenths))
	return float64(c.again[habitCell(g.Count, gap, tenure)]), rhythm(gap)
}
