package server

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// campaigning is a rig with a week's 500 offers, and a member with 120
// products of history.
func campaigning(t testing.TB, change func(*Options)) *rig {
	r := newRig(t, change)
	var body strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&body, `{"type":"product.upserted","data":{"product":"p%d","name":"Product %d","image":"https://images.example/p%d.webp","category":"Category %d","brand":"Brand %d","price":%d.95,"currency":"DKK"}}`+"\n",
			i, i, i, i%40, i%70, i%90)
	}
	for i := range 3000 {
		member := fmt.Sprint("m-", i%50)
		fmt.Fprintf(&body, `{"id":"r%d","type":"receipt","time":"2026-11-%02dT10:00:00Z","data":{"store":"s%d","chain":"c%d","member":%q,"products":["p%d","p%d","p%d","p%d"]}}`+"\n",
			i, 1+i%20, i%9, i%3, member, (i*7)%2000, (i*13)%2000, (i*31)%2000, i%300)
	}
	for i := range 30 {
		fmt.Fprintf(&body, `{"id":"own%d","type":"receipt","time":"2026-11-%02dT11:00:00Z","data":{"store":"s1","chain":"c1","member":"regular","products":["p%d","p%d","p%d","p%d"]}}`+"\n",
			i, 1+i%20, i*4, i*4+1, i*4+2, i*4+3)
	}
	for i := range 500 {
		fmt.Fprintf(&body, `{"type":"offer.upserted","data":{"offer":"offer-%d","products":["p%d","p%d"],"validFrom":"2026-11-01T00:00:00Z","validThrough":"2026-11-30T22:59:59Z","price":%d.95,"memberPrice":%d.5,"currency":"DKK","priority":%d,"fundedBy":"Funder %d"}}`+"\n",
			i, i, i+500, 10+i%40, 5+i%40, i%3, i%12)
	}
	want[Admission](t, r.send(t, "POST", "/v1/events?wait=applied", body.String()), 202)
	r.engine.Refresh(t.Context())
	return r
}

// BenchmarkOffers sets a member's 35 offers out of 500 against a bare handler
// on a ServeMux that writes the same bytes.
func BenchmarkOffers(b *testing.B) {
	r := campaigning(b, nil)
	const target = "/v1/members/regular/offers"
	for _, query := range []string{"", "?explain=true", "?filter=offer.price+%3C+40.0&scenario=app-home"} {
		answer := r.send(b, "GET", target+query, "")
		if answer.status != http.StatusOK {
			b.Fatalf("%s", answer.body)
		}
		bare := http.NewServeMux()
		bare.HandleFunc("GET /v1/members/{id}/offers", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", jsonType)
			w.Write(answer.body)
		})
		for _, road := range []struct {
			name string
			h    http.Handler
		}{{"nabo", r.Handler()}, {"bare", bare}} {
			b.Run(road.name+query, func(b *testing.B) { benchmarkRoad(b, road.h, target+query, len(answer.body)) })
		}
	}
}

func benchmarkRoad(b *testing.B, h http.Handler, target string, size int) {
	req, err := http.NewRequest("GET", target, nil)
	if err != nil {
		b.Fatal(err)
	}
	w := &thinWriter{header: http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		h.ServeHTTP(w, req)
	}
	b.SetBytes(int64(size))
}

// BenchmarkOffersAppended is what writing the answer takes of that.
func BenchmarkOffersAppended(b *testing.B) {
	r := campaigning(b, nil)
	c := new(call)
	c.params.reset(everywhere | ofOffers | pMember)
	c.params.member = "regular"
	if bad := r.askOffers(r.questions.named("offers"), c); bad != nil {
		b.Fatal(bad)
	}
	b.Run("json", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			c.out = appendOfferAnswer(c.out[:0], c.idText[:], r.engine, "app-home", &c.offered, false, "")
		}
	})
	b.Run("decision", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			c.decision = packOffers(c.decision[:0], &offersAsked{op: "offers"}, &c.offers, &c.offered)
		}
		b.ReportMetric(float64(len(c.decision)), "bytes/decision")
	})
}
