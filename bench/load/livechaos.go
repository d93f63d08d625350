package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// ChaosReport is what Live found with Chaos.
type ChaosReport struct {
	Machine  Machine    `json:"machine"`
	Asked    LiveAsks   `json:"asked"`
	Quiet    LiveRound  `json:"quiet"` // the good clients, alone
	Chaos    LiveRound  `json:"chaos"` // the same, beside the bad ones
	Gaps     int64      `json:"gaps"`  // frames of theirs that were left out without a word
	Bad      []BadCount `json:"bad"`
	Before   Leftover   `json:"before"`        // the server, before anybody connected
	After    Leftover   `json:"after"`         // when all had gone, but for the half-open ones and the slow readers
	Settled  float64    `json:"settleSeconds"` // how long that took
	Faults   []string   `json:"faults"`        // what should not have been; empty: all is well
	Receipts LoopPart   `json:"receipts"`
}

// BadCount is what bad clients of one kind did and met.
type BadCount struct {
	Kind   string        `json:"kind"`
	What   string        `json:"what"`
	Lives  int64         `json:"lives"`
	Frames int64         `json:"frames"` // sent on purpose
	Errors int64         `json:"errors"` // error frames that came back
	Turned int64         `json:"turned"` // connections refused
	Closes map[int]int64 `json:"closes"` // by code; 0: without one
	Wrongs []string      `json:"wrongs"` // what the server must not have done; the first few
}

// Leftover is what a server has open.
type Leftover struct {
	Goroutines float64 `json:"goroutines"`
	Sockets    float64 `json:"websockets"`
	Sessions   float64 `json:"sessions"`
	Heap       float64 `json:"heapMiB"` // live
}

// ChaosError says what bad clients did to good ones, or what they left behind.
type ChaosError struct{ Faults []string }

// Error names the faults.
func (e *ChaosError) Error() string { return "chaos did harm: " + strings.Join(e.Faults, "; ") }

const (
	// chaosAllowance is how much later a hundredth of the scans may be shown
	// beside bad clients than without them.
	chaosAllowance = 10 * time.Millisecond
	// A collection, a checkpoint and the like come and go.
	goroutineSlack = 10
	heapSlack      = 32 // MiB: the receipts' keys and the like
)

// chaos measures good clients alone and beside bad ones, and then waits until
// nothing of either is left.
func (b *Live) chaos(ctx context.Context, d *driven) (report *ChaosReport, err error) {
	report = &ChaosReport{Machine: machine(), Asked: b.asks()}
	if report.Before, err = leftover(ctx, d); err != nil {
		return nil, err
	}
	bad := b.newBad(d.addr)
	defer bad.release()
	receipts := startFlow(ctx, &b.Common, d.addr, d.base)
	err = b.suffer(ctx, d, bad, report)
	flown, flowErr := receipts.stop()
	if err := errors.Join(err, flowErr); err != nil {
		return nil, err
	}
	report.Receipts, report.Bad = flown.part(), bad.counts()
	if err := b.settled(ctx, d, report); err != nil {
		return nil, err
	}
	report.judge()
	return report, nil
}

// suffer measures good clients alone and beside bad ones.
func (b *Live) suffer(ctx context.Context, d *driven, bad *badCrowd, report *ChaosReport) (err error) {
	good := newFleet(d.addr, activeBlock, b.EachAddress)
	defer func() { err = errors.Join(err, good.close()) }()
	shoppers, err := b.openShoppers(ctx, good, newTrips(d.base, b.OnOffer))
	if err != nil {
		return fmt.Errorf("good clients: %w", err)
	}
	if report.Quiet, err = b.goodRound(ctx, shoppers, "quiet"); err != nil {
		return fmt.Errorf("good clients alone: %w", err)
	}
	bad.start(ctx, b.Bad)
	report.Chaos, err = b.goodRound(ctx, shoppers, "chaos")
	bad.stop()
	if err != nil {
		return fmt.Errorf("good clients beside bad ones: %w", err)
	}
	report.Gaps = good.gaps.Load()
	return nil
}

func (b *Live) goodRound(ctx context.Context, shoppers []*shopper, name string) (r LiveRound, err error) {
	loop := &scanLoop{shoppers: shoppers, rate: float64(b.Scans), warmUp: b.WarmUp, duration: b.Duration}
	times, err := loop.run(ctx)
	if err != nil {
		return r, err
	}
	r = LiveRound{
		Target: name, Scans: float64(b.Scans), Silent: times.silent, Lost: times.lost, Shown: latency(times.shown), Ack: latency(times.ack),
	}
	b.say("%s: shown p50 %.3f ms, p99 %.3f ms; ack p50 %.3f, p99 %.3f", name, r.Shown.P50, r.Shown.P99, r.Ack.P50, r.Ack.P99)
	return r, nil
}

// badCrowd is all bad clients.
type badCrowd struct {
	kinds   []badKind
	tallies []*badTally
	cancel  context.CancelFunc
	wait    sync.WaitGroup
}

// newBad prepares bad clients.
func (b *Live) newBad(addr string) *badCrowd {
	c := &badCrowd{kinds: badKinds(), cancel: func() {}}
	for i, k := range c.kinds {
		each := b.EachAddress
		if k.name == crowdKind {
			each = oneAddress
		}
		c.tallies = append(c.tallies, &badTally{fleet: newFleet(addr, badBlock+byte(i), each), closes: map[int]int64{}})
	}
	return c
}

// start lets n of each kind loose, of the crowd one.
func (c *badCrowd) start(ctx context.Context, n int) {
	ctx, c.cancel = context.WithCancel(ctx)
	for i := range c.kinds {
		for k := range n {
			if k == 0 || c.kinds[i].name != crowdKind {
				c.wait.Go(func() { c.kinds[i].run(ctx, c.tallies[i]) })
			}
		}
	}
}

