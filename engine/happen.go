package engine

import (
	"slices"

	"nabo/engine/event"
	"nabo/graph"
)

// receipt binds goods to each other and to the member, and undoes what came
// back.
func (e *Engine) receipt(ev *event.Event, r *event.Receipt) {
	e.tick(ev.Time)
	e.sortLines(r.Lines)
	member := e.people.member(e, e.whose(ev))
	if ev.Session != 0 {
		if ses := e.sessions.byKey[ev.Session]; ses != nil {
			e.sessions.remove(ses) // the till closes the scanned basket
		}
	}
	if len(e.buf.bought) > 0 {
		e.bind(ev, member)
	}
	if len(e.buf.back) > 0 {
		e.takeBack(r.Original, member)
	}
	e.tilled(ev, r, member)
}

// sessionOf returns an event's session, 0 for none. A cart without one is its
// own.
func sessionOf(ev *event.Event) uint64 {
	if c, ok := ev.Body.(*event.Cart); ok && ev.Session == 0 {
		return c.Cart
	}
	return ev.Session
}

// whose returns the member of an event: its own, or its session's.
func (e *Engine) whose(ev *event.Event) event.Token {
	if ev.Member != 0 {
		return ev.Member
	}
	if ses := e.sessions.byKey[sessionOf(ev)]; ses != nil {
		return ses.member
	}
	return 0
}

// sortLines splits lines into what was bought and what came back, each product
// once, in the order of the lines.
func (e *Engine) sortLines(lines []event.Line) {
	e.buf.bought, e.buf.back = e.buf.bought[:0], e.buf.back[:0]
	for i := range lines {
		n := e.catalogue.intern(e, lines[i].Product)
		if lines[i].Return {
			e.buf.back = append(e.buf.back, n)
		} else {
			e.buf.bought = append(e.buf.bought, n)
		}
	}
	e.buf.bought, e.buf.back = distinct(e.buf.bought), distinct(e.buf.back)
}

// distinct keeps each node once. Goods are bound in the order of their
// numbers, which does no harm: a sum of pairs has no order.
func distinct(ns []graph.Node) []graph.Node {
	slices.Sort(ns)
	return slices.Compact(ns)
}

func (e *Engine) bind(ev *event.Event, member graph.Member) {
	b := graph.Bundle{At: int64(ev.Time), Key: ev.Key, Nodes: e.buf.bought, Gain: 1}
	if member != nobody {
		p := graph.Purchase{At: b.At, Nodes: b.Nodes, Gain: 1, Bought: true}
		e.buf.before = e.goods.Bind(member, &p, e.buf.before)
		b.Damp = e.damp(e.buf.before)
	}
	e.aside.bind(&b)
	e.series.Add(int64(min(ev.Time, e.now)), b.Nodes)
	e.buf.place = e.sold(ev, b.Nodes, 1, e.buf.place[:0])
	if member != nobody && len(e.buf.place) > 0 {
		e.visits.Bind(member, &graph.Purchase{At: b.At, Nodes: e.buf.place, Gain: 1, Bought: true}, nil)
	}
	e.recent.add(e.opt.Recent, &recentReceipt{key: ev.Key, at: b.At, gain: 1, nodes: b.Nodes, damp: b.Damp})
}

// damp turns what a member's own bindings weighed into the bytes that weaken a
// pair: the more often the member bought it, the less it says about others.
func (e *Engine) damp(before []float32) []uint8 {
	e.buf.damp = e.buf.damp[:0]
	for _, w := range before {
		e.buf.damp = append(e.buf.damp, uint8(255/(1+e.opt.Damping*float64(w))))
	}
	return e.buf.damp
}

// sold counts sales everywhere, in the chain and in the store, and appends
// which of the last two there were, as the nodes that visits knows them by.
func (e *Engine) sold(ev *event.Event, nodes []graph.Node, weight float32, dst []graph.Node) []graph.Node {
	e.trends.Add(0, int64(ev.Time), nodes, weight)
	for _, p := range [...]struct {
		kind placeKind
		name string
	}{{chain, ev.Chain}, {store, ev.Store}} {
		if p.name != "" {
			s := e.scope(p.kind, p.name)
			e.trends.Add(s, int64(ev.Time), nodes, weight)
			dst = append(dst, graph.Node(s))
		}
	}
	return dst
}

