package server

import (
	"math"

	"github.com/oklog/ulid/v2"

	"nabo/engine"
	"nabo/engine/event"
	"nabo/engine/expr"
	"nabo/engine/offer"
)

// getOffersDecision gives a decision about offers: what was answered then, and
// what has become of each offer.
func (s *Server) getOffersDecision(id ulid.ULID, packed []byte, explain bool) (*decisionOutput, error) {
	d, bad := s.openOffers(packed)
	if bad != nil {
		return nil, bad
	}
	until := (d.asked + d.hold).Time()
	out := Decision{
		RecommID: id.String(), Time: d.asked.Time(), AsOf: AsOf{Seq: d.seq, Time: d.at.Time()},
		Question: s.offersQuestionOf(d), Personalised: d.personalised, Scenario: &ScenarioRef{d.query.Scenario, d.version},
		ActivationsLeft: &d.activationsLeft, Candidates: &d.candidates, HeldUntil: &until,
		Recomms: s.offerItemsOf(d), Dropped: s.droppedOf(d.dropped), Previous: d.previous,
	}
	if explain {
		explained, bad := s.explainOffers(d)
		if bad != nil {
			return nil, bad
		}
		out.Explained = explained
	}
	return &decisionOutput{out}, nil
}

// openOffers takes a packed decision about offers apart, if it may still be
// given.
func (s *Server) openOffers(packed []byte) (*offersDecision, *Problem) {
	d, err := unpackOffers(packed)
	if err != nil {
		s.opt.Log.Error("a kept decision cannot be read", "error", err)
		return nil, asProblem(err)
	}
	if s.now() > d.asked+d.hold {
		return nil, s.noDecision()
	}
	return &d, s.stillKnown(d.query.Member)
}

func (s *Server) offersQuestionOf(d *offersDecision) Question {
	q := &d.query
	out := Question{
		Op: d.op, Session: q.Session != 0, Store: q.Store, Chain: q.Chain, Channel: q.Channel, Scenario: q.Scenario,
		Count: q.Count, Basket: q.Basket, After: q.After, Filter: d.filter, Booster: d.booster,
		Diversity: priceOf(q.Diversity), RotationRate: priceOf(q.RotationRate), Exclude: q.Exclude,
	}
	if q.Member != 0 {
		out.Member, _ = s.opt.Tokens.ID(q.Member)
	}
	return out
}

func (s *Server) droppedOf(dropped []slotDropped) []DroppedOffer {
	out := make([]DroppedOffer, 0, len(dropped))
	for _, d := range dropped {
		if o, ok := s.opt.Engine.OfferNumbered(d.slot); ok { // else it is over for so long that nobody knows its name
			out = append(out, DroppedOffer{o.Spec.Offer, d.rule.String()})
		}
	}
	return out
}

func (s *Server) offerItemsOf(d *offersDecision) []DecisionItem {
	now := s.whatNow(d)
	out := make([]DecisionItem, len(d.items))
	for i := range d.items {
		it := &d.items[i]
		parts := OfferParts(it.parts)
		out[i] = DecisionItem{
			ID: it.id, Score: Fixed(it.score), Rank: i + 1, Source: sourceName(it.source), Reason: s.reasonsOf(it.reasons),
			Parts: &parts, Explored: it.explored, MemberPrice: priceOf(it.price), ValidThrough: momentOf(it.through),
			Evidence: evidenceOf(it.evidence),
		}
		now.fill(s.opt.Engine, &out[i])
	}
	return out
}

// reasonsOf makes the sentences of reasons that were kept; a product that is
// no longer known goes by its id.
func (s *Server) reasonsOf(kept []reasonKept) []string {
	out := make([]string, len(kept))
	for i := range kept {
		k := &kept[i]
		if k.other != "" {
			k.Other = &engine.Product{ID: k.other, Name: k.other}
			if p, ok := s.opt.Engine.Product(k.other); ok {
				k.Other = p
			}
		}
		out[i] = string(k.AppendText(nil))
	}
	return out
}

// became is what has become of the offers of a decision.
type became struct {
	now     event.Millis
	at      engine.OfferAnswer
	items   map[string]*engine.OfferItem
	dropped map[string]offer.Rule
}

// whatNow asks the engine which of a decision's offers the member may have
// now, through the one place where that is decided. It asks in no channel and
// no scenario: that a mail may not be sent any more, or that another filter is
// set, takes nothing from whom it has reached.
func (s *Server) whatNow(d *offersDecision) *became {
	b := &became{now: s.now(), items: map[string]*engine.OfferItem{}, dropped: map[string]offer.Rule{}}
	if len(d.items) == 0 {
		return b
	}
	q := engine.OfferQuery{
		Member: d.query.Member, Store: d.query.Store, Chain: d.query.Chain, Count: engine.MaxCount,
		Diversity: math.NaN(), RotationRate: math.NaN(), Trace: true,
	}
	for i := range d.items {
		q.Among = append(q.Among, d.items[i].id)
	}
	s.opt.Engine.Offers(&q, b.now, &b.at)
	for i := range b.at.Items {
		b.items[b.at.Items[i].Offer.Spec.Offer] = &b.at.Items[i]
	}
	for _, d := range b.at.Dropped {
		b.dropped[d.Offer.Spec.Offer] = d.Rule
	}
	return b
}

// fill says what an item is now.
func (b *became) fill(e *engine.Engine, item *DecisionItem) {
	rule := b.rule(e, item.ID)
	available := rule == 0 || rule == offer.Activated
	item.Available, item.Rule = &available, rule.String()
	if it := b.items[item.ID]; it != nil {
		values := offerValuesOf(e, it)
		item.Values = &values
		return
	}
	if entry, ok := e.OfferNamed(item.ID); ok {
		values := offerValuesOf(e, &engine.OfferItem{Offer: entry, Price: entry.Spec.MemberPrice, ValidThrough: entry.Spec.ValidThrough})
		item.Values = &values
	}
}

// rule gives why the member may not have an offer now; zero: they may. That an
// activated offer makes it pointless does not take it away.
func (b *became) rule(e *engine.Engine, id string) offer.Rule {
	if b.items[id] != nil {
		return 0
	}
	if rule, ok := b.dropped[id]; ok {
		if rule == offer.Pointless {
			return 0
		}
		return rule
	}
	// It left the view: that takes an hour from its end or its withdrawal.
	if entry, ok := e.OfferNamed(id); ok && entry.Withdrawn {
		return offer.Withdrawn
	}
	return offer.Ended
}

// explainOffers asks the question again as of the moment that it was asked,
// from the state that there is now.
func (s *Server) explainOffers(d *offersDecision) (*Explained, *Problem) {
	if bad := s.compileAgain(d); bad != nil {
		return nil, bad
	}
	var a engine.OfferAnswer
	d.query.Explain = true
	s.opt.Engine.Offers(&d.query, d.asked, &a)
	return &Explained{
		AsOf: AsOf{Seq: a.Seq, Time: a.At.Time()}, Exact: a.Seq == d.seq && a.At == d.at && a.Scenario.Version == d.version,
		Recomms: []Recomm{}, Offers: offerRecommsOf(s.opt.Engine, a.Items, true),
	}, nil
}

// compileAgain gives the question its programs back.
func (s *Server) compileAgain(d *offersDecision) (bad *Problem) {
	if d.query.Filter, bad = s.compile(pFilter, d.filter, expr.Filter); bad != nil {
		return bad
	}
	d.query.Booster, bad = s.compile(pBooster, d.booster, expr.Booster)
	return bad
}
