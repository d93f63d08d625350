package rank

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// shelf makes candidates as a week's offers are for one member: a few parts
// each, 40 categories, some shown last week, some new.
func shelf(n int, seed uint64) []Candidate {
	rng := rand.New(rand.NewPCG(seed, 7))
	cands := make([]Candidate, n)
	for i := range cands {
		c := &cands[i]
		*c = Candidate{Place: int32(i), Factor: 1, ShownAgo: -1, Tie: rng.Uint64(),
			Category: 1 + rng.Uint32N(40), Funder: rng.Uint32N(20), Fresh: rng.IntN(10) == 0}
		c.Parts[Popular] = rng.Float32() * 0.1
		for range 3 {
			c.Parts[rng.IntN(Affinities)] += float32(rng.ExpFloat64())
		}
		if rng.IntN(5) == 0 {
			c.ShownAgo = float32(rng.IntN(21))
		}
		if rng.IntN(10) == 0 {
			c.Priority, c.Factor = 2, 1.5
		}
	}
	return cands
}

func BenchmarkAllocate(b *testing.B) {
	for _, name := range []string{"newsletter", "self-scan"} {
		for _, n := range []int{100, 500, 2000} {
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				s := Defaults(name)
				s.MaxPerCategory = 4
				var ws Workspace
				shelves := [4][]Candidate{shelf(n, 1), shelf(n, 2), shelf(n, 3), shelf(n, 4)}
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					s.Allocate(shelves[i%4], 35, Override{math.NaN(), math.NaN()}, uint64(i), &ws)
				}
			})
		}
	}
}
