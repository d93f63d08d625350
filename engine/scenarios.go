package engine

import (
	"slices"
	"strings"
	"sync/atomic"

	"nabo/engine/event"
	"nabo/engine/expr"
	"nabo/engine/rank"
)

// scenarios are the places where lists are shown, and how each list is made.
// The writer changes them; readers see one as it was or as it is.
type scenarios struct {
	set     atomic.Pointer[map[string]*rank.Scenario]
	configs map[string]scenarioConfig // the writer's
	dirty   map[string]struct{}       // the writer's
}

// scenarioConfig is a scenario as its event gave it.
type scenarioConfig struct {
	version uint64
	config  string
}

// MaxScenarios bounds how many scenarios there are; one more is left out of
// the state.
const MaxScenarios = 1024

func (s *scenarios) init() {
	s.set.Store(&map[string]*rank.Scenario{})
	s.configs = map[string]scenarioConfig{}
	s.dirty = map[string]struct{}{}
}

// Scenario returns how lists are made for a name: as its newest event says, or
// as is built in. Anybody may call it.
func (e *Engine) Scenario(name string) *rank.Scenario {
	set := *e.scenarios.set.Load()
	if s := set[name]; s != nil {
		return s
	}
	return e.builtIn(name)
}

// builtIn returns a scenario that no event has set.
func (e *Engine) builtIn(name string) *rank.Scenario {
	if s, ok := e.defaults[name]; ok {
		return s
	}
	return e.defaults[""]
}

// builtInNames are the scenarios that stand without an event.
var builtInNames = [...]string{"", "newsletter", "app-home", "self-scan", "product-page"}

func builtIns() map[string]*rank.Scenario {
	out := make(map[string]*rank.Scenario, len(builtInNames))
	for _, name := range builtInNames {
		out[name] = rank.Defaults(name)
	}
	return out
}

// Scenarios returns all scenarios, by name: those that events have set, and
// those that are built in. Anybody may call it.
func (e *Engine) Scenarios() []*rank.Scenario {
	set := *e.scenarios.set.Load()
	var out []*rank.Scenario
	for _, s := range set {
		out = append(out, s)
	}
	for name, s := range e.defaults {
		if name != "" && set[name] == nil {
			out = append(out, s)
		}
	}
	slices.SortFunc(out, func(a, b *rank.Scenario) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// setScenario applies a change. A configuration that this version of the
// program cannot read (the gate has let it pass, so a newer one could) keeps
// the scenario as it was, but counts as a version.
func (e *Engine) setScenario(b *event.Scenario) {
	s := &e.scenarios
	if _, known := s.configs[b.Scenario]; !known && len(s.configs) >= MaxScenarios {
		return
	}
	name := strings.Clone(b.Scenario)
	c := scenarioConfig{s.configs[name].version + 1, strings.Clone(b.Config)}
	s.configs[name] = c
	s.dirty[name] = struct{}{}
	e.showScenario(name, c)
}

func (e *Engine) showScenario(name string, c scenarioConfig) {
	made, err := rank.ParseScenario(name, c.version, []byte(c.config), e.programs.Get)
	if err != nil {
		return
	}
	old := *e.scenarios.set.Load()
	next := make(map[string]*rank.Scenario, len(old)+1)
	for k, v := range old {
		next[k] = v
	}
	next[name] = made
	e.scenarios.set.Store(&next)
}

// Check says whether expressions and configurations in an event can be read:
// the gate asks, so that the log holds only what Apply can take. The error is
// an *event.FieldError. Anybody may call it.
func (e *Engine) Check(ev *event.Event) error {
	switch b := ev.Body.(type) {
	case *event.Offer:
		if b.Audience == "" {
			return nil
		}
		p, err := e.programs.Get(b.Audience, expr.Filter)
		if err != nil {
			return &event.FieldError{Pointer: "/data/audience", Detail: err.Error()}
		}
		if p.Uses()&^expr.UsesMember != 0 {
			return &event.FieldError{Pointer: "/data/audience", Detail: "must be about the member alone"}
		}
	case *event.Scenario:
		if _, err := rank.ParseScenario(b.Scenario, 0, []byte(b.Config), e.programs.Get); err != nil {
			return err
		}
	}
	return nil
}

// Compile checks and compiles an expression as a filter or a booster; the
// error is an *expr.Error. What was compiled lately is kept. Anybody may call
// it.
func (e *Engine) Compile(src string, kind expr.Kind) (*expr.Program, error) {
	return e.programs.Get(src, kind)
}
