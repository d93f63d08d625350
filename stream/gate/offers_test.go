package gate

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"nabo/engine/event"
)

func offered(id, member string, body event.Body, kind event.Type) event.Event {
	return event.Event{Type: kind, ID: id, Source: "pos/17", MemberID: member, Body: body}
}

// TestRedemptionNamesReceipt: the receipt of a redemption is known by the key
// that the receipt itself has, under the same source.
func TestRedemptionNamesReceipt(t *testing.T) {
	bubble(t, nil, func(t *testing.T, r *rig) {
		sold := receipt("r-881", "m", "x")
		sold.Source = "pos/17"
		r.submit(sold,
			offered("1", "m", &event.OfferRedeemed{Offer: "o", ReceiptID: "r-881", Receipt: 5}, event.TypeOfferRedeemed),
			offered("2", "m", &event.OfferRedeemed{Offer: "o", Receipt: 5}, event.TypeOfferRedeemed))
		got := r.log.all()
		first, second := got[1].Body.(*event.OfferRedeemed), got[2].Body.(*event.OfferRedeemed)
		if first.Receipt != got[0].Key || first.ReceiptID != "" {
			t.Errorf("the redemption's receipt is %x %q, the receipt %x", first.Receipt, first.ReceiptID, got[0].Key)
		}
		if second.Receipt != 0 {
			t.Errorf("a receipt that nobody named: %x", second.Receipt)
		}
	})
}

// TestOfferEvents passes one of each of the types about offers through the
// gate: members become tokens, what is asked for stays so.
func TestOfferEvents(t *testing.T) {
	bubble(t, nil, func(t *testing.T, r *rig) {
		res := r.submit(
			offered("1", "", &event.Offer{Offer: "o", Products: []string{"a"}}, event.TypeOfferUpserted),
			offered("2", "m", &event.OfferPersonal{Offer: "o", Price: 3}, event.TypeOfferPersonal),
			offered("3", "m", &event.OfferActivated{Offer: "o", Ask: true}, event.TypeOfferActivated),
			offered("4", "m", &event.OfferDeactivated{Offer: "o"}, event.TypeOfferDeactivated),
			offered("5", "n", &event.Impression{IDs: []string{"o"}}, event.TypeImpression),
			offered("6", "n", &event.Consent{Purpose: event.Marketing, Granted: true}, event.TypeConsentChanged),
			offered("7", "", &event.Scenario{Scenario: "s", Config: "{}"}, event.TypeScenarioChanged),
			offered("8", "", &event.OfferWithdrawn{Offer: "o"}, event.TypeOfferWithdrawn),
			offered("3", "m", &event.OfferActivated{Offer: "o", Ask: true}, event.TypeOfferActivated),
			offered("9", "", &event.OfferActivated{Offer: "o"}, event.TypeOfferActivated),
		)
		if verdicts(res) != "AAAAAAAADR" || fmt.Sprint(res.Outcomes[9].Err) != "/data/member is required" {
			t.Fatalf("%s, %v", verdicts(res), res.Outcomes[9].Err)
		}
		var members []event.Token
		for _, ev := range r.log.all() {
			members = append(members, ev.Member)
			if ev.MemberID != "" || ev.Time == 0 {
				t.Errorf("%s: member %q, time %d", ev.Type, ev.MemberID, ev.Time)
			}
		}
		if fmt.Sprint(members) != "[0 1 1 1 2 2 0 0]" {
			t.Errorf("tokens %v", members)
		}
		if !r.log.all()[2].Body.(*event.OfferActivated).Ask {
			t.Error("what was asked for became a fact")
		}
	})
}

// TestCheck: a rule of somebody else's rejects an event, after the event's own
// rules, in its outer form.
func TestCheck(t *testing.T) {
	var asked atomic.Int32
	rule := &event.FieldError{Pointer: "/data/audience", Detail: "is no expression"}
	check := func(ev *event.Event) error {
		asked.Add(1)
		o, ok := ev.Body.(*event.Offer)
		switch {
		case ev.Key != 0 || ev.Received != 0:
			return errors.New("is not in its outer form")
		case ok && o.Audience == "(":
			return rule
		case ok && o.Audience == ")":
			return fmt.Errorf("check: %w", rule)
		case ok && o.Audience == "?":
			return errors.New("was not understood")
		}
		return nil
	}
	bubble(t, func(o *Options) { o.Check = check }, func(t *testing.T, r *rig) {
		offer := func(audience string) event.Event {
			return offered("", "", &event.Offer{Offer: "o", Audience: audience}, event.TypeOfferUpserted)
		}
		res := r.submit(offer("true"), offer("("), offer(")"), offer("?"), offer("\x00"), view("v", "m"))
		if verdicts(res) != "ARRRRA" {
			t.Fatal(verdicts(res))
		}
		if asked.Load() != 5 {
			t.Errorf("asked %d times: the event's own rules come first", asked.Load())
		}
		for i, want := range []string{"/data/audience is no expression", "/data/audience is no expression", "event was not understood"} {
			if got := fmt.Sprint(res.Outcomes[i+1].Err); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		}
		if st := r.Stats(); st.Rejected != 4 || st.Accepted != 2 {
			t.Errorf("%+v", st)
		}
	})
}
