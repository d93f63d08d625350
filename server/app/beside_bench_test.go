package app

import (
	"context"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"nabo/bench/gen"
	"nabo/engine"
	"nabo/engine/event"
)

// spans are how long each of many pieces of work took of a processor, whoever
// else uses the machine: what others may have to wait for it.
type spans struct {
	name string
	took []time.Duration
	wall []time.Duration
}

func (s *spans) time(work func()) {
	wall, cpu := time.Now(), threadTime()
	work()
	s.took, s.wall = append(s.took, threadTime()-cpu), append(s.wall, time.Since(wall))
}

func threadTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(1, &u) != nil { // RUSAGE_THREAD
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func (s *spans) report(b *testing.B) {
	for _, took := range []struct {
		what string
		all  []time.Duration
	}{{"cpu", s.took}, {"wall", s.wall}} {
		slices.Sort(took.all)
		at := func(q float64) float64 {
			if len(took.all) == 0 {
				return 0
			}
			return float64(took.all[int(q*float64(len(took.all)-1))].Nanoseconds()) / 1e3
		}
		b.Logf("%-10s %-4s %7d times: p50 %7.1f  p99 %7.1f  p99.9 %7.1f  max %8.1f µs", s.name, took.what, len(took.all), at(0.5), at(0.99), at(0.999), at(1))
	}
}

// BenchmarkBeside applies 1,000 receipts a second in groups of 1 to 5 for ten
// seconds while 5,000 lookups a second are answered, what is derived is made
// anew as in a running process, and checkpoints are taken. It prints what each
// takes of a processor at a time.
func BenchmarkBeside(b *testing.B) {
	base := ingestShop(b)
	e := ingestBase(b, base)
	e.Refresh(b.Context())
	for b.Loop() {
		besides(b, e, base)
	}
}

func besides(b *testing.B, e *engine.Engine, base *gen.Base) {
	ctx, cancel := context.WithTimeout(b.Context(), 10*time.Second)
	defer cancel()
	apply, ask, step, fresh, save := &spans{name: "apply"}, &spans{name: "lookup"}, &spans{name: "refresh"}, &spans{name: "freshen"}, &spans{name: "begin"}
	var all sync.WaitGroup
	var writing sync.Mutex
	every := func(d time.Duration, work func()) {
		all.Go(func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			due := time.NewTicker(d)
			defer due.Stop()
			for ctx.Err() == nil {
				select {
				case <-due.C:
					work()
				case <-ctx.Done():
				}
			}
		})
	}
	var g gen.Batch
	k := 1 << 20
	rng := rand.New(rand.NewPCG(1, 1))
	var q int
	var products []string
	base.More(&g, 1<<30, 2000)
	for i := range g.Events {
		products = append(products, g.Events[i].Body.(*event.Receipt).Lines[0].Product)
	}
	every(3*time.Millisecond, func() {
		n := 1 + rng.IntN(5)
		base.More(&g, k, n)
		k += n
		writing.Lock()
		defer writing.Unlock()
		apply.time(func() { e.ApplyGroup(uint64(k), g.Events) })
	})
	var a engine.Answer
	var offers engine.OfferAnswer
	every(200*time.Microsecond, func() {
		q++
		ask.time(func() {
			m := base.Token(q * 7919 % base.Options().Members)
			switch q % 3 {
			case 0:
				e.Recommend(&engine.Query{Kind: engine.Goods, Member: m, Count: 10}, math.MaxInt64, &a)
			case 1:
				e.Recommend(&engine.Query{Kind: engine.Together, Product: products[q%len(products)], Count: 10}, math.MaxInt64, &a)
			default:
				e.Offers(&engine.OfferQuery{Member: m, Scenario: "app-home", Diversity: math.NaN(), RotationRate: math.NaN()}, base.Until(), &offers)
			}
		})
	})
	every(3*time.Millisecond, func() { step.time(func() { e.RefreshStep(ctx, 1) }) })
	every(time.Second, func() { fresh.time(e.Freshen) })
	every(3*time.Second, func() {
		var c *engine.Checkpoint
		writing.Lock()
		save.time(func() { c = e.BeginCheckpoint() })
		writing.Unlock()
		c.Write(func(_, _ []byte) error { return nil })
	})
	all.Wait()
	for _, s := range []*spans{apply, ask, step, fresh, save} {
		s.report(b)
	}
}
