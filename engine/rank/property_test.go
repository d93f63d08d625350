package rank

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// drawScenario draws one with a few of everything.
func drawScenario(t *rapid.T) *Scenario {
	s := plainScenario()
	s.Count = rapid.IntRange(1, 40).Draw(t, "count")
	s.Diversity = rapid.SampledFrom([]float64{0, 0.1, 0.5, 1}).Draw(t, "diversity")
	s.RotationRate = rapid.SampledFrom([]float64{0, 0.3, 1}).Draw(t, "rotation")
	s.Explore.Share = rapid.SampledFrom([]float64{0, 0.05, 0.5}).Draw(t, "share")
	s.MaxPerCategory = rapid.IntRange(0, 3).Draw(t, "per category")
	s.MaxPerFunder = rapid.IntRange(0, 3).Draw(t, "per funder")
	s.Priority = rapid.SampledFrom([]float64{0, 0.1, 1}).Draw(t, "priority")
	s.Margin = rapid.SampledFrom([]float64{0, 0.5}).Draw(t, "margin")
	return s
}

// drawCandidate draws one of few values, so that many are equal.
func drawCandidate(t *rapid.T, place int32) Candidate {
	quarter := rapid.Map(rapid.IntRange(-4, 20), func(n int) float32 { return float32(n) / 4 })
	c := Candidate{
		Place:    place,
		Category: rapid.Uint32Range(0, 4).Draw(t, "category"),
		Funder:   rapid.Uint32Range(0, 3).Draw(t, "funder"),
		Priority: rapid.SampledFrom([]float32{0, 0, 1, -1, 3}).Draw(t, "priority"),
		Margin:   rapid.SampledFrom([]float32{0, 0.3}).Draw(t, "margin"),
		Factor:   rapid.SampledFrom([]float32{1, 1, 0, 0.5, 2}).Draw(t, "factor"),
		ShownAgo: rapid.SampledFrom([]float32{-1, -1, 0, 3.5, 7}).Draw(t, "ago"),
		Fresh:    rapid.Bool().Draw(t, "fresh"),
		Tie:      rapid.Uint64Range(0, 2).Draw(t, "tie"),
	}
	c.Parts[Own] = quarter.Draw(t, "own")
	c.Parts[rapid.IntRange(0, Affinities-1).Draw(t, "part")] += quarter.Draw(t, "more")
	return c
}

func drawCandidates(t *rapid.T) []Candidate {
	cands := make([]Candidate, rapid.IntRange(0, 60).Draw(t, "candidates"))
	for i := range cands {
		cands[i] = drawCandidate(t, int32(i))
	}
	return cands
}

// wild makes a candidate of any bits at all.
func wild(t *rapid.T, c *Candidate) {
	anything := rapid.Map(rapid.Uint32(), math.Float32frombits)
	for i := range c.Parts {
		c.Parts[i] = anything.Draw(t, "part")
	}
	c.Priority, c.Margin = anything.Draw(t, "priority"), anything.Draw(t, "margin")
	c.Factor, c.ShownAgo = anything.Draw(t, "factor"), anything.Draw(t, "ago")
}

func drawOverride(t *rapid.T) Override {
	either := rapid.SampledFrom([]float64{math.NaN(), math.NaN(), 0, 0.5, -3, 4})
	return Override{either.Draw(t, "asked diversity"), either.Draw(t, "asked rotation")}
}

// sameScore allows what rounding a part to float32 may do to drawn candidates.
func sameScore(a, b float32) bool {
	return math.Abs(float64(a)-float64(b)) <= 1e-5*max(math.Abs(float64(a)), math.Abs(float64(b)), 1)
}

func TestPicksAsItsSlowTwin(t *testing.T) {
	ws := new(Workspace) // shared by all runs: nothing may be left behind in it
	rapid.Check(t, func(t *rapid.T) {
		s, cands, o, seed := drawScenario(t), drawCandidates(t), drawOverride(t), rapid.Uint64().Draw(t, "seed")
		count := rapid.IntRange(0, 50).Draw(t, "asked")
		want := slowAllocate(s, slices.Clone(cands), count, o, seed)
		got := s.Allocate(cands, count, o, seed, ws)
		if len(got) != len(want) {
			t.Fatalf("%d picks, the twin has %d", len(got), len(want))
		}
		for i, p := range got {
			if p.Candidate != want[i].Candidate || p.Explored != want[i].Explored || !sameScore(p.Score, want[i].Score) {
				t.Fatalf("pick %d is %+v, the twin's %+v", i, p, want[i])
			}
		}
	})
}

func TestListsKeepTheirRules(t *testing.T) {
	ws := new(Workspace)
	rapid.Check(t, func(t *rapid.T) {
		s, cands, o := drawScenario(t), drawCandidates(t), drawOverride(t)
		if len(cands) > 0 && rapid.Bool().Draw(t, "wild") {
			wild(t, &cands[rapid.IntRange(0, len(cands)-1).Draw(t, "which")])
		}
		picks := s.Allocate(cands, 0, o, rapid.Uint64().Draw(t, "seed"), ws)
		checkCaps(t, s, cands, picks)
		seen := map[int32]bool{}
		last, slack := math.Inf(1), 0.0
		for i, p := range picks {
			if seen[p.Candidate] {
				t.Fatalf("candidate %d is picked twice", p.Candidate)
			}
			seen[p.Candidate] = true
			// What explores is lifted by a part of 7 digits to where others are.
			slack = max(slack, 1e-6*checkParts(t, &cands[p.Candidate], p))
			score := float64(p.Score)
			if math.IsNaN(score) || math.IsInf(score, 0) || score > last+slack {
				t.Fatalf("pick %d scores %v after %v", i, score, last)
			}
			last = score
		}
	})
}

