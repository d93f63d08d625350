package engine

import (
	"slices"

	"nabo/engine/event"
	"nabo/graph"
)

// goods ranks what a member may buy at the next visit: their own goods by what
// habits are worth in this shop, what others buy, and what goes with their
// goods. A score is about the chance that the next visit has the product.
func (x *asking) goods() {
	if x.member == nobody {
		return
	}
	switch opt := &x.e.opt.Habits; x.q.Logic {
	case BuyAgain:
		x.own(1)
	case Discover:
		x.company(1)
	default:
		x.own(1)
		x.company(opt.Company)
		x.crowd(opt.Crowd)
	}
}

// own adds share of the chance that the member's goods are bought again. It is
// what members of this shop have done: how often one who had bought something
// so many times, so many visits ago, bought it at the next, and how many times
// as often as others this product is.
func (x *asking) own(share float64) {
	chances := x.remember()
	for i := range x.s.goods {
		g := &x.s.goods[i]
		if again := x.again(chances, g); g.Count > 0 && again > 0 {
			x.s.acc.add(g.Product, share*again, byOwn, noNode, g.Weight)
		}
	}
}

// again is the chance that one of the member's goods is bought at the next
// visit.
func (x *asking) again(chances *graph.Chances, g *graph.Good) float64 {
	opt := &x.e.opt.Habits
	again, part := chances.Again(g, &x.s.habit)
	of := chances.Of(g.Product)
	if !opt.NoRepeats {
		again *= float64(of.Repeat)
	}
	if !opt.NoRhythm {
		again *= float64(of.Rhythm[part])
	}
	return again
}

// remember reads the member's goods, and what habits are worth.
func (x *asking) remember() *graph.Chances {
	x.s.goods, x.s.habit = x.e.goods.Goods(x.s.goods[:0], x.member, x.at)
	x.a.Personalised = x.a.Personalised || len(x.s.goods) > 0
	return x.e.habits.Load().chances
}

// crowd adds share of the chance that anybody buys a product: of those who have
// bought it before, for the member's own goods; of those who have not, for the
// products that are tried most.
func (x *asking) crowd(share float64) {
	known := x.e.habits.Load()
	for i := range x.s.goods {
		if g := &x.s.goods[i]; g.Count > 0 {
			if sold := known.chances.Of(g.Product).Sold; sold > 0 {
				x.s.acc.lift(g.Product, share*float64(sold), byUsual, sold)
			}
			x.s.own.Add(g.Product)
		}
	}
	for _, t := range known.tried {
		if !x.s.own.Has(t.node) {
			x.s.acc.add(t.node, share*t.share, byUsual, noNode, float32(t.share))
		}
	}
	x.s.own.Clear()
}

// companyFrom is how many of a member's goods speak for others.
const companyFrom = 24

// company adds share of what goes with the goods that the member is likeliest
// to buy, each by how likely that is, and is not theirs.
func (x *asking) company(share float64) {
	chances := x.remember()
	top := &x.s.likely
	top.reset(companyFrom)
	for i := range x.s.goods {
		g := &x.s.goods[i]
		if again := x.again(chances, g); again > 0 && top.wants(again, g.Product) {
			top.take(again, g.Product, i)
		}
	}
	for _, t := range top.items {
		x.speak(t.node, share*t.score, 1, spokenByHabit)
	}
	if x.q.Logic == Discover {
		for i := range x.s.goods {
			x.s.exclude.Add(x.s.goods[i].Product)
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
