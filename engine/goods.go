package engine

import (
	"math"
	"slices"

	"nabo/engine/event"
	"nabo/graph"
)

// goods ranks a member's own goods by how much and how regularly they buy them,
// and what they have not bought by what goes with their goods.
func (x *asking) goods() {
	if x.member == nobody {
		return
	}
	switch x.q.Logic {
	case BuyAgain:
		x.own(1)
	case Discover:
		x.discover(1)
	default:
		x.own(1)
		x.discover(mixedDiscover)
	}
}

// mixedDiscover is what a discovery weighs beside a habit.
const mixedDiscover = 0.5

// own adds the member's goods, each by its share of the strongest and by
// whether it is due.
func (x *asking) own(share float64) {
	strongest := x.remember()
	for _, g := range x.s.goods {
		if g.Count > 0 {
			rate := float64(g.Weight) / (strongest + 1)
			x.s.acc.add(g.Product, share*rate*due(&g, x.at), byOwn, noNode, g.Weight)
		}
	}
}

// remember reads the member's goods and returns what the strongest weighs.
func (x *asking) remember() (strongest float64) {
	x.s.goods, _ = x.e.goods.Goods(x.s.goods[:0], x.member, x.at)
	for i := range x.s.goods {
		strongest = max(strongest, float64(x.s.goods[i].Weight))
	}
	x.a.Personalised = x.a.Personalised || len(x.s.goods) > 0
	return strongest
}

// due is how near a product is to being bought again, 0.4 to 1: low just after
// a purchase, 1 from its usual interval on, and falling again once it has been
// left out for three.
func due(g *graph.Good, at int64) float64 {
	if g.Count < 3 || g.Every <= 0 {
		return 0.7
	}
	intervals := (float64(at)/msPerDay - float64(g.Last)) / float64(g.Every)
	ripe := 1 / (1 + math.Exp(-6*(intervals-0.6)))
	if intervals > 3 {
		ripe *= 3 / intervals
	}
	return 0.4 + 0.6*ripe
}

// discoverFrom is how many of a member's goods speak for others.
const discoverFrom = 24

// discover adds what goes with the member's strongest goods and is not theirs.
func (x *asking) discover(share float64) {
	strongest := x.remember()
	goods := x.s.goods
	slices.SortFunc(goods, func(a, b graph.Good) int {
		if better(float64(a.Weight), a.Product, float64(b.Weight), b.Product) {
			return -1
		}
		return 1
	})
	for _, g := range goods[:min(len(goods), discoverFrom)] {
		rate := float64(g.Weight) / (strongest + 1)
		x.speak(g.Product, share*rate, 1, spokenByHabit)
	}
	if x.q.Logic == Discover {
		for _, g := range goods {
			x.s.exclude.Add(g.Product)
		}
	}
}

// Affinities returns what a member leans towards: at most count of each kind.
func (e *Engine) Affinities(t event.Token, now event.Millis, count int) Affinities {
	out := Affinities{Seq: e.Position(), At: e.Clock(now)}
	m, ok := e.people.known(t)
	if !ok {
		return out
	}
	out.Known = true
	goods, _ := e.goods.Goods(nil, m, int64(out.At))
	places, _ := e.visits.Goods(nil, m, int64(out.At))
	var products, categories, brands shares
	for _, g := range goods {
		if e.bought.Retired(g.Product) {
			continue
		}
		p := e.catalogue.item(g.Product)
		products.add(p.ID, p.Name, "own", p.ID, float64(g.Weight))
		categories.add(p.Category, p.Category, "own", p.ID, float64(g.Weight))
		brands.add(p.Brand, p.Brand, "own", p.ID, float64(g.Weight))
	}
	var chains, stores shares
	for _, g := range places {
		kind, name := e.places.name(graph.Scope(g.Product))
		if kind == chain {
			chains.add(name, name, "visits", name, float64(g.Weight))
		} else {
			stores.add(name, name, "visits", name, float64(g.Weight))
		}
	}
	out.Products, out.Categories, out.Brands = products.top(count), categories.top(count), brands.top(count)
	out.Chains, out.Stores = chains.top(count), stores.top(count)
	return out
}

// shares adds up weights by name and turns them into shares of their sum.
type shares struct {
	index map[string]int
	list  []Affinity
	sum   float64
}

func (s *shares) add(id, name, edge, from string, weight float64) {
	if id == "" || weight <= 0 {
		return
	}
	if s.index == nil {
		s.index = map[string]int{}
	}
	i, ok := s.index[id]
	if !ok {
		i = len(s.list)
		s.index[id] = i
		s.list = append(s.list, Affinity{ID: id, Name: name})
	}
	a := &s.list[i]
	a.Score += weight
	a.Evidence = append(a.Evidence, Evidence{Edge: edge, From: from, Weight: weight})
	s.sum += weight
}

// top returns the strongest, each evidence with its share of the score.
func (s *shares) top(count int) []Affinity {
	for i := range s.list {
		a := &s.list[i]
		a.Score /= s.sum
		for j := range a.Evidence {
			a.Evidence[j].Share = a.Evidence[j].Weight / s.sum
		}
		slices.SortFunc(a.Evidence, func(a, b Evidence) int { return byStrength(a.Weight, a.From, b.Weight, b.From) })
	}
	slices.SortFunc(s.list, func(a, b Affinity) int { return byStrength(a.Score, a.ID, b.Score, b.ID) })
	return s.list[:min(len(s.list), count)]
}

func byStrength(a float64, aName string, b float64, bName string) int {
	switch {
	case a > b || (a == b && aName < bName):
		return -1
	case a == b && aName == bName:
		return 0
	default:
		return 1
	}
}

// leaningRead is how many of a product's members Leaning looks at: those who
// came to it last.
const leaningRead = 4096

// Leaning returns the members who lean most towards a product, among the
// latest 4,096 who came to it.
func (e *Engine) Leaning(product string, now event.Millis, count int) []Leaning {
	n, ok := e.catalogue.node(product)
	if !ok || e.bought.Retired(n) {
		return nil
	}
	at := int64(e.Clock(now))
	ids := e.goods.Latest(n, nil, leaningRead)
	slices.Sort(ids)
	var out []Leaning
	for _, id := range slices.Compact(ids) {
		if g, ok := e.goods.Good(id, n, at); ok && g.Weight > 0 {
			out = append(out, Leaning{e.people.token(id), float64(g.Weight), int32(g.Last)})
		}
	}
	slices.SortStableFunc(out, func(a, b Leaning) int {
		if a.Weight > b.Weight {
			return -1
		}
		if a.Weight < b.Weight {
			return 1
		}
		return 0
	})
	return out[:min(len(out), count)]
}
