package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"nabo/bench/plot"
)

// Scale is nabo bench scale: how latency, memory and rate grow with the number
// of members, as a table and a plot.
type Scale struct {
	Serve
	Sizes []int  `help:"Numbers of members to measure, in place of --members." default:"10000,100000,1000000,2000000"`
	Total int    `help:"Receipts that are written to the log and then applied, at each size." default:"300000"`
	Plot  string `help:"Write the plot to this file, as SVG." placeholder:"FILE" type:"path"`
}

// ScaleReport is what Scale found.
type ScaleReport struct {
	Machine Machine      `json:"machine"`
	Sizes   []ScalePoint `json:"sizes"`
}

// ScalePoint is what one size took.
type ScalePoint struct {
	Members int           `json:"members"`
	Serve   *ServeReport  `json:"serve"`
	Ingest  *IngestReport `json:"ingest"`
}

func (b *Scale) validate() error {
	if len(b.Sizes) == 0 {
		return errors.New("--sizes: want at least one number of members")
	}
	if b.Total < 1 {
		return fmt.Errorf("--total %d: want 1 or more", b.Total)
	}
	for _, n := range b.Sizes {
		if err := bounded("--sizes", n, 1, 20_000_000); err != nil {
			return err
		}
	}
	return errors.Join(b.own(), b.Serve.validate())
}

// Run makes the measurements, one size after the other, and prints the report.
func (b *Scale) Run(ctx context.Context) error {
	if err := b.validate(); err != nil {
		return err
	}
	report := &ScaleReport{Machine: machine()}
	for _, n := range b.Sizes {
		b.say("--- %d members", n)
		p, err := b.size(ctx, n)
		if err != nil {
			return fmt.Errorf("%d members: %w", n, err)
		}
		report.Sizes = append(report.Sizes, *p)
	}
	if b.Plot != "" {
		if err := report.write(b.Plot); err != nil {
			return err
		}
	}
	return b.print(report, report.table)
}

// size measures one size in a folder of its own: below --data, where it stays.
func (b *Scale) size(ctx context.Context, members int) (p *ScalePoint, err error) {
	one := b.Serve
	one.Members = members
	if b.Data != "" {
		one.Data = filepath.Join(b.Data, strconv.Itoa(members))
	}
	f, done, err := one.folder(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, done()) }()
	p = &ScalePoint{Members: members}
	one.Data = f.dir
	d, err := one.drive(ctx, "--checkpoint-every", one.Checkpoint.String())
	if err != nil {
		return nil, err
	}
	p.Serve, err = one.measure(ctx, d)
	if err := errors.Join(err, d.stop()); err != nil {
		return nil, err
	}
	ingest := Ingest{Common: one.Common, Total: b.Total}
	p.Ingest, err = ingest.measure(ctx, f)
	return p, err
}

// write draws the plot into a file.
func (r *ScaleReport) write(file string) (err error) {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return fmt.Errorf("--plot: %w", err)
	}
	f, err := os.Create(file)
	if err != nil {
		return fmt.Errorf("--plot: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return plot.Page(f, r.charts()...)
}

// charts are latency, memory and rate over the number of members.
func (r *ScaleReport) charts() []plot.Chart {
	members := plot.Axis{Label: "members", Log: true}
	for _, p := range r.Sizes {
		members.Ticks = append(members.Ticks, float64(p.Members))
	}
	over := func(name string, of func(*ScalePoint) float64) plot.Series {
		s := plot.Series{Name: name}
		for i := range r.Sizes {
			s.Points = append(s.Points, plot.Point{X: float64(r.Sizes[i].Members), Y: of(&r.Sizes[i])})
		}
		return s
	}
	latency := []plot.Series{over("bare handler", func(p *ScalePoint) float64 { return p.Serve.P99Bare })}
	for i, k := range r.Sizes[0].Serve.Kinds {
		latency = append(latency, over(k.Kind, func(p *ScalePoint) float64 { return p.Serve.Kinds[i].Latency.P99 }))
	}
	a := r.Sizes[0].Serve.Asked
	return []plot.Chart{
		{
			Title: "How long the slowest hundredth of lookups waits", X: members, Y: plot.Axis{Label: "p99, milliseconds", Log: true}, Series: latency,
			Note: fmt.Sprintf("%d lookups and %d receipts a second over HTTP; %d products, %d offers; %s", a.Rate, a.Receipts, a.Products, a.Offers, r.Machine),
		},
		{
			Title: "What the server takes in memory", X: members, Y: plot.Axis{Label: "GiB", Log: true},
			Series: []plot.Series{
				over("live heap", func(p *ScalePoint) float64 { return p.Serve.Memory.Live }),
				over("resident", func(p *ScalePoint) float64 { return p.Serve.Memory.Resident }),
			},
			Note: fmt.Sprintf("%d products a member, and a year's keys", a.History),
		},
		{
			Title: "How fast receipts are taken in", X: members, Y: plot.Axis{Label: "receipts a second"},
			Series: []plot.Series{
				over("into the log", func(p *ScalePoint) float64 { return p.Ingest.Log.Rate }),
				over("into the state", func(p *ScalePoint) float64 { return p.Ingest.State.Rate }),
			},
			Note: fmt.Sprintf("%d receipts of %d lines", r.Sizes[0].Ingest.Log.Receipts, r.Sizes[0].Ingest.Log.Lines),
		},
	}
}

// table writes the report for people.
func (r *ScaleReport) table(w io.Writer) {
	fmt.Fprintf(w, "%s\n\nmembers\tp99 ms\tbare\tp99 together\tbasket\tgoods\toffers\tlive GiB\tresident\tbytes an edge\tinto the log/s\tinto the state/s\tready s\t\n", r.Machine)
	for _, p := range r.Sizes {
		s, i := p.Serve, p.Ingest
		fmt.Fprintf(w, "%d\t%.3f\t%.3f\t", p.Members, s.P99, s.P99Bare)
		p99 := map[string]float64{}
		for _, k := range s.Kinds {
			p99[k.Kind] = k.Latency.P99
		}
		for k := range kinds {
			fmt.Fprintf(w, "%.3f\t", p99[k.String()])
		}
		fmt.Fprintf(w, "%.2f\t%.2f\t%.1f\t%.0f\t%.0f\t%.2f\t\n", s.Memory.Live, s.Memory.Resident, s.Memory.BytesPer, i.Log.Rate, i.State.Rate, i.State.Ready)
	}
}
