// Package load drives a running server as tills and shop fronts would, and
// measures how long they wait.
//
// Lookups and receipts are sent open-loop: each is due at a moment that is set
// before it is known how the server fares, and its latency counts from that
// moment, not from when it was sent. A server that stalls is therefore charged
// for all that had to wait (no coordinated omission). Beside the server, in
// turn, a bare net/http handler answers the same requests with the same bytes,
// so that what the machine and HTTP cost by themselves can be told from what
// the engine costs.
//
// Each connection has one goroutine; a sender blocks while all connections are
// busy, and what is due in the meantime waits and is charged for it.
package load

import (
	"fmt"
	"io"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"nabo/bench/gen"
)

// Common are the options that all loads share, as flags.
type Common struct {
	Server   string        `help:"Drive this server (such as http://127.0.0.1:8080) in place of one that is started for the purpose. It is filled with a generated shop." placeholder:"URL"`
	Dir      string        `help:"Keep the started server's data below this folder; it is removed at the end." placeholder:"DIR" type:"path"`
	Members  int           `help:"Members of the generated shop." default:"5000"`
	Products int           `help:"Products of the generated shop." default:"2000"`
	Days     int           `help:"Days of receipts that the server holds before the measurement." default:"60"`
	Seed     uint64        `help:"Seed of the generated shop and of the load." default:"1"`
	Duration time.Duration `help:"How long each round is measured." default:"6s"`
	Receipts int           `help:"Receipts a second that flow meanwhile." default:"1000"`
	Batch    int           `help:"Receipts in one request, at most." default:"1"`
	JSON     bool          `help:"Print the report as JSON." name:"json"`

	// What main gives, no flags.

	Exe string    `kong:"-"` // the nabo binary to start; empty: this one
	Out io.Writer `kong:"-"` // the report
	Err io.Writer `kong:"-"` // progress, a line now and then
}

// validate refuses what cannot be run.
func (o *Common) validate() error {
	switch {
	case o.Duration < 100*time.Millisecond:
		return fmt.Errorf("--duration %v: want 100ms or more", o.Duration)
	case o.Receipts < 0 || o.Receipts > 1_000_000:
		return fmt.Errorf("--receipts %d: want 0 to 1000000", o.Receipts)
	case o.Batch < 1 || o.Batch > 1000:
		return fmt.Errorf("--batch %d: want 1 to 1000", o.Batch)
	case o.Out == nil || o.Err == nil:
		return fmt.Errorf("load: Out and Err must be set")
	}
	return nil
}

// say prints a line of progress.
func (o *Common) say(format string, args ...any) {
	fmt.Fprintf(o.Err, format+"\n", args...)
}

// shop makes the shop that the server is filled with; its history ends now.
func (o *Common) shop() (*gen.Shop, error) {
	return gen.New(gen.Options{
		Seed: o.Seed, Members: o.Members, Products: o.Products, Days: o.Days, Until: time.Now(),
	})
}

// Latency is a distribution in milliseconds.
type Latency struct {
	Count int64   `json:"count"`
	P50   float64 `json:"p50"`
	P90   float64 `json:"p90"`
	P99   float64 `json:"p99"`
	P999  float64 `json:"p999"`
	Max   float64 `json:"max"`
}

// newHistogram holds latencies in nanoseconds, from a microsecond to two
// minutes, to three digits.
func newHistogram() *hdrhistogram.Histogram {
	return hdrhistogram.New(1_000, int64(2*time.Minute), 3)
}

// latency reads a histogram of newHistogram.
func latency(h *hdrhistogram.Histogram) Latency {
	at := func(q float64) float64 { return float64(h.ValueAtQuantile(q)) / 1e6 }
	return Latency{
		Count: h.TotalCount(), P50: at(50), P90: at(90), P99: at(99), P999: at(99.9), Max: float64(h.Max()) / 1e6,
	}
}
