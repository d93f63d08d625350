package load

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"nabo/engine/event"
)

// Live is nabo bench live: many idle websockets, and baskets that are scanned
// on others while receipts flow; how long until the shopper sees something, and
// until it is durable; beside a bare gorilla/websocket echo.
type Live struct {
	Common      `kong:"embed,set='members=100000',set='lines=12',set='duration=6s'"`
	Idle        int           `help:"Websockets that only listen." default:"10000"`
	IdleTopic   string        `help:"What these subscribe to: trending, or none." enum:"trending,none" default:"none"`
	Active      int           `help:"Websockets on each of which a basket is scanned." default:"1000"`
	Scans       int           `help:"Scans a second, all baskets together." default:"500"`
	OnOffer     int           `help:"Share of scans of a product that an offer is on, in percent; the others are as receipts have them." default:"30"`
	Commits     int           `help:"Single events a second that go over HTTP beside the scans, for the log's own time." default:"50"`
	Rounds      int           `help:"Rounds, each of them once with the server and once with the bare echo." default:"5"`
	WarmUp      time.Duration `help:"How long each round runs before it is measured." default:"1s"`
	Peak        time.Duration `help:"How long each peak is measured, in which every basket is scanned again as soon as the last scan is acknowledged; 0s, or an --active below 500, leaves the peaks out." default:"3s"`
	EachAddress int           `help:"Websockets from one source address, out of 127.0.0.0/8, if the server is on loopback; 0: all from the system's choice." default:"100"`

	Chaos bool `help:"In place of all this: --good clients, for --duration alone and then beside half-open connections, slow readers, floods and bad frames; exit code 1 if they suffer, or if anything stays behind."`
	Good  int  `help:"With --chaos: good clients, in place of --active; each scans twice a second." default:"100"`
	Bad   int  `help:"With --chaos: bad clients of each kind." default:"5"`

	Settle time.Duration `help:"With --chaos: how long what was left behind may stay; a lost connection takes a server some minute to notice, and a session is kept for two after it." default:"5m"`
}

// What idle websockets can subscribe to.
const (
	topicTrending = "trending"
	topicNone     = "none"
)

// fewestForPeak is with how many sockets a peak can be had: a server bounds the
// frames a second of each.
const fewestForPeak = 500

// targetEcho is the target of a round that nabo is compared with.
const targetEcho = "echo"

func (b *Live) validate() error {
	switch {
	case b.Idle < 0 || b.Idle > 1_000_000:
		return fmt.Errorf("--idle %d: want 0 to 1000000", b.Idle)
	case b.IdleTopic != topicTrending && b.IdleTopic != topicNone:
		return fmt.Errorf("--idle-topic %q: want %s or %s", b.IdleTopic, topicTrending, topicNone)
	case b.Active < 1 || b.Active > 100_000:
		return fmt.Errorf("--active %d: want 1 to 100000", b.Active)
	case b.Scans < 1 || b.Scans > 1_000_000:
		return fmt.Errorf("--scans %d: want 1 to 1000000", b.Scans)
	case b.OnOffer < 0 || b.OnOffer > 100:
		return fmt.Errorf("--on-offer %d: want 0 to 100", b.OnOffer)
	case b.Commits < 1 || b.Commits > 10_000:
		return fmt.Errorf("--commits %d: want 1 to 10000", b.Commits)
	case b.Rounds < 1 || b.Rounds > 1000:
		return fmt.Errorf("--rounds %d: want 1 to 1000", b.Rounds)
	case b.WarmUp < 0 || b.Peak < 0:
		return fmt.Errorf("--warm-up %v, --peak %v: want 0s or more", b.WarmUp, b.Peak)
	case b.EachAddress < 0 || b.EachAddress > 20_000:
		return fmt.Errorf("--each-address %d: want 0 to 20000", b.EachAddress)
	case b.Settle < 0:
		return fmt.Errorf("--settle %v: want 0s or more", b.Settle)
	case b.Good < 1 || b.Good > 10_000 || b.Bad < 1 || b.Bad > 1000:
		return fmt.Errorf("--good %d, --bad %d: want 1 to 10000 and 1 to 1000", b.Good, b.Bad)
	}
	return errors.Join(b.lasting(), b.Common.validate())
}

