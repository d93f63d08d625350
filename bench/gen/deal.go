package gen

import (
	"fmt"
	"math"
	"slices"

	"nabo/engine/event"
)

// The offers of a shop change on Mondays. Each is announced the Saturday
// before and holds for one week or two.

// mondayOf is the first day of the week that a day is in; weeks are counted
// from the one that 1 January 1970 was in.
func mondayOf(week int64) int64 { return 7*week - 3 }

// weekOf is the week that a day is in.
func weekOf(day int64) int64 { return int64(math.Floor(float64(day+3) / 7)) }

// announcing is when a week's offers are made known.
func announcing(week int64) event.Millis { return startOf(mondayOf(week)-2) + 8*60*60*1000 }

// everywhere is the chain of a deal that all chains have.
const everywhere = -1

// deal is an offer with what the walk needs of it.
type deal struct {
	offer     event.Offer
	key       uint64
	good      int32   // what it is on
	kind      int32   // the category, if it is on the whole of one; else -1
	products  []int32 // sorted; empty if it is on a category
	off       float64 // share of the price
	chain     int32   // everywhere: all
	stores    []int32 // empty: all
	audience  audience
	withdrawn event.Millis // 0: never
}

// audience is whom a deal is for: what the offer says, and whether a member
// fits that.
type audience struct {
	expression string
	holds      func(p *person) bool // nil: everybody
}

// audiences are those that deals choose from; the first is for baby goods.
func audiences() []audience {
	home := func(homes ...string) func(*person) bool {
		return func(p *person) bool { return slices.Contains(homes, p.household()) }
	}
	return []audience{
		{`member.attributes.household == "with a baby"`, home("with a baby")},
		{`member.attributes.household == "family"`, home("family")},
		{`member.attributes.household in ["single", "couple"]`, home("single", "couple")},
		{`member.attributes.app == true`, func(p *person) bool { return p.app() }},
	}
}

// dealCount is how many offers a week begins with.
func (s *Shop) dealCount() int { return min(max(len(s.products)/32, 16), 300) }

// deals makes the offers that begin with a week, always the same.
func (s *Shop) deals(week int64) []deal {
	out := make([]deal, s.dealCount())
	from := startOf(mondayOf(week))
	for i := range out {
		key := mix(mix(s.key, 0x6f66666572), uint64(week)<<20+uint64(i))
		s.makeDeal(&out[i], fmt.Sprintf("w%d-%d", week, i+1), key, out[:i])
		d := &out[i]
		d.offer.ValidFrom, d.offer.ValidThrough = from, from+7*dayMillis-1000
		if unit(mix(key, 1)) < 0.3 {
			d.offer.ValidThrough += 7 * dayMillis
		}
		if u := unit(mix(key, 2)); u < 0.02 {
			d.withdrawn = from + event.Millis((1+4*u/0.02)*float64(dayMillis))
		}
	}
	return out
}

// makeDeal fills d with an offer under an id; before holds those that it should
// not repeat. Its term is left open.
func (s *Shop) makeDeal(d *deal, id string, key uint64, before []deal) {
	var c chance
	c.start(key, 0x6465616c)
	*d = deal{key: key, good: s.dealGood(before, &c), kind: -1, chain: everywhere, off: 0.15 + 0.05*float64(c.below(7))}
	g := &s.goods[d.good]
	first := int32(g.first + g.pick.draw(&c))
	p := &s.products[first]
	d.offer = event.Offer{
		Offer: id, Image: "https://images.example/offers/" + id + ".jpg", Currency: "DKK",
		Price: p.Price, MemberPrice: lower(p.Price, d.off),
		Margin: math.Round((0.02+0.3*c.unit())*100) / 100, Attributes: generated(),
	}
	switch u := c.unit(); {
	case u < 0.12:
		s.onCategory(d)
	case u < 0.45:
		d.products = []int32{first}
		d.offer.Name = p.Name
	default:
		s.onForms(d, first, c.happens(0.6), 2+c.below(7), &c)
	}
	for _, product := range d.products {
		d.offer.Products = append(d.offer.Products, s.products[product].Product)
	}
	if p.Brand != "" && d.kind < 0 && c.happens(0.5) {
		d.offer.FundedBy = p.Brand
	}
	s.limit(d, &c)
}

