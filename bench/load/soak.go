package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Soak is nabo bench soak: everything at once for as long as one likes, and
// whether memory, goroutines, disk and latency stay flat.
type Soak struct {
	Common `kong:"embed,set='members=100000',set='lines=12',set='duration=10m'"`
	Mix
	Rate       int           `help:"Lookups a second." default:"5000"`
	Conns      int           `help:"Connections for lookups." default:"32"`
	Lookups    int           `help:"Different lookups to choose from." default:"20000"`
	Every      time.Duration `help:"How often a sample is taken." default:"10s"`
	Checkpoint time.Duration `help:"How often the server takes a checkpoint." default:"60s"`
	Lists      time.Duration `help:"How often the server is asked for everybody's list; 0s: never." default:"2m"`
}

// SoakReport is what Soak found.
type SoakReport struct {
	Machine  Machine      `json:"machine"`
	Asked    ServeAsks    `json:"asked"`
	Samples  []SoakSample `json:"samples"`
	Verdicts []Flat       `json:"verdicts"`
	Flat     bool         `json:"flat"` // all of them
	Lookups  LoopPart     `json:"lookups"`
	Receipts LoopPart     `json:"receipts"`
	Lists    int          `json:"lists"` // list runs that came to an end
	Memory   Memory       `json:"memory"`
}

// SoakSample is how a server stands at one moment.
type SoakSample struct {
	At         float64 `json:"seconds"`
	Resident   float64 `json:"residentMiB"`
	Live       float64 `json:"liveMiB"` // heap after the newest collection
	Goroutines float64 `json:"goroutines"`
	Disk       float64 `json:"diskMiB"` // without the log, which grows by what it is for
	LogEach    float64 `json:"-"`       // bytes of log for each event applied since the sample before; -1: there were none
	Lag        float64 `json:"lag"`     // messages of the log that are not applied
	Lookups    int64   `json:"lookups"` // since the sample before
	P50        float64 `json:"p50Ms"`
	P99        float64 `json:"p99Ms"`

	logBytes int64
	applied  uint64
}

// limits are how much may change over the second half. Memory takes the keys of
// the receipts that flow; a checkpoint's files come and go; the slowest
// hundredth of some thousand lookups is a few.
var limits = []struct {
	limit
	of func(*SoakSample) float64
}{
	{limit{"resident", "MiB", 0.05, 96}, func(s *SoakSample) float64 { return s.Resident }},
	{limit{"live heap", "MiB", 0.05, 64}, func(s *SoakSample) float64 { return s.Live }},
	{limit{"goroutines", "", 0.05, 10}, func(s *SoakSample) float64 { return s.Goroutines }},
	{limit{"disk without log", "MiB", 0.15, 128}, func(s *SoakSample) float64 { return s.Disk }},
	{limit{"log an event", "bytes", 0.05, 8}, (*SoakSample).logEach},
	{limit{"log lag", "messages", 0, 100}, func(s *SoakSample) float64 { return s.Lag }},
	{limit{"p50", "ms", 0.2, 0.2}, func(s *SoakSample) float64 { return s.P50 }},
	{limit{"p99", "ms", 0.25, 0.5}, func(s *SoakSample) float64 { return s.P99 }},
}

// logEach is not a number where there were no receipts.
func (s *SoakSample) logEach() float64 {
	if s.LogEach < 0 {
		return math.NaN()
	}
	return s.LogEach
}

// GrowsError says what did not stay flat.
type GrowsError struct{ Names []string }

// Error names what grows.
func (e *GrowsError) Error() string { return fmt.Sprintf("the soak was not flat: %v grew", e.Names) }

func (b *Soak) validate() error {
	if err := asked(b.Rate, b.Conns, b.Lookups); err != nil {
		return err
	}
	switch {
	case b.Every < 10*time.Millisecond || b.Duration < 2*fewest*b.Every:
		return fmt.Errorf("--every %v: want 10ms to %v, an eighth of --duration", b.Every, b.Duration/(2*fewest))
	case b.Checkpoint < time.Second || b.Lists < 0:
		return fmt.Errorf("--checkpoint %v, --lists %v: want 1s or more, and 0s or more", b.Checkpoint, b.Lists)
	}
	return errors.Join(b.own(), b.lasting(), b.Common.validate(), b.Mix.validate())
}

// Run makes the measurement and prints the report. A *GrowsError says that
// something did not stay flat; any other error, that it could not be measured.
func (b *Soak) Run(ctx context.Context) error {
	if err := b.validate(); err != nil {
		return err
	}
	var report *SoakReport
	measure := func(d *driven) (_ tabled, err error) {
		report, err = b.measure(ctx, d)
		return report, err
	}
	if err := b.onServer(ctx, measure, "--checkpoint-every", b.Checkpoint.String()); err != nil {
		return err
	}
	return report.grows()
}

// grows says what did not stay flat; nil: all did.
func (r *SoakReport) grows() error {
	var names []string
	for _, v := range r.Verdicts {
		if !v.Flat {
			names = append(names, v.Name)
		}
	}
	if len(names) > 0 {
		return &GrowsError{names}
	}
	return nil
}

// soaking is one soak under way.
type soaking struct {
	*Soak
	*driven
	began time.Time

	mu      sync.Mutex
	lookups *hdrhistogram.Histogram // since the sample before; guarded by mu
}

