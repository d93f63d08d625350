package engine

import (
	"math"
	"time"

	"nabo/engine/event"
	"nabo/graph"
)

// HalfLives returns the time after which half of a binding is left: of products
// to each other, and of members to products. Anybody may call it.
func (e *Engine) HalfLives() (products, members time.Duration) {
	return time.Duration(e.bought.HalfLife()) * time.Millisecond, time.Duration(e.goods.HalfLife()) * time.Millisecond
}

// FadedBy returns a bound on what a plain binding would weigh at a moment if
// weights had another half-life, both in days. A binding is kept as one sum, of
// g·2^(−age/h) over its receipts; under another half-life each of them counts
// 2^(−age·(1/other−1/h)) times as much, and none is younger than the last day
// on which there was one. So for a shorter half-life the true weight is at most
// what this returns, and for a longer one at least that.
func FadedBy(weight float64, last graph.Day, at event.Millis, h, other float64) float64 {
	age := float64(int64(at)-(int64(last)+1)*msPerDay) / msPerDay // since the end of that day
	return weight * math.Exp2(-max(age, 0)*(1/other-1/h))
}