// dealGood draws what a deal is on: mostly something popular, and a good that
// none of the others is on as long as there are enough.
func (s *Shop) dealGood(before []deal, c *chance) int32 {
	for try := 0; ; try++ {
		g := int32(c.below(len(s.goods)))
		if c.happens(0.6) {
			g = int32(s.popular.draw(c))
		}
		if try == 8 || !slices.ContainsFunc(before, func(d deal) bool { return d.good == g }) {
			return g
		}
	}
}

// onCategory makes d an offer on all of its good's category.
func (s *Shop) onCategory(d *deal) {
	d.kind = s.kindOf[d.good]
	category := s.goods[d.good].category
	d.offer.Categories = []string{category}
	d.offer.Name = fmt.Sprintf("%.0f%% off all of %s", 100*d.off, category)
	d.offer.Price, d.offer.MemberPrice = math.NaN(), math.NaN()
}

// onForms makes d an offer on up to n of its good's forms that cost about as
// much as the first, which can stand in for each other; branded: of one brand.
func (s *Shop) onForms(d *deal, first int32, branded bool, n int, c *chance) {
	g, p := &s.goods[d.good], &s.products[first]
	d.products = append(d.products, first)
	at := c.below(g.count)
	for i := 0; i < min(g.count, 40) && len(d.products) < n; i++ {
		product := int32(g.first + (at+i)%g.count)
		other := &s.products[product]
		if product != first && (!branded || other.Brand == p.Brand) && other.Price > d.offer.MemberPrice && other.Price <= 1.35*p.Price {
			d.products = append(d.products, product)
		}
	}
	slices.Sort(d.products)
	d.offer.Name = g.name
	if branded && p.Brand != "" {
		d.offer.Name = p.Brand + " " + g.name
	}
	d.offer.Name = capital(d.offer.Name) + ", several kinds"
}

// limit says where, for whom and how often d may be used, if not everywhere by
// everybody.
func (s *Shop) limit(d *deal, c *chance) {
	switch u := c.unit(); {
	case u < 0.25:
		d.chain = int32(c.below(chainCount))
		d.offer.Chains = []string{s.chains[d.chain].id}
	case u < 0.33:
		at := c.below(s.opt.Stores)
		for i := range min(2+c.below(4), s.opt.Stores) {
			store := (at + i) % s.opt.Stores
			d.stores = append(d.stores, int32(store))
			d.offer.Stores = append(d.offer.Stores, s.StoreID(store))
		}
	}
	all := audiences()
	switch {
	case s.goods[d.good].baby && c.happens(0.5):
		d.audience = all[0]
	case c.happens(0.06):
		d.audience = all[1+c.below(len(all)-1)]
	}
	d.offer.Audience = d.audience.expression
	switch u := c.unit(); {
	case u < 0.05:
		d.offer.Budget.Activations = int64(5 + s.opt.Members/100)
	case u < 0.1:
		d.offer.Budget.Redemptions = int64(5 + s.opt.Members/200)
	case u < 0.13:
		d.offer.Budget.Discount = float64(200 + s.opt.Members/5)
	}
	if c.happens(0.12) {
		d.offer.Priority = []float64{0.25, 0.5, 1}[c.below(3)]
	}
}

// lower is a price with a share taken off, ending as prices do.
func lower(price, off float64) float64 {
	p := price * (1 - off)
	if p < 8 {
		return math.Max(0.5, math.Floor(p*2)/2)
	}
	return math.Round((math.Round(p+0.05)-0.05)*100) / 100
}

// generated is the attribute that says that something is made up.
func generated() []event.Attribute {
	return []event.Attribute{{Name: "generated", Value: event.Value{Kind: event.KindBool, Num: 1}}}
}

// covers is whether d is on a product.
func (s *Shop) covers(d *deal, product int32) bool {
	if d.kind >= 0 {
		return s.kindOf[s.goodOf[product]] == d.kind
	}
	_, found := slices.BinarySearch(d.products, product)
	return found
}

// runs is whether d holds at a moment, somewhere.
func (d *deal) runs(at event.Millis) bool {
	return at >= d.offer.ValidFrom && at <= d.offer.ValidThrough && (d.withdrawn == 0 || at < d.withdrawn)
}

// holdsIn is whether d holds in a store.
func (d *deal) holdsIn(store int32) bool {
	return (d.chain == everywhere || d.chain == store%chainCount) &&
		(len(d.stores) == 0 || slices.Contains(d.stores, store))
}

// isFor is whether d may be shown to p.
func (d *deal) isFor(p *person) bool {
	return d.holdsIn(p.home) && (d.audience.holds == nil || d.audience.holds(p))
}
