package gen

import (
	"cmp"
	"slices"
)

// Goes returns the ids of the products that the shop's missions put together
// with a product, the strongest first: the truth that "bought together" should
// find. Products of one good are never among each other's. It is empty for a
// product that no mission wants, and for one that the shop has not.
func (s *Shop) Goes(product string) []string {
	at, ok := s.productNamed(product)
	if !ok {
		return nil
	}
	strength := map[int32]float64{}
	for i := range s.missions {
		m := &s.missions[i]
		for k := range m.goods {
			if share := s.wanted(&m.goods[k], int32(at)); share > 0 {
				s.company(m, k, share, strength)
			}
		}
	}
	out := make([]int32, 0, len(strength))
	for product := range strength {
		out = append(out, product)
	}
	slices.SortFunc(out, func(a, b int32) int {
		return cmp.Or(cmp.Compare(strength[b], strength[a]), cmp.Compare(s.products[a].Product, s.products[b].Product))
	})
	ids := make([]string, len(out))
	for i, product := range out {
		ids[i] = s.products[product].Product
	}
	return ids
}

// company adds to strength how often the products of a mission's other goods
// come with one of its k-th good's, which a share of those on it take.
func (s *Shop) company(m *mission, k int, share float64, strength map[int32]float64) {
	for i := range m.goods {
		w := &m.goods[i]
		if i == k {
			continue
		}
		first := int32(s.goods[w.good].first) + w.first
		for product := first; product < first+w.forms; product++ {
			strength[product] += m.weight * m.share(k) * share * m.share(i) * s.wanted(w, product)
		}
	}
}

// wanted is how many of those who want w take a product; 0 if it won't do.
func (s *Shop) wanted(w *want, product int32) float64 {
	g := &s.goods[w.good]
	rank := product - int32(g.first) - w.first
	if rank < 0 || rank >= w.forms {
		return 0
	}
	if w.first > 0 { // the lower of two draws
		n := float64(w.forms)
		return (2*(n-float64(rank)) - 1) / (n * n)
	}
	sum := 0.0
	for r := range w.forms {
		sum += g.pick.weight(int(r))
	}
	return g.pick.weight(int(rank)) / sum
}

// Instead returns the ids of the products that can stand in for a product: the
// other forms of its good, the common ones first.
func (s *Shop) Instead(product string) []string {
	at, ok := s.productNamed(product)
	if !ok {
		return nil
	}
	g := &s.goods[s.goodOf[at]]
	ids := make([]string, 0, g.count-1)
	for i := g.first; i < g.first+g.count; i++ {
		if i != at {
			ids = append(ids, s.products[i].Product)
		}
	}
	return ids
}
