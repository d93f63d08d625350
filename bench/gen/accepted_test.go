package gen

import (
	"testing"

	"nabo/engine"
	"nabo/engine/event"
	"nabo/engine/expr"
)

// The engine must take every offer's audience and the newsletter's settings.
func TestEngineTakesTheCampaigns(t *testing.T) {
	e, err := engine.New(engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for name, opt := range kindsOfShop(Options{Members: 50, Days: 60}) {
		audiences := map[string]bool{}
		for ev := range newShop(t, opt).Events() {
			if o, ok := ev.Body.(*event.Offer); ok {
				audiences[o.Audience] = true
			}
			if err := e.Check(ev); err != nil {
				t.Fatalf("%s: %s: %v", name, ev.AppendJSON(nil), err)
			}
		}
		if len(audiences) != 5 {
			t.Errorf("%s: %d audiences, with everybody", name, len(audiences))
		}
	}
}

// What an offer says of its audience must be what the generator takes it for.
func TestAudiencesMeanWhatTheySay(t *testing.T) {
	s := newShop(t, Options{Members: 400})
	for _, a := range audiences() {
		program, err := expr.Compile(a.expression, expr.Filter)
		if err != nil {
			t.Fatalf("%s: %v", a.expression, err)
		}
		var p person
		var c chance
		held := 0
		for i := range 400 {
			s.meet(&p, i, &c)
			said := program.Holds(&expr.Input{Member: &event.Member{Attributes: p.attributes()}})
			if said != a.holds(&p) {
				t.Fatalf("%s: %v of %+v", a.expression, said, p.attributes())
			}
			if said {
				held++
			}
		}
		if held == 0 || held == 400 {
			t.Errorf("%s holds for %d of 400", a.expression, held)
		}
	}
}
