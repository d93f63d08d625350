package gen

import "math"

// ranks are those of a good's products, from 0 for the commonest. What is
// bought falls off with them by a power law.
type ranks struct {
	lots      lots    // nil: by the roots
	low, span float64 // the root of a half, and from there to that of the last
	last      int
}

// The exponents of the two power laws. The corner shop's is drawn from lots;
// the supermarket's is drawn by calculation, since in a large catalogue lots
// would miss the cache at each draw. A small root is quick to undo: four
// squarings. Counted from one, rank r stands for the numbers from r−½ to r+½.
const (
	cornerExponent = 1.2
	superRoot      = 1.0 / 16 // one less the exponent
)

// rooted is the root of a number.
func rooted(x float64) float64 { return math.Pow(x, superRoot) }

// newRanks makes the ranks of n products.
func newRanks(n int, supermarket bool) ranks {
	if supermarket {
		return ranks{low: rooted(0.5), span: rooted(float64(n)+0.5) - rooted(0.5), last: n - 1}
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
	y := r.low + r.span*c.unit()
	y *= y
	y *= y
	y *= y
	y *= y
	return min(int(y-0.5), r.last)
}

// weight is how often a rank is drawn, next to others.
func (r *ranks) weight(rank int) float64 {
	if r.lots != nil {
		return math.Pow(float64(rank+1), -cornerExponent)
	}
	return rooted(float64(rank)+1.5) - rooted(float64(rank)+0.5)
}
