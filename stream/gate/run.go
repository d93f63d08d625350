package gate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"nabo/engine/event"
)

// lookAgain is how often the gatherer looks whether the engine has caught up,
// when too many keys are in flight.
const lookAgain = 5 * time.Millisecond

// Run admits what is submitted until ctx ends, finishes what was taken before,
// and returns nil. It may be called once.
func (g *Gate) Run(ctx context.Context) error {
	if !g.running.CompareAndSwap(false, true) {
		return errors.New("gate: Run was called twice")
	}
	// An append that was begun is not cut short: its events would be in the
	// log and their senders told that they are not. The log bounds its time.
	work := context.WithoutCancel(ctx)
	var stages sync.WaitGroup
	stages.Go(func() {
		defer close(g.sealed)
		for gr := range g.sealing {
			if err := g.seal(gr); err != nil {
				g.fail(gr, err)
				continue
			}
			g.sealed <- gr
		}
	})
	stages.Go(func() {
		for gr := range g.sealed {
			g.commit(work, gr)
		}
	})
	g.gather(ctx)
	close(g.sealing)
	stages.Wait()
	close(g.stopped)
	return nil
}

// gatherer fills groups. The goroutine of Run owns it.
type gatherer struct {
	g   *Gate
	ctx context.Context // Run's; only for waiting
	cur *group
	now event.Millis
}

// gather takes submissions from the queue until ctx ends and the queue is
// empty.
func (g *Gate) gather(ctx context.Context) {
	ga := &gatherer{g: g, ctx: ctx, cur: g.newGroup()}
	for {
		var out chan *group
		if ga.cur.n > 0 {
			out = g.sealing
		}
		select {
		case s := <-g.queue:
			ga.take(s)
			continue
		case out <- ga.cur:
			ga.cur = g.newGroup()
			continue
		case <-ctx.Done():
		}
		select {
		case s := <-g.queue:
			ga.take(s)
		default:
			ga.send()
			return
		}
	}
}

// take puts a submission's events into the group that is filling, and into
// more if they do not fit.
func (ga *gatherer) take(s *submission) {
	g := ga.g
	// Time must not go back within the log, whatever the clock does.
	ga.now = max(ga.now, event.At(g.opts.Now()))
	g.mu.Lock()
	s.pending = 1
	g.mu.Unlock()
	if err := g.payDebts(); err != nil {
		g.mu.Lock()
		s.releaseLocked(0, err)
		g.mu.Unlock()
		return
	}
	for i, size := range s.sizes {
		if size == 0 {
			continue // rejected
		}
		if !g.room(ga.cur, size) {
			ga.send()
		}
		g.add(ga.cur, s, i, ga.now)
		if ga.cur.ends {
			ga.sendAndWait()
		}
	}
	g.mu.Lock()
	s.releaseLocked(0, nil)
	g.mu.Unlock()
	ga.waitForEngine()
}

// send passes the group on, once the stage after this one is free.
func (ga *gatherer) send() {
	if ga.cur.n > 0 {
		ga.g.sealing <- ga.cur
		ga.cur = ga.g.newGroup()
	}
}

// sendAndWait passes on a group that ends with a member's erasure or merging,
// and waits until the log has it and the id is forgotten.
func (ga *gatherer) sendAndWait() {
	done := ga.cur.done
	ga.send()
	<-done
}

// waitForEngine holds the gate while too many keys are in flight. The end of
// ctx ends the waiting: what was taken still is to be finished.
func (ga *gatherer) waitForEngine() {
	g := ga.g
	if g.full() {
		ga.send() // what is gathered must not wait for the engine, which may wait for it
	}
	for g.full() {
		t := time.NewTimer(lookAgain)
		select {
		case <-t.C:
		case <-ga.ctx.Done():
			t.Stop()
			return
		}
	}
}

func (g *Gate) full() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.inFlight) < g.opts.MaxInFlight {
		return false
	}
	g.sweepLocked()
	return len(g.inFlight) >= g.opts.MaxInFlight
}

// seal gives a group its tokens and its bytes.
func (g *Gate) seal(gr *group) error {
	if err := g.assign(gr); err != nil {
		return err
	}
	sp := gr.space
	if len(sp.events) > 0 {
		gr.last = sp.events[len(sp.events)-1].Key
		sp.payload = event.AppendGroup(sp.payload[:0], sp.events)
	}
	return nil
}

