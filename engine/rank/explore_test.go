package rank

import (
	"math"
	"testing"
)

// TestExplorationShare counts the slots that new offers got in the lists of
// many members, who all have enough of them to choose from.
func TestExplorationShare(t *testing.T) {
	const members, count = 4000, 35
	seeds := map[string]func(m uint64) uint64{
		"counted": func(m uint64) uint64 { return m },
		"hashed":  mix,
		"high":    func(m uint64) uint64 { return m << 48 },
	}
	for name, seed := range seeds {
		for _, share := range []float64{0, 0.02, 0.05, 0.25, 0.5} {
			s, cands, ws := plainScenario(), shelf(100, 1), new(Workspace)
			s.Explore.Share = share
			for i := range cands {
				cands[i].Fresh = i%2 == 0
			}
			explored := 0
			for m := range uint64(members) {
				for _, p := range s.Allocate(cands, count, standing(), seed(m), ws) {
					if p.Explored {
						explored++
					}
				}
			}
			n := float64(members * count)
			bound := 4 * math.Sqrt(n*share*(1-share)) // four deviations of the binomial
			if math.Abs(float64(explored)-n*share) > bound {
				t.Errorf("%s seeds, share %v: %d of %v slots explored, off by more than %.0f", name, share, explored, n, bound)
			}
		}
	}
}

// TestExploredSlotsAreIndependent looks for slots that are drawn together.
func TestExploredSlotsAreIndependent(t *testing.T) {
	const seeds = 20_000
	both, share := [10]int{}, 0.5
	for seed := range uint64(seeds) {
		for lag := 1; lag <= 10; lag++ {
			if draw(seed, 3) < share && draw(seed, 3+lag) < share {
				both[lag-1]++
			}
		}
	}
	for i, n := range both {
		if math.Abs(float64(n)-seeds/4) > 4*math.Sqrt(seeds*3.0/16) {
			t.Errorf("slots %d apart are both drawn %d of %d times, want a quarter", i+1, n, seeds)
		}
	}
}

func TestExploredIsLiftedToItsPlace(t *testing.T) {
	s, cands := plainScenario(), []Candidate{offerOf(0, 9), offerOf(1, 8), offerOf(2, 2), offerOf(3, 1)}
	s.Explore.Share = 0.5
	cands[2].Fresh, cands[3].Fresh = true, true
	seed := uint64(0)
	for draw(seed, 0) >= 0.5 || draw(seed, 1) < 0.5 {
		seed++ // until only the first of two slots is drawn
	}
	picks := s.Allocate(cands, 2, standing(), seed, new(Workspace))
	if p := picks[0]; p.Candidate != 2 || !p.Explored || p.Score != 9 || cands[2].Parts[Explore] != 7 {
		t.Errorf("first pick is %+v with %v", p, cands[2].Parts)
	}
	if p := picks[1]; p.Candidate != 0 || p.Explored || p.Score != 9 || cands[0].Parts[Explore] != 0 {
		t.Errorf("second pick is %+v with %v", p, cands[0].Parts)
	}
}

func TestNothingFreshToExplore(t *testing.T) {
	s, cands := plainScenario(), []Candidate{offerOf(0, 9), offerOf(1, 8)}
	s.Explore.Share = 0.5
	for seed := range uint64(20) {
		for i, p := range s.Allocate(cands, 2, standing(), seed, new(Workspace)) {
			if int(p.Candidate) != i || p.Explored {
				t.Fatalf("pick %d is %+v", i, p)
			}
		}
	}
}

func TestFresh(t *testing.T) {
	e := Exploring{Days: 14, Impressions: 100}
	for _, test := range []struct {
		days        float64
		impressions int64
		want        bool
	}{{0, 0, true}, {13.9, 99, true}, {14, 0, false}, {0, 100, false}} {
		if got := e.Fresh(test.days, test.impressions); got != test.want {
			t.Errorf("after %v days and %d impressions: %v", test.days, test.impressions, got)
		}
	}
}
