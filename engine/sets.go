package engine

import (
	"sync"

	"nabo/engine/event"
	"nabo/engine/expr"
	"nabo/engine/offer"
)

// sets keeps what expressions say of every offer, for those that read nothing
// but offers and products: they are evaluated once a lens, not once a question.
type sets struct {
	mu   sync.Mutex
	made map[*expr.Program]*exprSet // guarded by mu
}

// setsKept bounds how many programs' sets are kept for a lens. One more clears
// them all: they are made again as they are asked for.
const setsKept = 128

// exprSet is what one program says; whoever asks first makes it, outside the
// lock of all sets: a costly expression over products holds up only those who
// ask for the same.
type exprSet struct {
	once    sync.Once
	holds   offer.Bits // of a filter
	factors []float32  // of a booster, by place
}

// of returns a program's set, or nil where it reads the member or the context.
func (k *sets) of(e *Engine, l *lens, p *expr.Program) *exprSet {
	if p.Uses()&(expr.UsesMember|expr.UsesContext) != 0 {
		return nil
	}
	set := k.place(p)
	set.once.Do(func() { set.fill(e, l, p) })
	return set
}

// place returns a program's set, which may not be filled yet.
func (k *sets) place(p *expr.Program) *exprSet {
	k.mu.Lock()
	defer k.mu.Unlock()
	if set := k.made[p]; set != nil {
		return set
	}
	if k.made == nil || len(k.made) >= setsKept {
		k.made = map[*expr.Program]*exprSet{}
	}
	set := &exprSet{}
	k.made[p] = set
	return set
}

func (s *exprSet) fill(e *Engine, l *lens, p *expr.Program) {
	var in expr.Input
	var product event.Product
	if p.Kind() == expr.Booster {
		s.factors = make([]float32, len(l.view.Offers))
		for i, o := range l.view.Offers {
			s.factors[i] = float32(l.factor(e, p, o, &in, &product))
		}
		return
	}
	s.holds.Words = make([]uint64, (len(l.view.Offers)+63)/64)
	for i, o := range l.view.Offers {
		if l.holds(e, p, o, &in, &product) {
			s.holds.Add(int32(i))
		}
	}
}

// productsRead bounds of how many of an offer's products an expression over
// products is asked.
const productsRead = 1024

// holds says whether a filter holds for an offer: where it reads the product,
// for at least one that the offer covers.
func (l *lens) holds(e *Engine, p *expr.Program, o *offer.Entry, in *expr.Input, product *event.Product) bool {
	in.Offer = o.Spec
	if p.Uses()&expr.UsesProduct == 0 {
		return p.Holds(in)
	}
	in.Product = product
	for _, n := range o.Products[:min(len(o.Products), productsRead)] {
		*product = l.item(e, n).asEvent()
		if p.Holds(in) {
			return true
		}
	}
	return false
}

// factor is what a booster multiplies an offer's affinity by: where it reads
// the product, the largest of those that the offer covers, 1 if it covers none.
func (l *lens) factor(e *Engine, p *expr.Program, o *offer.Entry, in *expr.Input, product *event.Product) float64 {
	in.Offer = o.Spec
	switch {
	case p.Uses()&expr.UsesProduct == 0:
		return p.Factor(in)
	case len(o.Products) == 0:
		return 1
	}
	in.Product = product
	most := 0.0
	for _, n := range o.Products[:min(len(o.Products), productsRead)] {
		*product = l.item(e, n).asEvent()
		most = max(most, p.Factor(in))
	}
	return most
}

// asEvent is a catalogue entry as expressions read it.
func (p *Product) asEvent() event.Product {
	return event.Product{
		Product: p.ID, Name: p.Name, Category: p.Category, Brand: p.Brand, Image: p.Image,
		Currency: p.Currency, Price: p.Price, Attributes: p.Attributes,
	}
}

// filter leaves out what a filter does not hold for.
func (x *suiting) filter(p *expr.Program) {
	if p == nil {
		return
	}
	set := x.lens.sets.of(x.e, x.lens, p)
	for place := x.s.allowed.Next(0); place >= 0; place = x.s.allowed.Next(place + 1) {
		if set != nil && set.holds.Has(place) {
			continue
		}
		if set != nil || !x.lens.holds(x.e, p, x.lens.view.Offers[place], &x.s.input, &x.s.product) {
			x.leaveOut(place, offer.Filtered)
		}
	}
}

// boosting is one booster of a question.
type boosting struct {
	program *expr.Program
	set     *exprSet // nil: it reads the member or the context
}

func (x *suiting) prepareBoosts() {
	x.boosts = x.s.boosts[:0]
	for _, p := range [...]*expr.Program{x.a.Scenario.Booster, x.q.Booster} {
		if p != nil {
			x.boosts = append(x.boosts, boosting{p, x.lens.sets.of(x.e, x.lens, p)})
		}
	}
}

// boost is what the scenario's and the question's boosters multiply an
// offer's affinity by.
func (x *suiting) boost(place int32) float64 {
	by := 1.0
	for _, b := range x.boosts {
		if b.set != nil {
			by *= float64(b.set.factors[place])
		} else {
			by *= x.lens.factor(x.e, b.program, x.lens.view.Offers[place], &x.s.input, &x.s.product)
		}
	}
	return by
}
