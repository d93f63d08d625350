package server

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// offering is a rig with a small shop: m-1 buys milk and bread, and there are
// offers that each are left out for another reason.
func offering(t testing.TB, change func(*Options)) *rig {
	r := newRig(t, change)
	r.receipts(t, 4, "m-1", "milk", "bread")
	r.receipts(t, 3, "m-2", "soap", "bread")
	for _, body := range []string{
		`{"type":"product.upserted","data":{"product":"milk","name":"Whole milk","category":"Dairy","image":"milk.png","price":14.95,"currency":"DKK"}}`,
		`{"type":"product.upserted","data":{"product":"soap","name":"Soap","category":"Household"}}`,
		`{"type":"offer.upserted","data":{"offer":"milk-a","products":["milk"],"price":14.95,"memberPrice":10,"currency":"DKK","validFrom":"2026-11-01T00:00:00Z","validThrough":"2026-11-28T22:59:59.999Z","fundedBy":"Dairy Co","attributes":{"week":47,"bio":true,"note":"x"}}}`,
		`{"type":"offer.upserted","data":{"offer":"milk-b","products":["milk"],"memberPrice":11}}`,
		`{"type":"offer.upserted","data":{"offer":"bread-a","name":"Bread \"fresh\"","products":["bread"],"image":"bread.png"}}`,
		`{"type":"offer.upserted","data":{"offer":"soap-a","products":["soap"],"price":3,"memberPrice":2}}`,
		`{"type":"offer.upserted","data":{"offer":"elsewhere","products":["soap"],"chains":["other"]}}`,
		`{"type":"offer.upserted","data":{"offer":"over","products":["soap"],"validThrough":"2026-11-21T11:30:00Z"}}`,
		`{"type":"offer.upserted","data":{"offer":"later","products":["soap"],"validFrom":"2026-11-22T00:00:00Z"}}`,
		`{"type":"offer.upserted","data":{"offer":"gold","products":["soap"],"audience":"member.attributes.tier == 'gold'"}}`,
	} {
		want[Admission](t, r.send(t, "POST", "/v1/events?wait=applied", body), 202)
	}
	return r
}

func (r *rig) offers(t testing.TB, query string) OfferAnswer {
	t.Helper()
	return want[OfferAnswer](t, r.send(t, "GET", "/v1/members/m-1/offers?"+query, ""), 200)
}

func idsOf(items []OfferRecomm) []string {
	out := make([]string, len(items))
	for i := range items {
		out[i] = items[i].ID
	}
	return out
}

func TestOffersOfAMember(t *testing.T) {
	r := offering(t, nil)
	a := r.offers(t, "chain=mine&scenario=kitchen&explain=true")
	if !a.Personalised || a.ActivationsLeft != 10 || a.Candidates != 4 || a.Scenario != (ScenarioRef{"kitchen", 0}) || len(a.Recomms) != 4 {
		t.Fatalf("got %+v", a)
	}
	for i, item := range a.Recomms {
		sum, shares := 0.0, 0.0
		for _, v := range item.Parts {
			sum += float64(v)
		}
		for _, e := range item.Evidence {
			shares += float64(e.Share)
		}
		if math.Abs(sum-float64(item.Score)) > 1e-4 || math.Abs(shares-float64(item.Score)) > 1e-4 {
			t.Errorf("%s: the parts sum to %v and the evidence to %v, the score is %v", item.ID, sum, shares, item.Score)
		}
		if item.Rank != i+1 || len(item.Reason) == 0 || !strings.HasSuffix(item.Explanation, ".") || !strings.EqualFold(item.Explanation[:1], item.Reason[0][:1]) {
			t.Errorf("got %+v", item)
		}
	}
	milk := a.Recomms[slices.Index(idsOf(a.Recomms), "milk-a")].Values
	if milk.Name != "Whole milk" || milk.Image != "milk.png" || *milk.Price != 14.95 || *milk.MemberPrice != 10 || milk.Currency != "DKK" || milk.FundedBy != "Dairy Co" ||
		milk.ValidThrough.Format(time.RFC3339Nano) != "2026-11-28T22:59:59.999Z" || !slices.Equal(milk.Products, []string{"milk"}) {
		t.Errorf("got %+v", milk)
	}
	rules := map[string]string{}
	for _, d := range a.Dropped {
		rules[d.ID] = d.Rule
	}
	if fmt.Sprint(rules) != "map[elsewhere:chain gold:audience later:not-yet over:ended]" {
		t.Errorf("got %v", rules)
	}
	plain := r.offers(t, "chain=mine&scenario=kitchen")
	if !slices.Equal(idsOf(plain.Recomms), idsOf(a.Recomms)) || plain.Dropped != nil || plain.Recomms[0].Parts != nil || plain.Recomms[0].Explanation != "" {
		t.Errorf("without explain: %+v", plain)
	}
}

