package engine_test

import (
	"context"
	"fmt"
	"math"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"nabo/engine"
	"nabo/engine/event"
	"nabo/engine/offer"
)

// dealing draws an event about offers.
func dealing(t *rapid.T, ev *event.Event, product func() string) {
	id := rapid.SampledFrom([]string{"o1", "o2", "o3", "o4"}).Draw(t, "offer")
	ev.Member = event.Token(rapid.IntRange(1, 4).Draw(t, "who"))
	switch rapid.IntRange(0, 11).Draw(t, "dealing") {
	case 0, 1, 2:
		ev.Member = 0
		ev.Type, ev.Body = event.TypeOfferUpserted, anOffer(t, id, ev.Received, product)
	case 3:
		ev.Member = 0
		ev.Type, ev.Body = event.TypeOfferWithdrawn, &event.OfferWithdrawn{Offer: id}
	case 4:
		ev.Type, ev.Body = event.TypeOfferPersonal, &event.OfferPersonal{Offer: id, Price: 3, ValidThrough: moment(t, ev.Received)}
	case 5, 6:
		ev.Type, ev.Body = event.TypeOfferActivated, &event.OfferActivated{Offer: id, Ask: rapid.Bool().Draw(t, "asked")}
	case 7:
		ev.Type, ev.Body = event.TypeOfferDeactivated, &event.OfferDeactivated{Offer: id}
	case 8:
		ev.Type, ev.Body = event.TypeOfferRedeemed, &event.OfferRedeemed{Offer: id, Discount: 2, Receipt: uint64(rapid.IntRange(0, 60).Draw(t, "on")) * 0x9e3779b97f4a7c15}
	case 9:
		ev.Type, ev.Body = event.TypeImpression, &event.Impression{IDs: []string{id, "o1", "unknown"}}
	case 10:
		ev.Type, ev.Body = event.TypeConsentChanged, &event.Consent{
			Purpose: event.Purpose(rapid.IntRange(1, 2).Draw(t, "purpose")), Granted: rapid.Bool().Draw(t, "granted"),
			Channel: rapid.SampledFrom([]string{"", "email"}).Draw(t, "channel")}
	default:
		config := fmt.Sprintf(`{"count":%d,"maxPerCategory":%d}`, rapid.IntRange(1, 9).Draw(t, "count"), rapid.IntRange(0, 2).Draw(t, "cap"))
		ev.Member = 0
		ev.Type, ev.Body = event.TypeScenarioChanged, &event.Scenario{Scenario: "test", Config: config}
	}
}

// moment draws none, or one around now.
func moment(t *rapid.T, now event.Millis) event.Millis {
	if rapid.Bool().Draw(t, "bounded") {
		return now + event.Millis(rapid.Int64Range(-2*24*3600*1000, 6*24*3600*1000).Draw(t, "moment"))
	}
	return 0
}

func anOffer(t *rapid.T, id string, now event.Millis, product func() string) *event.Offer {
	o := &event.Offer{Offer: id, Price: 9, MemberPrice: math.NaN(), Products: []string{product(), product()}}
	if rapid.Bool().Draw(t, "category") {
		o.Categories = []string{"C" + product()}
	}
	if rapid.IntRange(0, 2).Draw(t, "limited") == 0 {
		o.Chains, o.Stores = []string{"c1"}, []string{"s1"}
	}
	if rapid.IntRange(0, 2).Draw(t, "audience") == 0 {
		o.Audience = `member.homeStore == "s1"`
	}
	if o.ValidFrom = moment(t, now); o.ValidFrom != 0 {
		o.ValidThrough = o.ValidFrom + 3*24*3600*1000
	}
	o.Budget.Activations = int64(rapid.IntRange(0, 2).Draw(t, "budget"))
	o.Budget.Redemptions = int64(max(rapid.IntRange(-4, 3).Draw(t, "redemptions"), 0))
	o.Budget.Discount = float64(max(rapid.IntRange(-8, 5).Draw(t, "money"), 0))
	o.PerMember.Redemptions = int64(rapid.IntRange(-1, 2).Draw(t, "each"))
	return o
}

