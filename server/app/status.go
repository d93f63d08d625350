package app

import (
	"context"
	"strings"
	"time"

	"nabo/server"
)

// How often the process looks after its storage, and at the log's size.
const (
	maintainEvery = 10 * time.Minute
	lookEvery     = 2 * time.Second
)

// upkeep looks at the log and the disk now and then, gives back space, and
// removes the bytes of forgotten ids, until ctx ends.
func (p *process) upkeep(ctx context.Context) error {
	maintain := time.NewTicker(maintainEvery)
	defer maintain.Stop()
	for {
		p.look(ctx)
		select {
		case <-maintain.C:
			p.maintain(ctx)
		default:
		}
		if err := wait(ctx, lookEvery); err != nil {
			return err
		}
	}
}

func (p *process) look(ctx context.Context) {
	if bounds, err := p.stream.Bounds(ctx); err == nil {
		p.noteLog(bounds)
	} else if ctx.Err() == nil {
		p.log.Warn("the log does not say how large it is", "error", err)
	}
	decided := server.DecisionStatus(p.decisions.Stats())
	p.decided.Store(&decided)
	p.disk.Store(p.store.Stats().DiskBytes + p.tokens.DiskBytes())
}

// maintain fails without harm: it is tried again.
func (p *process) maintain(ctx context.Context) {
	if err := p.decisions.Maintain(ctx); err != nil && ctx.Err() == nil {
		p.log.Warn("the decisions' space was not given back", "error", err)
	}
	if err := p.tokens.Scrub(); err != nil {
		p.log.Error("the bytes of forgotten members' ids were not removed", "error", err)
	}
}

// status is what the server cannot know itself.
func (p *process) status() server.Status {
	out := server.Status{
		LogFirst: p.logFirst.Load(), LogLast: p.logEnd.Load(), LogBytes: p.logBytes.Load(),
		Checkpoint: p.store.Position(), StoreBytes: uint64(p.disk.Load()), Decisions: p.decided.Load(),
		Memory: p.memory(),
	}
	if at := p.savedAt.Load(); at != 0 {
		out.CheckpointAt = time.UnixMilli(at)
	}
	st := p.gate.Stats()
	out.Gate = server.GateStatus{
		Queue: st.Queue, QueueLimit: gateQueue, InFlight: st.InFlight,
		Accepted: st.Accepted, Duplicates: st.Duplicates, Rejected: st.Rejected,
	}
	return out
}

// semantic returns version where it has the form that NATS services want.
func semantic(version string) string {
	v := strings.TrimPrefix(version, "v")
	parts := strings.SplitN(strings.SplitN(v, "-", 2)[0], ".", 3)
	if len(parts) != 3 {
		return ""
	}
	for _, part := range parts {
		if part == "" || strings.Trim(part, "0123456789") != "" {
			return ""
		}
	}
	return v
}
