package gen

import (
	"math"
	"slices"
	"testing"

	"nabo/engine/event"
)

// story is what a shop's events say of offers, checked as they come.
type story struct {
	t      *testing.T
	s      *lived
	offers map[string]*event.Offer
	over   map[string]event.Millis // withdrawn
	shown  map[[2]string]bool      // member and offer
	open   map[[2]string]event.Millis
	used   map[[2]string]bool
	byTill int
	kinds  map[event.Type]int

	category map[string]string // by product
}

func tell(t *testing.T, s *lived) *story {
	st := &story{
		t: t, s: s, offers: map[string]*event.Offer{}, over: map[string]event.Millis{},
		shown: map[[2]string]bool{}, open: map[[2]string]event.Millis{}, used: map[[2]string]bool{},
		kinds:    map[event.Type]int{},
		category: map[string]string{},
	}
	for _, p := range s.Products() {
		st.category[p.Product] = p.Category
	}
	for _, ev := range s.events {
		st.kinds[ev.Type]++
		st.hear(ev)
	}
	return st
}

func (st *story) hear(ev *event.Event) {
	switch b := ev.Body.(type) {
	case *event.Offer:
		if st.offers[b.Offer] != nil {
			st.t.Errorf("offer %s twice", b.Offer)
		}
		st.offers[b.Offer] = b
	case *event.OfferWithdrawn:
		st.over[b.Offer] = ev.Time
	case *event.Impression:
		for _, id := range b.IDs {
			st.running(ev, id)
			st.shown[[2]string{ev.MemberID, id}] = true
		}
	case *event.OfferActivated:
		st.activated(ev, b.Offer)
	case *event.OfferDeactivated:
		key := [2]string{ev.MemberID, b.Offer}
		if st.open[key] == 0 {
			st.t.Errorf("%s takes back what is not active", ev.ID)
		}
		delete(st.open, key)
	case *event.OfferRedeemed:
		st.redeemed(ev, ev.MemberID, b.Offer)
	case *event.Receipt:
		for i := range b.Lines {
			if l := &b.Lines[i]; l.Offer != "" {
				st.byTill++
				st.line(ev, l)
				st.redeemed(ev, ev.MemberID, l.Offer)
			}
		}
	}
}

// running checks that an offer is known and holds.
func (st *story) running(ev *event.Event, id string) {
	o := st.offers[id]
	if o == nil || ev.Time < o.ValidFrom || ev.Time > o.ValidThrough || st.over[id] != 0 {
		// What was shown just before the history began has been left out of it.
		if at := ev.Time - st.s.Since(); at > 2*60*60*1000 {
			st.t.Errorf("%s at %v is about %s: %+v", ev.ID, ev.Time.Time(), id, o)
		}
	}
}

func (st *story) activated(ev *event.Event, id string) {
	st.running(ev, id)
	key := [2]string{ev.MemberID, id}
	if !st.shown[key] || st.open[key] != 0 || st.used[key] {
		st.t.Errorf("%s activates %s: shown %v, active since %v, redeemed %v", ev.ID, id, st.shown[key], st.open[key], st.used[key])
	}
	st.open[key] = ev.Time
}

func (st *story) redeemed(ev *event.Event, member, id string) {
	key := [2]string{member, id}
	// What was activated before the history began may be redeemed in it.
	if since := st.open[key]; since == 0 && ev.Time > st.s.Since()+14*dayMillis || since > ev.Time || st.used[key] {
		st.t.Errorf("%s redeems %s: active since %v, redeemed before %v", ev.ID, id, st.open[key].Time(), st.used[key])
	}
	st.used[key] = true
}

// line checks that a till applied an offer where it holds.
func (st *story) line(ev *event.Event, l *event.Line) {
	o := st.offers[l.Offer]
	if o == nil {
		return // running has said so
	}
	if !slices.Contains(o.Products, l.Product) && !slices.Contains(o.Categories, st.category[l.Product]) {
		st.t.Errorf("%s applies %s to %s", ev.ID, l.Offer, l.Product)
	}
	if len(o.Chains) > 0 && !slices.Contains(o.Chains, ev.Chain) || len(o.Stores) > 0 && !slices.Contains(o.Stores, ev.Store) {
		st.t.Errorf("%s applies %s in %s of %s", ev.ID, l.Offer, ev.Store, ev.Chain)
	}
	if l.Discount <= 0 || l.Discount >= l.Price*l.Qty {
		st.t.Errorf("%s takes %v off %v times %v", ev.ID, l.Discount, l.Qty, l.Price)
	}
}