func checkCaps(t *rapid.T, s *Scenario, cands []Candidate, picks []Pick) {
	categories, funders := map[uint32]int{}, map[uint32]int{}
	for _, p := range picks {
		categories[cands[p.Candidate].Category]++
		funders[cands[p.Candidate].Funder]++
	}
	delete(categories, 0)
	delete(funders, 0)
	for c, n := range categories {
		if s.MaxPerCategory > 0 && n > s.MaxPerCategory {
			t.Fatalf("%d of category %d, the cap is %d", n, c, s.MaxPerCategory)
		}
	}
	for f, n := range funders {
		if s.MaxPerFunder > 0 && n > s.MaxPerFunder {
			t.Fatalf("%d of funder %d, the cap is %d", n, f, s.MaxPerFunder)
		}
	}
	if len(picks) > s.Count {
		t.Fatalf("%d picks, %d asked for", len(picks), s.Count)
	}
}

// checkParts returns what the parts add up to without their signs.
func checkParts(t *rapid.T, c *Candidate, p Pick) float64 {
	sum, size := 0.0, 0.0
	for part, v := range c.Parts {
		if v != v || math.IsInf(float64(v), 0) {
			t.Fatalf("%v is %v", Part(part), v)
		}
		sum, size = sum+float64(v), size+math.Abs(float64(v))
	}
	if math.Abs(sum-float64(p.Score)) > 1e-5*math.Abs(float64(p.Score))+1e-15*size {
		t.Fatalf("parts sum to %v, the score is %v: %v", sum, p.Score, c.Parts)
	}
	if c.Parts[Rotation] > 0 || c.Parts[Diversity] > 0 || c.Parts[Explore] < 0 || c.Parts[Explore] != 0 && !p.Explored {
		t.Fatalf("parts have the wrong sign: %v", c.Parts)
	}
	return size
}

func TestOrderMeansNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, cands, seed := drawScenario(t), drawCandidates(t), rapid.Uint64().Draw(t, "seed")
		shuffled := rapid.Permutation(cands).Draw(t, "shuffled")
		one := s.Allocate(cands, 0, standing(), seed, new(Workspace))
		two := s.Allocate(shuffled, 0, standing(), seed, new(Workspace))
		if len(one) != len(two) {
			t.Fatalf("%d picks, shuffled %d", len(one), len(two))
		}
		for i := range one {
			a, b := cands[one[i].Candidate], shuffled[two[i].Candidate]
			if a != b || one[i].Score != two[i].Score || one[i].Explored != two[i].Explored {
				t.Fatalf("pick %d is %+v, shuffled %+v", i, a, b)
			}
		}
	})
}

func TestAgainIsTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, cands, seed := drawScenario(t), drawCandidates(t), rapid.Uint64().Draw(t, "seed")
		ws := new(Workspace)
		one := slices.Clone(s.Allocate(cands, 0, standing(), seed, ws))
		parts := slices.Clone(cands)
		two := s.Allocate(cands, 0, standing(), seed, ws)
		if !slices.Equal(one, two) || !slices.Equal(parts, cands) {
			t.Fatalf("%v, then %v", one, two)
		}
	})
}

func TestMoreToChooseFromIsNeverWorse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, cands, seed := drawScenario(t), drawCandidates(t), rapid.Uint64().Draw(t, "seed")
		some := cands[:rapid.IntRange(0, len(cands)).Draw(t, "some")]
		few := slices.Clone(s.Allocate(slices.Clone(some), 0, standing(), seed, new(Workspace)))
		many := s.Allocate(cands, 0, standing(), seed, new(Workspace))
		if len(few) > 0 && many[0].Score < few[0].Score && !sameScore(many[0].Score, few[0].Score) {
			t.Fatalf("the best of %d scores %v, of %d only %v", len(some), few[0].Score, len(cands), many[0].Score)
		}
	})
}

func TestBoostsNeverSink(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawScenario(t)
		s.Explore.Share = 0
		c := drawCandidate(t, 0)
		more := c
		more.Priority += rapid.Float32Range(0, 5).Draw(t, "priority more")
		more.Margin += rapid.Float32Range(0, 5).Draw(t, "margin more")
		more.Factor += rapid.Float32Range(0, 5).Draw(t, "factor more")
		s.RotationRate = 0 // a share of what is higher is more
		low := s.Allocate([]Candidate{c}, 1, standing(), 1, new(Workspace))[0].Score
		high := s.Allocate([]Candidate{more}, 1, standing(), 1, new(Workspace))[0].Score
		if high < low && !sameScore(high, low) {
			t.Fatalf("boosted from %v to %v", low, high)
		}
	})
}

func TestEntriesAreOrderedAsTheirScores(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		score := rapid.OneOf(rapid.Float32(), rapid.SampledFrom([]float32{0, float32(math.Copysign(0, -1)), 1, -1}))
		a, b := score.Draw(t, "a"), score.Draw(t, "b")
		i := rapid.IntRange(0, math.MaxInt32).Draw(t, "index")
		one, two := entryOf(a, i), entryOf(b, 0)
		if one.score() != a || int(one.index()) != i {
			t.Fatalf("%v at %d became %v at %d", a, i, one.score(), one.index())
		}
		if (one>>32 > two>>32) != (a > b) || (one>>32 == two>>32) != (a == b) {
			t.Fatalf("%v and %v are ordered as %x and %x", a, b, one, two)
		}
	})
}
