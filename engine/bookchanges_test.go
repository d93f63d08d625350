package engine_test

import (
	"math"
	"slices"
	"testing"

	"nabo/engine"
	"nabo/engine/event"
)

func TestBookChanges(t *testing.T) {
	e, err := engine.New(engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var seen engine.BookChanges
	pos, now := uint64(0), event.Millis(1_000_000)
	apply := func(bodies ...event.Body) {
		t.Helper()
		for _, b := range bodies {
			pos++
			ev := event.Event{Key: pos, Time: now, Received: now, Member: 7, Store: "s1", Body: b}
			switch b.(type) {
			case *event.Offer:
				ev.Type = event.TypeOfferUpserted
			case *event.OfferWithdrawn:
				ev.Type = event.TypeOfferWithdrawn
			case *event.OfferActivated:
				ev.Type = event.TypeOfferActivated
			case *event.Product:
				ev.Type = event.TypeProductUpserted
			case *event.Stock:
				ev.Type = event.TypeStockChanged
			case *event.Impression:
				ev.Type = event.TypeImpression
			}
			e.ApplyGroup(pos, []event.Event{ev})
		}
	}
	want := func(all bool, changed ...engine.OfferChange) {
		t.Helper()
		got, gotAll := seen.Since(e, now)
		if gotAll != all || !slices.Equal(got, changed) {
			t.Errorf("at %d: %v %v, expected %v %v", pos, got, gotAll, changed, all)
		}
	}
	offer := func(id string, change func(*event.Offer)) *event.Offer {
		o := &event.Offer{Offer: id, Products: []string{"a"}, Price: math.NaN(), MemberPrice: math.NaN()}
		if change != nil {
			change(o)
		}
		return o
	}
	apply(offer("old", nil))
	want(false) // the first look has nothing to compare with
	want(false)
	apply(offer("new", nil))
	want(true, engine.OfferChange{Offer: "new", Cause: "offer.published"})
	apply(offer("new", nil))
	want(false) // as it was
	apply(offer("new", func(o *event.Offer) { o.MemberPrice = 3 }), &event.OfferWithdrawn{Offer: "old"})
	want(true, engine.OfferChange{Offer: "old", Cause: "offer.withdrawn"}, engine.OfferChange{Offer: "new", Cause: "offer.published"})
	apply(&event.Impression{IDs: []string{"new"}})
	want(false) // it was shown: nobody's list is another by that
	apply(offer("few", func(o *event.Offer) { o.Budget.Activations, o.Categories = 1, []string{"kind"} }))
	want(true, engine.OfferChange{Offer: "few", Cause: "offer.published"})
	apply(&event.OfferActivated{Offer: "few"})
	want(false, engine.OfferChange{Offer: "few", Cause: "offer.spent"})
	apply(offer("kinds", func(o *event.Offer) { o.Products, o.Categories = nil, []string{"kind"} }))
	want(true, engine.OfferChange{Offer: "kinds", Cause: "offer.published"})
	apply(&event.Product{Product: "b", Category: "kind", Price: math.NaN()})
	if got, all := seen.Since(e, now); !all || !slices.Contains(got, engine.OfferChange{Offer: "kinds", Cause: "offer.covers"}) {
		t.Errorf("another product of its category: %v %v", got, all)
	}
	apply(&event.Stock{Product: "a", Availability: event.OutOfStock})
	want(true)
	apply(offer("later", func(o *event.Offer) { o.ValidFrom = now + 1000 }))
	want(true, engine.OfferChange{Offer: "later", Cause: "offer.published"})
	now += 999
	want(false)
	now++
	want(true, engine.OfferChange{Offer: "later", Cause: "time"})
	want(false)
}
