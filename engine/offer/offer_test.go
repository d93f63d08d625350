package offer

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"nabo/engine/event"
	"nabo/graph"
)

// plain is an offer without limits on product 1.
func plain(id string) *event.Offer {
	return &event.Offer{Offer: id, Products: []string{"p1"}, Price: 5, MemberPrice: 4, PerMember: event.PerMember{Activations: -1, Redemptions: -1}}
}

func bookOf(opt Options, offers ...*event.Offer) *Book {
	b := NewBook(opt)
	for _, o := range offers {
		b.Upsert(o, []graph.Node{1}, start)
	}
	b.Seal(start, shelf)
	return b
}

var shelf = town{nodes: 100, stores: 1} // never changed

// TestBudgetHolds lets many members ask in turn, some of whom change their
// mind: at no moment are more activations held than the budget has, and in the
// end exactly as many.
func TestBudgetHolds(t *testing.T) {
	o := plain("o")
	o.Budget.Activations = 10
	b := bookOf(Options{}, o)
	held, done, back := 0, 0, 0
	for i := range 500 {
		m := graph.Member(i)
		switch v := b.Activate("o", m, start, &Asker{}); {
		case v == Done && held < 10:
			held, done = held+1, done+1
		case v == BudgetSpent && held == 10:
		default:
			t.Fatalf("member %d with %d held: %v", i, held, v)
		}
		if i%7 == 0 && b.Deactivate("o", m, start) == Done {
			held, back = held-1, back+1
		}
		b.Seal(start, shelf)
		if e, _ := b.Named("o"); int(e.Activations) != held || e.Spent != (held == 10) {
			t.Fatalf("%d held, the entry says %d, spent %v", held, e.Activations, e.Spent)
		}
	}
	if held != 10 || done-back != 10 || back == 0 {
		t.Fatalf("%d held of %d done and %d taken back", held, done, back)
	}
}

func TestOpenPlaces(t *testing.T) {
	ended := plain("ended")
	ended.ValidThrough = start + day
	b := bookOf(Options{MaxOpen: 2}, ended, plain("a"), plain("b"), plain("c"))
	for i, step := range []struct {
		what string
		got  Verdict
		want Verdict
	}{
		{"ended", b.Activate("ended", 1, start, &Asker{}), Done},
		{"a", b.Activate("a", 1, start, &Asker{}), Done},
		{"a again", b.Activate("a", 1, start, &Asker{}), Already},
		{"no place", b.Activate("b", 1, start, &Asker{}), LimitReached},
		{"another member", b.Activate("b", 2, start, &Asker{}), Done},
		{"the first has ended", b.Activate("b", 1, start+2*day, &Asker{}), Done},
		{"no place", b.Activate("c", 1, start+2*day, &Asker{}), LimitReached},
		{"redeemed", b.Redeem("a", 1, start+2*day, 1), Done},
		{"a place is free", b.Activate("c", 1, start+2*day, &Asker{}), Done},
		{"a fact", b.Activate("a", 1, start+2*day, nil), LimitReached},
		{"is counted", b.Deactivate("a", 1, start), Done},
		{"nobody", b.Activate("a", Nobody, start, &Asker{}), NotValid},
		{"unknown", b.Activate("?", 1, start, &Asker{}), Unknown},
		{"ended", b.Activate("ended", 3, start+2*day, &Asker{}), NotValid},
	} {
		if step.got != step.want {
			t.Errorf("step %d, %s: %v, want %v", i, step.what, step.got, step.want)
		}
	}
}

