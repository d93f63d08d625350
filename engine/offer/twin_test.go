package offer

import (
	"math"
	"slices"

	"nabo/engine/event"
	"nabo/graph"
)

// twin is the book as one would write it without caring for speed: maps, and
// every rule spelled out.
type twin struct {
	maxOpen  int
	next     Slot
	now      event.Millis
	offers   map[string]*twinOffer
	people   map[graph.Member]*twinMember
	category map[graph.Node]string
	out      map[string]map[graph.Node]bool
}

type twinOffer struct {
	slot                     Slot
	spec                     event.Offer
	nodes                    []graph.Node
	acts, reds, shown, over  int64
	discount                 float64
	withdrawn                bool
	withdrawnAt, longestTerm event.Millis
}

type twinMember struct {
	uses     map[Slot]*Activation
	terms    map[Slot]Term
	shown    map[Slot]Seen
	consents map[[3]string]Consent
}

func newTwin(maxOpen int) *twin {
	return &twin{maxOpen: maxOpen, offers: map[string]*twinOffer{}, people: map[graph.Member]*twinMember{},
		category: map[graph.Node]string{}, out: map[string]map[graph.Node]bool{}}
}

func (t *twin) member(m graph.Member) *twinMember {
	if m == Nobody {
		m = graph.Member(math.MaxUint32) // thrown away by the caller
		delete(t.people, m)
	}
	if t.people[m] == nil {
		t.people[m] = &twinMember{map[Slot]*Activation{}, map[Slot]Term{}, map[Slot]Seen{}, map[[3]string]Consent{}}
	}
	return t.people[m]
}

// World.

func (t *twin) OfCategory(c string) (ns []graph.Node) {
	for n, is := range t.category {
		if is == c {
			ns = append(ns, n)
		}
	}
	return ns
}

func (t *twin) Nodes() graph.Node { return twinProducts }

func (t *twin) OutOfStock(yield func(graph.Node, string)) {
	for store, ns := range t.out {
		for n := range ns {
			yield(n, store)
		}
	}
}

const twinProducts = 24

// Writer.

func (t *twin) upsert(o event.Offer, nodes []graph.Node, now event.Millis) {
	t.now = max(t.now, now)
	is := t.offers[o.Offer]
	if is == nil {
		is = &twinOffer{slot: t.next}
		t.next++
		t.offers[o.Offer] = is
	}
	is.spec, is.withdrawn, is.withdrawnAt = o, false, 0
	is.nodes = slices.Clone(nodes)
	for id, o := range t.offers {
		if o.withdrawn && o.withdrawnAt == 0 {
			o.withdrawnAt = t.now
		}
		end := max(o.spec.ValidThrough, o.longestTerm)
		if (o.withdrawn && t.now-o.withdrawnAt > keepFor) || (!o.withdrawn && o.spec.ValidThrough != 0 && t.now-end > keepFor) {
			delete(t.offers, id)
			for _, p := range t.people {
				delete(p.uses, o.slot)
				delete(p.terms, o.slot)
				delete(p.shown, o.slot)
			}
		}
	}
}

func (t *twin) withdraw(id string) {
	if o := t.offers[id]; o != nil {
		o.withdrawn = true
	}
}

func (t *twin) personalise(m graph.Member, p *event.OfferPersonal) {
	o := t.offers[p.Offer]
	if o == nil || m == Nobody {
		return
	}
	o.longestTerm = max(o.longestTerm, p.ValidThrough)
	if math.IsNaN(p.Price) && p.ValidFrom == 0 && p.ValidThrough == 0 {
		delete(t.member(m).terms, o.slot)
		return
	}
	t.member(m).terms[o.slot] = Term{o.slot, p.Price, p.ValidFrom, p.ValidThrough}
}

func (t *twin) bounds(o *twinOffer, p *twinMember) (from, through event.Millis) {
	from, through = o.spec.ValidFrom, o.spec.ValidThrough
	if own, ok := p.terms[o.slot]; ok {
		if own.From != 0 {
			from = own.From
		}
		if own.Through != 0 {
			through = own.Through
		}
	}
	return from, through
}

func (t *twin) over(o *twinOffer, p *twinMember, at event.Millis) bool {
	_, through := t.bounds(o, p)
	return o.withdrawn || (through != 0 && at > through)
}

func (t *twin) open(p *twinMember, at event.Millis) (n int) {
	for _, o := range t.offers {
		if u := p.uses[o.slot]; u != nil && u.Open && !t.over(o, p, at) {
			n++
		}
	}
	return n
}

func (o *twinOffer) spentOnActivations() bool {
	return o.spec.Budget.Activations > 0 && o.acts >= o.spec.Budget.Activations
}

func (o *twinOffer) spentOtherwise() bool {
	b := o.spec.Budget
	return (b.Redemptions > 0 && o.reds >= b.Redemptions) || (b.Discount > 0 && o.discount >= b.Discount)
}

func (o *twinOffer) spent() bool { return o.spentOnActivations() || o.spentOtherwise() }

func (o *twinOffer) redeemedOut(u *Activation) bool {
	if u == nil {
		return false
	}
	switch n := o.spec.PerMember.Redemptions; {
	case n < 0:
		return false
	case n == 0:
		return u.Redemptions >= 1
	default:
		return int64(u.Redemptions) >= n
	}
}

