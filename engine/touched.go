package engine

import (
	"cmp"
	"slices"

	"nabo/engine/event"
	"nabo/engine/rank"
	"nabo/graph"
)

// TouchQuery asks which of a member's offers a basket touches.
type TouchQuery struct {
	Member  event.Token // zero: nobody known
	Store   string      // where the member is; empty: where they are at home
	Session uint64      // what it has in its cart or scanned basket is in the basket
	Basket  []string    // and this
	Without []string    // but not this
}

// TouchAnswer is what Touched found. It is reused from call to call: what it
// holds is good until the next Touched into the same answer.
type TouchAnswer struct {
	Touches []Touch

	offers OfferAnswer // for its working space
	query  OfferQuery
}

// Touch is an offer that a product in the basket is part of.
type Touch struct {
	Item      OfferItem // without a score
	Product   *Product  // the one in the basket
	Activated bool      // the member has activated it and not redeemed it yet
}

// Touched answers q into a, which it overwrites: the offers that the member may
// have here and now, or has activated, and that cover a product of the basket
// by its id or its category; those that are activated first. now is the wall
// clock. Anybody may call it at any time.
func (e *Engine) Touched(q *TouchQuery, now event.Millis, a *TouchAnswer) {
	a.query = OfferQuery{Member: q.Member, Store: q.Store, Session: q.Session, Basket: q.Basket}
	a.Touches = a.Touches[:0]
	x := suiting{e: e, q: &a.query, a: &a.offers, s: &a.offers.scratch, lens: e.lenses.now.Load(), at: int64(e.Clock(now)), now: now}
	a.offers.Scenario = e.Scenario("")
	x.s.reasons = x.s.reasons[:0]
	e.readShopper(&x.s.who, q.Member, x.at)
	x.consent()
	x.surroundings()
	x.s.asker.KeepActivated = true
	allowed := x.lens.view.Eligible(&x.s.asker, &x.s.eligible)
	for _, n := range e.without(x.s.basket, q.Without) {
		for _, p := range x.lens.view.Covering(n) {
			if allowed.Has(p) {
				a.Touches = append(a.Touches, x.touch(n, p))
			}
		}
	}
	slices.SortStableFunc(a.Touches, func(a, b Touch) int {
		return cmp.Or(order(b.Activated)-order(a.Activated), cmp.Compare(b.Item.Offer.Spec.Priority, a.Item.Offer.Spec.Priority),
			cmp.Compare(a.Item.Offer.Spec.Offer, b.Item.Offer.Spec.Offer), cmp.Compare(a.Product.ID, b.Product.ID))
	})
}

func order(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// touch says how a product touches the offer at a place.
func (x *suiting) touch(n graph.Node, place int32) Touch {
	entry, record := x.lens.view.Offers[place], &x.s.who.record
	price, _, through := x.lens.view.PriceFor(entry, record)
	use := record.Use(entry.Slot)
	out := Touch{Product: x.item(n), Activated: use != nil && use.Open}
	first := len(x.s.reasons)
	if out.Activated {
		x.s.reasons = append(x.s.reasons, Reason{Kind: Activated})
	}
	why := Reason{Kind: InBasket, Other: out.Product}
	if !slices.Contains(entry.Spec.Products, out.Product.ID) {
		why.Kind, why.Name = InCategory, out.Product.Category
	}
	x.s.reasons = append(x.s.reasons, why)
	out.Item = OfferItem{
		Offer: entry, Price: price, ValidThrough: through, Source: FromTogether, Parts: [rank.Parts]float32{},
		Reasons: x.s.reasons[first:len(x.s.reasons):len(x.s.reasons)],
	}
	return out
}

// without leaves products out of a basket, in place.
func (e *Engine) without(basket []graph.Node, ids []string) []graph.Node {
	for _, id := range ids {
		if n, ok := e.catalogue.node(id); ok {
			basket = slices.DeleteFunc(basket, func(b graph.Node) bool { return b == n })
		}
	}
	return basket
}
