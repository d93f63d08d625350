package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"nabo/bench/gen"
	"nabo/engine/event"
	"nabo/server/app"
)

// Start is how a server came to be ready from a data folder.
type Start struct {
	Ready    float64 `json:"readySeconds"` // from the process's start to the first yes of /readyz
	Load     float64 `json:"loadSeconds"`  // of that, to load the checkpoint
	Open     float64 `json:"openSeconds"`  // from the process's start until it follows the log
	Replayed uint64  `json:"replayed"`     // events of the log, after that
	Seconds  float64 `json:"replaySeconds"`
	Rate     float64 `json:"replayRate"` // events a second; 0: there were none, or too few to tell
	Log      LogSize `json:"log"`
}

// LogSize is how large a log is, and how much of it a start has to read.
type LogSize struct {
	Messages uint64 `json:"messages"`
	Bytes    uint64 `json:"bytes"`
	Behind   uint64 `json:"messagesBehind"` // after the checkpoint
}

// timedStart launches a server and follows it until it is ready. HTTP answers
// /v1/stats from the moment at which the log is followed: that is where the
// replay's time begins.
func (o *Common) timedStart(ctx context.Context, data string, settings ...string) (*child, *Start, error) {
	c, err := o.launch(data, settings...)
	if err != nil {
		return nil, nil, err
	}
	s, err := c.watchStart(ctx)
	if err != nil {
		return nil, nil, errors.Join(err, c.stop())
	}
	o.say("  ready after %.2f s: checkpoint %.2f s, open %.2f s, %d events replayed in %.2f s (%.0f a second); log of %d messages, %.1f MiB, %d behind",
		s.Ready, s.Load, s.Open, s.Replayed, s.Seconds, s.Rate, s.Log.Messages, float64(s.Log.Bytes)/(1<<20), s.Log.Behind)
	return c, s, nil
}

func (c *child) watchStart(ctx context.Context) (*Start, error) {
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	first, err := c.firstStats(ctx)
	if err != nil {
		return nil, err
	}
	opened := time.Now()
	if err := c.ready(ctx); err != nil {
		return nil, err
	}
	ready := time.Now()
	last, err := getStats(ctx, c.addr)
	if err != nil {
		return nil, err
	}
	log, err := c.readLog()
	if err != nil {
		return nil, err
	}
	s := &Start{
		Ready: ready.Sub(c.started).Seconds(), Load: log.loaded.Seconds(), Open: opened.Sub(c.started).Seconds(),
		Replayed: last.Events.Applied - first.Events.Applied, Seconds: ready.Sub(opened).Seconds(),
		Log: LogSize{Messages: last.Log.Last + 1 - last.Log.First, Bytes: last.Log.Bytes, Behind: last.Log.Last},
	}
	if first.Checkpoint != nil {
		s.Log.Behind = last.Log.Last - min(first.Checkpoint.Position, last.Log.Last)
	}
	if s.Seconds > 0.05 {
		s.Rate = float64(s.Replayed) / s.Seconds
	}
	return s, nil
}

// firstStats asks for the stats as soon as they are answered at all.
func (c *child) firstStats(ctx context.Context) (st serverStats, err error) {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		// The address is taken early: a request waits there until it is served.
		if st, err = getStats(ctx, c.addr); err == nil {
			return st, nil
		}
		select {
		case died := <-c.done:
			c.done <- died
			return st, fmt.Errorf("the server ended before it was ready: %v; its last words:\n%s", died, c.lastWords())
		case <-ctx.Done():
			return st, fmt.Errorf("the server did not answer in time: %w; its last words:\n%s", errors.Join(ctx.Err(), err), c.lastWords())
		case <-tick.C:
		}
	}
}

// Grown is receipts that were written to a log while nobody applied it.
type Grown struct {
	Receipts int     `json:"receipts"`
	Lines    int     `json:"lines"` // of each
	Messages uint64  `json:"messages"`
	Bytes    uint64  `json:"bytes"`
	Seconds  float64 `json:"seconds"`
	Rate     float64 `json:"rate"` // receipts a second, from making them until they are durable
}

// grow writes n receipts to the log of a data folder through the gate, as they
// would come in, from as many goroutines as there are processors.
func (o *Common) grow(ctx context.Context, f *folder, n int) (g *Grown, err error) {
	data, err := app.OpenFolder(ctx, f.dir, nil)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, data.Close()) }()
	o.say("writing %d receipts of %d lines to the log", n, o.Lines)
	w := &grower{size: &o.Size, base: f.base, run: run(), n: n}
	began := time.Now()
	grown, err := data.Grow(ctx, w.feed)
	if err != nil {
		return nil, fmt.Errorf("write receipts to the log: %w", err)
	}
	took := time.Since(began).Seconds()
	g = &Grown{Receipts: n, Lines: o.Lines, Messages: grown.Groups, Bytes: grown.Bytes, Seconds: took, Rate: float64(n) / took}
	o.say("  %d messages, %.1f MiB in %.1f s: %.0f receipts a second", g.Messages, float64(g.Bytes)/(1<<20), took, g.Rate)
	return g, nil
}

// grower makes receipts on several goroutines.
type grower struct {
	size *Size
	base *gen.Base
	run  string
	n    int
	next atomic.Int64 // the first receipt that nobody has taken
}

func (g *grower) feed(ctx context.Context, submit app.Submit) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	// More of them than processors: a submission waits for the disk.
	errs := make([]error, 4*runtime.GOMAXPROCS(0))
	var wait sync.WaitGroup
	for i := range errs {
		wait.Go(func() {
			if errs[i] = g.some(ctx, submit); errs[i] != nil {
				cancel()
			}
		})
	}
	wait.Wait()
	return errors.Join(errs...)
}

// some submits receipts until there are no more. The gate keeps what it is
// given, so that each batch has memory of its own.
func (g *grower) some(ctx context.Context, submit app.Submit) error {
	const atOnce = 500
	for {
		from := int(g.next.Add(atOnce)) - atOnce
		if from >= g.n {
			return nil
		}
		var batch gen.Batch
		g.base.More(&batch, from, min(atOnce, g.n-from))
		now := event.At(time.Now())
		for i := range batch.Events {
			k := from + i
			outer(g.base, &batch.Events[i], batch.Buyers[i], g.run, "r-"+strconv.Itoa(k), now)
		}
		if err := submit(ctx, batch.Events); err != nil {
			return err
		}
	}
}

// rows write a start and what was grown for people.
func (s *Start) rows(w io.Writer, name string) {
	fmt.Fprintf(w, "%s\t%.2f\t%.2f\t%.2f\t%d\t%.2f\t%.0f\t%d\t%.1f\t%d\t\n", name, s.Ready, s.Load, s.Open, s.Replayed, s.Seconds, s.Rate,
		s.Log.Messages, float64(s.Log.Bytes)/(1<<20), s.Log.Behind)
}

const startHeading = "\tready s\tcheckpoint s\topen s\treplayed\treplay s\tevents/s\tlog messages\tMiB\tbehind\t"

func (g *Grown) table(w io.Writer) {
	fmt.Fprintf(w, "into the log\t%d receipts\t%.2f s\t%.0f a second\t%d messages\t%.1f MiB\t\n",
		g.Receipts, g.Seconds, g.Rate, g.Messages, float64(g.Bytes)/(1<<20))
}
