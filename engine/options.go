package engine

import (
	"fmt"

	"nabo/engine/offer"
	"nabo/graph"
)

// Options says how the engine weighs what happens. The zero value works. They
// are part of what makes a log's state: two engines agree bit for bit when
// both the log and the options are the same. Shards alone change nothing.
type Options struct {
	Bought  graph.PairOptions   // the relation that receipts make
	Viewed  graph.PairOptions   // the relation that views make; half-life 0: 14 days
	Members graph.MemberOptions // the members' bindings
	Refine  graph.RefineOptions // the refined edges of Bought

	Plain PlainOptions // how plain edges are read

	Offers OfferOptions

	Habits HabitOptions

	Gains   Gains
	Damping float64 // how much a member's earlier purchases of a pair weaken it; 0: 1

	DedupeDays int // how long a key is remembered; 0: 400
	Recent     int // receipts kept to undo their pairs when goods come back; 0: 262,144
	Sessions   int // sessions held at a time; 0: 100,000
	SessionMin int // minutes after which an idle session is forgotten; 0: 240
}

// OfferOptions says what holds for offers where nothing is recorded.
type OfferOptions struct {
	MaxOpen           int  // activations that a member may have open at a time; 0: 10
	NoPersonalisation bool // without a recorded consent nothing of a member's is used; else it is, until withdrawn
	MarketingAssumed  bool // without a recorded consent messages may be sent; else they need a grant
}

func (o *OfferOptions) asBook() offer.Options {
	return offer.Options{MaxOpen: o.MaxOpen, NoPersonalisation: o.NoPersonalisation, MarketingAssumed: o.MarketingAssumed}
}

// HabitOptions says what a member's goods are ranked by. The zero value works.
// Below zero is none, for Crowd and Company.
type HabitOptions struct {
	HalfLife  int64   // of what members' visits teach, in milliseconds; 0: 120 days
	Crowd     float64 // what others' purchases weigh beside a member's habits; 0: 1.5
	Company   float64 // what goes with a member's goods weighs beside habits; 0: 0.5
	NoRepeats bool    // a product's own repeats do not count
	NoRhythm  bool    // nor how long after buying it they come
}

// Gains says what each type of event weighs beside a receipt's 1.
type Gains struct {
	View float32 // 0: 0.05
	Cart float32 // 0: 0.2
	Scan float32 // 0: 0.3
}

func (o Options) withDefaults() Options {
	set(&o.Viewed.HalfLife, 14*msPerDay)
	set(&o.Habits.HalfLife, 120*msPerDay)
	set(&o.Habits.Crowd, 1.5)
	set(&o.Habits.Company, 0.5)
	o.Members.Habits = o.Habits.HalfLife
	set(&o.Gains.View, 0.05)
	set(&o.Gains.Cart, 0.2)
	set(&o.Gains.Scan, 0.3)
	set(&o.Damping, 1)
	set(&o.Plain.Gain, 0.5)
	set(&o.Plain.Prior, 10)
	set(&o.Plain.Basket, 6)
	set(&o.Offers.MaxOpen, 10)
	set(&o.DedupeDays, 400)
	set(&o.Recent, 1<<18)
	set(&o.Sessions, 100_000)
	set(&o.SessionMin, 240)
	return o
}

func set[T comparable](v *T, to T) {
	var zero T
	if *v == zero {
		*v = to
	}
}

func (o *Options) validate() error {
	switch {
	case o.Damping < 0:
		return fmt.Errorf("engine: damping is %v; it must not be negative", o.Damping)
	case !(o.Plain.Gain >= 0 && o.Plain.Gain <= 1 && o.Plain.Prior >= 0 && o.Plain.Basket >= 0):
		return fmt.Errorf("engine: plain edges with gain %v, prior %v and basket %v; the gain must be 0 to 1, the others not negative", o.Plain.Gain, o.Plain.Prior, o.Plain.Basket)
	case !(o.Refine.Dropout >= 0 && o.Refine.Dropout <= 0.9):
		return fmt.Errorf("engine: a dropout of %v; it must be 0 to 0.9", o.Refine.Dropout)
	case o.Offers.MaxOpen < 1 || o.Offers.MaxOpen > 1000:
		return fmt.Errorf("engine: %d open activations a member; it must be 1 to 1000", o.Offers.MaxOpen)
	case o.DedupeDays < 1 || o.DedupeDays > 4000:
		return fmt.Errorf("engine: keys are kept for %d days; it must be 1 to 4000", o.DedupeDays)
	case o.Recent < 1 || o.Sessions < 1 || o.SessionMin < 1:
		return fmt.Errorf("engine: %d recent receipts, %d sessions of %d minutes; each must be at least 1", o.Recent, o.Sessions, o.SessionMin)
	}
	return nil
}

const msPerDay = 24 * 60 * 60 * 1000