// TestReceipts redeems what is bought while it is active.
func TestReceipts(t *testing.T) {
	category := map[graph.Node]string{2: "tea"}
	limited := plain("once")
	limited.PerMember.Redemptions = 0
	tea := &event.Offer{Offer: "tea", Categories: []string{"tea"}, Budget: event.Budget{Discount: 3}}
	b := bookOf(Options{Category: func(n graph.Node) string { return category[n] }}, limited, tea)
	b.Activate("once", 1, start, &Asker{})
	b.Bought(1, start-1, []graph.Node{1}, []float64{1}) // before the activation
	b.Bought(1, start+1, []graph.Node{3, 1}, []float64{1, 0.5})
	b.Bought(1, start+2, []graph.Node{1}, []float64{1}) // no longer active
	b.Upsert(tea, nil, start)
	b.Activate("tea", 1, start, &Asker{})
	b.Bought(1, start+1, []graph.Node{2}, []float64{3})
	b.Seal(start, shelf)
	if e, _ := b.Named("once"); e.Redemptions != 1 || e.Discount != 0.5 || e.Spent {
		t.Errorf("once: %+v", e)
	}
	if v := b.Activate("once", 1, start, &Asker{}); v != LimitReached {
		t.Errorf("once more: %v", v)
	}
	if v := b.Redeem("once", 1, start, 1); v != LimitReached {
		t.Errorf("redeemed once more: %v", v)
	}
	if v := b.Redeem("once", Nobody, start, math.NaN()); v != Done {
		t.Errorf("redeemed by nobody: %v", v)
	}
	if e, _ := b.Named("tea"); e.Redemptions != 1 || e.Discount != 3 || !e.Spent {
		t.Errorf("tea: %+v", e)
	}
	if v := b.Redeem("tea", 2, start, 1); v != BudgetSpent {
		t.Errorf("tea beyond its budget: %v", v)
	}
}

func TestConsents(t *testing.T) {
	consent := func(b *Book, chain, channel string, p event.Purpose, granted bool, at event.Millis) {
		b.Consent(1, chain, &event.Consent{Channel: channel, Purpose: p, Granted: granted}, at)
	}
	b := NewBook(Options{})
	var r Record
	says := func(p event.Purpose, chain, channel string, want bool) {
		t.Helper()
		b.Record(1, &r)
		got := r.Marketing(chain, channel, b.opt)
		if p == event.Personalisation {
			got = r.Personalised(chain, channel, b.opt)
		}
		if got != want {
			t.Errorf("purpose %d, chain %q, channel %q: %v", p, chain, channel, got)
		}
	}
	says(event.Personalisation, "", "", true)
	says(event.Marketing, "", "email", false)
	consent(b, "", "", event.Marketing, true, 10)
	consent(b, "c", "", event.Marketing, false, 5)
	consent(b, "c", "email", event.Marketing, true, 5)
	consent(b, "", "push", event.Marketing, false, 5)
	says(event.Marketing, "", "email", true)
	says(event.Marketing, "", "push", false)
	says(event.Marketing, "d", "push", false)
	says(event.Marketing, "c", "push", false)
	says(event.Marketing, "c", "email", true)
	consent(b, "", "", event.Marketing, false, 9) // earlier than what is known
	says(event.Marketing, "", "email", true)
	consent(b, "", "", event.Marketing, false, 10) // as late, and later in the log
	says(event.Marketing, "", "email", false)
	consent(b, "", "", event.Personalisation, false, 1)
	says(event.Personalisation, "", "", false)
	says(event.Personalisation, "c", "email", false)
	if (&Record{}).Personalised("", "", Options{NoPersonalisation: true}) || !(&Record{}).Marketing("", "email", Options{MarketingAssumed: true}) {
		t.Error("what is assumed is not what the options say")
	}
	for i := range maxConsents + 5 {
		consent(b, fmt.Sprint("many", i), "", event.Marketing, true, event.Millis(100+i))
	}
	says(event.Personalisation, "", "", false)
	says(event.Marketing, "c", "", false)
	if b.Record(1, &r); len(r.Consents) != maxConsents {
		t.Errorf("%d consents", len(r.Consents))
	}
}

func TestShownIsBounded(t *testing.T) {
	b := NewBook(Options{})
	for i := range 200 {
		id := fmt.Sprint("o", i)
		b.Upsert(plain(id), nil, start)
		b.Shown(1, []string{id, "no offer"}, "", start+event.Millis(i)*msPerMinute)
	}
	for range 300 {
		b.Shown(1, []string{"o199"}, "", start)
	}
	var r Record
	b.Record(1, &r)
	if len(r.Shown) != maxShown || r.Shown[0].Slot != 199 || r.Shown[0].Times != 255 || r.Shown[maxShown-1].Slot != 200-maxShown {
		t.Errorf("%d shown, %+v first", len(r.Shown), r.Shown[0])
	}
}

