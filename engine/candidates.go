package engine

import (
	"nabo/engine/event"
	"nabo/engine/expr"
	"nabo/engine/offer"
)

// consent leaves out what the member has not agreed to be used.
func (x *suiting) consent() {
	who := &x.s.who
	x.a.ActivationsLeft = x.lens.view.ActivationsLeft(&who.record, x.now)
	x.a.Personalised = false
	if who.member == nobody {
		return
	}
	if !who.record.Personalised(x.q.Chain, x.q.Channel, x.e.opt.Offers.asBook()) {
		who.forgetOwn()
		return
	}
	x.a.Personalised = len(who.goods) > 0 || who.profile != nil
}

// surroundings turns what the question says into what rules and expressions
// are asked with.
func (x *suiting) surroundings() {
	q, s := x.q, x.s
	s.basket = s.basket[:0]
	for _, id := range q.Basket {
		if n, ok := x.e.catalogue.node(id); ok && x.lens.knows(n) {
			s.basket = append(s.basket, n)
		}
	}
	if q.Session != 0 && x.frozen == nil {
		s.basket = x.e.sessions.basketOf(s.basket, q.Session)
	}
	s.basket = distinct(s.basket)
	weekday, hour, day := x.e.localTime(s.who.profile, x.now)
	s.context = expr.Context{
		Scenario: x.a.Scenario.Name, Store: q.Store, Chain: q.Chain, Channel: q.Channel,
		Weekday: weekday, Hour: hour, Basket: q.Basket, Now: x.now,
	}
	x.seed = spread(uint64(s.who.token)^event.HashID(x.a.Scenario.Name)) ^ spread(uint64(day))
	s.asker = offer.Asker{
		Now: x.now, Store: q.Store, Chain: q.Chain, Channel: q.Channel,
		Context: &s.context, Member: (*event.Member)(s.who.profile), Record: &s.who.record,
	}
	s.input = expr.Input{Member: s.asker.Member, Context: &s.context}
}

// candidates finds which offers may be in the answer.
func (x *suiting) candidates() {
	s, view := x.s, x.lens.view
	eligible, rules := view.Explain(&s.asker, &s.eligible)
	s.allowed.Words = append(s.allowed.Words[:0], eligible.Words...)
	s.rules = append(s.rules[:0], rules...)
	x.pointless()
	if len(x.q.Among) > 0 {
		x.only()
	}
	for _, id := range x.q.Exclude {
		if p, ok := view.Place(id); ok {
			x.leaveOut(p, offer.Excluded)
		}
	}
	if x.a.Scenario.Enabled {
		x.filter(x.a.Scenario.Filter)
		x.filter(x.q.Filter)
	} else {
		for p := s.allowed.Next(0); p >= 0; p = s.allowed.Next(p + 1) {
			x.leaveOut(p, offer.Filtered)
		}
	}
	x.a.Candidates = s.allowed.Count()
	if x.q.Trace {
		x.drops()
	}
}

// pointless leaves out what an activated offer makes pointless, and what the
// one would that the question takes as activated.
func (x *suiting) pointless() {
	view, record := x.lens.view, &x.s.who.record
	for i := range record.Uses {
		p, ok := view.PlaceOf(record.Uses[i].Slot)
		if ok && record.Uses[i].Open && x.s.rules[p] != offer.Withdrawn && x.s.rules[p] != offer.Ended {
			x.beside(p)
		}
	}
	if x.q.After == "" {
		return
	}
	if p, ok := view.Place(x.q.After); ok {
		x.leaveOut(p, offer.Activated)
		x.beside(p)
	}
}

// beside leaves out what an offer makes pointless, but not the offer itself.
func (x *suiting) beside(p int32) {
	same := x.lens.view.Overlapping(p)
	for q := same.Next(0); q >= 0; q = same.Next(q + 1) {
		if q != p {
			x.leaveOut(q, offer.Pointless)
		}
	}
}

func (x *suiting) leaveOut(p int32, rule offer.Rule) {
	if x.s.allowed.Has(p) {
		x.s.allowed.Drop(p)
		x.s.rules[p] = rule
	}
}

// only leaves in what the question names.
func (x *suiting) only() {
	wanted := make(map[int32]bool, len(x.q.Among))
	for _, id := range x.q.Among {
		if p, ok := x.lens.view.Place(id); ok {
			wanted[p] = true
		}
	}
	for p := x.s.allowed.Next(0); p >= 0; p = x.s.allowed.Next(p + 1) {
		if !wanted[p] {
			x.leaveOut(p, offer.NotAsked)
		}
	}
}

// drops names the rule behind each offer that was left out.
func (x *suiting) drops() {
	for p, o := range x.lens.view.Offers {
		if !x.s.allowed.Has(int32(p)) {
			x.a.Dropped = append(x.a.Dropped, OfferDrop{o, x.s.rules[p]})
		}
	}
}
