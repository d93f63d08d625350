package graph

// Chances is what Habits knew at one moment: how likely a member is to buy a
// product at the next visit. It never changes and is anybody's to read.
type Chances struct {
	again [habitCells]float32
	goods []Chance
}

// Chance is one product's part in Chances.
type Chance struct {
	Repeat float32 // how many times as often as others its buyers buy it again
	Sold   float32 // the share of all visits that have it
	First  float32 // the share of visits that have it, of members who never bought it
}

// What a product's own repeats are held against: so many expected ones that
// went as expected.
const repeatPrior = 2

// chancesRead is how many products are read at a time: the writer waits.
const chancesRead = 2048

// Chances returns what is known as of now. It takes some tenths of a
// millisecond at 50,000 products.
func (h *Habits) Chances(ms int64) *Chances {
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

func (h *Habits) read(dst []Chance, from int, ms int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.visits == 0 {
		return
	}
	by := h.fade.to(h.epoch, ms)
	for i := range dst {
		p := &h.goods[from+i]
		dst[i] = Chance{
			Repeat: float32((p.again*by + repeatPrior) / (p.expected*by + repeatPrior)),
			Sold:   float32(p.sold / h.visits),
			First:  float32(p.first * by / (max(h.visits-p.asked, p.first)*by + 1)),
		}
	}
}

// Of returns a product's chance; the zero Chance where it is not known yet.
func (c *Chances) Of(n Node) Chance {
	if int(n) >= len(c.goods) {
		return Chance{}
	}
	return c.goods[n]
}

// Products returns how many products are known.
func (c *Chances) Products() Node { return Node(len(c.goods)) }

// Again returns how likely a member with a habit is to buy one of their goods
// at the next visit, 0 to 1, by what all members' habits say; not yet by what
// the product's own repeats do.
func (c *Chances) Again(g *Good, h *Habit) float64 {
	if g.Count == 0 {
		return 0
	}
	every := uint16(h.Every * sixteenths)
	cell := habitCell(g.Count, gapOf(h.Last, g.Last, every), bucket(tenuresFrom[:], h.Visits))
	return float64(c.again[cell])
}
