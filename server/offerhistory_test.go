package server

import (
	"fmt"
	"reflect"
	"testing"
)

func TestOfferHistory(t *testing.T) {
	r := newRig(t, nil)
	want[Change](t, r.send(t, "PUT", "/v1/offers/o1", `{"products":["a"],"currency":"EUR"}`), 200)
	for i, ev := range []string{
		`"type":"impression","time":"2026-11-17T10:00:00Z","data":{"member":"m1","ids":["o1","x"],"channel":"email"}`,
		`"type":"impression","time":"2026-11-17T11:00:00Z","data":{"member":"m2","ids":["o1"]}`,
		`"type":"impression","time":"2026-11-20T11:00:00Z","data":{"member":"m2","ids":["o1"],"channel":"email"}`,
		`"type":"offer.activated","time":"2026-11-20T12:00:00Z","data":{"offer":"o1","member":"m1"}`,
		`"type":"offer.activated","time":"2026-11-20T12:00:00Z","data":{"offer":"o1","member":"m2"}`,
		`"type":"offer.deactivated","time":"2026-11-21T08:00:00Z","data":{"offer":"o1","member":"m2"}`,
		`"type":"offer.redeemed","time":"2026-11-21T09:00:00Z","data":{"offer":"o1","member":"m1","discount":1.5}`,
	} {
		want[Admission](t, r.send(t, "POST", "/v1/events", fmt.Sprintf(`{"id":"%d",%s}`, i, ev)), 202)
	}
	got := want[OfferHistory](t, r.send(t, "GET", "/v1/offers/o1/history", ""), 200)
	days := []OfferDay{
		{Day: "2026-11-17", Shown: 2}, {Day: "2026-11-18"}, {Day: "2026-11-19"}, {Day: "2026-11-20", Shown: 1, Activations: 2},
		{Day: "2026-11-21", Deactivations: 1, Redemptions: 1, Discount: 1.5},
	}
	if !reflect.DeepEqual(got.Days, days) || got.Offer != "o1" || !got.Since.Equal(r.now) {
		t.Errorf("got %+v", got)
	}
	if shown := []OfferShownIn{{Channel: "email", Shown: 2}, {Shown: 1}}; !reflect.DeepEqual(got.ShownIn, shown) {
		t.Errorf("got %+v", got.ShownIn)
	}
	wantProblem(t, r.send(t, "GET", "/v1/offers/x/history", ""), 404, unknownOffer, "no offer of this id")
}

func TestWhoLeansTowardsAnOffer(t *testing.T) {
	r := newRig(t, nil)
	r.receipts(t, 5, "m1", "a", "b")
	r.receipts(t, 2, "m2", "a")
	r.receipts(t, 9, "m3", "c")
	r.receipts(t, 3, "", "a")
	want[Change](t, r.send(t, "PUT", "/v1/products/d?wait=applied", `{"category":"k"}`), 202)
	want[Change](t, r.send(t, "PUT", "/v1/offers/o1", `{"products":["a","b"],"categories":["k"]}`), 200)
	want[Activated](t, r.send(t, "PUT", "/v1/members/m2/activations/o1", ""), 200)
	got := want[OfferLeanings](t, r.send(t, "GET", "/v1/offers/o1/members", ""), 200)
	if got.Of != 2 || len(got.Members) != 2 || got.Members[0].Member != "m1" || got.Members[0].Activated || !got.Members[1].Activated || got.Members[1].Product != "a" {
		t.Fatalf("got %+v", got)
	}
	by := map[string]Fixed{}
	for _, p := range []string{"a", "b"} {
		for _, l := range want[Leanings](t, r.send(t, "GET", "/v1/products/"+p+"/members", ""), 200).Members {
			by[l.Member] += l.Weight
		}
	}
	for _, m := range got.Members {
		if d := m.Weight - by[m.Member]; d > 1e-5 || d < -1e-5 {
			t.Errorf("%s weighs %v, to each product %v", m.Member, m.Weight, by[m.Member])
		}
	}
	if one := want[OfferLeanings](t, r.send(t, "GET", "/v1/offers/o1/members?count=1", ""), 200); len(one.Members) != 1 || one.Of != 2 {
		t.Errorf("got %+v", one)
	}
	wantProblem(t, r.send(t, "GET", "/v1/offers/x/members", ""), 404, unknownOffer, "no offer of this id")
}
