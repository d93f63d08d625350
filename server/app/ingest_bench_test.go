package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"nabo/bench/gen"
	"nabo/engine"
	"nabo/engine/event"
	"nabo/stream"
)

// BenchmarkIngest follows an embedded server's log into an engine whose members
// have a year's bindings, in groups of three sizes, and reports receipts of 12
// lines a second from the log to the state. How many members there are is
// INGEST_MEMBERS, 20,000 if that is not set; making them is not counted.
//
//	INGEST_MEMBERS=200000 go test ./server/app -run '^$' -bench Ingest -benchtime 1x -timeout 30m
func BenchmarkIngest(b *testing.B) {
	base := ingestShop(b)
	e := ingestBase(b, base)
	next := 0
	for _, run := range []struct{ size, receipts int }{{500, 200_000}, {10, 60_000}, {1, 20_000}} {
		b.Run(fmt.Sprintf("group=%d", run.size), func(b *testing.B) {
			pprof.Do(b.Context(), pprof.Labels("ingest", strconv.Itoa(run.size)), func(ctx context.Context) {
				for range b.N {
					ingestLog(ctx, b, e, base, next, run.receipts, run.size)
					next += run.receipts
				}
			})
		})
	}
}

func ingestShop(b *testing.B) *gen.Base {
	members := 20_000
	if s := os.Getenv("INGEST_MEMBERS"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			b.Fatal(err)
		}
		members = n
	}
	base, err := gen.NewBase(gen.BaseOptions{Members: members})
	if err != nil {
		b.Fatal(err)
	}
	return base
}

// ingestBase makes an engine that has applied a base, and has it behind the
// newest checkpoint.
func ingestBase(b *testing.B, base *gen.Base) *engine.Engine {
	e := appliedBase(b, base)
	if err := e.BeginCheckpoint().Write(func(_, _ []byte) error { return nil }); err != nil {
		b.Fatal(err)
	}
	runtime.GC()
	return e
}

// appliedBase makes an engine that has applied a base. Members take turns, so
// that what is held of one does not lie together.
func appliedBase(b *testing.B, base *gen.Base) *engine.Engine {
	e, err := engine.New(engine.Options{})
	if err != nil {
		b.Fatal(err)
	}
	pos := uint64(1)
	e.ApplyGroup(pos, base.Catalogue())
	const together = 2048
	made, free := make(chan *gen.Batch), make(chan *gen.Batch, 2)
	free <- new(gen.Batch)
	free <- new(gen.Batch)
	go func() {
		defer close(made)
		for i := 0; i < base.Options().Members; i += together {
			g := <-free
			base.Members(g, i, min(i+together, base.Options().Members))
			made <- g
		}
	}()
	start := time.Now()
	for g := range made {
		turn := map[event.Token]int{}
		order := make([]int, len(g.Events))
		at := make([]int, len(g.Events))
		for i := range g.Events {
			order[i], at[i] = i, turn[g.Events[i].Member]
			turn[g.Events[i].Member]++
		}
		slices.SortStableFunc(order, func(i, k int) int { return at[i] - at[k] })
		evs := make([]event.Event, len(order))
		for i, k := range order {
			evs[i] = g.Events[k]
		}
		pos++
		e.ApplyGroup(pos, evs)
		free <- g
	}
	b.Logf("%d members in %v", base.Options().Members, time.Since(start).Round(time.Second))
	return e
}

// ingestLog writes receipts to a log and times how they are followed.
func ingestLog(ctx context.Context, b *testing.B, e *engine.Engine, base *gen.Base, from, receipts, size int) {
	b.StopTimer()
	s, err := stream.Open(ctx, stream.Options{Dir: b.TempDir(), Listen: stream.ListenOff, SyncEvery: time.Minute})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	var g gen.Batch
	var payload []byte
	for i := 0; i < receipts; i += size {
		base.More(&g, from+i, size)
		payload = event.AppendGroup(payload[:0], g.Events)
		if _, err := s.Append(ctx, payload); err != nil {
			b.Fatal(err)
		}
	}
	p := &process{stream: s, engine: e, caughtUp: make(chan struct{}), dueNow: make(chan struct{}, 1)}
	p.opt.CheckpointEvents = 1 << 40
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	cpu := cpuTime()
	b.StartTimer()
	start := time.Now()
	enough := errors.New("enough")
	last := uint64(receipts / size)
	err = s.FollowBatches(ctx, 0, func(ms []stream.Message) error {
		if err := p.applyMessages(ms); err != nil {
			return err
		}
		if ms[len(ms)-1].Seq == last {
			return enough
		}
		return nil
	})
	took := time.Since(start)
	b.StopTimer()
	if !errors.Is(err, enough) {
		b.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(receipts)/took.Seconds(), "receipts/s")
	b.ReportMetric(float64((cpuTime()-cpu).Microseconds())/float64(receipts), "cpu-µs/receipt")
	b.ReportMetric(float64(after.Mallocs-before.Mallocs)/float64(receipts), "allocs/receipt")
	b.ReportMetric(float64(after.TotalAlloc-before.TotalAlloc)/float64(receipts), "B/receipt")
	b.ReportMetric(float64(after.NumGC-before.NumGC), "GCs")
}

// cpuTime is how long all threads of the process have had processors.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
