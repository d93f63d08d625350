package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Phase is how lookups fared while something went on in the server.
type Phase struct {
	Name    string             `json:"phase"`
	Spans   int                `json:"spans"`   // how often it went on
	Seconds float64            `json:"seconds"` // altogether
	Latency Latency            `json:"latencyMs"`
	P99     map[string]float64 `json:"p99Ms"` // of each kind of lookup
}

// Pauses are the times in which the garbage collector let nothing else run.
type Pauses struct {
	Cycles int     `json:"cycles"`
	Worst  float64 `json:"worstMs"`
	Sum    float64 `json:"sumMs"`
}

// sample is one lookup.
type sample struct {
	due, took time.Duration // after the loop's start; since due
	kind      kind
}

// samples gathers lookups as an openLoop's each.
type samples struct {
	questions []question
	all       []sample
}

func (s *samples) each(i int, due, took time.Duration) {
	s.all = append(s.all, sample{due, took, s.questions[i%len(s.questions)].kind})
}

// phases drives the server while checkpoints, a list run and collections go on,
// and tells the lookups apart by what went on while they waited.
func (b *Serve) phases(ctx context.Context, d *driven, t target, qs []question, report *ServeReport) error {
	b.say("lookups for %v, with checkpoints every %v, a list run (%v) and a collection", b.Phases, b.Checkpoint, b.ListRun)
	s := &samples{questions: qs}
	loop := t.loop(b.Conns, b.Rate, b.Phases)
	loop.warmUp, loop.each = b.WarmUp, s.each
	type outcome struct {
		list *listRun
		err  error
	}
	beside := make(chan outcome, 1)
	busy, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		l, err := b.disturb(busy, d)
		beside <- outcome{l, err}
	}()
	result, err := loop.run(ctx)
	cancel()
	o := <-beside
	if err := errors.Join(err, o.err); err != nil {
		return fmt.Errorf("lookups for the table of phases: %w", err)
	}
	return b.sort(ctx, d, s.all, result.began, o.list, report)
}

// disturb starts a list run after a third of the time, and a collection after
// two thirds, and returns when ctx ends.
func (b *Serve) disturb(ctx context.Context, d *driven) (l *listRun, err error) {
	third := (b.WarmUp + b.Phases) / 3
	if b.ListRun {
		if pause(ctx, third) != nil {
			return nil, nil
		}
		if l, err = startList(ctx, d.addr, `{"scenario":"newsletter","count":35,"format":"ndjson"}`); err != nil {
			return nil, endedOr(ctx, err)
		}
	}
	if pause(ctx, third) != nil || d.child == nil {
		<-ctx.Done()
		return l, nil
	}
	// A profile of the heap is taken after a collection.
	if _, _, err := once(ctx, d.child.pprof, get(d.child.pprof, "/debug/pprof/heap?gc=1")); err != nil {
		return l, endedOr(ctx, fmt.Errorf("make the server collect: %w", err))
	}
	<-ctx.Done()
	return l, nil
}

// endedOr is err unless ctx has ended, which is no error.
func endedOr(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// pause waits for d or for the end of ctx.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// sort tells the lookups apart. One that waited while two things went on counts
// for both; the first row has those that waited while none did.
func (b *Serve) sort(ctx context.Context, d *driven, all []sample, began time.Time, l *listRun, report *ServeReport) error {
	var spans [3][]span
	if l != nil {
		if err := l.cancel(ctx); err != nil {
			return err
		}
		if !l.Started.IsZero() {
			spans[1] = []span{{l.Started, l.Ended}}
			report.ListMembers = l.Looked
		}
	}
	if d.child != nil {
		log, err := d.child.readLog()
		if err != nil {
			return err
		}
		end := began.Add(b.WarmUp + b.Phases)
		spans[0], spans[2] = within(log.checkpoints, began, end), within(log.collections, began, end)
		report.Pauses = pausesOf(log, began, end)
	}
	report.Phases = append(report.Phases, phase("nothing else", nil, all, began, func(s *sample) bool {
		return !during(s, began, spans[0]) && !during(s, began, spans[1]) && !during(s, began, spans[2])
	}))
	for i, name := range []string{"checkpoint", "list run", "collection"} {
		if len(spans[i]) > 0 {
			report.Phases = append(report.Phases, phase(name, spans[i], all, began, func(s *sample) bool { return during(s, began, spans[i]) }))
		}
	}
	report.Phases = append(report.Phases, phase("all", nil, all, began, func(*sample) bool { return true }))
	return nil
}

// within are the spans that have a part between two moments.
func within(spans []span, from, to time.Time) (out []span) {
	for _, s := range spans {
		if s.to.After(from) && s.from.Before(to) {
			out = append(out, s)
		}
	}
	return out
}

func pausesOf(log *serverLog, from, to time.Time) (p Pauses) {
	for i, s := range log.collections {
		if s.to.Before(from) || s.from.After(to) {
			continue
		}
		p.Cycles++
		for _, ms := range log.pauses[2*i : 2*i+2] {
			p.Sum += ms
			p.Worst = max(p.Worst, ms)
		}
	}
	return p
}

// during is whether a lookup waited while one of the spans went on.
func during(s *sample, began time.Time, spans []span) bool {
	from, to := began.Add(s.due), began.Add(s.due+s.took)
	for _, p := range spans {
		if from.Before(p.to) && to.After(p.from) {
			return true
		}
	}
	return false
}

func phase(name string, spans []span, all []sample, began time.Time, of func(*sample) bool) Phase {
	p := Phase{Name: name, Spans: len(spans), P99: map[string]float64{}}
	for _, s := range spans {
		p.Seconds += s.to.Sub(s.from).Seconds()
	}
	whole := newHistogram()
	var each [kinds]*hdrhistogram.Histogram
	for k := range each {
		each[k] = newHistogram()
	}
	for i := range all {
		if s := &all[i]; of(s) {
			// What took longer than two minutes has failed already.
			_ = whole.RecordValue(int64(s.took))
			_ = each[s.kind].RecordValue(int64(s.took))
		}
	}
	p.Latency = latency(whole)
	for k := range each {
		if each[k].TotalCount() > 0 {
			p.P99[kind(k).String()] = latency(each[k]).P99
		}
	}
	return p
}

// phasesTable writes the table of phases for people.
func (r *ServeReport) phasesTable(w io.Writer) {
	if len(r.Phases) == 0 {
		return
	}
	fmt.Fprintln(w, "\nwhile\tseconds\tlookups\tp50 ms\tp99\tp99.9\tmax\tp99 together\tbasket\tgoods\toffers\t")
	for _, p := range r.Phases {
		l := p.Latency
		fmt.Fprintf(w, "%s\t%.1f\t%d\t%.3f\t%.3f\t%.3f\t%.3f\t", p.Name, p.Seconds, l.Count, l.P50, l.P99, l.P999, l.Max)
		for k := range kinds {
			fmt.Fprintf(w, "%.3f\t", p.P99[k.String()])
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintf(w, "\n%d collections; the longest pause %.3f ms, all pauses %.3f ms; the list run came to %d members\n",
		r.Pauses.Cycles, r.Pauses.Worst, r.Pauses.Sum, r.ListMembers)
}
