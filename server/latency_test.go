package server

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Quantiles are those of the sorted times, to two in a hundred.
func TestLatencyQuantiles(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var r recentTimes
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		times := make([]time.Duration, rapid.IntRange(1, 400).Draw(t, "times"))
		most := rapid.SampledFrom([]time.Duration{time.Millisecond, 20 * time.Millisecond, 90 * time.Second}).Draw(t, "most")
		for i := range times {
			times[i] = time.Duration(rng.Int64N(int64(most)))
			r.add(time.Second, times[i])
		}
		slices.Sort(times)
		all := r.sum(2 * time.Second)
		for _, share := range []float64{.5, .9, .99} {
			got := time.Duration(float64(all.quantile(share)) * float64(time.Millisecond))
			want := times[int(share*float64(len(times)))]
			if d := (got - want).Abs(); d > want/50+time.Microsecond {
				t.Fatalf("the share %v is %v, expected %v", share, got, want)
			}
		}
		if all.count != uint64(len(times)) || all.most != times[len(times)-1] {
			t.Fatalf("%d, at most %v", all.count, all.most)
		}
	})
}

// What is more than a minute or so ago does not count.
func TestLatencyForgets(t *testing.T) {
	var r recentTimes
	for s := range 300 {
		r.add(time.Duration(s)*time.Second, time.Millisecond)
	}
	if n := r.sum(299 * time.Second).count; n != 70 {
		t.Errorf("%d of a request a second count, expected those of 70 seconds", n)
	}
	if n := r.sum(320 * time.Second).count; n != 40 {
		t.Errorf("%d count 20 seconds later, expected 40", n)
	}
	if n := r.sum(2 * time.Hour).count; n != 0 {
		t.Errorf("%d count two hours later", n)
	}
}

func TestRates(t *testing.T) {
	var r rates
	if got := r.since(tally{at: time.Second}); got != (RateStats{}) {
		t.Errorf("of nothing: %+v", got)
	}
	for s := range 200 {
		at := time.Duration(s) * time.Second
		if r.due(at) != true || r.due(at) || r.due(at+tallyEvery/2) {
			t.Fatalf("at %v it is not due once", at)
		}
		r.take(tally{at: at, events: uint64(100 * s), duplicates: uint64(s), rejected: uint64(2 * s)})
	}
	got := r.since(tally{at: 200 * time.Second, events: 20_000, duplicates: 200, rejected: 400})
	if got.Seconds != 60 || got.Events != 100 || got.Duplicates != 1 || got.Rejected != 2 || got.Requests < 2.9 || got.Requests > 3.1 {
		t.Errorf("got %+v", got)
	}
	late := r.since(tally{at: 399 * time.Second, events: 39_900, duplicates: 399, rejected: 798})
	if late.Seconds != 200 || late.Events != 100 {
		t.Errorf("after a pause: %+v", late)
	}
}

func TestStatsSayWhatHappensNow(t *testing.T) {
	r := newRig(t, nil)
	r.receipts(t, 20, "m1", "a", "b")
	for range 5 {
		r.send(t, "GET", "/v1/members/m1/products", "")
	}
	got := want[Stats](t, r.send(t, "GET", "/v1/stats", ""), 200)
	if got.Rates.Seconds <= 0 || got.Rates.Events <= 0 || got.Rates.Requests <= got.Rates.Events {
		t.Errorf("rates %+v", got.Rates)
	}
	at := slices.IndexFunc(got.Latency, func(l RouteLatency) bool { return l.Route == "GET /v1/members/{id}/products" })
	if got.Latency[0].Route != "POST /v1/events" || at < 0 {
		t.Fatalf("got %+v", got.Latency)
	}
	if l := got.Latency[at]; l.Count != 5 || l.P50 <= 0 || l.P50 > l.P90 || l.P90 > l.P99 || l.P99 > l.Max {
		t.Errorf("got %+v", l)
	}
}
