package engine

import (
	"sync"
	"sync/atomic"

	"nabo/graph"
)

// placeKind says what a scope is.
type placeKind byte

const (
	everywhere placeKind = 'a'
	chain      placeKind = 'c'
	store      placeKind = 's'
)

// places gives stores and chains their numbers.
type places struct {
	mu    sync.RWMutex
	index map[string]graph.Scope // kind and name; guarded by mu
	names []string               // by scope; the writer's
	dirty []graph.Scope          // the writer's

	seen atomic.Pointer[[]string] // names, for everybody
}

func (p *places) init() {
	p.index = map[string]graph.Scope{}
	p.show(nil)
}

// scope returns the number of a place and gives it one if it has none; the
// writer's.
func (e *Engine) scope(kind placeKind, name string) graph.Scope {
	p := &e.places
	key := string(kind) + name
	if s, ok := p.index[key]; ok {
		return s
	}
	p.mu.Lock()
	s := graph.Scope(len(p.names))
	p.index[key] = s
	p.show(append(p.names, key))
	p.mu.Unlock()
	p.dirty = append(p.dirty, s)
	e.trends.Grow(s + 1)
	e.grow()
	return s
}

// place returns the number of a place that is known.
func (e *Engine) place(kind placeKind, name string) (graph.Scope, bool) {
	p := &e.places
	p.mu.RLock()
	defer p.mu.RUnlock()
	s, ok := p.index[string(kind)+name]
	return s, ok
}

// show makes names those that everybody sees. They only grow: readers see no
// further than their own length.
func (p *places) show(names []string) {
	p.names = names
	p.seen.Store(&names)
}

// name says what a place is; without a lock, for an answer asks it of each
// place that a member goes to.
func (p *places) name(s graph.Scope) (placeKind, string) {
	name := (*p.seen.Load())[s]
	return placeKind(name[0]), name[1:]
}