func offersAreLived(t *testing.T, s *lived) {
	st := tell(t, s)
	for typ, least := range map[event.Type]int{
		event.TypeOfferUpserted: 300, event.TypeOfferWithdrawn: 2, event.TypeOfferPersonal: 20, event.TypeOfferActivated: 800,
		event.TypeOfferDeactivated: 10, event.TypeOfferRedeemed: 5, event.TypeImpression: 2_000, event.TypeConsentChanged: 700,
		event.TypeScenarioChanged: 1,
	} {
		t.Logf("%v: %d", typ, st.kinds[typ])
		if st.kinds[typ] < least {
			t.Errorf("%d events of type %v, want %d", st.kinds[typ], typ, least)
		}
	}
	within(t, "activations that were redeemed", float64(len(st.used))/float64(st.kinds[event.TypeOfferActivated]), 0.15, 0.7)
	t.Run("activations follow affinity", st.activationsFollowAffinity)
	if st.byTill < 5*st.kinds[event.TypeOfferRedeemed] {
		t.Errorf("tills named %d offers, %d came without the card", st.byTill, st.kinds[event.TypeOfferRedeemed])
	}
}

// A member may have ten active: those who wrote the facts down must keep to it.
func tenActiveAtMost(t *testing.T, s *lived) {
	ends := map[string]event.Millis{}
	open := map[string][]string{}
	for _, ev := range s.events {
		switch b := ev.Body.(type) {
		case *event.Offer:
			ends[b.Offer] = b.ValidThrough
		case *event.OfferActivated:
			mine := append(open[ev.MemberID], b.Offer)
			open[ev.MemberID] = slices.DeleteFunc(mine, func(id string) bool { return ends[id] < ev.Time })
			if n := len(open[ev.MemberID]); n > 10 {
				t.Fatalf("%s has %d active", ev.MemberID, n)
			}
		}
	}
}

// What members activate of what they are shown must tell of their taste.
func (st *story) activationsFollowAffinity(t *testing.T) {
	members := map[string]int{}
	for i := range st.s.Options().Members {
		members[st.s.MemberID(i)] = i
	}
	var sum, n [2]float64
	for key := range st.shown {
		if n[0]+n[1] == 1_200 {
			break // enough
		}
		fit, err := st.s.Affinity(members[key[0]], key[1])
		if err != nil || fit < 0 || fit > 1 || math.IsNaN(fit) {
			t.Fatalf("%v: affinity %v, error %v", key, fit, err)
		}
		taken := 0
		if st.open[key] != 0 {
			taken = 1
		}
		sum[taken] += fit
		n[taken]++
	}
	passed, taken := sum[0]/n[0], sum[1]/n[1]
	if t.Logf("affinity %.3f of %.0f passed over, %.3f of %.0f activated", passed, n[0], taken, n[1]); taken < 2.5*passed {
		t.Error("activations say little of affinity")
	}
	for _, id := range []string{"", "w", "w1-0", "w1-9999", "1001", CoffeeOffer} {
		if _, err := st.s.Affinity(0, id); err == nil {
			t.Errorf("offer %q has an affinity", id)
		}
	}
	if _, err := st.s.Affinity(st.s.opt.Members, "w1-1"); err == nil {
		t.Error("there is nobody after the last member")
	}
}

func TestOffersAreWhatAShopHas(t *testing.T) {
	s := newShop(t, Options{})
	until := event.At(s.Options().Until)
	offers := s.Offers(until)
	shares := map[string]float64{}
	for i := range offers {
		o := &offers[i]
		if o.Name == "" || until < o.ValidFrom || until > o.ValidThrough || o.ValidThrough-o.ValidFrom > 14*dayMillis {
			t.Errorf("%+v", o)
		}
		if o.MemberPrice >= o.Price || o.MemberPrice <= 0 || len(o.Categories) == 0 && math.IsNaN(o.Price) {
			t.Errorf("%s: %s from %v down to %v", o.Offer, o.Name, o.Price, o.MemberPrice)
		}
		for name, is := range map[string]bool{
			"category": len(o.Categories) > 0, "several": len(o.Products) > 1, "chain": len(o.Chains) > 0, "stores": len(o.Stores) > 0,
			"audience": o.Audience != "", "budget": o.Budget != event.Budget{}, "funded": o.FundedBy != "", "priority": o.Priority > 0,
		} {
			if is {
				shares[name] += 1 / float64(len(offers))
			}
		}
	}
	within(t, "offers at a time", float64(len(offers)), 60, 120)
	for name, bounds := range map[string][2]float64{
		"category": {0.03, 0.25}, "several": {0.25, 0.7}, "chain": {0.1, 0.4}, "stores": {0.01, 0.2},
		"audience": {0.01, 0.2}, "budget": {0.04, 0.3}, "funded": {0.15, 0.6}, "priority": {0.03, 0.3},
	} {
		within(t, name, shares[name], bounds[0], bounds[1])
	}
}
