package load

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestChaosNamesItsFaults(t *testing.T) {
	well := func() *ChaosReport {
		return &ChaosReport{
			Quiet: LiveRound{Shown: Latency{P99: 2}}, Chaos: LiveRound{Shown: Latency{P99: 11.5}},
			Before: Leftover{Goroutines: 50, Sockets: 1, Heap: 100}, After: Leftover{Goroutines: 58, Sockets: 1, Heap: 120},
		}
	}
	for want, spoil := range map[string]func(*ChaosReport){
		"":                            func(*ChaosReport) {},
		"61 goroutines stay":          func(r *ChaosReport) { r.After.Goroutines = 61 },
		"2 websockets stay":           func(r *ChaosReport) { r.After.Sockets = 2 },
		"1 sessions stay":             func(r *ChaosReport) { r.After.Sessions = 1 },
		"140 MiB of live heap stay":   func(r *ChaosReport) { r.After.Heap = 140 },
		"missed 3 frames and 0 acks":  func(r *ChaosReport) { r.Gaps = 3 },
		"missed 0 frames and 2 acks":  func(r *ChaosReport) { r.Chaos.Lost = 2 },
		"p99 went from 2.000 to 12.5": func(r *ChaosReport) { r.Chaos.Shown.P99 = 12.5 },
		"flood: the server wept":      func(r *ChaosReport) { r.Bad = []BadCount{{Kind: "flood", Wrongs: []string{"the server wept"}}} },
	} {
		r := well()
		spoil(r)
		r.judge()
		if want == "" {
			if len(r.Faults) > 0 {
				t.Errorf("faults where all is well: %q", r.Faults)
			}
			continue
		}
		if len(r.Faults) != 1 || !strings.Contains((&ChaosError{r.Faults}).Error(), want) {
			t.Errorf("faults %q, want %q", r.Faults, want)
		}
	}
}

// What is left behind goes in minutes, which no test waits for; all else that
// may go wrong is looked for.
func TestChaos(t *testing.T) {
	b := smallLive(t, nil, nil)
	b.Chaos, b.Duration = true, time.Second
	run := func(ctx context.Context) error {
		err := b.Run(ctx)
		if harm := (*ChaosError)(nil); errors.As(err, &harm) {
			return nil
		}
		return err
	}
	var report ChaosReport
	runs(t, &b.Common, run, &report, func(w io.Writer) { report.table(w) }, "quiet", "chaos", "half-open", "goroutines")
	for _, fault := range report.Faults {
		if !strings.Contains(fault, " stay, ") && !strings.Contains(fault, "p99 went") {
			t.Error(fault)
		}
	}
	if len(report.Bad) != len(badKinds()) || report.Quiet.Ack.Count == 0 || report.Chaos.Ack.Count == 0 || report.After.Sockets == 0 {
		t.Errorf("report %+v", report)
	}
	for _, k := range report.Bad {
		if k.Lives == 0 {
			t.Errorf("no %s client lived", k.Kind)
		}
	}
}

// A server that closes after a bad frame, forgets a session or lets half-open
// ones stay does wrong, and the tallies say so.
func TestBadClientsTellWhatIsWrong(t *testing.T) {
	addr := serveFake(t, &fakeLive{})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for name, want := range map[string]string{
		"bad text":  "and then the server closed",
		"vanishing": "resume session 1",
		"bad bytes": "",
	} {
		kinds := badKinds()
		k := kinds[slices.IndexFunc(kinds, func(k badKind) bool { return k.name == name })]
		tally := &badTally{fleet: newFleet(addr, badBlock, 0), closes: map[int]int64{}}
		err := k.lives(ctx, tally)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: error %v, want %q", name, err, want)
		}
		if want == "" && len(tally.closes) == 0 {
			t.Errorf("%s: no connection was closed", name)
		}
	}
}
