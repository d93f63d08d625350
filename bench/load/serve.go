package load

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Serve is nabo bench serve: lookups and receipts at once, beside a bare
// handler that answers the same lookups with the same bytes, and while
// checkpoints, a list run and collections go on.
type Serve struct {
	Common `kong:"embed,set='members=100000',set='lines=12',set='duration=6s'"`
	Mix
	Rate    int           `help:"Lookups a second." default:"5000"`
	Rounds  int           `help:"Rounds, each of them once with the server and once with the bare handler." default:"5"`
	WarmUp  time.Duration `help:"How long each round runs before it is measured." default:"1s"`
	Conns   int           `help:"Connections for lookups." default:"32"`
	Peak    time.Duration `help:"How long each peak is measured; 0s leaves the peaks out." default:"3s"`
	Lookups int           `help:"Different lookups to choose from." default:"20000"`

	Phases     time.Duration `help:"How long lookups go on for the table of what the server did meanwhile; 0s leaves it out." default:"60s"`
	Checkpoint time.Duration `help:"How often the server takes a checkpoint." default:"20s"`
	ListRun    bool          `help:"Have the server make everybody's list meanwhile." default:"true" negatable:""`
}

// ServeReport is what Serve found.
type ServeReport struct {
	Machine  Machine   `json:"machine"`
	Asked    ServeAsks `json:"asked"`
	Rounds   []Round   `json:"rounds"`
	Kinds    []ByKind  `json:"kinds"`    // of the server, over all rounds
	P99      float64   `json:"p99"`      // of the server, milliseconds, median over the rounds
	P99Bare  float64   `json:"p99Bare"`  // of the bare handler, likewise
	P99Ratio float64   `json:"p99Ratio"` // server over bare handler, median over the rounds
	Peaks    []Peak    `json:"peaks,omitempty"`
	Peak     float64   `json:"peak"`      // answers a second of the server, median
	PeakBare float64   `json:"peakBare"`  // of the bare handler, likewise
	PeakPart float64   `json:"peakRatio"` // server over bare handler, median over the rounds
	Receipts LoopPart  `json:"receipts"`  // how those fared that flowed all the while

	Phases      []Phase `json:"phases,omitempty"`
	Pauses      Pauses  `json:"pauses"`
	ListMembers int     `json:"listMembers"` // whom the list run came to
	Memory      Memory  `json:"memory"`      // of the server, at the end
}

// ServeAsks repeats what was asked for.
type ServeAsks struct {
	Rate     int    `json:"rate"`
	Receipts int    `json:"receipts"`
	Batch    int    `json:"batch"`
	Duration string `json:"duration"`
	Members  int    `json:"members"`
	Products int    `json:"products"`
	Offers   int    `json:"offers"`
	History  int    `json:"history"`
	Seed     uint64 `json:"seed"`
}

// serveAsks repeats what was asked for, with so many lookups a second.
func (o *Common) serveAsks(rate int) ServeAsks {
	return ServeAsks{rate, o.Receipts, o.Batch, o.Duration.String(), o.Members, o.Products, o.Offers, o.History, o.Seed}
}

// ByKind is how one kind of lookups fared.
type ByKind struct {
	Kind    string  `json:"kind"`
	Latency Latency `json:"latencyMs"`
}

// Machine is where a report was made.
type Machine struct {
	CPUs int    `json:"cpus"`
	Arch string `json:"arch"`
	OS   string `json:"os"`
	Go   string `json:"go"`
}

// Round is one round of lookups at a steady rate.
type Round struct {
	Target string `json:"target"` // nabo or bare
	LoopPart
}

// LoopPart is how requests at a steady rate fared.
type LoopPart struct {
	Rate    float64 `json:"rate"` // answers a second
	Failed  int64   `json:"failed"`
	Latency Latency `json:"latencyMs"`
}

// Peak is one round of lookups as fast as the answers come.
type Peak struct {
	Target string  `json:"target"`
	Rate   float64 `json:"rate"` // answers a second
}

