package engine_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"nabo/engine"
	"nabo/engine/event"
	"nabo/graph"
)

const drawnDay = event.Millis(1_750_000_000_000)

// receiptOf is an anonymous receipt with products, some days before drawnDay.
func receiptOf(key uint64, daysAgo float64, products ...string) event.Event {
	r := &event.Receipt{}
	for _, p := range products {
		r.Lines = append(r.Lines, event.Line{Product: p, Qty: 1, Price: math.NaN()})
	}
	at := drawnDay - event.Millis(daysAgo*24*3600*1000)
	return event.Event{Type: event.TypeReceipt, Key: key, Time: at, Received: drawnDay, Body: r}
}

// themes is a shop where products 0 to 5 are bought with each other, 6 to 11
// with each other, and all of them with bread.
func themes(t interface{ Fatal(...any) }) *engine.Engine {
	e, rng, evs := newEngine(t, engine.Options{}), rand.New(rand.NewPCG(3, 4)), []event.Event{}
	for i := range 600 {
		goods := []string{"bread"}
		for len(goods) < 4 {
			if p := fmt.Sprint("p", i%2*6+rng.IntN(6)); !slices.Contains(goods, p) {
				goods = append(goods, p)
			}
		}
		ev := receiptOf(uint64(i+1), float64(i%20), goods...)
		if i%10 == 0 {
			ev.Member = event.Token(1 + i/10%3)
		}
		evs = append(evs, ev)
	}
	e.ApplyGroup(1, evs)
	e.Refresh(context.Background())
	return e
}

// checkDrawing holds what is true of every drawing.
func checkDrawing(t interface {
	Helper()
	Fatalf(string, ...any)
}, d *engine.Drawing) {
	t.Helper()
	seen := map[string]bool{}
	for _, dot := range d.Dots {
		if seen[dot.Product.ID] {
			t.Fatalf("%s is drawn twice", dot.Product.ID)
		}
		seen[dot.Product.ID] = true
	}
	pairs := map[[2]int]bool{}
	for _, s := range d.Strands {
		key := [2]int{min(s.From, s.To), max(s.From, s.To)}
		switch {
		case key[0] == key[1] || key[1] >= len(d.Dots) || pairs[key]:
			t.Fatalf("a strand from %d to %d of %d", s.From, s.To, len(d.Dots))
		case s.Weight == 0 && s.Refined == 0 && s.Back == 0:
			t.Fatalf("a strand of nothing: %+v", s)
		case s.Weight < 0 || (s.Weight > 0) != (s.Support > 0) || (s.Weight > 0) != (s.Lift > 0):
			t.Fatalf("plain figures that are not one: %+v", s)
		}
		pairs[key] = true
	}
}

// A product's strands say what bought-together says.
func TestDrawnProductIsWhatIsBoughtTogether(t *testing.T) {
	e := themes(t)
	d, ok := e.DrawProduct("p0", 8, 1, drawnDay)
	if !ok || d.Dots[0].Product.ID != "p0" || d.Dots[0].Hop != 0 || d.Of != 6 || len(d.Dots) != 7 {
		t.Fatalf("got %v of %d, %d dots", ok, d.Of, len(d.Dots))
	}
	checkDrawing(t, d)
	var a engine.Answer
	e.Recommend(&engine.Query{Kind: engine.Together, Product: "p0", Count: 6}, drawnDay, &a)
	found := 0
	for _, r := range a.Recomms {
		for _, s := range d.Strands {
			if s.From != 0 && s.To != 0 || d.Dots[s.From+s.To].Product.ID != r.Product.ID {
				continue
			}
			found++
			if math.Abs(s.Support-r.Support) > 1e-9 || math.Abs(s.Lift-r.Lift) > 1e-9 || int32(s.Last) != r.LastSeen {
				t.Errorf("%s is drawn as %+v and answered as %+v", r.Product.ID, s, r)
			}
		}
	}
	if found != 6 {
		t.Errorf("%d of 6 neighbours are drawn", found)
	}
	if _, ok := e.DrawProduct("nothing", 8, 1, drawnDay); ok {
		t.Error("a product that nobody knows is drawn")
	}
	two, _ := e.DrawProduct("p0", 6, 2, drawnDay)
	checkDrawing(t, two)
	if len(two.Dots) != 13 || two.Dots[12].Hop != 2 {
		t.Errorf("by way of bread %d products are reached, expected all 13", len(two.Dots))
	}
}

