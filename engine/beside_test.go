package engine_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"nabo/engine"
	"nabo/engine/event"
	"nabo/engine/expr"
)

// TestAnswersBesideTheWriter changes members, offers and products while others
// ask, and while a list run asks again and again for what it was told before
// the changes began. The race detector looks on.
func TestAnswersBesideTheWriter(t *testing.T) {
	e := crowded(t)
	now := event.Millis(1_750_000_000_000 + 6_000_000)
	f, err := e.Freeze(now)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Release()
	before := make([][]row, f.Members())
	for i := range before {
		before[i] = frozenRows(f, i)
	}
	var all sync.WaitGroup
	done := make(chan struct{})
	beside := func(step func()) {
		all.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					step()
				}
			}
		})
	}
	filter, err := e.Compile(`product.price < 3.0 && offer.priority < 2.0`, expr.Filter)
	if err != nil {
		t.Fatal(err)
	}
	var live engine.OfferAnswer
	var m event.Token
	beside(func() {
		m++
		e.Offers(&engine.OfferQuery{Member: m % 200, Diversity: math.NaN(), RotationRate: math.NaN(), Filter: filter, Explain: m%2 == 0, Trace: true}, now, &live)
	})
	beside(func() { e.Refresh(context.Background()) })
	beside(func() {
		for i := range before {
			if _, alive := f.Token(i); alive {
				if got := frozenRows(f, i); !slices.Equal(got, before[i]) {
					if _, alive := f.Token(i); alive {
						t.Errorf("member %d: the view gives\n%v\nand gave\n%v", i, got, before[i])
						return
					}
				}
			}
		}
	})
	rng := rand.New(rand.NewPCG(7, 7))
	for i := range 500 {
		ev := upset(rng)
		ev.Key, ev.Time, ev.Received = rng.Uint64(), now, now
		e.ApplyGroup(uint64(2+i), []event.Event{ev})
	}
	close(done)
	all.Wait()
}

func frozenRows(f *engine.Frozen, i int) []row {
	var a engine.OfferAnswer
	f.Offers(i, plainQuery(), &a)
	return rows(&a)
}

// upset draws an event that changes what answers read.
func upset(rng *rand.Rand) event.Event {
	m := event.Token(rng.IntN(300)) // half of them are new
	product, offer := fmt.Sprint(rng.IntN(1000)), fmt.Sprint("o", rng.IntN(420))
	switch rng.IntN(12) {
	case 0:
		return event.Event{Type: event.TypeProductUpserted, Body: &event.Product{Product: product, Category: fmt.Sprint("c", rng.IntN(60)), Price: 5}}
	case 1:
		return event.Event{Type: event.TypeProductDeleted, Body: &event.ProductDeleted{Product: product}}
	case 2:
		return event.Event{Type: event.TypeOfferUpserted, Body: &event.Offer{Offer: offer, Products: []string{product}, Price: 2, MemberPrice: 1, FundedBy: product}}
	case 3:
		return event.Event{Type: event.TypeOfferWithdrawn, Body: &event.OfferWithdrawn{Offer: offer}}
	case 4:
		return event.Event{Type: event.TypeOfferActivated, Member: m, Body: &event.OfferActivated{Offer: offer, Ask: true}}
	case 5:
		return event.Event{Type: event.TypeImpression, Member: m, Body: &event.Impression{IDs: []string{offer}}}
	case 6:
		return event.Event{Type: event.TypeMemberUpserted, Member: m, Body: &event.Member{HomeStore: "s" + product}}
	case 7:
		return event.Event{Type: event.TypeStockChanged, Store: "s1", Body: &event.Stock{Product: product, Availability: event.OutOfStock}}
	case 8:
		if rng.IntN(4) == 0 {
			return event.Event{Type: event.TypeMemberMerged, Member: m, Body: &event.MemberMerged{Into: event.Token(1 + rng.IntN(150))}}
		}
		return event.Event{Type: event.TypeConsentChanged, Member: m, Body: &event.Consent{Purpose: event.Personalisation, Granted: rng.IntN(2) == 0}}
	case 9:
		if rng.IntN(4) == 0 {
			return event.Event{Type: event.TypeMemberErased, Member: m, Body: &event.MemberErased{}}
		}
		return event.Event{Type: event.TypeScenarioChanged, Body: &event.Scenario{Config: fmt.Sprintf(`{"count":%d}`, 1+rng.IntN(40))}}
	case 10:
		return event.Event{Type: event.TypeView, Member: m, Session: uint64(1 + rng.IntN(20)), Body: &event.View{Product: product}}
	default:
		return event.Event{Type: event.TypeReceipt, Member: m, Store: "s1", Chain: "c1", Session: uint64(rng.IntN(20)), Body: &event.Receipt{
			Lines: []event.Line{{Product: product, Qty: 1, Price: math.NaN()}, {Product: fmt.Sprint(rng.IntN(1000)), Qty: 1, Price: math.NaN(), Offer: offer}}}}
	}
}
