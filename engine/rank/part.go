// Package rank turns scored candidates into a list under a scenario's rules.
// It is pure: it knows no graph, no engine and no clock.
package rank

// Part is one named share of a score. The first ones, up to Affinities, make
// the affinity and come from the caller, already weighed; the others are what
// Allocate adds to it or takes from it. All parts together are the score.
type Part uint8

// The parts.
const (
	Own      Part = iota // own: the member's own goods and their rhythm
	Together             // together: what the graph says goes with them
	Category             // category: the member leans to its category
	Brand                // brand: the member leans to its brand
	Place                // place: the member's chain and store sell it
	Trend                // trend: it sells more than usual
	Popular              // popular: it is popular there
	Basket               // basket: it goes with what is in the basket now
	Past                 // past: what a similar offer brought before

	Priority  // priority: the offer's priority, weighed
	Margin    // margin: the offer's margin, weighed
	Booster   // booster: the scenario's or the question's booster
	Rotation  // rotation: it was shown lately; never above zero
	Diversity // diversity: others of its category are above it; never above zero
	Explore   // explore: what lifts a new offer to the place it was given; never below zero
)

// Affinities is how many parts make the affinity; Parts is how many there are.
const (
	Affinities = int(Past) + 1
	Parts      = int(Explore) + 1
)

var partNames = [Parts]string{
	"own", "together", "category", "brand", "place", "trend", "popular", "basket", "past",
	"priority", "margin", "booster", "rotation", "diversity", "explore",
}

// String returns the part's name on the wire.
func (p Part) String() string {
	if int(p) < Parts {
		return partNames[p]
	}
	return "unknown"
}

// Weights are what each part of the affinity counts.
type Weights [Affinities]float64

// Apply weighs the parts of an affinity in place. The parts that Allocate adds
// are left alone.
func (w *Weights) Apply(parts *[Parts]float32) {
	for i, by := range w {
		parts[i] = float32(float64(parts[i]) * by)
	}
}