// TestForgetting follows offers until 60 days after they are over.
func TestForgetting(t *testing.T) {
	short := plain("short")
	short.ValidThrough = start + day
	b := bookOf(Options{}, short, plain("gone"), plain("stays"))
	for _, id := range []string{"short", "gone", "stays"} {
		b.Activate(id, 1, start, nil)
	}
	b.Withdraw("gone")
	b.Seal(start, shelf)
	if e, ok := b.Named("gone"); !ok || !e.Withdrawn || len(b.View().Offers) != 3 {
		t.Fatalf("withdrawn: %+v", e)
	}
	b.Seal(start+2*day, shelf)
	if n := len(b.View().Offers); n != 1 {
		t.Errorf("%d offers in the view", n)
	}
	b.Upsert(plain("next"), nil, start+10*day) // from now on the withdrawal counts
	b.Upsert(plain("next"), nil, start+61*day)
	b.Seal(start+61*day, shelf)
	if len(b.List()) != 4 {
		t.Errorf("%d offers are named", len(b.List()))
	}
	b.Upsert(plain("next"), nil, start+62*day)
	b.Seal(start+62*day, shelf)
	if _, ok := b.Named("short"); ok {
		t.Error("short is still named")
	}
	b.Upsert(plain("next"), nil, start+71*day)
	b.Redeem("next", 1, start, 0)
	b.Seal(start+71*day, shelf)
	if _, ok := b.Numbered(1); ok || len(b.List()) != 2 {
		t.Error("gone is still named")
	}
	var r Record
	if b.Record(1, &r); len(r.Uses) != 2 || r.Uses[0].Slot != 2 || r.Uses[1].Slot != 3 {
		t.Errorf("uses %+v", r.Uses)
	}
	b.Upsert(plain("gone"), nil, start+72*day)
	b.Seal(start+72*day, shelf)
	if e, ok := b.Named("gone"); !ok || e.Slot != 4 || e.Activations != 0 {
		t.Errorf("back: %+v", e)
	}
}

func TestOwnTerms(t *testing.T) {
	o := plain("o")
	o.ValidThrough = start + day
	b := bookOf(Options{}, o)
	b.Personalise(1, &event.OfferPersonal{Offer: "o", Price: 2.5, ValidThrough: start + 9*day})
	b.Personalise(2, &event.OfferPersonal{Offer: "o", Price: math.NaN(), ValidThrough: start - 1})
	b.Seal(start+5*day, shelf)
	v := b.View()
	for m, want := range map[graph.Member]struct {
		price   float64
		through event.Millis
		first   bool
		later   bool
	}{1: {2.5, start + 9*day, true, true}, 2: {4, start - 1, false, false}, 3: {4, start + day, true, false}} {
		var r Record
		var ws Workspace
		b.Record(m, &r)
		if price, _, through := v.PriceFor(v.Offers[0], &r); price != want.price || through != want.through {
			t.Errorf("member %d: %v through %v", m, price, through)
		}
		if got := v.Eligible(&Asker{Now: start, Record: &r}, &ws).Has(0); got != want.first {
			t.Errorf("member %d at first: %v", m, got)
		}
		if got := v.Eligible(&Asker{Now: start + 5*day, Record: &r}, &ws).Has(0); got != want.later {
			t.Errorf("member %d later: %v", m, got)
		}
	}
	if price, _, _ := v.PriceFor(v.Offers[0], nil); price != 4 {
		t.Errorf("nobody's price %v", price)
	}
	b.Seal(start+20*day, shelf)
	if len(b.View().Offers) != 0 {
		t.Error("it is over for everybody and still in the view")
	}
	b.Personalise(3, &event.OfferPersonal{Offer: "o", Price: math.NaN(), ValidThrough: start + 30*day})
	b.Seal(start+20*day, shelf)
	if len(b.View().Offers) != 1 {
		t.Error("it holds again for one member and is not in the view")
	}
}

