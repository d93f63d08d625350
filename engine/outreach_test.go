package engine_test

import (
	"math"
	"testing"

	"nabo/engine"
	"nabo/engine/event"
)

// outreachDay is when everything in these tests happens.
const outreachDay = event.Millis(1_790_000_000_000)

// speaker says things of one member.
type speaker struct {
	t *testing.T
	*engine.Engine
	pos uint64
}

func newSpeaker(t *testing.T, opt engine.OfferOptions) *speaker {
	t.Helper()
	e, err := engine.New(engine.Options{Offers: opt})
	if err != nil {
		t.Fatal(err)
	}
	p := &speaker{t: t, Engine: e}
	for i, chain := range []string{"north", "north", "south", "north", ""} {
		p.apply(event.Event{
			Type: event.TypeReceipt, Member: 7, Chain: chain, Store: "s", Time: outreachDay - event.Millis(i)*86_400_000,
			Body: &event.Receipt{Lines: []event.Line{{Product: "a", Qty: 1}, {Product: "b", Qty: 1}}},
		})
	}
	return p
}

func (p *speaker) apply(ev event.Event) {
	p.pos++
	ev.Key, ev.Received = p.pos, outreachDay
	if ev.Time == 0 {
		ev.Time = outreachDay
	}
	p.ApplyGroup(p.pos, []event.Event{ev})
}

func (p *speaker) says(purpose event.Purpose, chain, channel string, granted bool) {
	p.apply(event.Event{Type: event.TypeConsentChanged, Member: 7, Chain: chain, Body: &event.Consent{Purpose: purpose, Channel: channel, Granted: granted}})
}

func (p *speaker) freeze() *engine.Frozen {
	p.t.Helper()
	f, err := p.Freeze(outreachDay)
	if err != nil {
		p.t.Fatal(err)
	}
	return f
}

// said is one consent.
type said struct {
	purpose        event.Purpose
	chain, channel string
	granted        bool
}

func TestOutreachNeedsConsent(t *testing.T) {
	const personal, marketing = event.Personalisation, event.Marketing
	for _, c := range []struct {
		name string
		opt  engine.OfferOptions
		said []said
		want bool
	}{
		{"nothing said: messages need a grant", engine.OfferOptions{}, nil, false},
		{"granted", engine.OfferOptions{}, []said{{marketing, "", "", true}}, true},
		{"granted and withdrawn", engine.OfferOptions{}, []said{{marketing, "", "", true}, {marketing, "", "", false}}, false},
		{"granted in one channel of one chain", engine.OfferOptions{}, []said{{marketing, "", "", false}, {marketing, "north", "push", true}}, true},
		{"assumed", engine.OfferOptions{MarketingAssumed: true}, nil, true},
		{"assumed and refused", engine.OfferOptions{MarketingAssumed: true}, []said{{marketing, "", "", false}}, false},
		{"assumed and refused in one channel", engine.OfferOptions{MarketingAssumed: true}, []said{{marketing, "", "email", false}}, true},
		{"personalisation withdrawn", engine.OfferOptions{}, []said{{marketing, "", "", true}, {personal, "", "", false}}, false},
		{"personalisation not assumed", engine.OfferOptions{NoPersonalisation: true}, []said{{marketing, "", "", true}}, false},
		{"personalisation granted in one chain alone", engine.OfferOptions{NoPersonalisation: true}, []said{{marketing, "", "", true}, {personal, "north", "", true}}, false},
		{"both granted", engine.OfferOptions{NoPersonalisation: true}, []said{{marketing, "", "", true}, {personal, "", "", true}}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newSpeaker(t, c.opt)
			for i, s := range c.said {
				p.apply(event.Event{Type: event.TypeConsentChanged, Member: 7, Chain: s.chain, Time: outreachDay + event.Millis(i),
					Body: &event.Consent{Purpose: s.purpose, Channel: s.channel, Granted: s.granted}})
			}
			f := p.freeze()
			defer f.Release()
			var o engine.Outreach
			if got := f.Outreach(0, &o); got != c.want {
				t.Errorf("outreach is %t, want %t", got, c.want)
			}
			if !c.want && len(o.Chains) > 0 {
				t.Errorf("chains %v of a member who may not be sent", o.Chains)
			}
		})
	}
}

func TestOutreachChainsAreThoseOfAffinities(t *testing.T) {
	p := newSpeaker(t, engine.OfferOptions{})
	p.says(event.Marketing, "", "", true)
	f := p.freeze()
	var o engine.Outreach
	if !f.Outreach(0, &o) {
		t.Fatal("the member may be sent")
	}
	want := p.Affinities(7, outreachDay, 10).Chains
	if len(o.Chains) != 2 || len(want) != 2 {
		t.Fatalf("chains %v, affinities %v", o.Chains, want)
	}
	for i, c := range o.Chains {
		if c.Chain != want[i].ID || math.Abs(c.Share-want[i].Score) > 1e-9 {
			t.Errorf("chain %d is %v, want %s with %v", i, c, want[i].ID, want[i].Score)
		}
	}
	f.Release()

	p.says(event.Personalisation, "north", "", false)
	f = p.freeze()
	if !f.Outreach(0, &o) || len(o.Chains) != 1 || o.Chains[0] != (engine.ChainShare{Chain: "south", Share: 1}) {
		t.Errorf("chains %v where north may not use what is held", o.Chains)
	}
	if o.May("north") || !o.May("south") || !o.May("") {
		t.Error("north alone may not use what is held")
	}
	f.Release()
}

// TestOutreachStandsStill changes the member while a view is taken.
func TestOutreachStandsStill(t *testing.T) {
	p := newSpeaker(t, engine.OfferOptions{})
	p.says(event.Marketing, "", "", true)
	f := p.freeze()
	defer f.Release()
	p.says(event.Marketing, "", "", false)
	p.apply(event.Event{Type: event.TypeReceipt, Member: 7, Chain: "east", Body: &event.Receipt{Lines: []event.Line{{Product: "a", Qty: 1}}}})
	var o engine.Outreach
	if !f.Outreach(0, &o) || len(o.Chains) != 2 {
		t.Errorf("chains %v, want the two of the view", o.Chains)
	}
	if f.Outreach(-1, &o) || f.Outreach(f.Members(), &o) {
		t.Error("nobody may be sent")
	}
	if _, err := p.Freeze(outreachDay); err != engine.ErrFrozen {
		t.Errorf("a second view: %v", err)
	}
}
