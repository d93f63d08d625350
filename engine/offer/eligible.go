package offer

import (
	"math/bits"
	"slices"

	"nabo/engine/event"
	"nabo/engine/expr"
)

// Workspace is memory for Eligible, Explain and Why, one for each goroutine. Its
// zero value works; after a few calls nothing is allocated any more.
type Workspace struct {
	out, part, open Bits
	left            Bits // what out was when the last rule was noted
	rules           []Rule
	input           expr.Input
}

// Eligible returns the offers that may be offered to who asks, here and now. It
// is the one place where that is decided, and it is decided anew each time. The
// set is ws's: it holds until the next call.
func (v *View) Eligible(a *Asker, ws *Workspace) *Bits {
	v.sift(a, ws, false)
	return &ws.out
}

// Explain returns what Eligible does, and by place the first rule that leaves
// an offer out, as Why does for one; 0 for what is eligible. Both are ws's.
func (v *View) Explain(a *Asker, ws *Workspace) (*Bits, []Rule) {
	ws.rules = slices.Grow(ws.rules[:0], len(v.Offers))[:len(v.Offers)]
	clear(ws.rules)
	ws.left.reset(len(v.Offers))
	for i := range v.Offers {
		ws.left.Add(int32(i))
	}
	v.sift(a, ws, true)
	return &ws.out, ws.rules
}

// sift asks rule after rule, in their order.
func (v *View) sift(a *Asker, ws *Workspace, note bool) {
	noted := func(r Rule) {
		if note {
			ws.note(r)
		}
	}
	out := &ws.out
	out.copyFrom(&v.live)
	noted(Withdrawn)
	out.and(v.timely(a, ws))
	if note {
		v.noteTimes(a, ws)
	}
	v.chains.keep(out, a.Chain, a.chains(), &ws.part)
	noted(WrongChain)
	store := a.store()
	v.stores.keep(out, store, nil, &ws.part)
	noted(WrongStore)
	if gone := v.soldOut[store]; gone != nil && store != "" {
		out.Minus(gone)
	}
	noted(NotInStock)
	v.budgets(a, ws)
	noted(BudgetGone)
	v.uses(a, ws, note)
	if isMessage(a.Channel) {
		v.consents(a, ws)
	}
	noted(ConsentMissing)
	v.audience(a, ws)
	noted(NotForThem)
}

// note writes a rule down for what it left out.
func (ws *Workspace) note(r Rule) {
	for i, w := range ws.out.Words {
		for gone := ws.left.Words[i] &^ w; gone != 0; gone &= gone - 1 {
			ws.rules[i<<6+bits.TrailingZeros64(gone)] = r
		}
		ws.left.Words[i] = w
	}
}

// noteTimes says of what does not hold now whether it will or did.
func (v *View) noteTimes(a *Asker, ws *Workspace) {
	for i, w := range ws.out.Words {
		for gone := ws.left.Words[i] &^ w; gone != 0; gone &= gone - 1 {
			p := i<<6 + bits.TrailingZeros64(gone)
			e := v.Offers[p]
			ws.rules[p] = Ended
			if from, _ := a.Record.Term(e.Slot).during(e.Spec); a.Now < from && from != 0 {
				ws.rules[p] = NotYet
			}
		}
		ws.left.Words[i] = w
	}
}

// at returns the offers that hold at a moment, by the offers' own terms. Most
// questions are about the same few moments: it is worked out again only when a
// moment comes at which another offer begins or ends.
func (v *View) at(now event.Millis) *Bits {
	if s := v.span.Load(); s != nil && s.from <= now && now < s.until {
		return &s.valid
	}
	s := &span{from: -maxMillis, until: maxMillis, valid: *newBits(len(v.Offers))}
	for i, from := range v.froms {
		end := v.ends[i]
		switch {
		case from != 0 && now < from:
			s.until = min(s.until, from)
		case now > end:
			s.from = max(s.from, end+1)
		default:
			if from != 0 {
				s.from = max(s.from, from)
			}
			if end != maxMillis {
				s.until = min(s.until, end+1)
			}
			s.valid.Add(int32(i))
		}
	}
	v.span.Store(s)
	return &s.valid
}

