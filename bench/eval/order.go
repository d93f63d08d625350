package eval

import (
	"cmp"
	"math"
	"slices"
	"strconv"

	"nabo/engine/event"
)

// step is one thing that happened, in the order of time: a receipt, the
// beginning of a campaign or a redemption.
type step struct {
	at   event.Millis
	kind stepKind // of what comes at the same moment, offers first
	n    int      // its place among its kind
}

type stepKind uint8

const (
	stepOffers stepKind = iota
	stepReceipt
	stepRedemption
)

// announced is how long before a campaign's first day its offers are told of,
// so that a question of that day finds them.
const announced = 60 * 60 * 1000

// order returns all that happened in the order of time, and what happened at
// one moment in the order of the files.
func (h *history) order() []step {
	out := make([]step, 0, len(h.campaigns)+len(h.receipts)+len(h.redemptions))
	for i := range h.campaigns {
		out = append(out, step{h.campaigns[i].first - announced, stepOffers, i})
	}
	for i := range h.receipts {
		out = append(out, step{h.receipts[i].at, stepReceipt, i})
	}
	for i := range h.redemptions {
		out = append(out, step{h.redemptions[i].at, stepRedemption, i})
	}
	slices.SortStableFunc(out, func(a, b step) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.kind, b.kind))
	})
	return out
}

// telling turns steps into events in their outer form. Each event is the
// caller's.
type telling struct {
	h     *history
	sold  func(product string) int
	terms map[string]*event.Offer // the offers as they were last announced
}

func (h *history) telling(sold func(product string) int) *telling {
	return &telling{h: h, sold: sold, terms: map[string]*event.Offer{}}
}

// catalogue hands over the products, at one moment.
func (t *telling) catalogue(at event.Millis, take func(*event.Event) error) error {
	for i := range t.h.products {
		p := &t.h.products[i]
		body := &event.Product{Product: p.id, Name: p.name, Category: p.category, Brand: p.brand, Price: math.NaN()}
		if err := take(&event.Event{Type: event.TypeProductUpserted, Time: at, Source: "products", ID: p.id, Body: body}); err != nil {
			return err
		}
	}
	return nil
}

// events hands over the events of a step.
func (t *telling) events(s step, take func(*event.Event) error) error {
	switch s.kind {
	case stepOffers:
		return t.announce(s.n, s.at, take)
	case stepReceipt:
		return take(t.h.receipts[s.n].event())
	default:
		return take(t.h.redemptions[s.n].event(s.n))
	}
}

func (r *receipt) event() *event.Event {
	return &event.Event{
		Type: event.TypeReceipt, Time: r.at, Store: r.store, Source: "receipts", ID: r.id, MemberID: r.member,
		Body: &event.Receipt{Lines: r.lines},
	}
}

func (r *redemption) event(n int) *event.Event {
	return &event.Event{
		Type: event.TypeOfferRedeemed, Time: r.at, Source: "redemptions", ID: strconv.Itoa(n), MemberID: r.member,
		Body: &event.OfferRedeemed{Offer: r.offer},
	}
}

// announce hands over the offers of a campaign. One that was in a campaign
// before keeps its products and gets those of this one beside them; it holds
// from the first day of those that are not over to the last.
func (t *telling) announce(place int, at event.Millis, take func(*event.Event) error) error {
	k := &t.h.campaigns[place]
	for _, id := range k.offers {
		terms := &event.Offer{
			Offer: id, Products: k.products[id], ValidFrom: k.first, ValidThrough: k.last,
			Price: math.NaN(), MemberPrice: math.NaN(),
			PerMember: event.PerMember{Activations: -1, Redemptions: -1}, // the history knows of no limit
		}
		if old := t.terms[id]; old != nil {
			terms.Products = slices.Concat(old.Products, terms.Products)
			if old.ValidThrough >= k.first {
				terms.ValidFrom, terms.ValidThrough = min(old.ValidFrom, k.first), max(old.ValidThrough, k.last)
			}
		}
		terms.Products = t.most(terms.Products)
		t.terms[id] = terms
		ev := &event.Event{Type: event.TypeOfferUpserted, Time: at, Source: "campaigns/" + k.id, ID: id, Body: terms}
		if err := take(ev); err != nil {
			return err
		}
	}
	return nil
}

// most returns each product once, and no more than an offer may have: those
// that have sold most so far.
func (t *telling) most(products []string) []string {
	products = slices.Clone(products)
	slices.Sort(products)
	products = slices.Compact(products)
	if len(products) <= event.MaxProducts {
		return products
	}
	slices.SortFunc(products, func(a, b string) int { return cmp.Or(cmp.Compare(t.sold(b), t.sold(a)), cmp.Compare(a, b)) })
	products = products[:event.MaxProducts]
	slices.Sort(products)
	return products
}
