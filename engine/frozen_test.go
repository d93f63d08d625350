package engine_test

import (
	"math"
	"testing"

	"nabo/engine"
	"nabo/engine/event"
)

// standing is a shop with an offer on a product, with a view of it taken
// after the given events.
func standing(t *testing.T, before ...event.Event) (*engine.Engine, *engine.Frozen) {
	t.Helper()
	e := newEngine(t, engine.Options{})
	shop := []event.Event{
		{Type: event.TypeProductUpserted, Body: &event.Product{Product: "milk", Name: "Whole milk", Price: math.NaN()}},
		{Type: event.TypeOfferUpserted, Body: &event.Offer{Offer: "milk-a", Products: []string{"milk"}, Price: math.NaN(), MemberPrice: math.NaN()}},
		{Type: event.TypeMemberUpserted, Member: 1, Body: &event.Member{}},
	}
	happens(e, append(shop, before...)...)
	f, err := e.Freeze(outreachDay)
	if err != nil {
		t.Fatal(err)
	}
	return e, f
}

func happens(e *engine.Engine, evs ...event.Event) {
	pos := e.Position() + 1
	for i := range evs {
		evs[i].Key, evs[i].Time, evs[i].Received = pos<<16+uint64(i), outreachDay, outreachDay
	}
	e.ApplyGroup(pos, evs)
}

func plainQuery() *engine.OfferQuery {
	return &engine.OfferQuery{Diversity: math.NaN(), RotationRate: math.NaN()}
}

// TestFrozenKeepsWhoIsKnownByTheCart changes a member by an event that names
// the cart alone.
func TestFrozenKeepsWhoIsKnownByTheCart(t *testing.T) {
	add := func(m event.Token) event.Event {
		return event.Event{Type: event.TypeCart, Member: m, Body: &event.Cart{Cart: 9, Action: event.ActionAdd,
			Lines: []event.Line{{Product: map[event.Token]string{0: "milk", 1: "bread"}[m], Qty: 1, Price: math.NaN()}}}}
	}
	e, f := standing(t, add(1))
	defer f.Release()
	var before, after engine.OfferAnswer
	f.Offers(0, plainQuery(), &before)
	happens(e, add(0))
	f.Offers(0, plainQuery(), &after)
	if len(before.Items) != 1 || len(after.Items) != 1 || before.Items[0].Score != after.Items[0].Score {
		t.Errorf("the view gives %+v, and before the cart changed %+v", after.Items, before.Items)
	}
}

// TestFrozenReadsNoSession asks a view for a session that goes on.
func TestFrozenReadsNoSession(t *testing.T) {
	e, f := standing(t)
	defer f.Release()
	happens(e, event.Event{Type: event.TypeScan, Session: 5, Body: &event.Scanned{Product: "milk", Action: event.ActionAdd}})
	q, a := plainQuery(), engine.OfferAnswer{}
	q.Session, q.Explain = 5, true
	f.Offers(-1, q, &a)
	if len(a.Items) != 1 || a.Items[0].Score != 0 {
		t.Errorf("the view gives %+v", a.Items)
	}
}

// TestFrozenNamesStandStill deletes the product that names an offer.
func TestFrozenNamesStandStill(t *testing.T) {
	e, f := standing(t)
	defer f.Release()
	o, _ := e.OfferNamed("milk-a")
	happens(e, event.Event{Type: event.TypeProductDeleted, Body: &event.ProductDeleted{Product: "milk"}})
	if name, _ := f.Naming(o); name != "Whole milk" {
		t.Errorf("the view names the offer %q", name)
	}
}
