package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// Restart is nabo bench restart: how soon a server is ready again after kill
// -9, with a checkpoint that is as old as checkpoints become, and with one that
// is far behind the log.
type Restart struct {
	Common `kong:"embed,set='members=100000',set='lines=12',set='duration=60s'"`
	Behind int `help:"Receipts that the log is ahead of the checkpoint at the second restart; 0 leaves it out." default:"300000"`
}

// RestartReport is what Restart found.
type RestartReport struct {
	Machine  Machine `json:"machine"`
	Size     made    `json:"size"`
	Receipts int     `json:"receipts"` // a second, before the kill
	Age      float64 `json:"checkpointAgeSeconds"`
	Killed   Start   `json:"killed"`
	Log      *Grown  `json:"log,omitempty"` // what was added before the second restart
	Behind   *Start  `json:"behind,omitempty"`
}

func (b *Restart) validate() error {
	if err := bounded("--behind", b.Behind, 0, 1_000_000_000); err != nil {
		return err
	}
	if b.Duration < 2*time.Second {
		return fmt.Errorf("--duration %v: want 2s or more: checkpoints are so far apart", b.Duration)
	}
	return errors.Join(b.own(), b.Common.validate())
}

// Run makes the measurement and prints the report. It returns an error when it
// could not be made, not when its figures are bad.
func (b *Restart) Run(ctx context.Context) error {
	if err := b.validate(); err != nil {
		return err
	}
	return b.inFolder(ctx, func(f *folder) (tabled, error) { return b.measure(ctx, f) })
}

func (b *Restart) measure(ctx context.Context, f *folder) (report *RestartReport, err error) {
	report = &RestartReport{Machine: machine(), Size: b.made(), Receipts: b.Receipts}
	if report.Age, err = b.killed(ctx, f); err != nil {
		return nil, err
	}
	c, s, err := b.timedStart(ctx, f.dir, "--checkpoint-every", "24h")
	if err != nil {
		return nil, err
	}
	report.Killed = *s
	if err := c.kill(); err != nil {
		return nil, err
	}
	if b.Behind > 0 {
		if err := b.farBehind(ctx, f, report); err != nil {
			return nil, err
		}
	}
	return report, nil
}

// killed starts a server, lets receipts flow and kills it shortly before its
// next checkpoint. It returns how old the newest was.
func (b *Restart) killed(ctx context.Context, f *folder) (age float64, err error) {
	c, err := b.startServer(ctx, f.dir, "--checkpoint-every", b.Duration.String(), "--checkpoint-events", "1000000000")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, c.kill()) }()
	before, err := getStats(ctx, c.addr)
	if err != nil {
		return 0, err
	}
	flow := startFlow(ctx, &b.Common, c.addr, f.base)
	b.say("receipts flow until a checkpoint is nearly %v old", b.Duration)
	err = b.awaitCheckpoint(ctx, c.addr, before.Checkpoint.at())
	var st serverStats
	if err == nil {
		st, err = b.awaitAge(ctx, c.addr)
	}
	if err != nil {
		_, flowErr := flow.stop()
		return 0, errors.Join(err, flowErr)
	}
	// The receipts flow on while it dies; that they can't be sent any more is
	// what is wanted.
	err = c.kill()
	_, _ = flow.stop()
	b.say("killed with a checkpoint %.1f s old, %d messages behind the log", st.Checkpoint.AgeSeconds, st.Log.Last-st.Checkpoint.Position)
	return st.Checkpoint.AgeSeconds, err
}

// awaitCheckpoint returns when a server has a newer checkpoint than one at a
// position.
func (b *Restart) awaitCheckpoint(ctx context.Context, addr string, than uint64) error {
	ctx, cancel := context.WithTimeout(ctx, b.Duration+startPatience)
	defer cancel()
	for {
		st, err := getStats(ctx, addr)
		if err != nil {
			return err
		}
		if st.Checkpoint.at() > than {
			return nil
		}
		if err := pause(ctx, b.Duration/50); err != nil {
			return fmt.Errorf("wait for a checkpoint: %w", err)
		}
	}
}

// awaitAge returns when the newest checkpoint is nearly as old as one becomes.
func (b *Restart) awaitAge(ctx context.Context, addr string) (serverStats, error) {
	for {
		st, err := getStats(ctx, addr)
		if err != nil || st.Checkpoint.AgeSeconds >= 0.9*b.Duration.Seconds() {
			return st, err
		}
		if err := pause(ctx, b.Duration/50); err != nil {
			return st, err
		}
	}
}

// farBehind puts receipts into the log that no checkpoint knows, and starts.
func (b *Restart) farBehind(ctx context.Context, f *folder, report *RestartReport) (err error) {
	if report.Log, err = b.grow(ctx, f, b.Behind); err != nil {
		return err
	}
	c, s, err := b.timedStart(ctx, f.dir)
	if err != nil {
		return err
	}
	report.Behind = s
	return c.stop()
}

// table writes the report for people.
func (r *RestartReport) table(w io.Writer) {
	fmt.Fprintf(w, "%d members, %d products, %d offers; %d receipts a second, %s\n", r.Size.Members, r.Size.Products, r.Size.Offers, r.Receipts, r.Machine)
	fmt.Fprintf(w, "killed with a checkpoint %.1f s old\n\n", r.Age)
	fmt.Fprintln(w, startHeading)
	r.Killed.rows(w, "after kill -9")
	if r.Behind != nil {
		r.Behind.rows(w, fmt.Sprintf("%d receipts further back", r.Log.Receipts))
	}
	fmt.Fprintf(w, "\nready again after %.2f s (aim: under 30)\n", r.Killed.Ready)
	if r.Behind != nil {
		fmt.Fprintf(w, "replay from further back: %.0f receipts a second (aim: 30000)\n", r.Behind.Rate)
	}
}
