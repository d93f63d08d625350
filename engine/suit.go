package engine

import (
	"cmp"
	"math"
	"slices"

	"nabo/engine/event"
	"nabo/engine/expr"
	"nabo/engine/offer"
	"nabo/engine/rank"
	"nabo/graph"
)

// suiting is one question about offers while it is answered, in three stages
// that can be looked at: candidates, score, allocation.
type suiting struct {
	e    *Engine
	q    *OfferQuery
	a    *OfferAnswer
	s    *offerScratch
	lens *lens
	at   int64        // what fading is reckoned to
	now  event.Millis // what validity is asked for

	// seed makes chance a function of who asks, where, and on which day there:
	// a list run and an answer on the same day agree, and a member's list does
	// not flicker.
	seed   uint64
	boosts []boosting
	picks  []rank.Pick // by item

	visits  float32 // what the member's visits weigh together
	weights [rank.Affinities]float32
	base    *base
	frozen  *Frozen // a list run's: what it does not keep must not be read; nil: none
}

// offerScratch is an OfferAnswer's working space, kept from question to
// question.
type offerScratch struct {
	who      shopper
	asker    offer.Asker
	context  expr.Context
	input    expr.Input
	product  event.Product
	eligible offer.Workspace
	allowed  offer.Bits
	rules    []offer.Rule // by place: what left it out; 0: nothing
	merits   []merit      // by place
	item     []uint8      // by place: which item of the answer, from 1
	leads    []lead       // by item
	seen     []uint8      // by place: which of the record's Shown, from 1
	top      []int32      // the strongest goods
	basket   []graph.Node
	boosts   [2]boosting
	kinds    []float32 // by trait: the member's weight in it
	touched  []uint32
	cands    []rank.Candidate
	short    shortlist
	allocate rank.Workspace
	reasons  []Reason
	evidence []Evidence
}

// merit is what the graph says for one offer to one member, not yet weighed.
type merit struct{ own, together, basket, category, brand float32 }

// Offers answers q into a, which it overwrites. now is the wall clock: it is
// what validity is asked for. Anybody may call it at any time.
func (e *Engine) Offers(q *OfferQuery, now event.Millis, a *OfferAnswer) {
	a.Seq, a.At = e.Position(), e.Clock(now)
	x := suiting{e: e, q: q, a: a, s: &a.scratch, lens: e.lenses.now.Load(), at: int64(a.At), now: now}
	e.readShopper(&x.s.who, q.Member, x.at)
	sc := q.Under
	if sc == nil {
		sc = e.Scenario(q.Scenario)
	}
	x.answer(sc)
}

// answer makes the answer for the shopper in s.who.
func (x *suiting) answer(sc *rank.Scenario) {
	x.a.Scenario, x.a.Items, x.a.Dropped = sc, x.a.Items[:0], x.a.Dropped[:0]
	x.s.reasons, x.s.evidence = x.s.reasons[:0], x.s.evidence[:0]
	x.consent()
	x.surroundings()
	x.candidates()
	x.score()
	x.choose()
	x.explain()
	x.s.forgetKinds()
}

// item returns a product as it is, or as it was for a list run.
func (x *suiting) item(n graph.Node) *Product { return x.lens.item(x.e, n) }

// score fills in the affinity of every candidate, weighed part by part.
func (x *suiting) score() {
	s := x.s
	s.merits = slices.Grow(s.merits[:0], len(x.lens.facets))[:len(x.lens.facets)]
	clear(s.merits)
	x.ownGoods()
	x.ofTheirKind()
	x.goesWith()
	x.inBasket()
	x.prepareBoosts()
	x.shown()
	for part, by := range x.a.Scenario.Weights {
		x.weights[part] = float32(by)
	}
	x.visits = x.allVisits()
	x.base = x.lens.base(x.a.Scenario, x.q.Under == nil)
}

// allVisits is what the member's visits weigh together: those to chains or
// those to stores, whichever is more, since a receipt may name both or only
// one of them.
func (x *suiting) allVisits() float32 {
	var chains, stores float32
	for i := range x.s.who.visits {
		g := &x.s.who.visits[i]
		if kind, _ := x.e.places.name(graph.Scope(g.Product)); kind == chain {
			chains += g.Weight
		} else {
			stores += g.Weight
		}
	}
	return max(chains, stores)
}

