package eval

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"

	"nabo/engine"
	"nabo/engine/event"
	"nabo/graph"
)

// played is what a replay brought.
type played struct {
	methods  []string     // the engine first, then the baselines
	lists    [][][]string // by method and question, best first
	events   int          // that were applied
	rejected int          // that no gate would have let in
	fault    error        // of the first of those
}

// replay is a history while it is played to the engine and the ledger.
type replay struct {
	engine *engine.Engine
	ledger *ledger
	log    io.Writer
	month  string // that the log told of last

	pos     uint64
	group   []event.Event // admitted, not yet applied
	day     event.Millis  // of the group
	payload []byte
	applied []event.Event
	played
}

// groupMost is how many events go into one message of the log.
const groupMost = 500

// scenarioName is the scenario that is asked.
const scenarioName = "backtest"

// plain is a scenario that shows the score alone.
const plain = `{"diversity":0,"rotationRate":0,"explore":{"share":0}}`

// play replays the history and asks each question before its day.
func (h *history) play(ctx context.Context, asked []question, opt *Options) (*played, error) {
	r, err := newReplay(opt)
	if err != nil {
		return nil, err
	}
	next := 0
	for ev := range h.happenings(r.ledger.soldOf) {
		for next < len(asked) && asked[next].at <= ev.Time {
			if next, err = r.askDay(ctx, asked, next); err != nil {
				return nil, err
			}
		}
		if next == len(asked) {
			break // what comes after the last question is nobody's
		}
		if err := r.take(ev); err != nil {
			return nil, err
		}
	}
	for next < len(asked) {
		if next, err = r.askDay(ctx, asked, next); err != nil {
			return nil, err
		}
	}
	return &r.played, nil
}

func newReplay(opt *Options) (*replay, error) {
	e, err := engine.New(engine.Options{Members: graph.MemberOptions{HalfLife: int64(opt.HalfLife * day)}})
	if err != nil {
		return nil, err
	}
	r := &replay{engine: e, ledger: newLedger(), log: opt.Log}
	r.methods = []string{"nabo"}
	for _, b := range baselines() {
		r.methods = append(r.methods, b.name)
	}
	r.lists = make([][][]string, len(r.methods))
	return r, r.setScenario(opt.Scenario)
}

// setScenario configures the scenario that is asked, from a file or plain.
func (r *replay) setScenario(path string) error {
	config := bytes.NewBufferString(plain)
	if path != "" {
		body, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		config.Reset()
		if err := json.Compact(config, body); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	ev := &event.Event{
		Type: event.TypeScenarioChanged, Source: "backtest", ID: scenarioName,
		Body: &event.Scenario{Scenario: scenarioName, Config: config.String()},
	}
	if err := ev.Validate(ev.Time); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if err := r.engine.Check(ev); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return r.take(ev)
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
	r.ledger.note(&r.group[len(r.group)-1])
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

func tokenOf(member string) event.Token { return event.Token(event.HashID(member)) }

// apply hands the group to the engine by way of the log's bytes.
func (r *replay) apply() (err error) {
	if len(r.group) == 0 {
		return nil
	}
	r.pos++
	r.payload = event.AppendGroup(r.payload[:0], r.group)
	if r.applied, err = event.DecodeGroup(r.payload, r.applied); err != nil {
		return fmt.Errorf("message %d: %w", r.pos, err)
	}
	r.engine.ApplyGroup(r.pos, r.applied)
	r.events += len(r.group)
	r.group = r.group[:0]
	return nil
}

// askDay asks all questions of one day, from the place next on, and returns
// where those of the next begin.
func (r *replay) askDay(ctx context.Context, asked []question, next int) (int, error) {
	if err := r.apply(); err != nil {
		return next, err
	}
	r.engine.Refresh(ctx)
	if err := ctx.Err(); err != nil {
		return next, err
	}
	at := asked[next].at
	if month := dayOf(at)[:len("2006-01")]; month != r.month {
		r.month = month
		fmt.Fprintf(r.log, "%s: %d events applied, %d of %d questions asked\n", dayOf(at), r.events, next, len(asked))
	}
	for ; next < len(asked) && asked[next].at == at; next++ {
		q := &asked[next]
		r.lists[0] = append(r.lists[0], r.recommend(q))
		for i, b := range baselines() {
			r.lists[i+1] = append(r.lists[i+1], r.ledger.rank(q, b))
		}
	}
	if r.events == 0 {
		return next, errors.New("nothing happened before the last question's day")
	}
	return next, nil
}

// recommend asks the engine.
func (r *replay) recommend(q *question) []string {
	out := []string{} // not null where it is written
	var a engine.OfferAnswer
	r.engine.Offers(&engine.OfferQuery{
		Member: tokenOf(q.Member), Scenario: scenarioName, Among: q.Candidates, Count: Length,
		Diversity: math.NaN(), RotationRate: math.NaN(),
	}, q.at, &a)
	for i := range a.Items {
		out = append(out, a.Items[i].Offer.Spec.Offer)
	}
	return out
}