// timely returns the offers that hold now for who asks: a member's own terms
// come before the offer's.
func (v *View) timely(a *Asker, ws *Workspace) *Bits {
	valid := v.at(a.Now)
	if len(a.Record.terms()) == 0 {
		return valid
	}
	ws.part.copyFrom(valid)
	for i := range a.Record.Terms {
		t := &a.Record.Terms[i]
		if t.From == 0 && t.Through == 0 {
			continue
		}
		p, ok := v.PlaceOf(t.Slot)
		if !ok {
			continue
		}
		from, through := t.during(v.Offers[p].Spec)
		ws.part.set(p, (from == 0 || a.Now >= from) && (through == 0 || a.Now <= through))
	}
	return &ws.part
}

// keep drops what does not hold in the one that is asked for, or else in any
// of those that are known.
func (l *limits) keep(out *Bits, asked string, known []string, part *Bits) {
	switch {
	case asked != "":
		b := l.named[asked]
		if b == nil {
			out.and(&l.open)
			return
		}
		for i := range out.Words {
			out.Words[i] &= l.open.Words[i] | b.Words[i]
		}
	case len(known) > 0:
		part.copyFrom(&l.open)
		for _, name := range known {
			if b := l.named[name]; b != nil {
				part.or(b)
			}
		}
		out.and(part)
	}
}

// budgets drops what all members together have spent; but what the member has
// activated and asks to keep, only if it can't be redeemed either.
func (v *View) budgets(a *Asker, ws *Workspace) {
	if !a.KeepActivated || len(a.Record.uses()) == 0 {
		ws.out.Minus(&v.spent)
		return
	}
	ws.open.reset(len(v.Offers))
	for i := range a.Record.Uses {
		if u := &a.Record.Uses[i]; u.Open {
			if p, ok := v.PlaceOf(u.Slot); ok {
				ws.open.Add(p)
			}
		}
	}
	for i := range ws.out.Words {
		ws.out.Words[i] &^= v.spent.Words[i] &^ (v.activationsGone.Words[i] & ws.open.Words[i])
	}
}

// uses drops what the member has used up or has activated.
func (v *View) uses(a *Asker, ws *Workspace, note bool) {
	uses := a.Record.uses()
	for i := range uses {
		u := &uses[i]
		p, ok := v.PlaceOf(u.Slot)
		if !ok || !ws.out.Has(p) || (u.Open && a.KeepActivated) {
			continue
		}
		rule := Activated
		if !u.Open {
			if !usedUp(v.Offers[p].Spec.PerMember, u, true) {
				continue
			}
			rule = LimitOfMember
		}
		ws.out.Drop(p)
		if note {
			ws.rules[p] = rule
			ws.left.Drop(p)
		}
	}
}

// consents drops what may not be in a message. Where no chain is asked, an
// offer that is limited to chains needs the grant of any of them.
func (v *View) consents(a *Asker, ws *Workspace) {
	r := a.Record
	all := r.Marketing(a.Chain, a.Channel, v.opt)
	special := a.Chain == "" && slices.ContainsFunc(r.said(), func(c Consent) bool { return c.Chain != "" && c.Purpose == event.Marketing })
	switch {
	case !special && all:
	case !special:
		clear(ws.out.Words)
	default:
		ws.part.reset(len(v.Offers))
		if all {
			ws.part.copyFrom(&v.chains.open)
		}
		for chain, limited := range v.chains.named { // a union: the order means nothing
			if r.Marketing(chain, a.Channel, v.opt) {
				ws.part.or(limited)
			}
		}
		ws.out.and(&ws.part)
	}
}

// audience drops what is not for the member. Each expression is evaluated
// once, and only if any offer that is left asks for it.
func (v *View) audience(a *Asker, ws *Workspace) {
	ws.input = expr.Input{Member: a.Member, Context: a.Context}
	for _, u := range v.audiences {
		if ws.out.meets(&u.places) && !u.holds(&ws.input) {
			ws.out.Minus(&u.places)
		}
	}
}

func (b *Bits) meets(o *Bits) bool {
	for i, w := range b.Words {
		if w&o.Words[i] != 0 {
			return true
		}
	}
	return false
}
