package engine

import (
	"slices"
	"strings"
	"sync/atomic"

	"github.com/cespare/xxhash/v2"

	"nabo/graph"
)

// profiles holds what was said of members, each saying once: of many members
// the same is said, a store, a chain and some attributes. Who holds it guards
// it with a lock.
type profiles struct {
	which  pages[atomic.Uint32] // by member: a place in all + 1; 0: nothing was said
	all    []said
	free   []uint32          // places in all that hold nothing
	byHash map[uint64]uint32 // a saying's place in all
	text   uint64            // what the sayings take, about
}

type said struct {
	profile *Profile // nil: free
	hash    uint64
	uses    uint32 // members
}

func (p *profiles) init() {
	p.which.init()
	p.byHash = map[uint64]uint32{}
}

// of returns what was said of a member; nil: nothing.
func (p *profiles) of(m graph.Member) *Profile {
	if at := p.which.at(graph.Node(m)); at != nil && at.Load() != 0 {
		return p.all[at.Load()-1].profile
	}
	return nil
}

// set replaces what was said of a member by a copy; nil: nothing.
func (p *profiles) set(m graph.Member, profile *Profile) {
	at := p.which.grown(graph.Node(m))
	before := at.Load()
	at.Store(0)
	if profile != nil {
		at.Store(p.take(profile) + 1)
	}
	if before != 0 {
		p.release(before - 1)
	}
}

// take returns the place of a saying, with one more member of whom it is said.
func (p *profiles) take(profile *Profile) uint32 {
	var w writer
	w.profile(profile)
	hash := xxhash.Sum64(w.b)
	at, shared := p.byHash[hash]
	if shared {
		var other writer
		other.profile(p.all[at].profile)
		if slices.Equal(w.b, other.b) {
			p.all[at].uses++
			return at
		}
	}
	if n := len(p.free); n > 0 {
		at, p.free = p.free[n-1], p.free[:n-1]
	} else {
		at = uint32(len(p.all))
		p.all = append(p.all, said{})
	}
	p.all[at] = said{profile: profile.clone(), hash: hash, uses: 1}
	p.text += profileBytes(profile)
	if !shared { // of two sayings with one hash the second is not shared
		p.byHash[hash] = at
	}
	return at
}

// release says that a saying is one member's less.
func (p *profiles) release(at uint32) {
	s := &p.all[at]
	if s.uses--; s.uses > 0 {
		return
	}
	if p.byHash[s.hash] == at {
		delete(p.byHash, s.hash)
	}
	p.text -= profileBytes(s.profile)
	*s = said{}
	p.free = append(p.free, at)
}

// clone copies a profile that its owner may change.
func (p *Profile) clone() *Profile {
	c := &Profile{HomeStore: strings.Clone(p.HomeStore), Timezone: strings.Clone(p.Timezone), Attributes: cloneAttributes(p.Attributes)}
	for _, chain := range p.Chains {
		c.Chains = append(c.Chains, strings.Clone(chain))
	}
	return c
}

// profileBytes is what a profile takes in memory, about.
func profileBytes(p *Profile) uint64 {
	const head, text, attribute = 80, 16, 56
	n := head + len(p.HomeStore) + len(p.Timezone) + len(p.Attributes)*attribute
	for _, c := range p.Chains {
		n += text + len(c)
	}
	for _, a := range p.Attributes {
		n += len(a.Name) + len(a.Value.Text)
	}
	return uint64(n)
}

func (p *profiles) bytes() uint64 {
	return p.which.bytes(4) + uint64(cap(p.all))*24 + uint64(cap(p.free))*4 + uint64(len(p.byHash))*mapBytes(12) + p.text
}

// profile appends what was said.
func (w *writer) profile(p *Profile) {
	w.text(p.HomeStore)
	w.text(p.Timezone)
	w.num(uint64(len(p.Chains)))
	for _, c := range p.Chains {
		w.text(c)
	}
	w.attributes(p.Attributes)
}

// profile takes it off again.
func (t *taker) profile() *Profile {
	p := &Profile{HomeStore: t.text(), Timezone: t.text()}
	for range t.length() {
		p.Chains = append(p.Chains, t.text())
	}
	p.Attributes = t.attributes()
	return p
}
