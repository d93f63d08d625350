package load

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// Ingest is nabo bench ingest: how many receipts a second go into the log, and
// from the log into the state.
type Ingest struct {
	Common `kong:"embed,set='members=100000',set='lines=12',set='duration=0s'"`
	Total  int `help:"Receipts that are written to the log and then applied." default:"300000"`
}

// IngestReport is what Ingest found.
type IngestReport struct {
	Machine Machine `json:"machine"`
	Size    made    `json:"size"`
	Log     Grown   `json:"log"`   // into the log, through the gate
	State   Start   `json:"state"` // from the log into the state of a real server
	Memory  Memory  `json:"memory"`
}

func (b *Ingest) validate() error {
	if err := bounded("--total", b.Total, 1, 1_000_000_000); err != nil {
		return err
	}
	return errors.Join(b.own(), b.Common.validate())
}

// Run makes the measurement and prints the report. It returns an error when it
// could not be made, not when its figures are bad.
func (b *Ingest) Run(ctx context.Context) error {
	if err := b.validate(); err != nil {
		return err
	}
	return b.inFolder(ctx, func(f *folder) (tabled, error) { return b.measure(ctx, f) })
}

func (b *Ingest) measure(ctx context.Context, f *folder) (report *IngestReport, err error) {
	grown, err := b.grow(ctx, f, b.Total)
	if err != nil {
		return nil, err
	}
	c, s, err := b.timedStart(ctx, f.dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.stop()) }()
	if s.Replayed > uint64(b.Total) {
		return nil, fmt.Errorf("the server applied %d events of %d that were written", s.Replayed, b.Total)
	}
	report = &IngestReport{Machine: machine(), Size: b.made(), Log: *grown, State: *s}
	report.Memory, err = (&driven{addr: c.addr, child: c, data: f.dir}).memory(ctx)
	return report, err
}

// table writes the report for people.
func (r *IngestReport) table(w io.Writer) {
	fmt.Fprintf(w, "%d members, %d products, %d offers; receipts of %d lines, %s\n\n", r.Size.Members, r.Size.Products, r.Size.Offers, r.Log.Lines, r.Machine)
	r.Log.table(w)
	fmt.Fprintln(w)
	fmt.Fprintln(w, startHeading)
	r.State.rows(w, "into the state")
	fmt.Fprintf(w, "\nfrom the log into the state: %.0f receipts a second (aim: 30000)\n", r.State.Rate)
	r.Memory.table(w)
}
