package server

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"nabo/engine"
)

// putOffer writes an offer.
func (r *rig) putOffer(t testing.TB, id, body string) {
	t.Helper()
	if got := want[Change](t, r.send(t, "PUT", "/v1/offers/"+id, body), 200); !got.Applied {
		t.Fatalf("%s is not applied: %+v", id, got)
	}
}

// What was written of an offer is read back, with what became of it.
func TestOfferIsReadBack(t *testing.T) {
	r := newRig(t, nil)
	r.receipts(t, 1, "m1", "a", "b")
	want[Change](t, r.send(t, "PUT", "/v1/products/c", `{"category":"k"}`), 202)
	r.putOffer(t, "o", `{"name":"Coffee","products":["a"],"categories":["k"],"validFrom":"2026-11-01T00:00:00Z","validThrough":"2026-12-01T00:00:00Z",
		"chains":["x"],"stores":["s"],"audience":"true","price":30.25,"memberPrice":20,"currency":"DKK","budget":{"activations":2,"discount":10.5},
		"perMember":{"redemptions":-1},"priority":1,"margin":0.25,"fundedBy":"f","attributes":{"bio":true,"week":47}}`)
	got := want[Offer](t, r.send(t, "GET", "/v1/offers/o", ""), 200)
	if got.State != "active" || got.Covers != 2 || *got.Left.Activations != 2 || got.Left.Redemptions != nil || *got.Left.Discount != 10.5 ||
		got.ValidThrough.Month() != time.December || *got.Price != 30.25 || got.PerMember.Redemptions != -1 || !got.Since.Equal(r.now) {
		t.Fatalf("got %+v", got)
	}
	text := string(r.send(t, "GET", "/v1/offers/o", "").body)
	if !strings.Contains(text, `"attributes":{"bio":true,"week":47}`) {
		t.Errorf("got %s", text)
	}
	want[Activated](t, r.send(t, "PUT", "/v1/members/m1/activations/o?chain=x&store=s", ""), 200)
	r.happen(t, `{"type":"impression","data":{"member":"m1","ids":["o","o"],"recommId":"r"}}`)
	r.happen(t, `{"type":"offer.redeemed","data":{"member":"m2","offer":"o","discount":4}}`)
	got = want[Offer](t, r.send(t, "GET", "/v1/offers/o", ""), 200)
	if got.Used != (OfferCounts{Activations: 1, Redemptions: 1, Shown: 2, Discount: 4}) || *got.Left.Activations != 1 || *got.Left.Discount != 6.5 {
		t.Fatalf("got %+v, left %v %v", got.Used, *got.Left.Activations, *got.Left.Discount)
	}
	want[Change](t, r.send(t, "DELETE", "/v1/offers/o", ""), 200)
	if got := want[Offer](t, r.send(t, "GET", "/v1/offers/o", ""), 200); got.State != "withdrawn" {
		t.Errorf("after its withdrawal it is %s", got.State)
	}
}

// The list of offers is walked a page at a time, and knows which hold.
func TestOffersByPages(t *testing.T) {
	r := newRig(t, nil)
	r.putOffer(t, "ended", `{"validThrough":"2026-11-20T00:00:00Z"}`)
	r.putOffer(t, "later", `{"validFrom":"2026-11-22T00:00:00Z"}`)
	r.putOffer(t, "spent", `{"budget":{"redemptions":1}}`)
	r.happen(t, `{"type":"offer.redeemed","data":{"member":"m","offer":"spent"}}`)
	for i := range 5 {
		r.putOffer(t, fmt.Sprintf("o%d", i), `{}`)
	}
	for query, expected := range map[string]string{
		"count=2":             "ended:ended later:scheduled | o0:active o1:active | o2:active o3:active | o4:active spent:spent",
		"active=true&count=3": "o0:active o1:active o2:active | o3:active o4:active",
		"active=false":        "ended:ended later:scheduled spent:spent",
	} {
		var pages []string
		for next, first := "", true; first || next != ""; first = false {
			page := want[OfferPage](t, r.send(t, "GET", "/v1/offers?"+query+after(next), ""), 200)
			var ids []string
			for _, o := range page.Offers {
				ids = append(ids, o.ID+":"+o.State)
			}
			pages, next = append(pages, strings.Join(ids, " ")), page.Next
		}
		if got := strings.Join(pages, " | "); got != expected {
			t.Errorf("%s: %s, expected %s", query, got, expected)
		}
	}
}

func after(next string) string {
	if next == "" {
		return ""
	}
	return "&after=" + next
}

