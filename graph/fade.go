package graph

import "math"

// span is how many half-lives one landmark serves. Weights grow by 2^span at
// the most before they are rescaled, which float32 has room for many times
// over, and rescaling by a power of two is exact.
const span = 32

// fade turns moments into weights for one half-life.
type fade struct{ perHalfLife float64 } // milliseconds

// at returns the landmark that a moment belongs to and the weight of an event
// at that moment relative to it: 1 to 2^span.
func (f fade) at(ms int64) (epoch int32, factor float64) {
	x := float64(ms) / f.perHalfLife
	e := math.Floor(x / span)
	return int32(e), math.Exp2(x - span*e)
}

// to returns what a weight kept relative to a landmark is to be multiplied by
// to read it as of a moment.
func (f fade) to(epoch int32, ms int64) float64 {
	return math.Exp2(span*float64(epoch) - float64(ms)/f.perHalfLife)
}

// shift returns what turns weights relative to one landmark into weights
// relative to another; exact, and 0 once the float32s would be.
func shift(from, to int32) float64 {
	return math.Ldexp(1, span*int(from-to))
}
