package offer

import (
	"math"

	"nabo/engine/event"
	"nabo/graph"
)

// Entry is an offer as of one Seal; it never changes.
type Entry struct {
	Slot     Slot
	Spec     *event.Offer
	Products []graph.Node // sorted: all that it covered when the View was made, by product or by category
	Since    event.Millis // its first upsert
	// Activations are those that were not taken back.
	Activations, Redemptions int64
	Shown                    int64
	Over                     int64   // reported activations and redemptions that went beyond a limit or the budget
	Discount                 float64 // spent, in the offer's currency
	recent                   float64 // redemptions, faded: see Lately
	Spent                    bool    // one of its budgets is
	Withdrawn                bool
	activationsSpent         bool // Spent, and that by the budget of activations alone
}

// View is the offers as of one Seal; it never changes. Any goroutine may read
// it. Places are numbers of offers in one Placing of the index: they mean
// nothing to a View with another.
type View struct {
	Version uint64 // another one for each change
	Placing uint64 // another one when places, products or specs changed, not for stock or for what was spent or shown
	// Offers are those that may hold now or later, by place, and those that
	// ended or were withdrawn within the last hour, so that it can be said.
	Offers []*Entry

	*index
	soldOut         map[string]*Bits // by store: the offers none of whose products it has
	spent           Bits             // any budget is
	activationsGone Bits             // of those, where only the budget of activations is
	opt             Options
}

// Covering returns the places of the offers that cover a product, directly or
// by its category, in ascending order; read only. It takes nanoseconds.
func (v *View) Covering(n graph.Node) []int32 {
	if int(n)+1 >= len(v.first) {
		return nil
	}
	return v.covering[v.first[n]:v.first[n+1]]
}

// Place returns an offer's place by its id.
func (v *View) Place(id string) (int32, bool) {
	p, ok := v.byID[id]
	return p, ok
}

// PlaceOf returns an offer's place by its number.
func (v *View) PlaceOf(s Slot) (int32, bool) {
	p := v.places.get(uint32(s))
	return p - 1, p > 0
}

// PriceFor returns the price at which a member has an offer, NaN where it is
// not known, and from when and through when; zero is no bound. r may be nil.
func (v *View) PriceFor(e *Entry, r *Record) (price float64, from, through event.Millis) {
	price, from, through = e.Spec.MemberPrice, e.Spec.ValidFrom, e.Spec.ValidThrough
	if t := r.Term(e.Slot); t != nil {
		if !math.IsNaN(t.Price) {
			price = t.Price
		}
		from, through = t.during(e.Spec)
	}
	return price, from, through
}

// during returns when an offer holds for the member who has the term.
func (t *Term) during(spec *event.Offer) (from, through event.Millis) {
	from, through = spec.ValidFrom, spec.ValidThrough
	if t == nil {
		return from, through
	}
	if t.From != 0 {
		from = t.From
	}
	if t.Through != 0 {
		through = t.Through
	}
	return from, through
}

// ActivationsLeft returns how many more offers the member may activate. r may be nil.
func (v *View) ActivationsLeft(r *Record, now event.Millis) int {
	open := 0
	for _, u := range r.uses() {
		if u.Open && v.holds(r, u.Slot, now) {
			open++
		}
	}
	return max(v.opt.MaxOpen-open, 0)
}

// holds says whether an activation of an offer still means something.
func (v *View) holds(r *Record, s Slot, now event.Millis) bool {
	p, ok := v.PlaceOf(s)
	if !ok || v.Offers[p].Withdrawn {
		return false
	}
	_, through := r.Term(s).during(v.Offers[p].Spec)
	return through == 0 || now <= through
}