func (o *twinOffer) usedUp(u *Activation) bool {
	n := o.spec.PerMember.Activations
	return o.redeemedOut(u) || (u != nil && n > 0 && int64(u.Activations) >= n)
}

func (t *twin) activate(id string, m graph.Member, at event.Millis, ask *Asker) Verdict {
	o := t.offers[id]
	if o == nil {
		return Unknown
	}
	p := t.member(m)
	u := p.uses[o.slot]
	if u != nil && u.Open && (ask == nil || !t.over(o, p, at)) {
		return Already
	}
	v := Done
	switch {
	case ask != nil && m == Nobody:
		return NotValid
	case ask != nil:
		a := *ask
		a.Now = at
		if rule, out := t.rule(o, p, &a, false); out {
			return map[Rule]Verdict{BudgetGone: BudgetSpent, LimitOfMember: LimitReached, ConsentMissing: NoConsent, Withdrawn: NotValid, Ended: NotValid,
				NotYet: NotValid, WrongChain: NotValid, WrongStore: NotValid, NotForThem: NotValid}[rule]
		}
		if t.open(p, at) >= t.maxOpen {
			return LimitReached
		}
	case t.over(o, p, at):
		v = NotValid
	case o.spent():
		v = BudgetSpent
	case o.usedUp(u) || t.open(p, at) >= t.maxOpen:
		v = LimitReached
	}
	if v != Done {
		o.over++
	}
	if u == nil {
		u = &Activation{Slot: o.slot}
		p.uses[o.slot] = u
	}
	u.Open, u.At = true, at
	u.Activations++
	o.acts++
	return v
}

func (t *twin) deactivate(id string, m graph.Member) Verdict {
	o := t.offers[id]
	if o == nil {
		return Unknown
	}
	u := t.member(m).uses[o.slot]
	if u == nil || !u.Open {
		return NotActive
	}
	u.Open = false
	u.Activations--
	o.acts--
	if u.Activations == 0 && u.Redemptions == 0 {
		delete(t.member(m).uses, o.slot)
	}
	return Done
}

func (t *twin) redeem(id string, m graph.Member, discount float64) Verdict {
	o := t.offers[id]
	if o == nil {
		return Unknown
	}
	p := t.member(m)
	u := p.uses[o.slot]
	v := Done
	switch {
	case o.spentOtherwise():
		v = BudgetSpent
	case o.redeemedOut(u):
		v = LimitReached
	case m != Nobody && (u == nil || !u.Open):
		v = NotActive
	}
	if v == BudgetSpent || v == LimitReached {
		o.over++
	}
	if u == nil {
		u = &Activation{Slot: o.slot}
		p.uses[o.slot] = u
	}
	u.Open = false
	u.Redemptions++
	o.reds++
	o.discount += discount
	return v
}

func (t *twin) covers(o *twinOffer, n graph.Node) bool {
	return slices.Contains(o.nodes, n) || slices.Contains(o.spec.Categories, t.category[n])
}

func (t *twin) bought(m graph.Member, at event.Millis, nodes []graph.Node, amounts []float64) {
	if m == Nobody {
		return
	}
	p := t.member(m)
	for id, o := range t.offers {
		u := p.uses[o.slot]
		if u == nil || !u.Open || u.At > at || t.over(o, p, at) {
			continue
		}
		saved, any := 0.0, false
		for i, n := range nodes {
			if t.covers(o, n) {
				saved, any = saved+amounts[i], true
			}
		}
		if any {
			t.redeem(id, m, saved)
		}
	}
}

func (t *twin) show(m graph.Member, ids []string, at event.Millis) {
	for _, id := range ids {
		o := t.offers[id]
		if o == nil {
			continue
		}
		o.shown++
		s := t.member(m).shown[o.slot]
		s.Slot = o.slot
		s.Times++
		s.At = max(s.At, at/msPerMinute*msPerMinute)
		t.member(m).shown[o.slot] = s
	}
}

func (t *twin) consent(m graph.Member, chain string, c *event.Consent, at event.Millis) {
	if m == Nobody {
		return
	}
	k := [3]string{chain, c.Channel, string(rune(c.Purpose))}
	if was, ok := t.member(m).consents[k]; !ok || at >= was.At {
		t.member(m).consents[k] = Consent{chain, c.Channel, c.Purpose, c.Granted, at}
	}
}

func (t *twin) merge(from, into graph.Member) {
	if from == into || from == Nobody || into == Nobody {
		return
	}
	a, b := t.member(from), t.member(into)
	for s, u := range a.uses {
		if b.uses[s] == nil {
			b.uses[s] = u
			continue
		}
		w := b.uses[s]
		w.Open, w.At, w.Activations, w.Redemptions = w.Open || u.Open, max(w.At, u.At), w.Activations+u.Activations, w.Redemptions+u.Redemptions
	}
	for s, term := range a.terms {
		if _, ok := b.terms[s]; !ok {
			b.terms[s] = term
		}
	}
	for s, seen := range a.shown {
		b.shown[s] = Seen{s, seen.Times + b.shown[s].Times, max(seen.At, b.shown[s].At)}
	}
	for k, c := range a.consents {
		if was, ok := b.consents[k]; !ok || c.At >= was.At {
			b.consents[k] = c
		}
	}
	delete(t.people, from)
}

func (t *twin) retire(n graph.Node) {
	for _, o := range t.offers {
		o.nodes = slices.DeleteFunc(o.nodes, func(m graph.Node) bool { return m == n })
	}
	delete(t.category, n)
}
