// Package files reads receipts, products, offers, members and consents from CSV,
// NDJSON and Parquet files and sends them as events to a running server.
//
// The way of a row: source unpacks a file and cuts it into rows, saleReader or
// catalogue makes sense of one, grouper puts the lines of a receipt together,
// packer fills batches, sender posts them. All but the sender is one goroutine;
// when the server is slower than the file, put waits and so does the reading.
// Nothing is held but a bounded number of open receipts and of batches.
//
// A file can be imported any number of times, under any name, and after a stop
// half-way: the id of a receipt is made of its day, store, till and number, and
// what the server knows by its id it counts once.
package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/term"
)

// Import is the work of `nabo import`; its fields are the command's flags. The
// zero value, with files, is good: each field says what it then is.
type Import struct {
	Files []string `arg:"" optional:"" name:"file" help:"Files to import, CSV, NDJSON or Parquet, plain or packed with gzip or zstd; - is standard input."`

	// Server is the base address; empty is http://127.0.0.1:8080.
	Server string `help:"Address of the running server." default:"http://127.0.0.1:8080" placeholder:"URL"`
	// Map names the columns that don't go by a usual name, field to column.
	Map map[string]string `help:"Which column is what, such as ts=Date,receipt=Invoice,product=StockCode." mapsep:"," placeholder:"FIELD=COLUMN,..."`
	// Delimiter is one character or the word tab; empty is found out.
	Delimiter string `help:"What stands between a CSV's columns: a character, or tab. Found out if not given." placeholder:"CHAR"`
	// DateLayout is dmy, mdy, ymd or a layout; empty is found out.
	DateLayout string `help:"How dates are written: dmy, mdy, ymd, or a layout such as \"dd.MM.yyyy HH:mm\" or \"02/01/2006 15:04\". Found out if not given." placeholder:"LAYOUT"`
	// Timezone is an IANA name for times that bring no zone; empty is UTC.
	Timezone string `help:"Time zone of times that bring none, such as Europe/Copenhagen." default:"UTC" placeholder:"ZONE"`
	// Kind is what the rows are; empty is Auto.
	Kind Kind `help:"What the rows are: receipts, products, offers, personal (members' own prices and terms of offers), members, consents, or auto (by the columns' names)." enum:"auto,receipts,products,offers,personal,members,consents" default:"auto"`
	// Source is the events' source; empty is "import".
	Source string `help:"Source that the events name. A receipt is known again under the same source only." default:"import"`
	// Store, Chain and Currency stand in where a row has none.
	Store    string `help:"Store of receipts that name none." placeholder:"ID"`
	Chain    string `help:"Chain of receipts that name none." placeholder:"ID"`
	Currency string `help:"Currency of receipts that name none, such as DKK." placeholder:"CODE"`
	// Rejects is where bad lines go; empty is nabo-rejects.csv. The file is
	// made when there is the first of them.
	Rejects string `help:"CSV file for lines that are no good, with line number and reason; made when there is one." default:"nabo-rejects.csv" placeholder:"FILE"`
	DryRun  bool   `help:"Read and check everything, send nothing."`
	// Watch is a folder; each file that appears in it is imported until the
	// context is done.
	Watch string `help:"Import each file that appears whole in this folder, until interrupted." placeholder:"DIR"`
	// Every is how often the folder is looked at; zero is 2 s.
	Every time.Duration `help:"How often the watched folder is looked at." default:"2s"`
	// Batch is how many events a request carries at most; zero is 1000.
	Batch int `help:"Events in one request, at most." default:"1000"`
	// InFlight is how many requests are under way at once; zero is 4. With
	// one, events reach the log in the files' order, whatever fails.
	InFlight int `help:"Requests under way at once; 1 keeps the order of the files strictly." default:"4"`

	// In, Out and Err are standard input, output and error where nil. The
	// summary goes to Out, all else to Err.
	In  io.Reader `kong:"-"`
	Out io.Writer `kong:"-"`
	Err io.Writer `kong:"-"`
	// Now is the clock that rates, and events too far ahead, are reckoned
	// by; time.Now where nil.
	Now func() time.Time `kong:"-"`
}

