package graph

import (
	"cmp"
	"math"
	"slices"
	"sync"
	"unsafe"
)

// trendScope is the counters of one scope, in pages, so that a checkpoint can
// hold on to them as they are: the writer copies a page that is held before it
// changes it, which takes less than a microsecond where copying all counters
// of a busy scope would take a millisecond.
type trendScope struct {
	mu      sync.RWMutex
	epochs  [spans]int32
	n       int
	pages   []*counterPage
	held    bitset // pages that a checkpoint holds on to
	places  trendPlaces
	sold    bitset // all that was ever sold here and is not retired
	version uint64 // goes up when counters change places

	found []uint32 // the writer's: places of the goods being counted
}

type counter struct {
	node Node
	v    [spans]float32
}

const (
	counterPageBits = 7
	counterPageSize = 1 << counterPageBits
)

type counterPage [counterPageSize]counter

// trendPlaces says where in a scope a product's counter is: a table in pages
// of which most are there, for a store sells most of what there is to sell. A
// map took twelve times as long and four times as much memory.
type trendPlaces []*[placePageSize]uint32 // from 1; 0: not counted

const (
	placePageBits = 6
	placePageSize = 1 << placePageBits
)

func (p trendPlaces) get(n Node) (place uint32, ok bool) {
	if i := int(n >> placePageBits); i < len(p) && p[i] != nil {
		place = p[i][n&(placePageSize-1)]
	}
	return place - 1, place != 0
}

func (p *trendPlaces) set(n Node, place uint32) {
	i := int(n >> placePageBits)
	if i >= len(*p) {
		*p = append(*p, make(trendPlaces, i+1-len(*p))...)
	}
	if (*p)[i] == nil {
		(*p)[i] = new([placePageSize]uint32)
	}
	(*p)[i][n&(placePageSize-1)] = place + 1
}

func (p trendPlaces) clear(n Node) { p[n>>placePageBits][n&(placePageSize-1)] = 0 }

func newTrendScope() *trendScope {
	sc := &trendScope{}
	for s := range sc.epochs {
		sc.epochs[s] = math.MinInt32
	}
	return sc
}

// at returns a counter to read.
func (sc *trendScope) at(place uint32) *counter {
	return &sc.pages[place>>counterPageBits][place&(counterPageSize-1)]
}

// edit returns a counter to change.
func (sc *trendScope) edit(place uint32) *counter {
	page := place >> counterPageBits
	if sc.held.clear(page) {
		own := *sc.pages[page]
		sc.pages[page] = &own
	}
	return &sc.pages[page][place&(counterPageSize-1)]
}

// push appends a counter.
func (sc *trendScope) push(c counter) (place uint32) {
	if sc.n&(counterPageSize-1) == 0 && sc.n>>counterPageBits == len(sc.pages) {
		sc.pages = append(sc.pages, new(counterPage))
	}
	place = uint32(sc.n)
	sc.n++
	*sc.edit(place) = c
	sc.places.set(c.node, place)
	return place
}

// add counts sales of each of nodes. All places are found before the first
// counter is changed: each of them is a miss in the caches, and asked for
// together they come together.
func (sc *trendScope) add(nodes []Node, by *[spans]float32) {
	sc.found = sc.found[:0]
	for _, n := range nodes {
		place, ok := sc.places.get(n)
		if !ok {
			place = sc.push(counter{node: n})
		}
		sc.found = append(sc.found, place)
	}
	for _, place := range sc.found {
		c := sc.edit(place)
		for i := range by {
			c.v[i] = max(c.v[i]+by[i], 0)
		}
	}
}

func (sc *trendScope) rescale(s Span, epoch int32) {
	if sc.epochs[s] != math.MinInt32 {
		by := float32(shift(sc.epochs[s], epoch))
		for page := range sc.pages {
			sc.edit(uint32(page) << counterPageBits)
			for i := range sc.pages[page] {
				sc.pages[page][i].v[s] *= by // those beyond n, too: they are 0, or to be overwritten
			}
		}
	}
	sc.epochs[s] = epoch
}

// remove takes a counter out and puts the last one in its place.
func (sc *trendScope) remove(place uint32) {
	sc.places.clear(sc.at(place).node)
	sc.n--
	sc.version++
	if last := uint32(sc.n); place != last {
		c := *sc.at(last)
		*sc.edit(place) = c
		sc.places.set(c.node, place)
	}
}

// prune keeps the counters with the best month; ties go to the lower node.
func (sc *trendScope) prune(keep int) {
	all := make([]counter, sc.n)
	for i := range all {
		all[i] = *sc.at(uint32(i))
	}
	slices.SortFunc(all, func(a, b counter) int {
		if c := cmp.Compare(b.v[SpanMonth], a.v[SpanMonth]); c != 0 {
			return c
		}
		return cmp.Compare(a.node, b.node)
	})
	sc.version++
	sc.reset()
	for _, c := range all[:keep] {
		sc.push(c)
	}
}

// reset takes all counters out.
func (sc *trendScope) reset() {
	sc.n, sc.pages, sc.places = 0, nil, nil
	sc.held.reset()
}

// bytes is what a scope takes, spare room included.
func (sc *trendScope) bytes() uint64 {
	b := uint64(len(sc.pages))*uint64(unsafe.Sizeof(counterPage{})) + uint64(cap(sc.places)+cap(sc.pages)+cap(sc.sold))*8
	for _, p := range sc.places {
		if p != nil {
			b += placePageSize * 4
		}
	}
	return b
}
