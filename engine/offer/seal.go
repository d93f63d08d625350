package offer

import (
	"slices"

	"nabo/engine/event"
	"nabo/graph"
)

// graceAfter is how long an offer that is over stays in the View, so that it
// can be said why it is not shown.
const graceAfter = event.Millis(3_600_000)

// Seal publishes what changed since the last one as a new View, at the end of
// a group of events. now is the moment of the log. Without a change it costs
// nothing; where only counts changed, a copy of the list; else the index is
// made anew.
func (b *Book) Seal(now event.Millis, w World) {
	old := b.View()
	again := b.pending.index || now > old.stale
	if !again && !b.stock.changed && len(b.pending.changed) == 0 {
		return
	}
	v := &View{Version: old.Version + 1, Placing: old.Placing, Offers: old.Offers, index: old.index,
		spent: old.spent, activationsGone: old.activationsGone, opt: b.opt}
	switch {
	case again:
		b.place(v, now, w)
		b.stock.take(v, w)
	case len(b.pending.changed) > 0:
		v.Offers = slices.Clone(old.Offers)
		v.spent, v.activationsGone = old.spent.clone(), old.activationsGone.clone()
		for _, h := range b.pending.changed {
			b.enter(v, h)
		}
	}
	v.soldOut, b.stock.changed = b.stock.soldOut, false
	b.publish(v)
}

// place makes the index and all entries anew.
func (b *Book) place(v *View, now event.Millis, w World) {
	v.Placing++
	stale := maxMillis
	offers := make([]*held, 0, len(b.all))
	for _, h := range b.all {
		end, ends := h.leaves(now)
		if ends && now > end {
			continue
		}
		offers = append(offers, h)
		if ends {
			stale = min(stale, end)
		}
	}
	ix, products := b.makeIndex(offers, w)
	ix.stale = stale
	v.index = ix
	v.Offers = make([]*Entry, len(offers))
	v.spent, v.activationsGone = *newBits(len(offers)), *newBits(len(offers))
	for i, h := range offers {
		before := h.entry
		v.Offers[i] = h.asEntry(products[i])
		v.spend(int32(i))
		if v.Offers[i] != before && !h.changed { // its categories' products changed
			h.changed = true
			b.pending.changed = append(b.pending.changed, h)
		}
	}
	for _, h := range b.pending.changed {
		if _, ok := v.PlaceOf(h.slot); !ok {
			b.enter(v, h)
		}
	}
}

// leaves returns when an offer leaves the View.
func (h *held) leaves(now event.Millis) (event.Millis, bool) {
	switch {
	case h.withdrawn:
		if h.leavesAt == 0 {
			h.leavesAt = now + graceAfter
		}
		if h.withdrawnAt != 0 { // it may have been loaded long after
			h.leavesAt = min(h.leavesAt, h.withdrawnAt+graceAfter)
		}
		return h.leavesAt, true
	case h.spec.ValidThrough == 0:
		return 0, false
	default:
		return max(h.spec.ValidThrough, h.lastTerm) + graceAfter, true
	}
}

// asEntry makes an offer's entry, or keeps the one that says the same.
func (h *held) asEntry(products []graph.Node) *Entry {
	if h.entry != nil && !h.changed && slices.Equal(h.entry.Products, products) {
		return h.entry
	}
	h.entry = &Entry{
		Slot: h.slot, Spec: h.spec, Products: products, Since: h.since,
		Activations: h.activations, Redemptions: h.redemptions, Shown: h.shown, Over: h.over,
		Discount: h.discount, recent: h.recent, Withdrawn: h.withdrawn,
	}
	byOthers := spentByRedemptions(h)
	h.entry.activationsSpent = !byOthers && spentByActivations(h)
	h.entry.Spent = byOthers || h.entry.activationsSpent
	return h.entry
}

func spentByActivations(h *held) bool {
	return h.spec.Budget.Activations > 0 && h.activations >= h.spec.Budget.Activations
}

func spentByRedemptions(h *held) bool {
	of := &h.spec.Budget
	return (of.Redemptions > 0 && h.redemptions >= of.Redemptions) || (of.Discount > 0 && h.discount >= of.Discount)
}

// enter puts a changed offer's new entry into its place, if it has one.
func (b *Book) enter(v *View, h *held) {
	products := h.products
	if h.entry != nil {
		products = h.entry.Products
	}
	e := h.asEntry(products)
	if p, ok := v.PlaceOf(h.slot); ok {
		v.Offers[p] = e
		v.spend(p)
	}
}

// spend notes whether an offer's budgets are gone.
func (v *View) spend(p int32) {
	v.spent.set(p, v.Offers[p].Spent)
	v.activationsGone.set(p, v.Offers[p].activationsSpent)
}

// publish makes the View and the names the ones that are read from now on.
func (b *Book) publish(v *View) {
	b.mu.Lock()
	for _, h := range b.pending.gone {
		b.slot.set(uint32(h.slot), nil)
		if e := b.named[h.spec.Offer]; e != nil && e.Slot == h.slot {
			delete(b.named, h.spec.Offer)
		}
	}
	for _, h := range b.pending.changed {
		h.changed = false
		if b.slots.get(uint32(h.slot)) == h {
			b.named[h.spec.Offer] = h.entry
			b.slot.set(uint32(h.slot), h.entry)
		}
	}
	b.mu.Unlock()
	b.pending.index = false
	b.pending.changed = b.pending.changed[:0]
	b.pending.gone = b.pending.gone[:0]
	b.view.Store(v)
}
