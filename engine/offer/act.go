package offer

import (
	"math"
	"slices"

	"nabo/engine/event"
	"nabo/engine/expr"
	"nabo/graph"
)

// Activate opens an offer for a member at a moment, which decides whether it
// holds. With ask, the engine decides: exactly as many succeed as the budget,
// the member's limits and MaxOpen allow, by the state as it is now, not as of
// the last Seal. Where a store is out of stock is not asked. Of ask, Store,
// Chain, Channel, Context and Member are used. Without ask it is a fact: it is
// counted unless it is open already; NotValid, BudgetSpent and LimitReached say
// what it went beyond.
func (b *Book) Activate(id string, m graph.Member, at event.Millis, ask *Asker) Verdict {
	h := b.byID[id]
	if h == nil {
		return Unknown
	}
	r := b.edit(m)
	if u := r.Use(h.slot); u != nil && u.Open && (ask == nil || h.holdsFor(r, at)) {
		return Already
	}
	v, over := Done, int64(0)
	switch {
	case ask == nil:
		if v = b.flag(h, r, at); v != Done {
			over = 1
		}
	case m == Nobody:
		return NotValid
	default:
		if v = b.judge(h, r, at, ask); v != Done {
			return v
		}
	}
	u := r.use(h.slot)
	u.Open, u.At = true, at
	u.Activations = more(u.Activations)
	h.activations++
	h.over += over
	b.touch(h)
	b.days.note(h.slot, int64(at), func(d *DayCounts) {
		d.Activations++
		d.Over += over
	})
	b.save(m, r)
	return v
}

// judge says what stands against an activation that is asked for.
func (b *Book) judge(h *held, r *Record, at event.Millis, ask *Asker) Verdict {
	a := *ask
	a.Now, a.Record = at, r
	f := facts{slot: h.slot, spec: h.spec, withdrawn: h.withdrawn, spent: spentByActivations(h) || spentByRedemptions(h)}
	if h.spec.Audience != "" {
		f.audience = &audience{program: b.program(h.spec.Audience)}
	}
	if rule, out := f.rule(&a, new(expr.Input), b.opt); out {
		return verdictOf(rule)
	}
	if b.open(r, at) >= b.opt.MaxOpen {
		return LimitReached
	}
	return Done
}

// flag says what an activation that is a fact goes beyond.
func (b *Book) flag(h *held, r *Record, at event.Millis) Verdict {
	u := r.Use(h.slot)
	switch {
	case !h.holdsFor(r, at):
		return NotValid
	case spentByActivations(h) || spentByRedemptions(h):
		return BudgetSpent
	case u != nil && usedUp(h.spec.PerMember, u, true), b.open(r, at) >= b.opt.MaxOpen:
		return LimitReached
	}
	return Done
}

func verdictOf(r Rule) Verdict {
	switch r {
	case BudgetGone:
		return BudgetSpent
	case LimitOfMember:
		return LimitReached
	case Activated:
		return Already
	case ConsentMissing:
		return NoConsent
	default:
		return NotValid
	}
}

// open counts the member's open activations of offers that still hold.
func (b *Book) open(r *Record, at event.Millis) (n int) {
	for i := range r.Uses {
		if u := &r.Uses[i]; u.Open {
			if h := b.slots.get(uint32(u.Slot)); h != nil && h.holdsFor(r, at) {
				n++
			}
		}
	}
	return n
}

// holdsFor says whether an offer is not over yet for a member.
func (h *held) holdsFor(r *Record, at event.Millis) bool {
	_, through := r.Term(h.slot).during(h.spec)
	return !h.withdrawn && (through == 0 || at <= through)
}

// Deactivate takes an open activation back and gives it back to the budget.
// It counts as of a moment.
func (b *Book) Deactivate(id string, m graph.Member, at event.Millis) Verdict {
	h := b.byID[id]
	if h == nil {
		return Unknown
	}
	r := b.edit(m)
	u := r.Use(h.slot)
	if u == nil || !u.Open {
		return NotActive
	}
	u.Open = false
	if u.Activations != math.MaxUint16 {
		u.Activations -= min(u.Activations, 1)
	}
	h.activations -= min(h.activations, 1)
	b.touch(h)
	b.days.note(h.slot, int64(at), func(d *DayCounts) { d.Deactivations++ })
	b.save(m, r)
	return Done
}

