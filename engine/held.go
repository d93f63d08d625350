package engine

import (
	"nabo/engine/event"
	"nabo/graph"
)

// Held is all that the engine keeps of a member's events.
type Held struct {
	Visits   graph.Habit // receipts
	Products []HeldGood
	Places   []HeldGood // stores and chains, with receipts for purchases
	Sessions []HeldSession
}

// HeldGood is one binding of a member.
type HeldGood struct {
	ID, Name string
	graph.Good
}

// HeldSession is a session that is going on and known to be the member's.
type HeldSession struct {
	Last           event.Millis // its last event
	Viewed, Basket []string     // product ids
}

// Held returns all that is kept of a member's events: what an export must give
// and an erasure takes away. Weights are faded as answers are.
func (e *Engine) Held(t event.Token, now event.Millis) Held {
	var out Held
	m, ok := e.people.known(t)
	if !ok {
		return out
	}
	at := int64(e.Clock(now))
	var goods, places []graph.Good
	goods, out.Visits = e.goods.Goods(nil, m, at)
	for _, g := range goods {
		p := e.catalogue.item(g.Product)
		out.Products = append(out.Products, HeldGood{p.ID, p.Name, g})
	}
	places, _ = e.visits.Goods(nil, m, at)
	for _, g := range places {
		_, name := e.places.name(graph.Scope(g.Product))
		out.Places = append(out.Places, HeldGood{name, name, g})
	}
	out.Sessions = e.sessions.of(t, func(n graph.Node) string { return e.catalogue.item(n).ID })
	return out
}

// of returns a member's sessions, in no order that means anything.
func (s *sessions) of(t event.Token, id func(graph.Node) string) []HeldSession {
	s.mu.RLock()
	defer s.mu.RUnlock()
	ids := func(ns []graph.Node) []string {
		out := make([]string, len(ns))
		for i, n := range ns {
			out[i] = id(n)
		}
		return out
	}
	var out []HeldSession
	for _, ses := range s.byKey {
		if ses.member == t {
			out = append(out, HeldSession{ses.last, ids(ses.viewed), ids(ses.basket)})
		}
	}
	return out
}
