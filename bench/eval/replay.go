package eval

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"nabo/engine"
	"nabo/engine/event"
)

// played is what a replay brought.
type played struct {
	lists    [][][]string    // by question and method, the engine's first; best first
	asOf     []event.Millis  // by question, the moment it was asked
	took     []time.Duration // by question, the engine's answer
	events   int             // that were applied
	rejected int             // that no gate would have let in
	fault    error           // of the first of those
	replayed time.Duration   // applying everything
	derived  time.Duration   // refreshing what is derived, in all
	rounds   int             // how often it was refreshed

	said     map[int]shown      // by question, the answers of examples
	sold     map[string]float64 // receipts of each product, as far as they were applied
	redeemed map[string]float64 // redemptions of each offer
}

// replay is a history while it is played to the engine and the ledger.
type replay struct {
	engine *engine.Engine
	ledger *ledger // for the simple ways to rank offers; nil: none is asked about
	tills  *tills  // for the simple ways to answer what is bought; nil: none is asked about
	alone  bool    // none of these is wanted
	log    io.Writer
	month  string // that the log told of last

	pos     uint64
	group   []event.Event // admitted, not yet applied
	day     event.Millis  // of the group
	last    event.Millis  // the latest that was taken
	payload []byte
	applied []event.Event
	fresh   event.Millis // the day that derived values were refreshed for; -1: never
	answer  engine.Answer
	offers  engine.OfferAnswer
	show    map[int]bool // questions that become examples
	played
}

// groupMost is how many events go into one message of the log.
const groupMost = 500

// scenarioName is the scenario that is asked.
const scenarioName = "backtest"

// play replays what may be known and asks each question at its place, the
// engine and the simple ways.
func (h *history) play(ctx context.Context, ex *exam, s setup, opt *Options) (*played, error) {
	r, err := newReplay(ex, s, false, opt)
	if err != nil {
		return nil, err
	}
	r.show, r.said = ex.showcase(), map[int]shown{}
	if err := r.run(ctx, h, ex); err != nil {
		return nil, err
	}
	if _, err = r.askBefore(ctx, len(ex.order), ex.asked, len(r.lists)); err != nil {
		return nil, err
	}
	r.weigh()
	return &r.played, nil
}

// run applies what may be known and asks what is asked on the way.
func (r *replay) run(ctx context.Context, h *history, ex *exam) (err error) {
	tell := h.telling(r.soldOf)
	if len(ex.order) > 0 {
		if err := tell.catalogue(ex.order[0].at, r.take); err != nil {
			return err
		}
	}
	next := 0
	for place, s := range ex.order[:ex.until] {
		if next, err = r.askBefore(ctx, place, ex.asked, next); err != nil {
			return err
		}
		if next == len(ex.asked) {
			break // what comes after the last question is nobody's
		}
		if place%groupMost == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if !ex.knows(place) {
			continue
		}
		if err := tell.events(s, r.take); err != nil {
			return err
		}
	}
	return nil
}

func newReplay(ex *exam, s setup, alone bool, opt *Options) (*replay, error) {
	eng, err := s.engine()
	if err != nil {
		return nil, err
	}
	e, err := engine.New(eng)
	if err != nil {
		return nil, err
	}
	r := &replay{engine: e, alone: alone, log: opt.Log, fresh: -1}
	for _, t := range ex.tasks() {
		if t == Offers { // its events need what was sold, whoever answers
			r.ledger = newLedger()
		} else if !alone {
			r.tills = newTills()
		}
	}
	return r, r.setScenario(s)
}

// setScenario configures the scenario that is asked.
func (r *replay) setScenario(s setup) error {
	ev, err := s.scenarioEvent()
	if err != nil {
		return err
	}
	if err := r.engine.Check(ev); err != nil {
		return err
	}
	return r.take(ev)
}

func (r *replay) soldOf(product string) int {
	if r.ledger == nil {
		return 0
	}
	return r.ledger.sold[product]
}

