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
	at    []atomic.Uint64 // by product: the page of its list, where in it, and its length plus one; 0: not yet made

	// All lists, one after the other, in pages that never move: one block for
	// all would be copied as it grows, for which some answers waited
	// milliseconds.
	said atomic.Pointer[[][]spoken]
	mu   sync.Mutex // held to make a list
	buf  []spoken   // guarded by mu
}

// spokenPage is how many entries a page has room for; a longer list has a page
// of its own.
const spokenPage = 1 << 12

func newVoices(edges *graph.RefinedSet) *voices {
	v := &voices{edges: edges, at: make([]atomic.Uint64, edges.Nodes())}
	v.said.Store(&[][]spoken{})
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
	from := at >> 16 & 0xffff
	return (*v.said.Load())[at>>32][from : from+at&0xffff-1]
}

// speak makes a product's list.
func (l *lens) speak(n graph.Node) uint64 {
	v := l.voices
	v.mu.Lock()
	defer v.mu.Unlock()
	if at := v.at[n].Load(); at != 0 {
		return at
	}
	v.buf = l.listen(n, v.buf[:0])
	pages := *v.said.Load()
	last := len(pages) - 1
	if last < 0 || cap(pages[last])-len(pages[last]) < len(v.buf) {
		pages = append(pages[:len(pages):len(pages)], make([]spoken, 0, max(spokenPage, len(v.buf))))
		last++
	} else {
		pages = slices.Clone(pages) // readers look at the headers of the old ones
	}
	from := len(pages[last])
	pages[last] = append(pages[last], v.buf...)
	v.said.Store(&pages)
	at := uint64(last)<<32 | uint64(from)<<16 | uint64(len(v.buf)+1)
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
