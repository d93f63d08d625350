package engine

import (
	"math"
	"slices"
	"strings"
	"sync"
	"unicode"

	"nabo/engine/event"
	"nabo/engine/offer"
	"nabo/graph"
)

// Found is a product that a search found.
type Found struct {
	Product *Product
	Support float64 // receipts with it, faded
}

// searches keeps what searches look at: each product's words, in small letters,
// with a space before each. A product's entry never changes, so its words are
// made again when there is another entry.
type searches struct {
	mu    sync.Mutex
	texts []searched // by node; guarded by mu
}

type searched struct {
	of  *Product
	id  string
	all string // words of name, brand and category
}

// FindProducts returns the products that a search finds, and how many there
// are: all that are bought or in the catalogue for an empty one. Each word of
// it must begin a word of the name, the brand or the category, or be in the id.
// One whose id is what is searched for is first, then what is bought most. An
// empty category is any. Anybody may call it; it looks at every product.
func (e *Engine) FindProducts(search, category string, count int, now event.Millis) (found []Found, of int) {
	supports := e.bought.Supports(int64(e.Clock(now)))
	var top ranking
	top.reset(count)
	e.matching(search, func(n graph.Node, p *Product) {
		s, alive := supports.Of(n)
		if (category != "" && p.Category != category) || !alive || (s == 0 && !p.Known) {
			return
		}
		of++
		score := float64(s)
		if p.ID == search {
			score = math.Inf(1)
		}
		if top.wants(score, n) {
			top.take(score, n, 0)
		}
	})
	for _, t := range top.items {
		s, _ := supports.Of(t.node)
		found = append(found, Found{e.catalogue.item(t.node), float64(s)})
	}
	return found, of
}

// FindOffers returns whether an offer is one that a search finds: each word of
// it must be found in the offer's own name, id, categories or funder, or in one
// product that it covers. Anybody may call it; it looks at every product once.
func (e *Engine) FindOffers(search string) func(o *offer.Entry) bool {
	words := wordsOf(search)
	covered := make([]graph.Set, len(words))
	for i, w := range words {
		e.matching(w, func(n graph.Node, _ *Product) { covered[i].Add(n) })
	}
	return func(o *offer.Entry) bool {
		id, own := strings.ToLower(o.Spec.Offer), textOf(append([]string{o.Spec.Name, o.Spec.FundedBy}, o.Spec.Categories...)...)
		for i, w := range words {
			if !has(id, own, w) && !slices.ContainsFunc(o.Products, covered[i].Has) {
				return false
			}
		}
		return true
	}
}

// matching gives every product that has all words of a search.
func (e *Engine) matching(search string, give func(n graph.Node, p *Product)) {
	words := wordsOf(search)
	s := &e.searches
	s.mu.Lock()
	defer s.mu.Unlock()
	for n := range e.bought.Nodes() {
		p := e.catalogue.item(n)
		if int(n) == len(s.texts) {
			s.texts = append(s.texts, searched{})
		}
		t := &s.texts[n]
		if t.of != p {
			*t = searched{p, strings.ToLower(p.ID), textOf(p.Name, p.Brand, p.Category)}
		}
		if !slices.ContainsFunc(words, func(w string) bool { return !has(t.id, t.all, w) }) {
			give(n, p)
		}
	}
}

// has says whether a word is in an id or begins a word of a text.
func has(id, text, word string) bool {
	return strings.Contains(text, word) || strings.Contains(id, word[1:])
}

// wordsOf takes a text apart, into words in small letters with a space before
// each.
func wordsOf(text string) []string {
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	for i := range words {
		words[i] = " " + words[i]
	}
	return words
}

// textOf puts texts together as searches want them.
func textOf(texts ...string) string {
	var b strings.Builder
	for _, t := range texts {
		for _, w := range wordsOf(t) {
			b.WriteString(w)
		}
	}
	return b.String()
}

// weigh is how many products' words are kept and what they take, about.
func (s *searches) weigh() (count int, bytes uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.texts {
		bytes += uint64(len(s.texts[i].all) + len(s.texts[i].id))
	}
	return len(s.texts), bytes + uint64(cap(s.texts))*40
}
