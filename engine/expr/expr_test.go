package expr

import (
	"math"
	"testing"

	"nabo/engine/event"
)

// sample is what the tables ask about: a Saturday evening, 2026-01-03 18:30 UTC.
func sample() *Input {
	return &Input{
		Offer: &event.Offer{
			Offer: "o1", Name: "Minced beef 500 g", Products: []string{"p1", "p2"}, Categories: []string{"meat", "meat/beef"}, Chains: []string{"AH"},
			ValidFrom: 1767225600000 /* 2026-01-01 */, Price: 6, MemberPrice: 4.5, Priority: 2, Margin: 0.25, FundedBy: "acme",
			Attributes: []event.Attribute{
				{Name: "brand", Value: event.Value{Kind: event.KindText, Text: "own"}},
				{Name: "fresh", Value: event.Value{Kind: event.KindBool, Num: 1}},
				{Name: "launch", Value: event.Value{Kind: event.KindText, Text: "2026-01-02T12:00:00Z"}},
				{Name: "size", Value: event.Value{Kind: event.KindNumber, Num: 500}},
			},
		},
		Product: &event.Product{Product: "p1", Name: "Beef", Category: "meat/beef", Brand: "own", Price: math.NaN()},
		Member:  &event.Member{HomeStore: "s1", Chains: []string{"AH", "GALL"}, Timezone: "Europe/Amsterdam"},
		Context: &Context{Scenario: "app-home", Store: "s1", Chain: "AH", Weekday: 6, Hour: 19, Basket: []string{"p2", "p9"}, Now: 1767465000000},
	}
}

func TestHolds(t *testing.T) {
	for src, want := range map[string]bool{
		`offer.price < 50.0 && "meat" in offer.categories`: true,
		`offer.price < 50`: true,
		`offer.discount == 1.5 && offer.margin >= 0.25 && offer.priority != 3.0`:       true,
		`offer.name.startsWith("Minced") && offer.name.contains("beef")`:               true,
		`offer.name.endsWith("g") && offer.name.matches("[0-9]+ g$")`:                  true,
		`offer.name.matches("^[0-9]+ g$")`:                                             false,
		`context.weekday in [6, 7] && context.hour >= 17`:                              true,
		`context.weekday in [1, 2]`:                                                    false,
		`offer.price in [1.0, 6.0]`:                                                    true,
		`offer.categories.exists(c, c.startsWith("meat/"))`:                            true,
		`offer.categories.all(c, c.startsWith("meat"))`:                                true,
		`offer.categories.exists_one(c, c == "meat")`:                                  true,
		`size(offer.categories.filter(c, c.contains("beef"))) == 1`:                    true,
		`offer.categories.filter(c, c != "meat").exists(c, c == "meat")`:               false,
		`offer.products.exists(p, p in context.basket)`:                                true,
		`offer.products.all(p, p in context.basket)`:                                   false,
		`["AH", "JUMBO"].exists(c, c in offer.chains)`:                                 true,
		`offer.chains.all(c, c in member.chains)`:                                      true,
		`offer.chains == ["AH"] && offer.stores == []`:                                 true,
		`offer.categories[1] == "meat/beef"`:                                           true,
		`offer.categories[2] == ""`:                                                    false, // an error
		`offer.attributes.size > 250 && offer.attributes["brand"] == "own"`:            true,
		`offer.attributes.fresh`:                                                       true,
		`offer.attributes.brand`:                                                       false, // an error: not a bool
		`offer.attributes.missing == "x"`:                                              false, // an error
		`!(offer.attributes.missing == "x")`:                                           false, // an error is not true either
		`offer.attributes.missing == "x" || true`:                                      true,
		`true || offer.attributes.missing == "x"`:                                      true,
		`!(offer.attributes.missing == "x" && false)`:                                  true,
		`(offer.attributes.missing == "x" ? true : true)`:                              false, // an error
		`true ? true : offer.attributes.missing`:                                       true,
		`offer.categories.exists(c, c == "meat" || offer.attributes.missing)`:          true, // absorbed
		`!offer.categories.all(c, c != "meat" && offer.attributes.missing)`:            true, // absorbed
		`!has(offer.attributes.missing) && has(offer.attributes.size)`:                 true,
		`has(offer.price) && !has(product.price) && !has(offer.validThrough)`:          true,
		`product.price < 5.0 || product.price >= 5.0 || product.price == 5.0`:          false, // unknown
		`"brand" in offer.attributes && !("nope" in offer.attributes)`:                 true,
		`size(offer.attributes) == 4 && offer.name.size() == 17`:                       true,
		`offer.validThrough - context.now > duration("48h")`:                           true, // it has no end
		`context.now - offer.validFrom < duration("72h")`:                              true,
		`offer.validFrom + duration("24h") < context.now`:                              true,
		`timestamp("2026-01-03T19:30:00+01:00") == context.now`:                        true,
		`timestamp(offer.attributes.launch) < context.now`:                             true,
		`timestamp(offer.attributes.brand) < context.now`:                              false, // an error
		`context.now.getHours() == 18 && context.now.getHours("Europe/Amsterdam")==19`: true,
		`context.now.getDayOfWeek() == 6 && context.now.getFullYear() == 2026`:         true,
		`1 / (context.hour - 19) > 0`:                                                  false, // an error
		`double(context.hour) / 0.0 > 1.0`:                                             true,  // infinite
		`int(offer.attributes.size) % 100 == 0`:                                        true,
		`string(offer.attributes.size) == "500"`:                                       true,
		`{"AH": true, "JUMBO": false}[context.chain]`:                                  true,
		`{"JUMBO": true}[context.chain]`:                                               false, // an error
		`context.chain in {"AH": 1}`:                                                   true,
		`offer.categories.exists(offer, offer == "meat")`:                              true, // the name is the element's
		`min(offer.price, 3) == 3.0 && max(context.hour, 3) == 19`:                     true,
	} {
		p, err := Compile(src, Filter)
		if err != nil {
			t.Errorf("%s: %v", src, err)
			continue
		}
		if got := p.Holds(sample()); got != want {
			t.Errorf("%s: got %v, want %v", src, got, want)
		}
	}
}

