package event

import (
	"fmt"
	"math"
	"strings"
	"testing"
)

// repeated returns n ids in quotes, with commas between them.
func repeated(n int) string { return strings.TrimSuffix(strings.Repeat(`"a",`, n), ",") }

// TestOfferRules gives every rule of offers, consents and scenarios an event
// that breaks it, and the whole error.
func TestOfferRules(t *testing.T) {
	long := strings.Repeat("x", MaxID+1)
	const (
		idFault      = " must be 1 to 128 bytes of printable UTF-8"
		textFault    = " must be at most 512 bytes of UTF-8 without control characters"
		numFault     = " must be a number between -1e12 and 1e12"
		channelFault = "/data/channel must be at most 64 bytes of printable UTF-8"
		wholeFault   = " must be a whole number between 0 and 1e12"
	)
	of := func(kind, data string) string { return `{"type":"` + kind + `","data":{` + data + `}}` }
	offer := func(data string) string { return of("offer.upserted", `"offer":"o",`+data) }
	personal := func(data string) string { return of("offer.personalised", `"offer":"o","member":"m",`+data) }
	used := func(data string) string { return of("offer.activated", `"offer":"o","member":"m",`+data) }
	redeemed := func(data string) string { return of("offer.redeemed", `"offer":"o","member":"m",`+data) }
	consent := func(data string) string { return of("consent.changed", `"member":"m",`+data) }
	scenario := func(config string) string {
		return of("scenario.changed", `"scenario":"s","config":`+config)
	}
	tests := []struct{ body, want string }{
		// Offers.
		{of("offer.upserted", `"name":"x"`), "/data/offer is required"},
		{of("offer.upserted", `"offer":"`+long+`"`), "/data/offer" + idFault},
		{of("offer.upserted", `"offer":"o","member":"m"`), "/data/member is not a field here; the fields are attributes, audience, budget, categories, chains, currency, fundedBy, image, margin, " +
			"memberPrice, name, offer, perMember, price, priority, products, stores, validFrom, validThrough"},
		{offer(`"name":"\u0000"`), "/data/name" + textFault},
		{offer(`"image":"` + strings.Repeat("x", MaxImage+1) + `"`), "/data/image must be at most 2048 bytes of UTF-8 without control characters"},
		{offer(`"products":"a"`), "/data/products must be an array, not a string"},
		{offer(`"products":["a",7]`), "/data/products/1 must be a string, not a number"},
		{offer(`"products":["a",""]`), "/data/products/1 is required"},
		{offer(`"products":["` + long + `"]`), "/data/products/0" + idFault},
		{offer(`"products":[` + repeated(MaxProducts+1) + `]`), "/data/products must be at most 10000 products"},
		{offer(`"categories":[` + repeated(MaxCategories+1) + `]`), "/data/categories must be at most 256 categories"},
		{offer(`"categories":[""]`), "/data/categories/0 is required"},
		{offer(`"categories":["` + strings.Repeat("x", MaxText+1) + `"]`), "/data/categories/0" + textFault},
		{offer(`"chains":[` + repeated(MaxChains+1) + `]`), "/data/chains must be at most 64 chains"},
		{offer(`"stores":[` + repeated(MaxStores+1) + `]`), "/data/stores must be at most 10000 stores"},
		{offer(`"stores":["1","\u0007"]`), "/data/stores/1" + idFault},
		{offer(`"validFrom":"tomorrow"`), "/data/validFrom must be RFC 3339, such as 2026-11-21T10:00:00Z"},
		{offer(`"validFrom":"1970-01-01T00:00:00Z"`), "/data/validFrom must be later than 1970-01-01T00:00:00Z"},
		{offer(`"validThrough":"9999-12-31T23:59:59-12:00"`), "/data/validThrough must be before the year 10000"},
		{offer(`"validFrom":"2026-11-21T10:00:00Z","validThrough":"2026-11-21T09:59:59Z"`), "/data/validThrough must not be before validFrom"},
		{offer(`"audience":"` + strings.Repeat("x", MaxAudience+1) + `"`), "/data/audience must be an expression of at most 4096 bytes of UTF-8 without control characters"},
		{offer(`"price":1e13`), "/data/price" + numFault},
		{offer(`"memberPrice":-1e13`), "/data/memberPrice" + numFault},
		{offer(`"memberPrice":"9"`), "/data/memberPrice must be a number, not a string"},
		{offer(`"currency":"kr"`), "/data/currency must be an ISO 4217 code of three capital letters, such as DKK"},
		{offer(`"budget":7`), "/data/budget must be an object, not a number"},
		{offer(`"budget":{"activation":7}`), "/data/budget/activation is not a field here; the fields are activations, discount, redemptions"},
		{offer(`"budget":{"activations":-1}`), "/data/budget/activations" + wholeFault},
		{offer(`"budget":{"redemptions":1.5}`), "/data/budget/redemptions" + wholeFault},
		{offer(`"budget":{"redemptions":1e13}`), "/data/budget/redemptions" + wholeFault},
		{offer(`"budget":{"discount":-0.5}`), "/data/budget/discount must be a number between 0 and 1e12"},
		{offer(`"budget":{"discount":1,"discount":1}`), "/data/budget/discount is given twice"},
		{offer(`"perMember":{"discount":1}`), "/data/perMember/discount is not a field here; the fields are activations, redemptions"},
		{offer(`"perMember":{"redemptions":0.5}`), "/data/perMember/redemptions must be a whole number between -1e12 and 1e12"},
		{offer(`"priority":1e13`), "/data/priority" + numFault},
		{offer(`"margin":-1e13`), "/data/margin" + numFault},
		{offer(`"fundedBy":"` + long + `"`), "/data/fundedBy" + idFault},
		{offer(`"attributes":{"a":[]}`), "/data/attributes/a must be a string, a number, true or false, not an array"},
		{of("offer.withdrawn", ``), "/data/offer is required"},
		{of("offer.withdrawn", `"offer":"o","chain":"c"`), "/data/chain is not a field here; the fields are offer"},
		// A member's own.
		{of("offer.personalised", `"offer":"o"`), "/data/member is required"},
		{of("offer.personalised", `"member":"m"`), "/data/offer is required"},
		{personal(`"price":1e13`), "/data/price" + numFault},
		{personal(`"validFrom":"2026-11-21T10:00:00Z","validThrough":"2026-11-20T10:00:00Z"`), "/data/validThrough must not be before validFrom"},
		// Activations and redemptions.
		{of("offer.activated", `"offer":"o"`), "/data/member is required"},
		{of("offer.deactivated", `"offer":"o"`), "/data/member is required"},
		{of("offer.redeemed", `"offer":"o"`), "/data/member is required"},
		{of("offer.activated", `"member":"m"`), "/data/offer is required"},
		{of("offer.deactivated", `"member":"m"`), "/data/offer is required"},
		{of("offer.redeemed", `"member":"m"`), "/data/offer is required"},
		{used(`"ask":true`), "/data/ask is not a field here; the fields are chain, channel, member, offer, recommId, session, store"},
		{used(`"channel":"` + strings.Repeat("x", MaxChannel+1) + `"`), channelFault},
		{used(`"recommId":"` + long + `"`), "/data/recommId" + idFault},
		{redeemed(`"receipt":"` + long + `"`), "/data/receipt" + idFault},
		{redeemed(`"discount":-1`), "/data/discount must be a number between 0 and 1e12"},
		// Impressions.
		{of("impression", `"recommId":"r"`), "/data/ids is required: 1 to 200 ids"},
		{of("impression", `"ids":[]`), "/data/ids is required: 1 to 200 ids"},
		{of("impression", `"ids":[`+repeated(MaxShown+1)+`]`), "/data/ids must be at most 200 ids"},
		{of("impression", `"ids":["a",""]`), "/data/ids/1 is required"},
		{of("impression", `"ids":["a"],"channel":"\t"`), channelFault},
		{of("impression", `"ids":["a"],"recommId":"`+long+`"`), "/data/recommId" + idFault},
		// Consents.
		{of("consent.changed", `"purpose":"marketing","granted":true`), "/data/member is required"},
		{consent(`"granted":true`), "/data/purpose is required: personalisation or marketing"},
		{consent(`"granted":true,"purpose":"spam"`), "/data/purpose must be personalisation or marketing"},
		{consent(`"purpose":"marketing"`), "/data/granted is required: true or false"},
		{consent(`"purpose":"marketing","granted":null`), "/data/granted is required: true or false"},
		{consent(`"purpose":"marketing","granted":"yes"`), "/data/granted must be true or false, not a string"},
		{consent(`"purpose":"marketing","granted":true,"channel":"sms"`), "/data/channel must be email, push or inapp, or be left out for all of them"},
		{consent(`"purpose":"marketing","granted":true,"store":"1"`), "/data/store is not a field here; the fields are chain, channel, granted, member, purpose"},
		// Scenarios.
		{of("scenario.changed", `"config":{}`), "/data/scenario is required"},
		{of("scenario.changed", `"scenario":"s"`), "/data/config is required: an object"},
		{scenario(`null`), "/data/config is required: an object"},
		{scenario(`[1]`), "/data/config must be an object, not an array"},
		{scenario(`{"a":1,"b":2,"a":3}`), "/data/config/a is given twice"},
		{scenario(`{"a":1,"\u0061":3}`), "/data/config/a is given twice"},
		{scenario(`{"a":[0,{"b/":{"c":1,"c":1}}]}`), "/data/config/a/1/b~1/c is given twice"},
		{scenario(`{"a":"` + strings.Repeat("x", MaxConfig) + `"}`), "/data/config must be at most 65536 bytes without white space"},
	}
	for _, tt := range tests {
		got := both(t, tt.body)
		if len(got) != 1 || fmt.Sprint(got[0].err) != tt.want {
			t.Errorf("%.200s\ngot  %.300v\nwant %s", tt.body, got[0].err, tt.want)
		}
	}
}

