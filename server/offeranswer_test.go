package server

import (
	"bytes"
	"encoding/json"
	"math"
	"testing"

	"pgregory.net/rapid"

	"nabo/engine"
	"nabo/engine/event"
	"nabo/engine/offer"
	"nabo/engine/rank"
)

// drawOffer makes an offer with every field that an answer shows.
func drawOffer(t *rapid.T) *offer.Entry {
	text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "Æble", "\"\\/<>&", "\u2028\u2029\x7f", "\xff\xfea"}))
	number := rapid.OneOf(rapid.Float64Range(-9, 900), rapid.SampledFrom([]float64{0, math.NaN(), 1e-9, 1e22, 0.1 + 0.2}))
	moment := rapid.OneOf(rapid.Just(int64(0)), rapid.Int64Range(-1e11, 4e12))
	o := &event.Offer{
		Offer: text.Draw(t, "id"), Name: text.Draw(t, "name"), Image: text.Draw(t, "image"),
		Products:  rapid.SliceOfN(text, 0, 8).Draw(t, "products"),
		ValidFrom: event.Millis(moment.Draw(t, "from")), Price: number.Draw(t, "price"), MemberPrice: number.Draw(t, "member price"),
		Currency: text.Draw(t, "currency"), FundedBy: text.Draw(t, "funder"),
	}
	kinds := []event.ValueKind{event.KindText, event.KindNumber, event.KindBool}
	for range rapid.IntRange(0, 3).Draw(t, "attributes") {
		o.Attributes = append(o.Attributes, event.Attribute{Name: text.Draw(t, "attribute"), Value: event.Value{
			Kind: rapid.SampledFrom(kinds).Draw(t, "kind"), Text: text.Draw(t, "value"), Num: number.Draw(t, "number"),
		}})
	}
	return &offer.Entry{Spec: o, Slot: offer.Slot(rapid.Uint32Range(0, 1<<20).Draw(t, "slot"))}
}

// drawOfferAnswer makes an answer with every field that an answer can have.
func drawOfferAnswer(t *rapid.T) *engine.OfferAnswer {
	part := rapid.OneOf(rapid.Just(float32(0)), rapid.Float32Range(-2, 2))
	a := &engine.OfferAnswer{
		Seq: rapid.Uint64().Draw(t, "seq"), Personalised: rapid.Bool().Draw(t, "personalised"),
		At:              event.Millis(rapid.Int64Range(0, 4_000_000_000_000).Draw(t, "at")),
		Scenario:        &rank.Scenario{Version: rapid.Uint64().Draw(t, "version"), HoldDays: 14},
		ActivationsLeft: rapid.IntRange(0, 10).Draw(t, "left"), Candidates: rapid.IntRange(0, 1000).Draw(t, "candidates"),
	}
	from := drawAnswer(t) // for reasons and evidence that are hard to write
	for i := range from.Recomms {
		it := engine.OfferItem{
			Offer: drawOffer(t), Score: float64(part.Draw(t, "score")), Source: engine.Source(i % 5), Explored: rapid.Bool().Draw(t, "explored"),
			Price:        rapid.SampledFrom([]float64{math.NaN(), 0, 12.95}).Draw(t, "own price"),
			ValidThrough: event.Millis(rapid.SampledFrom([]int64{0, 1, 1_700_000_000_120}).Draw(t, "through")),
			Reasons:      from.Recomms[i].Reasons,
		}
		for _, e := range from.Recomms[i].Evidence {
			e.Weight, e.Share = float64(part.Draw(t, "weight")), float64(part.Draw(t, "share"))
			it.Evidence = append(it.Evidence, e)
		}
		for p := range it.Parts {
			it.Parts[p] = part.Draw(t, "part")
		}
		a.Items = append(a.Items, it)
	}
	for range rapid.IntRange(0, 5).Draw(t, "drops") {
		a.Dropped = append(a.Dropped, engine.OfferDrop{Offer: drawOffer(t), Rule: offer.Rule(rapid.IntRange(1, int(offer.NotAsked)).Draw(t, "rule"))})
	}
	return a
}

func bareEngine(t testing.TB) *engine.Engine {
	e, err := engine.New(engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// The hot road's bytes are those of encoding/json over the documented type.
func TestAppendOfferAnswerIsTheDocumentedType(t *testing.T) {
	e := bareEngine(t)
	rapid.Check(t, func(t *rapid.T) {
		a := drawOfferAnswer(t)
		const id = "01J00000000000000000000000"
		scenario, explain := rapid.String().Draw(t, "scenario"), rapid.Bool().Draw(t, "explain")
		previous := rapid.SampledFrom([]string{"", id}).Draw(t, "previous")
		got := appendOfferAnswer(nil, []byte(id), e, scenario, a, explain, previous)
		var want bytes.Buffer
		enc := json.NewEncoder(&want)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(offerAnswerOf(id, e, scenario, a, explain, previous)); err != nil {
			t.Fatal(err)
		}
		if string(got)+"\n" != want.String() {
			t.Fatalf("by hand       %s\nencoding/json %s", got, want.String())
		}
	})
}

func TestAppendMoment(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := event.Millis(rapid.Int64Range(-62_000_000_000_000, 253_000_000_000_000).Draw(t, "at"))
		want, err := json.Marshal(at.Time())
		if err != nil {
			t.Fatal(err)
		}
		if got := string(appendMoment(nil, at)); got != string(want) {
			t.Fatalf("got %s, expected %s", got, want)
		}
	})
}