func TestDrawnMemberHasTheirGoods(t *testing.T) {
	e := themes(t)
	d := e.DrawMember(2, 3, drawnDay)
	checkDrawing(t, d)
	if !d.Known || len(d.Dots) != 3 || len(d.Held) != 3 || d.Dots[0].Product.ID != "bread" || d.Of <= 3 {
		t.Fatalf("got %+v", d)
	}
	for i := range d.Held {
		if i > 0 && d.Held[i].Weight > d.Held[i-1].Weight || float64(d.Held[i].Weight) > d.Mass {
			t.Errorf("out of order: %+v of %v", d.Held, d.Mass)
		}
	}
	if d := e.DrawMember(99, 3, drawnDay); d.Known || len(d.Dots) != 0 {
		t.Errorf("somebody nobody knows: %+v", d)
	}
	if d := e.DrawMember(0, 3, drawnDay); d.Known || len(d.Dots) != 0 {
		t.Errorf("nobody: %+v", d)
	}
}

// What is bought together falls into one group, whatever is bought with all.
func TestDrawnWholeFallsIntoThemes(t *testing.T) {
	e := themes(t)
	d := e.DrawWhole(100, drawnDay)
	checkDrawing(t, d)
	if d.Of != 13 || len(d.Dots) != 13 || d.Dots[0].Product.ID != "bread" || len(d.Groups) != 2 {
		t.Fatalf("%d dots of %d in %d groups", len(d.Dots), d.Of, len(d.Groups))
	}
	of := map[string]int{}
	for _, dot := range d.Dots {
		of[dot.Product.ID] = dot.Group
	}
	for i := range 12 {
		if first := of[fmt.Sprint("p", i/6*6)]; of[fmt.Sprint("p", i)] != first {
			t.Errorf("p%d is in group %d, others of its theme in %d", i, of[fmt.Sprint("p", i)], first)
		}
	}
	if few := e.DrawWhole(5, drawnDay); len(few.Dots) != 5 {
		t.Errorf("%d dots, asked for 5", len(few.Dots))
	}
	if again := e.DrawWhole(100, drawnDay); fmt.Sprint(again.Groups) != fmt.Sprint(d.Groups) {
		t.Error("the same state is drawn in two ways")
	}
	if none := newEngine(t, engine.Options{}).DrawWhole(100, drawnDay); len(none.Dots) != 0 {
		t.Error("nothing was sold, and something is drawn")
	}
}

// FadedBy is held to an engine that has the other half-life.
func TestFadedByBoundsTheOtherHalfLife(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h, other := rapid.Float64Range(1, 400).Draw(t, "h"), rapid.Float64Range(1, 400).Draw(t, "other")
		days := rapid.SliceOfN(rapid.Float64Range(0, 90), 1, 12).Draw(t, "days")
		drawn := func(halfLife float64) engine.Strand {
			e := newEngine(t, engine.Options{Bought: graph.PairOptions{HalfLife: int64(halfLife * 24 * 3600 * 1000)}})
			evs := []event.Event{receiptOf(1, 0, "clock")}
			for i, d := range days {
				evs = append(evs, receiptOf(uint64(i+2), d, "a", "b"))
			}
			e.ApplyGroup(1, evs)
			d, _ := e.DrawProduct("a", 1, 1, drawnDay)
			checkDrawing(t, d)
			return d.Strands[0]
		}
		is, would := drawn(h), drawn(other).Weight
		bound := engine.FadedBy(is.Weight, is.Last, drawnDay, h, other)
		if other < h && would > bound*1.0001 || other > h && would < bound*0.9999 {
			t.Fatalf("with %v days it weighs %v; with %v it would weigh %v, bound %v", h, is.Weight, other, would, bound)
		}
	})
}

// BenchmarkDraw draws at 50,000 products and nine million edges.
func BenchmarkDraw(b *testing.B) {
	e, evs := filled(b)
	popular := mostNeighbors(e, evs)
	b.Run("whole-2000", func(b *testing.B) {
		for b.Loop() {
			e.DrawWhole(2000, math.MaxInt64)
		}
	})
	b.Run("product-200-depth-2", func(b *testing.B) {
		for b.Loop() {
			e.DrawProduct(popular[0], 200, 2, math.MaxInt64)
		}
	})
	b.Run("product-24", func(b *testing.B) {
		for b.Loop() {
			e.DrawProduct(popular[0], 24, 1, math.MaxInt64)
		}
	})
	b.Run("member-200", func(b *testing.B) {
		for b.Loop() {
			e.DrawMember(17, 200, math.MaxInt64)
		}
	})
}
