package server

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// What is refused can be looked at, without what was in it.
func TestDeadLetters(t *testing.T) {
	var failing error
	r := newRig(t, func(o *Options) {
		o.DeadLetters = func(_ context.Context, count int) ([]DeadLetter, uint64, error) {
			return []DeadLetter{{Time: o.Now().Add(-time.Minute), From: "nats", Type: "receipt", Reason: "no", Subject: "nabo.events.receipt"}}, 7, failing
		}
	})
	bad := `[{"type":"receipt","data":{"member":"secret-id","lines":[]}},{"type":"offer.activated","time":"2027-11-21T00:00:00Z","data":{"offer":"o","member":"secret-id"}},{"type":"view","data":{"product":"a"}}]`
	want[Admission](t, r.send(t, "POST", "/v1/events?validateOnly=true", bad), 200)
	if got := want[DeadLetters](t, r.send(t, "GET", "/v1/dead-letters", ""), 200); got.Kept != (DeadKept{NATS: 7}) || len(got.DeadLetters) != 1 || got.DeadLetters[0].From != "nats" {
		t.Fatalf("what is only checked is kept: %+v", got)
	}
	want[Admission](t, r.send(t, "POST", "/v1/events", bad), 202)
	reply := r.send(t, "GET", "/v1/dead-letters", "")
	got := want[DeadLetters](t, reply, 200)
	if got.Kept.HTTP != 2 || len(got.DeadLetters) != 3 || strings.Contains(string(reply.body), "secret-id") {
		t.Fatalf("got %s", reply.body)
	}
	if one := got.DeadLetters[0]; one.Type != "offer.activated" || one.From != "http" || !strings.HasPrefix(one.Reason, "/time: ") || !one.Time.Equal(r.now) {
		t.Errorf("got %+v", one)
	}
	for i := range 300 {
		r.send(t, "POST", "/v1/events", fmt.Sprintf(`{"type":"view","data":{"x%d":"a"}}`, i))
	}
	if got := want[DeadLetters](t, r.send(t, "GET", "/v1/dead-letters?count=2", ""), 200); got.Kept.HTTP != rejectionsKept || len(got.DeadLetters) != 2 || !strings.Contains(got.DeadLetters[0].Reason, "x299") {
		t.Errorf("got %+v", got)
	}
	failing = errors.New("the log is away")
	wantProblem(t, r.send(t, "GET", "/v1/dead-letters", ""), 500, internal, "")
}

func TestReasonsAreBounded(t *testing.T) {
	var kept rejections
	kept.add(time.Unix(0, 0), 0, &Rejected{Pointer: "/x", Detail: strings.Repeat("é", maxReason)})
	got, _ := kept.newest(5)
	if len(got) != 1 || len(got[0].Reason) > maxReason+len("…") || strings.ContainsRune(got[0].Reason, '�') {
		t.Errorf("got %d bytes", len(got[0].Reason))
	}
}
