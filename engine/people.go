package engine

import (
	"strings"
	"sync"

	"nabo/engine/event"
	"nabo/graph"
)

// nobody is the number of an anonymous shopper and of an erased member.
const nobody = ^graph.Member(0)

// people gives members their numbers and holds what was said of them.
type people struct {
	mu       sync.RWMutex
	members  map[event.Token]graph.Member  // nobody: erased; guarded by mu
	tokens   []event.Token                 // by member; 0: erased or merged; guarded by mu
	profiles map[graph.Member]*Profile     // guarded by mu
	moved    map[graph.Member]graph.Member // whom a merged member became; guarded by mu
	count    int                           // the writer's

	dirty map[event.Token]struct{} // the writer's
	gone  []graph.Member           // forgotten since the last checkpoint; the writer's
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
	p.members = map[event.Token]graph.Member{}
	p.profiles = map[graph.Member]*Profile{}
	p.moved = map[graph.Member]graph.Member{}
	p.dirty = map[event.Token]struct{}{}
}

// member returns a token's number; the writer's. It gives one if there is none.
func (p *people) member(e *Engine, t event.Token) graph.Member {
	if t == 0 {
		return nobody
	}
	if m, ok := p.members[t]; ok {
		return p.resolve(m)
	}
	p.mu.Lock()
	m := graph.Member(p.count)
	p.count++
	p.members[t] = m
	p.tokens = append(p.tokens, t)
	p.mu.Unlock()
	p.dirty[t] = struct{}{}
	e.grow()
	return m
}

// resolve follows a member to whom it became: nobody if it was erased. A
// damaged state could lead in a circle, which ends with nobody, too.
func (p *people) resolve(m graph.Member) graph.Member {
	for range len(p.moved) + 1 {
		if m == nobody || p.tokens[m] != 0 {
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
	m, ok := p.members[t]
	if !ok {
		return nobody, false
	}
	m = p.resolve(m)
	return m, m != nobody
}

func (p *people) token(m graph.Member) event.Token {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.tokens[m]
}

func (p *people) set(t event.Token, m graph.Member, profile *Profile) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.members[t] = m
	if profile != nil && m != nobody {
		p.profiles[m] = profile
	}
	p.dirty[t] = struct{}{}
}

func (p *people) upsert(e *Engine, t event.Token, b *event.Member) {
	m := p.member(e, t)
	if m == nobody {
		return
	}
	profile := &Profile{HomeStore: strings.Clone(b.HomeStore), Timezone: strings.Clone(b.Timezone), Attributes: cloneAttributes(b.Attributes)}
	for _, c := range b.Chains {
		profile.Chains = append(profile.Chains, strings.Clone(c))
	}
	p.set(t, m, profile)
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
	delete(p.profiles, m)
	p.tokens[m] = 0
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
	profile := e.people.profiles[b]
	if profile == nil {
		profile = e.people.profiles[a]
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
	e.people.mu.RLock()
	defer e.people.mu.RUnlock()
	if p := e.people.profiles[m]; p != nil {
		return *p, true
	}
	return Profile{}, true
}
