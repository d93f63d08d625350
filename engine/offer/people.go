package offer

import (
	"slices"
	"strings"

	"nabo/engine/event"
	"nabo/graph"
)

// Personalise gives a member a price or a term of their own for an offer, in
// place of the one before; one that says nothing takes it away. An unknown
// offer changes nothing.
func (b *Book) Personalise(m graph.Member, p *event.OfferPersonal) {
	h := b.byID[p.Offer]
	if h == nil || m == Nobody {
		return
	}
	r := b.edit(m)
	t := Term{Slot: h.slot, Price: p.Price, From: p.ValidFrom, Through: p.ValidThrough}
	i, ok := slices.BinarySearchFunc(r.Terms, h.slot, func(t Term, s Slot) int { return int(t.Slot) - int(s) })
	switch {
	case t.Price != t.Price && t.From == 0 && t.Through == 0:
		if !ok {
			return
		}
		r.Terms = slices.Delete(r.Terms, i, i+1)
	case ok:
		r.Terms[i] = t
	default:
		r.Terms = slices.Insert(r.Terms, i, t)
	}
	if t.Through > h.lastTerm {
		b.prolong(h, t.Through)
	}
	b.save(m, r)
}

// prolong keeps an offer for the member who may have it longest.
func (b *Book) prolong(h *held, through event.Millis) {
	old := h.lastTerm
	h.lastTerm = through
	b.touch(h)
	if h.spec.ValidThrough != 0 && through > max(old, h.spec.ValidThrough) {
		b.pending.index = b.pending.index || b.absent(h)
	}
}

// absent says whether the View lacks an offer that may hold for somebody.
func (b *Book) absent(h *held) bool {
	_, ok := b.View().PlaceOf(h.slot)
	return !ok
}

// Shown notes that offers were shown to a member in a channel, empty where they
// came by themselves; ids that are no offers'
// change nothing.
func (b *Book) Shown(m graph.Member, ids []string, channel string, at event.Millis) {
	var r *Record
	for _, id := range ids {
		h := b.byID[id]
		if h == nil {
			continue
		}
		h.shown++
		b.touch(h)
		b.days.note(h.slot, int64(at), func(d *DayCounts) { d.in(channel) })
		if m == Nobody {
			continue
		}
		if r == nil {
			r = b.edit(m)
		}
		r.see(h.slot, minute(at))
	}
	if r != nil {
		b.save(m, r)
	}
}

// see adds one showing and keeps the latest first.
func (r *Record) see(s Slot, at event.Millis) {
	now := Seen{Slot: s, Times: 1, At: at}
	if i := slices.IndexFunc(r.Shown, func(o Seen) bool { return o.Slot == s }); i >= 0 {
		now.Times, now.At = r.Shown[i].Times, max(at, r.Shown[i].At)
		if now.Times < 255 {
			now.Times++
		}
		r.Shown = slices.Delete(r.Shown, i, i+1)
	}
	r.insert(now)
}

func (r *Record) insert(s Seen) {
	i, _ := slices.BinarySearchFunc(r.Shown, s, func(a, b Seen) int { return a.compare(&b) })
	r.Shown = slices.Insert(r.Shown, i, s)
}

// Consent notes what a member said of a purpose, in a chain and a channel or in
// all; the latest time wins, and of one time what the log has last.
func (b *Book) Consent(m graph.Member, chain string, c *event.Consent, at event.Millis) {
	if m == Nobody {
		return
	}
	r := b.edit(m)
	r.consent(Consent{Chain: strings.Clone(chain), Channel: strings.Clone(c.Channel), Purpose: c.Purpose, Granted: c.Granted, At: at})
	b.save(m, r)
}

func (r *Record) consent(c Consent) {
	i, ok := slices.BinarySearchFunc(r.Consents, c, func(a, b Consent) int { return a.compare(&b) })
	switch {
	case !ok:
		r.Consents = slices.Insert(r.Consents, i, c)
	case c.At >= r.Consents[i].At:
		r.Consents[i] = c
	}
}

