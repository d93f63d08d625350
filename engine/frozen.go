package engine

import (
	"errors"
	"slices"
	"sync"
	"sync/atomic"

	"nabo/engine/event"
	"nabo/engine/offer"
	"nabo/engine/rank"
	"nabo/graph"
)

// ErrFrozen is returned by Freeze while another view is taken.
var ErrFrozen = errors.New("engine: a view for a list run is taken already; one at a time")

// Frozen is the state as of one position, as far as answers about offers need
// it, while the engine goes on. Of a member who changes, the writer keeps what
// they were, until the run has passed them. Any number of goroutines may ask.
type Frozen struct {
	e         *Engine
	pos       uint64
	at        event.Millis
	now       event.Millis
	lens      *lens
	scenarios map[string]*rank.Scenario
	members   int

	passed  atomic.Int64
	changed []atomic.Uint64 // by member: a bit for each that is kept in was

	mu  sync.Mutex
	was map[graph.Member]*shopper // guarded by mu
}

// Freeze takes a view of the state as it is now, for answers as of now. It
// waits for the group that is being applied. There is one view at a time;
// Release gives it back.
func (e *Engine) Freeze(now event.Millis) (*Frozen, error) {
	if e.frozen.Load() != nil {
		return nil, ErrFrozen // before the writer is held up: whoever waits asks often
	}
	e.writing.Lock()
	defer e.writing.Unlock()
	l := *e.lenses.now.Load()
	l.traits, l.sets, l.items = l.traits.copied(graph.Node(len(e.catalogue.items))), &sets{}, slices.Clone(e.catalogue.items)
	f := &Frozen{
		e: e, pos: e.Position(), at: e.Clock(now), now: now, lens: &l,
		scenarios: *e.scenarios.set.Load(), members: e.people.count,
		changed: make([]atomic.Uint64, (e.people.count+63)/64), was: map[graph.Member]*shopper{},
	}
	if !e.frozen.CompareAndSwap(nil, f) {
		return nil, ErrFrozen
	}
	return f, nil
}

// Release gives the view back. Nobody may ask it after that.
func (f *Frozen) Release() { f.e.frozen.CompareAndSwap(f, nil) }

// Position returns the log position that the view stands for.
func (f *Frozen) Position() uint64 { return f.pos }

// Now returns the moment that answers are made for.
func (f *Frozen) Now() event.Millis { return f.now }

// Members returns how many members there are: they have the numbers below it.
func (f *Frozen) Members() int { return f.members }

// Token returns a member's token; false for one who was erased or merged by
// now, of whom nothing may be given any more.
func (f *Frozen) Token(i int) (event.Token, bool) {
	t := f.e.people.token(graph.Member(i))
	return t, t != 0
}

// Number returns the number of a token that was known when the view was taken.
func (f *Frozen) Number(t event.Token) (int, bool) {
	m, ok := f.e.people.known(t)
	return int(m), ok && int(m) < f.members
}

// Passed says that no member below i will be asked for again: what was kept of
// them is let go.
func (f *Frozen) Passed(i int) {
	f.passed.Store(int64(i))
	f.mu.Lock()
	defer f.mu.Unlock()
	for m := range f.was {
		if int64(m) < int64(i) {
			delete(f.was, m)
		}
	}
}

// Scenario returns how lists were made for a name when the view was taken.
func (f *Frozen) Scenario(name string) *rank.Scenario {
	if s := f.scenarios[name]; s != nil {
		return s
	}
	return f.e.builtIn(name)
}

// Profile returns what had been said of a member when the view was taken.
func (f *Frozen) Profile(i int) Profile {
	m := graph.Member(i)
	p := f.e.people.profile(m)
	if was := f.kept(m); was != nil {
		p = was.profile
	}
	if p == nil {
		return Profile{}
	}
	return *p
}

// kept returns a member as they were, if they have changed since. Who asks has
// read the member before: what was read is then from before the change.
func (f *Frozen) kept(m graph.Member) *shopper {
	if f.changed[m>>6].Load()&(1<<(m&63)) == 0 {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.was[m]
}

// Naming returns an offer's name and image, as Engine.Naming does.
func (f *Frozen) Naming(o *offer.Entry) (name, image string) {
	return naming(o, func(id string) *Product {
		if n, ok := f.e.catalogue.node(id); ok && f.lens.knows(n) {
			return f.lens.items[n]
		}
		for _, n := range o.Products { // by now the id is nobody's, or another product's
			if f.lens.knows(n) && f.lens.items[n].ID == id {
				return f.lens.items[n]
			}
		}
		return nil
	})
}

// Offers answers q for the member with a number, through the same code as
// Engine.Offers and from the view's position. q.Member and q.Session are not
// read; a number of -1 asks for somebody nobody knows.
func (f *Frozen) Offers(i int, q *OfferQuery, a *OfferAnswer) {
	a.Seq, a.At = f.pos, f.at
	x := suiting{e: f.e, q: q, a: a, s: &a.scratch, lens: f.lens, at: int64(f.at), now: f.now, frozen: f}
	f.read(&a.scratch.who, i)
	x.answer(f.Scenario(q.Scenario))
}

// read reads a member as they were. Whoever changes a member keeps them first:
// so what was read before the bit of the change was seen is from before it.
func (f *Frozen) read(s *shopper, i int) {
	if i < 0 || i >= f.members {
		f.e.readMember(s, nobody, int64(f.at))
		return
	}
	m := graph.Member(i)
	f.e.readMember(s, m, int64(f.at))
	s.token = f.e.people.token(m)
	if was := f.kept(m); was != nil {
		s.copyFrom(was)
	}
}

// preserve keeps, for a view that is taken, the members that an event is about
// to change. The writer's.
func (e *Engine) preserve(ev *event.Event) {
	f := e.frozen.Load()
	if f == nil {
		return
	}
	f.keep(e.whose(ev))
	if b, ok := ev.Body.(*event.MemberMerged); ok {
		f.keep(b.Into)
	}
}

func (f *Frozen) keep(t event.Token) {
	m, ok := f.e.people.known(t)
	if !ok || t == 0 || int(m) >= f.members || int64(m) < f.passed.Load() {
		return
	}
	word, bit := &f.changed[m>>6], uint64(1)<<(m&63)
	if word.Load()&bit != 0 {
		return
	}
	was := &shopper{}
	f.e.readMember(was, m, int64(f.at))
	was.token = f.e.people.token(m)
	f.mu.Lock()
	f.was[m] = was
	f.mu.Unlock()
	word.Or(bit)
}
