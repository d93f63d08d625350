package engine

import (
	"slices"

	"nabo/engine/event"
	"nabo/graph"
)

// scratch is an Answer's working space, kept from question to question.
type scratch struct {
	read     graph.Scratch
	near     []graph.Neighbor
	other    []graph.Neighbor
	goods    []graph.Good
	habit    graph.Habit
	own      graph.Set // the member's goods, while others' are added
	likely   ranking
	sales    []graph.Sales
	basket   []graph.Node
	acc      tally
	top      ranking
	out      []graph.Node // of Recomms, beside them
	exclude  graph.Set
	sold     [2]graph.Set
	reasons  []Reason
	evidence []Evidence
}

// asking is one question while it is answered.
type asking struct {
	e  *Engine
	q  *Query
	a  *Answer
	s  *scratch
	at int64 // milliseconds

	product graph.Node // Together, Similar
	known   bool       // product has a number
	member  graph.Member

	supports graph.Supports

	filters int         // how many of s.sold hold
	here    graph.Scope // the store, or else the chain, or else everywhere
	stocked bool        // here is a store

	explain bool // second round: record evidence for the chosen
	ranked  int  // how many were chosen; the rest fills up
}

// Recommend answers q into a, which it overwrites. now is the wall clock.
func (e *Engine) Recommend(q *Query, now event.Millis, a *Answer) {
	a.Seq, a.At, a.Personalised = e.Position(), e.Clock(now), false
	a.Recomms = a.Recomms[:0]
	s := &a.scratch
	s.reasons, s.evidence, s.out = s.reasons[:0], s.evidence[:0], s.out[:0]
	x := asking{e: e, q: q, a: a, s: s, at: int64(a.At), member: nobody, supports: e.bought.Supports(int64(a.At))}
	x.prepare()
	x.rank()
	x.collect()
	x.fill()
	if q.Explain {
		x.evidence()
	}
}

// prepare turns names into numbers, and filters into sets.
func (x *asking) prepare() {
	e, q, s := x.e, x.q, x.s
	s.exclude.Clear()
	for _, id := range q.Exclude {
		if n, ok := e.catalogue.node(id); ok {
			s.exclude.Add(n)
		}
	}
	if x.product, x.known = e.catalogue.node(q.Product); x.known {
		s.exclude.Add(x.product)
	}
	s.basket = s.basket[:0]
	for _, id := range q.Products {
		if n, ok := e.catalogue.node(id); ok {
			s.basket = append(s.basket, n)
		}
	}
	if q.Session != 0 {
		s.basket = e.sessions.basketOf(s.basket, q.Session)
	}
	s.basket = e.without(distinct(s.basket), q.Without)
	for _, n := range s.basket {
		s.exclude.Add(n)
	}
	if m, ok := e.people.known(q.Member); ok && q.Member != 0 {
		x.member = m
	}
	x.filters = 0
	x.keep(chain, q.Chain)
	x.keep(store, q.Store)
}

// keep leaves only what a place sells. A place that nothing is known of keeps
// all: there is nothing better to show.
func (x *asking) keep(kind placeKind, name string) {
	scope, ok := x.e.place(kind, name)
	if name == "" || !ok {
		return
	}
	x.s.sold[x.filters] = x.e.trends.Sold(x.s.sold[x.filters], scope)
	x.filters++
	x.here, x.stocked = scope, kind == store
}

// allowed says whether a product may be in the answer.
func (x *asking) allowed(n graph.Node) bool {
	if x.s.exclude.Has(n) || x.e.bought.Retired(n) {
		return false
	}
	for i := range x.filters {
		if !x.s.sold[i].Has(n) {
			return false
		}
	}
	return !x.stocked || x.e.inStock(n, x.here)
}

func (e *Engine) inStock(n graph.Node, s graph.Scope) bool {
	c := &e.catalogue
	c.mu.RLock()
	defer c.mu.RUnlock()
	return len(c.stock) == 0 || c.stock[stockKey{n, s}] != event.OutOfStock
}

// rank tallies the candidates of the question.
func (x *asking) rank() {
	x.s.acc.reset(x.e.bought.Nodes())
	switch x.q.Kind {
	case Together:
		x.together()
	case Basket:
		x.basket()
	case Similar:
		x.similar()
	case Trending:
		x.trending()
	case Goods:
		x.goods()
	}
}

// collect takes the best of the tally that are allowed.
func (x *asking) collect() {
	top := &x.s.top
	top.reset(x.q.Count)
	for i := range x.s.acc.cells {
		c := &x.s.acc.cells[i]
		if c.score > 0 && top.wants(c.score, c.node) && x.allowed(c.node) {
			top.take(c.score, c.node, i)
		}
	}
	x.ranked = len(top.items)
	for _, t := range top.items {
		c := &x.s.acc.cells[t.cell]
		r := x.emit(c.node, c.score, c.kind.source(), x.reason(c))
		if x.q.Kind == Together && c.kind == byTogether {
			x.figures(r, c)
		}
	}
}