// shown notes by place which offers the member was shown lately.
func (x *suiting) shown() {
	s := x.s
	s.seen = slices.Grow(s.seen[:0], len(x.lens.facets))[:len(x.lens.facets)]
	clear(s.seen)
	for i := range s.who.record.Shown {
		if p, ok := x.lens.view.PlaceOf(s.who.record.Shown[i].Slot); ok {
			s.seen[p] = uint8(i + 1)
		}
	}
}

// candidate makes one offer's candidate. The shapes keep each part between 0
// and about 1, and depend on the member and the offer alone, never on the best
// in the list: so scores of different members can be compared.
func (x *suiting) candidate(c *rank.Candidate, p int32, visits float32, weights *[rank.Affinities]float32) {
	f, m := &x.lens.marks[p], &x.s.merits[p]
	c.Place, c.Category, c.Funder, c.Tie = p, f.main, f.funder, f.tie
	c.Priority, c.Margin, c.Factor = f.priority, f.margin, 1
	c.Parts = [rank.Parts]float32{
		rank.Own:      weights[rank.Own] * saturate(m.own, halfOwn),
		rank.Together: weights[rank.Together] * saturate(m.together, halfEdges),
		rank.Category: weights[rank.Category] * saturate(m.category, halfKind),
		rank.Brand:    weights[rank.Brand] * saturate(m.brand, halfKind),
		rank.Place:    weights[rank.Place] * x.athome(p, visits),
		rank.Trend:    weights[rank.Trend] * f.trend,
		rank.Popular:  weights[rank.Popular] * f.popular,
		rank.Basket:   weights[rank.Basket] * saturate(m.basket, halfEdges),
		rank.Past:     weights[rank.Past] * f.past,
	}
	c.ShownAgo, c.ShownTimes, c.Fresh = -1, 0, false
	if k := x.s.seen[p]; k > 0 {
		shown := &x.s.who.record.Shown[k-1]
		c.ShownAgo, c.ShownTimes = max(float32(x.now-shown.At)/msPerDay, 0), int32(shown.Times)
	}
	c.Fresh = x.isFresh(p)
	if len(x.boosts) > 0 {
		c.Factor = float32(x.boost(p))
	}
}

// isFresh says whether an offer is new, where new ones are explored.
func (x *suiting) isFresh(p int32) bool {
	explore, age := &x.a.Scenario.Explore, x.now-x.lens.marks[p].since
	return explore.Share > 0 && explore.Fresh(float64(age)/msPerDay, x.lens.marks[p].shown)
}

// What counts half of a part's most. On real coupons and redemptions a small
// one ranks best for the member's own goods: whether they bought any of it
// lately says more than how much of it (bench/RESULTS.md). Weights of goods are
// purchases, faded; edges are refined ones.
const (
	halfOwn   = 0.1
	halfEdges = 0.3
	halfKind  = 0.3
)

// saturate takes what adds up without end to between 0 and 1.
func saturate(v, half float32) float32 {
	if v <= 0 {
		return 0
	}
	return v / (half + v)
}

// athome is the share of a member's visits that are where an offer holds; an
// offer that holds everywhere has them all.
func (x *suiting) athome(p int32, visits float32) float32 {
	if visits <= 0 {
		return 0
	}
	if !x.lens.marks[p].limited {
		return 1
	}
	f := x.lens.facets[p]
	var in float32
	for i := range x.s.who.visits {
		if slices.Contains(f.places, graph.Scope(x.s.who.visits[i].Product)) {
			in += x.s.who.visits[i].Weight
		}
	}
	return min(in/visits, 1)
}

// ownGoods lets each of the member's goods speak for the offers that cover it,
// and sums what they weigh by category and brand.
func (x *suiting) ownGoods() {
	s := x.s
	kinds := x.lens.traits.kinds()
	s.kinds = slices.Grow(s.kinds, max(kinds-len(s.kinds), 0))[:max(kinds, len(s.kinds))]
	for i := range s.who.goods {
		g := &s.who.goods[i]
		category, brand := x.lens.traits.of(g.Product)
		x.s.addKind(category, g.Weight)
		x.s.addKind(brand, g.Weight)
		covering := x.lens.view.Covering(g.Product)
		if len(covering) == 0 || g.Weight <= 0 {
			continue
		}
		v := wanted(g, x.at)
		for _, p := range covering {
			s.merits[p].own += v
		}
	}
}