// takeBack undoes the member's binding to what came back, and its pairs where
// the original receipt is named and still kept.
func (e *Engine) takeBack(original uint64, member graph.Member) {
	if place := e.recent.find(original); place >= 0 {
		if old, taken := e.recent.take(place, e.buf.back); len(taken) > 0 {
			e.aside.settle()
			e.bought.Unbind(&old, taken)
		}
	}
	if member != nobody {
		e.goods.TakeBack(member, e.buf.back, 1)
	}
}

// lean binds the event's member weakly to goods, without a purchase.
func (e *Engine) lean(t event.Token, at event.Millis, nodes []graph.Node, gain float32) {
	if m := e.people.member(e, t); m != nobody && len(nodes) > 0 {
		e.buf.before = e.goods.Bind(m, &graph.Purchase{At: int64(at), Nodes: nodes, Gain: gain}, e.buf.before)
	}
}

// view binds what a session looks at to what it looked at before.
func (e *Engine) view(ev *event.Event, v *event.View) {
	n := e.catalogue.intern(e, v.Product)
	e.lean(e.whose(ev), ev.Time, []graph.Node{n}, e.opt.Gains.View)
	if ev.Session == 0 {
		return
	}
	ses := e.session(ev)
	if !slices.Contains(ses.viewed, n) {
		b := graph.Bundle{At: int64(ev.Time), Key: ev.Key, Nodes: append([]graph.Node{n}, ses.viewed...), Gain: 1}
		e.viewed.Join(&b)
	}
	viewed := push(slices.Clone(ses.viewed), n)
	e.sessions.update(func() { ses.viewed = viewed })
}

// session returns the event's session, told whose it is if the event says so.
func (e *Engine) session(ev *event.Event) *session {
	ses := e.sessions.touch(sessionOf(ev), e.now, e.opt.Sessions)
	if ev.Member != 0 && ses.member != ev.Member {
		e.sessions.update(func() { ses.member = ev.Member })
	}
	return ses
}

func (e *Engine) cart(ev *event.Event, c *event.Cart) {
	e.sortLines(c.Lines)
	if c.Action != event.ActionRemove {
		e.lean(e.whose(ev), ev.Time, e.buf.bought, e.opt.Gains.Cart)
	}
	if sessionOf(ev) != 0 {
		e.fill(e.session(ev), c.Action, e.buf.bought)
	}
}

func (e *Engine) scan(ev *event.Event, s *event.Scanned) {
	n := e.catalogue.intern(e, s.Product)
	nodes := []graph.Node{n}
	if s.Action != event.ActionRemove {
		e.lean(e.whose(ev), ev.Time, nodes, e.opt.Gains.Scan)
	}
	if ev.Session != 0 {
		e.fill(e.session(ev), s.Action, nodes)
	}
}

// fill changes a session's basket.
func (e *Engine) fill(ses *session, how event.Action, nodes []graph.Node) {
	basket := slices.Clone(ses.basket)
	if how == event.ActionSet {
		basket = basket[:0]
	}
	for _, n := range nodes {
		if how == event.ActionRemove {
			basket = slices.DeleteFunc(basket, func(m graph.Node) bool { return m == n })
		} else {
			basket = push(basket, n)
		}
	}
	e.sessions.update(func() { ses.basket = basket })
}

// identify gives a session to a member, with what it did until now.
func (e *Engine) identify(ev *event.Event) {
	if ev.Session == 0 {
		return
	}
	ses := e.session(ev)
	e.lean(ev.Member, ev.Time, distinct(slices.Clone(ses.viewed)), e.opt.Gains.View)
	e.lean(ev.Member, ev.Time, distinct(slices.Clone(ses.basket)), e.opt.Gains.Cart)
}

// signal counts a trend from outside as so many sales.
func (e *Engine) signal(ev *event.Event, s *event.Signal) {
	n := e.catalogue.intern(e, s.Product)
	e.sold(ev, []graph.Node{n}, float32(s.Weight), nil)
}
