package offer

import (
	"math"

	"nabo/engine/event"
)

// Redemptions fade with a half-life of 30 days: on real coupons, what was
// redeemed lately says more than what ever was (bench/RESULTS.md). They are
// summed forward from one landmark (Cormode et al., "Forward decay", ICDE
// 2009), so that a late one lands where it belongs.
const (
	recentHalfLife = 30 * 24 * 3600 * 1000           // milliseconds
	recentLandmark = event.Millis(1_577_836_800_000) // 2020-01-01
)

// pulse is what a redemption at a moment weighs. A float64 has room for some
// eighty years.
func pulse(at event.Millis) float64 {
	return math.Exp2(max(min(float64(at-recentLandmark)/recentHalfLife, 1000), -1000))
}

// Lately returns how many redemptions there were, each faded to a moment with a
// half-life of 30 days.
func (e *Entry) Lately(at event.Millis) float64 { return e.recent / pulse(at) }
