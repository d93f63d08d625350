package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"time"

	"nabo/engine"
)

// Lists is nabo bench lists: every member's offers from one position, rows and
// all, as a list run of the server makes them.
type Lists struct {
	Inside   `kong:"embed,set='members=2000000',set='lines=24',set='duration=0s'"`
	Scenario string `help:"Where the lists are shown." default:"newsletter"`
	To       string `help:"Write the rows to this file; without it they are made and thrown away." placeholder:"FILE" type:"path"`
	Workers  int    `help:"Goroutines that make rows; 0: one for each processor, or a single one while lookups run, as the server does." default:"0"`
	Rounds   int    `help:"How many times all lists are made, at least; again until --duration is over." default:"1"`
	Receipts int    `help:"Receipts a second that flow meanwhile." default:"0"`
	Lookups  int    `help:"Lookups of single members' offers a second meanwhile." default:"0"`

	// Render appends the row of a member's answer to dst, with a line feed at
	// its end. nil: a row much like the server's.
	Render func(dst []byte, member string, a *engine.OfferAnswer) []byte `kong:"-"`
}

// ListsReport is what Lists found.
type ListsReport struct {
	Machine  Machine     `json:"machine"`
	Filling  Filling     `json:"filling"`
	Scenario string      `json:"scenario"`
	To       string      `json:"to,omitempty"`
	Workers  int         `json:"workers"`
	Receipts int         `json:"receipts"` // a second
	Rounds   []ListRound `json:"rounds"`
}

// ListRound is one run of all lists.
type ListRound struct {
	Members  int     `json:"members"` // rows in NDJSON
	Offers   int     `json:"offers"`  // of all members together
	Bytes    int64   `json:"bytes"`
	Seconds  float64 `json:"seconds"`
	Worked   float64 `json:"processorSeconds"` // of all threads; 0: not known
	Resident float64 `json:"residentGiB"`      // of the process, at most
	Applied  int     `json:"applied"`          // receipts meanwhile
	Late     float64 `json:"lateMs"`           // the latest that one was applied
	Lookups  Micros  `json:"lookupsUs"`        // from when a lookup was due to its answer
	Answers  Micros  `json:"answersUs"`        // from when it was asked
}

func (b *Lists) validate() error {
	return first(
		bounded("--workers", b.Workers, 0, 1024),
		bounded("--rounds", b.Rounds, 1, 1000),
		bounded("--receipts", b.Receipts, 0, 1_000_000),
		bounded("--lookups", b.Lookups, 0, 100_000),
		b.Inside.validate(),
	)
}

// Run makes the measurement and prints the report. It returns an error when it
// could not be made, not when its figures are bad.
func (b *Lists) Run(ctx context.Context) error {
	if err := b.validate(); err != nil {
		return err
	}
	if b.Render == nil {
		b.Render = appendRow
	}
	if b.Workers == 0 {
		b.Workers = runtime.GOMAXPROCS(0)
		if b.Lookups > 0 {
			b.Workers = 1
		}
	}
	return b.inEngine(ctx, func(f *filled) (tabled, error) { return b.measure(ctx, f) })
}

// measure makes all lists, as many times as is asked for.
func (b *Lists) measure(ctx context.Context, f *filled) (*ListsReport, error) {
	report := &ListsReport{
		Machine: machine(), Filling: f.took, Scenario: b.Scenario, To: b.To, Workers: b.Workers, Receipts: b.Receipts,
	}
	for n, began := 0, time.Now(); n < b.Rounds || time.Since(began) < b.Duration; n++ {
		round, err := b.round(ctx, f)
		if err != nil {
			return nil, err
		}
		report.Rounds = append(report.Rounds, *round)
		b.say("%d lists in %.1f s, %.0f a second", round.Members, round.Seconds, float64(round.Members)/round.Seconds)
	}
	return report, nil
}

