package offer

import (
	"slices"
	"sync/atomic"

	"nabo/engine/event"
	"nabo/engine/expr"
	"nabo/graph"
)

// index is what the Views of one placing share. It never changes but for what
// is worked out when first asked for.
type index struct {
	byID   map[string]int32
	places paged[int32] // by slot, from 1
	live   Bits         // not withdrawn
	froms  []event.Millis
	ends   []event.Millis // maxMillis: no end

	first    []int32 // by product: where its places begin in covering
	covering []int32

	chains, stores *limits
	audiences      []*audience
	audienceOf     []*audience // by place; nil: everybody

	span    atomic.Pointer[span]
	stale   event.Millis           // after it an offer leaves the View
	overlap []atomic.Pointer[Bits] // by place; nil: not asked for yet
}

// limits are the offers' limits to chains or to stores.
type limits struct {
	open  Bits             // without a limit
	named map[string]*Bits // limited to it and perhaps others
}

// audience is one expression and the offers that are for it.
type audience struct {
	program *expr.Program // nil: could not be compiled, nobody
	places  Bits
}

// span is which offers hold by time from one moment up to another.
type span struct {
	from, until event.Millis
	valid       Bits
}

const maxMillis = event.Millis(1<<63 - 1)

func newIndex(n int) *index {
	ix := &index{
		byID: make(map[string]int32, n), live: *newBits(n),
		froms: make([]event.Millis, n), ends: make([]event.Millis, n),
		chains: newLimits(n), stores: newLimits(n), stale: maxMillis,
		audienceOf: make([]*audience, n), overlap: make([]atomic.Pointer[Bits], n),
	}
	return ix
}

func newLimits(n int) *limits { return &limits{*newBits(n), map[string]*Bits{}} }

// add puts the offer at place i under its names.
func (l *limits) add(i int32, names []string, n int) {
	if len(names) == 0 {
		l.open.Add(i)
	}
	for _, name := range names {
		if l.named[name] == nil {
			l.named[name] = newBits(n)
		}
		l.named[name].Add(i)
	}
}

// makeIndex places offers in the order of their slots and covers their
// products.
func (b *Book) makeIndex(offers []*held, w World) (*index, [][]graph.Node) {
	ix := newIndex(len(offers))
	programs := map[string]*audience{}
	for i, h := range offers {
		p := int32(i)
		ix.byID[h.spec.Offer] = p
		ix.places.set(uint32(h.slot), p+1)
		if !h.withdrawn {
			ix.live.Add(p)
		}
		ix.froms[i], ix.ends[i] = h.spec.ValidFrom, h.spec.ValidThrough
		if ix.ends[i] == 0 {
			ix.ends[i] = maxMillis
		}
		ix.chains.add(p, h.spec.Chains, len(offers))
		ix.stores.add(p, h.spec.Stores, len(offers))
		if src := h.spec.Audience; src != "" {
			a := programs[src]
			if a == nil {
				a = &audience{b.program(src), *newBits(len(offers))}
				programs[src] = a
				ix.audiences = append(ix.audiences, a)
			}
			a.places.Add(p)
			ix.audienceOf[i] = a
		}
	}
	b.forgetPrograms(programs)
	products := ix.cover(offers, w)
	return ix, products
}

// cover makes the index from products to places by counting, which also sorts
// the products that an offer has by its categories and takes out doubles.
func (ix *index) cover(offers []*held, w World) [][]graph.Node {
	products := make([][]graph.Node, len(offers))
	limit, total := w.Nodes(), 0
	for i, h := range offers {
		products[i] = h.products
		if len(h.spec.Categories) > 0 {
			products[i] = slices.Clone(h.products)
			for _, c := range h.spec.Categories {
				products[i] = append(products[i], w.OfCategory(c)...)
			}
		}
		total += len(products[i])
	}
	ix.first = make([]int32, int(limit)+1)
	ends := make([]int32, int(limit)+1)
	for _, list := range products {
		for _, n := range list {
			if n < limit {
				ends[n]++
			}
		}
	}
	at := int32(0)
	for n := range ends {
		ix.first[n], at = at, at+ends[n]
		ends[n] = ix.first[n]
	}
	raw := make([]int32, total)
	for i, list := range products {
		for _, n := range list {
			if n < limit && (ends[n] == ix.first[n] || raw[ends[n]-1] != int32(i)) {
				raw[ends[n]] = int32(i)
				ends[n]++
			}
		}
	}
	ix.compact(raw, ends)
	return ix.sortProducts(offers, products)
}

// compact closes the gaps that doubles left.
func (ix *index) compact(raw, ends []int32) {
	at := int32(0)
	for n := range ends {
		from := ix.first[n]
		ix.first[n] = at
		at += int32(copy(raw[at:], raw[from:ends[n]]))
	}
	ix.covering = raw[:at]
}

// sortProducts reads the index by product, which gives each offer its products
// in order.
func (ix *index) sortProducts(offers []*held, products [][]graph.Node) [][]graph.Node {
	again := false
	for i, h := range offers {
		if len(h.spec.Categories) > 0 {
			products[i], again = products[i][:0], true
		}
	}
	if !again {
		return products
	}
	for n := range len(ix.first) - 1 {
		for _, p := range ix.covering[ix.first[n]:ix.first[n+1]] {
			if len(offers[p].spec.Categories) > 0 {
				products[p] = append(products[p], graph.Node(n))
			}
		}
	}
	return products
}

// program compiles an audience; nil if that fails.
func (b *Book) program(src string) *expr.Program {
	if a, ok := b.programs[src]; ok {
		return a.program
	}
	a := &audience{}
	if b.opt.Compile != nil {
		if p, err := b.opt.Compile(src); err == nil {
			a.program = p
		}
	}
	b.programs[src] = a
	return a.program
}

// forgetPrograms lets go of those that no offer has any more.
func (b *Book) forgetPrograms(used map[string]*audience) {
	for src := range b.programs {
		if used[src] == nil {
			delete(b.programs, src)
		}
	}
}

// Overlapping returns the offers that having the one at place makes
// pointless: they share at least half of the products of the smaller of the
// two. It is not among them. Read only; made when first asked for, then kept.
func (v *View) Overlapping(place int32) *Bits {
	if b := v.overlap[place].Load(); b != nil {
		return b
	}
	shared := make([]int32, len(v.Offers))
	mine := v.Offers[place].Products
	for _, n := range mine {
		for _, p := range v.Covering(n) {
			shared[p]++
		}
	}
	out := newBits(len(v.Offers))
	for p, n := range shared {
		if n > 0 && int32(p) != place && 2*int(n) >= min(len(mine), len(v.Offers[p].Products)) {
			out.Add(int32(p))
		}
	}
	v.overlap[place].Store(out)
	return out
}
