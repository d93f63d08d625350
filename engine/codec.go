package engine

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"

	"nabo/engine/event"
	"nabo/graph"
)

// errCell is what a decoder says of a value that is not what it should be.
var errCell = errors.New("the value does not hold what it should")

// fingerprint names all options that the state depends on.
func (o Options) fingerprint() string {
	o.Bought.Shards, o.Viewed.Shards, o.Members.Shards = 0, 0, 0
	o.Bought.Whole, o.Viewed.Whole, o.Members.Whole = 0, 0, 0
	o.Refine, o.Plain = graph.RefineOptions{}, PlainOptions{}
	o.Habits = Options{Habits: HabitOptions{HalfLife: o.Habits.HalfLife}}.withDefaults().Habits // what answers alone depend on is as by default
	return fmt.Sprintf("%+v", o)
}

func (e *Engine) encodeMeta() []byte {
	var w writer
	w.text(e.opt.fingerprint())
	w.num(uint64(e.now))
	w.num(e.duplicates.Load())
	w.num(uint64(e.seen.day()))
	w.num(e.bought.JournalCell())
	w.num(e.viewed.JournalCell())
	w.num(e.trends.JournalCell())
	w.num(e.goods.JournalCell())
	w.num(e.visits.JournalCell())
	w.b = append(w.b, e.encodeCounts()...)
	return w.b
}

// encodeCounts gives those numbers of the state that a duplicate in the log
// does not change.
func (e *Engine) encodeCounts() []byte {
	var w writer
	w.num(uint64(e.clock.Load()))
	w.num(e.applied.Load())
	w.num(e.bought.TotalCell())
	w.num(e.viewed.TotalCell())
	w.num(0) // what refined edges were made by once; folders from then can be read
	w.num(uint64(len(e.catalogue.items)))
	w.num(uint64(e.people.count))
	w.num(uint64(e.recent.next))
	w.num(e.sessions.seq)
	for _, c := range e.counts {
		w.num(c)
	}
	return w.b
}

func (e *Engine) decodeMeta(b []byte) error {
	t := taker{b: b}
	if was := t.text(); was != e.opt.fingerprint() && !t.bad {
		return fmt.Errorf("the state was made with other options (%s; now %s): start with --rebuild to make it anew from the log", was, e.opt.fingerprint())
	}
	e.now = event.Millis(t.num())
	e.duplicates.Store(t.num())
	e.seen.today.Store(uint32(graph.Day(t.num())))
	e.bought.SetJournal(t.num())
	e.viewed.SetJournal(t.num())
	e.trends.SetJournal(t.num())
	e.goods.SetJournal(t.num())
	e.visits.SetJournal(t.num())
	e.clock.Store(int64(t.num()))
	e.applied.Store(t.num())
	e.bought.SetTotal(t.num())
	e.viewed.SetTotal(t.num())
	t.num()
	products, members := t.num(), t.num()
	e.recent.next = int(t.num())
	e.sessions.seq = t.num()
	for i := range e.counts {
		e.counts[i] = t.num()
	}
	if err := t.end(); err != nil {
		return err
	}
	if products > graph.MaxNodes || members > math.MaxUint32 || e.recent.next >= e.opt.Recent {
		return errCell
	}
	e.people.count = int(members)
	if members > 0 {
		e.people.tokens.grown(graph.Node(members - 1))
	}
	e.bought.Grow(graph.Node(products))
	e.viewed.Grow(graph.Node(products))
	e.goods.Grow(graph.Member(members), graph.Node(products))
	e.visits.Grow(graph.Member(members), 0)
	return nil
}

func (e *Engine) loadPlace(n uint64, value []byte) error {
	if len(value) == 0 {
		return errCell
	}
	if n == 0 && string(value) == string(everywhere) {
		return nil // New made it
	}
	if n != uint64(len(e.places.names)) {
		return fmt.Errorf("place %d comes after %d", n, len(e.places.names))
	}
	e.scope(placeKind(value[0]), string(value[1:]))
	e.places.dirty = e.places.dirty[:0]
	return nil
}

func encodeProduct(p *Product, current bool) []byte {
	var w writer
	flags := uint64(0)
	if current {
		flags |= 1
	}
	if p.Known {
		flags |= 2
	}
	w.num(flags)
	for _, s := range []string{p.ID, p.Name, p.Category, p.Brand, p.Image, p.Currency} {
		w.text(s)
	}
	w.float(p.Price)
	w.attributes(p.Attributes)
	return w.b
}

