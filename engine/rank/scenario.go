package rank

import (
	"nabo/engine/expr"
)

// Scenario is how lists are made in one place where they are shown. It is made
// by ParseScenario or Defaults and never changes after that: a change makes a
// new one with a new Version.
type Scenario struct {
	Name    string
	Version uint64 // the caller's number for this configuration; 0 is built in

	Enabled bool
	Logic   Logic
	Count   int     // items in a list, where the question does not say; 1 to MaxCount
	Weights Weights // of the affinity's parts; the caller applies them

	Filter  *expr.Program // nil: none; the caller applies it
	Booster *expr.Program // nil: none; the caller applies it, into Candidate.Factor

	Diversity    float64 // 0 to 1: what each further one of a category loses
	RotationRate float64 // 0 to 1: what one that was shown just now loses
	RotationDays float64 // days after which half of that loss is gone
	Explore      Exploring

	MaxPerCategory int // in one list; 0: no cap
	MaxPerFunder   int // in one list; 0: no cap

	Priority float64 // what a priority of 1 adds, as a share of the affinity
	Margin   float64 // what a margin of 1 adds, as a share of the affinity

	HoldDays float64 // for how long a recommId answers with the same list
}

// MaxCount is the longest list.
const MaxCount = 200

// Exploring says how much of a list new offers get, whatever they score.
type Exploring struct {
	// Share is the expected share of slots: each slot of each list is drawn by
	// itself, with this probability, from the list's seed. Over many lists
	// that share of all slots goes to fresh candidates, as long as any stand.
	Share float64
	// Days and Impressions say what is new: younger than so many days, and
	// shown fewer than so many times to all members together.
	Days        float64
	Impressions int64
}

// Fresh says whether an offer that was first known so many days ago, and was
// shown so many times, is new.
func (e Exploring) Fresh(days float64, impressions int64) bool {
	return days < e.Days && impressions < e.Impressions
}

// Logic says what a scenario's list is made of.
type Logic uint8

// The logics.
const (
	Offers   Logic = iota // offers
	Mixed                 // mixed: goods, both that they buy and that are new to them
	BuyAgain              // buy-again: goods that they buy, when they are due
	Discover              // discover: goods that are new to them
)

var logicNames = [...]string{"offers", "mixed", "buy-again", "discover"}

// String returns the logic's name on the wire.
func (l Logic) String() string {
	if int(l) < len(logicNames) {
		return logicNames[l]
	}
	return "unknown"
}
