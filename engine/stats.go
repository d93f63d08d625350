package engine

import (
	"maps"
	"slices"

	"github.com/cespare/xxhash/v2"

	"nabo/engine/event"
	"nabo/graph"
)

// Stats says what the engine holds and what it takes.
type Stats struct {
	Position   uint64
	Clock      event.Millis // the newest receipt's time; 0: none yet
	Applied    uint64       // events that changed the state
	Duplicates uint64       // events that had been applied before

	Products int
	Places   int // stores, chains and one for everywhere
	Members  int
	Sessions int

	Bought, Viewed graph.PairStats
	Bindings       graph.MemberStats // members and products
	Visits         graph.MemberStats // members and places
	Trends         graph.TrendStats
	RefinedEdges   int
	RefinedBytes   uint64

	Keys      int // dedupe keys held
	KeysBytes uint64

	Parts []Part // what all of it takes
}

// Stats walks the whole state, a lock at a time: tens of milliseconds at full
// size. Anybody may call it.
func (e *Engine) Stats() Stats {
	s := Stats{
		Position: e.Position(), Clock: event.Millis(e.clock.Load()),
		Applied: e.applied.Load(), Duplicates: e.duplicates.Load(),
		Products: int(e.bought.Nodes()),
		Bought:   e.bought.Stats(), Viewed: e.viewed.Stats(),
		Bindings: e.goods.Stats(), Visits: e.visits.Stats(), Trends: e.trends.Stats(),
		RefinedEdges: e.refined.Edges(), RefinedBytes: e.refined.Bytes(),
	}
	s.Places, s.Members = s.Trends.Scopes, s.Bindings.Members
	s.Keys, s.KeysBytes = e.seen.stats()
	e.sessions.mu.RLock()
	s.Sessions = len(e.sessions.byKey)
	e.sessions.mu.RUnlock()
	s.Parts = e.parts(&s)
	return s
}

// Counters returns how many events were applied and how many had been before.
// It is cheap.
func (e *Engine) Counters() (applied, duplicates uint64) {
	return e.applied.Load(), e.duplicates.Load()
}

// Digest returns a hash of the whole state, and the position that it stands
// for. What is derived is not in it: refined edges, lists of what is popular,
// and the index from products to members. It holds the writer up, but no
// reader, for as long as it takes to hash all: a second or two at full size.
func (e *Engine) Digest() (pos, digest uint64) {
	e.writing.Lock()
	defer e.writing.Unlock()
	sum := xxhash.Sum64(e.encodeCounts())
	for i, part := range []uint64{
		e.bought.Digest(), e.viewed.Digest(), e.goods.Digest(), e.visits.Digest(), e.trends.Digest(), e.seen.digest(), e.series.Digest(),
	} {
		sum += spread(part + uint64(i)<<56)
	}
	sum += cellDigest(cellPlace, slices.Values(e.places.names), func(s string) []byte { return []byte(s) })
	sum += e.catalogue.digest() + e.people.digest()
	sum += cellDigest(cellReceipt, e.recent.each, func(r recentReceipt) []byte { return encodeReceipt(&r) })
	sum += spread(e.book.Digest())
	for name, versions := range e.scenarios.configs {
		sum += spread(xxhash.Sum64(encodeScenario(name, versions)))
	}
	for _, k := range slices.Sorted(maps.Keys(e.sessions.byKey)) {
		sum += spread(k ^ xxhash.Sum64(encodeSession(e.sessions.byKey[k])))
	}
	return e.Position(), sum
}

// cellDigest hashes values in their order.
func cellDigest[T any](kind uint64, values func(func(T) bool), encode func(T) []byte) uint64 {
	var sum uint64
	i := uint64(0)
	for v := range values {
		sum += spread(xxhash.Sum64(encode(v)) ^ spread(kind<<56|i))
		i++
	}
	return sum
}

func (c *catalogue) digest() uint64 {
	sum := cellDigest(cellProduct, slices.Values(c.items), func(p *Product) []byte { return encodeProduct(p, false) })
	for n, item := range c.items {
		if at, ok := c.nodes[item.ID]; ok && int(at) == n {
			sum += spread(uint64(n) + 1)
		}
	}
	for k, a := range c.stock {
		sum += spread(uint64(k.node)<<32|uint64(k.scope)) * (uint64(a) + 1)
	}
	return sum
}

func (p *people) digest() uint64 {
	var sum uint64
	means := func(t event.Token, m graph.Member) { sum += spread(uint64(t) ^ spread(uint64(m))) }
	for m := range graph.Member(p.count) {
		if t := p.token(m); t != 0 {
			means(t, m)
		}
		sum += spread(uint64(m)+1) * (xxhash.Sum64(p.encode(m)) | 1)
	}
	for t, m := range p.former {
		means(t, m)
	}
	return sum
}

// mapBytes is what an entry of a map takes, about, given what key and value do:
// two thirds of the places are taken, and each has a byte beside it.
func mapBytes(entry uint64) uint64 { return (entry + 1) * 3 / 2 }