func TestOffersParameters(t *testing.T) {
	r := offering(t, nil)
	const in = "chain=mine&"
	for query, expected := range map[string]string{
		"filter=offer.memberPrice+%3C+10.5": "milk-a soap-a", "exclude=milk-a&exclude=soap-a": "bread-a milk-b", "count=1&booster=offer.id+%3D%3D+%22bread-a%22+%3F+900.0+%3A+1.0": "bread-a",
		"channel=email": "", "filter=member.homeStore+%3D%3D+%22s9%22": "",
	} {
		ids := idsOf(r.offers(t, in+query).Recomms)
		slices.Sort(ids)
		if got := strings.Join(ids, " "); got != expected {
			t.Errorf("%s: got %q, expected %q", query, got, expected)
		}
	}
	got := want[OfferAnswer](t, r.send(t, "POST", "/v1/members/m-1/offers", `{"chain":"mine","count":2,"basket":["milk"],"diversity":1,"rotationRate":0.5}`), 200)
	if len(got.Recomms) != 2 {
		t.Errorf("got %+v", got)
	}
	if a := want[OfferAnswer](t, r.send(t, "GET", "/v1/members/stranger/offers?chain=mine", ""), 200); a.Personalised || len(a.Recomms) != 4 {
		t.Errorf("a stranger got %+v", a)
	}
	for query, says := range map[string]string{
		"filter=offer.prize+%3C+5.0": `"/filter","detail":"line 1, column 6: `, "booster=%22x%22": `"/booster","detail":"line 1, column 1: `,
		"filter=": "1 to 4096 bytes", "diversity=1.1": "from 0 to 1", "rotationRate=NaN": "from 0 to 1", "channel=fax": "email, push, inapp",
		"scenario=a%00b": "/scenario", "after=milk-a": "unknown parameter", "basket=%00": "/basket",
	} {
		got := r.send(t, "GET", "/v1/members/m-1/offers?"+query, "")
		if got.status != 400 || !strings.Contains(string(got.body), says) {
			t.Errorf("%s: expected a 400 that says %s, got %s", query, says, got.body)
		}
	}
}

func TestNextOffer(t *testing.T) {
	r := offering(t, nil)
	a := want[OfferAnswer](t, r.send(t, "GET", "/v1/members/m-1/next-offer?after=milk-a&chain=mine&scenario=app-home&explain=true", ""), 200)
	if len(a.Recomms) != 1 || a.Recomms[0].ID != "bread-a" || a.Scenario.Name != "app-home" {
		t.Fatalf("got %+v", a)
	}
	for _, d := range a.Dropped {
		if d.ID == "milk-a" && d.Rule != "activated" || d.ID == "milk-b" && d.Rule != "pointless" {
			t.Errorf("got %+v", d)
		}
	}
}

// The same question over HTTP, in a batch and as a request.
func TestOffersInBatchAndRequest(t *testing.T) {
	r := offering(t, nil)
	direct := idsOf(r.offers(t, "count=3").Recomms)
	b := want[BatchAnswer](t, r.send(t, "POST", "/v1/recomms/batch",
		`{"requests":[{"op":"offers","params":{"member":"m-1","count":3}},{"op":"offers"},{"op":"next-offer","params":{"member":"m-1"}}]}`), 200)
	if len(b.Answers) != 3 || b.Answers[0].Status != 200 || b.Answers[1].Status != 400 || b.Answers[2].Status != 200 {
		t.Fatalf("got %+v", b)
	}
	in := want[OfferAnswer](t, reply{status: 200, body: b.Answers[0].Answer.RawMessage}, 200)
	body, err := r.HandleRequest(context.Background(), "offers", []byte(`{"member":"m-1","count":3}`))
	if err != nil {
		t.Fatal(err)
	}
	if over := want[OfferAnswer](t, reply{status: 200, body: body}, 200); !slices.Equal(idsOf(in.Recomms), direct) || !slices.Equal(idsOf(over.Recomms), direct) {
		t.Fatalf("in a batch %v, as a request %v, over HTTP %v", idsOf(in.Recomms), idsOf(over.Recomms), direct)
	}
	var p *Problem
	if body, err := r.HandleRequest(context.Background(), "offers", []byte(`{"member":"m-1","filter":"1"}`)); !errors.As(err, &p) || !strings.Contains(string(body), "/filter") {
		t.Fatalf("got %s, %v", body, err)
	}
}

