package gen

import "nabo/engine/event"

// person is somebody who shops, with or without a member's card. All of a
// person follows from the shop's key and the person's number, so that none is
// held: millions cost nothing until one walks in.
type person struct {
	number int // a member below Options.Members
	key    uint64
	home   int32 // store
	chain  int32

	baby, pet, vegetarian, organic bool

	favourites [3]int32 // categories
	staples    [maxStaples]staple
	kept       int // how many staples there are
}

// staple is a product that a person keeps at home.
type staple struct {
	product int32
	every   float64 // days
	phase   float64 // days
}

const (
	minStaples = 5
	maxStaples = 18
)

// What a person's key is mixed with for each use, so that uses stay apart.
const (
	forSelf = iota + 1
	forRate
	forHabit
	forVisit
	forBasket
	forBrowse
	forErrand
	forApp
	forLetter
	forJoining
	forOpening
	forShown
	forTaken
	forPrice
	forConsent
	forHour
)

// strangers is how many persons without a card there are for each member. With
// the members who leave their card at home it makes a third of the receipts
// anonymous.
const (
	strangers = 0.44
	forgotten = 0.04
)

// people is how many persons there are, members first.
func (s *Shop) people() int { return s.opt.Members + int(strangers*float64(s.opt.Members)) }

// keyOf is the key of a person.
func (s *Shop) keyOf(number int) uint64 { return mix(s.key, uint64(number)) }

// meet fills p with the person of a number. c is for its draws.
func (s *Shop) meet(p *person, number int, c *chance) {
	*p = person{number: number, key: s.keyOf(number)}
	c.start(p.key, forSelf)
	p.home = int32(c.below(s.opt.Stores))
	p.chain = p.home % chainCount
	p.baby = c.happens(0.07)
	p.pet = c.happens(0.2)
	p.vegetarian = c.happens(0.08)
	p.organic = c.happens(0.25)
	for i := range p.favourites {
		p.favourites[i] = int32(c.below(len(s.categories)))
	}
	pace := 0.75 + 0.7*c.unit()
	want := minStaples + c.below(maxStaples-minStaples+1)
	for range 2 * want {
		if p.kept == want {
			break
		}
		g := int32(s.kept.draw(c))
		if !p.uses(&s.goods[g]) || p.keeps(s, g) {
			continue
		}
		product := s.choose(p, g, c)
		every := s.goods[g].days * pace * (0.85 + 0.3*c.unit())
		p.staples[p.kept] = staple{product: product, every: every, phase: every * c.unit()}
		p.kept++
	}
}

// uses is whether a person has any use for a good.
func (p *person) uses(g *good) bool {
	return (!g.baby || p.baby) && (!g.pet || p.pet) && (!g.meat || !p.vegetarian)
}

// keeps is whether a good is among the person's staples already.
func (p *person) keeps(s *Shop, good int32) bool {
	for i := range p.kept {
		if s.goodOf[p.staples[i].product] == good {
			return true
		}
	}
	return false
}

// choose draws one of a good's products: mostly the person's habit, which is
// the same every time, and now and then another.
func (s *Shop) choose(p *person, good int32, c *chance) int32 {
	if c.happens(0.3) {
		g := &s.goods[good]
		return int32(g.first + g.pick.draw(c))
	}
	return s.habit(p, good)
}

// habit is which of a good's products a person usually takes.
func (s *Shop) habit(p *person, good int32) int32 {
	g := &s.goods[good]
	var own chance
	own.start(mix(p.key, forHabit), uint64(good))
	choice := g.first + g.pick.draw(&own)
	brand := int16(mix(p.key, uint64(len(g.brands))) % uint64(len(g.brands)))
	for range 2 {
		if s.suits(p, choice, brand) {
			break
		}
		choice = g.first + g.pick.draw(&own)
	}
	return int32(choice)
}

// suits is whether a product is of the person's brand and, for who buys
// organic, organic.
func (s *Shop) suits(p *person, product int, brand int16) bool {
	k := &s.kinds[product]
	return k.brand == brand && (!p.organic || k.organic)
}

// sells is whether a chain has a product: small shops keep the common ones.
func (s *Shop) sells(chain, product int32) bool {
	g := &s.goods[s.goodOf[product]]
	rank := int(product) - g.first
	return rank < missionForms || float64(rank) < s.chains[chain].share*float64(g.count)
}

// household is how a member describes the home.
func (p *person) household() string {
	switch {
	case p.baby:
		return "with a baby"
	case p.kept < 9:
		return "single"
	case p.kept < 13:
		return "couple"
	}
	return "family"
}

// attributes are what is known of a member.
func (p *person) attributes() []event.Attribute {
	app := 0.0
	if p.app() {
		app = 1
	}
	return []event.Attribute{
		{Name: "app", Value: event.Value{Kind: event.KindBool, Num: app}},
		{Name: "generated", Value: event.Value{Kind: event.KindBool, Num: 1}},
		{Name: "household", Value: event.Value{Kind: event.KindText, Text: p.household()}},
		{Name: "since", Value: event.Value{Kind: event.KindNumber, Num: float64(p.joined())}},
	}
}
