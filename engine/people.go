package engine

import (
	"sync"
	"sync/atomic"

	"nabo/engine/event"
	"nabo/engine/refs"
	"nabo/graph"
)

// nobody is the number of an anonymous shopper and of an erased member.
const nobody = ^graph.Member(0)

// people gives members their numbers and holds what was said of them. Of a
// member it takes a token, a place in a table that finds the token, and which
// of the profiles that were said is theirs: some 18 bytes.
type people struct {
	mu       sync.RWMutex
	index    [peopleShards]refs.Table      // a living member's number + 1, by its token; guarded by mu
	former   map[event.Token]graph.Member  // tokens of no living member of their own: whom they mean, nobody: erased; guarded by mu
	moved    map[graph.Member]graph.Member // whom a merged member became; guarded by mu
	profiles profiles                      // guarded by mu
	tokens   pages[atomic.Uint64]          // by member; 0: erased or merged; the writer's to change
	count    int                           // the writer's
	loaded   []loadedToken                 // until settle

	dirty map[event.Token]struct{} // the writer's
	gone  []graph.Member           // forgotten since the last checkpoint; the writer's
}

const peopleShards = 256

type loadedToken struct {
	token event.Token
	m     graph.Member
}

// Profile is what an upsert said of a member. It never changes: an upsert
// makes a new one.
type Profile struct {
	HomeStore  string
	Chains     []string
	Timezone   string
	Attributes []event.Attribute
}

func (p *people) init() {
	p.tokens.init()
	p.profiles.init()
	p.former = map[event.Token]graph.Member{}
	p.moved = map[graph.Member]graph.Member{}
	p.dirty = map[event.Token]struct{}{}
}

// token returns a member's token, 0 if they were erased or merged.
func (p *people) token(m graph.Member) event.Token {
	if at := p.tokens.at(graph.Node(m)); at != nil {
		return event.Token(at.Load())
	}
	return 0
}

func (p *people) hashOf(ref uint32) uint64 { return spread(uint64(p.token(graph.Member(ref - 1)))) }

// rawLocked returns the number that was given to a token, or that took its place.
func (p *people) rawLocked(t event.Token) (graph.Member, bool) {
	hash := spread(uint64(t))
	ref := p.index[hash%peopleShards].Find(hash, func(ref uint32) bool { return p.token(graph.Member(ref-1)) == t })
	if ref != 0 {
		return graph.Member(ref - 1), true
	}
	m, ok := p.former[t]
	return m, ok
}

// member returns a token's number; the writer's. It gives one if there is none.
func (p *people) member(e *Engine, t event.Token) graph.Member {
	if t == 0 {
		return nobody
	}
	if m, ok := p.rawLocked(t); ok { // the writer alone changes anything
		return p.resolve(m)
	}
	p.mu.Lock()
	m := graph.Member(p.count)
	p.count++
	p.enterLocked(t, m)
	p.mu.Unlock()
	p.dirty[t] = struct{}{}
	e.grow()
	return m
}

// enterLocked gives a member their token.
func (p *people) enterLocked(t event.Token, m graph.Member) {
	p.tokens.grown(graph.Node(m)).Store(uint64(t))
	hash := spread(uint64(t))
	p.index[hash%peopleShards].Add(hash, uint32(m)+1, p.hashOf)
}

// resolve follows a member to whom it became: nobody if it was erased. A
// damaged state could lead in a circle, which ends with nobody, too.
func (p *people) resolve(m graph.Member) graph.Member {
	for range len(p.moved) + 1 {
		if m == nobody || p.token(m) != 0 {
			return m
		}
		next, ok := p.moved[m]
		if !ok {
			return nobody
		}
		m = next
	}
	return nobody
}

// known returns the number of a token that is known and not erased.
func (p *people) known(t event.Token) (graph.Member, bool) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	m, ok := p.rawLocked(t)
	if !ok {
		return nobody, false
	}
	m = p.resolve(m)
	return m, m != nobody
}

// profile returns what was said of a member; nil: nothing.
func (p *people) profile(m graph.Member) *Profile {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.profiles.of(m)
}

// set says whom a token means from now on, and what is said of them if it is
// not nil.
func (p *people) set(t event.Token, m graph.Member, profile *Profile) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if m == nobody || p.token(m) != t {
		p.former[t] = m
	}
	if profile != nil && m != nobody {
		p.profiles.set(m, profile)
	}
	p.dirty[t] = struct{}{}
}

func (p *people) upsert(e *Engine, t event.Token, b *event.Member) {
	m := p.member(e, t)
	if m == nobody {
		return
	}
	p.set(t, m, (*Profile)(b))
}

// erase forgets a member. Its token stays, as nobody's, so that an event that
// is still on its way does not bring the member back.
func (e *Engine) erase(t event.Token) {
	if m := e.people.member(e, t); m != nobody {
		e.goods.Remove(m)
		e.visits.Remove(m)
		e.book.Forget(m)
		e.people.drop(m)
		e.people.set(t, nobody, nil)
		e.sessions.rename(t, 0)
	}
}

// drop lets go of what was said of a member, and of its token.
func (p *people) drop(m graph.Member) {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.token(m)
	hash := spread(uint64(t))
	p.index[hash%peopleShards].Remove(hash, uint32(m)+1, p.hashOf)
	p.former[t] = m
	p.profiles.set(m, nil)
	p.tokens.at(graph.Node(m)).Store(0)
	p.gone = append(p.gone, m)
}

// merge moves all that is held on one member to another. The first token means
// the second member from then on.
func (e *Engine) merge(from, into event.Token) {
	a, b := e.people.member(e, from), e.people.member(e, into)
	if a == nobody || b == nobody || a == b {
		return
	}
	e.goods.Merge(a, b)
	e.visits.Merge(a, b)
	e.book.Merge(a, b)
	profile := e.people.profile(b)
	if profile == nil {
		profile = e.people.profile(a)
	}
	e.people.drop(a)
	e.people.move(a, b)
	e.people.set(from, b, profile)
	e.people.dirty[into] = struct{}{}
	e.sessions.rename(from, into)
}

func (p *people) move(from, into graph.Member) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.moved[from] = into
}

// Profile returns what was said of a member.
func (e *Engine) Profile(t event.Token) (Profile, bool) {
	m, ok := e.people.known(t)
	if !ok {
		return Profile{}, false
	}
	if p := e.people.profile(m); p != nil {
		return *p, true
	}
	return Profile{}, true
}

// settle ends loading: tokens find their members.
func (p *people) settle() {
	for _, l := range p.loaded {
		if l.m != nobody && p.token(l.m) == l.token {
			hash := spread(uint64(l.token))
			p.index[hash%peopleShards].Add(hash, uint32(l.m)+1, p.hashOf)
		} else {
			p.former[l.token] = l.m
		}
	}
	p.loaded = nil
}

// weigh is how many members have a token, and what tokens, numbers and profiles
// take, about.
func (p *people) weigh() (count int, bytes uint64) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	total := p.tokens.bytes(8) + p.profiles.bytes() + uint64(len(p.former))*mapBytes(12) + uint64(len(p.moved))*mapBytes(8)
	for i := range p.index {
		count += p.index[i].Len()
		total += uint64(p.index[i].Bytes())
	}
	return count, total
}