// figures adds what bought-together says of an item beside its score.
func (x *asking) figures(r *Recomm, c *cell) {
	for i := range x.s.near {
		if n := &x.s.near[i]; n.To == c.node {
			s := float64(n.Support)
			r.Support, r.LastSeen = s, int32(n.Last)
			r.Lift = s * x.e.bought.Total(x.at) / (max(x.support(x.product), s) * max(x.support(n.To), s))
			return
		}
	}
}

// emit appends an item to the answer.
func (x *asking) emit(n graph.Node, score float64, from Source, why Reason) *Recomm {
	x.s.reasons = append(x.s.reasons, why)
	x.s.out = append(x.s.out, n)
	x.s.exclude.Add(n)
	last := len(x.s.reasons)
	x.a.Recomms = append(x.a.Recomms, Recomm{
		Product: x.e.catalogue.item(n), Score: score, Source: from, Reasons: x.s.reasons[last-1 : last : last],
	})
	return &x.a.Recomms[len(x.a.Recomms)-1]
}

// fill tops the answer up with what is popular here, below all that is there.
func (x *asking) fill() {
	if len(x.a.Recomms) >= x.q.Count || x.q.Kind == Trending {
		return
	}
	least := 1.0
	if n := len(x.a.Recomms); n > 0 {
		least = x.a.Recomms[n-1].Score
	}
	why := Reason{Kind: Popular}
	if x.filters > 0 {
		_, name := x.e.places.name(x.here)
		why = Reason{Kind: PopularHere, Name: name}
	}
	for _, p := range x.e.popular.in(x.e, x.here, x.at) {
		if len(x.a.Recomms) >= x.q.Count {
			return
		}
		if x.allowed(p.node) && (x.q.MinSupport == 0 || x.q.Kind != Together) {
			x.emit(p.node, least*fillerShare*p.share, FromFiller, why)
		}
	}
}

// fillerShare keeps what is only popular below what has a reason of its own.
const fillerShare = 0.1

// reason turns a tally's strongest contribution into figures.
func (x *asking) reason(c *cell) Reason {
	switch c.kind {
	case byTogether, byRefined, byKind:
		other := x.e.catalogue.item(c.from)
		if c.kind == byTogether && c.weight >= 0.95 {
			return Reason{Kind: BoughtWith, Other: other, Count: float64(c.weight)}
		}
		if n, ok := x.e.bought.Pair(c.from, c.node, x.at); ok && n.Support >= 0.95 {
			return Reason{Kind: BoughtWith, Other: other, Count: float64(n.Support)}
		}
		return Reason{Kind: GoesWith, Other: other}
	case byViews:
		return Reason{Kind: ViewedWith, Other: x.e.catalogue.item(c.from)}
	case byAlike:
		return x.alike(c)
	case byUsual:
		return Reason{Kind: Popular}
	case byTrend:
		return Reason{Kind: SellsMore, Count: float64(c.weight)}
	default:
		return x.habit(c)
	}
}

func (x *asking) alike(c *cell) Reason {
	other, item := x.e.catalogue.item(c.from), x.e.catalogue.item(c.node)
	switch {
	case item.Category != "" && item.Category == other.Category:
		return Reason{Kind: SameCategory, Name: item.Category, Other: other}
	case item.Brand != "" && item.Brand == other.Brand:
		return Reason{Kind: SameBrand, Name: item.Brand, Other: other}
	default:
		return Reason{Kind: GoesWith, Other: other}
	}
}

func (x *asking) habit(c *cell) Reason {
	g, _ := x.e.goods.Good(x.member, c.node, x.at)
	ago := float64(x.at)/msPerDay - float64(g.Last)
	if g.Count < 2 || g.Every == 0 {
		return Reason{Kind: BoughtOnce, Ago: ago}
	}
	return Reason{Kind: BoughtOften, Count: float64(g.Count), Every: float64(g.Every), Ago: ago}
}

// evidence tallies once more and writes down what adds to each chosen item, so
// that the shares are those that made the score.
func (x *asking) evidence() {
	x.explain = true
	for i := range x.a.Recomms {
		r := &x.a.Recomms[i]
		first := len(x.s.evidence)
		if i >= x.ranked {
			x.s.evidence = append(x.s.evidence, Evidence{Edge: "popular", Weight: r.Score, Share: r.Score})
		} else {
			x.s.acc.watch(x.s.out[i])
			x.rank()
			for _, w := range x.s.acc.watched {
				x.s.evidence = append(x.s.evidence, x.proof(w))
			}
			x.s.acc.unwatch()
		}
		r.Evidence = slices.Clone(x.s.evidence[first:])
	}
}

func (x *asking) proof(c cell) Evidence {
	ev := Evidence{Edge: c.kind.edge(), Weight: float64(c.weight), Share: c.score}
	if c.from != noNode {
		ev.From = x.e.catalogue.item(c.from).ID
	}
	return ev
}
