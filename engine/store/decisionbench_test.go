//go:build unix

package store

import (
	"runtime"
	"syscall"
	"testing"
	"time"
)

// Put and write, all in, in time that passes and in the processors' time. The queue is never let run full.
func BenchmarkDecisionsPut(b *testing.B) {
	w := newWatch()
	d := openDecisions(b, b.TempDir(), w, func(o *DecisionOptions) { o.MaxBytes, o.gather = 256<<20, 0 })
	packed := make([]byte, 3000)
	b.ReportAllocs()
	b.SetBytes(int64(len(packed)))
	pause := time.NewTicker(time.Millisecond)
	defer pause.Stop()
	before := processorTime(b)
	n := uint64(0)
	for b.Loop() {
		for n++; n%64 == 0 && d.queue.bytes() > 1<<20; {
			<-pause.C // turning in a circle would be measured too
		}
		d.Put(idAt(noon, n), noon.Add(time.Hour), packed)
	}
	written(d)
	b.ReportMetric(float64((processorTime(b)-before).Nanoseconds())/float64(n), "cpu-ns/op")
	if lost := d.Stats().Lost; lost > 0 {
		b.Errorf("%d of %d were lost", lost, n)
	}
}

func BenchmarkDecisionsGet(b *testing.B) {
	w := newWatch()
	d := openDecisions(b, b.TempDir(), w, nil)
	const count = 20_000
	for n := range uint64(count) {
		d.Put(idAt(noon, n), noon.Add(time.Hour), make([]byte, 500))
	}
	written(d)
	b.ReportAllocs()
	var out []byte
	n := uint64(0)
	for b.Loop() {
		var ok bool
		var err error
		if out, ok, err = d.Get(idAt(noon, n*7919%count), out[:0]); !ok || err != nil {
			b.Fatal(ok, err)
		}
		n++
	}
}

// What a start costs with 1 GiB of decisions of 3 kB, and what their list
// takes in memory.
func BenchmarkDecisionsOpen(b *testing.B) {
	dir, w := b.TempDir(), newWatch()
	d := openDecisions(b, dir, w, nil)
	packed := make([]byte, 3000)
	for n := range uint64(1 << 30 / (len(packed) + entryHeadBytes)) {
		for d.queue.bytes() > 8<<20 {
			runtime.Gosched()
		}
		d.Put(idAt(noon, n), noon.Add(time.Hour), packed)
	}
	for b.Loop() {
		if err := d.Close(); err != nil {
			b.Fatal(err)
		}
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		d = openDecisions(b, dir, w, nil)
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(int64(after.HeapAlloc)-int64(before.HeapAlloc))/float64(d.Stats().Count), "B/entry")
	}
}

func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		b.Fatal(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
