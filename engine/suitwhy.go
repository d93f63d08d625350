package engine

import (
	"slices"

	"nabo/engine/rank"
	"nabo/graph"
)

// lead is the strongest contribution to each of an item's parts: which of the
// goods, or of the basket, and to which product.
type lead struct {
	ownBy, togetherBy, basketBy       int32
	togetherTo, basketTo              graph.Node
	ownMost, togetherMost, basketMost float32
}

// explain says why each item is in the answer: with its strongest reason
// always, with all of them and with every edge behind the score if asked to.
func (x *suiting) explain() {
	for i := range x.a.Items {
		x.a.Items[i].Source = sourceOf(&x.a.Items[i].Parts)
	}
	if x.q.Brief {
		return
	}
	x.lead()
	for i := range x.a.Items {
		it := &x.a.Items[i]
		place := x.s.cands[x.picks[i].Candidate].Place
		first := len(x.s.reasons)
		x.reasonsFor(it, i, place)
		it.Reasons = x.s.reasons[first:len(x.s.reasons):len(x.s.reasons)]
		if x.q.Explain {
			it.Evidence = x.evidenceFor(it, place)
		}
	}
}

// lead finds the strongest contributions, of the chosen alone: to do so for
// every offer while its merits are summed takes longer.
func (x *suiting) lead() {
	s := x.s
	s.item = slices.Grow(s.item[:0], len(x.lens.facets))[:len(x.lens.facets)]
	clear(s.item)
	s.leads = slices.Grow(s.leads[:0], len(x.picks))[:len(x.picks)]
	clear(s.leads)
	for i, pick := range x.picks {
		s.item[s.cands[pick.Candidate].Place] = uint8(i + 1)
	}
	for i := range s.who.goods {
		x.leadOwn(int32(i))
	}
	for _, i := range s.top {
		g := &s.who.goods[i]
		rate := saturate(g.Weight, 1)
		for _, say := range x.lens.voice(g.Product) {
			if k := s.item[say.place]; k > 0 && rate*say.most > s.leads[k-1].togetherMost {
				l := &s.leads[k-1]
				l.togetherMost, l.togetherBy, l.togetherTo = rate*say.most, i, say.to
			}
		}
	}
	for i, n := range s.basket {
		x.leadBasket(int32(i), n)
	}
}

func (x *suiting) leadOwn(i int32) {
	g := &x.s.who.goods[i]
	for _, p := range x.lens.view.Covering(g.Product) {
		if k := x.s.item[p]; k > 0 {
			l := &x.s.leads[k-1]
			if v := wanted(g, x.at); v > l.ownMost {
				l.ownMost, l.ownBy = v, i
			}
		}
	}
}

func (x *suiting) leadBasket(i int32, n graph.Node) {
	better := func(p int32, v float32, to graph.Node) {
		if k := x.s.item[p]; k > 0 && v > x.s.leads[k-1].basketMost {
			l := &x.s.leads[k-1]
			l.basketMost, l.basketBy, l.basketTo = v, i, to
		}
	}
	for _, p := range x.lens.view.Covering(n) {
		better(p, 1, n)
	}
	for _, say := range x.lens.voice(n) {
		better(say.place, say.most, say.to)
	}
}

// sourceOf says which part of the engine most of a score comes from.
func sourceOf(parts *[rank.Parts]float32) Source {
	source, most := FromFiller, float32(0)
	for _, c := range [...]struct {
		part rank.Part
		is   Source
	}{
		{rank.Own, FromRepeat}, {rank.Together, FromTogether}, {rank.Basket, FromTogether},
		{rank.Category, FromKind}, {rank.Brand, FromKind}, {rank.Trend, FromTrend},
	} {
		if v := parts[c.part]; v > most {
			source, most = c.is, v
		}
	}
	return source
}

// reasonParts are the parts that a sentence can be made of, all but what only
// says where an offer holds: first those that are about the member.
var reasonParts = [...]rank.Part{
	rank.Own, rank.Basket, rank.Together, rank.Category, rank.Brand, rank.Trend, rank.Past, rank.Popular,
}