// wanted is how strongly one of a member's goods speaks for itself: by its
// weight and its rhythm. One that was only looked at speaks a fifth as loud.
func wanted(g *graph.Good, at int64) float32 {
	if g.Count == 0 {
		return g.Weight / 5
	}
	return g.Weight * float32(due(g, at))
}

// ofTheirKind lets the categories and brands that the member buys speak for the
// offers that cover any of them.
func (x *suiting) ofTheirKind() {
	for _, k := range x.s.touched {
		weight, brand := x.s.kinds[k], x.lens.traits.isBrand(k)
		for _, p := range x.lens.ofKind(k) {
			if brand {
				x.s.merits[p].brand += weight
			} else {
				x.s.merits[p].category += weight
			}
		}
	}
}

func (s *offerScratch) addKind(k uint32, weight float32) {
	if k == 0 || int(k) >= len(s.kinds) || weight <= 0 {
		return // a weight may have faded to nothing
	}
	if s.kinds[k] == 0 {
		s.touched = append(s.touched, k)
	}
	s.kinds[k] += weight
}

func (s *offerScratch) forgetKinds() {
	for _, k := range s.touched {
		s.kinds[k] = 0
	}
	s.touched = s.touched[:0]
}

// goesWith lets the member's strongest goods speak, by their refined edges,
// for the offers that cover what goes with them.
func (x *suiting) goesWith() {
	s := x.s
	s.top = s.who.strongest(s.top, companyFrom)
	for _, i := range s.top {
		g := &s.who.goods[i]
		rate := saturate(g.Weight, 1)
		for _, say := range x.lens.voice(g.Product) {
			s.merits[say.place].together += rate * say.sum
		}
	}
}

// inBasket lets what is in the basket speak for the offers that cover it, and
// for those that cover what goes with it.
func (x *suiting) inBasket() {
	s := x.s
	for _, n := range s.basket {
		for _, p := range x.lens.view.Covering(n) {
			s.merits[p].basket++
		}
		for _, say := range x.lens.voice(n) {
			s.merits[say.place].basket += say.sum
		}
	}
}

// choose allocates the places of the list, among the short list, or among all
// where that could make another list.
func (x *suiting) choose() {
	count := cmp.Or(x.q.Count, x.a.Scenario.Count)
	picks := x.allocateAmong(x.shorten(x.visits, &x.weights, count, x.q.Explain), count)
	if !x.s.short.stands(picks, x.s.cands, min(count, x.a.Candidates), x.a.Scenario) {
		picks = x.allocateAmong(x.shorten(x.visits, &x.weights, count, true), count)
	}
	x.picks = picks
	for _, pick := range picks {
		c := &x.s.cands[pick.Candidate]
		entry := x.lens.view.Offers[c.Place]
		price, _, through := x.lens.view.PriceFor(entry, &x.s.who.record)
		x.a.Items = append(x.a.Items, OfferItem{
			Offer: entry, Score: float64(pick.Score), Parts: c.Parts, Explored: pick.Explored,
			Price: price, ValidThrough: through,
		})
	}
}

func (x *suiting) allocateAmong(places []int32, count int) []rank.Pick {
	s := x.s
	s.cands = slices.Grow(s.cands[:0], len(places))[:len(places)]
	for i, p := range places {
		x.candidate(&s.cands[i], p, x.visits, &x.weights)
	}
	o := rank.Override{Diversity: x.q.Diversity, RotationRate: x.q.RotationRate}
	return x.a.Scenario.Allocate(s.cands, count, o, x.seed, &s.allocate)
}

// trendOf is by how much what an offer covers sells beyond its share of the
// month, in units of chance variation, between 0 and 1.
func trendOf(share, usual, all float64) float64 {
	z := (share - usual) * all / math.Sqrt(usual*all+1)
	if z <= 1 {
		return 0
	}
	return (z - 1) / (z + 3)
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