// Run makes the measurement and prints the report. It returns an error when it
// could not be made, not when its figures are bad. With Chaos a *ChaosError
// says that good clients suffered, or that something stayed behind.
func (b *Live) Run(ctx context.Context) (err error) {
	if err := b.validate(); err != nil {
		return err
	}
	if b.Chaos {
		b.Idle, b.Active, b.Scans = 0, b.Good, 2*b.Good
	}
	if err := wantFiles(b.files()); err != nil {
		return fmt.Errorf("--idle %d and --active %d: %w", b.Idle, b.Active, err)
	}
	d, err := b.drive(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.stop()) }()
	if err := d.settle(ctx, &b.Common); err != nil {
		return err
	}
	if b.Chaos {
		return b.runChaos(ctx, d)
	}
	report, err := b.measure(ctx, d)
	if err != nil {
		return err
	}
	return b.print(report, report.table)
}

// files is how many must be open at once.
func (b *Live) files() uint64 {
	const rest = 1000
	if b.Chaos {
		return uint64(b.Active + crowdMost + rest)
	}
	return uint64(b.Idle + 2*b.Active + rest) // active ones to the server and to the echo
}

func (b *Live) runChaos(ctx context.Context, d *driven) error {
	report, err := b.chaos(ctx, d)
	if err != nil {
		return err
	}
	if err := b.print(report, report.table); err != nil {
		return err
	}
	if len(report.Faults) > 0 {
		return &ChaosError{report.Faults}
	}
	return nil
}

// measure drives a server that is filled.
func (b *Live) measure(ctx context.Context, d *driven) (report *LiveReport, err error) {
	echo, err := startEcho(&b.Common)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, echo.stop()) }()
	report = &LiveReport{Machine: machine(), Asked: b.asks()}
	cost, err := b.echoIdle(ctx, echo)
	if err != nil {
		return nil, fmt.Errorf("idle websockets of the bare echo: %w", err)
	}
	idle := newFleet(d.addr, idleBlock, b.EachAddress)
	defer func() { err = errors.Join(err, idle.close()) }()
	own, err := b.openIdle(ctx, idle, targetServer, d.pprof())
	if err != nil {
		return nil, fmt.Errorf("idle websockets: %w", err)
	}
	report.Idle = []IdleCost{own, cost}

	active := []*fleet{newFleet(d.addr, activeBlock, b.EachAddress), newFleet(echo.addr, activeBlock, b.EachAddress)}
	active[1].echo = true
	trips := newTrips(d.base, b.OnOffer)
	var shoppers [2][]*shopper
	for i, f := range active {
		defer func() { err = errors.Join(err, f.close()) }()
		if shoppers[i], err = b.openShoppers(ctx, f, trips); err != nil {
			return nil, err
		}
	}
	receipts := startFlow(ctx, &b.Common, d.addr, d.base)
	if err = b.turns(ctx, report, shoppers, idle); err == nil && b.Peak > 0 && b.Active >= fewestForPeak {
		err = b.peaks(ctx, report, shoppers)
	}
	flown, flowErr := receipts.stop()
	if err := errors.Join(err, flowErr, idle.fault()); err != nil {
		return nil, err
	}
	report.Receipts = flown.part()
	report.sum()
	report.Gaps = idle.gaps.Load() + active[0].gaps.Load()
	report.Memory, err = d.memory(ctx)
	return report, err
}

// pprof is where the server answers Go's profiles; empty: nowhere.
func (d *driven) pprof() string {
	if d.child == nil {
		return ""
	}
	return d.child.pprof
}

