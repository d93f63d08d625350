package engine

import (
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"nabo/engine/event"
	"nabo/graph"
)

// catalogue gives products their numbers and holds what is known of them. The
// writer changes it; readers see an entry as it was or as it is.
type catalogue struct {
	mu    sync.RWMutex
	nodes map[string]graph.Node   // guarded by mu
	items []*Product              // by node; guarded by mu
	kinds map[string][]graph.Node // category, and "\x00"+brand → products; guarded by mu
	stock map[stockKey]event.Availability

	retired map[string]struct{} // ids that were deleted and may have come back; the writer's

	traits traits
	shown  pages[atomic.Pointer[Product]] // items, for everybody

	dirty      map[graph.Node]struct{} // the writer's
	dirtyStock map[stockKey]struct{}   // the writer's
}

type stockKey struct {
	node  graph.Node
	scope graph.Scope
}

func (c *catalogue) init() {
	c.nodes = map[string]graph.Node{}
	c.kinds = map[string][]graph.Node{}
	c.stock = map[stockKey]event.Availability{}
	c.dirty = map[graph.Node]struct{}{}
	c.dirtyStock = map[stockKey]struct{}{}
	c.retired = map[string]struct{}{}
	c.traits.init()
	c.shown.init()
}

// node returns a product's number.
func (c *catalogue) node(id string) (graph.Node, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	n, ok := c.nodes[id]
	return n, ok
}

// item returns what is known of a product; never nil for a given number. It
// takes no lock: an answer asks it of each of its items.
func (c *catalogue) item(n graph.Node) *Product { return c.shown.at(n).Load() }

// set makes an entry that everybody sees.
func (c *catalogue) set(n graph.Node, p *Product) {
	if int(n) == len(c.items) {
		c.items = append(c.items, p)
	}
	c.items[n] = p
	c.shown.grown(n).Store(p)
}

// size returns how many products have a number; the writer's.
func (c *catalogue) size() graph.Node { return graph.Node(len(c.items)) }

// intern returns a product's number and gives it one if it has none: whatever
// stands on a receipt is a product, whether the catalogue knows it or not.
func (c *catalogue) intern(e *Engine, id string) graph.Node {
	if n, ok := c.nodes[id]; ok { // the writer alone changes the map
		return n
	}
	n := graph.Node(len(c.items))
	if n >= graph.MaxNodes-1 {
		return c.overflow(n)
	}
	c.mu.Lock()
	id = strings.Clone(id) // it shares the memory of a whole group of events
	c.add(n, &Product{ID: id, Name: id, Price: math.NaN()})
	c.mu.Unlock()
	c.dirty[n] = struct{}{}
	e.grow()
	if _, was := c.retired[id]; was {
		e.book.Relist(id, n)
	}
	return n
}

// overflow is what all products beyond the graph's bound share: the last
// number, which is no product of its own.
func (c *catalogue) overflow(n graph.Node) graph.Node { return n - 1 }

func (c *catalogue) add(n graph.Node, p *Product) {
	c.nodes[p.ID] = n
	c.set(n, p)
	c.index(n, p)
}

func kindsOf(p *Product) (kinds []string) {
	if p.Category != "" {
		kinds = append(kinds, p.Category)
	}
	if p.Brand != "" {
		kinds = append(kinds, brandKind(p.Brand))
	}
	return kinds
}

func brandKind(brand string) string { return "\x00" + brand }

func (c *catalogue) index(n graph.Node, p *Product) {
	for _, k := range kindsOf(p) {
		c.kinds[k] = append(c.kinds[k], n)
	}
	c.traits.set(n, c.traits.number(p.Category), c.traits.number(brandKind(p.Brand)))
}

func (c *catalogue) unindex(n graph.Node) {
	for _, k := range kindsOf(c.items[n]) {
		c.kinds[k] = slices.DeleteFunc(slices.Clone(c.kinds[k]), func(m graph.Node) bool { return m == n })
	}
	c.traits.set(n, 0, 0)
}

