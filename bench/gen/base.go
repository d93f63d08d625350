package gen

import (
	"fmt"
	"strconv"
	"time"

	"nabo/engine/event"
)

// BaseOptions say how large a customer base to make. The zero value is a small
// one.
type BaseOptions struct {
	Seed     uint64
	Members  int       // 0: 100,000
	Products int       // in the catalogue; 0: 50,000
	Offers   int       // that hold at Until; 0: 500
	History  int       // different products that each member has bought, if four years are enough; 0: 120
	Lines    int       // of a receipt, in the mean; 0: 12
	Stores   int       // spread over three chains; 0: 300
	Until    time.Time // when it stands so; zero: 1 November 2026, 12:00 UTC
}

// The bounds of BaseOptions that Options has not.
const (
	maxOffers  = 10_000
	maxHistory = 1_000
	yearDays   = 365
)

// Base is a customer base for benchmarks, as an engine would be fed it from the
// log: events in their admitted form, whole members at a time. Its receipts are
// those of the Shop of the same options, but of each member only the last ones,
// as far back as History reaches, and all of them together: it fills an engine
// with what members would have bought in a year in a fraction of the year's
// receipts. DESIGN.md says where the two differ. Nothing is held of a member, so
// that millions cost no more than a few. It never changes once made; any
// goroutine may call its methods.
type Base struct {
	opt   BaseOptions
	shop  *Shop
	deals []deal
	ids   []string // of deals, twice over, so that any run of them is a slice
	until event.Millis
}

// NewBase makes a customer base. It fails when an option is out of bounds.
func NewBase(opt BaseOptions) (*Base, error) {
	for _, f := range []struct {
		field *int
		or    int
	}{{&opt.Members, 100_000}, {&opt.Products, 50_000}, {&opt.Offers, 500}, {&opt.History, 120}, {&opt.Lines, 12}, {&opt.Stores, 300}} {
		if *f.field == 0 {
			*f.field = f.or
		}
	}
	if opt.Offers < 1 || opt.Offers > maxOffers {
		return nil, fmt.Errorf("generate a customer base: Offers: %d, want 1 to %d", opt.Offers, maxOffers)
	}
	if opt.History < 1 || opt.History > min(maxHistory, opt.Products/2) {
		return nil, fmt.Errorf("generate a customer base: History: %d, want 1 to %d and at most half of Products", opt.History, maxHistory)
	}
	s, err := New(Options{
		Seed: opt.Seed, Members: opt.Members, Products: opt.Products, Stores: opt.Stores, Until: opt.Until, Days: yearDays,
		Supermarket: true, Lines: opt.Lines,
	})
	if err != nil {
		return nil, err
	}
	b := &Base{opt: opt, shop: s, deals: make([]deal, opt.Offers), until: event.At(s.opt.Until)}
	for i := range b.deals {
		s.makeDeal(&b.deals[i], "b-"+strconv.Itoa(i+1), mix(mix(s.key, 0x62617365), uint64(i)), b.deals[:i])
		o := &b.deals[i].offer
		o.ValidFrom, o.ValidThrough = b.until-7*dayMillis, b.until+7*dayMillis
		b.ids = append(b.ids, o.Offer)
	}
	b.ids = append(b.ids, b.ids...)
	return b, nil
}

// Options returns what the base was made of, with the defaults filled in.
func (b *Base) Options() BaseOptions { return b.opt }

// Shop is the shop whose members these are: a supermarket of the same seed and
// size, a year of which ends at Until.
func (b *Base) Shop() *Shop { return b.shop }

// Until is the moment as of which the base stands, and at which its events say
// that they were received.
func (b *Base) Until() event.Millis { return b.until }

// Token is the i-th member's, counted from 0.
func (b *Base) Token(i int) event.Token {
	return event.Token(max(mix(b.shop.key^0x746f6b656e, uint64(i)), 1))
}

// Home is the store and the chain that the i-th member goes to.
func (b *Base) Home(i int) (store, chain string) {
	var p person
	var c chance
	b.shop.meet(&p, i, &c)
	return b.shop.stores[p.home], b.shop.chains[p.chain].id
}

// admitted makes an event in its admitted form; n keeps the keys of one kind
// apart.
func (b *Base) admitted(typ event.Type, n uint64, at event.Millis, body event.Body) event.Event {
	return event.Event{
		Type: typ, Time: at, Received: b.until, Key: mix(b.shop.key+uint64(typ)<<32, n), Body: body,
	}
}

// Catalogue returns the upserts of all products and offers.
func (b *Base) Catalogue() []event.Event {
	var out []event.Event
	at := b.until - 8*dayMillis
	for i := range b.shop.products {
		p := b.shop.products[i]
		out = append(out, b.admitted(event.TypeProductUpserted, uint64(i), at, &p))
	}
	for i := range b.deals {
		o := b.deals[i].offer
		out = append(out, b.admitted(event.TypeOfferUpserted, uint64(i), at, &o))
	}
	return out
}

// Batch is events and the memory that they stand in, which is used again for
// the next ones. One goroutine at a time.
type Batch struct {
	Events []event.Event
	Buyers []int // of More's receipts: each one's member, counted from 0

	lines    slab[event.Line]
	receipts slab[event.Receipt]
	members  slab[event.Member]
	attrs    slab[event.Attribute]
	shown    slab[event.Impression]
	taken    slab[event.OfferActivated]

	p        person
	c        chance
	b        basket
	mark     []uint32 // by product: the last member (from 1) who was given it
	marked   uint32
	trips    []trip // of the member
	products []int32
	qty      []uint8
}

// slab hands out pieces of one block of memory. Reset takes them all back.
type slab[T any] struct{ free, block []T }

func (s *slab[T]) take(n int) []T {
	if len(s.free) < n {
		s.block = make([]T, max(2*len(s.block), 64*n))
		s.free = s.block
	}
	out := s.free[:n:n]
	s.free = s.free[n:]
	return out
}

func (s *slab[T]) reset() { s.free = s.block }

func (g *Batch) reset(products int) {
	g.Events, g.Buyers = g.Events[:0], g.Buyers[:0]
	g.lines.reset()
	g.receipts.reset()
	g.members.reset()
	g.attrs.reset()
	g.shown.reset()
	g.taken.reset()
	if len(g.mark) != products {
		g.mark, g.marked = make([]uint32, products), 0
	}
}

// put appends an event of a member's.
func (g *Batch) put(ev event.Event, m event.Token) {
	ev.Member = m
	g.Events = append(g.Events, ev)
}
