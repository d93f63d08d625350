package load

import (
	"context"
	"fmt"
	"io"
	"time"

	"nabo/bench/gen"
	"nabo/engine"
	"nabo/engine/event"
)

// Lookup is nabo bench lookup: how long each kind of question takes the engine
// in process, alone and while receipts are applied.
type Lookup struct {
	Inside   `kong:"embed,set='members=100000',set='lines=12',set='duration=3s'"`
	Rate     int `help:"Lookups a second of the kind that is measured." default:"1000"`
	Receipts int `help:"Receipts a second that are applied in the second round." default:"1000"`
	Count    int `help:"Products in an answer." default:"10"`
}

// LookupReport is what Lookup found.
type LookupReport struct {
	Machine  Machine      `json:"machine"`
	Filling  Filling      `json:"filling"`
	Rate     int          `json:"rate"`
	Receipts int          `json:"receipts"` // a second
	Kinds    []LookupKind `json:"kinds"`
	Applied  int          `json:"applied"` // receipts meanwhile
	Late     float64      `json:"lateMs"`  // the latest that one was applied
}

// LookupKind is how one kind of questions fared.
type LookupKind struct {
	Kind   string  `json:"kind"`
	Items  float64 `json:"items"` // of an answer, on average
	Alone  timings `json:"alone"`
	Beside timings `json:"beside"` // while receipts are applied
}

// lookupKinds are the questions, in the order of the table.
var lookupKinds = [...]struct {
	name string
	kind engine.Kind // 0: offers
}{
	{"together", engine.Together}, {"basket", engine.Basket}, {"goods", engine.Goods},
	{"similar", engine.Similar}, {"trending", engine.Trending}, {"offers", 0},
}

func (b *Lookup) validate() error {
	if err := first(
		bounded("--rate", b.Rate, 1, 1_000_000),
		bounded("--receipts", b.Receipts, 0, 1_000_000),
		bounded("--count", b.Count, 1, engine.MaxCount),
	); err != nil {
		return err
	}
	if b.Duration < 10*time.Millisecond {
		return fmt.Errorf("--duration %v: want 10ms or more", b.Duration)
	}
	return b.Inside.validate()
}

// Run makes the measurement and prints the report. It returns an error when it
// could not be made, not when its figures are bad.
func (b *Lookup) Run(ctx context.Context) error {
	if err := b.validate(); err != nil {
		return err
	}
	return b.inEngine(ctx, func(f *filled) (tabled, error) { return b.measure(ctx, f) })
}

// measure asks each kind of question alone, and then while receipts are applied.
func (b *Lookup) measure(ctx context.Context, f *filled) (report *LookupReport, err error) {
	report = &LookupReport{Machine: machine(), Filling: f.took, Rate: b.Rate, Receipts: b.Receipts}
	for _, k := range lookupKinds {
		report.Kinds = append(report.Kinds, LookupKind{Kind: k.name})
	}
	if err := b.round(ctx, f, report, func(k *LookupKind) *timings { return &k.Alone }); err != nil {
		return nil, err
	}
	report.Applied, report.Late, err = beside(ctx, f, b.Receipts, func(ctx context.Context) error {
		return b.round(ctx, f, report, func(k *LookupKind) *timings { return &k.Beside })
	})
	return report, err
}

// round asks each kind of question for as long as is asked for.
func (b *Lookup) round(ctx context.Context, f *filled, report *LookupReport, into func(*LookupKind) *timings) error {
	for i := range lookupKinds {
		k := &report.Kinds[i]
		s := b.seeker(f, lookupKinds[i].kind)
		timed, cancel := context.WithTimeout(ctx, b.Duration)
		took, err := paced(timed, b.Rate, s.ask)
		cancel()
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		*into(k) = took
		k.Items = float64(s.items) / float64(max(1, s.answers))
		b.say("%s: p50 %.1f µs, p99 %.1f µs, p99.9 %.1f µs since asked", k.Kind, took.Asked.P50, took.Asked.P99, took.Asked.P999)
	}
	return nil
}

// seeker asks questions of one kind about what is on members' next receipts.
type seeker struct {
	f     *filled
	q     engine.Query
	a     engine.Answer
	own   *asker // of a member's offers; nil: another kind
	asked []seekerReceipt
	began time.Time

	answers, items int
}

type seekerReceipt struct {
	member   event.Token
	products []string
}

func (b *Lookup) seeker(f *filled, kind engine.Kind) *seeker {
	s := &seeker{f: f, q: engine.Query{Kind: kind, Count: b.Count}, began: time.Now()}
	if kind == 0 {
		s.own = f.asker(b.question("app-home"), b.Seed)
		return s
	}
	const apart, enough = 1 << 32, 20_000 // no receipts that will flow
	var batch gen.Batch
	f.base.More(&batch, apart, enough)
	for i := range batch.Events {
		ev := &batch.Events[i]
		r := seekerReceipt{member: ev.Member}
		for _, l := range ev.Body.(*event.Receipt).Lines {
			r.products = append(r.products, l.Product)
		}
		s.asked = append(s.asked, r)
	}
	return s
}

// ask asks one question and returns how long it took.
func (s *seeker) ask() time.Duration {
	if s.own != nil {
		took, _ := s.own.ask()
		s.answers, s.items = s.own.answers, s.own.items
		return took
	}
	r := &s.asked[s.answers%len(s.asked)]
	switch s.q.Kind {
	case engine.Basket:
		s.q.Products, s.q.Member = r.products[:len(r.products)-1], r.member
	case engine.Goods:
		s.q.Member = r.member
	default:
		s.q.Product = r.products[s.answers%len(r.products)]
	}
	now := s.f.now(s.began)
	began := time.Now()
	s.f.Recommend(&s.q, now, &s.a)
	took := time.Since(began)
	s.answers++
	s.items += len(s.a.Recomms)
	return took
}

// table writes the report for people.
func (r *LookupReport) table(w io.Writer) {
	r.Filling.table(w, r.Machine)
	fmt.Fprintf(w, "%d lookups a second of each kind in turn, alone and while %d receipts a second are applied\n\n", r.Rate, r.Receipts)
	fmt.Fprintln(w, microsHeading)
	for _, k := range r.Kinds {
		k.Alone.Asked.row(w, k.Kind+" alone")
		k.Beside.Asked.row(w, k.Kind+" beside receipts")
		k.Beside.Due.row(w, k.Kind+" beside, since due")
	}
	fmt.Fprintf(w, "\n%d receipts applied, the latest %.1f ms after it was due\n", r.Applied, r.Late)
}
