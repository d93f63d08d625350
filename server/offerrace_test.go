package server

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
)

// While many ask, an offer is withdrawn: no answer that begins after the
// withdrawal was acknowledged as applied holds it, on any road.
func TestWithdrawnWhileManyAsk(t *testing.T) {
	r := offering(t, nil)
	const rounds, askers = 12, 6
	for round := range rounds {
		id := fmt.Sprint("flash-", round)
		want[Admission](t, r.send(t, "POST", "/v1/events?wait=applied", fmt.Sprintf(`{"type":"offer.upserted","data":{"offer":%q,"products":["milk"]}}`, id)), 202)
		var gone, done atomic.Bool
		var held, after atomic.Int64
		var asking sync.WaitGroup
		for asker := range askers {
			asking.Go(func() {
				for !done.Load() || after.Load() < askers {
					late := gone.Load()
					has := bytes.Contains(r.askAnyRoad(asker), []byte(`{"id":"`+id+`"`))
					switch {
					case late && has:
						t.Errorf("an answer that began after the withdrawal holds %s", id)
						return
					case late:
						after.Add(1)
					case has:
						held.Add(1)
					}
				}
			})
		}
		for held.Load() < askers {
			r.receipts(t, 1, fmt.Sprint("passer-by-", round, held.Load()), "milk", "bread")
		}
		want[Admission](t, r.send(t, "POST", "/v1/events?wait=applied", fmt.Sprintf(`{"type":"offer.withdrawn","data":{"offer":%q}}`, id)), 202)
		gone.Store(true)
		done.Store(true)
		asking.Wait()
	}
}

// askAnyRoad asks for a member's offers in one of the ways there are.
func (r *rig) askAnyRoad(n int) []byte {
	method, target, body := http.MethodGet, "/v1/members/m-1/offers?chain=mine", ""
	switch n % 3 {
	case 1:
		method, target, body = http.MethodPost, "/v1/recomms/batch", `{"requests":[{"op":"offers","params":{"member":"m-1","chain":"mine"}}]}`
	case 2:
		method, body = http.MethodPost, `{"filter":"offer.priority < 5.0"}`
	}
	req := httptest.NewRequest(method, target, bytes.NewReader([]byte(body)))
	if body != "" {
		req.Header.Set("Content-Type", jsonType)
	} else {
		req.Body, req.ContentLength = http.NoBody, 0
	}
	w := httptest.NewRecorder()
	r.Handler().ServeHTTP(w, req)
	return w.Body.Bytes()
}
