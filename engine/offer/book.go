package offer

import (
	"cmp"
	"slices"
	"sync"
	"sync/atomic"

	"nabo/engine/event"
	"nabo/graph"
)

// World is what the index is made from: the engine's catalogue as it is.
type World interface {
	// OfCategory returns the products of a category, in any order; read only.
	OfCategory(category string) []graph.Node
	// Nodes is above every product's number.
	Nodes() graph.Node
	// OutOfStock gives every product that a store is known to be out of.
	OutOfStock(yield func(n graph.Node, store string))
}

// Book holds all offers and every member's record. The methods that change it,
// and Seal, Dirty, Load and Digest, are one goroutine's, the writer's,
// in log order; View, Named, Numbered and Record are anybody's at any time.
//
// What is an offer's (validity, withdrawal, budget, stock) a reader sees as of
// the last Seal, in the View. What is a member's (activations, own terms, what
// was shown, consents) it sees as of the last change, in the record. What the
// Book holds depends on the calls and their order alone, not on when it is
// sealed, checkpointed or loaded.
type Book struct {
	opt  Options
	view atomic.Pointer[View]

	people records
	days   daybook

	// The writer's.
	slots     paged[*held]
	all       []*held // by slot
	byID      map[string]*held
	next      Slot
	now       event.Millis // the latest upsert's
	nextDrop  event.Millis // no offer is to be dropped up to then...
	unsettled bool         // ...unless this is set
	rec       Record       // used again for each change of a record
	buf       []byte
	programs  map[string]*audience
	stock     stock
	pending   pending

	mu    sync.RWMutex
	named map[string]*Entry // guarded by mu
	slot  paged[*Entry]     // guarded by mu
}

// held is an offer's whole state; the writer's.
type held struct {
	slot     Slot
	text     string // spec as appendSpec writes it
	spec     *event.Offer
	products []graph.Node // sorted; the numbers of spec.Products
	since    event.Millis

	activations, redemptions, shown, over int64
	discount                              float64
	recent                                float64 // redemptions, faded: see pulse

	withdrawn   bool
	withdrawnAt event.Millis // the first upsert of any offer after the withdrawal; zero: none yet
	lastTerm    event.Millis // the latest end among members' own terms

	leavesAt event.Millis // when it leaves the View after a withdrawal; not part of the state
	entry    *Entry       // as of the last Seal; nil: none yet
	changed  bool         // since the last Seal
	dirty    bool         // since the last Dirty
}

// pending is what changed since the last Seal and since the last Dirty.
type pending struct {
	index   bool // places, products or specs
	changed []*held
	gone    []*held // dropped since the last Seal
	dirty   []*held
	erased  []Slot // dropped since the last Dirty
	meta    bool
}

// NewBook makes an empty book.
func NewBook(opt Options) *Book {
	b := &Book{opt: opt.withDefaults(), byID: map[string]*held{}, named: map[string]*Entry{}, programs: map[string]*audience{}, days: newDaybook()}
	b.view.Store(&View{index: newIndex(0), opt: b.opt})
	return b
}

// View returns the offers as of the last Seal; never nil.
func (b *Book) View() *View { return b.view.Load() }

// Record decodes a member's record into dst, whose memory it uses again. A
// member without one has an empty record.
func (b *Book) Record(m graph.Member, dst *Record) {
	_ = dst.decode(b.people.get(m)) // Load and the writer let in only what can be decoded
}

// Named returns an offer by its id as of the last Seal: one that holds, or that
// ended or was withdrawn not much over 60 days ago.
func (b *Book) Named(id string) (*Entry, bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	e, ok := b.named[id]
	return e, ok
}

// Numbered returns an offer by its number, as Named does.
func (b *Book) Numbered(s Slot) (*Entry, bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	e := b.slot.get(uint32(s))
	return e, e != nil
}

// List returns all offers that Named knows, by their numbers.
func (b *Book) List() []*Entry {
	b.mu.RLock()
	defer b.mu.RUnlock()
	list := make([]*Entry, 0, len(b.named))
	for _, e := range b.named {
		list = append(list, e)
	}
	slices.SortFunc(list, func(a, b *Entry) int { return cmp.Compare(a.Slot, b.Slot) })
	return list
}