// sharing returns the products of a category or of a brandKind. The slice is
// shared: read it only.
func (c *catalogue) sharing(kind string) []graph.Node {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.kinds[kind]
}

func (c *catalogue) upsert(e *Engine, p *event.Product) {
	n := c.intern(e, p.Product)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.unindex(n)
	item := &Product{
		ID: c.items[n].ID, Name: strings.Clone(p.Name), Category: strings.Clone(p.Category),
		Brand: strings.Clone(p.Brand), Image: strings.Clone(p.Image), Currency: strings.Clone(p.Currency),
		Price: p.Price, Attributes: cloneAttributes(p.Attributes), Known: true,
	}
	if item.Name == "" {
		item.Name = item.ID
	}
	before := c.items[n].Category
	c.set(n, item)
	c.index(n, item)
	c.dirty[n] = struct{}{}
	e.retouch(n, before, item.Category)
}

// retouch has the offers looked at anew where what they cover, or what they
// are compared by, has changed.
func (e *Engine) retouch(n graph.Node, categories ...string) {
	l := e.lenses.now.Load()
	covered := len(l.view.Covering(n)) > 0
	for _, c := range categories {
		covered = covered || l.categories[c]
	}
	if covered {
		e.book.Touch()
		e.reKinded = true
	}
}

func cloneAttributes(as []event.Attribute) []event.Attribute {
	as = slices.Clone(as)
	for i := range as {
		as[i].Name, as[i].Value.Text = strings.Clone(as[i].Name), strings.Clone(as[i].Value.Text)
	}
	return as
}

// deleteProduct takes a product out of everything. Its number is retired: the
// same id on a later receipt is a new product.
func (e *Engine) deleteProduct(id string) {
	c := &e.catalogue
	n, ok := c.nodes[id]
	if !ok {
		return
	}
	e.aside.settle()
	e.bought.Retire(n)
	e.viewed.Retire(n)
	e.trends.Retire(n)
	e.book.Retire(n)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.unindex(n)
	delete(c.nodes, id)
	id = c.items[n].ID
	c.retired[id] = struct{}{}
	e.retouch(n, c.items[n].Category)
	c.set(n, &Product{ID: id, Name: id, Price: math.NaN()})
	c.dirty[n] = struct{}{}
}

// grow makes room everywhere for all that has a number.
func (e *Engine) grow() {
	products := graph.Node(len(e.catalogue.items))
	if products > e.bought.Nodes() {
		e.aside.settle()
		e.bought.Grow(products)
	}
	e.viewed.Grow(products)
	e.goods.Grow(graph.Member(e.people.count), products)
	e.visits.Grow(graph.Member(e.people.count), graph.Node(len(e.places.names)))
}

// stock says whether a store has a product. A product that was InStock all
// along needs no entry.
func (e *Engine) stock(ev *event.Event, s *event.Stock) {
	n := e.catalogue.intern(e, s.Product)
	k := stockKey{n, e.scope(store, ev.Store)}
	out := s.Availability == event.OutOfStock
	if was := e.catalogue.stock[k] == event.OutOfStock; was != out {
		defer e.book.Restock(n, strings.Clone(ev.Store), out) // once the catalogue says so, too
	}
	e.catalogue.mu.Lock()
	defer e.catalogue.mu.Unlock()
	if s.Availability == event.InStock {
		delete(e.catalogue.stock, k)
	} else {
		e.catalogue.stock[k] = s.Availability
	}
	e.catalogue.dirtyStock[k] = struct{}{}
}

// Product returns what is known of a product, which may be no more than that
// it stood on a receipt.
func (e *Engine) Product(id string) (*Product, bool) {
	n, ok := e.catalogue.node(id)
	if !ok {
		return nil, false
	}
	return e.catalogue.item(n), true
}