// stop ends the bad clients; what is half-open stays so.
func (c *badCrowd) stop() {
	c.cancel()
	c.wait.Wait()
}

// release closes what is half-open.
func (c *badCrowd) release() {
	c.stop()
	for _, t := range c.tallies {
		t.release()
	}
}

// counts are what they did and met.
func (c *badCrowd) counts() (out []BadCount) {
	for i, t := range c.tallies {
		out = append(out, BadCount{
			Kind: c.kinds[i].name, What: c.kinds[i].what, Lives: t.lives.Load(), Frames: t.frames.Load(), Errors: t.errors.Load(),
			Turned: t.turned.Load(), Closes: t.closes, Wrongs: t.wrongs,
		})
	}
	return out
}

// leftover asks a server what it has open.
func leftover(ctx context.Context, d *driven) (l Leftover, err error) {
	p, err := footprintOf(ctx, d.addr, d.pprof())
	if err != nil {
		return l, err
	}
	st, err := getStats(ctx, d.addr)
	return Leftover{Goroutines: p.goroutines, Heap: p.heap / (1 << 20), Sockets: st.Live.Connections, Sessions: st.Live.Sessions}, err
}

// settled waits until the server has no more open than before.
func (b *Live) settled(ctx context.Context, d *driven, report *ChaosReport) (err error) {
	b.say("waiting until nothing of it is left")
	began := time.Now()
	for {
		if report.After, err = leftover(ctx, d); err != nil {
			return err
		}
		report.Settled = time.Since(began).Seconds()
		if len(report.stays()) == 0 || time.Since(began) > b.Settle {
			b.say("  %.0f s: %.0f goroutines, %.0f websockets, %.0f sessions", report.Settled, report.After.Goroutines, report.After.Sockets, report.After.Sessions)
			return nil
		}
		if err := pause(ctx, time.Second); err != nil {
			return err
		}
	}
}

// stays is what has not gone.
func (r *ChaosReport) stays() (out []string) {
	for _, s := range []struct {
		name                 string
		before, after, slack float64
	}{
		{"goroutines", r.Before.Goroutines, r.After.Goroutines, goroutineSlack},
		{"websockets", r.Before.Sockets, r.After.Sockets, 0},
		{"sessions", r.Before.Sessions, r.After.Sessions, 0},
		{"MiB of live heap", r.Before.Heap, r.After.Heap, heapSlack},
	} {
		if s.after > s.before+s.slack {
			out = append(out, fmt.Sprintf("%.0f %s stay, where there were %.0f", s.after, s.name, s.before))
		}
	}
	return out
}

// judge lists what should not have been.
func (r *ChaosReport) judge() {
	r.Faults = append([]string{}, r.stays()...)
	if r.Gaps > 0 || r.Chaos.Lost > 0 {
		r.Faults = append(r.Faults, fmt.Sprintf("good clients missed %d frames and %d acks", r.Gaps, r.Chaos.Lost))
	}
	if most := r.Quiet.Shown.P99 + chaosAllowance.Seconds()*1000; r.Chaos.Shown.P99 > most {
		r.Faults = append(r.Faults, fmt.Sprintf("good clients' p99 went from %.3f to %.3f ms, allowed %.3f", r.Quiet.Shown.P99, r.Chaos.Shown.P99, most))
	}
	for _, k := range r.Bad {
		for _, wrong := range k.Wrongs {
			r.Faults = append(r.Faults, k.Kind+": "+wrong)
		}
	}
}

// table writes the report for people.
func (r *ChaosReport) table(w io.Writer) {
	a := r.Asked
	fmt.Fprintf(w, "%d good clients with %d scans a second, %d receipts a second, %s alone and %s beside bad clients, %s\n\n",
		a.Active, a.Scans, a.Receipts, a.Duration, a.Duration, r.Machine)
	fmt.Fprintln(w, "good clients\tshown p50 ms\tp99\tp99.9\tmax\tack p50\tp99\tmax\tno ack\t")
	for _, round := range []LiveRound{r.Quiet, r.Chaos} {
		s, k := round.Shown, round.Ack
		fmt.Fprintf(w, "%s\t%.3f\t%.3f\t%.3f\t%.3f\t%.3f\t%.3f\t%.3f\t%d\t\n", round.Target, s.P50, s.P99, s.P999, s.Max, k.P50, k.P99, k.Max, round.Lost)
	}
	fmt.Fprintln(w, "\nbad clients\tlives\tframes\terrors back\tturned away\tclosed, by code\t")
	for _, k := range r.Bad {
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%s\t\n", k.Kind, k.Lives, k.Frames, k.Errors, k.Turned, strings.TrimPrefix(fmt.Sprint(k.Closes), "map"))
	}
	fmt.Fprintln(w, "\nthe server\tgoroutines\twebsockets\tsessions\tlive heap MiB\t")
	for _, l := range []struct {
		name string
		Leftover
	}{{"before", r.Before}, {fmt.Sprintf("%.0f s after", r.Settled), r.After}} {
		fmt.Fprintf(w, "%s\t%.0f\t%.0f\t%.0f\t%.1f\t\n", l.name, l.Goroutines, l.Sockets, l.Sessions, l.Heap)
	}
	fmt.Fprintln(w)
	for _, fault := range r.Faults {
		fmt.Fprintln(w, "FAULT:", fault)
	}
	if len(r.Faults) == 0 {
		fmt.Fprintln(w, "nothing was harmed, and nothing stays")
	}
}
