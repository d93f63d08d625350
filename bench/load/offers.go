package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"nabo/engine"
)

// Offers is nabo bench offers: how long one member's offers take in process,
// while receipts flow.
type Offers struct {
	Inside   `kong:"embed,set='members=100000',set='lines=12',set='duration=5s'"`
	Scenario string        `help:"Where the lists are shown." default:"app-home"`
	Receipts int           `help:"Receipts a second that flow meanwhile." default:"1000"`
	Rounds   int           `help:"Rounds of lookups." default:"5"`
	WarmUp   time.Duration `help:"How long lookups run before the first round." default:"2s"`
}

// OffersReport is what Offers found.
type OffersReport struct {
	Machine  Machine  `json:"machine"`
	Filling  Filling  `json:"filling"`
	Scenario string   `json:"scenario"`
	Receipts int      `json:"receipts"` // a second
	Applied  int      `json:"applied"`
	Late     float64  `json:"lateMs"` // the latest that a receipt was applied
	Rounds   []Micros `json:"roundsUs"`
	// Processor is how long the answers of each round had a processor: on a
	// machine that others use too, what an answer takes by itself.
	Processor []Micros `json:"processorUs"`
	P50       float64  `json:"p50Us"` // median over the rounds, likewise the rest
	P99       float64  `json:"p99Us"`
	P999      float64  `json:"p999Us"`
	Items     float64  `json:"items"` // of an answer, on average
	Own       float64  `json:"personalised"`
	Could     float64  `json:"candidates"` // offers that could have been in an answer
}

// Micros is a distribution in microseconds.
type Micros struct {
	Count int64   `json:"count"`
	P50   float64 `json:"p50"`
	P99   float64 `json:"p99"`
	P999  float64 `json:"p999"`
	Max   float64 `json:"max"`
}

// fineHistogram holds latencies in nanoseconds, from a tenth of a microsecond to
// ten seconds, to three digits.
func fineHistogram() *hdrhistogram.Histogram { return hdrhistogram.New(100, int64(10*time.Second), 3) }

func micros(h *hdrhistogram.Histogram) Micros {
	at := func(q float64) float64 { return float64(h.ValueAtQuantile(q)) / 1e3 }
	return Micros{Count: h.TotalCount(), P50: at(50), P99: at(99), P999: at(99.9), Max: float64(h.Max()) / 1e3}
}

func (b *Offers) validate() error {
	if err := first(bounded("--receipts", b.Receipts, 0, 1_000_000), bounded("--rounds", b.Rounds, 1, 1000)); err != nil {
		return err
	}
	if b.Duration < 10*time.Millisecond || b.WarmUp < 0 {
		return fmt.Errorf("--duration %v, --warm-up %v: want 10ms or more, and 0s or more", b.Duration, b.WarmUp)
	}
	return b.Inside.validate()
}

// Run makes the measurement and prints the report. It returns an error when it
// could not be made, not when its figures are bad.
func (b *Offers) Run(ctx context.Context) error {
	if err := b.validate(); err != nil {
		return err
	}
	return b.inEngine(ctx, func(f *filled) (tabled, error) { return b.measure(ctx, f) })
}

// measure asks for one member's offers after the other while receipts flow.
func (b *Offers) measure(ctx context.Context, f *filled) (report *OffersReport, err error) {
	report = &OffersReport{Machine: machine(), Filling: f.took, Scenario: b.Scenario, Receipts: b.Receipts}
	report.Applied, report.Late, err = beside(ctx, f, b.Receipts, func(ctx context.Context) error { return b.rounds(ctx, f, report) })
	report.sum()
	return report, err
}

// beside does something while receipts flow and what is derived is refreshed. It
// returns how many receipts were applied, and by how many milliseconds the latest
// of them was late.
func beside(ctx context.Context, f *filled, receipts int, do func(context.Context) error) (applied int, lateMs float64, err error) {
	flow, stop := context.WithCancel(ctx)
	var wait sync.WaitGroup
	var late time.Duration
	var errs [2]error
	wait.Go(func() { applied, late, errs[0] = f.stream(flow, receipts) })
	wait.Go(func() { errs[1] = f.refresh(flow) })
	err = do(ctx)
	stop()
	wait.Wait()
	return applied, late.Seconds() * 1e3, errors.Join(err, errs[0], errs[1])
}

// asker asks for members' offers, one after the other.
type asker struct {
	f     *filled
	q     engine.OfferQuery
	a     engine.OfferAnswer
	rng   *rand.Rand
	began time.Time

	items, own, candidates, answers int
}

func (f *filled) asker(q engine.OfferQuery, seed uint64) *asker {
	return &asker{f: f, q: q, rng: rand.New(rand.NewPCG(seed, 35)), began: time.Now()}
}

