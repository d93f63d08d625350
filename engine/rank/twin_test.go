package rank

import (
	"math"
	"slices"
)

// slowAllocate is Allocate without its queues: every slot looks at every
// candidate again, and counts its category and its funder in the list so far.
func slowAllocate(s *Scenario, cands []Candidate, count int, o Override, seed uint64) []Pick {
	if count <= 0 {
		count = s.Count
	}
	diversity, rotation := share(o.Diversity, s.Diversity), share(o.RotationRate, s.RotationRate)
	r := resting{s.Priority, s.Margin, rotation, 1 / s.RotationDays}
	var picks []Pick
	for slot := range min(count, MaxCount) {
		all := slowBest(s, r, cands, picks, diversity, false)
		if all < 0 {
			break
		}
		score := slowScore(r, cands, picks, all, diversity)
		chosen, explored := all, false
		if draw(seed, slot) < s.Explore.Share {
			if fresh := slowBest(s, r, cands, picks, diversity, true); fresh >= 0 {
				chosen, explored = fresh, true
			}
		}
		picks = append(picks, Pick{Candidate: int32(chosen), Score: score, Explored: explored})
	}
	return picks
}

// slowBest returns the index of the best candidate that may be taken, or -1.
func slowBest(s *Scenario, r resting, cands []Candidate, picks []Pick, diversity float64, fresh bool) int {
	best := -1
	for i := range cands {
		c := &cands[i]
		category, funder, taken := slowCount(cands, picks, i)
		if taken || fresh && !c.Fresh ||
			c.Category != 0 && s.MaxPerCategory > 0 && category >= s.MaxPerCategory ||
			c.Funder != 0 && s.MaxPerFunder > 0 && funder >= s.MaxPerFunder {
			continue
		}
		if best < 0 || slowAbove(c, &cands[best], slowScore(r, cands, picks, i, diversity), slowScore(r, cands, picks, best, diversity)) {
			best = i
		}
	}
	return best
}

func slowAbove(a, b *Candidate, scoreA, scoreB float32) bool {
	if scoreA != scoreB {
		return scoreA > scoreB
	}
	if a.Tie != b.Tie {
		return a.Tie < b.Tie
	}
	return a.Place < b.Place
}

func slowScore(r resting, cands []Candidate, picks []Pick, i int, diversity float64) float32 {
	c := cands[i] // a copy: the parts must not be touched
	v := r.score(&c)
	category, _, _ := slowCount(cands, picks, i)
	if c.Category == 0 || category == 0 {
		return float32(v)
	}
	keep := 1.0
	for range category {
		keep *= 1 - diversity
	}
	return float32(v + float64(float32(math.Abs(v)*(keep-1))))
}

func slowCount(cands []Candidate, picks []Pick, i int) (category, funder int, taken bool) {
	for _, p := range picks {
		if cands[p.Candidate].Category == cands[i].Category {
			category++
		}
		if cands[p.Candidate].Funder == cands[i].Funder {
			funder++
		}
	}
	return category, funder, slices.ContainsFunc(picks, func(p Pick) bool { return int(p.Candidate) == i })
}
