package engine

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"nabo/engine/event"
	"nabo/engine/expr"
	"nabo/engine/rank"
)

// scenarios are the places where lists are shown, and how each list is made.
// The writer changes them; readers see one as it was or as it is.
type scenarios struct {
	set   atomic.Pointer[map[string]*rank.Scenario]
	dirty map[string]struct{} // the writer's

	mu      sync.RWMutex
	configs map[string][]ScenarioVersion // the newest last; guarded by mu, the writer's to change
}

// ScenarioVersion is a scenario as one event gave it.
type ScenarioVersion struct {
	Version uint64
	At      event.Millis // when the event was admitted
	Config  string       // as the event had it
}

// VersionsKept is how many versions of a scenario are kept, fewer where they
// are long: the newest, and older ones of versionBytes together.
const (
	VersionsKept = 20
	versionBytes = 256 << 10
)

// MaxScenarios bounds how many scenarios there are; one more is left out of
// the state.
const MaxScenarios = 1024

func (s *scenarios) init() {
	s.set.Store(&map[string]*rank.Scenario{})
	s.configs = map[string][]ScenarioVersion{}
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

// BuiltIn returns what holds for a name that no event has set, and whether it
// is made for that name. Anybody may call it.
func (e *Engine) BuiltIn(name string) (*rank.Scenario, bool) {
	s, ok := e.defaults[name]
	return s, ok && name != ""
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
	versions := s.configs[b.Scenario] // the writer alone changes it
	if len(versions) == 0 && len(s.configs) >= MaxScenarios {
		return
	}
	name := strings.Clone(b.Scenario)
	next := ScenarioVersion{1, e.now, strings.Clone(b.Config)}
	if n := len(versions); n > 0 {
		next.Version = versions[n-1].Version + 1
	}
	s.keep(name, append(slices.Clip(versions), next))
	s.dirty[name] = struct{}{}
	e.showScenario(name, &next)
}

// keep sets a scenario's versions, without those that there are too many of.
func (s *scenarios) keep(name string, versions []ScenarioVersion) {
	from, bytes := len(versions)-1, 0
	for from > 0 && len(versions)-from < VersionsKept && bytes+len(versions[from-1].Config) <= versionBytes {
		from--
		bytes += len(versions[from].Config)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.configs[name] = slices.Clone(versions[from:])
}

// ScenarioVersions returns the versions of a scenario that are kept, the newest
// first: at most 20, none of what is only built in. Anybody may call it.
func (e *Engine) ScenarioVersions(name string) []ScenarioVersion {
	e.scenarios.mu.RLock()
	versions := slices.Clone(e.scenarios.configs[name])
	e.scenarios.mu.RUnlock()
	slices.Reverse(versions)
	return versions
}

func (e *Engine) showScenario(name string, c *ScenarioVersion) {
	made, err := rank.ParseScenario(name, c.Version, []byte(c.Config), e.programs.Get)
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
