package eval

import (
	"cmp"
	"iter"
	"math"
	"slices"
	"strconv"

	"nabo/engine/event"
)

// happenings yields the history as events in their outer form, in the order of
// their time: the catalogue, then receipts, campaigns and redemptions as they
// came. Each event is the caller's.
//
// A campaign's offers are announced an hour before its first day, so that a
// question of that day finds them.
func (h *history) happenings(sold func(product string) int) iter.Seq[*event.Event] {
	type happening struct {
		at   event.Millis
		kind uint8 // of what comes at the same moment, offers first
		id   string
		n    int
	}
	const offers, receipts, redemptions = 0, 1, 2
	const announced = 60 * 60 * 1000
	var order []happening
	for i := range h.campaigns {
		order = append(order, happening{h.campaigns[i].first - announced, offers, h.campaigns[i].id, i})
	}
	for i := range h.receipts {
		order = append(order, happening{h.receipts[i].at, receipts, h.receipts[i].id, i})
	}
	for i := range h.redemptions {
		order = append(order, happening{h.redemptions[i].at, redemptions, h.redemptions[i].member, i})
	}
	slices.SortStableFunc(order, func(a, b happening) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.kind, b.kind), cmp.Compare(a.id, b.id))
	})
	return func(yield func(*event.Event) bool) {
		if len(order) == 0 || !h.catalogue(order[0].at, yield) {
			return
		}
		running := running{h: h, sold: sold, terms: map[string]*event.Offer{}}
		for _, o := range order {
			more := false
			switch o.kind {
			case offers:
				more = running.announce(o.n, o.at, yield)
			case receipts:
				more = yield(h.receipts[o.n].event())
			default:
				more = yield(h.redemptions[o.n].event(o.n))
			}
			if !more {
				return
			}
		}
	}
}

// catalogue yields the products, at one moment.
func (h *history) catalogue(at event.Millis, yield func(*event.Event) bool) bool {
	for i := range h.products {
		p := &h.products[i]
		body := &event.Product{Product: p.id, Name: p.name, Category: p.category, Brand: p.brand, Price: math.NaN()}
		if !yield(&event.Event{Type: event.TypeProductUpserted, Time: at, Source: "products", ID: p.id, Body: body}) {
			return false
		}
	}
	return true
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

// running keeps the offers as they were last announced.
type running struct {
	h     *history
	sold  func(product string) int
	terms map[string]*event.Offer
}

// announce yields the offers of a campaign. One that was in a campaign before
// keeps its products and gets those of this one beside them; it holds from the
// first day of those that are not over to the last.
func (r *running) announce(place int, at event.Millis, yield func(*event.Event) bool) bool {
	k := &r.h.campaigns[place]
	for _, id := range k.offers {
		terms := &event.Offer{
			Offer: id, Products: k.products[id], ValidFrom: k.first, ValidThrough: k.last,
			Price: math.NaN(), MemberPrice: math.NaN(),
			PerMember: event.PerMember{Activations: -1, Redemptions: -1}, // the history knows of no limit
		}
		if old := r.terms[id]; old != nil {
			terms.Products = slices.Concat(old.Products, terms.Products)
			if old.ValidThrough >= k.first {
				terms.ValidFrom, terms.ValidThrough = min(old.ValidFrom, k.first), max(old.ValidThrough, k.last)
			}
		}
		terms.Products = r.most(terms.Products)
		r.terms[id] = terms
		ev := &event.Event{Type: event.TypeOfferUpserted, Time: at, Source: "campaigns/" + k.id, ID: id, Body: terms}
		if !yield(ev) {
			return false
		}
	}
	return true
}

// most returns each product once, and no more than an offer may have: those
// that have sold most so far.
func (r *running) most(products []string) []string {
	products = slices.Clone(products)
	slices.Sort(products)
	products = slices.Compact(products)
	if len(products) <= event.MaxProducts {
		return products
	}
	slices.SortFunc(products, func(a, b string) int { return cmp.Or(cmp.Compare(r.sold(b), r.sold(a)), cmp.Compare(a, b)) })
	products = products[:event.MaxProducts]
	slices.Sort(products)
	return products
}
