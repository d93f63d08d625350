package engine

import (
	"flag"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"nabo/graph"
)

// -seenkeys says how many keys the benchmark of dedupe keys holds.
var seenKeys = flag.Int("seenkeys", 2_000_000, "dedupe keys that BenchmarkSeen holds, over 365 days")

// BenchmarkSeen fills a year of keys and reports what one takes, what adding one
// took on average and at worst, and then times looking one up.
func BenchmarkSeen(b *testing.B) {
	n := *seenKeys
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	s := &seen{}
	s.init(400)
	rng := rand.New(rand.NewPCG(1, 1))
	worst := time.Duration(0)
	began := time.Now()
	for i := range n {
		if i%64 == 0 {
			at := time.Now()
			s.pass(20_000 + graph.Day(i*365/n))
			s.add(rng.Uint64(), s.day())
			worst = max(worst, time.Since(at))
		} else {
			s.add(rng.Uint64(), s.day())
		}
		if i%(n/365+1) == 0 {
			s.begin(uint64(i), func(_, _ []byte) {})
		}
	}
	filling := time.Since(began)
	s.begin(uint64(n), func(_, _ []byte) {})
	runtime.GC()
	runtime.ReadMemStats(&after)
	report := func(b *testing.B) {
		keys, bytes := s.stats()
		b.ReportMetric(float64(bytes)/float64(keys), "B/key")
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/float64(n), "heapB/key")
		b.ReportMetric(float64(filling.Nanoseconds())/float64(n), "ns/add")
		b.ReportMetric(float64(worst.Microseconds()), "worst-add-µs")
	}
	b.Run("has/new", func(b *testing.B) {
		for b.Loop() {
			s.has(rng.Uint64())
		}
		report(b)
	})
	b.Run("has/old", func(b *testing.B) {
		const some = 1 << 16
		again := rand.New(rand.NewPCG(1, 1))
		keys := make([]uint64, some)
		for i := range keys {
			keys[i] = again.Uint64()
		}
		i := 0
		for b.Loop() {
			if !s.has(keys[i%some]) {
				b.Fatal("a key is missing")
			}
			i++
		}
		report(b)
	})
	runtime.KeepAlive(s)
}