// TestNoOfferOutOfBounds asks for offers after any history, and looks at each
// offer of the answer by the plain words of the rules.
func TestNoOfferOutOfBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		evs := history(t)
		e := newEngine(t, small(1))
		for i := range evs {
			e.ApplyGroup(uint64(i+1), evs[i:i+1])
		}
		e.Refresh(context.Background())
		now := evs[len(evs)-1].Received + moment(t, 0)
		q := engine.OfferQuery{
			Member: event.Token(rapid.IntRange(0, 4).Draw(t, "asks")), Scenario: rapid.SampledFrom([]string{"", "test"}).Draw(t, "scenario"),
			Store: rapid.SampledFrom([]string{"", "s1", "s2"}).Draw(t, "store"), Chain: rapid.SampledFrom([]string{"", "c1", "c2"}).Draw(t, "chain"),
			Channel: rapid.SampledFrom([]string{"", "email"}).Draw(t, "channel"),
			Count:   20, Diversity: math.NaN(), RotationRate: math.NaN(), Explain: true, Trace: true,
		}
		var a engine.OfferAnswer
		e.Offers(&q, now, &a)
		profile, _ := e.Profile(q.Member)
		bounds := bounds{t, e, &q, now, e.Dealings(q.Member), profile}
		if !bounds.record.Personalised(q.Chain, q.Channel, offer.Options{}) {
			bounds.profile = engine.Profile{}
		}
		for i := range a.Items {
			bounds.check(&a.Items[i])
			sharesSum(t, &a.Items[i])
		}
		if len(a.Items) > a.Candidates || a.Candidates+len(a.Dropped) > len(e.OfferList()) {
			t.Fatalf("%d items of %d candidates, %d dropped, of %d offers", len(a.Items), a.Candidates, len(a.Dropped), len(e.OfferList()))
		}
	})
}

// bounds says the rules again, slowly.
type bounds struct {
	t       *rapid.T
	e       *engine.Engine
	q       *engine.OfferQuery
	now     event.Millis
	record  offer.Record
	profile engine.Profile // what may be used of it
}

func (b *bounds) check(it *engine.OfferItem) {
	o, spec := it.Offer, it.Offer.Spec
	live, known := b.e.OfferNamed(spec.Offer)
	if !known || live.Withdrawn {
		b.t.Fatalf("%s is withdrawn", spec.Offer)
	}
	through := spec.ValidThrough
	from := spec.ValidFrom
	if term := b.record.Term(o.Slot); term != nil && it.ValidThrough != spec.ValidThrough {
		through = term.Through
	}
	if (from != 0 && b.now < from) || (through != 0 && b.now > through) {
		b.t.Fatalf("%s holds from %d through %d, and it is %d", spec.Offer, from, through, b.now)
	}
	b.place(spec)
	if max := spec.Budget.Activations; max > 0 && live.Activations >= max {
		b.t.Fatalf("%s has spent its budget: %d of %d", spec.Offer, live.Activations, max)
	}
	if max := spec.Budget.Redemptions; max > 0 && live.Redemptions >= max {
		b.t.Fatalf("%s has spent its budget: %d of %d redemptions", spec.Offer, live.Redemptions, max)
	}
	if max := spec.Budget.Discount; max > 0 && live.Discount >= max {
		b.t.Fatalf("%s has spent its budget: %v of %v", spec.Offer, live.Discount, max)
	}
	if spec.Audience != "" && b.profile.HomeStore != "s1" {
		b.t.Fatalf("%s is for those at home in s1, not in %q", spec.Offer, b.profile.HomeStore)
	}
	if b.q.Channel == "email" && !b.granted(spec) {
		b.t.Fatalf("%s goes into a message without a grant", spec.Offer)
	}
	if use := b.record.Use(o.Slot); use != nil {
		if use.Open {
			b.t.Fatalf("%s is activated already", spec.Offer)
		}
		if limit := spec.PerMember.Redemptions; limit >= 0 && int64(use.Redemptions) >= max(limit, 1) {
			b.t.Fatalf("%s was redeemed %d times of %d", spec.Offer, use.Redemptions, limit)
		}
	}
}

