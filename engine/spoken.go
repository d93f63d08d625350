package engine

import (
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
	lists []atomic.Pointer[[]spoken] // by product
}

func newVoices(edges *graph.RefinedSet) *voices {
	return &voices{edges: edges, lists: make([]atomic.Pointer[[]spoken], edges.Nodes())}
}

// of returns what a product says for each offer that its strongest refined
// edges lead to. The slice is shared: read it only.
func (l *lens) voice(n graph.Node) []spoken {
	if int(n) >= len(l.voices.lists) {
		return nil // it has no refined edges yet
	}
	at := &l.voices.lists[n]
	if known := at.Load(); known != nil {
		return *known
	}
	made := l.listen(n)
	at.Store(&made) // another's may be lost, which is the same
	return made
}

func (l *lens) listen(n graph.Node) []spoken {
	var out []spoken
	edges := l.voices.edges.From(n)
	for _, edge := range edges[:min(len(edges), spokenByHabit)] {
		for _, p := range l.view.Covering(edge.Node) {
			at := 0
			for at < len(out) && out[at].place != p {
				at++
			}
			if at == len(out) {
				out = append(out, spoken{place: p, to: edge.Node})
			}
			s := &out[at]
			s.sum += edge.Weight
			if edge.Weight > s.most {
				s.most, s.to = edge.Weight, edge.Node
			}
		}
	}
	return out
}
