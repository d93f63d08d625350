package engine

import (
	"slices"
	"sync"
	"sync/atomic"

	"nabo/engine/event"
	"nabo/engine/offer"
	"nabo/graph"
)

// lens is all that answers about offers read beside the member: the offers as
// of one position, and what is worked out for each of them beforehand. It
// never changes; the writer puts a new one in its place at the end of a group,
// and the refreshing goroutine does when it has new signals.
type lens struct {
	view   *offer.View
	facets []*facet // by place
	marks  []mark   // by place

	// Which offers cover anything of a category or brand: those of kind k are
	// kindPlaces[kindFirst[k]:kindFirst[k+1]].
	kindFirst  []uint32
	kindPlaces []int32

	traits *traits
	sets   *sets
	voices *voices
	bases  *bases

	categories map[string]bool // those that an offer names

	items []*Product // by node, as of a list run's position; nil: the catalogue as it is
}

func (l *lens) item(e *Engine, n graph.Node) *Product {
	if l.items != nil {
		return l.items[n]
	}
	return e.catalogue.item(n)
}

// knows says whether there was such a product.
func (l *lens) knows(n graph.Node) bool { return l.items == nil || int(n) < len(l.items) }

// facet is what is worked out for one offer.
type facet struct {
	spec       *event.Offer
	products   []graph.Node // what it covers, as of the facet
	kinds      []uint32     // the categories and brands of what it covers, each once
	brandsFrom int          // where in kinds the brands begin
	main       uint32       // the category of most of what it covers
	funder     uint32
	places     []graph.Scope // the chains, or else the stores, it is limited to
	tie        uint64        // orders equals: by id, whatever the order of events

	signal
}

// mark is what every answer reads of an offer, close together: five hundred of
// them are read in microseconds, where as many facets would be as many misses
// of the cache.
type mark struct {
	tie              uint64
	since            event.Millis
	shown            int64 // as of the last refresh
	priority, margin float32
	signal
	main, funder uint32
	limited      bool // to chains or stores
}

// signal is what all members' doings say of an offer, each between 0 and 1.
type signal struct {
	popular float32 // the share of the month's sales that it covers
	trend   float32 // by how much what it covers sells more than usual
	past    float32 // its redemptions, faded
}

// What counts half of a signal's most: a share of all sales, and redemptions,
// at least; in a large shop it is what the offers have on average.
const (
	halfPopular = 0.01
	halfPast    = 5
)

// lenses keeps the newest lens.
type lenses struct {
	now atomic.Pointer[lens]

	mu      sync.Mutex // held to put a new one in its place
	signals map[offer.Slot]signal
	funders map[string]uint32
}

func (l *lenses) init(view *offer.View, t *traits, edges *graph.RefinedSet) {
	l.signals = map[offer.Slot]signal{}
	l.funders = map[string]uint32{}
	l.now.Store(&lens{view: view, sets: &sets{}, traits: t, voices: newVoices(edges), bases: &bases{}})
}

// seal shows readers what a group has changed of the offers. The writer's, at
// the end of each group.
func (e *Engine) seal() {
	e.book.Seal(e.now, world{e})
	view := e.book.View()
	if view == e.lenses.now.Load().view {
		return
	}
	e.lenses.mu.Lock()
	defer e.lenses.mu.Unlock()
	e.focusLocked(view)
}

// focusLocked makes the lens of a view, with what can be kept of the one before.
func (e *Engine) focusLocked(view *offer.View) {
	old := e.lenses.now.Load()
	if view.Placing == old.view.Placing && !e.reKinded {
		next := *old // only what was spent or shown has changed
		next.view = view
		e.lenses.now.Store(&next)
		return
	}
	known := make(map[*event.Offer]*facet, len(old.facets))
	for _, f := range old.facets {
		known[f.spec] = f
	}
	made := &lens{view: view, facets: make([]*facet, len(view.Offers)), traits: &e.catalogue.traits, sets: &sets{}, categories: map[string]bool{}}
	for i, o := range view.Offers {
		for _, c := range o.Spec.Categories {
			made.categories[c] = true
		}
		if f := known[o.Spec]; f != nil && sameNodes(f.products, o.Products) && !e.reKinded {
			made.facets[i] = f
			continue
		}
		made.facets[i] = e.facetLocked(o)
	}
	e.reKinded = false
	made.voices = newVoices(e.refined.Now())
	made.mark()
	e.lenses.now.Store(made)
}

// mark brings together what every answer reads.
func (l *lens) mark() {
	l.bases = &bases{}
	l.marks = make([]mark, len(l.facets))
	counts := make([]uint32, l.traits.kinds()+1)
	for i, f := range l.facets {
		o := l.view.Offers[i]
		l.marks[i] = mark{
			tie: f.tie, since: o.Since, shown: o.Shown, priority: float32(o.Spec.Priority), margin: float32(o.Spec.Margin),
			signal: f.signal, main: f.main, funder: f.funder,
			limited: len(o.Spec.Chains) > 0 || len(o.Spec.Stores) > 0,
		}
		for _, k := range f.kinds {
			counts[k+1]++
		}
	}
	for k := 1; k < len(counts); k++ {
		counts[k] += counts[k-1]
	}
	l.kindPlaces = make([]int32, counts[len(counts)-1])
	at := slices.Clone(counts)
	for i, f := range l.facets {
		for _, k := range f.kinds {
			l.kindPlaces[at[k]] = int32(i)
			at[k]++
		}
	}
	l.kindFirst = counts
}

