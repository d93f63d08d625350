package load

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// IdleCost is what one idle websocket costs a server: the differences between
// before and after many were opened, over their number.
type IdleCost struct {
	Target     string  `json:"target"` // nabo or echo
	Sockets    int     `json:"sockets"`
	Resident   float64 `json:"residentBytes"` // of the process
	Heap       float64 `json:"heapBytes"`     // live
	Stacks     float64 `json:"stackBytes"`
	Goroutines float64 `json:"goroutines"`
}

const stackMetric = "go_memstats_stack_inuse_bytes"

// footprint is what a process takes after a collection.
type footprint struct{ resident, heap, stacks, goroutines float64 }

// footprint asks a server what it takes. Another's process can't be made to
// collect: there the heap has garbage in it.
func footprintOf(ctx context.Context, addr, pprof string) (p footprint, err error) {
	if pprof != "" {
		// A profile of the heap is taken after a collection.
		if _, _, err := once(ctx, pprof, get(pprof, "/debug/pprof/heap?gc=1")); err != nil {
			return p, fmt.Errorf("make the server collect: %w", err)
		}
	}
	said, err := metrics(ctx, addr, residentMetric, heapMetric, stackMetric, routinesMetric)
	return footprint{said[residentMetric], said[heapMetric], said[stackMetric], said[routinesMetric]}, err
}

// per is what each of n takes between two moments.
func (p footprint) per(target string, before footprint, n int) IdleCost {
	each := func(after, before float64) float64 { return (after - before) / float64(max(n, 1)) }
	return IdleCost{
		Target: target, Sockets: n, Resident: each(p.resident, before.resident), Heap: each(p.heap, before.heap),
		Stacks: each(p.stacks, before.stacks), Goroutines: each(p.goroutines, before.goroutines),
	}
}

// openIdle opens the idle sockets of a fleet and says what each costs.
func (b *Live) openIdle(ctx context.Context, f *fleet, target, pprof string) (cost IdleCost, err error) {
	before, err := footprintOf(ctx, f.addr, pprof)
	if err != nil {
		return cost, err
	}
	topic := b.IdleTopic
	if f.echo {
		topic = ""
	}
	b.say("opening %d idle websockets to %s", b.Idle, target)
	err = f.openMany(ctx, b.Idle, func(i int, s *socket) error {
		if !f.echo {
			if err := s.shake(); err != nil {
				return err
			}
		}
		f.follow(s, nil)
		if topic == topicTrending {
			return s.write(appendFrame(nil, "subscribe", "2", []byte(`{"topic":"trending"}`)))
		}
		return nil
	})
	if err != nil {
		return cost, err
	}
	if topic == topicTrending {
		if err := f.await(ctx, snapshotFrame, b.Idle); err != nil {
			return cost, err
		}
	}
	after, err := footprintOf(ctx, f.addr, pprof)
	if err != nil {
		return cost, err
	}
	cost = after.per(target, before, b.Idle)
	b.say("  each takes %.1f kB resident, %.1f kB live heap, %.1f kB of stacks, %.2f goroutines",
		cost.Resident/1000, cost.Heap/1000, cost.Stacks/1000, cost.Goroutines)
	return cost, nil
}

// echoIdle says what an idle websocket costs the bare echo, and closes all of
// them again: a process may only have so many files.
func (b *Live) echoIdle(ctx context.Context, echo *child) (cost IdleCost, err error) {
	f := newFleet(echo.addr, idleBlock, b.EachAddress)
	f.echo = true
	defer func() { err = errors.Join(err, f.close()) }()
	return b.openIdle(ctx, f, targetEcho, "")
}

// row writes what an idle websocket costs for people.
func (c *IdleCost) row(w io.Writer) {
	fmt.Fprintf(w, "%s\t%d\t%.1f\t%.1f\t%.1f\t%.2f\t\n", c.Target, c.Sockets, c.Resident/1000, c.Heap/1000, c.Stacks/1000, c.Goroutines)
}