// assign replaces members' ids by tokens, with one call for the whole group.
// The members that are erased or merged get none: they have one, or nothing
// is known of them and there is nothing to do.
func (g *Gate) assign(gr *group) error {
	sp := gr.space
	for i := range sp.events {
		ev := &sp.events[i]
		switch b := ev.Body.(type) {
		case *event.MemberErased:
		case *event.MemberMerged: // the one that stays may be new: a renaming
			sp.want(b.IntoID)
		default:
			sp.want(ev.MemberID)
		}
	}
	if gr.ends {
		sp.leaveUnknown(g.opts.Tokens)
	}
	var tokens []event.Token
	if len(sp.ids) > 0 {
		var err error
		if tokens, err = g.opts.Tokens.Assign(sp.ids); err != nil {
			return fmt.Errorf("assign members' tokens: %w", err)
		}
		if len(tokens) != len(sp.ids) {
			return fmt.Errorf("assign members' tokens: got %d for %d", len(tokens), len(sp.ids))
		}
	}
	for i := range sp.events {
		if err := g.replace(gr, &sp.events[i], tokens); err != nil {
			return err
		}
	}
	return nil
}

// want notes an id that needs a token.
func (sp *space) want(id string) {
	if id == "" {
		return
	}
	if _, ok := sp.index[id]; !ok {
		sp.index[id] = len(sp.ids)
		sp.ids = append(sp.ids, id)
	}
}

// leaveUnknown drops the erasure or merging at the end of a group if nothing
// is known of its member: no token, and no event of this group that makes one.
func (sp *space) leaveUnknown(tokens Tokens) {
	end := len(sp.events) - 1
	ev := &sp.events[end]
	if slices.ContainsFunc(sp.events[:end], func(e event.Event) bool { return e.MemberID == ev.MemberID }) {
		return
	}
	if _, known := tokens.Token(ev.MemberID); known {
		return
	}
	if b, ok := ev.Body.(*event.MemberMerged); ok {
		sp.unwant(b.IntoID)
	}
	sp.events[end] = event.Event{}
	sp.events = sp.events[:end]
}

// unwant takes back the want of an id by the last event, which noted it last
// if no other event did before.
func (sp *space) unwant(id string) {
	if slices.ContainsFunc(sp.events[:len(sp.events)-1], func(e event.Event) bool { return e.MemberID == id }) {
		return
	}
	delete(sp.index, id)
	sp.ids = sp.ids[:len(sp.ids)-1]
}

// replace gives one event its tokens.
func (g *Gate) replace(gr *group, ev *event.Event, tokens []event.Token) error {
	if ev.MemberID != "" {
		if at, ok := gr.space.index[ev.MemberID]; ok {
			ev.Member = tokens[at]
		} else if ev.Member, ok = g.opts.Tokens.Token(ev.MemberID); !ok {
			return errors.New("a member was forgotten while in use")
		}
	}
	switch b := ev.Body.(type) {
	case *event.MemberErased:
		gr.forget = ev.MemberID
	case *event.MemberMerged:
		b.Into = tokens[gr.space.index[b.IntoID]]
		gr.forget = ev.MemberID
	}
	return nil
}

// commit appends a group and settles it.
func (g *Gate) commit(ctx context.Context, gr *group) {
	if len(gr.space.events) == 0 { // an erasure of nobody
		g.accept(gr)
		g.settle(gr, 0, nil)
		return
	}
	seq, err := g.opts.Log.Append(ctx, gr.space.payload)
	if err != nil {
		g.fail(gr, err)
		return
	}
	g.counts.groups.Add(1)
	g.counts.bytes.Add(uint64(len(gr.space.payload)))
	if gr.forget != "" {
		err = g.payDebts(gr.forget)
	}
	g.accept(gr)
	if err != nil {
		g.settleOwing(gr, seq, err)
		return
	}
	g.settle(gr, seq, nil)
}

// payDebts forgets the given ids, whose erasure is in the log, and those that
// could not be forgotten before. As long as the tokens' store fails to, nothing
// is admitted: an event would get the token of a member that is no more.
func (g *Gate) payDebts(more ...string) error {
	g.debtMu.Lock()
	defer g.debtMu.Unlock()
	g.owed = append(g.owed, more...)
	for len(g.owed) > 0 {
		if err := g.opts.Tokens.Forget(g.owed[0]); err != nil {
			return fmt.Errorf("forget an erased member's id: %w", err)
		}
		g.counts.forgotten.Add(1)
		g.owed = g.owed[1:]
	}
	return nil
}

// settleOwing settles a group that is in the log while its last event's id
// could not be forgotten yet: whoever waits for the group hears of it, and the
// keys stay known.
func (g *Gate) settleOwing(gr *group, seq uint64, err error) {
	g.mu.Lock()
	for _, s := range gr.waits {
		if s.err == nil {
			s.err = err
		}
	}
	g.mu.Unlock()
	g.settle(gr, seq, nil)
}

// accept counts and lets go of what was only needed for the append.
func (g *Gate) accept(gr *group) {
	g.counts.accepted.Add(uint64(gr.n))
	g.recycle(gr)
}

// fail settles a group that did not get into the log.
func (g *Gate) fail(gr *group, err error) {
	g.counts.failed.Add(1)
	g.recycle(gr)
	g.settle(gr, 0, fmt.Errorf("the log did not take the events: %w", err))
}