// Redeem counts a redemption, a fact, and frees the member's open activation.
// discount is what it cost, in the offer's currency; 0 where not known. The
// verdict says whether it went beyond a limit (LimitReached), a budget
// (BudgetSpent), or had no activation (NotActive).
func (b *Book) Redeem(id string, m graph.Member, at event.Millis, discount float64) Verdict {
	h := b.byID[id]
	if h == nil {
		return Unknown
	}
	r := b.edit(m)
	v := b.redeem(h, r, m, at, discount)
	b.save(m, r)
	return v
}

func (b *Book) redeem(h *held, r *Record, m graph.Member, at event.Millis, discount float64) Verdict {
	v, over := Done, int64(0)
	u := r.Use(h.slot)
	switch {
	case spentByRedemptions(h):
		v = BudgetSpent
	case u != nil && usedUp(h.spec.PerMember, u, false):
		v = LimitReached
	case m != Nobody && (u == nil || !u.Open):
		v = NotActive
	}
	if v == BudgetSpent || v == LimitReached {
		over = 1
	}
	h.over += over
	if m != Nobody {
		u = r.use(h.slot)
		u.Open = false
		u.Redemptions = more(u.Redemptions)
	}
	h.redemptions++
	h.recent = min(h.recent+pulse(at), math.MaxFloat64)
	if discount > 0 && discount <= math.MaxFloat64 {
		h.discount = min(h.discount+discount, math.MaxFloat64)
	} else {
		discount = 0
	}
	b.days.note(h.slot, int64(at), func(d *DayCounts) {
		d.Redemptions++
		d.Over += over
		d.Discount = min(d.Discount+discount, math.MaxFloat64)
	})
	b.touch(h)
	return v
}

// usedUp says whether a member may not use an offer once more: to redeem it,
// or to activate it too.
func usedUp(limit event.PerMember, u *Activation, activate bool) bool {
	redemptions := limit.Redemptions
	if redemptions == 0 {
		redemptions = 1
	}
	if redemptions > 0 && int64(u.Redemptions) >= redemptions {
		return true
	}
	return activate && limit.Activations > 0 && int64(u.Activations) >= limit.Activations
}

// Bought redeems the member's open activations whose products are among what
// they bought: nodes, sorted or not, and what was saved on each where it is
// known, else 0. An offer that the till named was redeemed before, by Redeem.
// at is the receipt's time: an activation after it, or one whose offer did not
// hold then, stays open. It returns the ids of those that it redeemed.
func (b *Book) Bought(m graph.Member, at event.Millis, nodes []graph.Node, amounts []float64) (redeemed []string) {
	if m == Nobody || b.people.get(m) == "" {
		return nil
	}
	r := b.edit(m)
	for i := range r.Uses {
		u := r.Uses[i] // redeem may not move it: it is there
		if !u.Open || u.At > at {
			continue
		}
		h := b.slots.get(uint32(u.Slot))
		if h == nil || !h.holdsFor(r, at) {
			continue
		}
		if saved, ok := b.covered(h, nodes, amounts); ok {
			b.redeem(h, r, m, at, saved)
			redeemed = append(redeemed, h.spec.Offer)
		}
	}
	if len(redeemed) > 0 {
		b.save(m, r)
	}
	return redeemed
}

// covered says whether an offer covers any of the products, and what was saved
// on those.
func (b *Book) covered(h *held, nodes []graph.Node, amounts []float64) (saved float64, ok bool) {
	for i, n := range nodes {
		if b.covers(h, n) {
			ok = true
			saved += amounts[i]
		}
	}
	return saved, ok
}

func (b *Book) covers(h *held, n graph.Node) bool {
	if _, ok := slices.BinarySearch(h.products, n); ok {
		return true
	}
	if len(h.spec.Categories) == 0 || b.opt.Category == nil {
		return false
	}
	c := b.opt.Category(n)
	return c != "" && slices.Contains(h.spec.Categories, c)
}

func more(n uint16) uint16 { return n + min(math.MaxUint16-n, 1) }
