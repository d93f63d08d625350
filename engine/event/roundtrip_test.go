package event

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"
)

// TestAppendJSONRoundTrip: what AppendJSON writes, both roads read back, alone
// and in batches.
func TestAppendJSONRoundTrip(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		evs := rapid.SliceOfN(genEvent(), 1, 4).Draw(rt, "events")
		var lines, array [][]byte
		for i := range evs {
			if err := evs[i].Validate(evs[i].Time); err != nil {
				rt.Fatalf("the generator made an invalid event: %v", err)
			}
			lines = append(lines, evs[i].AppendJSON(nil))
			array = append(array, evs[i].AppendJSON([]byte(" ")))
		}
		for _, body := range []string{
			string(bytes.Join(lines, []byte("\n"))),
			"[" + string(bytes.Join(array, []byte(","))) + "]",
		} {
			got := both(t, body)
			if len(got) != len(evs) {
				rt.Fatalf("%d events from %s", len(got), body)
			}
			for i := range got {
				if got[i].err != nil || !same(&got[i].ev, &evs[i]) {
					rt.Fatalf("event %d: %v\ngot  %s\nwant %s\nfrom %s", i, got[i].err, show(&got[i].ev), show(&evs[i]), lines[i])
				}
			}
		}
	})
}

func genAdmitted() *rapid.Generator[Event] {
	return rapid.Custom(func(t *rapid.T) Event {
		return admit(genEvent().Draw(t, "event"), rapid.Uint64().Draw(t, "key"),
			rapid.Uint64Min(1).Draw(t, "token"), Millis(rapid.Int64().Draw(t, "received")))
	})
}

// TestGroupRoundTrip decodes groups again and again into the same events, so
// that what is left of the one before must not show.
func TestGroupRoundTrip(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var dst []Event
		for range rapid.IntRange(1, 3).Draw(rt, "groups") {
			evs := rapid.SliceOfN(genAdmitted(), 0, 6).Draw(rt, "events")
			payload := AppendGroup([]byte("before"), evs)[len("before"):]
			var err error
			if dst, err = DecodeGroup(payload, dst); err != nil {
				rt.Fatal(err)
			}
			if len(dst) != len(evs) {
				rt.Fatalf("%d events of %d", len(dst), len(evs))
			}
			for i := range evs {
				if !same(&dst[i], &evs[i]) {
					rt.Fatalf("event %d\ngot  %s\nwant %s", i, show(&dst[i]), show(&evs[i]))
				}
			}
		}
	})
}

// TestGroupHidesIDs: nothing of the outer form reaches the log, even if the
// gate forgot to clear it.
func TestGroupHidesIDs(t *testing.T) {
	evs := []Event{
		{Type: TypeReceipt, ID: "secret", Source: "secret", SessionID: "secret", MemberID: "secret", Body: &Receipt{OriginalID: "secret"}},
		{Type: TypeCart, Body: &Cart{CartID: "secret", Action: ActionSet}},
		{Type: TypeMemberMerged, Body: &MemberMerged{IntoID: "secret"}},
		{Type: TypeOfferRedeemed, MemberID: "secret", Body: &OfferRedeemed{Offer: "o", ReceiptID: "secret"}},
	}
	if payload := AppendGroup(nil, evs); bytes.Contains(payload, []byte("secret")) {
		t.Errorf("an id is in the log: %q", payload)
	}
}