// ofKind returns the offers that cover anything of a category or a brand.
func (l *lens) ofKind(k uint32) []int32 {
	if int(k)+1 >= len(l.kindFirst) {
		return nil // it is newer than the lens
	}
	return l.kindPlaces[l.kindFirst[k]:l.kindFirst[k+1]]
}

func sameNodes(a, b []graph.Node) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}

func (e *Engine) facetLocked(o *offer.Entry) *facet {
	f := &facet{spec: o.Spec, products: o.Products, tie: event.HashID(o.Spec.Offer), signal: e.lenses.signals[o.Slot]}
	counts := map[uint32]int{}
	var brands []uint32
	for _, n := range o.Products {
		category, brand := e.catalogue.traits.of(n)
		if category != 0 {
			counts[category]++
		}
		if brand != 0 {
			brands = append(brands, brand)
		}
	}
	for c, n := range counts {
		f.kinds = append(f.kinds, c)
		if f.main == 0 || n > counts[f.main] || (n == counts[f.main] && e.catalogue.traits.name(c) < e.catalogue.traits.name(f.main)) {
			f.main = c
		}
	}
	slices.Sort(f.kinds)
	f.brandsFrom = len(f.kinds)
	slices.Sort(brands)
	f.kinds = append(f.kinds, slices.Compact(brands)...)
	if by := o.Spec.FundedBy; by != "" {
		if e.lenses.funders[by] == 0 {
			e.lenses.funders[by] = uint32(len(e.lenses.funders) + 1)
		}
		f.funder = e.lenses.funders[by]
	}
	f.places = e.limitedTo(o.Spec)
	return f
}

// limitedTo returns the places that an offer holds in; none: everywhere.
func (e *Engine) limitedTo(o *event.Offer) (out []graph.Scope) {
	kind, names := store, o.Stores
	if len(names) == 0 {
		kind, names = chain, o.Chains
	}
	for _, name := range names {
		if s, ok := e.place(kind, name); ok {
			out = append(out, s)
		}
	}
	return out
}

// world shows the book what it needs to know of the catalogue; the writer's.
type world struct{ e *Engine }

func (w world) OfCategory(name string) []graph.Node { return w.e.catalogue.kinds[name] }
func (w world) Nodes() graph.Node                   { return graph.Node(len(w.e.catalogue.items)) }

func (w world) OutOfStock(each func(n graph.Node, store string)) {
	for k, a := range w.e.catalogue.stock {
		if a == event.OutOfStock {
			_, name := w.e.places.name(k.scope)
			each(k.node, name)
		}
	}
}

// revoice has answers read the newest refined edges. The refreshing
// goroutine's.
func (e *Engine) revoice() {
	edges := e.refined.Now()
	if edges == e.lenses.now.Load().voices.edges {
		return
	}
	e.lenses.mu.Lock()
	defer e.lenses.mu.Unlock()
	next := *e.lenses.now.Load()
	next.voices = newVoices(edges)
	e.lenses.now.Store(&next)
}

// reSignal works out anew what all members' doings say of each offer. The
// refreshing goroutine's.
func (e *Engine) reSignal(at event.Millis) {
	view := e.book.View()
	made := e.offerSignals(view, int64(at))
	e.lenses.mu.Lock()
	defer e.lenses.mu.Unlock()
	e.lenses.signals = made
	old := e.lenses.now.Load()
	next := &lens{view: old.view, facets: make([]*facet, len(old.facets)), traits: old.traits, sets: old.sets, voices: old.voices, categories: old.categories}
	for i, f := range old.facets {
		with := *f
		with.signal = made[old.view.Offers[i].Slot]
		with.places = e.limitedTo(f.spec) // a place may have become known
		next.facets[i] = &with
	}
	next.mark()
	e.lenses.now.Store(next)
}

// offerSignals reads the month's sales once, and each offer's share of them.
func (e *Engine) offerSignals(view *offer.View, at int64) map[offer.Slot]signal {
	made := make(map[offer.Slot]signal, len(view.Offers))
	month := make([]float32, e.bought.Nodes())
	week := make([]float32, len(month))
	var all, allWeek float64
	for _, s := range e.trends.Sales(nil, 0, at) {
		if int(s.Product) < len(month) {
			month[s.Product], week[s.Product] = max(s.In[graph.SpanMonth], 0), max(s.In[graph.SpanWeek], 0)
			all += float64(month[s.Product])
			allWeek += float64(week[s.Product])
		}
	}
	half := usualPast(view, event.Millis(at))
	for _, o := range view.Offers {
		var m, w float64
		for _, n := range o.Products {
			if int(n) < len(month) {
				m += float64(month[n])
				w += float64(week[n])
			}
		}
		s := signal{past: saturate(float32(o.Lately(event.Millis(at))), half)}
		if all > 0 {
			s.popular = saturate(float32(m/all), halfPopular)
		}
		if allWeek > 0 && m > 0 {
			s.trend = float32(trendOf(w/allWeek, m/all, allWeek))
		}
		made[o.Slot] = s
	}
	return made
}

// usualPast is what counts half of an offer's past. Offers that are over stay
// in a View for a while, how long depends on when it was made: they do not
// count.
func usualPast(view *offer.View, at event.Millis) float32 {
	sum, n := 0.0, 0
	for _, o := range view.Offers {
		if through := o.Spec.ValidThrough; !o.Withdrawn && (through == 0 || through >= at) {
			sum += o.Lately(at)
			n++
		}
	}
	return float32(max(halfPast, sum/float64(max(n, 1))))
}
