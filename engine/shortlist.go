package engine

import (
	"math"
	"slices"
	"sync"

	"nabo/engine/rank"
)

// shortlist is which candidates are worth a close look: of five hundred offers
// a list of 35 takes its items from the best hundred and a half, and to weigh
// the parts of the others and to allocate among them would double an answer's
// time. What is left out is bounded by below; when an answer comes that near,
// it is made again among all.
type shortlist struct {
	all    []int32   // the places of all candidates
	bounds []float32 // beside them: the most that each can score
	sorted []float32
	places []int32 // of those that are looked at closely
	below  float32 // no candidate that was left out can score more
	newOut bool    // a new one was left out, which a drawn slot might go to
}

// shortlistFor is how many candidates are kept for each item of the list.
const shortlistFor = 4

// shorten chooses the places that are looked at closely, all of them if they
// are few or if all is set.
func (x *suiting) shorten(visits float32, weights *[rank.Affinities]float32, count int, all bool) []int32 {
	l := &x.s.short
	l.all, l.below, l.newOut = l.all[:0], float32(math.Inf(-1)), false
	for p := x.s.allowed.Next(0); p >= 0; p = x.s.allowed.Next(p + 1) {
		l.all = append(l.all, p)
	}
	keep := max(shortlistFor*count, 128)
	if all || len(l.all) <= keep*5/4 {
		return l.all
	}
	l.bounds = slices.Grow(l.bounds[:0], len(l.all))[:len(l.all)]
	for i, p := range l.all {
		l.bounds[i] = x.most(p, visits, weights)
	}
	least, fresh := l.least(keep), x.freshFew(keep)
	l.places, l.newOut = l.places[:0], !fresh
	for i, p := range l.all {
		if most := l.bounds[i]; most >= least || (fresh && x.isFresh(p)) {
			l.places = append(l.places, p)
		} else {
			l.below = max(l.below, most)
		}
	}
	return l.places
}

// most is the most that an offer can score: its affinity with all boosts.
// Rotation and diversity only take from it.
func (x *suiting) most(p int32, visits float32, weights *[rank.Affinities]float32) float32 {
	m := &x.s.merits[p]
	v := x.base.score[p]
	if m.own != 0 || m.together != 0 || m.category != 0 || m.brand != 0 || m.basket != 0 {
		v += weights[rank.Own]*saturate(m.own, halfOwn) + weights[rank.Together]*saturate(m.together, halfEdges) +
			weights[rank.Category]*saturate(m.category, halfKind) + weights[rank.Brand]*saturate(m.brand, halfKind) +
			weights[rank.Basket]*saturate(m.basket, halfEdges)
	}
	if weights[rank.Place] != 0 {
		v += weights[rank.Place] * x.athome(p, visits)
	}
	by := x.base.by[p]
	if v < 0 || by < 0 {
		return float32(math.Inf(1)) // rank bends these otherwise
	}
	v *= by
	if len(x.boosts) > 0 {
		v *= float32(x.boost(p))
	}
	return v
}

// base is what an offer scores under a scenario whoever asks, and what its
// priority and margin multiply.
type base struct{ score, by []float32 }

// bases keeps them for a lens, by scenario.
type bases struct{ made sync.Map }

func (l *lens) base(sc *rank.Scenario, keep bool) *base {
	if b, ok := l.bases.made.Load(sc); ok {
		return b.(*base)
	}
	b := &base{make([]float32, len(l.marks)), make([]float32, len(l.marks))}
	for i := range l.marks {
		f := &l.marks[i]
		b.score[i] = float32(sc.Weights[rank.Trend])*f.trend + float32(sc.Weights[rank.Popular])*f.popular + float32(sc.Weights[rank.Past])*f.past
		b.by[i] = 1 + float32(sc.Priority)*f.priority + float32(sc.Margin)*f.margin
	}
	if keep { // of one that is only tried there is no end
		l.bases.made.Store(sc, b)
	}
	return b
}

// freshFew says whether the new offers are so few that all of them are kept:
// one with little merit may be explored.
func (x *suiting) freshFew(keep int) bool {
	n := 0
	for _, p := range x.s.short.all {
		if x.isFresh(p) {
			n++
		}
		if n > keep {
			return false
		}
	}
	return true
}

// stands says whether a list among the short list is the one among all. What
// an explored one scores by itself matters only where a new one was left out:
// else it is the best of the new ones whatever it scores, and what is compared
// is the score that it was lifted to, the best of all for its slot.
func (l *shortlist) stands(picks []rank.Pick, cands []rank.Candidate, count int, sc *rank.Scenario) bool {
	if math.IsInf(float64(l.below), -1) {
		return true
	}
	for _, p := range picks {
		score := p.Score
		if l.newOut && p.Explored {
			score = byItself(&cands[p.Candidate])
		}
		if score <= l.below+float32(1e-5)*(1+l.below) {
			return false
		}
	}
	return len(picks) == count && (!l.newOut || newLeft(picks, cands, sc))
}

// byItself is what an explored candidate scores but for that; to take what it
// was lifted by from its score would leave nothing of a small one.
func byItself(c *rank.Candidate) float32 {
	sum := 0.0
	for _, v := range c.Parts[:rank.Explore] {
		sum += float64(v)
	}
	return float32(sum)
}

// newLeft says whether a new candidate is left that no cap keeps out: then no
// slot that was drawn for one went to another.
func newLeft(picks []rank.Pick, cands []rank.Candidate, sc *rank.Scenario) bool {
	for i := range cands {
		if cands[i].Fresh && sc.WhyLeft(cands, picks, i) == rank.Outscored &&
			!slices.ContainsFunc(picks, func(p rank.Pick) bool { return int(p.Candidate) == i }) {
			return true
		}
	}
	return false
}

// least returns a bound that at least keep candidates reach, and not many more:
// a mean of the larger ones, which is found in a third of the time that the
// n-th largest takes, if one will do.
func (l *shortlist) least(keep int) float32 {
	bound := float32(math.Inf(-1))
	for range 3 {
		sum, reach := float32(0), 0
		for _, v := range l.bounds {
			if v >= bound {
				sum += v
				reach++
			}
		}
		if reach < keep {
			break
		}
		if reach <= keep*3/2 {
			return bound
		}
		bound = sum / float32(reach)
	}
	l.sorted = append(l.sorted[:0], l.bounds...)
	return nthLargest(l.sorted, keep)
}

// nthLargest returns the n-th largest of list, which it reorders.
func nthLargest(list []float32, n int) float32 {
	for len(list) > 16 {
		pivot := median(list[0], list[len(list)/2], list[len(list)-1])
		i, j := 0, len(list)-1
		for i <= j {
			for list[i] > pivot {
				i++
			}
			for list[j] < pivot {
				j--
			}
			if i <= j {
				list[i], list[j] = list[j], list[i]
				i++
				j--
			}
		}
		switch {
		case n <= j+1:
			list = list[:j+1]
		case n > i:
			list, n = list[i:], n-i
		default:
			return pivot
		}
	}
	slices.Sort(list)
	return list[len(list)-n]
}

func median(a, b, c float32) float32 { return max(min(a, b), min(max(a, b), c)) }