// place holds an offer to where the question is asked, or else to where the
// member is at home.
func (b *bounds) place(o *event.Offer) {
	chains, store := b.profile.Chains, b.profile.HomeStore
	if b.q.Chain != "" {
		chains = []string{b.q.Chain}
	}
	if b.q.Store != "" {
		store = b.q.Store
	}
	if len(chains) > 0 && len(o.Chains) > 0 && !slices.ContainsFunc(chains, func(c string) bool { return slices.Contains(o.Chains, c) }) {
		b.t.Fatalf("%s does not hold in any of %v", o.Offer, chains)
	}
	if store != "" && len(o.Stores) > 0 && !slices.Contains(o.Stores, store) {
		b.t.Fatalf("%s does not hold in store %s", o.Offer, store)
	}
}

// granted says whether e-mail may be sent: where the question names no chain,
// for an offer of certain chains a grant for one of them will do.
func (b *bounds) granted(o *event.Offer) bool {
	if b.q.Chain != "" || len(o.Chains) == 0 {
		return b.record.Marketing(b.q.Chain, "email", offer.Options{})
	}
	return slices.ContainsFunc(o.Chains, func(c string) bool { return b.record.Marketing(c, "email", offer.Options{}) })
}

func sharesSum(t *rapid.T, it *engine.OfferItem) {
	parts, shares := 0.0, 0.0
	for _, v := range it.Parts {
		parts += float64(v)
	}
	for _, ev := range it.Evidence {
		shares += ev.Share
	}
	within := 1e-5 * (1 + math.Abs(it.Score))
	if math.Abs(parts-it.Score) > within || math.Abs(shares-it.Score) > within || len(it.Reasons) == 0 {
		t.Fatalf("%s: score %v, parts %v, shares %v, %d reasons", it.Offer.Spec.Offer, it.Score, parts, shares, len(it.Reasons))
	}
}

// TestFrozenStandsStill freezes an engine in the middle of a log, lets it go
// on, and compares every member's answer from the view with that of an engine
// that stopped there.
func TestFrozenStandsStill(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		evs := history(t)
		stop := rapid.IntRange(1, len(evs)).Draw(t, "stop")
		now := evs[len(evs)-1].Received
		still, moving := newEngine(t, small(1)), newEngine(t, small(1))
		still.ApplyGroup(1, evs[:stop])
		moving.ApplyGroup(1, evs[:stop])
		still.Refresh(context.Background())
		moving.Refresh(context.Background())
		frozen, err := moving.Freeze(now)
		if err != nil {
			t.Fatal(err)
		}
		for i := stop; i < len(evs); i++ {
			moving.ApplyGroup(uint64(i+1), evs[i:i+1])
			if rapid.IntRange(0, 5).Draw(t, "refresh") == 0 {
				moving.Refresh(context.Background())
			}
		}
		for i := range frozen.Members() {
			token, alive := frozen.Token(i)
			if !alive {
				continue
			}
			q := engine.OfferQuery{Member: token, Scenario: "test", Count: 10, Diversity: math.NaN(), RotationRate: math.NaN()}
			var want, got engine.OfferAnswer
			still.Offers(&q, now, &want)
			frozen.Offers(i, &q, &got)
			if a, b := rows(&want), rows(&got); !slices.EqualFunc(a, b, func(x, y row) bool { return reflect.DeepEqual(x, y) }) {
				t.Fatalf("member %d: the view gives\n%+v, and the engine that stands still\n%+v", i, b, a)
			}
		}
		frozen.Release()
	})
}

type row struct {
	id, why string
	score   float64
	through event.Millis
}

func rows(a *engine.OfferAnswer) (out []row) {
	for i := range a.Items {
		it := &a.Items[i]
		out = append(out, row{it.Offer.Spec.Offer, string(engine.AppendSentence(nil, it.Reasons)), it.Score, it.ValidThrough})
	}
	return out
}
