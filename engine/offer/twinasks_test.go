package offer

import (
	"cmp"
	"slices"

	"nabo/engine/event"
	"nabo/graph"
)

// record gives a member's record as the book would.
func (t *twin) record(m graph.Member) (r Record) {
	p := t.people[m]
	if p == nil {
		return r
	}
	for _, u := range p.uses {
		r.Uses = append(r.Uses, *u)
	}
	for _, term := range p.terms {
		r.Terms = append(r.Terms, term)
	}
	for _, s := range p.shown {
		r.Shown = append(r.Shown, s)
	}
	for _, c := range p.consents {
		r.Consents = append(r.Consents, c)
	}
	slices.SortFunc(r.Uses, func(a, b Activation) int { return cmp.Compare(a.Slot, b.Slot) })
	slices.SortFunc(r.Terms, func(a, b Term) int { return cmp.Compare(a.Slot, b.Slot) })
	slices.SortFunc(r.Shown, func(a, b Seen) int { return a.compare(&b) })
	slices.SortFunc(r.Consents, func(a, b Consent) int { return a.compare(&b) })
	return r
}

// Reader.

func (t *twin) marketing(p *twinMember, chain, channel string) bool {
	for _, k := range [][2]string{{chain, channel}, {chain, ""}, {"", channel}, {"", ""}} {
		if c, ok := p.consents[[3]string{k[0], k[1], string(rune(event.Marketing))}]; ok {
			return c.Granted
		}
	}
	return false
}

func twinShares(limit, has []string) bool {
	for _, h := range has {
		if slices.Contains(limit, h) {
			return true
		}
	}
	return len(limit) == 0 || len(has) == 0
}

func (t *twin) soldOut(o *twinOffer, store string) bool {
	some := false
	for n := range graph.Node(twinProducts) {
		if t.covers(o, n) {
			some = true
			if !t.out[store][n] {
				return false
			}
		}
	}
	return some && store != ""
}

func (t *twin) granted(o *twinOffer, p *twinMember, a *Asker) bool {
	if a.Chain != "" || len(o.spec.Chains) == 0 {
		return t.marketing(p, a.Chain, a.Channel)
	}
	return slices.ContainsFunc(o.spec.Chains, func(c string) bool { return t.marketing(p, c, a.Channel) })
}

// rule says why an offer is left out, every rule by itself.
func (t *twin) rule(o *twinOffer, p *twinMember, a *Asker, withStock bool) (Rule, bool) {
	from, through := t.bounds(o, p)
	u := p.uses[o.slot]
	open := u != nil && u.Open
	store, chains := a.Store, []string{a.Chain}
	if a.Member != nil && store == "" {
		store = a.Member.HomeStore
	}
	if a.Chain == "" {
		chains = nil
		if a.Member != nil {
			chains = a.Member.Chains
		}
	}
	message := a.Channel == "email" || a.Channel == "push" || a.Channel == "inapp"
	mine := a.KeepActivated && open && !o.spentOtherwise()
	switch {
	case o.withdrawn:
		return Withdrawn, true
	case from != 0 && a.Now < from:
		return NotYet, true
	case through != 0 && a.Now > through:
		return Ended, true
	case !twinShares(o.spec.Chains, chains):
		return WrongChain, true
	case store != "" && !twinShares(o.spec.Stores, []string{store}):
		return WrongStore, true
	case withStock && t.soldOut(o, store):
		return NotInStock, true
	case o.spent() && !mine:
		return BudgetGone, true
	case !open && o.usedUp(u):
		return LimitOfMember, true
	case open && !a.KeepActivated:
		return Activated, true
	case message && !t.granted(o, p, a):
		return ConsentMissing, true
	case o.spec.Audience != "" && !twinAudience(o.spec.Audience, a):
		return NotForThem, true
	}
	return 0, false
}

// The audiences that the tests know.
const (
	audienceHome   = `member.homeStore == "s1"`
	audienceApp    = `context.channel == "app"`
	audienceBroken = `member.`
)

func twinAudience(src string, a *Asker) bool {
	switch src {
	case audienceHome:
		return a.Member != nil && a.Member.HomeStore == "s1"
	case audienceApp:
		return a.Context != nil && a.Context.Channel == "app"
	}
	return false
}
