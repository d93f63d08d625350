package gen

import (
	"math/bits"
	"math/rand/v2"
)

// chance is a stream of draws. The same two seeds give the same draws on every
// machine. One goroutine at a time.
type chance struct{ pcg rand.PCG }

// start begins the stream of seeds a and b anew.
func (c *chance) start(a, b uint64) { c.pcg.Seed(a, b) }

// unit draws from [0, 1).
func (c *chance) unit() float64 { return unit(c.pcg.Uint64()) }

// below draws from 0 to n-1; n is above zero.
func (c *chance) below(n int) int {
	hi, _ := bits.Mul64(c.pcg.Uint64(), uint64(n))
	return int(hi)
}

// happens is true once in 1/p draws.
func (c *chance) happens(p float64) bool { return c.unit() < p }

// unit maps 64 random bits to [0, 1).
func unit(u uint64) float64 { return float64(u>>11) / (1 << 53) }

// mix makes one well-mixed number of two, so that what concerns one person on
// one day can be drawn without drawing what came before.
func mix(a, b uint64) uint64 {
	x := a ^ bits.RotateLeft64(b*0x9e3779b97f4a7c15, 29)
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	x ^= x >> 31
	return x
}

// lots draws an index by its weight in constant time (Walker's alias method).
// It never changes once made.
type lots []lot

// lot is one index: itself in a share of its draws, and else another. The two
// stand together so that a draw from a large list misses the cache once.
type lot struct {
	keep  float64
	other int32
}

// newLots makes lots over weights, of which at least one is above zero.
func newLots(weights []float64) lots {
	n := len(weights)
	l := make(lots, n)
	sum := 0.0
	for _, w := range weights {
		sum += w
	}
	var small, large []int32
	for i, w := range weights {
		l[i] = lot{w * float64(n) / sum, int32(i)}
		if l[i].keep < 1 {
			small = append(small, int32(i))
		} else {
			large = append(large, int32(i))
		}
	}
	for len(small) > 0 && len(large) > 0 {
		s, g := small[len(small)-1], large[len(large)-1]
		small = small[:len(small)-1]
		l[s].other = g
		l[g].keep -= 1 - l[s].keep
		if l[g].keep < 1 {
			large = large[:len(large)-1]
			small = append(small, g)
		}
	}
	// What rounding left over would draw its alias, which is itself.
	return l
}

// draw returns an index of the weights that l was made of.
func (l lots) draw(c *chance) int {
	hi, lo := bits.Mul64(c.pcg.Uint64(), uint64(len(l)))
	if at := &l[hi]; unit(lo) >= at.keep {
		return int(at.other)
	}
	return int(hi)
}
