package engine

import (
	"slices"
	"sync"
	"sync/atomic"

	"nabo/graph"
)

// spoken is what one product says for one offer: its refined edges to what the
// offer covers, summed.
type spoken struct {
	place     int32
	to        graph.Node // at the other end of the strongest
	sum, most float32
}

// voices keeps what each product says for the offers, from when it is first
// asked: a member's two dozen strongest goods would otherwise read fifteen
// hundred edges for each answer, most of which lead to no offer. It belongs to
// one index of the offers and one set of refined edges.
type voices struct {
	edges *graph.RefinedSet
	at    []atomic.Uint64 // by product: where its list is in said, and its length plus one; 0: not yet made

	said atomic.Pointer[[]spoken] // all lists, one after the other; only ever longer
	mu   sync.Mutex               // held to make one
}

func newVoices(edges *graph.RefinedSet) *voices {
	v := &voices{edges: edges, at: make([]atomic.Uint64, edges.Nodes())}
	v.said.Store(&[]spoken{})
	return v
}

// voice returns what a product says for each offer that its strongest refined
// edges lead to. The slice is shared: read it only.
func (l *lens) voice(n graph.Node) []spoken {
	v := l.voices
	if int(n) >= len(v.at) {
		return nil // it has no refined edges yet
	}
	at := v.at[n].Load()
	if at == 0 {
		at = l.speak(n)
	}
	from := at >> 16
	return (*v.said.Load())[from : from+at&0xffff-1]
}

// speak makes a product's list.
func (l *lens) speak(n graph.Node) uint64 {
	v := l.voices
	v.mu.Lock()
	defer v.mu.Unlock()
	if at := v.at[n].Load(); at != 0 {
		return at
	}
	all := *v.said.Load()
	from := len(all)
	all = l.listen(n, all) // readers see no further than their own lists
	v.said.Store(&all)
	at := uint64(from)<<16 | uint64(len(all)-from+1)
	v.at[n].Store(at)
	return at
}

// listen appends what a product says to all.
func (l *lens) listen(n graph.Node, all []spoken) []spoken {
	from := len(all)
	edges := l.voices.edges.From(n)
	for _, edge := range edges[:min(len(edges), spokenByHabit)] {
		for _, p := range l.view.Covering(edge.Node) {
			at := from
			for at < len(all) && all[at].place != p {
				at++
			}
			if at == len(all) {
				all = append(all, spoken{place: p, to: edge.Node})
			}
			s := &all[at]
			s.sum += edge.Weight
			if edge.Weight > s.most {
				s.most, s.to = edge.Weight, edge.Node
			}
		}
	}
	said := slices.DeleteFunc(all[from:], func(s spoken) bool { return s.sum < leastSaid && s.sum > -leastSaid })
	return all[:from+min(len(said), maxSpoken)]
}

// leastSaid is what is worth saying: less moves a score by less than a
// hundredth, and most of what a product says is less.
const leastSaid = 0.01

// maxSpoken is for how many offers a product may speak.
const maxSpoken = 1<<16 - 2
