package offer

import (
	"slices"

	"nabo/engine/event"
	"nabo/engine/expr"
)

// facts are what the rules ask of one offer.
type facts struct {
	slot      Slot
	spec      *event.Offer
	withdrawn bool
	soldOut   bool // in the store
	spent     bool // any budget
	// forHolders says that what is spent is the budget of activations alone:
	// who has one may still redeem it.
	forHolders bool
	audience   *audience // nil: everybody
}

// rule returns the first rule that leaves the offer out for who asks. It says
// one offer at a time what Eligible says of all at once. in is memory for the
// audience.
func (f *facts) rule(a *Asker, in *expr.Input, opt Options) (Rule, bool) {
	r := a.Record
	*in = expr.Input{Member: a.Member, Context: a.Context}
	use := r.Use(f.slot)
	open := use != nil && use.Open
	from, through := r.Term(f.slot).during(f.spec)
	switch {
	case f.withdrawn:
		return Withdrawn, true
	case a.Now < from && from != 0:
		return NotYet, true
	case a.Now > through && through != 0:
		return Ended, true
	case !within(f.spec.Chains, a.Chain, a.chains()):
		return WrongChain, true
	case !within(f.spec.Stores, a.store(), nil):
		return WrongStore, true
	case f.soldOut:
		return NotInStock, true
	case f.spent && !(f.forHolders && open && a.KeepActivated):
		return BudgetGone, true
	case use != nil && !open && usedUp(f.spec.PerMember, use, true):
		return LimitOfMember, true
	case open && !a.KeepActivated:
		return Activated, true
	case isMessage(a.Channel) && !a.granted(r, f.spec.Chains, opt):
		return ConsentMissing, true
	case f.audience != nil && !f.audience.holds(in):
		return NotForThem, true
	}
	return 0, false
}

// store returns where who asks would use an offer; empty: not known.
func (a *Asker) store() string {
	if a.Store == "" && a.Member != nil {
		return a.Member.HomeStore
	}
	return a.Store
}

// within says whether a limit allows the one that is asked for, or else any of
// those that are known.
func within(limit []string, asked string, known []string) bool {
	switch {
	case len(limit) == 0:
		return true
	case asked != "":
		return slices.Contains(limit, asked)
	}
	return len(known) == 0 || slices.ContainsFunc(known, func(k string) bool { return slices.Contains(limit, k) })
}

// chains returns the chains that the member uses; none: not known.
func (a *Asker) chains() []string {
	if a.Member == nil {
		return nil
	}
	return a.Member.Chains
}

// granted says whether an offer may be in a message to who asks: for the asked
// chain, or for any of the chains to which the offer is limited.
func (a *Asker) granted(r *Record, chains []string, opt Options) bool {
	if a.Chain != "" || len(chains) == 0 {
		return r.Marketing(a.Chain, a.Channel, opt)
	}
	return slices.ContainsFunc(chains, func(c string) bool { return r.Marketing(c, a.Channel, opt) })
}

func (u *audience) holds(in *expr.Input) bool { return u.program != nil && u.program.Holds(in) }

// Why returns the first rule that leaves the offer at place out; false if none
// does and Eligible has it.
func (v *View) Why(a *Asker, ws *Workspace, place int32) (Rule, bool) {
	e := v.Offers[place]
	f := facts{
		slot: e.Slot, spec: e.Spec, withdrawn: e.Withdrawn, spent: e.Spent, forHolders: e.activationsSpent,
		audience: v.audienceOf[place],
	}
	if s := a.store(); s != "" {
		gone := v.soldOut[s]
		f.soldOut = gone != nil && gone.Has(place)
	}
	return f.rule(a, &ws.input, v.opt)
}