// aboutMember is how many of them are.
const aboutMember = 5

// reasonsGiven is how many reasons an explained item has at most.
const reasonsGiven = 3

// reasonsFor appends an item's reasons, the strongest part's first, and what is
// about the member before what is about everybody.
func (x *suiting) reasonsFor(it *OfferItem, item int, place int32) {
	var order [len(reasonParts)]rank.Part
	n, own := 0, 0
	for i, p := range reasonParts {
		if i == aboutMember {
			own = n
		}
		if it.Parts[p] > 0 {
			at := n
			for ; at > own && it.Parts[order[at-1]] < it.Parts[p]; at-- {
				order[at] = order[at-1]
			}
			order[at] = p
			n++
		}
	}
	wanted := 1
	if x.q.Explain {
		wanted = reasonsGiven
	}
	if n == 0 {
		x.s.reasons = append(x.s.reasons, x.lastReason(it))
	}
	for _, p := range order[:min(n, wanted)] {
		x.s.reasons = append(x.s.reasons, x.reasonOf(p, item, place))
	}
	if it.Explored && n > 0 && x.q.Explain {
		x.s.reasons = append(x.s.reasons, Reason{Kind: NewHere})
	}
}

func (x *suiting) lastReason(it *OfferItem) Reason {
	if it.Explored {
		return Reason{Kind: NewHere}
	}
	return Reason{Kind: MayBe}
}

// reasonOf turns one part of a score into figures.
func (x *suiting) reasonOf(p rank.Part, item int, place int32) Reason {
	m, f := &x.s.leads[item], x.lens.facets[place]
	switch p {
	case rank.Own:
		return x.youBuy(&x.s.who.goods[m.ownBy])
	case rank.Together:
		return x.goesWithYours(x.s.who.goods[m.togetherBy].Product, m.togetherTo)
	case rank.Basket:
		if m.basketTo == x.s.basket[m.basketBy] {
			return Reason{Kind: InBasket, Other: x.item(m.basketTo)}
		}
		return Reason{Kind: GoesWithBasket, Other: x.item(x.s.basket[m.basketBy])}
	case rank.Category:
		return Reason{Kind: YouBuyCategory, Name: x.strongestKind(f.kinds[:f.brandsFrom])}
	case rank.Brand:
		return Reason{Kind: YouBuyBrand, Name: x.strongestKind(f.kinds[f.brandsFrom:])}
	case rank.Trend:
		return Reason{Kind: SellsMoreNow}
	case rank.Past:
		return Reason{Kind: OthersUseIt, Count: float64(x.lens.view.Offers[place].Redemptions)}
	default:
		return Reason{Kind: Popular}
	}
}

// youBuy tells of a habit; a product that an offer covers is named, for the
// offer may cover many.
func (x *suiting) youBuy(g *graph.Good) Reason {
	r := Reason{Kind: YouBought, Other: x.item(g.Product), Ago: float64(x.at)/msPerDay - float64(g.Last)}
	switch {
	case g.Count == 0:
		r.Kind = YouLookedAt
	case g.Count > 1 && g.Every > 0:
		r.Kind, r.Count, r.Every = YouBuy, float64(g.Count), float64(g.Every)
	}
	return r
}

// goesWithYours tells of an edge. How many receipts it stands on is read from
// the graph as it is now, which a list run must not do.
func (x *suiting) goesWithYours(from, to graph.Node) Reason {
	r := Reason{Kind: GoesWith, Other: x.item(from)}
	if x.q.Explain && x.frozen == nil {
		if n, ok := x.e.bought.Pair(from, to, x.at); ok && n.Support >= 0.95 {
			r.Count = float64(n.Support)
		}
	}
	return r
}

