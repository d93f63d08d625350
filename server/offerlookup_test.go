package server

import (
	"slices"
	"sync"
	"testing"
	"time"
)

// memoryDecisions is a DecisionStore that lives in memory.
type memoryDecisions struct {
	mu   sync.Mutex
	kept map[[16]byte][]byte
	till map[[16]byte]time.Time
	fail error
}

func newMemoryDecisions() *memoryDecisions {
	return &memoryDecisions{kept: map[[16]byte][]byte{}, till: map[[16]byte]time.Time{}}
}

func (m *memoryDecisions) Put(id [16]byte, until time.Time, packed []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.kept[id], m.till[id] = slices.Clone(packed), until
}

func (m *memoryDecisions) Get(id [16]byte, dst []byte) ([]byte, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	packed, ok := m.kept[id]
	return append(dst, packed...), ok, m.fail
}

// The link in a mail shows the same list, and says what has become of it.
func TestOffersDecisionIsReplayed(t *testing.T) {
	r := offering(t, nil)
	const question = `{"chain":"mine","scenario":"newsletter","explain":true,"basket":["soap"],"filter":"offer.price < 500.0 || true","booster":"2.0","diversity":0.2,"exclude":["milk-b"]}`
	a := want[OfferAnswer](t, r.send(t, "POST", "/v1/members/m-1/offers", question), 200)
	d := want[Decision](t, r.send(t, "GET", "/v1/recomms/"+a.RecommID+"?explain=true", ""), 200)
	q := d.Question
	if q.Op != "offers" || q.Member != "m-1" || q.Chain != "mine" || q.Filter != "offer.price < 500.0 || true" || q.Booster != "2.0" || *q.Diversity != 0.2 || q.RotationRate != nil ||
		!slices.Equal(q.Basket, []string{"soap"}) || !slices.Equal(q.Exclude, []string{"milk-b"}) || q.Count != 0 {
		t.Fatalf("got %+v", q)
	}
	if *d.Scenario != a.Scenario || *d.Candidates != a.Candidates || *d.ActivationsLeft != 10 || d.AsOf.Seq != a.AsOf.Seq || !slices.Equal(d.Dropped, a.Dropped) || len(d.Recomms) != len(a.Recomms) {
		t.Fatalf("got %+v\nof  %+v", d, a)
	}
	if !d.HeldUntil.Equal(r.now.AddDate(0, 0, 14)) {
		t.Errorf("held until %v", d.HeldUntil)
	}
	for i, item := range d.Recomms {
		was := a.Recomms[i]
		if item.ID != was.ID || item.Score != was.Score || *item.Parts != *was.Parts || !slices.Equal(item.Reason, was.Reason) || item.Values.Name != was.Values.Name ||
			!*item.Available || item.Rule != "" || len(item.Evidence) != len(was.Evidence) || item.Source != was.Source {
			t.Errorf("got %+v, answered %+v", item, was)
		}
	}
	if x := d.Explained; !x.Exact || !slices.Equal(idsOf(x.Offers), idsOf(a.Recomms)) || x.Offers[0].Explanation != a.Recomms[0].Explanation {
		t.Errorf("asked again: %+v", d.Explained)
	}
	for _, body := range []string{
		`{"type":"offer.withdrawn","data":{"offer":"soap-a"}}`, `{"type":"offer.activated","data":{"offer":"milk-a","member":"m-1"}}`,
		`{"type":"offer.upserted","data":{"offer":"bread-a","name":"Rye bread","products":["bread"],"memberPrice":7}}`,
	} {
		want[Admission](t, r.send(t, "POST", "/v1/events?wait=applied", body), 202)
	}
	after := want[Decision](t, r.send(t, "GET", "/v1/recomms/"+a.RecommID+"?explain=true", ""), 200)
	if after.Explained.Exact {
		t.Error("the state has changed, and it is called the same")
	}
	for i, item := range after.Recomms {
		was := a.Recomms[i]
		switch {
		case item.ID != was.ID || item.Score != was.Score:
			t.Errorf("the list has changed: %+v, was %+v", item, was)
		case item.ID == "soap-a" && (*item.Available || item.Rule != "withdrawn"),
			item.ID == "milk-a" && (!*item.Available || item.Rule != "activated"),
			item.ID == "bread-a" && (!*item.Available || item.Values.Name != "Rye bread" || *item.Values.MemberPrice != 7 || item.MemberPrice != nil):
			t.Errorf("got %+v", item)
		}
	}
	r.now = r.now.AddDate(0, 0, 8) // the milk is over by then
	late := want[Decision](t, r.send(t, "GET", "/v1/recomms/"+a.RecommID, ""), 200)
	if at := slices.IndexFunc(late.Recomms, func(d DecisionItem) bool { return d.ID == "milk-a" }); *late.Recomms[at].Available || late.Recomms[at].Rule != "ended" {
		t.Errorf("got %+v", late.Recomms[at])
	}
	r.now = r.now.AddDate(0, 0, 7)
	wantProblem(t, r.send(t, "GET", "/v1/recomms/"+a.RecommID, ""), 404, unknownDecision, "no decision")
}

