package engine

import (
	"sync"

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
	names []string               // by scope; guarded by mu
	dirty []graph.Scope          // the writer's
}

func (p *places) init() { p.index = map[string]graph.Scope{} }

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
	p.names = append(p.names, key)
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

func (p *places) name(s graph.Scope) (placeKind, string) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return placeKind(p.names[s][0]), p.names[s][1:]
}
