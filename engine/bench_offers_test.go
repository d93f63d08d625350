package engine_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"nabo/engine"
	"nabo/engine/event"
)

// offering is an engine with 50,000 products in 500 categories, 500 offers of
// which a tenth cover a category and the others some twenty products, and 5,000
// members who hold some 120 products each.
func offering(b *testing.B) *engine.Engine {
	e, err := engine.New(engine.Options{})
	if err != nil {
		b.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(7, 7))
	var evs []event.Event
	add := func(t event.Type, body event.Body) {
		evs = append(evs, event.Event{Type: t, Key: rng.Uint64(), Time: 1_750_000_000_000, Received: 1_750_000_000_000, Body: body})
	}
	for i := range benchProducts {
		id := fmt.Sprint(100_000 + i)
		add(event.TypeProductUpserted, &event.Product{Product: id, Name: "Product " + id, Category: fmt.Sprint("c", i/100), Brand: fmt.Sprint("b", i/40), Price: 10})
	}
	for i := range 500 {
		o := &event.Offer{Offer: fmt.Sprint("o", i), Price: 10, MemberPrice: 8, Priority: float64(i % 3), FundedBy: fmt.Sprint("f", i%20)}
		if i%10 == 0 {
			o.Categories = []string{fmt.Sprint("c", i)}
		} else {
			from := int(math.Pow(rng.Float64(), 2) * (benchProducts - 100))
			for range 20 {
				o.Products = append(o.Products, fmt.Sprint(100_000+from+rng.IntN(60)))
			}
			slices.Sort(o.Products)
			o.Products = slices.Compact(o.Products)
		}
		add(event.TypeOfferUpserted, o)
	}
	e.ApplyGroup(1, evs)
	e.ApplyGroup(2, shopping(80_000, 5_000, 1))
	e.Refresh(context.Background())
	return e
}

// BenchmarkOffers asks for one member's 35 of 500 offers, and reports how long
// the middle and the slowest hundredth took.
func BenchmarkOffers(b *testing.B) {
	e := offering(b)
	now := event.Millis(1_750_000_000_000 + 90_000_000)
	for _, c := range []struct {
		name string
		q    engine.OfferQuery
	}{
		{"plain", engine.OfferQuery{}},
		{"traced", engine.OfferQuery{Trace: true}},
		{"explained", engine.OfferQuery{Trace: true, Explain: true}},
	} {
		b.Run(c.name, func(b *testing.B) {
			var a engine.OfferAnswer
			q := c.q
			q.Count, q.Diversity, q.RotationRate = 35, math.NaN(), math.NaN()
			took := make([]time.Duration, 0, 1<<20)
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				q.Member = event.Token(1 + i%5000)
				begun := time.Now()
				e.Offers(&q, now, &a)
				took = append(took, time.Since(begun))
				i++
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2])/1000, "p50-µs")
			b.ReportMetric(float64(took[len(took)*99/100])/1000, "p99-µs")
			b.ReportMetric(float64(len(a.Items)), "items")
		})
	}
}