// The targets of a round, in the order in which they take turns.
const (
	targetServer = "nabo"
	targetBare   = "bare"
)

func (b *Serve) validate() error {
	if err := first(asked(b.Rate, b.Conns, b.Lookups), bounded("--rounds", b.Rounds, 1, 1000)); err != nil {
		return err
	}
	switch {
	case b.WarmUp < 0 || b.Peak < 0 || b.Phases < 0:
		return errors.New("--warm-up, --peak and --phases: want 0s or more")
	case b.Checkpoint < time.Second:
		return fmt.Errorf("--checkpoint %v: want 1s or more", b.Checkpoint)
	}
	return errors.Join(b.lasting(), b.Common.validate(), b.Mix.validate())
}

// Run makes the measurement and prints the report. It returns an error when it
// could not be made, not when its figures are bad.
func (b *Serve) Run(ctx context.Context) error {
	if err := b.validate(); err != nil {
		return err
	}
	measure := func(d *driven) (tabled, error) { return b.measure(ctx, d) }
	return b.onServer(ctx, measure, "--checkpoint-every", b.Checkpoint.String())
}

// measure drives a server that is filled.
func (b *Serve) measure(ctx context.Context, d *driven) (report *ServeReport, err error) {
	if err := d.settle(ctx, &b.Common); err != nil {
		return nil, err
	}
	qs := questions(d.base, b.Mix, b.Lookups)
	answers, err := ask(ctx, d.addr, qs)
	if err != nil {
		return nil, err
	}
	bare, err := startBare(&b.Common, answers)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, bare.stop()) }()
	report = &ServeReport{Machine: machine(), Asked: b.serveAsks(b.Rate)}
	own := asking(targetServer, d.addr, qs)
	f := startFlow(ctx, &b.Common, d.addr, d.base)
	err = b.turns(ctx, report, qs, [2]target{own, asking(targetBare, bare.addr, qs)})
	if err == nil && b.Phases > 0 {
		err = b.phases(ctx, d, own, qs, report)
	}
	receipts, flowErr := f.stop()
	if err := errors.Join(err, flowErr); err != nil {
		return nil, err
	}
	report.Receipts = receipts.part()
	report.sum()
	report.Memory, err = d.memory(ctx)
	return report, err
}

// target is who answers the lookups of a round.
type target struct {
	name     string
	addr     string
	requests [][]byte
}

// asking returns a target that is asked some questions.
func asking(name, addr string, qs []question) target {
	t := target{name, addr, make([][]byte, len(qs))}
	for i := range qs {
		t.requests[i] = qs[i].request(addr)
	}
	return t
}

// loop asks the target at a steady rate, after the last question the first again.
func (t *target) loop(conns, rate int, duration time.Duration) *openLoop {
	return &openLoop{
		addr: t.addr, conns: conns, rate: float64(rate), duration: duration, want: 200,
		next: func(dst []byte, i int) []byte { return append(dst, t.requests[i%len(t.requests)]...) },
	}
}

// turns measures both targets in turn, round by round, and then their peaks.
func (b *Serve) turns(ctx context.Context, report *ServeReport, qs []question, targets [2]target) error {
	s := &samples{questions: qs}
	for n := range b.Rounds {
		for _, t := range targets {
			loop := t.loop(b.Conns, b.Rate, b.Duration)
			loop.warmUp = b.WarmUp
			if t.name == targetServer {
				loop.each = s.each
			}
			result, err := loop.run(ctx)
			if err != nil {
				return fmt.Errorf("lookups from %s: %w", t.name, err)
			}
			r := Round{t.name, result.part()}
			report.Rounds = append(report.Rounds, r)
			b.say("round %d of %d, %s: p50 %.3f ms, p99 %.3f ms, %.0f/s", n+1, b.Rounds, t.name, r.Latency.P50, r.Latency.P99, r.Rate)
		}
	}
	report.Kinds = byKind(s.all)
	if b.Peak == 0 {
		return nil
	}
	return b.peaks(ctx, report, targets)
}

