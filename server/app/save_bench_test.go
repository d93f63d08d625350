package app

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"nabo/bench/gen"
	"nabo/engine"
	"nabo/engine/store"
)

// BenchmarkSave takes checkpoints into a store, each after receipts of 12 lines
// from three members in ten, as in a busy minute of 60,000 receipts in a shop of
// 200,000, and reports how long the writer was held
// to begin one, what it wrote, and what the disk wrote for it, compactions
// included, from the fifth on. How many members there are is INGEST_MEMBERS.
//
//	INGEST_MEMBERS=200000 go test ./server/app -run '^$' -bench Save$ -benchtime 24x -timeout 60m
func BenchmarkSave(b *testing.B) {
	runtime.LockOSThread() // spans look at this thread's processor time
	defer runtime.UnlockOSThread()
	base := ingestShop(b)
	s, err := store.Open(store.Options{Dir: b.TempDir(), Now: time.Now})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	e := appliedBase(b, base)
	first := e.BeginCheckpoint()
	if err := s.Save(first.Position(), first.Write); err != nil {
		b.Fatal(err)
	}
	var g gen.Batch
	next := 0
	begin, apply := &spans{name: "begin"}, &spans{name: "apply"}
	each := base.Options().Members * 3 / 100 // groups of ten receipts
	rounds, bytes, from := 0, 0, 0
	var puts *counted
	for b.Loop() {
		if rounds++; rounds == 5 {
			from = diskWrites(b) // the base has found its place by then
		}
		receipts := func(n int) {
			for range n {
				base.More(&g, next, 10)
				next += 10
				apply.time(func() { e.ApplyGroup(e.Position()+1, g.Events) })
			}
		}
		receipts(each - each/10)
		var c *engine.Checkpoint
		begin.time(func() { c = e.BeginCheckpoint() })
		saved := make(chan error, 1)
		puts = &counted{}
		go func() {
			saved <- s.Save(c.Position(), func(put func(key, value []byte) error) error {
				return c.Write(puts.around(put))
			})
		}()
		receipts(each / 10)
		if err := <-saved; err != nil {
			b.Fatal(err)
		}
		if err := s.Maintain(b.Context()); err != nil {
			b.Fatal(err)
		}
		bytes += puts.total()
	}
	if rounds > 5 {
		b.ReportMetric(float64(diskWrites(b)-from)/float64(rounds-4)/(1<<20), "disk-MiB/checkpoint")
	}
	b.ReportMetric(float64(bytes)/float64(rounds)/(1<<20), "MiB/checkpoint")
	b.Logf("the last checkpoint: %s; %d runs", puts, s.Stats().Runs)
	begin.report(b)
	apply.report(b)
}

// counted counts what a checkpoint gives, by kind.
type counted struct {
	pairs, bytes [256]int
}

func (c *counted) around(put func(key, value []byte) error) func(key, value []byte) error {
	return func(key, value []byte) error {
		c.pairs[key[0]]++
		c.bytes[key[0]] += len(key) + len(value)
		return put(key, value)
	}
}

func (c *counted) total() (bytes int) {
	for _, n := range c.bytes {
		bytes += n
	}
	return bytes
}

func (c *counted) String() string {
	var out strings.Builder
	for kind, n := range c.pairs {
		if n > 0 {
			fmt.Fprintf(&out, " %d of kind %d, %d KiB,", n, kind, c.bytes[kind]>>10)
		}
	}
	return out.String()
}

// diskWrites is how many bytes this process had written to disk.
func diskWrites(b *testing.B) int {
	data, err := os.ReadFile("/proc/self/io")
	if err != nil {
		b.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		var n int
		if _, err := fmt.Sscanf(line, "write_bytes: %d", &n); err == nil {
			return n
		}
	}
	b.Fatal("/proc/self/io does not say what was written")
	return 0
}