// An activation is answered with what is left and what is next, or with why it
// was not possible.
func TestActivations(t *testing.T) {
	r := newRig(t, nil)
	e, err := engine.New(engine.Options{Offers: engine.OfferOptions{MaxOpen: 2}})
	if err != nil {
		t.Fatal(err)
	}
	r.opt.Engine, r.gate.engine = e, e
	r.receipts(t, 3, "m", "a", "b")
	r.putOffer(t, "a", `{"products":["a"]}`)
	r.putOffer(t, "b", `{"products":["b"]}`)
	r.putOffer(t, "c", `{"products":["c"]}`)
	r.putOffer(t, "alike", `{"products":["a"]}`)
	r.putOffer(t, "gone", `{"validThrough":"2026-11-20T00:00:00Z"}`)
	r.putOffer(t, "one", `{"budget":{"activations":1}}`)
	r.putOffer(t, "there", `{"chains":["x"]}`)
	put := func(member, offer, query string) reply {
		return r.send(t, "PUT", "/v1/members/"+member+"/activations/"+offer+"?"+query, "")
	}
	got := want[Activated](t, put("m", "a", ""), 200)
	if got.ActivationsLeft != 1 || got.NextOffer.OfferRecomm == nil || got.NextOffer.ID == "a" || got.NextOffer.ID == "alike" {
		t.Fatalf("got %d left, next %+v", got.ActivationsLeft, got.NextOffer.OfferRecomm)
	}
	if again := want[Activated](t, put("m", "a", ""), 200); again.ActivationsLeft != 1 {
		t.Errorf("activated again: %d left", again.ActivationsLeft)
	}
	want[Activated](t, put("m", "b", ""), 200)
	wantProblem(t, put("m", "c", ""), 409, "activation-limit", "")
	want[Activated](t, put("other", "one", ""), 200)
	wantProblem(t, put("third", "one", ""), 409, "budget-exhausted", "")
	wantProblem(t, put("third", "gone", ""), 409, "not-valid", "ended")
	wantProblem(t, put("third", "there", "chain=y"), 409, "not-valid", "chain")
	want[Activated](t, put("third", "there", "chain=x"), 200)
	wantProblem(t, put("third", "unheard-of", ""), 404, unknownOffer, "")
	want[Consents](t, r.send(t, "PUT", "/v1/members/fourth/consents", `[{"purpose":"personalisation","granted":false}]`), 200)
	wantProblem(t, put("fourth", "c", ""), 409, "no-consent", "")
	wantProblem(t, put("m", "c", "recommId="), 400, badParameter, "/recommId")

	held := want[Activations](t, r.send(t, "GET", "/v1/members/m/activations", ""), 200)
	if held.ActivationsLeft != 0 || len(held.Activations) != 2 || !held.Activations[1].Counts || held.Activations[1].Offer != "b" {
		t.Fatalf("got %+v", held)
	}
	if back := want[Activated](t, r.send(t, "DELETE", "/v1/members/m/activations/b", ""), 200); back.ActivationsLeft != 1 {
		t.Errorf("taken back: %d left", back.ActivationsLeft)
	}
	r.happen(t, `{"type":"receipt","id":"x","time":"2026-11-21T12:00:00Z","data":{"member":"m","products":["a"]}}`)
	held = want[Activations](t, r.send(t, "GET", "/v1/members/m/activations", ""), 200)
	if held.ActivationsLeft != 2 || len(held.Activations) != 1 || held.Activations[0].Open || held.Activations[0].Redemptions != 1 {
		t.Errorf("after a receipt with its product: %+v", held)
	}
}

// Parameters of an activation that come in a body count as those of the query
// do; a body that is not understood is not lost in silence.
func TestActivationParametersInABody(t *testing.T) {
	r := newRig(t, nil)
	r.putOffer(t, "there", `{"chains":["x"]}`)
	const path = "/v1/members/m/activations/there"
	wantProblem(t, r.send(t, "PUT", path, `{"chain":"y"}`), 409, "not-valid", "chain")
	wantProblem(t, r.send(t, "PUT", path, `{"chain":5}`), 400, badParameter, `"/chain"`)
	wantProblem(t, r.send(t, "PUT", path, `{"chian":"x"}`), 400, unknownParameter, "did you mean chain?")
	wantProblem(t, r.send(t, "PUT", path+"?chain=x", `{"chain":"x"}`), 400, badParameter, "once only")
	wantProblem(t, r.send(t, "PUT", path, `chain=x`, "Content-Type", "application/x-www-form-urlencoded"), 415, wrongMediaType, jsonType)
	want[Activated](t, r.send(t, "PUT", path, `{"chain":"x","channel":"inapp"}`), 200)
	wantProblem(t, r.send(t, "DELETE", path, `{"why":"because"}`), 400, unknownParameter, "why")
	wantProblem(t, r.send(t, "DELETE", "/v1/offers/there", `[]`), 400, badBody, "a JSON object")
	want[Activated](t, r.send(t, "DELETE", path, ``), 200)
}

