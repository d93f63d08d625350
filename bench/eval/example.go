package eval

import (
	"cmp"
	"slices"
	"strings"

	"nabo/engine"
)

// Example is one question with the engine's answer and what was right, in the
// words that a reader knows. It does not say whose it was.
type Example struct {
	Day    string        `json:"day"`             // as of which it was asked
	Given  []string      `json:"given,omitempty"` // the products given
	Answer []ExampleItem `json:"answer"`          // the first of the list
	Right  []string      `json:"right"`           // all that was right
}

// ExampleItem is one item of an example's answer.
type ExampleItem struct {
	Name  string `json:"name"`
	Why   string `json:"why"`
	Right bool   `json:"right"`
}

// How many examples a task has, and how much of each list they show. They are
// picked by a hash of their ids and not by how well the answer is.
const (
	examples     = 3
	exampleItems = 6
)

// showcase returns which questions become examples.
func (ex *exam) showcase() map[int]bool {
	out := map[int]bool{}
	for _, task := range ex.tasks() {
		var places []int
		for i := range ex.asked {
			if q := &ex.asked[i]; q.task == task && len(ex.right[task][q.ID]) > 0 {
				places = append(places, i)
			}
		}
		slices.SortFunc(places, func(a, b int) int { return cmp.Compare(lot(ex.asked[a].ID), lot(ex.asked[b].ID)) })
		for _, i := range places[:min(examples, len(places))] {
			out[i] = true
		}
	}
	return out
}

// shown is what an answer said, before it is asked the next time.
type shown struct{ items, why []string }

// sayAnswer writes down the beginning of an answer.
func sayAnswer(a *engine.Answer) (out shown) {
	for i := range a.Recomms[:min(exampleItems, len(a.Recomms))] {
		out.items = append(out.items, a.Recomms[i].Product.ID)
		out.why = append(out.why, string(engine.AppendSentence(nil, a.Recomms[i].Reasons)))
	}
	return out
}

// sayOffers does for offers what sayAnswer does.
func sayOffers(a *engine.OfferAnswer) (out shown) {
	for i := range a.Items[:min(exampleItems, len(a.Items))] {
		out.items = append(out.items, a.Items[i].Offer.Spec.Offer)
		out.why = append(out.why, string(engine.AppendSentence(nil, a.Items[i].Reasons)))
	}
	return out
}

// examplesOf puts a task's examples into words.
func (ex *exam) examplesOf(task Task, p *played, named func(id string) string) (out []Example) {
	all := func(ids []string) (names []string) {
		for _, id := range ids {
			names = append(names, named(id))
		}
		return names
	}
	for i := range ex.asked {
		q := &ex.asked[i]
		said, ok := p.said[i]
		if !ok || q.task != task {
			continue
		}
		e := Example{Day: dayOf(p.asOf[i]), Given: all(q.Query), Right: all(ex.right[task][q.ID])}
		right := ex.right[task][q.ID].set()
		for n, id := range said.items {
			e.Answer = append(e.Answer, ExampleItem{named(id), said.why[n], right[id]})
		}
		out = append(out, e)
	}
	return out
}

// naming returns how the history calls products and offers: by their names, an
// offer by the first of its products, or else by their ids.
func (h *history) naming(task Task) func(id string) string {
	names := map[string]string{}
	for i := range h.products {
		if p := &h.products[i]; p.name != "" {
			names[p.id] = p.name
		}
	}
	name := func(id string) string { return cmp.Or(names[id], id) }
	if task != Offers {
		return name
	}
	covers := map[string]string{}
	for i := range h.campaigns {
		for _, id := range h.campaigns[i].offers {
			products := h.campaigns[i].products[id]
			said := name(products[0])
			if len(products) > 1 {
				said += " and more"
			}
			covers[id] = "offer " + id + ": " + strings.ToLower(said)
		}
	}
	return func(id string) string { return cmp.Or(covers[id], id) }
}