// A scenario that an event has set says what goods are shown where the
// question does not.
func TestScenarioOfGoods(t *testing.T) {
	r := offering(t, nil)
	set := `{"type":"scenario.changed","data":{"scenario":"shelf","config":{"logic":"buy-again","count":1}}}`
	want[Admission](t, r.send(t, "POST", "/v1/events?wait=applied", set), 202)
	a := want[Answer](t, r.send(t, "GET", "/v1/members/m-1/products?scenario=shelf", ""), 200)
	if len(a.Recomms) != 1 || *a.Scenario != (ScenarioRef{"shelf", 1}) {
		t.Fatalf("got %+v", a)
	}
	d := want[Decision](t, r.send(t, "GET", "/v1/recomms/"+a.RecommID, ""), 200)
	if d.Question.Logic != "buy-again" || d.Question.Count != 1 || *d.Scenario != (ScenarioRef{"shelf", 1}) {
		t.Fatalf("got %+v", d)
	}
	a = want[Answer](t, r.send(t, "GET", "/v1/members/m-1/products?scenario=shelf&logic=mixed&count=3", ""), 200)
	if d := want[Decision](t, r.send(t, "GET", "/v1/recomms/"+a.RecommID, ""), 200); d.Question.Logic != "mixed" || d.Question.Count != 3 {
		t.Fatalf("got %+v", d)
	}
	a = want[Answer](t, r.send(t, "GET", "/v1/products/milk/bought-together?scenario=product-page", ""), 200)
	if d := want[Decision](t, r.send(t, "GET", "/v1/recomms/"+a.RecommID, ""), 200); d.Question.Count != defaultCount || *a.Scenario != (ScenarioRef{"product-page", 0}) {
		t.Fatalf("what is built in for offers changed a question about goods: %+v", d)
	}
}

// The candidates of a decision and what it dropped are all offers that there
// are, each once: its pages give the candidates, with every rule as the cause
// of a drop.
func TestDecisionAccountsForEveryOffer(t *testing.T) {
	// One shop for all rounds: each adds offers, and asks for another member.
	r := newRig(t, nil)
	want[Admission](t, r.send(t, "POST", "/v1/events?wait=applied", `{"type":"scenario.changed","data":{"scenario":"off","config":{"enabled":false}}}`), 202)
	var all []string
	round := 0
	rapid.Check(t, func(rt *rapid.T) {
		round++
		member := fmt.Sprint("m-", round)
		r.receipts(t, 1, member, "p0", "p1")
		all = append(all, drawOffers(rt, t, r, member, len(all))...)
		slices.Sort(all)
		query := rapid.SampledFrom([]string{"", "chain=c1", "chain=c2&store=s1", "channel=email", "filter=offer.price+%3C+5.0", "exclude=o1&exclude=o3", "scenario=off"}).Draw(rt, "query")
		count := rapid.IntRange(1, 30).Draw(rt, "count")
		a := want[OfferAnswer](t, r.send(t, "GET", fmt.Sprint("/v1/members/", member, "/offers?explain=true&count=", count, "&", query), ""), 200)
		d := want[Decision](t, r.send(t, "GET", "/v1/recomms/"+a.RecommID, ""), 200)
		if len(d.Dropped)+*d.Candidates != len(all) || len(a.Dropped) != len(d.Dropped) {
			rt.Fatalf("%d dropped and %d candidates of %d offers", len(d.Dropped), *d.Candidates, len(all))
		}
		seen := append(droppedIDs(d.Dropped), r.pages(t, a)...)
		slices.Sort(seen)
		if !slices.Equal(seen, all) {
			rt.Fatalf("got %v, expected %v", seen, all)
		}
	})
}

func droppedIDs(dropped []DroppedOffer) (ids []string) {
	for _, d := range dropped {
		ids = append(ids, d.ID)
	}
	return ids
}

// pages gives the offers of an answer and of all pages behind it.
func (r *rig) pages(t testing.TB, page OfferAnswer) (ids []string) {
	for len(page.Recomms) > 0 {
		ids = append(ids, idsOf(page.Recomms)...)
		next := want[OfferAnswer](t, r.send(t, "GET", "/v1/recomms/"+page.RecommID+"/next", ""), 200)
		if next.Previous != page.RecommID || next.Candidates != page.Candidates-len(page.Recomms) {
			t.Fatalf("after %d of %d candidates came %d of %d", len(page.Recomms), page.Candidates, len(next.Recomms), next.Candidates)
		}
		page = next
	}
	return ids
}

// drawOffers upserts up to three offers with all sorts of limits, and gives
// their ids.
func drawOffers(rt *rapid.T, t testing.TB, r *rig, member string, from int) (ids []string) {
	limits := rapid.SampledFrom([]string{
		`"priority":1`, `"chains":["c1"]`, `"stores":["s1"]`, `"validThrough":"2026-11-21T11:30:00Z"`, `"validFrom":"2026-11-22T00:00:00Z"`,
		`"audience":"member.homeStore == 's1'"`, `"price":3`, `"price":9`, `"budget":{"activations":1}`,
	})
	send := func(body string) {
		want[Admission](t, r.send(t, "POST", "/v1/events?wait=applied", body), 202)
	}
	for i := range rapid.IntRange(0, 3).Draw(rt, "offers") {
		id := fmt.Sprint("o", from+i)
		send(fmt.Sprintf(`{"type":"offer.upserted","data":{"offer":%q,"products":["p%d"],%s}}`, id, i%5, limits.Draw(rt, "limit")))
		switch rapid.IntRange(0, 5).Draw(rt, "then") {
		case 0:
			send(fmt.Sprintf(`{"type":"offer.withdrawn","data":{"offer":%q}}`, id))
		case 1:
			send(fmt.Sprintf(`{"type":"offer.activated","data":{"offer":%q,"member":%q}}`, id, member))
		}
		ids = append(ids, id)
	}
	return ids
}