// openShoppers opens the active sockets of a fleet, each with its first trip.
func (b *Live) openShoppers(ctx context.Context, f *fleet, trips *trips) ([]*shopper, error) {
	out := make([]*shopper, b.Active)
	err := f.openMany(ctx, b.Active, func(i int, s *socket) error {
		if !f.echo {
			if err := s.shake(); err != nil {
				return err
			}
		}
		out[i] = &shopper{socket: s, fleet: f, trips: trips}
		f.follow(s, out[i].took)
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, s := range out {
		if err := s.pay(); err != nil {
			return nil, fmt.Errorf("begin a basket: %w", err)
		}
	}
	if f.echo {
		return out, nil
	}
	return out, f.await(ctx, snapshotFrame, b.Active)
}

// turns measures both targets in turn, round by round.
func (b *Live) turns(ctx context.Context, report *LiveReport, shoppers [2][]*shopper, idle *fleet) error {
	report.times, report.commits = [2]scanTimes{newScanTimes(), newScanTimes()}, newHistogram()
	for n := range b.Rounds {
		for i, name := range []string{targetServer, targetEcho} {
			r, err := b.turn(ctx, report, shoppers, idle, i)
			if err != nil {
				return fmt.Errorf("round %d with %s: %w", n+1, name, err)
			}
			r.Target = name
			report.Rounds = append(report.Rounds, *r)
			said := fmt.Sprintf("round %d of %d, %s: p50 %.3f ms, p99 %.3f ms", n+1, b.Rounds, name, r.Shown.P50, r.Shown.P99)
			if i == 0 {
				said += fmt.Sprintf("; ack p50 %.3f, p99 %.3f; the log's own p50 %.3f, p99 %.3f", r.Ack.P50, r.Ack.P99, r.Commit.P50, r.Commit.P99)
			}
			b.say("%s; %.2f processors", said, r.Processors)
		}
	}
	return nil
}

// turn is a round with the processor time that nabo took meanwhile.
func (b *Live) turn(ctx context.Context, report *LiveReport, shoppers [2][]*shopper, idle *fleet, target int) (*LiveRound, error) {
	server := shoppers[0][0].fleet.addr
	before, err := metrics(ctx, server, workedMetric)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	r, err := b.round(ctx, report, shoppers[target], idle, target)
	if err != nil {
		return nil, err
	}
	took := time.Since(began).Seconds()
	after, err := metrics(ctx, server, workedMetric)
	r.Processors = (after[workedMetric] - before[workedMetric]) / took
	return r, err
}

// peaks measures both targets in turn as fast as they acknowledge.
func (b *Live) peaks(ctx context.Context, report *LiveReport, shoppers [2][]*shopper) error {
	for n := range b.Rounds {
		for i, name := range []string{targetServer, targetEcho} {
			loop := &scanLoop{shoppers: shoppers[i], warmUp: b.WarmUp, duration: b.Peak}
			before, began := shoppers[i][0].fleet.traffic(), time.Now()
			rate, err := loop.peak(ctx)
			if err != nil {
				return fmt.Errorf("peak of %s: %w", name, err)
			}
			traffic := shoppers[i][0].fleet.traffic().per(before, time.Since(began).Seconds())
			report.Peaks = append(report.Peaks, LivePeak{name, rate, traffic.Frames})
			b.say("peak %d of %d, %s: %.0f scans/s, %.0f frames/s out", n+1, b.Rounds, name, rate, traffic.Frames)
		}
	}
	return nil
}

// round measures one target once. Beside scans on nabo, single events go over
// HTTP: what they take is the log's own time.
func (b *Live) round(ctx context.Context, report *LiveReport, shoppers []*shopper, idle *fleet, target int) (*LiveRound, error) {
	f := shoppers[0].fleet
	before := f.traffic().plus(idle.traffic())
	loop := &scanLoop{shoppers: shoppers, rate: float64(b.Scans), warmUp: b.WarmUp, duration: b.Duration}
	var commits *loopResult
	var commitErr error
	var wait sync.WaitGroup
	if !f.echo {
		wait.Go(func() { commits, commitErr = b.commits(f.addr, shoppers[0].trips).run(ctx) })
	}
	began := time.Now()
	times, err := loop.run(ctx)
	took := time.Since(began).Seconds()
	wait.Wait()
	if err := errors.Join(err, commitErr); err != nil {
		return nil, err
	}
	report.times[target].add(times)
	r := &LiveRound{Scans: float64(b.Scans), Silent: times.silent, Lost: times.lost, Shown: latency(times.shown), Ack: latency(times.ack)}
	if f.echo {
		r.Shown = r.Ack
		return r, nil
	}
	if commits.failed > 0 {
		return nil, fmt.Errorf("%d single events were refused", commits.failed)
	}
	report.commits.Merge(commits.latency)
	r.Commit = latency(commits.latency)
	r.Traffic = f.traffic().plus(idle.traffic()).per(before, took)
	return r, nil
}

// commits sends scans in sessions that nobody watches, one in a request.
func (b *Live) commits(addr string, trips *trips) *openLoop {
	source := run()
	scanned := &event.Scanned{Product: trips.offered[0], Action: event.ActionAdd}
	var body []byte
	return &openLoop{
		addr: addr, conns: 8, rate: float64(b.Commits), warmUp: b.WarmUp, duration: b.Duration, want: 202,
		next: func(dst []byte, i int) []byte {
			ev := event.Event{Type: event.TypeScan, ID: strconv.Itoa(i), Source: source, Store: trips.store, SessionID: source, Body: scanned}
			body = ev.AppendJSON(body[:0])
			return appendPost(dst, addr, eventsPath, ndjson, body)
		},
	}
}