// byKind tells lookups apart by their kinds.
func byKind(all []sample) (out []ByKind) {
	for k := range kinds {
		h := newHistogram()
		for i := range all {
			if all[i].kind == k {
				_ = h.RecordValue(int64(all[i].took)) // what took too long has failed already
			}
		}
		if h.TotalCount() > 0 {
			out = append(out, ByKind{k.String(), latency(h)})
		}
	}
	return out
}

// peaks measures both targets in turn as fast as the answers come.
func (b *Serve) peaks(ctx context.Context, report *ServeReport, targets [2]target) error {
	for n := range b.Rounds {
		for _, t := range targets {
			rate, err := peak(ctx, t, b.Conns, b.Peak)
			if err != nil {
				return fmt.Errorf("peak of %s: %w", t.name, err)
			}
			report.Peaks = append(report.Peaks, Peak{t.name, rate})
			b.say("peak %d of %d, %s: %.0f/s", n+1, b.Rounds, t.name, rate)
		}
	}
	return nil
}

// peak asks on every connection, again as soon as the answer is there, and
// returns the answers a second.
func peak(ctx context.Context, t target, conns int, d time.Duration) (float64, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, d, errPeakOver)
	defer cancel()
	var answers atomic.Int64
	errs := make([]error, conns)
	var askers sync.WaitGroup
	start := time.Now()
	for i := range conns {
		askers.Go(func() {
			errs[i] = askOn(ctx, t, i*len(t.requests)/conns, &answers)
			if errs[i] != nil {
				cancel()
			}
		})
	}
	askers.Wait()
	took := time.Since(start)
	if err := errors.Join(errs...); err != nil {
		return 0, err
	}
	if cause := context.Cause(ctx); !errors.Is(cause, errPeakOver) {
		return 0, cause
	}
	return float64(answers.Load()) / took.Seconds(), nil
}

var errPeakOver = errors.New("the time is over")

// askOn asks on one connection, from the i-th request on, until ctx ends.
func askOn(ctx context.Context, t target, i int, answers *atomic.Int64) error {
	c, err := dial(ctx, t.addr)
	if err != nil {
		return err
	}
	defer c.Close()
	if end, ok := ctx.Deadline(); ok {
		c.SetDeadline(end.Add(patience))
	}
	for ; ctx.Err() == nil; i++ {
		status, body, err := c.do(t.requests[i%len(t.requests)])
		if err != nil {
			return err
		}
		if status != 200 {
			return fmt.Errorf("answered %d: %.200s", status, body)
		}
		answers.Add(1)
	}
	return nil
}

func (r *loopResult) part() LoopPart {
	return LoopPart{Rate: r.rate, Failed: r.failed, Latency: latency(r.latency)}
}

func machine() Machine {
	return Machine{runtime.NumCPU(), runtime.GOARCH, runtime.GOOS, runtime.Version()}
}

// sum fills in the medians over the rounds.
func (r *ServeReport) sum() {
	var own, bare, ratio []float64
	for i := 0; i+1 < len(r.Rounds); i += 2 {
		a, b := r.Rounds[i].Latency.P99, r.Rounds[i+1].Latency.P99
		own, bare, ratio = append(own, a), append(bare, b), append(ratio, a/b)
	}
	r.P99, r.P99Bare, r.P99Ratio = median(own), median(bare), median(ratio)
	own, bare, ratio = nil, nil, nil
	for i := 0; i+1 < len(r.Peaks); i += 2 {
		a, b := r.Peaks[i].Rate, r.Peaks[i+1].Rate
		own, bare, ratio = append(own, a), append(bare, b), append(ratio, a/b)
	}
	r.Peak, r.PeakBare, r.PeakPart = median(own), median(bare), median(ratio)
}

// median is the middle of v, 0 of nothing.
func median(v []float64) float64 {
	if len(v) == 0 {
		return 0
	}
	v = slices.Sorted(slices.Values(v))
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}
