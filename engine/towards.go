package engine

import (
	"cmp"
	"slices"

	"nabo/engine/event"
	"nabo/engine/offer"
	"nabo/graph"
)

// OfferLean is a member who leans towards an offer.
type OfferLean struct {
	Member  event.Token
	Weight  float64  // the sum of the member's bindings to what it covers, faded
	Last    int32    // the day of the last event with any of it, in days since the Unix epoch
	Product *Product // what of it the member is bound to most
}

// The bounds of looking for who leans towards an offer.
const (
	towardsGoods   = 64   // of its products, those that are bought most
	towardsMembers = 4096 // who came last to these
)

// LeaningTowards returns the members who lean towards an offer, the strongest
// first: among at most 4,096 who came last to the 64 of its products that are
// bought most. Anybody may call it; it reads the goods of so many members,
// some milliseconds.
func (e *Engine) LeaningTowards(o *offer.Entry, now event.Millis) []OfferLean {
	at := int64(e.Clock(now))
	goods := e.mostBought(o.Products, towardsGoods, at)
	if len(goods) == 0 {
		return nil
	}
	var covered graph.Set
	var ids []graph.Member
	for _, n := range goods {
		covered.Add(n)
		ids = append(ids, e.goods.Latest(n, nil, towardsMembers/len(goods))...)
	}
	slices.Sort(ids)
	var out []OfferLean
	var held []graph.Good
	for _, m := range slices.Compact(ids) {
		held, _ = e.goods.Goods(held[:0], m, at)
		if l, ok := e.leanOf(m, held, &covered); ok {
			out = append(out, l)
		}
	}
	slices.SortStableFunc(out, func(a, b OfferLean) int { return cmp.Compare(b.Weight, a.Weight) })
	return out
}

// leanOf adds up what a member's goods weigh among those that are covered.
func (e *Engine) leanOf(m graph.Member, held []graph.Good, covered *graph.Set) (l OfferLean, ok bool) {
	most := float32(0)
	var best graph.Node
	for _, g := range held {
		if g.Weight <= 0 || !covered.Has(g.Product) {
			continue
		}
		l.Weight += float64(g.Weight)
		l.Last = max(l.Last, int32(g.Last))
		if g.Weight > most {
			most, best = g.Weight, g.Product
		}
	}
	if l.Weight == 0 {
		return l, false
	}
	l.Member, l.Product = e.people.token(m), e.catalogue.item(best)
	return l, l.Member != 0
}

// mostBought returns those of some products that are bought most, at most count.
func (e *Engine) mostBought(goods []graph.Node, count int, at int64) []graph.Node {
	supports := e.bought.Supports(at)
	var top ranking
	top.reset(count)
	for _, n := range goods {
		if s, alive := supports.Of(n); alive && top.wants(float64(s), n) {
			top.take(float64(s), n, 0)
		}
	}
	out := make([]graph.Node, len(top.items))
	for i, t := range top.items {
		out[i] = t.node
	}
	return out
}
