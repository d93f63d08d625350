package engine_test

import (
	"context"
	"math"
	"slices"
	"testing"

	"nabo/engine"
	"nabo/engine/event"
)

// TestWithoutConsentAsAStranger compares a member who has withdrawn consent
// with somebody nobody knows.
func TestWithoutConsentAsAStranger(t *testing.T) {
	e := crowded(t)
	member := func(ev event.Event) event.Event { ev.Member = 5000; return ev }
	happens(e,
		event.Event{Type: event.TypeScenarioChanged, Body: &event.Scenario{Scenario: "test", Config: `{"explore":{"share":0},"count":60}`}},
		member(event.Event{Type: event.TypeMemberUpserted, Body: &event.Member{HomeStore: "s9", Timezone: "Asia/Tokyo"}}),
		member(event.Event{Type: event.TypeReceipt, Store: "s9", Body: &event.Receipt{Lines: []event.Line{{Product: "7", Qty: 1}, {Product: "300", Qty: 1}}}}),
		member(event.Event{Type: event.TypeOfferPersonal, Body: &event.OfferPersonal{Offer: "o1", Price: 0.5}}),
		member(event.Event{Type: event.TypeImpression, Body: &event.Impression{IDs: []string{"o1", "o2", "o3"}}}),
	)
	e.Refresh(context.Background())
	ask := func(m event.Token) (a engine.OfferAnswer) {
		q := plainQuery()
		q.Member, q.Scenario = m, "test"
		e.Offers(q, outreachDay, &a)
		return a
	}
	stranger := ask(9999)
	if known := ask(5000); !known.Personalised || slices.Equal(rows(&known), rows(&stranger)) {
		t.Fatal("the member is not known")
	}
	happens(e, member(event.Event{Type: event.TypeConsentChanged, Body: &event.Consent{Purpose: event.Personalisation}}))
	refused := ask(5000)
	if refused.Personalised || !slices.Equal(rows(&refused), rows(&stranger)) {
		t.Errorf("without consent\n%v\nand a stranger\n%v", rows(&refused), rows(&stranger))
	}
	for i := range refused.Items {
		if it := &refused.Items[i]; it.Price != stranger.Items[i].Price {
			t.Errorf("%s costs %v, and a stranger %v", it.Offer.Spec.Offer, it.Price, stranger.Items[i].Price)
		}
	}
}

// TestOddQuestions asks what nobody should, of a shop and of an empty engine.
func TestOddQuestions(t *testing.T) {
	shop := crowded(t)
	happens(shop,
		event.Event{Type: event.TypeScenarioChanged, Body: &event.Scenario{Scenario: "off", Config: `{"enabled":false}`}},
		event.Event{Type: event.TypeScenarioChanged, Body: &event.Scenario{Scenario: "wild", Config: `{"count":200,"priority":1000,"margin":1000,"weights":{"own":1000,"past":1000}}`}},
		event.Event{Type: event.TypeOfferUpserted, Body: &event.Offer{Offer: "none", Price: math.NaN(), MemberPrice: math.NaN(), Priority: -1e12, Margin: 1e12}},
	)
	for _, c := range []struct {
		name string
		ask  func(q *engine.OfferQuery)
		want int
	}{
		{"below zero", func(q *engine.OfferQuery) { q.Count = -3 }, 35},
		{"more than there may be", func(q *engine.OfferQuery) { q.Count = 1000 }, 200},
		{"all explained", func(q *engine.OfferQuery) { q.Count, q.Explain = 200, true }, 200},
		{"unknown names", func(q *engine.OfferQuery) {
			q.Among, q.Exclude, q.After, q.Basket = []string{"?"}, []string{"?"}, "?", []string{"?", ""}
		}, 0},
		{"one of them known", func(q *engine.OfferQuery) { q.Among = []string{"?", "o3", "o3"} }, 1},
		{"a store and a chain that are not there", func(q *engine.OfferQuery) { q.Store, q.Chain, q.Channel = "?", "?", "?" }, 35},
		{"a scenario that is not there", func(q *engine.OfferQuery) { q.Scenario = "?" }, 35},
		{"one that is off", func(q *engine.OfferQuery) { q.Scenario = "off" }, 0},
		{"huge weights", func(q *engine.OfferQuery) { q.Scenario = "wild" }, 200},
		{"beyond their bounds", func(q *engine.OfferQuery) { q.Diversity, q.RotationRate = -7, 7 }, 35},
	} {
		t.Run(c.name, func(t *testing.T) {
			q, a := plainQuery(), engine.OfferAnswer{}
			q.Member = 3
			c.ask(q)
			shop.Offers(q, outreachDay, &a)
			if len(a.Items) != c.want {
				t.Errorf("%d items, want %d", len(a.Items), c.want)
			}
			for i := range a.Items {
				if s := a.Items[i].Score; math.IsNaN(s) || math.IsInf(s, 0) {
					t.Errorf("%s scores %v", a.Items[i].Offer.Spec.Offer, s)
				}
			}
			newEngine(t, engine.Options{}).Offers(q, outreachDay, &a)
			if len(a.Items) != 0 || a.ActivationsLeft != 10 {
				t.Errorf("an empty engine gives %d items and %d activations", len(a.Items), a.ActivationsLeft)
			}
		})
	}
}