// ask asks for somebody's offers and returns how long that took, and how much
// of it the thread had a processor. The caller is bound to its thread if it
// reads that; -1 is not known.
func (s *asker) ask() (took, worked time.Duration) {
	s.q.Member = s.f.base.Token(s.rng.IntN(s.f.base.Options().Members))
	now := s.f.now(s.began)
	before, known := processorTime()
	began := time.Now()
	s.f.Offers(&s.q, now, &s.a)
	took = time.Since(began)
	after, _ := processorTime()
	worked = after - before
	if !known {
		worked = -1
	}
	s.answers++
	s.items += len(s.a.Items)
	s.candidates += s.a.Candidates
	if s.a.Personalised {
		s.own++
	}
	return took, worked
}

// rounds asks for one member's offers after the other, round by round.
func (b *Offers) rounds(ctx context.Context, f *filled, report *OffersReport) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	s := f.asker(b.question(b.Scenario), b.Seed)
	for began := time.Now(); time.Since(began) < b.WarmUp; {
		s.ask()
	}
	for n := range b.Rounds {
		h, processor := fineHistogram(), fineHistogram()
		for began := time.Now(); time.Since(began) < b.Duration; {
			for range 64 {
				took, worked := s.ask()
				if err := errors.Join(h.RecordValue(int64(took)), processor.RecordValue(int64(max(worked, 0)))); err != nil {
					return fmt.Errorf("an answer took too long to count: %w", err)
				}
			}
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		m, p := micros(h), micros(processor)
		report.Rounds = append(report.Rounds, m)
		report.Processor = append(report.Processor, p)
		b.say("round %d of %d: p50 %.1f µs, p99 %.1f µs, p99.9 %.1f µs; on the processor %.1f, %.1f, %.1f",
			n+1, b.Rounds, m.P50, m.P99, m.P999, p.P50, p.P99, p.P999)
	}
	n := float64(s.answers)
	report.Items, report.Own, report.Could = float64(s.items)/n, float64(s.own)/n, float64(s.candidates)/n
	return nil
}

// sum fills in the medians over the rounds.
func (r *OffersReport) sum() {
	var p50, p99, p999 []float64
	for _, m := range r.Rounds {
		p50, p99, p999 = append(p50, m.P50), append(p99, m.P99), append(p999, m.P999)
	}
	r.P50, r.P99, r.P999 = median(p50), median(p99), median(p999)
}

// table writes the report for people.
func (r *OffersReport) table(w io.Writer) {
	r.Filling.table(w, r.Machine)
	fmt.Fprintf(w, "one member's %d of %d offers for %s while %d receipts a second flow\n\n", offersAsked, r.Filling.Offers, r.Scenario, r.Receipts)
	fmt.Fprintln(w, microsHeading)
	for i, m := range r.Rounds {
		m.row(w, fmt.Sprint(i+1))
		r.Processor[i].row(w, fmt.Sprintf("%d on the processor", i+1))
	}
	fmt.Fprintf(w, "\nmedians: p50 %.1f µs (aim: under 50), p99 %.1f µs (aim: under 200), p99.9 %.1f µs\n", r.P50, r.P99, r.P999)
	fmt.Fprintf(w, "%.1f offers in an answer, out of %.1f that could have been; %.1f %% of the answers personalised\n", r.Items, r.Could, 100*r.Own)
	fmt.Fprintf(w, "%d receipts applied, the latest %.1f ms after it was due\n", r.Applied, r.Late)
}

// microsHeading is the head of a table of answers' times.
const microsHeading = "\tanswers\tp50 µs\tp99\tp99.9\tmax\t"

func (m Micros) row(w io.Writer, name string) {
	fmt.Fprintf(w, "%s\t%d\t%.1f\t%.1f\t%.1f\t%.1f\t\n", name, m.Count, m.P50, m.P99, m.P999, m.Max)
}

// table writes what filling took.
func (r *Filling) table(w io.Writer, m Machine) {
	fmt.Fprintf(w, "%d members, %d products, %d offers, %d bindings, %d edges, %s\n", r.Members, r.Products, r.Offers, r.Bindings, r.Edges, m)
	if r.Load > 0 {
		fmt.Fprintf(w, "loaded in %.1f s", r.Load)
	} else {
		fmt.Fprintf(w, "filled in %.1f s (%.0f bindings a second), saved in %.1f s", r.Seconds, float64(r.Bindings)/r.Seconds, r.Save)
	}
	fmt.Fprintf(w, ", refreshed in %.1f s; heap %.2f GiB, resident %.2f GiB\n\n", r.Refresh, r.Heap, r.Resident)
}
