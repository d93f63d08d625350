package engine_test

import (
	"math"
	"testing"

	"nabo/engine"
	"nabo/engine/event"
)

// TestHeldIsAllUntilErased exports a member's goods, places and sessions, and
// nothing once the member is erased.
func TestHeldIsAllUntilErased(t *testing.T) {
	e := newEngine(t, engine.Options{})
	at := event.Millis(1_750_000_000_000)
	apply := func(key, session uint64, store string, body event.Body) {
		ev := event.Event{Key: key, Time: at, Received: at, Member: 7, Session: session, Store: store, Body: body}
		e.Apply(key, at, &ev)
	}
	apply(1, 0, "s1", &event.Receipt{Lines: []event.Line{{Product: "tea", Qty: 1, Price: math.NaN()}}})
	apply(2, 0, "s1", &event.Receipt{Lines: []event.Line{{Product: "tea", Qty: 1, Price: math.NaN()}}})
	apply(3, 5, "", &event.Scanned{Product: "honey", Action: event.ActionAdd})

	held := e.Held(7, at)
	counts := map[string]int{}
	for _, g := range held.Products {
		counts[g.ID] = g.Count
	}
	if len(counts) != 2 || counts["tea"] != 2 || counts["honey"] != 0 {
		t.Errorf("products: %v, want tea bought twice and honey never", counts)
	}
	if held.Visits.Visits != 2 || len(held.Places) != 1 || held.Places[0].ID != "s1" || held.Places[0].Count != 2 {
		t.Errorf("visits %+v, places %+v, want two receipts in s1", held.Visits, held.Places)
	}
	if len(held.Sessions) != 1 || len(held.Sessions[0].Basket) != 1 || held.Sessions[0].Basket[0] != "honey" {
		t.Errorf("sessions: %+v, want one with honey in its basket", held.Sessions)
	}

	apply(4, 0, "", &event.MemberErased{})
	if held := e.Held(7, at); len(held.Products)+len(held.Places)+len(held.Sessions)+held.Visits.Visits != 0 {
		t.Errorf("after the erasure: %+v", held)
	}
}
