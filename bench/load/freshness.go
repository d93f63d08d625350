package load

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"nabo/engine/event"
)

// Freshness is nabo bench freshness: how long it takes from the acknowledgement
// of a receipt to the first lookup that shows it, while others flow.
type Freshness struct {
	Common `kong:"embed,set='members=100000',set='lines=12',set='duration=6s'"`
	Probes int `help:"Receipts a second that are watched for, beside the others." default:"100"`
}

// FreshnessReport is what Freshness found.
type FreshnessReport struct {
	Machine  Machine  `json:"machine"`
	Fresh    Latency  `json:"freshMs"`  // from the acknowledgement to the lookup's answer
	Whole    Latency  `json:"wholeMs"`  // from the sending of the receipt to the lookup's answer
	AtOnce   float64  `json:"atOnce"`   // share of the probes that the first lookup showed
	Receipts LoopPart `json:"receipts"` // how those fared that flowed all the while
}

func (b *Freshness) validate() error {
	if err := bounded("--probes", b.Probes, 1, 10_000); err != nil {
		return err
	}
	return errors.Join(b.lasting(), b.Common.validate())
}

// Run makes the measurement and prints the report. It returns an error when it
// could not be made, not when its figures are bad.
func (b *Freshness) Run(ctx context.Context) error {
	if err := b.validate(); err != nil {
		return err
	}
	return b.onServer(ctx, func(d *driven) (tabled, error) { return b.measure(ctx, d) })
}

func (b *Freshness) measure(ctx context.Context, d *driven) (*FreshnessReport, error) {
	f := startFlow(ctx, &b.Common, d.addr, d.base)
	p, err := b.probe(ctx, d.addr)
	receipts, flowErr := f.stop()
	if err := errors.Join(err, flowErr); err != nil {
		return nil, err
	}
	return &FreshnessReport{
		Machine: machine(), Fresh: latency(p.fresh), Whole: latency(p.whole),
		AtOnce: float64(p.atOnce) / float64(max(1, p.fresh.TotalCount())), Receipts: receipts.part(),
	}, nil
}

// prober sends receipts of two products that nobody ever bought, and asks for
// what goes with the one until it is the other.
type prober struct {
	*conn
	run          string
	fresh, whole *hdrhistogram.Histogram
	atOnce       int
	body, out    []byte
}

// probe sends one receipt after the other, at most Probes a second.
func (b *Freshness) probe(ctx context.Context, addr string) (*prober, error) {
	c, err := dial(ctx, addr)
	if err != nil {
		return nil, fmt.Errorf("connect to the server: %w", err)
	}
	defer c.Close()
	defer context.AfterFunc(ctx, func() { c.Close() })()
	pace, err := newPacer(time.Second / time.Duration(b.Probes))
	if err != nil {
		return nil, err
	}
	defer pace.close()
	p := &prober{conn: c, run: strconv.FormatUint(rand.Uint64(), 36), fresh: newHistogram(), whole: newHistogram()}
	start, said := time.Now(), time.Now()
	for i := 0; time.Since(start) < b.Duration; i++ {
		if err := p.once(addr, i); err != nil {
			return nil, errors.Join(ctx.Err(), fmt.Errorf("probe %d: %w", i, err))
		}
		if time.Since(said) > 2*time.Second {
			said = time.Now()
			b.say("  %d probes, p99 %.3f ms", i+1, latency(p.fresh).P99)
		}
		if err := pace.wait(); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// once sends one receipt and asks until it shows.
func (p *prober) once(addr string, i int) error {
	name := "bench-" + p.run + "-" + strconv.Itoa(i)
	ev := event.Event{
		Type: event.TypeReceipt, Time: event.At(time.Now()), ID: name, Source: "bench/fresh",
		Body: &event.Receipt{Lines: []event.Line{{Product: name + "-a", Qty: 1, Price: 1}, {Product: name + "-b", Qty: 1, Price: 1}}},
	}
	p.body = ev.AppendJSON(p.body[:0])
	p.out = appendPost(p.out[:0], addr, eventsPath, ndjson, p.body)
	question := get(addr, "/v1/products/"+name+"-a/bought-together?count=1")
	want := []byte(`"id":"` + name + `-b"`)
	sent := time.Now()
	if err := p.post(p.out); err != nil {
		return err
	}
	acknowledged := time.Now()
	for n := 0; ; n++ {
		status, body, err := p.do(question)
		if err != nil {
			return err
		}
		if status != 200 {
			return fmt.Errorf("the server answered %d: %.500s", status, body)
		}
		now := time.Now()
		if bytes.Contains(body, want) {
			if n == 0 {
				p.atOnce++
			}
			return errors.Join(p.fresh.RecordValue(int64(now.Sub(acknowledged))), p.whole.RecordValue(int64(now.Sub(sent))))
		}
		if now.Sub(acknowledged) > patience {
			return fmt.Errorf("the receipt does not show after %v; the last answer was %.500s", patience, body)
		}
	}
}
