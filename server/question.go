package server

import (
	"context"

	"nabo/engine"
	"nabo/engine/event"
	"nabo/engine/rank"
)

// question is one of the questions that the server takes: the same one over
// HTTP, in a batch, and as a request over NATS.
type question struct {
	op       string // its name in a batch
	kind     engine.Kind
	offers   bool   // it asks for offers; kind is not read
	most     int    // how many items at most, whatever is asked for; 0: as asked
	path     string // where it is asked over HTTP
	subject  param  // what the path's {id} is; zero: the path has none
	required param  // what must be there besides the subject
	optional param
	summary  string
	doc      string
	tag      string
}

// all gives every parameter that the question takes, with the path's.
func (q *question) all() param { return q.subject | q.required | q.optional }

// questions are all there are, in the order of the documentation.
type questions []question

// everywhere are the parameters that every question takes.
const everywhere = pCount | pExclude | pScenario | pExplain | pMinSeq

func newQuestions() questions {
	return questions{
		{
			op: "together", kind: engine.Together, path: "/v1/products/{id}/bought-together", tag: "Recommendations",
			subject: pProduct, optional: everywhere | pStore | pChain | pMinSupport,
			summary: "What is bought together with a product",
			doc: "Each item says on how many receipts both are (support, faded with age), how many times likelier that is than by chance (lift), " +
				"and when it last happened. `store` and `chain` keep what is sold there; the counts are everyone's. A product that nobody knows is no error: " +
				"the answer is then filled from what is popular.",
		}, {
			op: "similar", kind: engine.Similar, path: "/v1/products/{id}/similar", tag: "Recommendations",
			subject: pProduct, optional: everywhere | pStore | pChain,
			summary: "What could stand in for a product",
			doc:     "From what is looked at in the same sessions and bought in the same company, and from the category and the brand.",
		}, {
			op: "trending", kind: engine.Trending, path: "/v1/trending", tag: "Recommendations",
			optional: everywhere | pStore | pChain | pCategory | pWindow,
			summary:  "What sells more than usual",
			doc:      "Over the last hour, day or week, everywhere or in one store, chain or category.",
		}, {
			op: "basket", kind: engine.Basket, path: "/v1/basket/recommendations", tag: "Recommendations",
			required: 0, optional: everywhere | pProducts | pMember | pSession | pStore | pChain,
			summary: "What completes a basket",
			doc:     "Give the products that are in it, or the session that they were scanned or put into a cart in, or both. An anonymous basket is served in full.",
		}, {
			op: "products", kind: engine.Goods, path: "/v1/members/{id}/products", tag: "Members",
			subject: pMember, optional: everywhere | pStore | pChain | pLogic,
			summary: "A member's goods",
			doc: "What they buy again when it is due (`buy-again`), what goes with it and is new to them (`discover`), or both. A member that nobody knows is no error: " +
				"the answer is then filled from what is popular, and `personalised` is false.",
		}, {
			op: "offers", offers: true, path: "/v1/members/{id}/offers", tag: "Offers",
			subject: pMember, optional: everywhere | ofOffers | pBasket | pExclude | pFilter | pBooster | pDiversity | pRotationRate,
			summary: "The offers that suit a member best",
			doc: "Only what may be offered to them, here and now. `count` is the scenario's if left out, 35 where it does not say. `explain` adds the parts of each score, " +
				"the bindings behind it, and the rule behind each offer that was left out; the decision can be looked up with all of it in either case. " +
				"A member that nobody knows is no error: they get what is popular.",
		}, {
			op: "next-offer", offers: true, most: 1, path: "/v1/members/{id}/next-offer", tag: "Offers",
			subject: pMember, optional: (everywhere | ofOffers | pAfter | pBasket) &^ pCount,
			summary: "The next best offer",
			doc:     "One offer at most, as if the one in `after` were activated: never that one, and none that it makes pointless.",
		},
	}
}

// ofOffers are the parameters that every question about offers takes besides.
const ofOffers = pStore | pChain | pChannel | pSession

