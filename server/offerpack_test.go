package server

import (
	"math"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"nabo/engine"
	"nabo/engine/expr"
)

// drawOfferQuery makes a question with every field that is kept.
func drawOfferQuery(t *rapid.T) *engine.OfferQuery {
	text, list := rapid.String(), rapid.SliceOfN(rapid.String(), 0, 3)
	share := rapid.SampledFrom([]float64{math.NaN(), 0, 0.25, 1})
	return &engine.OfferQuery{
		Member: 77, Session: 78, Scenario: text.Draw(t, "scenario"), Store: text.Draw(t, "store"), Chain: text.Draw(t, "chain"),
		Channel: text.Draw(t, "channel"), After: text.Draw(t, "after"), Basket: list.Draw(t, "basket"), Exclude: list.Draw(t, "exclude"),
		Count: rapid.IntRange(0, 200).Draw(t, "count"), Diversity: share.Draw(t, "diversity"), RotationRate: share.Draw(t, "rotation"),
		Explain: rapid.Bool().Draw(t, "explain"), Trace: true,
	}
}

func TestOffersDecisionPackedAndUnpacked(t *testing.T) {
	filter, err := expr.Compile("offer.price < 5.0", expr.Filter)
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		q, a := drawOfferQuery(t), drawOfferAnswer(t)
		q.Filter = filter
		asked := offersAsked{asked: 123, hold: 456, op: "offers", previous: "before"}
		packed := packOffers(nil, &asked, q, a)
		d, err := unpackOffers(packed)
		if err != nil {
			t.Fatal(err)
		}
		if d.offersAsked != asked || d.filter != filter.Source() || d.booster != "" || d.seq != a.Seq || d.at != a.At ||
			d.personalised != a.Personalised || d.version != a.Scenario.Version || d.activationsLeft != a.ActivationsLeft || d.candidates != a.Candidates {
			t.Fatalf("got %+v of %+v", d, a)
		}
		again := d.query
		again.Filter, again.Trace = filter, true
		sameShares(t, &again, q)
		if !reflect.DeepEqual(&again, q) {
			t.Fatalf("got %+v, expected %+v", again, *q)
		}
		checkKept(t, &d, a)
		if cut := rapid.IntRange(0, len(packed)-1).Draw(t, "cut"); cut >= 0 {
			if _, err := unpackOffers(packed[:cut]); err == nil {
				t.Fatalf("%d of %d bytes were taken for a decision", cut, len(packed))
			}
		}
	})
}

// sameShares compares what may be NaN, and takes it out of the comparison.
func sameShares(t *rapid.T, got, want *engine.OfferQuery) {
	for _, pair := range [...][2]*float64{{&got.Diversity, &want.Diversity}, {&got.RotationRate, &want.RotationRate}} {
		if math.Float64bits(*pair[0]) != math.Float64bits(*pair[1]) && !(math.IsNaN(*pair[0]) && math.IsNaN(*pair[1])) {
			t.Fatalf("got %v, expected %v", *pair[0], *pair[1])
		}
		*pair[0], *pair[1] = 0, 0
	}
}

func checkKept(t *rapid.T, d *offersDecision, a *engine.OfferAnswer) {
	if len(d.items) != len(a.Items) || len(d.dropped) != len(a.Dropped) {
		t.Fatalf("got %d items and %d drops, expected %d and %d", len(d.items), len(d.dropped), len(a.Items), len(a.Dropped))
	}
	for i := range d.items {
		got, want := &d.items[i], &a.Items[i]
		samePrice := got.price == want.Price || math.IsNaN(got.price) && math.IsNaN(want.Price)
		if got.id != want.Offer.Spec.Offer || got.score != want.Score || got.source != want.Source || got.explored != want.Explored ||
			got.parts != want.Parts || !samePrice || got.through != want.ValidThrough || len(got.evidence) != len(want.Evidence) {
			t.Fatalf("item %d: got %+v, expected %+v", i, got, want)
		}
		for j := range got.evidence {
			if got.evidence[j] != want.Evidence[j] {
				t.Fatalf("got %+v, expected %+v", got.evidence[j], want.Evidence[j])
			}
		}
		for j := range got.reasons {
			kept := got.reasons[j].Reason
			kept.Other = want.Reasons[j].Other
			if kept != want.Reasons[j] || got.reasons[j].other != want.Reasons[j].Other.ID {
				t.Fatalf("got %+v, expected %+v", got.reasons[j], want.Reasons[j])
			}
		}
	}
	for i, got := range d.dropped {
		if got.slot != a.Dropped[i].Offer.Slot || got.rule != a.Dropped[i].Rule {
			t.Fatalf("drop %d: got %+v, expected %+v", i, got, a.Dropped[i])
		}
	}
}

// What is kept over a restart comes from a file: anything may be in it.
func FuzzUnpackOffers(f *testing.F) {
	q := &engine.OfferQuery{Scenario: "app-home", Basket: []string{"milk"}, Diversity: math.NaN(), RotationRate: 0.5}
	for seed := range 8 {
		a := rapid.Custom(drawOfferAnswer).Example(seed)
		f.Add(packOffers(nil, &offersAsked{asked: 1, hold: 2, op: "offers"}, q, a))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if d, err := unpackOffers(b); err == nil && len(d.items)+len(d.dropped) > len(b) {
			t.Fatalf("%d bytes became %d items and %d drops", len(b), len(d.items), len(d.dropped))
		}
	})
}
