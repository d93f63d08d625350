package eval

import (
	"cmp"
	"slices"

	"nabo/engine/event"
)

// ledger counts what happened, for the baselines. It sees the events that the
// engine sees and nothing else.
type ledger struct {
	category map[string]string // of a product
	sold     map[string]int    // lines of a product
	offers   map[string]*booked
	members  map[event.Token]*counted
}

// booked is what is known of an offer.
type booked struct {
	products, categories []string // each once
	redeemed             int
}

// counted is what a member bought, in lines.
type counted struct {
	lines      int
	products   map[string]int
	categories map[string]int
}

func newLedger() *ledger {
	return &ledger{
		category: map[string]string{}, sold: map[string]int{},
		offers: map[string]*booked{}, members: map[event.Token]*counted{},
	}
}

// note counts an admitted event.
func (l *ledger) note(ev *event.Event) {
	switch b := ev.Body.(type) {
	case *event.Product:
		l.category[b.Product] = b.Category
	case *event.Receipt:
		l.bought(ev.Member, b.Lines)
	case *event.Offer:
		l.announced(b)
	case *event.OfferRedeemed:
		if o := l.offers[b.Offer]; o != nil {
			o.redeemed++
		}
	}
}

func (l *ledger) bought(member event.Token, lines []event.Line) {
	m := l.members[member]
	if m == nil {
		m = &counted{products: map[string]int{}, categories: map[string]int{}}
		l.members[member] = m
	}
	for i := range lines {
		if lines[i].Return {
			continue
		}
		product := lines[i].Product
		l.sold[product]++
		m.lines++
		m.products[product]++
		m.categories[l.category[product]]++
	}
}

func (l *ledger) announced(o *event.Offer) {
	known := l.offers[o.Offer]
	if known == nil {
		known = &booked{}
		l.offers[o.Offer] = known
	}
	known.products, known.categories = o.Products, nil
	for _, p := range o.Products {
		if c := l.category[p]; c != "" {
			known.categories = append(known.categories, c)
		}
	}
	slices.Sort(known.categories)
	known.categories = slices.Compact(known.categories)
}

// baseline is an obvious way to rank offers, which the engine has to beat.
type baseline struct {
	name  string
	value func(o *booked, m *counted) float64
}

func baselines() []baseline {
	return []baseline{
		{"products covered", func(o *booked, _ *counted) float64 { return float64(len(o.products)) }},
		{"own purchases", func(o *booked, m *counted) float64 { return sum(o.products, m.products) }},
		{"own category share", func(o *booked, m *counted) float64 {
			return sum(o.categories, m.categories) / float64(max(m.lines, 1))
		}},
		{"earlier redemptions", func(o *booked, _ *counted) float64 { return float64(o.redeemed) }},
	}
}

func sum(of []string, counts map[string]int) float64 {
	n := 0
	for _, name := range of {
		n += counts[name]
	}
	return float64(n)
}

// answers returns the simple ways' lists.
func (l *ledger) answers(q *question) (out [][]string) {
	for _, b := range baselines() {
		out = append(out, l.rank(q, b))
	}
	return out
}

// methodsOf names the ways to answer a task, the engine first.
func methodsOf(task Task) []string {
	out := []string{"nabo"}
	if task == Offers {
		for _, b := range baselines() {
			out = append(out, b.name)
		}
		return out
	}
	for _, way := range simplesOf(task) {
		out = append(out, way.name)
	}
	return out
}

// weights returns how often each offer was redeemed.
func (l *ledger) weights() map[string]float64 {
	out := make(map[string]float64, len(l.offers))
	for id, o := range l.offers {
		out[id] = float64(o.redeemed)
	}
	return out
}

// rank returns the candidates that are known by their value, those of equal
// value by id.
func (l *ledger) rank(q *question, b baseline) (out []string) {
	m := l.members[tokenOf(q.Member)]
	if m == nil {
		m = &counted{}
	}
	values := make(map[string]float64, len(q.Candidates))
	for _, id := range q.Candidates {
		if o := l.offers[id]; o != nil {
			values[id] = b.value(o, m)
			out = append(out, id)
		}
	}
	slices.SortFunc(out, func(a, b string) int { return cmp.Or(cmp.Compare(values[b], values[a]), cmp.Compare(a, b)) })
	out = slices.Compact(out)
	return out[:min(len(out), Length)]
}
