package server

import (
	"time"

	"nabo/engine"
	"nabo/engine/event"
	"nabo/engine/expr"
)

// DecisionStore keeps packed decisions over restarts. Both methods are any
// goroutine's and must not wait for the disk longer than a look-up takes.
type DecisionStore interface {
	// Put hands a decision over, to be written later; it copies packed. What
	// the store has no room for is lost, and counted by the store.
	Put(id [16]byte, until time.Time, packed []byte)
	// Get appends a decision to dst; false: it is not there, or no longer.
	Get(id [16]byte, dst []byte) ([]byte, bool, error)
}

// askOffers answers a question about offers with c.params, and leaves the
// answer's JSON at the end of c.out.
func (s *Server) askOffers(q *question, c *call) *Problem {
	if bad := s.fillOffers(q, &c.params, &c.offers); bad != nil {
		return bad
	}
	s.answerOffers(c, q.op, "")
	return nil
}

// answerOffers answers c.offers and keeps the decision. previous is the
// decision before, if this is a next page of it.
func (s *Server) answerOffers(c *call, op, previous string) {
	now := s.now()
	c.offers.Trace = true // a decision holds the rule behind each offer that was left out
	s.opt.Engine.Offers(&c.offers, now, &c.offered)
	s.nameDecision(c, now)
	hold := holdOf(c.offered.Scenario.HoldDays)
	c.decision = packOffers(c.decision[:0], &offersAsked{asked: now, hold: hold, op: op, previous: previous}, &c.offers, &c.offered)
	s.keepOffers(c, now, hold)
	c.out = appendOfferAnswer(c.out, c.idText[:], s.opt.Engine, c.offers.Scenario, &c.offered, c.offers.Explain, previous)
}

// keepOffers keeps the packed decision in c, for as long as its scenario says.
func (s *Server) keepOffers(c *call, now event.Millis, hold event.Millis) {
	if hold <= 0 {
		return
	}
	s.decisions.put(c.id, c.decision)
	if s.opt.Decisions != nil {
		s.opt.Decisions.Put(c.id, (now + hold).Time(), c.decision)
	}
}

// holdOf gives days as milliseconds.
func holdOf(days float64) event.Millis {
	return event.Millis(days * 24 * float64(time.Hour/time.Millisecond))
}

// fillOffers makes the engine's question of what was asked. It looks up the
// member's token and creates none: a read leaves no trace.
func (s *Server) fillOffers(q *question, p *params, to *engine.OfferQuery) *Problem {
	*to = engine.OfferQuery{
		Scenario: p.scenario, Store: p.store, Chain: p.chain, Channel: p.channel,
		Basket: p.basket, Session: event.HashID(p.session), Exclude: p.exclude, After: p.after,
		Diversity: p.diversity, RotationRate: p.rotationRate, Explain: p.explain,
	}
	if p.has(pCount) {
		to.Count = p.count
	}
	if q.most > 0 {
		to.Count = q.most
	}
	if p.member != "" {
		to.Member, _ = s.opt.Tokens.Token(p.member)
	}
	var bad *Problem
	if to.Filter, bad = s.compile(pFilter, p.filter, expr.Filter); bad != nil {
		return bad
	}
	to.Booster, bad = s.compile(pBooster, p.booster, expr.Booster)
	return bad
}

// compile compiles an expression that may be left out.
func (s *Server) compile(one param, src string, kind expr.Kind) (*expr.Program, *Problem) {
	if src == "" {
		return nil, nil
	}
	program, err := s.opt.Engine.Compile(src, kind)
	if err != nil { // an *expr.Error: it says the line and the column
		name := one.info().name
		return nil, fault(badParameter, "the parameter "+name+" is not valid", "/"+name, err.Error())
	}
	return program, nil
}