// TestOfferBounds: what is just within the bounds is taken.
func TestOfferBounds(t *testing.T) {
	for _, data := range []string{
		`"products":[` + repeated(MaxProducts) + `],"stores":[` + repeated(MaxStores) + `]`,
		`"categories":[` + repeated(MaxCategories) + `],"chains":[` + repeated(MaxChains) + `]`,
		`"audience":"` + strings.Repeat("x", MaxAudience) + `"`,
		`"validFrom":"2026-11-21T10:00:00Z","validThrough":"2026-11-21T10:00:00Z"`,
		`"validThrough":"9999-12-31T23:59:59.999Z"`,
		`"budget":{"activations":0,"redemptions":1e12,"discount":0},"perMember":{"activations":-1e12}`,
	} {
		if got := both(t, `{"type":"offer.upserted","data":{"offer":"o",`+data+`}}`); len(got) != 1 || got[0].err != nil {
			t.Errorf("%.200s: %v", data, got[0].err)
		}
	}
	spaces := strings.Repeat(" ", MaxConfig)
	if got := both(t, `{"type":"scenario.changed","data":{"scenario":"s","config":{`+spaces+`}}}`); got[0].err != nil {
		t.Errorf("white space counts: %v", got[0].err)
	}
	if got := both(t, `{"type":"impression","data":{"ids":[`+repeated(MaxShown)+`]}}`); got[0].err != nil {
		t.Error(got[0].err)
	}
}

