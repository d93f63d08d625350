package engine_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"nabo/engine"
	"nabo/engine/event"
)

// TestShortListIsTheList compares answers that looked at the best candidates
// closely with those that looked at all, which an explanation does.
func TestShortListIsTheList(t *testing.T) {
	e := crowded(t)
	now := event.Millis(1_750_000_000_000 + 5_000_000)
	for _, config := range []string{
		`{"explore":{"share":0},"count":20}`,
		`{"explore":{"share":0.3,"days":1}}`,
		`{"diversity":0.9,"maxPerCategory":2}`,
		`{"maxPerFunder":1}`,
		`{"diversity":1,"count":43}`,
		`{"maxPerCategory":1,"count":44}`,
		`{"explore":{"share":0.5,"days":1},"count":45,"diversity":0.7}`,
		`{"priority":2,"margin":1,"booster":"offer.priority > 1.0 ? 5.0 : 1.0"}`,
		`{"weights":{"own":0,"popular":0,"past":0,"together":0,"category":0,"brand":0}}`,
		// Of 200 new ones, more than are kept, none is among the best.
		`{"explore":{"share":0.5,"days":0.04514},"booster":"offer.id.matches('^o[23]..$') ? 0.001 : 1.0"}`,
		// Few are, fewer than slots are drawn.
		`{"explore":{"share":0.5,"days":0.04514},"booster":"offer.id.matches('^o[23].[1-9]$') ? 0.001 : 1.0"}`,
		// Of 100 new ones, all of which are kept.
		`{"explore":{"share":0.3,"days":0.04398},"booster":"offer.id.matches('^o3..$') ? 0.001 : 1.0"}`,
		`{"explore":{"share":0.3,"days":0.04398},"maxPerFunder":2}`,
	} {
		e.ApplyGroup(e.Position()+1, []event.Event{{Type: event.TypeScenarioChanged, Key: event.KeyOf("", config), Time: now, Received: now,
			Body: &event.Scenario{Scenario: "test", Config: config}}})
		for m := range event.Token(150) {
			q := engine.OfferQuery{Member: m, Scenario: "test", Diversity: math.NaN(), RotationRate: math.NaN()}
			var short, all engine.OfferAnswer
			e.Offers(&q, now, &short)
			q.Explain = true
			e.Offers(&q, now, &all)
			got, want := items(&short), items(&all)
			if !slices.Equal(got, want) {
				t.Fatalf("%s, member %d:\n%v\nwant\n%v", config, m, got, want)
			}
		}
	}
}

// crowded is a shop with 400 offers.
func crowded(t *testing.T) *engine.Engine {
	e := newEngine(t, engine.Options{})
	rng := rand.New(rand.NewPCG(3, 3))
	var evs []event.Event
	add := func(typ event.Type, m event.Token, body event.Body) {
		at := event.Millis(1_750_000_000_000 + len(evs)*1000)
		evs = append(evs, event.Event{Type: typ, Key: rng.Uint64(), Time: at, Received: at, Member: m, Body: body})
	}
	for i := range 900 {
		add(event.TypeProductUpserted, 0, &event.Product{Product: fmt.Sprint(i), Category: fmt.Sprint("c", i/20), Brand: fmt.Sprint("b", i%31), Price: 1})
	}
	for i := range 400 {
		add(event.TypeOfferUpserted, 0, &event.Offer{
			Offer: fmt.Sprint("o", i), Products: []string{fmt.Sprint(rng.IntN(900)), fmt.Sprint(rng.IntN(900))}, Price: 2, MemberPrice: 1,
			Priority: float64(i % 3), Margin: float64(i%5) / 10, FundedBy: fmt.Sprint("f", i%40)})
	}
	for range 3000 {
		r := &event.Receipt{}
		from := rng.IntN(880)
		for range 6 {
			r.Lines = append(r.Lines, event.Line{Product: fmt.Sprint(from + rng.IntN(20)), Qty: 1, Price: math.NaN()})
		}
		add(event.TypeReceipt, event.Token(rng.IntN(150)), r)
		if rng.IntN(4) == 0 {
			add(event.TypeImpression, event.Token(1+rng.IntN(149)), &event.Impression{IDs: []string{fmt.Sprint("o", rng.IntN(400))}})
			add(event.TypeOfferRedeemed, event.Token(1+rng.IntN(149)), &event.OfferRedeemed{Offer: fmt.Sprint("o", rng.IntN(60))})
		}
	}
	e.ApplyGroup(1, evs)
	e.Refresh(context.Background())
	return e
}

type item struct {
	id       string
	score    float64
	explored bool
}

func items(a *engine.OfferAnswer) (out []item) {
	for i := range a.Items {
		out = append(out, item{a.Items[i].Offer.Spec.Offer, a.Items[i].Score, a.Items[i].Explored})
	}
	return out
}
