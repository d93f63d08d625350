// Package load drives a server as tills and shop fronts would, and measures how
// long they wait.
//
// A server is a real process on a data folder that looks as after a year; how
// such a folder is made, and what each figure counts, is in DESIGN.md. Lookups
// and receipts are sent open-loop: each is due at a moment that is set before
// it is known how the server fares, and its latency counts from that moment,
// not from when it was sent. A server that stalls is therefore charged for all
// that had to wait (no coordinated omission).
//
// Each connection has one goroutine; a sender blocks while all connections are
// busy, and what is due in the meantime waits and is charged for it.
package load

import (
	"fmt"
	"io"
	"time"

	"nabo/bench/gen"
)

// Size is how large the shop is and how long it is measured: the flags that all
// loads share.
type Size struct {
	Members  int           `help:"Members of the generated customer base." default:"${members}"`
	Products int           `help:"Products in the catalogue." default:"50000"`
	Offers   int           `help:"Offers that hold." default:"500"`
	Seed     uint64        `help:"Seed of the generated base and of the load." default:"1"`
	Duration time.Duration `help:"How long each part is measured; what is counted by pieces takes as long as it takes." default:"${duration}"`

	History  int  `help:"Different products that each member has bought." default:"120"`
	Lines    int  `help:"Lines of a receipt." default:"${lines}"`
	Partners int  `help:"How many others a receipt of the filling binds each product to, where a server takes up to 64; more of them take longer to fill." default:"4"`
	Keys     int  `name:"receipts-a-member" help:"Receipts a member in the year before, as far as knowing them again goes (their keys); their lines are --history." default:"52"`
	Memory   int  `help:"Memory limit of this process, in GiB, where it holds the state itself; a server goes by its own rule." default:"11" placeholder:"GIB"`
	JSON     bool `help:"Print the report as one JSON object." name:"json"`

	// What main gives, no flags.

	Out io.Writer `kong:"-"` // the report
	Err io.Writer `kong:"-"` // progress, a line now and then
}

// validate refuses what cannot be run.
func (o *Size) validate() error {
	if err := first(bounded("--members", o.Members, 1, 20_000_000), bounded("--receipts-a-member", o.Keys, 0, 1000)); err != nil {
		return err
	}
	switch {
	case o.Partners < 2 || o.Partners > 64 || o.Partners%2 != 0:
		return fmt.Errorf("--partners %d: want 2 to 64, even", o.Partners)
	case o.Duration < 0:
		return fmt.Errorf("--duration %v: want 0s or more", o.Duration)
	case o.Memory < 1:
		return fmt.Errorf("--memory %d: want 1 or more", o.Memory)
	case o.Out == nil || o.Err == nil:
		return fmt.Errorf("load: Out and Err must be set")
	}
	return nil // the base checks the rest
}

// say prints a line of progress.
func (o *Size) say(format string, args ...any) { fmt.Fprintf(o.Err, format+"\n", args...) }

// base makes the customer base as of a moment; zero: the generator's own.
func (o *Size) base(until time.Time) (*gen.Base, error) {
	return gen.NewBase(gen.BaseOptions{
		Seed: o.Seed, Members: o.Members, Products: o.Products, Offers: o.Offers, History: o.History, Lines: o.Lines, Until: until,
	})
}

// Common are the options of loads that drive a server.
type Common struct {
	Size
	Server   string `help:"Drive this server (such as http://127.0.0.1:8080) in place of one that is started for the purpose. It is sent the catalogue and some receipts." placeholder:"URL"`
	Data     string `help:"Start the server on this folder, which bench fill has made, or make it; it stays. What is measured adds to it." placeholder:"DIR" type:"path"`
	Dir      string `help:"Without --data, make the folder below this one; it is removed at the end." placeholder:"DIR" type:"path"`
	Receipts int    `help:"Receipts a second that flow meanwhile." default:"1000"`
	Batch    int    `help:"Receipts in one request, at most." default:"1"`

	Exe string `kong:"-"` // the nabo binary to start; empty: this one
}

// validate refuses what cannot be run.
func (o *Common) validate() error {
	if err := first(bounded("--receipts", o.Receipts, 0, 1_000_000), bounded("--batch", o.Batch, 1, 1000)); err != nil {
		return err
	}
	if o.Server != "" && o.Data != "" {
		return fmt.Errorf("--server and --data: want one of the two")
	}
	return o.Size.validate()
}

// lasting refuses a duration that is too short to measure anything.
func (o *Common) lasting() error {
	if o.Duration < 100*time.Millisecond {
		return fmt.Errorf("--duration %v: want 100ms or more", o.Duration)
	}
	return nil
}

// own refuses another's server: what is measured takes starting and stopping
// it.
func (o *Common) own() error {
	if o.Server != "" {
		return fmt.Errorf("--server: this load starts and stops its server; want --data or nothing")
	}
	return nil
}