// strongestKind names the one of some categories or brands that the member's
// goods weigh most in.
func (x *suiting) strongestKind(kinds []uint32) string {
	best := kinds[0]
	for _, k := range kinds[1:] {
		if x.s.kinds[k] > x.s.kinds[best] {
			best = k
		}
	}
	return x.lens.traits.name(best)
}

// evidenceFor writes down every edge behind an item's score, each with its
// share of the part that it is in.
func (x *suiting) evidenceFor(it *OfferItem, place int32) []Evidence {
	first := len(x.s.evidence)
	m, f := &x.s.merits[place], x.lens.facets[place]
	x.ownEvidence(place, float64(it.Parts[rank.Own])/float64(m.own))
	x.edgeEvidence(place, float64(it.Parts[rank.Together])/float64(m.together))
	x.basketEvidence(place, float64(it.Parts[rank.Basket])/float64(m.basket))
	x.kindEvidence("category", f.kinds[:f.brandsFrom], float64(it.Parts[rank.Category]))
	x.kindEvidence("brand", f.kinds[f.brandsFrom:], float64(it.Parts[rank.Brand]))
	whole := func(p rank.Part, weight float64) {
		if v := float64(it.Parts[p]); v != 0 {
			x.s.evidence = append(x.s.evidence, Evidence{Edge: p.String(), Weight: weight, Share: v})
		}
	}
	whole(rank.Place, float64(it.Parts[rank.Place]))
	whole(rank.Trend, float64(f.trend))
	whole(rank.Popular, float64(f.popular))
	whole(rank.Past, float64(f.past))
	for p := rank.Part(rank.Affinities); int(p) < rank.Parts; p++ {
		whole(p, float64(it.Parts[p]))
	}
	return slices.Clone(x.s.evidence[first:])
}

// ownEvidence adds the member's own goods that an offer covers.
func (x *suiting) ownEvidence(place int32, by float64) {
	if x.s.merits[place].own <= 0 {
		return
	}
	for i := range x.s.who.goods {
		g := &x.s.who.goods[i]
		if g.Weight > 0 && slices.Contains(x.lens.view.Covering(g.Product), place) {
			v := float64(wanted(g, x.at))
			x.s.evidence = append(x.s.evidence, Evidence{"own", x.item(g.Product).ID, float64(g.Weight), v * by})
		}
	}
}

// edgeEvidence adds the refined edges from the member's strongest goods.
func (x *suiting) edgeEvidence(place int32, by float64) {
	if x.s.merits[place].together <= 0 {
		return
	}
	for _, i := range x.s.top {
		g := &x.s.who.goods[i]
		x.voiceEvidence(g.Product, place, float64(saturate(g.Weight, 1))*by)
	}
}

// basketEvidence adds what is in the basket and the edges from it.
func (x *suiting) basketEvidence(place int32, by float64) {
	if x.s.merits[place].basket <= 0 {
		return
	}
	for _, n := range x.s.basket {
		if slices.Contains(x.lens.view.Covering(n), place) {
			x.s.evidence = append(x.s.evidence, Evidence{"basket", x.item(n).ID, 1, by})
		}
		x.voiceEvidence(n, place, by)
	}
}

// voiceEvidence adds what a product says for an offer.
func (x *suiting) voiceEvidence(from graph.Node, place int32, by float64) {
	for _, say := range x.lens.voice(from) {
		if say.place == place {
			x.s.evidence = append(x.s.evidence, Evidence{"refined", x.item(from).ID, float64(say.sum), float64(say.sum) * by})
		}
	}
}

// kindEvidence adds what the member's goods weigh in each category or brand.
func (x *suiting) kindEvidence(edge string, kinds []uint32, part float64) {
	if part == 0 {
		return
	}
	sum := 0.0
	for _, k := range kinds {
		sum += float64(x.s.kinds[k])
	}
	for _, k := range kinds {
		if w := float64(x.s.kinds[k]); w > 0 {
			x.s.evidence = append(x.s.evidence, Evidence{edge, x.lens.traits.name(k), w, part * w / sum})
		}
	}
}
