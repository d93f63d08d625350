package eval

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"

	"nabo/bench/eval/score"
	"nabo/engine"
	"nabo/engine/event"
)

// setup is how the engine is set up for a replay.
type setup struct {
	set      map[string]float64 // dials that are turned
	weights  map[string]float64 // the scenario's, in place of its own
	scenario string             // the scenario that is asked for offers, as JSON
}

// plain is a scenario that shows the score alone.
const plain = `{"diversity":0,"rotationRate":0,"explore":{"share":0}}`

// setup reads what the options say of it.
func (o *Options) setup() (s setup, err error) {
	s = setup{set: o.Set, scenario: plain}
	if _, err := s.engine(); err != nil {
		return s, fmt.Errorf("--set: %w", err)
	}
	if o.Scenario == "" {
		return s, nil
	}
	body, err := os.ReadFile(o.Scenario)
	if err != nil {
		return s, err
	}
	var config bytes.Buffer
	if err := json.Compact(&config, body); err != nil {
		return s, fmt.Errorf("%s: %w", o.Scenario, err)
	}
	s.scenario = config.String()
	ev, err := s.scenarioEvent()
	if err == nil {
		err = checked(ev)
	}
	if err != nil {
		return s, fmt.Errorf("%s: %w", o.Scenario, err)
	}
	return s, nil
}

// checked asks an empty engine whether it can take an event.
func checked(ev *event.Event) error {
	e, err := engine.New(engine.Options{})
	if err != nil {
		return err
	}
	return e.Check(ev)
}

// engine returns the engine's options with the dials turned.
func (s *setup) engine() (eng engine.Options, err error) {
	for _, name := range slices.Sorted(maps.Keys(s.set)) {
		if err := eng.Turn(name, s.set[name]); err != nil {
			return eng, err
		}
	}
	return eng, nil
}

// scenarioEvent returns the event that sets the scenario.
func (s *setup) scenarioEvent() (*event.Event, error) {
	config, err := s.config()
	if err != nil {
		return nil, err
	}
	ev := &event.Event{
		Type: event.TypeScenarioChanged, Source: "backtest", ID: scenarioName,
		Body: &event.Scenario{Scenario: scenarioName, Config: config},
	}
	return ev, ev.Validate(ev.Time)
}

// config returns the scenario as JSON, with the weights in it.
func (s *setup) config() (string, error) {
	if len(s.weights) == 0 {
		return s.scenario, nil
	}
	var all map[string]any
	if err := json.Unmarshal([]byte(s.scenario), &all); err != nil {
		return "", err
	}
	weights, ok := all["weights"].(map[string]any)
	if !ok {
		weights = map[string]any{}
	}
	for name, w := range s.weights {
		weights[name] = w
	}
	all["weights"] = weights
	body, err := json.Marshal(all)
	return string(body), err
}

// lasting names the dials that decide what is kept, with their values.
func (s *setup) lasting() string {
	var out strings.Builder
	for _, d := range engine.Dials() {
		if v, ok := s.set[d.Name]; ok && d.Lasting {
			fmt.Fprintf(&out, "%s=%v ", d.Name, v)
		}
	}
	return out.String()
}

// trial asks one exam's questions under several setups. What was replayed is
// kept, so that setups which differ only in what is derived need no replay.
// Any number of goroutines may try.
type trial struct {
	h   *history
	ex  *exam
	opt *Options

	mu   sync.Mutex
	kept *keptState // guarded by mu; nil: none
}

// keptState is an engine after a replay, as a checkpoint has it.
type keptState struct {
	lasting      string
	keys, values [][]byte
	pos          uint64
	last         event.Millis
	events       int
}

// worth is what the engine's lists are worth, by task and question.
type worth [allTasks][]score.Marks

// try replays and asks under one setup.
func (t *trial) try(ctx context.Context, s setup) (out worth, err error) {
	r, err := t.played(ctx, s)
	if err != nil {
		return out, err
	}
	if _, err = r.askBefore(ctx, len(t.ex.order), t.ex.asked, len(r.lists)); err != nil {
		return out, err
	}
	for i := range t.ex.asked {
		q := &t.ex.asked[i]
		sheet := score.Sheet{Marks: make([][]score.Marks, 1)}
		if t.ex.mark(q, r.lists[i], &sheet) {
			out[q.task] = append(out[q.task], sheet.Marks[0][0])
		}
	}
	return out, nil
}

// frozen says that all questions are asked at the end.
func (t *trial) frozen() bool {
	return !slices.ContainsFunc(t.ex.asked, func(q question) bool { return q.before < t.ex.until })
}

// played returns a replay that has come to its end.
func (t *trial) played(ctx context.Context, s setup) (*replay, error) {
	t.mu.Lock()
	kept := t.kept
	t.mu.Unlock()
	if kept != nil && kept.lasting == s.lasting() {
		return t.restored(kept, s)
	}
	r, err := newReplay(t.ex, s, true, t.opt)
	if err != nil {
		return nil, err
	}
	r.log = nil
	if err := r.run(ctx, t.h, t.ex); err != nil {
		return nil, err
	}
	if !t.frozen() {
		return r, nil
	}
	if kept, err = r.keep(s); err != nil {
		return nil, err
	}
	t.mu.Lock()
	t.kept = kept
	t.mu.Unlock()
	return r, nil
}

// keep takes a copy of the state.
func (r *replay) keep(s setup) (*keptState, error) {
	if err := r.apply(); err != nil {
		return nil, err
	}
	k := &keptState{lasting: s.lasting(), pos: r.pos, last: r.last, events: r.events}
	pairs := map[string][]byte{}
	err := r.engine.BeginCheckpoint().Write(func(key, value []byte) error {
		pairs[string(key)] = bytes.Clone(value)
		return nil
	})
	for _, key := range slices.Sorted(maps.Keys(pairs)) {
		if pairs[key] != nil {
			k.keys, k.values = append(k.keys, []byte(key)), append(k.values, pairs[key])
		}
	}
	return k, err
}

// restored returns a replay at its end, from a copy of the state.
func (t *trial) restored(k *keptState, s setup) (*replay, error) {
	eng, err := s.engine()
	if err != nil {
		return nil, err
	}
	e, err := engine.New(eng)
	if err != nil {
		return nil, err
	}
	for i := range k.keys {
		if err := e.Load(k.keys[i], k.values[i]); err != nil {
			return nil, err
		}
	}
	r := &replay{engine: e, alone: true, fresh: -1, pos: k.pos, last: k.last}
	r.events = k.events
	return r, e.Loaded(k.pos)
}

// tryAll tries several setups, so many at a time.
func (t *trial) tryAll(ctx context.Context, setups []setup, workers int) ([]worth, error) {
	out, faults := make([]worth, len(setups)), make([]error, len(setups))
	turns := make(chan struct{}, workers)
	var done sync.WaitGroup
	for i := range setups {
		turns <- struct{}{}
		done.Go(func() {
			defer func() { <-turns }()
			out[i], faults[i] = t.try(ctx, setups[i])
		})
	}
	done.Wait()
	for _, err := range faults {
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}
