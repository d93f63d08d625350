package eval

import (
	"math"
	"time"

	"nabo/engine"
)

// ask puts a question to the engine and to the simple ways.
func (r *replay) ask(q *question, place int) {
	lists := make([][]string, 0, 8)
	lists = append(lists, r.recommend(q, place))
	switch {
	case r.alone:
	case q.task == Offers:
		lists = append(lists, r.ledger.answers(q)...)
	default:
		lists = append(lists, r.tills.answers(q)...)
	}
	r.lists, r.asOf = append(r.lists, lists), append(r.asOf, r.asOfNow(q))
}

// recommend asks the engine as the server does.
func (r *replay) recommend(q *question, place int) []string {
	at := r.asOfNow(q)
	out := make([]string, 0, Length) // not null where it is written
	if q.task == Offers {
		a := &r.offers
		began := time.Now()
		r.engine.Offers(&engine.OfferQuery{
			Member: tokenOf(q.Member), Scenario: scenarioName, Among: q.Candidates, Count: Length,
			Diversity: math.NaN(), RotationRate: math.NaN(),
		}, at, a)
		r.took = append(r.took, time.Since(began))
		if r.show[place] {
			r.said[place] = sayOffers(a)
		}
		for i := range a.Items {
			out = append(out, a.Items[i].Offer.Spec.Offer)
		}
		return out
	}
	query := engine.Query{Count: Length}
	switch q.task {
	case NextBasket:
		query.Kind, query.Member = engine.Goods, tokenOf(q.Member)
	case Together:
		query.Kind, query.Product = engine.Together, q.Query[0]
	default:
		query.Kind, query.Products = engine.Basket, q.Query
	}
	began := time.Now()
	r.engine.Recommend(&query, at, &r.answer)
	r.took = append(r.took, time.Since(began))
	if r.show[place] {
		r.said[place] = sayAnswer(&r.answer)
	}
	for i := range r.answer.Recomms {
		out = append(out, r.answer.Recomms[i].Product.ID)
	}
	return out
}
