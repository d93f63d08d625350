package gen

import "math"

// ranks are those of a good's products, from 0 for the commonest. What is
// bought falls off with them by a power law.
type ranks struct {
	lots lots    // nil: by span
	span float64 // what the last of them comes to, less one
}

// The exponents of the two power laws. The corner shop's is drawn from lots;
// the supermarket's is drawn by calculation, since in a large catalogue lots
// would miss the cache at each draw. A small root is quick to undo: four
// squarings.
const (
	cornerExponent = 1.2
	superRoot      = 1.0 / 16 // one less the exponent
)

// newRanks makes the ranks of n products.
func newRanks(n int, supermarket bool) ranks {
	if supermarket {
		return ranks{span: math.Pow(float64(n+1), superRoot) - 1}
	}
	weights := make([]float64, n)
	for rank := range weights {
		weights[rank] = math.Pow(float64(rank+1), -cornerExponent)
	}
	return ranks{lots: newLots(weights)}
}

// draw returns a rank.
func (r *ranks) draw(c *chance) int {
	if r.lots != nil {
		return r.lots.draw(c)
	}
	y := 1 + r.span*c.unit()
	y *= y
	y *= y
	y *= y
	y *= y
	return int(y) - 1
}

// weight is how often a rank is drawn, next to others.
func (r *ranks) weight(rank int) float64 {
	if r.lots != nil {
		return math.Pow(float64(rank+1), -cornerExponent)
	}
	return math.Pow(float64(rank+2), superRoot) - math.Pow(float64(rank+1), superRoot)
}
