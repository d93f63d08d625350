package stream_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"nabo/engine/event"
	"nabo/stream"
)

// The figures in DESIGN.md are from
//
//	go test ./stream -run '^$' -bench . -benchtime 2s

var syncs = []struct {
	name  string
	every time.Duration
}{{"always", 0}, {"1s", time.Second}, {"2m", 2 * time.Minute}}

func openBench(b *testing.B, every time.Duration) *stream.Stream {
	b.Helper()
	s, err := stream.Open(b.Context(), stream.Options{Dir: b.TempDir(), Listen: stream.ListenOff, SyncEvery: every})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := s.Close(); err != nil {
			b.Error(err)
		}
	})
	return s
}

// latencies reports the quantiles of what was measured.
func latencies(b *testing.B, all []time.Duration) {
	slices.Sort(all)
	at := func(q float64) float64 { return float64(all[int(q*float64(len(all)-1))].Microseconds()) }
	b.ReportMetric(at(0.5), "p50-µs")
	b.ReportMetric(at(0.99), "p99-µs")
}

// BenchmarkAppend is one writer, one group after another, events of 300 bytes.
func BenchmarkAppend(b *testing.B) {
	for _, sy := range syncs {
		for _, events := range []int{1, 100, 500, 3000} {
			b.Run(fmt.Sprintf("sync=%s/events=%d", sy.name, events), func(b *testing.B) {
				s := openBench(b, sy.every)
				group := make([]byte, 300*events)
				rand.Read(group)
				all := make([]time.Duration, 0, 1<<16)
				for b.Loop() {
					began := time.Now()
					if _, err := s.Append(b.Context(), group); err != nil {
						b.Fatal(err)
					}
					all = append(all, time.Since(began))
				}
				b.ReportMetric(float64(events*b.N)/b.Elapsed().Seconds(), "events/s")
				latencies(b, all)
			})
		}
	}
}

// BenchmarkGate is many callers, each submitting one receipt of ten lines (some
// 300 bytes of JSON) after another, through gate and log, while a follower reads.
func BenchmarkGate(b *testing.B) {
	for _, sy := range syncs {
		for _, callers := range []int{1, 8, 64, 512} {
			b.Run(fmt.Sprintf("sync=%s/callers=%d", sy.name, callers), func(b *testing.B) {
				r, stop := run(b, stream.Options{Dir: b.TempDir(), Listen: stream.ListenOff, SyncEvery: sy.every})
				defer stop()
				benchGate(b, r, callers)
			})
		}
	}
}

func benchGate(b *testing.B, r *running, callers int) {
	var next atomic.Int64
	var mu sync.Mutex
	var all []time.Duration
	var group sync.WaitGroup
	b.ResetTimer()
	for range callers {
		group.Go(func() {
			var mine []time.Duration
			for {
				i := next.Add(1)
				if i > int64(b.N) {
					break
				}
				ev := receipt(fmt.Sprint(i), fmt.Sprint("m-", i%1000), 10)
				began := time.Now()
				if _, err := r.gate.Submit(b.Context(), []event.Event{ev}); err != nil {
					b.Error(err)
					break
				}
				mine = append(mine, time.Since(began))
			}
			mu.Lock()
			all = append(all, mine...)
			mu.Unlock()
		})
	}
	group.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(float64(b.N)/float64(r.gate.Stats().Groups), "events/group")
	latencies(b, all)
}

// BenchmarkFollow reads a log of groups of 100 events of 300 bytes.
func BenchmarkFollow(b *testing.B) {
	s := openBench(b, time.Second)
	group := make([]byte, 300*100)
	for range 2000 {
		if _, err := s.Append(b.Context(), group); err != nil {
			b.Fatal(err)
		}
	}
	enough := errors.New("enough")
	b.SetBytes(2000 * int64(len(group)))
	for b.Loop() {
		err := s.Follow(b.Context(), 0, func(m stream.Message) error {
			if m.Seq == 2000 {
				return enough
			}
			return nil
		})
		if !errors.Is(err, enough) {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(2000*b.N)/b.Elapsed().Seconds(), "groups/s")
}

// BenchmarkInbound is what publishers over the network bring: 4 of them, each
// with a window of unacknowledged receipts, until all is in the log.
func BenchmarkInbound(b *testing.B) {
	r, stop := run(b, stream.Options{Dir: b.TempDir(), Listen: "127.0.0.1:0"})
	defer stop()
	ctx, cancel := context.WithCancel(b.Context())
	done := make(chan error)
	go func() { done <- r.Inbound(ctx, r.admit) }()
	const publishers = 4
	b.ResetTimer()
	var group sync.WaitGroup
	each := b.N/publishers/2 + 1
	for n := range publishers {
		group.Go(func() { r.sendNATS(b, n, each) })
	}
	group.Wait()
	published := b.Elapsed()
	r.until(b, publishers*each)
	b.StopTimer()
	b.ReportMetric(float64(2*publishers*each)/published.Seconds(), "published/s")
	b.ReportMetric(float64(2*publishers*each)/b.Elapsed().Seconds(), "admitted/s")
	cancel()
	<-done
}