func (qs questions) named(op string) *question {
	for i := range qs {
		if qs[i].op == op {
			return &qs[i]
		}
	}
	return nil
}

// ask answers the question with c.params, and leaves the answer's JSON at the
// end of c.out. The decision is kept.
func (s *Server) ask(ctx context.Context, q *question, c *call) *Problem {
	if bad := c.params.require(q.subject | q.required); bad != nil {
		return bad
	}
	if bad := s.reach(ctx, c.params.minSeq); bad != nil {
		return bad
	}
	defer s.lookedUp()
	if q.offers {
		return s.askOffers(q, c)
	}
	s.fillQuery(q.kind, &c.params, &c.query)
	s.answerGoods(c, c.params.scenario, "")
	return nil
}

// answerGoods answers c.query. previous is the decision before, if this is a
// next page of it.
func (s *Server) answerGoods(c *call, scenario, previous string) {
	now := s.now()
	s.opt.Engine.Recommend(&c.query, now, &c.answer)
	s.nameDecision(c, now)
	ref := ScenarioRef{Name: scenario}
	if scenario != "" {
		ref.Version = s.opt.Engine.Scenario(scenario).Version
	}
	c.decision = packDecision(append(c.decision[:0], formGoods), now, ref, previous, &c.query, &c.answer)
	s.decisions.put(c.id, c.decision)
	c.out = appendAnswer(c.out, c.idText[:], ref, &c.answer, previous)
}

// nameDecision draws the decision's id.
func (s *Server) nameDecision(c *call, now event.Millis) {
	s.opt.Chance(c.id[6:])
	c.id.SetTime(uint64(max(now, 0)) & (1<<48 - 1)) // fits, so there is no error
	c.id.MarshalTextTo(c.idText[:])                 // the room is right, so there is no error
}

// fillQuery makes the engine's question of what was asked. It looks up the
// member's token and creates none: a read leaves no trace.
func (s *Server) fillQuery(kind engine.Kind, p *params, q *engine.Query) {
	*q = engine.Query{
		Kind: kind, Product: p.product, Products: p.products, Store: p.store, Chain: p.chain, Category: p.category,
		Window: windowNamed(p.window), Logic: logicNamed(p.logic), Count: p.count, MinSupport: p.minSupport,
		Exclude: p.exclude, Explain: p.explain, Session: event.HashID(p.session),
	}
	if p.member != "" {
		q.Member, _ = s.opt.Tokens.Token(p.member)
	}
	if p.scenario != "" {
		applyScenario(s.opt.Engine.Scenario(p.scenario), p, q)
	}
}

// applyScenario fills in what the question does not say from what an event has
// set for the place. What is built in is made for offers and says nothing of
// goods.
func applyScenario(sc *rank.Scenario, p *params, q *engine.Query) {
	if sc.Version == 0 {
		return
	}
	if !p.has(pCount) {
		q.Count = sc.Count
	}
	if q.Kind != engine.Goods || p.has(pLogic) {
		return
	}
	q.Logic = goodsLogic(sc.Logic)
}

// goodsLogic gives what goods a scenario's lists are made of: mixed, which is
// what there is without a scenario, where they are made of offers.
func goodsLogic(l rank.Logic) engine.Logic {
	switch l {
	case rank.BuyAgain:
		return engine.BuyAgain
	case rank.Discover:
		return engine.Discover
	}
	return engine.Mixed
}

func windowNamed(name string) engine.Window {
	switch name {
	case "1h":
		return engine.Hour
	case "7d":
		return engine.Week
	default:
		return engine.Day
	}
}

func windowName(w engine.Window) string {
	switch w {
	case engine.Hour:
		return "1h"
	case engine.Week:
		return "7d"
	default:
		return "1d"
	}
}

func logicNamed(name string) engine.Logic {
	switch name {
	case "buy-again":
		return engine.BuyAgain
	case "discover":
		return engine.Discover
	default:
		return engine.Mixed
	}
}

func logicName(l engine.Logic) string {
	switch l {
	case engine.BuyAgain:
		return "buy-again"
	case engine.Discover:
		return "discover"
	default:
		return "mixed"
	}
}