func TestHoldsOfNothing(t *testing.T) {
	for src, want := range map[string]bool{
		`offer.id == "" && product.brand == "" && member.homeStore == "" && context.hour == 0`: true,
		`size(offer.products) + size(member.chains) + size(context.basket) == 0`:               true,
		`offer.price == offer.price || offer.price < 1.0`:                                      false,
		`has(offer.price) || has(member.attributes) || has(context.now)`:                       false,
		`offer.discount == 0.0 && offer.margin == 0.0`:                                         true,
		`member.attributes.vip`: false,
		`offer.validFrom <= context.now && context.now < offer.validThrough`: true,
	} {
		p, err := Compile(src, Filter)
		if err != nil {
			t.Fatalf("%s: %v", src, err)
		}
		if got := p.Holds(&Input{}); got != want {
			t.Errorf("%s: got %v, want %v", src, got, want)
		}
	}
}

func TestFactor(t *testing.T) {
	for src, want := range map[string]float64{
		`1.5`:                                      1.5,
		`2`:                                        2,
		`"meat" in offer.categories ? 1.2 : 1.0`:   1.2,
		`1.0 + offer.margin`:                       1.25,
		`min(2.0, 1 + context.weekday)`:            2,
		`offer.attributes.size`:                    500,
		`offer.attributes.size / 250.0`:            2,
		`offer.attributes.brand`:                   1, // an error: not a number
		`offer.attributes.missing`:                 1,
		`{"AH": 1.3, "JUMBO": 0.7}[context.chain]`: 1.3,
		`{"JUMBO": 0.7}[context.chain]`:            1,
		`[1.0, 1.0, 1.0, 1.0, 1.0, 1.5, 2.0][context.weekday - 1]`: 1.5,
		`-1.0`:                 1,
		`0.0`:                  0,
		`0`:                    0,
		`product.price`:        1, // not known
		`offer.price * 1000.0`: 1000,
		`1.0 / 0.0`:            1000,
		`1 / 0`:                1,
		`has(offer.attributes.boost) ? offer.attributes.boost : 1.1`: 1.1,
	} {
		p, err := Compile(src, Booster)
		if err != nil {
			t.Errorf("%s: %v", src, err)
			continue
		}
		if got := p.Factor(sample()); got != want {
			t.Errorf("%s: got %v, want %v", src, got, want)
		}
	}
}

func TestProgram(t *testing.T) {
	for src, want := range map[string]Uses{
		`true`: 0,
		`offer.price < 2.0 && product.price < 2.0`:               UsesOffer | UsesProduct,
		`member.homeStore == context.store`:                      UsesMember | UsesContext,
		`offer.categories.exists(member, member == "meat")`:      UsesOffer,
		`has(member.attributes.vip)`:                             UsesMember,
		`["a"].exists(x, x == context.chain) || .offer.id == ""`: UsesContext | UsesOffer,
	} {
		p, err := Compile(src, Filter)
		if err != nil {
			t.Fatalf("%s: %v", src, err)
		}
		if p.Uses() != want || p.Source() != src {
			t.Errorf("%s: uses %b of %q, want %b", src, p.Uses(), p.Source(), want)
		}
		if p.Factor(sample()) != 1 || p.Kind() != Filter {
			t.Errorf("%s: a filter is no booster, its factor is to be 1", src)
		}
	}
	p, err := Compile(`2.0`, Booster)
	if err != nil || p.Holds(sample()) || p.Kind() != Booster {
		t.Errorf("a booster is no filter and is to hold for nothing: %v", err)
	}
}
