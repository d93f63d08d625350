package gen

import (
	"slices"
	"testing"

	"nabo/engine/event"
)

// counted are how many receipts there are with a product, and with two.
type counted struct {
	with map[string]float64
	both map[[2]string]float64
	// pairs is how many pairs of different lines there are, both ways, next to
	// the square of how many lines: what chance makes of two lines. It is above
	// one over the receipts, as large receipts have more pairs than their share.
	pairs float64
}

func countPairs(s *Shop) *counted {
	c := &counted{with: map[string]float64{}, both: map[[2]string]float64{}}
	all := 0.0
	for _, ev := range receipts(s) {
		lines := ev.Body.(*event.Receipt).Lines
		n := float64(len(lines))
		all += n
		c.pairs += n * (n - 1)
		for i := range lines {
			c.with[lines[i].Product]++
			for k := range lines {
				if i != k {
					c.both[[2]string{lines[i].Product, lines[k].Product}]++
				}
			}
		}
	}
	c.pairs /= all * all
	return c
}

// ratio is what was seen next to what chance would make.
type ratio struct{ seen, expected float64 }

func (r *ratio) add(c *counted, a, b string) {
	r.seen += c.both[[2]string{a, b}]
	r.expected += c.with[a] * c.with[b] * c.pairs
}

// What the shop says goes together must be bought together, and what stands in
// for it must not.
func TestTheTruthIsFoundInTheReceipts(t *testing.T) {
	s := newShop(t, Options{Supermarket: true, Members: 2_000, Products: 5_000, Days: 50, Lines: 10})
	c := countPairs(s)
	found, asked := 0, 0
	var goes, others, instead ratio
	for i, p := range s.Products() {
		company := s.Goes(p.Product)
		if len(company) == 0 || c.with[p.Product] < 100 {
			continue
		}
		asked++
		var best ratio
		best.add(c, p.Product, company[0])
		if best.seen > 2*best.expected {
			found++
		}
		for _, id := range company[:min(len(company), 5)] {
			goes.add(c, p.Product, id)
		}
		for _, id := range s.Instead(p.Product) {
			instead.add(c, p.Product, id)
		}
		for k := range 200 {
			other := s.Products()[(i*7+k*25)%len(s.Products())].Product
			if other != p.Product && !slices.Contains(company, other) {
				others.add(c, p.Product, other)
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
	goods := goodsByProduct(s)
	for _, m := range s.Missions() {
		for i, forms := range m.Goods {
			goes := s.Goes(forms[0])
			for k, others := range m.Goods {
				if i != k && !slices.Contains(goes, others[0]) {
					t.Errorf("%s: %s does not go with %s", m.Name, others[0], forms[0])
				}
			}
			for _, id := range goes {
				if goods[id] == goods[forms[0]] {
					t.Errorf("%s goes with %s, which it stands in for", id, forms[0])
				}
				if !slices.Contains(s.Goes(id), forms[0]) {
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
