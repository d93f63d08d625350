// Package gen makes a retailer of any size from a seed: goods, stores, members
// with tastes and rhythms, and the receipts that they leave, day by day and
// without end.
//
// Every day is a function of the seed and the day's number alone, and so is
// each person's part in it. A history is therefore never held: it is walked, a
// day at a time, and a walk may begin on any day. The same options give the
// same events with the same ids; a longer history, or a later end, only adds
// events. What is fed twice is known by its ids and counts once.
//
// Names, brands, chains and people are invented. Each product and member says
// so: it carries the attribute generated=true.
package gen

import (
	"fmt"
	"strconv"
	"time"

	"nabo/engine/event"
)

// The products that examples name. They have these ids in every shop.
const (
	TacoShells   = "1001"
	RyeBread     = "1002"
	GroundCoffee = "1003"
	LiverPate    = "1004"
	Bananas      = "4011"
)

// Options say how large a shop to make, and of which kind. The zero value is
// the demo shop.
type Options struct {
	Seed     uint64    // which shop
	Members  int       // people with a member's card; 0: 5,000
	Products int       // goods in the catalogue; 0: 2,000
	Stores   int       // spread over three chains; 0: 12
	Days     int       // how long a history; 0: 90
	Until    time.Time // the end of the history; zero: 1 November 2026, 12:00 UTC

	// Supermarket makes it a supermarket: baskets as large as Lines says,
	// seasons, trends that last, people with an hour and a weekday of their own,
	// carts in the webshop, and as many missions as the catalogue needs. False:
	// the corner shop of the demo, some six lines a receipt.
	Supermarket bool
	// Lines is the mean of the lines of a supermarket's receipt; 0: 12.
	Lines int
}

// The bounds of Options.
const (
	minProducts = 600
	maxProducts = 5_000_000
	maxMembers  = 50_000_000
	maxStores   = 100_000
	maxDays     = 20_000
	maxMean     = 30 // lines of a receipt
)

// withDefaults returns o with its zero fields filled in.
func (o Options) withDefaults() Options {
	if o.Members == 0 {
		o.Members = 5_000
	}
	if o.Products == 0 {
		o.Products = 2_000
	}
	if o.Stores == 0 {
		o.Stores = 12
	}
	if o.Days == 0 {
		o.Days = 90
	}
	if o.Until.IsZero() {
		o.Until = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	}
	if o.Supermarket && o.Lines == 0 {
		o.Lines = 12
	}
	return o
}

// validate refuses a shop that cannot be made; o has its defaults.
func (o Options) validate() error {
	fewest, most := o.lines()
	for _, f := range []struct {
		name          string
		value, lo, hi int
	}{
		{"Members", o.Members, 1, maxMembers},
		{"Products", o.Products, minProducts, maxProducts},
		{"Stores", o.Stores, chainCount, maxStores},
		{"Days", o.Days, 1, maxDays},
		{"Lines", o.Lines, fewest, most},
	} {
		if f.value < f.lo || f.value > f.hi {
			return fmt.Errorf("%s: %d, want %d to %d", f.name, f.value, f.lo, f.hi)
		}
	}
	return nil
}

// lines are the bounds of Lines.
func (o Options) lines() (lo, hi int) {
	if o.Supermarket {
		return 2, maxMean
	}
	return 0, 0
}

// Shop is a made-up retailer. It never changes once made, so any goroutine may
// call its methods; each sequence it returns belongs to the goroutine that
// ranges over it.
type Shop struct {
	opt    Options
	key    uint64 // what all draws start from
	source string // of every event

	catalogue
	missions []mission
	errands  [7]lots // missions by weekday, Sunday first
	year     *year   // nil: every day is like every other, but for its weekday
	clocks   [2]lots // hours of entry, of weekdays and of weekends
	chains   [chainCount]chain
	stores   []string // ids
}

// New makes the shop that the options describe. It fails when an option is out
// of bounds.
func New(opt Options) (*Shop, error) {
	opt = opt.withDefaults()
	if err := opt.validate(); err != nil {
		return nil, fmt.Errorf("generate a shop: %w", err)
	}
	s := &Shop{opt: opt, key: mix(0x6e61626f, opt.Seed), clocks: clocks(), chains: chains()}
	s.source = fmt.Sprintf("generated/1/%d/%dx%dx%d", opt.Seed, opt.Members, opt.Products, opt.Stores)
	for i := range opt.Stores {
		s.stores = append(s.stores, strconv.Itoa(i+1))
	}
	goods, err := parseGoods(goodsTable, brandTable)
	if err != nil {
		return nil, fmt.Errorf("generate a shop: %w", err)
	}
	s.catalogue = stock(goods, opt.Products, opt.Supermarket)
	if s.missions, err = parseMissions(missionTable, s.goods); err != nil {
		return nil, fmt.Errorf("generate a shop: %w", err)
	}
	if opt.Supermarket {
		s.source += "/" + strconv.Itoa(opt.Lines)
		s.missions = append(s.missions, s.madeMissions()...)
		if s.year, err = s.newYear(seasonTable); err != nil {
			return nil, fmt.Errorf("generate a shop: %w", err)
		}
	}
	s.errands = errands(s.missions, nil)
	return s, nil
}

// errands makes the lots over missions by weekday; factor, if it is not nil,
// weighs each.
func errands(missions []mission, factor func(*mission) float64) (out [7]lots) {
	weights := make([]float64, len(missions))
	for day := range out {
		for i := range missions {
			weights[i] = missions[i].weight * missions[i].weekday[day]
			if factor != nil {
				weights[i] *= factor(&missions[i])
			}
		}
		out[day] = newLots(weights)
	}
	return out
}

// Options returns what the shop was made of, with the defaults filled in.
func (s *Shop) Options() Options { return s.opt }

// Source is the source of all the shop's events: it names the seed and the
// size, so that two different shops never share a dedupe key.
func (s *Shop) Source() string { return s.source }

// Since is when the history begins: Days days before Until.
func (s *Shop) Since() event.Millis {
	return event.At(s.opt.Until) - event.Millis(s.opt.Days)*dayMillis
}

// MemberID is the id of the i-th member, counted from 0 up to Options.Members.
func (s *Shop) MemberID(i int) string { return "m-" + strconv.Itoa(i+1) }

// ChainOf is the id of the chain that the i-th store belongs to.
func (s *Shop) ChainOf(i int) string { return s.chains[i%chainCount].id }

// StoreID is the id of the i-th store, counted from 0 up to Options.Stores.
func (s *Shop) StoreID(i int) string { return s.stores[i] }
