package engine_test

import (
	"fmt"
	"math"
	"testing"

	"nabo/engine"
	"nabo/engine/event"
)

// BenchmarkFind searches 50,000 products with names of five words.
func BenchmarkFind(b *testing.B) {
	e := newEngine(b, engine.Options{})
	words := []string{"Møllebro", "organic", "rye", "bread", "seeded", "yoghurt", "natural", "500", "g", "milk", "semi-skimmed"}
	evs := make([]event.Event, benchProducts)
	for i := range evs {
		name := ""
		for k := range 5 {
			name += words[(i*(k+3)+i/11)%len(words)] + " "
		}
		evs[i] = event.Event{Type: event.TypeProductUpserted, Key: uint64(i + 1), Time: drawnDay, Received: drawnDay,
			Body: &event.Product{Product: fmt.Sprint(100_000 + i), Name: name, Category: words[i%7], Brand: words[i%3], Price: math.NaN()}}
	}
	e.ApplyGroup(1, evs)
	e.FindProducts("x", "", 1, drawnDay) // makes the words
	for _, q := range []string{"semi-sk yog", "1234", "", "e"} {
		b.Run(fmt.Sprintf("%q", q), func(b *testing.B) {
			for b.Loop() {
				e.FindProducts(q, "", 20, drawnDay)
			}
		})
	}
}