// Forget erases a member's record. What the offers have spent stays spent.
func (b *Book) Forget(m graph.Member) {
	if m != Nobody && b.people.get(m) != "" {
		b.people.set(m, "")
	}
}

// Merge moves a member's record to another's: what both used adds up, of two
// terms the other's own stays, of two consents the latest.
func (b *Book) Merge(from, into graph.Member) {
	if from == into || from == Nobody || into == Nobody || b.people.get(from) == "" {
		return
	}
	var moved Record
	b.Record(from, &moved)
	r := b.edit(into)
	for i := range moved.Uses {
		r.use(moved.Uses[i].Slot).join(&moved.Uses[i])
	}
	for _, t := range moved.Terms {
		if i, ok := slices.BinarySearchFunc(r.Terms, t.Slot, func(t Term, s Slot) int { return int(t.Slot) - int(s) }); !ok {
			r.Terms = slices.Insert(r.Terms, i, t)
		}
	}
	for _, s := range moved.Shown {
		if i := slices.IndexFunc(r.Shown, func(o Seen) bool { return o.Slot == s.Slot }); i >= 0 {
			s.Times, s.At = uint8(min(int(s.Times)+int(r.Shown[i].Times), 255)), max(s.At, r.Shown[i].At)
			r.Shown = slices.Delete(r.Shown, i, i+1)
		}
		r.insert(s)
	}
	for _, c := range moved.Consents {
		r.consent(c)
	}
	b.save(into, r)
	b.people.set(from, "")
}

func (u *Activation) join(o *Activation) {
	u.Open = u.Open || o.Open
	u.At = max(u.At, o.At)
	u.Activations += min(o.Activations, ^uint16(0)-u.Activations)
	u.Redemptions += min(o.Redemptions, ^uint16(0)-u.Redemptions)
}

// use returns the member's use of an offer and makes it if there is none.
func (r *Record) use(s Slot) *Activation {
	i, ok := slices.BinarySearchFunc(r.Uses, s, func(u Activation, s Slot) int { return int(u.Slot) - int(s) })
	if !ok {
		r.Uses = slices.Insert(r.Uses, i, Activation{Slot: s})
	}
	return &r.Uses[i]
}

// edit decodes a member's record for a change; the next edit uses it again.
func (b *Book) edit(m graph.Member) *Record {
	b.rec.clear()
	if m != Nobody {
		b.Record(m, &b.rec)
	}
	return &b.rec
}

// save keeps a changed record, without what it says of offers that are gone
// and within its bounds.
func (b *Book) save(m graph.Member, r *Record) {
	if m == Nobody {
		return
	}
	r.Uses = slices.DeleteFunc(r.Uses, func(u Activation) bool {
		return b.slots.get(uint32(u.Slot)) == nil || !u.Open && u.Activations == 0 && u.Redemptions == 0
	})
	r.Terms = slices.DeleteFunc(r.Terms, func(t Term) bool { return b.slots.get(uint32(t.Slot)) == nil })
	r.Shown = slices.DeleteFunc(r.Shown, func(s Seen) bool { return b.slots.get(uint32(s.Slot)) == nil })
	r.Uses = r.Uses[max(len(r.Uses)-maxUses, 0):]
	r.Terms = r.Terms[max(len(r.Terms)-maxTerms, 0):]
	r.Shown = r.Shown[:min(len(r.Shown), maxShown)]
	for len(r.Consents) > maxConsents {
		r.dropOldestConsent()
	}
	b.buf = r.encode(b.buf[:0])
	b.people.set(m, string(b.buf))
}

// dropOldestConsent lets the oldest grant go, or if there is none, the oldest
// refusal.
func (r *Record) dropOldestConsent() {
	oldest := 0
	for i := range r.Consents {
		a, b := &r.Consents[i], &r.Consents[oldest]
		if (a.Granted && !b.Granted) || (a.Granted == b.Granted && a.At < b.At) {
			oldest = i
		}
	}
	r.Consents = slices.Delete(r.Consents, oldest, oldest+1)
}