// TestValidateOffers holds what only an event that was built in the process
// can break.
func TestValidateOffers(t *testing.T) {
	offer := func(change func(*Offer)) Event {
		o := &Offer{Offer: "o", Price: math.NaN(), MemberPrice: math.NaN()}
		change(o)
		return Event{Type: TypeOfferUpserted, Body: o}
	}
	scenario := func(config string) Event {
		return Event{Type: TypeScenarioChanged, Body: &Scenario{Scenario: "s", Config: config}}
	}
	redeemed := func(discount float64) Event {
		return Event{Type: TypeOfferRedeemed, MemberID: "m", Body: &OfferRedeemed{Offer: "o", Discount: discount}}
	}
	deep := func(n int) string { return `{"a":` + strings.Repeat("[", n-1) + strings.Repeat("]", n-1) + `}` }
	tests := []struct {
		name string
		ev   Event
		want string
	}{
		{"little", offer(func(*Offer) {}), "<nil>"},
		{"before 1970", offer(func(o *Offer) { o.ValidFrom = -1 }), "/data/validFrom must be later than"},
		{"after 9999", offer(func(o *Offer) { o.ValidThrough = maxTime + 1 }), "/data/validThrough must be before the year 10000"},
		{"an infinite price", offer(func(o *Offer) { o.Price = math.Inf(1) }), "/data/price must be a number between"},
		{"an infinite budget", offer(func(o *Offer) { o.Budget.Discount = math.Inf(1) }), "/data/budget/discount must be a number between 0"},
		{"a budget that is no number", offer(func(o *Offer) { o.Budget.Discount = math.NaN() }), "/data/budget/discount must be a number between 0"},
		{"a budget below zero", offer(func(o *Offer) { o.Budget.Redemptions = -1 }), "/data/budget/redemptions must be a whole number"},
		{"a limit without bounds", offer(func(o *Offer) { o.PerMember.Redemptions = math.MinInt64 }), "/data/perMember/redemptions must be a whole number"},
		{"a priority that is no number", offer(func(o *Offer) { o.Priority = math.NaN() }), "/data/priority must be a number between"},
		{"an audience that is no UTF-8", offer(func(o *Offer) { o.Audience = "\xff" }), "/data/audience must be an expression"},
		{"too many products", offer(func(o *Offer) { o.Products = make([]string, MaxProducts+1) }), "/data/products must be at most 10000"},
		{"a discount that is no number", redeemed(math.NaN()), "/data/discount must be a number between 0"},
		{"a store that an offer has not", Event{Type: TypeOfferWithdrawn, Store: "1", Body: &OfferWithdrawn{Offer: "o"}}, "/data/store is not a field of offer.withdrawn"},
		{"a purpose that is none", Event{Type: TypeConsentChanged, MemberID: "m", Body: &Consent{Purpose: 3}}, "/data/purpose is required"},
		{"a configuration", scenario(`{"a":1}`), "<nil>"},
		{"white space", scenario(`{"a": 1}`), "/data/config must have no white space between its parts"},
		{"white space after", scenario("{}\n"), "/data/config must have no white space between its parts"},
		{"no JSON", scenario(`{a:1}`), "/data/config lacks a field's name in quotes"},
		{"something after it", scenario(`{}{}`), "/data/config has something after its end"},
		{"no UTF-8", scenario("{\"a\":\"\xff\"}"), "/data/config must be UTF-8"},
		{"no nest", scenario(deep(30)), "<nil>"},
		{"a nest", scenario(deep(31)), "/data/config is nested deeper than 32 levels"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := fmt.Sprint(tt.ev.Validate(at)); !strings.HasPrefix(got, tt.want) {
				t.Fatalf("got %s, want %s", got, tt.want)
			}
			if tt.want != "<nil>" {
				return
			}
			if got := both(t, string(tt.ev.AppendJSON(nil))); len(got) != 1 || got[0].err != nil || !same(&got[0].ev, &tt.ev) {
				t.Errorf("read back %+v", got)
			}
		})
	}
}

func TestCompactConfig(t *testing.T) {
	for _, tt := range []struct{ raw, want, fault string }{
		{" {\n \"a\" : [ 1.0 , true ] }\r\n", `{"a":[1.0,true]}`, "<nil>"},
		{`{"a":"b  c"}`, `{"a":"b  c"}`, "<nil>"},
		{``, "", "/data/config ends too early"},
		{`{"a":1`, "", "/data/config ends too early"},
		{`7`, "7", "/data/config must be an object, not a number"},
		{`{"a":{"b":1,"b":1}}`, "", "/data/config/a/b is given twice"},
	} {
		got, err := CompactConfig([]byte(tt.raw))
		if fmt.Sprint(err) != tt.fault || err == nil && got != tt.want {
			t.Errorf("%q: got %q and %v", tt.raw, got, err)
		}
	}
}
