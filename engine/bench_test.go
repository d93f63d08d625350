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

const benchProducts = 50_000

// shopping makes receipts of some 12 goods whose popularity follows a power
// law and most of which hang together, a third of them anonymous.
func shopping(n, members int, seed uint64) []event.Event {
	rng := rand.New(rand.NewPCG(seed, 1))
	skewed := func(n int) int { return int(math.Pow(rng.Float64(), 5) * float64(n)) }
	ids := make([]string, benchProducts)
	for i := range ids {
		ids[i] = fmt.Sprint(100_000 + i)
	}
	evs := make([]event.Event, n)
	for i := range evs {
		at := event.Millis(1_750_000_000_000 + int64(i)*1000)
		r := &event.Receipt{}
		theme := rng.IntN(benchProducts)
		for range 6 + rng.IntN(13) {
			p := skewed(benchProducts)
			if rng.IntN(10) < 6 {
				p = (theme + skewed(400)) % benchProducts
			}
			r.Lines = append(r.Lines, event.Line{Product: ids[p], Qty: 1, Price: math.NaN()})
		}
		evs[i] = event.Event{Type: event.TypeReceipt, Key: rng.Uint64(), Time: at, Received: at, Store: fmt.Sprint("s", rng.IntN(100)), Body: r}
		if rng.IntN(3) > 0 {
			evs[i].Member = event.Token(1 + rng.IntN(members))
		}
	}
	return evs
}

// filled is an engine that has seen 80,000 receipts: nine million edges.
func filled(b *testing.B) (*engine.Engine, []event.Event) {
	e, err := engine.New(engine.Options{})
	if err != nil {
		b.Fatal(err)
	}
	evs := shopping(80_000, 10_000, 1)
	e.ApplyGroup(1, evs)
	e.Refresh(context.Background())
	return e, evs
}

// BenchmarkApply applies receipts of 12 lines to an engine with nine million edges.
func BenchmarkApply(b *testing.B) {
	e, _ := filled(b)
	more := shopping(200_000, 10_000, 2)
	i, lines := 0, 0
	for b.Loop() {
		ev := &more[i%len(more)]
		ev.Key++
		e.Apply(2, ev.Received, ev)
		lines += len(ev.Body.(*event.Receipt).Lines)
		i++
	}
	b.ReportMetric(float64(i)/b.Elapsed().Seconds(), "receipts/s")
	b.ReportMetric(float64(lines)/b.Elapsed().Seconds(), "lines/s")
}

// BenchmarkRecommend asks each kind of question, and reports how long the
// middle and the slowest hundredth took.
func BenchmarkRecommend(b *testing.B) {
	e, evs := filled(b)
	popular := mostNeighbors(e, evs)
	basket := func(i, n int) (ids []string) {
		for k := i; len(ids) < n; k++ {
			for _, l := range evs[k%len(evs)].Body.(*event.Receipt).Lines {
				if len(ids) < n {
					ids = append(ids, l.Product)
				}
			}
		}
		return ids
	}
	questions := make([]engine.Query, 4096)
	for _, c := range []struct {
		name string
		ask  func(i int) engine.Query
	}{
		{"together-1000-neighbours", func(i int) engine.Query {
			return engine.Query{Kind: engine.Together, Product: popular[i%len(popular)], Count: 10}
		}},
		{"together-any", func(i int) engine.Query {
			return engine.Query{Kind: engine.Together, Product: basket(i, 1)[0], Count: 10}
		}},
		{"basket-of-20", func(i int) engine.Query {
			return engine.Query{Kind: engine.Basket, Products: basket(i, 20), Count: 10}
		}},
		{"member", func(i int) engine.Query {
			return engine.Query{Kind: engine.Goods, Member: event.Token(1 + i%10_000), Count: 10}
		}},
		{"similar", func(i int) engine.Query {
			return engine.Query{Kind: engine.Similar, Product: basket(i, 1)[0], Count: 10}
		}},
	} {
		for i := range questions {
			questions[i] = c.ask(i)
		}
		b.Run(c.name, func(b *testing.B) { measure(b, e, questions) })
	}
}

func measure(b *testing.B, e *engine.Engine, questions []engine.Query) {
	var a engine.Answer
	took := make([]time.Duration, 0, 1<<20)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		began := time.Now()
		e.Recommend(&questions[i%len(questions)], math.MaxInt64, &a)
		if len(took) < cap(took) {
			took = append(took, time.Since(began))
		}
		i++
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Nanoseconds()), "p50-ns")
	b.ReportMetric(float64(took[len(took)*99/100].Nanoseconds()), "p99-ns")
}

// mostNeighbors returns products that fill a whole answer of 200 with good
// company: those that stand on the most receipts.
func mostNeighbors(e *engine.Engine, evs []event.Event) []string {
	seen := map[string]int{}
	for i := range evs {
		for _, l := range evs[i].Body.(*event.Receipt).Lines {
			seen[l.Product]++
		}
	}
	var ids []string
	for id, n := range seen {
		if n > 250 {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}