// What no longer is in memory comes from the store; nothing is given of a
// member who was erased.
func TestOffersDecisionOutlivesMemory(t *testing.T) {
	kept := newMemoryDecisions()
	r := offering(t, func(o *Options) { o.Decisions, o.DecisionCount = kept, 1 })
	a := r.offers(t, "")
	goods := want[Answer](t, r.send(t, "GET", "/v1/trending", ""), 200)
	if len(kept.kept) != 1 {
		t.Fatalf("%d decisions are kept, expected the one about offers", len(kept.kept))
	}
	for _, until := range kept.till {
		if !until.Equal(r.now.AddDate(0, 0, 14)) {
			t.Errorf("kept until %v", until)
		}
	}
	d := want[Decision](t, r.send(t, "GET", "/v1/recomms/"+a.RecommID, ""), 200)
	if len(d.Recomms) != len(a.Recomms) || d.Recomms[0].ID != a.Recomms[0].ID {
		t.Fatalf("got %+v, answered %+v", d, a)
	}
	next := want[OfferAnswer](t, r.send(t, "GET", "/v1/recomms/"+a.RecommID+"/next?count=2", ""), 200)
	if next.Previous != a.RecommID || len(next.Recomms) != 0 {
		t.Fatalf("got %+v", next)
	}
	wantProblem(t, r.send(t, "GET", "/v1/recomms/"+goods.RecommID, ""), 404, unknownDecision, "no decision")

	for id := range kept.kept {
		kept.kept[id] = kept.kept[id][:20]
	}
	wantProblem(t, r.send(t, "GET", "/v1/recomms/"+a.RecommID, ""), 500, internal, "server's log")

	b := r.offers(t, "")
	delete(r.opt.Tokens.(*memoryTokens).tokens, "m-1")
	for _, page := range []string{"", "/next"} {
		wantProblem(t, r.send(t, "GET", "/v1/recomms/"+b.RecommID+page, ""), 404, unknownDecision, "no decision")
	}
}

// A scenario that holds nothing keeps nothing.
func TestOffersDecisionNotHeld(t *testing.T) {
	kept := newMemoryDecisions()
	r := offering(t, func(o *Options) { o.Decisions = kept })
	want[Admission](t, r.send(t, "POST", "/v1/events?wait=applied", `{"type":"scenario.changed","data":{"scenario":"till","config":{"holdDays":0}}}`), 202)
	a := r.offers(t, "scenario=till")
	wantProblem(t, r.send(t, "GET", "/v1/recomms/"+a.RecommID, ""), 404, unknownDecision, "no decision")
	if len(kept.kept) != 0 || a.Scenario.Version != 1 {
		t.Fatalf("kept %d, answered %+v", len(kept.kept), a)
	}
}

// The pages of a question about goods.
func TestPagesOfGoods(t *testing.T) {
	r := stocked(t)
	seen := map[string]bool{}
	page := want[Answer](t, r.send(t, "GET", "/v1/products/p0/bought-together?count=40&scenario=shelf", ""), 200)
	for pages := 0; len(page.Recomms) > 0; pages++ {
		for _, item := range page.Recomms {
			if seen[item.ID] {
				t.Fatalf("%s comes twice", item.ID)
			}
			seen[item.ID] = true
		}
		next := want[Answer](t, r.send(t, "GET", "/v1/recomms/"+page.RecommID+"/next", ""), 200)
		d := want[Decision](t, r.send(t, "GET", "/v1/recomms/"+next.RecommID, ""), 200)
		if next.Previous != page.RecommID || d.Previous != page.RecommID || next.Scenario.Name != "shelf" || d.Question.Op != "together" {
			t.Fatalf("got %+v, looked up %+v", next, d)
		}
		page = next
	}
	if len(seen) != 299 {
		t.Fatalf("the pages hold %d products, expected all 299 others", len(seen))
	}
}
