package offer

import (
	"maps"

	"nabo/graph"
)

// stock counts, for each store, how many of an offer's products it is out of;
// the writer's. It belongs to one index.
type stock struct {
	missing map[string][]int32 // by store, by place
	soldOut map[string]*Bits   // by store: the offers none of whose products it has; never changed in place once published
	changed bool               // since the last Seal
}

// take counts anew.
func (s *stock) take(v *View, w World) {
	*s = stock{missing: map[string][]int32{}, soldOut: map[string]*Bits{}}
	w.OutOfStock(func(n graph.Node, store string) { s.change(v, n, store, true) })
}

// change counts one product of one store.
func (s *stock) change(v *View, n graph.Node, store string, out bool) {
	covering := v.Covering(n)
	if len(covering) == 0 {
		return
	}
	counts := s.missing[store]
	if counts == nil {
		counts = make([]int32, len(v.Offers))
		s.missing[store] = counts
	}
	for _, p := range covering {
		all := int32(len(v.Offers[p].Products))
		was := counts[p] >= all
		if out {
			counts[p]++
		} else {
			counts[p]--
		}
		if is := counts[p] >= all; is != was {
			s.turn(store, p, is, len(v.Offers))
		}
	}
}

// turn notes that an offer is sold out in a store, or no longer.
func (s *stock) turn(store string, p int32, out bool, places int) {
	b := newBits(places)
	if old := s.soldOut[store]; old != nil {
		copy(b.Words, old.Words)
	}
	b.set(p, out)
	if !s.changed {
		s.changed, s.soldOut = true, maps.Clone(s.soldOut)
	}
	s.soldOut[store] = b
}

// Restock says that a store ran out of a product, or has it again. It is
// called only when that changed, once the World says so too; unlike Touch it
// costs no new index.
func (b *Book) Restock(n graph.Node, store string, out bool) {
	if !b.pending.index { // else the next Seal counts anew
		b.stock.change(b.View(), n, store, out)
	}
}

// StockChanged says whether which offers are sold out anywhere may be another
// than in an earlier View. It takes as long as there are stores.
func (v *View) StockChanged(since *View) bool { return !maps.Equal(v.soldOut, since.soldOut) }