// round makes all lists once, with what is to flow beside them.
func (b *Lists) round(ctx context.Context, f *filled) (r *ListRound, err error) {
	r = &ListRound{}
	startPeak()
	r.Applied, r.Late, err = beside(ctx, f, b.Receipts, func(ctx context.Context) error {
		lookups := startLookups(ctx, f, b)
		err := b.all(ctx, f, r)
		return errors.Join(err, lookups.stop(r))
	})
	_, r.Resident = resident()
	return r, err
}

// all makes all lists.
func (b *Lists) all(ctx context.Context, f *filled, r *ListRound) (err error) {
	out := io.Discard
	if b.To != "" {
		file, err := os.Create(b.To)
		if err != nil {
			return fmt.Errorf("--to: %w", err)
		}
		defer func() { err = errors.Join(err, file.Close()) }()
		out = file
	}
	began, worked := time.Now(), workedSoFar()
	frozen, err := f.Freeze(f.now(began))
	if err != nil {
		return fmt.Errorf("take a view of the state: %w", err)
	}
	defer frozen.Release()
	m := &listMaker{frozen: frozen, q: b.question(b.Scenario), render: b.Render, members: frozen.Members()}
	m.q.Brief = true // as a list has it whose rows are ids and scores
	if err := m.run(ctx, b.Workers, out); err != nil {
		return err
	}
	if file, ok := out.(*os.File); ok {
		if err := file.Sync(); err != nil {
			return fmt.Errorf("write rows to disk: %w", err)
		}
	}
	r.Seconds, r.Worked = time.Since(began).Seconds(), workedSoFar()-worked
	r.Members, r.Offers, r.Bytes = m.rows, m.offers, m.bytes
	return nil
}

// lookups are lookups of single members' offers that go on in the background.
type lookups struct {
	cancel context.CancelFunc
	done   chan error
	took   timings
}

// startLookups begins to ask at the rate that b says; it must be stopped.
func startLookups(ctx context.Context, f *filled, b *Lists) *lookups {
	ctx, cancel := context.WithCancel(ctx)
	l := &lookups{cancel: cancel, done: make(chan error, 1)}
	if b.Lookups == 0 {
		l.done <- nil
		return l
	}
	s := f.asker(b.question("app-home"), b.Seed)
	go func() {
		var err error
		l.took, err = paced(ctx, b.Lookups, func() time.Duration { took, _ := s.ask(); return took })
		l.done <- err
	}()
	return l
}

// stop ends the lookups and notes what they took.
func (l *lookups) stop(r *ListRound) error {
	l.cancel()
	err := <-l.done
	r.Lookups, r.Answers = l.took.Due, l.took.Asked
	return err
}

// table writes the report for people.
func (r *ListsReport) table(w io.Writer) {
	r.Filling.table(w, r.Machine)
	to := "nowhere"
	if r.To != "" {
		to = r.To
	}
	fmt.Fprintf(w, "every member's %d offers for %s, by %d workers, to %s; %d receipts a second meanwhile\n\n",
		offersAsked, r.Scenario, r.Workers, to, r.Receipts)
	fmt.Fprintln(w, "\tmembers\tseconds\tmembers/s\toffers/s\tGB\tprocessor µs each\tGiB resident\t")
	for i, round := range r.Rounds {
		fmt.Fprintf(w, "%d\t%d\t%.1f\t%.0f\t%.0f\t%.2f\t%.1f\t%.2f\t\n", i+1, round.Members, round.Seconds,
			float64(round.Members)/round.Seconds, float64(round.Offers)/round.Seconds, float64(round.Bytes)/1e9,
			1e6*round.Worked/float64(round.Members), round.Resident)
	}
	for i, round := range r.Rounds {
		if round.Lookups.Count > 0 {
			fmt.Fprintln(w, "\n\tlookups\tp50 µs\tp99\tp99.9\tmax\t")
			round.Lookups.row(w, fmt.Sprintf("%d since due", i+1))
			round.Answers.row(w, fmt.Sprintf("%d since asked", i+1))
		}
	}
}