// A read of somebody whom nobody knows, and what is refused before it is an
// event, leave no token behind.
func TestOfferReadsLeaveNoTrace(t *testing.T) {
	r := newRig(t, nil)
	r.putOffer(t, "o", `{"products":["a"]}`)
	for _, one := range []struct {
		method, path string
		status       int
	}{
		{"GET", "/v1/members/x/activations", 200}, {"GET", "/v1/members/x/consents", 200}, {"GET", "/v1/members/x/affinity", 200},
		{"GET", "/v1/members/x/export", 200}, {"DELETE", "/v1/members/x/activations/o", 200}, {"PUT", "/v1/members/x/activations/unheard-of", 404},
		{"DELETE", "/v1/members/x", 202},
	} {
		if got := r.send(t, one.method, one.path, ""); got.status != one.status {
			t.Errorf("%s %s: %d %s", one.method, one.path, got.status, got.body)
		}
		if _, known := r.opt.Tokens.Token("x"); known {
			t.Fatalf("%s %s left a token", one.method, one.path)
		}
	}
}

// Of one purpose in one place the latest time wins; a list with a fault
// changes nothing.
func TestConsents(t *testing.T) {
	r := newRig(t, nil)
	put := func(body string) reply { return r.send(t, "PUT", "/v1/members/m/consents", body) }
	want[Consents](t, put(`[{"purpose":"marketing","channel":"email","granted":true,"time":"2026-11-10T00:00:00Z"},{"purpose":"personalisation","chain":"x","granted":false}]`), 200)
	want[Consents](t, put(`[{"purpose":"marketing","channel":"email","granted":false,"time":"2026-11-09T00:00:00Z"}]`), 200)
	for body, says := range map[string]string{
		`[{"purpose":"marketing","channel":"email","granted":false},{"purpose":"x","granted":true}]`:                     `"/1/purpose"`,
		`[{"purpose":"marketing","granted":false},{"purpose":"marketing"}]`:                                              `"/1/granted"`,
		`[{"purpose":"marketing","granted":false},{"purpose":"marketing","channel":"fax","granted":true}]`:               `"/1/channel"`,
		`[{"purpose":"marketing","granted":false},{"purpose":"marketing","chain":"\u0001","granted":true}]`:              `"/1/chain"`,
		`[{"purpose":"marketing","granted":false},{"purpose":"marketing","granted":true,"time":"2027-01-01T00:00:00Z"}]`: `"/1/time"`,
		`[{"purpose":"marketing","granted":false,"x":1}]`:                                                                `"/0/x"`,
		`[{"purpose":"marketing","granted":false,"time":"yesterday"}]`:                                                   `"/0/time","detail":"must be RFC 3339`,
		`[{"purpose":"marketing","granted":"yes"}]`:                                                                      `"/0/granted","detail":"expected true or false, not a string"`,
		`{}`: `expected an array, not an object`, `[]`: `1 to 1000`,
	} {
		wantProblem(t, put(body), 400, badBody, says)
	}
	got := want[Consents](t, r.send(t, "GET", "/v1/members/m/consents", ""), 200)
	i := slices.IndexFunc(got.Consents, func(c ConsentBody) bool { return c.Purpose == "marketing" })
	if len(got.Consents) != 2 || !got.Consents[i].Granted || got.Consents[i].Time.Day() != 10 || got.Consents[1-i].Granted || got.Consents[1-i].Chain != "x" {
		t.Fatalf("got %+v", got.Consents)
	}
}

// A member who withdraws the consent to personalisation gets what everybody
// gets with the next read.
func TestConsentHoldsForTheNextRead(t *testing.T) {
	r := newRig(t, nil)
	r.receipts(t, 3, "m", "a")
	for _, id := range []string{"a", "b"} {
		r.putOffer(t, id, `{"products":["`+id+`"]}`)
	}
	ask := func(member string) OfferAnswer {
		return want[OfferAnswer](t, r.send(t, "GET", "/v1/members/"+member+"/offers", ""), 200)
	}
	if got := ask("m"); !got.Personalised {
		t.Fatalf("got %+v", got)
	}
	want[Consents](t, r.send(t, "PUT", "/v1/members/m/consents", `[{"purpose":"personalisation","granted":false}]`), 200)
	if got := ask("m"); got.Personalised {
		t.Errorf("still personalised: %+v", got)
	}
}