func TestOverlapping(t *testing.T) {
	b := NewBook(Options{})
	for id, nodes := range map[string][]graph.Node{"a": {1, 2, 3, 4}, "b": {4}, "c": {4, 5}, "d": {4, 5, 6}, "e": {7}, "f": nil} {
		b.Upsert(&event.Offer{Offer: id}, nodes, start)
	}
	b.Seal(start, shelf)
	v := b.View()
	for id, want := range map[string][]string{"a": {"b", "c"}, "b": {"a", "c", "d"}, "c": {"a", "b", "d"}, "d": {"b", "c"}, "e": nil, "f": nil} {
		p, _ := v.Place(id)
		var got []string
		bits := v.Overlapping(p)
		for q := bits.Next(0); q >= 0; q = bits.Next(q + 1) {
			got = append(got, v.Offers[q].Spec.Offer)
		}
		if slices.Sort(got); !slices.Equal(got, want) || v.Overlapping(p) != bits || bits.Count() != len(want) {
			t.Errorf("%s: %v, want %v", id, got, want)
		}
	}
}

// TestSealDoesNothing holds that a Seal without a change publishes nothing, and
// that counts and stock do not move places.
func TestSealDoesNothing(t *testing.T) {
	b := bookOf(Options{}, plain("a"), plain("b"))
	v := b.View()
	b.Upsert(plain("a"), []graph.Node{1, 1}, start) // says nothing new
	b.Seal(start+day, shelf)
	if b.View() != v {
		t.Error("a Seal without a change made a new View")
	}
	b.Shown(1, []string{"a"}, "", start)
	b.Restock(1, "s", true)
	b.Seal(start, shelf)
	if w := b.View(); w.Placing != v.Placing || w.Version == v.Version || w.Offers[0].Shown != 1 || w.Offers[1] != v.Offers[1] || v.Offers[0].Shown != 0 {
		t.Error("counts moved places, or were not published, or changed what was")
	}
	if got := b.View().Eligible(&Asker{Store: "s"}, &Workspace{}).Count(); got != 0 || v.Eligible(&Asker{Store: "s"}, &Workspace{}).Count() != 2 {
		t.Errorf("%d eligible where nothing is in stock", got)
	}
}

// TestViewsStay holds that a View says tomorrow what it said today.
func TestViewsStay(t *testing.T) {
	o := plain("a")
	o.Budget.Activations = 1
	b := bookOf(Options{}, o, plain("b"))
	b.Restock(1, "s", false)
	var views []*View
	for _, change := range []func(){
		func() { b.Activate("a", 1, start, nil) }, func() { b.Restock(1, "s", true) }, func() { b.Restock(1, "s", true) }, func() { b.Withdraw("b") },
		func() { b.Retire(1) }, func() { b.Deactivate("a", 1, start) },
	} {
		views = append(views, b.View())
		change()
		b.Seal(start, shelf)
	}
	var ws Workspace
	for i, want := range []int{2, 1, 1, 1, 0, 0} {
		v := views[i]
		if got := v.Eligible(&Asker{Now: start}, &ws).Count(); got != want {
			t.Errorf("view %d: %d eligible, want %d", i, got, want)
		}
		if len(v.Covering(1)) != 2 && i < 5 {
			t.Errorf("view %d: %v covers", i, v.Covering(1))
		}
	}
}

// TestStockStays holds that a store's stock turns in later Views only.
func TestStockStays(t *testing.T) {
	b := bookOf(Options{}, plain("a"))
	b.Upsert(plain("b"), []graph.Node{2, 3}, start)
	b.Seal(start, shelf)
	var views []*View
	for _, n := range []graph.Node{1, 2, 3} {
		b.Restock(n, "s", true)
		b.Seal(start, shelf)
		views = append(views, b.View())
	}
	b.Restock(2, "s", false)
	b.Seal(start, shelf)
	var ws Workspace
	for i, want := range []int{1, 1, 0, 1} {
		if got := append(views, b.View())[i].Eligible(&Asker{Now: start, Store: "s"}, &ws).Count(); got != want {
			t.Errorf("view %d: %d eligible, want %d", i, got, want)
		}
	}
}

func TestNames(t *testing.T) {
	seen := map[string]bool{}
	for r := Withdrawn; r <= NotAsked; r++ {
		seen[r.String()] = true
	}
	for v := Done; v <= NotActive; v++ {
		seen[v.String()] = true
	}
	if seen[""] || len(seen) != int(NotAsked)+int(NotActive) || BudgetGone.String() != "budget" || NotAsked.String() != "not-asked" || NotForThem.String() != "audience" ||
		LimitReached.String() != "activation-limit" || Rule(99).String() != "" || Verdict(99).String() != "" {
		t.Errorf("names %v", seen)
	}
}
