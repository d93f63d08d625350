package gen

import (
	"slices"
	"testing"

	"nabo/engine/event"
)

// counted are how many receipts there are with a product, and with two.
// Products are numbers from 0, in the catalogue's order.
type counted struct {
	with []float64
	both [][]float64 // by a product that is on so many receipts, and another; else nil
	// pairs is how many pairs of different lines there are, both ways, next to
	// the square of how many lines: what chance makes of two lines. It is above
	// one over the receipts, as large receipts have more pairs than their share.
	pairs float64
}

// countPairs counts the pairs of products that are on at least so many
// receipts, in rows: a map of pairs takes ten times as long.
func countPairs(s *Shop, least float64) *counted {
	c := &counted{with: make([]float64, len(s.Products())), both: make([][]float64, len(s.Products()))}
	numbers, all := productNumbers(s), 0.0
	var baskets [][]int
	for _, ev := range receipts(s) {
		var on []int
		for _, l := range ev.Body.(*event.Receipt).Lines {
			on = append(on, numbers[l.Product])
			c.with[numbers[l.Product]]++
		}
		n := float64(len(on))
		all += n
		c.pairs += n * (n - 1)
		baskets = append(baskets, on)
	}
	c.pairs /= all * all
	for a, n := range c.with {
		if n >= least {
			c.both[a] = make([]float64, len(c.with))
		}
	}
	for _, on := range baskets {
		for _, a := range on {
			if row := c.both[a]; row != nil {
				for _, b := range on {
					row[b]++
				}
			}
		}
	}
	return c
}

// productNumbers is each product's place in the catalogue.
func productNumbers(s *Shop) map[string]int {
	out := map[string]int{}
	for i, p := range s.Products() {
		out[p.Product] = i
	}
	return out
}

// ratio is what was seen next to what chance would make.
type ratio struct{ seen, expected float64 }

// add adds what there is of two different products.
func (r *ratio) add(c *counted, a, b int) {
	r.seen += c.both[a][b]
	r.expected += c.with[a] * c.with[b] * c.pairs
}

// What the shop says goes together must be bought together, and what stands in
// for it must not.
func TestTheTruthIsFoundInTheReceipts(t *testing.T) {
	s := newShop(t, Options{Supermarket: true, Members: 1_500, Products: 5_000, Days: 50, Lines: 10})
	const often = 100
	c, numbers := countPairs(s, often), productNumbers(s)
	found, asked := 0, 0
	var goes, others, instead ratio
	for i, p := range s.Products() {
		if c.with[i] < often {
			continue
		}
		company := s.Goes(p.Product)
		if len(company) == 0 {
			continue
		}
		asked++
		var best ratio
		best.add(c, i, numbers[company[0]])
		if best.seen > 2*best.expected {
			found++
		}
		for _, id := range company[:min(len(company), 5)] {
			goes.add(c, i, numbers[id])
		}
		goesWith := make([]bool, len(c.with))
		for _, id := range company {
			goesWith[numbers[id]] = true
		}
		for _, id := range s.Instead(p.Product) {
			instead.add(c, i, numbers[id])
		}
		for k := range 200 {
			other := (i*7 + k*25) % len(s.Products())
			if other != i && !goesWith[other] {
				others.add(c, i, other)
			}
		}
	}
	t.Logf("of %d products asked, %d are found with their best companion at twice chance", asked, found)
	if asked < 50 || float64(found) < 0.85*float64(asked) {
		t.Errorf("%d of %d found", found, asked)
	}
	within(t, "lift of the five that go best", goes.seen/goes.expected, 2.5, 50)
	within(t, "lift of others", others.seen/others.expected, 0.7, 1.2)
	within(t, "lift of what stands in", instead.seen/instead.expected, 0.5, 1.6)
}

func TestGoesIsWhatMissionsSay(t *testing.T) {
	s := newShop(t, Options{Supermarket: true, Products: 20_000})
	if n := len(s.Missions()); n != 65 {
		t.Errorf("%d missions, want 15 of the table and 50 made ones", n)
	}
	goods, known := goodsByProduct(s), map[string][]string{}
	goesWith := func(id string) []string { // the same products come in many missions
		if known[id] == nil {
			known[id] = s.Goes(id)
		}
		return known[id]
	}
	for _, m := range s.Missions() {
		for i, forms := range m.Goods {
			goes := goesWith(forms[0])
			for k, others := range m.Goods {
				if i != k && !slices.Contains(goes, others[0]) {
					t.Errorf("%s: %s does not go with %s", m.Name, others[0], forms[0])
				}
			}
			for _, id := range goes {
				if goods[id] == goods[forms[0]] {
					t.Errorf("%s goes with %s, which it stands in for", id, forms[0])
				}
				if !slices.Contains(goesWith(id), forms[0]) {
					t.Errorf("%s goes with %s, but not the other way", id, forms[0])
				}
			}
		}
	}
	if s.Goes("nothing") != nil || s.Instead("nothing") != nil {
		t.Error("what the shop has not got goes with something")
	}
	if ids := s.Instead(TacoShells); len(ids) < 10 || slices.Contains(ids, TacoShells) {
		t.Errorf("instead of taco shells: %v", ids)
	}
}