// Upsert takes an offer as it is described now; what it has spent stays, and
// one that was withdrawn holds again. products are the numbers of o.Products,
// in any order; now is when it was admitted. An offer that ended or was
// withdrawn over 60 days before an upsert is dropped by it.
func (b *Book) Upsert(o *event.Offer, products []graph.Node, now event.Millis) {
	b.now = max(b.now, now)
	b.pending.meta = true
	defer b.drop()
	nodes := slices.Clone(products)
	slices.Sort(nodes)
	nodes = slices.Compact(nodes)
	b.buf = appendSpec(b.buf[:0], o)
	h := b.byID[o.Offer]
	switch {
	case h == nil:
		if b.next == MaxSlots {
			return
		}
		h = &held{slot: b.next, since: now}
		b.next++
		b.all = append(b.all, h)
		b.slots.set(uint32(h.slot), h)
	case h.text == string(b.buf) && !h.withdrawn && slices.Equal(h.products, nodes):
		return
	}
	h.text, h.products, h.withdrawn, h.withdrawnAt = string(b.buf), nodes, false, 0
	spec, err := parseSpec(h.text)
	if err != nil {
		panic("offer: what was written cannot be read: " + err.Error())
	}
	h.spec = spec
	b.byID[spec.Offer] = h
	b.pending.index = true
	b.nextDrop = min(b.nextDrop, h.due())
	b.touch(h)
}

// Withdraw ends an offer at once. An unknown id changes nothing.
func (b *Book) Withdraw(id string) {
	h := b.byID[id]
	if h == nil || h.withdrawn {
		return
	}
	h.withdrawn, h.withdrawnAt, h.leavesAt = true, 0, 0
	b.unsettled, b.pending.index = true, true
	b.touch(h)
}

// Retire takes a product out of all offers that name it.
func (b *Book) Retire(n graph.Node) {
	b.pending.index = true
	for _, h := range b.all {
		if i, ok := slices.BinarySearch(h.products, n); ok {
			h.products = slices.Delete(slices.Clone(h.products), i, i+1)
			b.touch(h)
		}
	}
}

// Relist puts a product that was retired, and is now known again by another
// number, back into the offers that name it.
func (b *Book) Relist(id string, n graph.Node) {
	for _, h := range b.all {
		if !slices.Contains(h.spec.Products, id) {
			continue
		}
		if i, ok := slices.BinarySearch(h.products, n); !ok {
			h.products = slices.Insert(slices.Clone(h.products), i, n)
			b.pending.index = true
			b.touch(h)
		}
	}
}

// Touch says that products' categories or stores' stock changed: the next Seal
// makes the index anew.
func (b *Book) Touch() { b.pending.index = true }

// touch notes that an offer changed.
func (b *Book) touch(h *held) {
	if !h.changed {
		h.changed = true
		b.pending.changed = append(b.pending.changed, h)
	}
	if !h.dirty {
		h.dirty = true
		b.pending.dirty = append(b.pending.dirty, h)
	}
}

const (
	msPerDay = 86_400_000
	keepFor  = 60 * msPerDay // an offer after its end
)

// drop forgets the offers that have been over for long. It goes by the latest
// upsert's time alone, so that it happens at the same place in the log
// whatever the groups; and a withdrawal counts from the upsert after it, since
// it brings no time.
func (b *Book) drop() {
	if !b.unsettled && b.now <= b.nextDrop {
		return
	}
	b.unsettled, b.nextDrop = false, maxMillis
	kept := b.all[:0]
	for _, h := range b.all {
		if h.withdrawn && h.withdrawnAt == 0 {
			h.withdrawnAt = b.now
			b.touch(h)
		}
		due := h.due()
		if b.now <= due {
			b.nextDrop = min(b.nextDrop, due)
			kept = append(kept, h)
			continue
		}
		delete(b.byID, h.spec.Offer)
		b.slots.set(uint32(h.slot), nil)
		b.pending.gone = append(b.pending.gone, h)
		b.pending.erased = append(b.pending.erased, h.slot)
		b.days.drop(h.slot)
		b.pending.index = true
	}
	clear(b.all[len(kept):])
	b.all = kept
}

// due returns after when an offer is dropped.
func (h *held) due() event.Millis {
	end := maxMillis
	switch {
	case h.withdrawn:
		end = h.withdrawnAt
	case h.spec.ValidThrough != 0:
		end = max(h.spec.ValidThrough, h.lastTerm)
	}
	return min(end, maxMillis-keepFor) + keepFor
}
