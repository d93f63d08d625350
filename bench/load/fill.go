package load

import (
	"context"
	"fmt"
	"io"
)

// Fill is nabo bench fill: it makes a data folder from which nabo serve starts
// as after a year.
type Fill struct {
	Size `kong:"embed,set='members=100000',set='lines=12',set='duration=0s'"`
	To   string `help:"The folder to make; it must be empty or not there." placeholder:"DIR" type:"path" required:""`
}

// FillReport is what Fill did.
type FillReport struct {
	Machine Machine `json:"machine"`
	To      string  `json:"to"`
	Filling Filling `json:"filling"`
	Bytes   int64   `json:"bytes"` // that the folder takes on disk
}

// Run makes the folder and prints the report. A folder that holds the same base
// already is left as it is.
func (b *Fill) Run(ctx context.Context) error {
	if err := b.validate(); err != nil {
		return err
	}
	f, err := b.openFolder(ctx, b.To)
	if err != nil {
		return err
	}
	disk, err := diskUse(b.To)
	if err != nil {
		return err
	}
	report := &FillReport{Machine: machine(), To: b.To, Filling: f.note.Filling, Bytes: disk.log + disk.rest}
	return b.print(report, report.table)
}

// table writes the report for people.
func (r *FillReport) table(w io.Writer) {
	r.Filling.table(w, r.Machine)
	partsTable(w, r.Filling.Parts)
	fmt.Fprintf(w, "\n%s takes %.2f GiB on disk; nabo serve --data %s starts from it\n", r.To, gib(float64(r.Bytes)), r.To)
}