func (b *Soak) measure(ctx context.Context, d *driven) (*SoakReport, error) {
	if err := d.settle(ctx, &b.Common); err != nil {
		return nil, err
	}
	t := asking(targetServer, d.addr, questions(d.base, b.Mix, b.Lookups))
	s := &soaking{Soak: b, driven: d, began: time.Now(), lookups: newHistogram()}
	loop := t.loop(b.Conns, b.Rate, b.Duration)
	loop.each = func(_ int, _, took time.Duration) { s.note(took) }
	report := &SoakReport{Machine: machine(), Asked: b.serveAsks(b.Rate)}
	f := startFlow(ctx, &b.Common, d.addr, d.base)
	beside, cancel := context.WithCancel(ctx)
	var wait sync.WaitGroup
	var sampleErr, listErr error
	wait.Go(func() { report.Samples, sampleErr = s.sample(beside) })
	wait.Go(func() { report.Lists, listErr = s.lists(beside) })
	result, err := loop.run(ctx)
	cancel()
	wait.Wait()
	receipts, flowErr := f.stop()
	if err := errors.Join(err, sampleErr, listErr, flowErr); err != nil {
		return nil, err
	}
	report.Lookups, report.Receipts = result.part(), receipts.part()
	if err := report.judge(); err != nil {
		return nil, err
	}
	report.Memory, err = d.memory(ctx)
	return report, err
}

func (s *soaking) note(took time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = s.lookups.RecordValue(int64(took)) // what took too long has failed already
}

// sample takes samples until ctx ends.
func (s *soaking) sample(ctx context.Context) (out []SoakSample, err error) {
	tick := time.NewTicker(s.Every)
	defer tick.Stop()
	var before *SoakSample
	for {
		select {
		case <-ctx.Done():
			return out, nil
		case <-tick.C:
		}
		now, err := s.look(ctx, before)
		if err != nil {
			return out, endedOr(ctx, err)
		}
		out = append(out, *now)
		before = now
		s.say("  %4.0f s: resident %.0f MiB, live %.0f MiB, %.0f goroutines, disk %.0f MiB, lag %.0f, p50 %.3f ms, p99 %.3f ms",
			now.At, now.Resident, now.Live, now.Goroutines, now.Disk, now.Lag, now.P50, now.P99)
	}
}

// look takes one sample.
func (s *soaking) look(ctx context.Context, before *SoakSample) (*SoakSample, error) {
	s.mu.Lock()
	h := s.lookups
	s.lookups = newHistogram()
	s.mu.Unlock()
	st, err := getStats(ctx, s.addr)
	if err != nil {
		return nil, err
	}
	said, err := metrics(ctx, s.addr, residentMetric, routinesMetric)
	if err != nil {
		return nil, err
	}
	log, err := s.child.readLog()
	if err != nil {
		return nil, err
	}
	use, err := diskUse(s.data)
	if err != nil {
		return nil, err
	}
	l := latency(h)
	now := &SoakSample{
		At: time.Since(s.began).Seconds(), Resident: said[residentMetric] / (1 << 20), Live: log.live,
		Goroutines: said[routinesMetric], Disk: float64(use.rest) / (1 << 20), Lag: float64(st.Lag),
		Lookups: l.Count, P50: l.P50, P99: l.P99, LogEach: -1, logBytes: use.log, applied: st.Events.Applied,
	}
	if before != nil && now.applied > before.applied && now.logBytes >= before.logBytes {
		now.LogEach = float64(now.logBytes-before.logBytes) / float64(now.applied-before.applied)
	}
	return now, nil
}

// lists has everybody's list made again and again until ctx ends.
func (s *soaking) lists(ctx context.Context) (made int, err error) {
	for s.Lists > 0 {
		if pause(ctx, s.Lists) != nil {
			return made, nil
		}
		l, err := startList(ctx, s.addr, `{"scenario":"newsletter","count":35,"format":"ndjson"}`)
		if err == nil {
			err = l.wait(ctx, s.Duration+startPatience)
		}
		if err != nil {
			return made, endedOr(ctx, err)
		}
		made++
	}
	return 0, nil
}

// judge says of each part whether it stayed flat.
func (r *SoakReport) judge() error {
	r.Flat = true
	at := make([]float64, len(r.Samples))
	values := make([]float64, len(r.Samples))
	for _, l := range limits {
		for i := range r.Samples {
			at[i], values[i] = r.Samples[i].At, l.of(&r.Samples[i])
		}
		v, err := judge(l.limit, at, values)
		if err != nil {
			return err
		}
		r.Verdicts = append(r.Verdicts, v)
		r.Flat = r.Flat && v.Flat
	}
	return nil
}

// table writes the report for people.
func (r *SoakReport) table(w io.Writer) {
	a := r.Asked
	fmt.Fprintf(w, "%d members, %d products, %d offers; %d lookups and %d receipts a second for %s, %d list runs, %s\n\n",
		a.Members, a.Products, a.Offers, a.Rate, a.Receipts, a.Duration, r.Lists, r.Machine)
	fmt.Fprintln(w, heading)
	r.Lookups.row(w, "lookups")
	r.Receipts.row(w, "receipts")
	fmt.Fprintln(w, "\nsecond half\tmedian\tlast\tgrowth\tallowed\tunit\t\t")
	for i := range r.Verdicts {
		r.Verdicts[i].row(w)
	}
	r.Memory.table(w)
}