// A scenario's change is a new version, named by the answers that it made.
func TestScenarios(t *testing.T) {
	r := newRig(t, nil)
	for i := range 5 {
		r.putOffer(t, fmt.Sprintf("o%d", i), fmt.Sprintf(`{"products":["p%d"],"price":%d}`, i, i))
	}
	put := func(query, body string) reply { return r.send(t, "PUT", "/v1/scenarios/mine?"+query, body) }
	wantProblem(t, r.send(t, "GET", "/v1/scenarios/mine", ""), 404, unknownScenario, "")
	if got := want[Scenario](t, put("validateOnly=true", `{"count":3}`), 200); got.Version != 0 || !strings.Contains(string(got.Config), `"count":3`) {
		t.Errorf("validated: %+v", got)
	}
	wantProblem(t, r.send(t, "GET", "/v1/scenarios/mine", ""), 404, unknownScenario, "")
	if got := want[Scenario](t, put("", ` { "count" : 2 } `), 200); got.Version != 1 || got.ID != "mine" {
		t.Errorf("set: %+v", got)
	}
	got := want[OfferAnswer](t, r.send(t, "GET", "/v1/members/m/offers?scenario=mine", ""), 200)
	if len(got.Recomms) != 2 || got.Scenario != (ScenarioRef{"mine", 1}) {
		t.Errorf("answered: %+v", got)
	}
	want[Scenario](t, put("", `{"filter":"offer.price >= 3.0"}`), 200)
	got = want[OfferAnswer](t, r.send(t, "GET", "/v1/members/m/offers?scenario=mine", ""), 200)
	if len(got.Recomms) != 2 || got.Scenario.Version != 2 || got.Recomms[0].ID < "o3" {
		t.Errorf("answered: %+v", got)
	}
	wantProblem(t, put("", `{"filter":"offer.prise >= 3.0"}`), 400, badBody, "line 1, column")
	wantProblem(t, put("", `{"explore":{"share":2}}`), 400, badBody, `"/explore/share"`)
	wantProblem(t, put("", `{"nonsense":2}`), 400, badBody, `"/nonsense"`)
	wantProblem(t, put("", `[]`), 400, badBody, "object")
	all := want[Scenarios](t, r.send(t, "GET", "/v1/scenarios", ""), 200)
	if len(all.Scenarios) != 5 || all.Scenarios[1].ID != "mine" || all.Scenarios[1].Version != 2 {
		t.Errorf("all: %+v", all.Scenarios)
	}
}

// A member's export shows their dealings with offers, and an erasure counts
// them and takes them away.
func TestExportAndErasureOfDealings(t *testing.T) {
	r := newRig(t, nil)
	r.receipts(t, 2, "m", "a")
	r.putOffer(t, "o", `{"products":["a"]}`)
	want[Activated](t, r.send(t, "PUT", "/v1/members/m/activations/o", ""), 200)
	want[Consents](t, r.send(t, "PUT", "/v1/members/m/consents", `[{"purpose":"marketing","granted":true}]`), 200)
	r.happen(t, `{"type":"impression","data":{"member":"m","ids":["o"],"recommId":"r"}}`)
	r.happen(t, `{"type":"offer.personalised","data":{"member":"m","offer":"o","price":9.5,"validThrough":"2026-12-01T00:00:00Z"}}`)
	got := want[Export](t, r.send(t, "GET", "/v1/members/m/export", ""), 200)
	if len(got.Activations) != 1 || len(got.Consents) != 1 || len(got.Shown) != 1 || len(got.Terms) != 1 || *got.Terms[0].Price != 9.5 ||
		got.Terms[0].Offer != "o" || got.Shown[0].Times != 1 || got.Activations[0].ValidThrough.Month() != time.December {
		t.Fatalf("got %+v", got)
	}
	erased := want[Erasure](t, r.send(t, "DELETE", "/v1/members/m?wait=applied", ""), 202)
	if n := erased.Removed; n.Activations != 1 || n.Consents != 1 || n.Shown != 1 || n.Terms != 1 {
		t.Errorf("removed %+v", n)
	}
	got = want[Export](t, r.send(t, "GET", "/v1/members/m/export", ""), 200)
	if len(got.Activations)+len(got.Consents)+len(got.Shown)+len(got.Terms) != 0 {
		t.Errorf("still held: %+v", got)
	}
}

// The affinity to offers has its parts, and its evidence sums to the score.
func TestOfferAffinity(t *testing.T) {
	r := newRig(t, nil)
	r.receipts(t, 5, "m", "a", "b")
	r.putOffer(t, "o", `{"products":["a"]}`)
	got := want[Affinities](t, r.send(t, "GET", "/v1/members/m/affinity", ""), 200)
	if len(got.Offers) != 1 || got.Offers[0].ID != "o" || got.Offers[0].Parts == nil || len(got.Offers[0].Evidence) == 0 {
		t.Fatalf("got %+v", got.Offers)
	}
	sum := 0.0
	for _, e := range got.Offers[0].Evidence {
		sum += float64(e.Share)
	}
	if d := sum - float64(got.Offers[0].Score); d > 1e-4 || d < -1e-4 {
		t.Errorf("the evidence sums to %v, the score is %v", sum, got.Offers[0].Score)
	}
}