// The bounds of the options.
const (
	maxBatch    = 10_000
	maxInFlight = 64
)

// Run imports the files, and then what appears in the watched folder. It
// returns when everything is applied by the server, when ctx is done, or with
// the first error that concerns more than a file. The error names what can be
// done; a line that is no good is no error. Call it once.
func (im *Import) Run(ctx context.Context) error {
	o := *im
	o.setDefaults()
	zone, err := o.validate()
	if err != nil {
		return err
	}
	j := newJob(&o, zone)
	defer j.rejects.close()
	if o.DryRun {
		dry := &drySink{rejects: j.rejects, tally: j.tally, now: j.millis()}
		j.packer.sink = dry
		err = j.run(ctx, func() error { return nil })
		j.dryEnd(dry)
		return err
	}
	return j.send(ctx)
}

func (im *Import) setDefaults() {
	im.Server = strings.TrimSuffix(orElse(im.Server, "http://127.0.0.1:8080"), "/")
	im.Timezone = orElse(im.Timezone, "UTC")
	im.Kind = orElse(im.Kind, Auto)
	im.Source = orElse(im.Source, "import")
	im.Rejects = orElse(im.Rejects, "nabo-rejects.csv")
	im.Every = orElse(im.Every, 2*time.Second)
	im.Batch = orElse(im.Batch, 1000)
	im.InFlight = orElse(im.InFlight, 4)
	if im.In == nil {
		im.In = os.Stdin
	}
	if im.Out == nil {
		im.Out = os.Stdout
	}
	if im.Err == nil {
		im.Err = os.Stderr
	}
	if im.Now == nil {
		im.Now = time.Now
	}
}

func orElse[T comparable](v, other T) T {
	var zero T
	if v == zero {
		return other
	}
	return v
}

// validate checks the options once the defaults are in, and returns the time
// zone.
func (im *Import) validate() (*time.Location, error) {
	zone, err := time.LoadLocation(im.Timezone)
	if err != nil {
		return nil, fmt.Errorf("--timezone %q: expected a name such as Europe/Copenhagen", im.Timezone)
	}
	if _, err := newClock(im.DateLayout, zone); err != nil {
		return nil, err
	}
	u, err := url.Parse(im.Server)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return nil, fmt.Errorf("--server %q: expected an address such as http://127.0.0.1:8080", im.Server)
	case len(im.Files) == 0 && im.Watch == "":
		return nil, errors.New("nothing to import: name a file, - for standard input, or a folder with --watch")
	case im.DryRun && im.Watch != "":
		return nil, errors.New("--dry-run and --watch exclude each other")
	case !slices.Contains([]Kind{Auto, Receipts, Products, Offers, Personal, Members, Consents}, im.Kind):
		return nil, fmt.Errorf("--kind %q: expected receipts, products, offers, personal, members, consents or auto", im.Kind)
	case im.Batch < 1 || im.Batch > maxBatch:
		return nil, fmt.Errorf("--batch %d: expected 1 to %d", im.Batch, maxBatch)
	case im.InFlight < 1 || im.InFlight > maxInFlight:
		return nil, fmt.Errorf("--in-flight %d: expected 1 to %d", im.InFlight, maxInFlight)
	case im.Currency != "" && !isCurrency(im.Currency):
		return nil, fmt.Errorf("--currency %q: expected a code of three capital letters, such as DKK", im.Currency)
	case im.Every < 0:
		return nil, fmt.Errorf("--every %v: expected a time above zero", im.Every)
	}
	_, err = im.delimiter()
	return zone, err
}

// delimiter returns the delimiter that was asked for, zero for none.
func (im *Import) delimiter() (byte, error) {
	switch {
	case im.Delimiter == "":
		return 0, nil
	case im.Delimiter == "tab" || im.Delimiter == `\t`:
		return '\t', nil
	case len(im.Delimiter) == 1 && im.Delimiter[0] < utf8.RuneSelf && !strings.Contains("\"\r\n", im.Delimiter):
		return im.Delimiter[0], nil
	}
	return 0, fmt.Errorf("--delimiter %q: expected one character, or tab", im.Delimiter)
}

// isTerminal says whether progress can be drawn on w.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