// note counts an admitted event for the simple ways to answer.
func (r *replay) note(ev *event.Event) {
	if r.ledger != nil {
		r.ledger.note(ev)
	}
	if b, ok := ev.Body.(*event.Receipt); ok && r.tills != nil {
		r.tills.note(ev.Member, b.Lines)
	}
}

// weigh keeps how much of everything was sold.
func (r *replay) weigh() {
	if r.tills != nil {
		r.sold = r.tills.weights()
	}
	if r.ledger != nil {
		r.redeemed = r.ledger.weights()
	}
}

// take admits an event as the gate would, and applies the group before it when
// that is of another day or long enough.
func (r *replay) take(ev *event.Event) error {
	if err := ev.Validate(ev.Time); err != nil {
		if r.rejected++; r.fault == nil {
			r.fault = fmt.Errorf("%v %q: %w", ev.Type, ev.ID, err)
		}
		return nil
	}
	at := ev.Time - ev.Time%day
	if at != r.day || len(r.group) == groupMost {
		if err := r.apply(); err != nil {
			return err
		}
		r.day = at
	}
	r.group = append(r.group, admitted(ev))
	r.note(&r.group[len(r.group)-1])
	r.last = max(r.last, ev.Time)
	return nil
}

// admitted returns an event in the form that the log holds. The history's own
// clock is the gate's, and a member's token is a hash, so that a run can be
// repeated.
func admitted(ev *event.Event) event.Event {
	out := *ev
	out.Key, out.Member, out.Received = event.KeyOf(ev.Source, ev.ID), tokenOf(ev.MemberID), ev.Time
	out.ID, out.Source, out.MemberID = "", "", ""
	return out
}

// tokenOf returns a member's token; an anonymous receipt has none.
func tokenOf(member string) event.Token {
	if member == "" {
		return 0
	}
	return event.Token(event.HashID(member))
}

// apply hands the group to the engine by way of the log's bytes.
func (r *replay) apply() (err error) {
	if len(r.group) == 0 {
		return nil
	}
	began := time.Now()
	r.pos++
	r.payload = event.AppendGroup(r.payload[:0], r.group)
	if r.applied, err = event.DecodeGroup(r.payload, r.applied); err != nil {
		return fmt.Errorf("message %d: %w", r.pos, err)
	}
	r.engine.ApplyGroup(r.pos, r.applied)
	r.events += len(r.group)
	r.group = r.group[:0]
	r.replayed += time.Since(began)
	return nil
}

// askBefore asks the questions whose turn is before a place in the order, from
// next on, and returns where the others begin.
func (r *replay) askBefore(ctx context.Context, place int, asked []question, next int) (int, error) {
	for ; next < len(asked) && asked[next].before <= place; next++ {
		if err := r.ready(ctx, &asked[next], next, len(asked)); err != nil {
			return next, err
		}
		r.ask(&asked[next], next)
	}
	return next, nil
}

// asOfNow returns the moment that a question is asked.
func (r *replay) asOfNow(q *question) event.Millis {
	if q.at == 0 {
		return r.last
	}
	return q.at
}

// ready applies what came before a question, and refreshes what is derived
// before the first question and then once for each day on which any is asked.
func (r *replay) ready(ctx context.Context, q *question, next, of int) error {
	if err := r.apply(); err != nil {
		return err
	}
	if r.events == 0 {
		return errors.New("nothing happened before the first question")
	}
	at := r.asOfNow(q)
	if at -= at % day; at == r.fresh {
		return nil
	}
	r.fresh = at
	began := time.Now()
	r.engine.Refresh(ctx)
	r.derived += time.Since(began)
	r.rounds++
	if month := dayOf(at)[:len("2006-01")]; month != r.month && r.log != nil {
		r.month = month
		fmt.Fprintf(r.log, "%s: %d events applied, %d of %d questions asked\n", dayOf(at), r.events, next, of)
	}
	return ctx.Err()
}
