package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"nabo/engine/event"
	"nabo/stream"
)

// follow applies the log, from where the state is, until ctx ends.
func (p *process) follow(ctx context.Context) error {
	err := p.stream.FollowBatches(ctx, p.engine.Position(), p.applyMessages)
	if gap := (*stream.GapError)(nil); errors.As(err, &gap) {
		return fmt.Errorf("%w (--rebuild sets the checkpoints aside and replays the log from its first message)", err)
	}
	return err
}

// applyMessages applies groups that came together as if they were one: the
// state is the same, and what is many events is done faster. A group that
// cannot be read stops the process: to pass it over would lose what was
// acknowledged.
func (p *process) applyMessages(ms []stream.Message) error {
	p.applying.Lock()
	defer p.applying.Unlock()
	p.group = p.group[:0]
	for i := range ms {
		if err := p.decode(&ms[i]); err != nil {
			return err
		}
	}
	last := &ms[len(ms)-1]
	p.engine.ApplyGroup(last.Seq, p.group)
	p.server.Applied(last.Seq, p.group)
	for i := range p.group {
		if err := p.forget(&p.group[i]); err != nil {
			return err
		}
	}
	p.sinceCP += len(p.group)
	p.logEnd.Store(max(last.Last, last.Seq, p.logEnd.Load()))
	p.noteProgress(last.Seq)
	return nil
}

// decode appends a message's events to the group, into the memory of those
// that were applied before as far as that goes.
func (p *process) decode(m *stream.Message) error {
	if len(m.Data) == 0 {
		return nil
	}
	n := len(p.group)
	more, err := event.DecodeGroup(m.Data, p.group[n:])
	if err != nil {
		return fmt.Errorf("log position %d holds no group of events that this nabo can read: %w", m.Seq, err)
	}
	if n+len(more) <= cap(p.group) {
		p.group = p.group[:n+len(more)] // more stands there
	} else {
		p.group = append(p.group, more...)
	}
	return nil
}

// forget erases the id of a member that was erased or merged into another. The
// gate does so once the event is durable; this is for a process that was
// killed in between.
func (p *process) forget(ev *event.Event) error {
	if ev.Type != event.TypeMemberErased && ev.Type != event.TypeMemberMerged {
		return nil
	}
	id, known := p.tokens.ID(ev.Member)
	if !known {
		return nil
	}
	return p.tokens.Forget(id)
}

// noteProgress tells those who wait for the start to end, and the saver.
func (p *process) noteProgress(seq uint64) {
	if !p.caught && seq >= p.target {
		p.caught = true
		close(p.caughtUp)
	}
	if p.sinceCP >= p.opt.CheckpointEvents {
		select {
		case p.dueNow <- struct{}{}:
		default: // it has been told
		}
	}
}

// Refining a busy shop's products is work without end, and lookups and the log
// share the cores with it: one product, some tenths of a millisecond, and then a
// pause ten times as long, leave them theirs. Steps of eight showed in the
// lookups' slowest hundredth. After a start or an import, when many products
// have no refined edges at all, it takes half a core. A round starts once a
// second.
const (
	refreshStep   = 1 // products
	refreshPause  = 3 * time.Millisecond
	refreshBehind = 200 * time.Microsecond
	refreshIdle   = time.Second
)

// whenRefined gives what runs once all that is derived was made: a list that is
// made from less would stay that way, and a sync would send everybody twice.
func (p *process) whenRefined(run func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		select {
		case <-p.refined:
		case <-ctx.Done():
		}
		return run(ctx)
	}
}

// refreshLoop keeps what is derived from the state fresh.
func (p *process) refreshLoop(ctx context.Context) error {
	first := true
	freshened := p.opt.Now()
	for {
		if now := p.opt.Now(); now.Sub(freshened) >= refreshIdle {
			p.engine.Freshen()
			freshened = now
		}
		pause := refreshPause
		switch done, behind := p.engine.RefreshStep(ctx, refreshStep); {
		case behind && !done:
			pause = refreshBehind
		case done:
			pause = refreshIdle
			if first {
				first = false
				close(p.refined)
			}
		}
		if err := wait(ctx, pause); err != nil {
			return err
		}
	}
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