func (e *Engine) loadProduct(n uint64, value []byte) error {
	t := taker{b: value}
	flags := t.num()
	p := &Product{ID: t.text(), Name: t.text(), Category: t.text(), Brand: t.text(), Image: t.text(), Currency: t.text(), Price: t.float()}
	p.Attributes, p.Known = t.attributes(), flags&2 != 0
	if err := t.end(); err != nil {
		return err
	}
	c := &e.catalogue
	if n != uint64(len(c.items)) || n >= uint64(e.bought.Nodes()) {
		return fmt.Errorf("product %d comes after %d of %d", n, len(c.items), e.bought.Nodes())
	}
	c.set(graph.Node(n), p)
	if flags&1 != 0 {
		c.nodes[p.ID] = graph.Node(n)
		c.index(graph.Node(n), p)
	} else {
		c.retired[p.ID] = struct{}{}
	}
	return nil
}

// settle puts each kind's products into the order that the writer left them
// in, as far as it can be known: by number.
func (c *catalogue) settle() {
	for _, ns := range c.kinds {
		slices.Sort(ns)
	}
}

func (e *Engine) loadStock(n []uint64, value []byte) error {
	if len(value) != 1 || n[0] >= uint64(len(e.catalogue.items)) || n[1] >= uint64(len(e.places.names)) {
		return errCell
	}
	e.catalogue.stock[stockKey{graph.Node(n[0]), graph.Scope(n[1])}] = event.Availability(value[0])
	return nil
}

func (e *Engine) loadToken(token uint64, value []byte) error {
	if len(value) != 4 {
		return errCell
	}
	m := graph.Member(binary.BigEndian.Uint32(value))
	if m != nobody && int(m) >= e.people.count {
		return errCell
	}
	e.people.loaded = append(e.people.loaded, loadedToken{event.Token(token), m})
	return nil
}

// encode gives a member's token, or whom it became, and what was said of it.
func (p *people) encode(m graph.Member) []byte {
	var w writer
	t := p.token(m)
	w.num(uint64(t))
	if t == 0 {
		if into, ok := p.moved[m]; ok {
			w.num(uint64(into) + 1)
		} else {
			w.num(0)
		}
		return w.b
	}
	said := p.profiles.of(m)
	if said == nil {
		w.num(0)
		return w.b
	}
	w.num(1)
	w.profile(said)
	return w.b
}

func (e *Engine) loadProfile(n uint64, value []byte) error {
	t := taker{b: value}
	token := event.Token(t.num())
	if n >= uint64(e.people.count) {
		return errCell
	}
	m := graph.Member(n)
	e.people.tokens.at(graph.Node(m)).Store(uint64(token))
	switch is := t.num(); {
	case token == 0 && is > uint64(e.people.count):
		return errCell
	case token == 0 && is > 0:
		e.people.moved[m] = graph.Member(is - 1)
	case token != 0 && is == 1:
		said := t.profile()
		if !t.bad {
			e.people.profiles.set(m, said)
		}
	}
	return t.end()
}

func encodeReceipt(r *recentReceipt) []byte {
	var w writer
	w.receipt(r)
	return w.b
}

func (w *writer) receipt(r *recentReceipt) {
	w.num(r.key)
	w.num(uint64(r.at))
	w.float(float64(r.gain))
	w.nodes(r.nodes)
	if r.damp == nil {
		w.num(0)
		return
	}
	w.num(1)
	w.b = append(w.b, r.damp...)
}

// loadReceipts takes a cell of the latest receipts: all but the last are full.
func (e *Engine) loadReceipts(n uint64, value []byte) error {
	t := taker{b: value}
	first := len(e.recent.ring)
	if n*receiptsCell != uint64(first) {
		return errCell
	}
	for len(t.b) > 0 && !t.bad {
		r := recentReceipt{key: t.num(), at: int64(t.num()), gain: float32(t.float()), nodes: t.nodes(e.bought.Nodes())}
		if t.num() == 1 {
			r.damp = t.bytes(len(r.nodes))
		}
		if at := len(e.recent.ring); t.bad || at >= e.opt.Recent || at >= first+receiptsCell {
			return errCell
		}
		e.recent.load(&r)
	}
	return t.end()
}

func encodeSession(s *session) []byte {
	var w writer
	w.num(s.seq)
	w.num(uint64(s.member))
	w.num(uint64(s.last))
	w.nodes(s.viewed)
	w.nodes(s.basket)
	return w.b
}

func (e *Engine) loadSession(key uint64, value []byte) error {
	t := taker{b: value}
	s := &session{key: key, seq: t.num(), member: event.Token(t.num()), last: event.Millis(t.num())}
	s.viewed, s.basket = t.nodes(e.bought.Nodes()), t.nodes(e.bought.Nodes())
	e.sessions.byKey[key] = s
	return t.end()
}

// settle puts loaded sessions into the order in which they stood.
func (s *sessions) settle() error {
	all := make([]*session, 0, len(s.byKey))
	for _, ses := range s.byKey {
		all = append(all, ses)
	}
	slices.SortFunc(all, func(a, b *session) int { return int(a.seq) - int(b.seq) })
	for _, ses := range all {
		ses.place = s.order.PushBack(ses)
	}
	return nil
}
