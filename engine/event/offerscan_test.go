package event

import (
	"math"
	"testing"
)

func TestScanReadsOffers(t *testing.T) {
	tests := []struct {
		name, body string
		want       Event
	}{
		{
			"an offer",
			`{"type":"offer.upserted","data":{"offer":"o","name":"Tea week","image":"i","products":["a","b"],"categories":["Hot drinks, tea"],
			 "validFrom":"2026-11-21T11:00:00+01:00","validThrough":"2026-11-28T10:00:00Z","chains":["x"],"stores":["1","2"],"audience":"member.homeStore == '1'\n",
			 "price":12.5,"memberPrice":10,"currency":"DKK","budget":{"activations":1e3,"redemptions":500,"discount":99.5},"perMember":{"activations":-1,"redemptions":2},
			 "priority":2,"margin":-0.5,"fundedBy":"Arla Foods","attributes":{"b":1,"a":true}}}`,
			Event{Type: TypeOfferUpserted, Body: &Offer{Offer: "o", Name: "Tea week", Image: "i", Products: []string{"a", "b"}, Categories: []string{"Hot drinks, tea"},
				ValidFrom: at, ValidThrough: at + 7*24*60*60*1000, Chains: []string{"x"}, Stores: []string{"1", "2"}, Audience: "member.homeStore == '1'\n",
				Price: 12.5, MemberPrice: 10, Currency: "DKK", Budget: Budget{1000, 500, 99.5}, PerMember: PerMember{-1, 2},
				Priority: 2, Margin: -0.5, FundedBy: "Arla Foods", Attributes: []Attribute{{"a", Value{Kind: KindBool, Num: 1}}, {"b", Value{Kind: KindNumber, Num: 1}}}}},
		},
		{
			"an offer of which little is said",
			`{"type":"offer.upserted","data":{"offer":"o","products":null,"budget":null,"perMember":{},"price":null}}`,
			Event{Type: TypeOfferUpserted, Body: &Offer{Offer: "o", Price: math.NaN(), MemberPrice: math.NaN()}},
		},
		{
			"an offer's end",
			`{"type":"offer.withdrawn","data":{"offer":"o"}}`,
			Event{Type: TypeOfferWithdrawn, Body: &OfferWithdrawn{Offer: "o"}},
		},
		{
			"a member's own price",
			`{"type":"offer.personalised","data":{"offer":"o","member":"m","price":9}}`,
			Event{Type: TypeOfferPersonal, MemberID: "m", Body: &OfferPersonal{Offer: "o", Price: 9}},
		},
		{
			"a member's own term",
			`{"type":"offer.personalised","data":{"offer":"o","member":"m","validThrough":"2026-11-21T10:00:00Z"}}`,
			Event{Type: TypeOfferPersonal, MemberID: "m", Body: &OfferPersonal{Offer: "o", Price: math.NaN(), ValidThrough: at}},
		},
		{
			"an activation",
			`{"type":"offer.activated","data":{"offer":"o","member":"m","channel":"app","recommId":"r","store":"1","chain":"c"}}`,
			Event{Type: TypeOfferActivated, MemberID: "m", Store: "1", Chain: "c", Body: &OfferActivated{Offer: "o", Channel: "app", RecommID: "r"}},
		},
		{
			"an activation taken back",
			`{"type":"offer.deactivated","data":{"offer":"o","member":"m","channel":"app"}}`,
			Event{Type: TypeOfferDeactivated, MemberID: "m", Body: &OfferDeactivated{Offer: "o", Channel: "app"}},
		},
		{
			"a redemption",
			`{"type":"offer.redeemed","id":"1","data":{"offer":"o","member":"m","receipt":"r-881","discount":2.5}}`,
			Event{Type: TypeOfferRedeemed, ID: "1", MemberID: "m", Body: &OfferRedeemed{Offer: "o", ReceiptID: "r-881", Discount: 2.5}},
		},
		{
			"an impression of nobody known",
			`{"type":"impression","data":{"recommId":"r","ids":["o","p"],"channel":"newsletter","session":"s"}}`,
			Event{Type: TypeImpression, SessionID: "s", Body: &Impression{RecommID: "r", IDs: []string{"o", "p"}, Channel: "newsletter"}},
		},
		{
			"a consent",
			`{"type":"consent.changed","data":{"member":"m","chain":"c","channel":"email","purpose":"marketing","granted":true}}`,
			Event{Type: TypeConsentChanged, MemberID: "m", Chain: "c", Body: &Consent{Channel: "email", Purpose: Marketing, Granted: true}},
		},
		{
			"a consent taken back",
			`{"type":"consent.changed","data":{"member":"m","purpose":"personalisation","granted":false}}`,
			Event{Type: TypeConsentChanged, MemberID: "m", Body: &Consent{Purpose: Personalisation}},
		},
		{
			"a scenario",
			`{"type":"scenario.changed","data":{"scenario":"app-home","config": { "count" : 35,
			 "weights":{"own":1e400, "a":[1, {"b":"x  y"}]} } }}`,
			Event{Type: TypeScenarioChanged, Body: &Scenario{Scenario: "app-home", Config: `{"count":35,"weights":{"own":1e400,"a":[1,{"b":"x  y"}]}}`}},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := both(t, tt.body)
			if len(got) != 1 || got[0].err != nil {
				t.Fatalf("got %v", got)
			}
			if !same(&got[0].ev, &tt.want) {
				t.Errorf("got  %s\nwant %s", show(&got[0].ev), show(&tt.want))
			}
		})
	}
}
