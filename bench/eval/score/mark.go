// Package score measures ranked lists against what was right.
package score

import "math"

// Cutoffs are the lengths at which lists are looked at.
var Cutoffs = [...]int{5, 10, 20}

// Measure is what is worked out at each cutoff.
type Measure int

// The measures. Each is between 0 and 1. Those from Repeats on are of
// questions whose asker is known to have bought something before.
const (
	Recall        Measure = iota // how many of the right answers are in the list, as a share of them
	Precision                    // how many of the places hold a right answer
	Hit                          // 1 if any does
	MRR                          // one over the place of the first
	NDCG                         // discounted gain, over that of the best list of this length
	NDCGAll                      // discounted gain, over that of all right answers: what some papers on baskets report
	Repeats                      // how many of the places hold what was bought before
	RepeatRecall                 // recall of the right answers that were bought before; of questions with any
	RepeatHit                    // 1 if any of these is in the list
	ExploreRecall                // recall of the right answers that were never bought before; of questions with any
	ExploreHit                   // 1 if any of these is in the list
	measures
)

var measureNames = [measures]string{
	"recall", "precision", "hit", "mrr", "ndcg", "ndcg-all",
	"repeats", "repeat-recall", "repeat-hit", "explore-recall", "explore-hit",
}

// String returns the measure's name in reports.
func (m Measure) String() string { return measureNames[m] }

// Measures returns all of them.
func Measures() (out []Measure) {
	for m := range measures {
		out = append(out, m)
	}
	return out
}

// Marks are what one list is worth, by cutoff and measure. NaN: the question
// does not count for the measure.
type Marks [len(Cutoffs)]row

// Mark measures a list. Whatever is in it a second time is passed over. right
// holds the right answers and is not empty; before is what the asker had bought
// before, nil where that is not asked.
func Mark(list []string, right, before map[string]bool) (m Marks) {
	seen := make(map[string]bool, len(list))
	places := make([]spot, 0, len(list))
	for _, id := range list {
		if !seen[id] {
			seen[id] = true
			places = append(places, spot{right[id], before[id]})
		}
	}
	again := 0
	for id := range right {
		if before[id] {
			again++
		}
	}
	for i, k := range Cutoffs {
		top := places[:min(k, len(places))]
		m[i] = markAt(k, top, len(right))
		m[i].addParts(k, top, again, len(right)-again, before != nil)
	}
	return m
}

// spot is one place of a list.
type spot struct{ right, before bool }

func markAt(k int, top []spot, right int) (m row) {
	gain, found := 0.0, 0
	for place, s := range top {
		if !s.right {
			continue
		}
		if found++; found == 1 {
			m[Hit], m[MRR] = 1, 1/float64(place+1)
		}
		gain += discount(place)
	}
	m[Recall], m[Precision] = float64(found)/float64(right), float64(found)/float64(k)
	m[NDCG], m[NDCGAll] = gain/ideal(min(k, right)), gain/ideal(right)
	return m
}

type row [measures]float64

// addParts measures what was bought before and what never was apart.
func (m *row) addParts(k int, top []spot, again, first int, known bool) {
	slots, againFound, firstFound := 0, 0, 0
	for _, s := range top {
		switch {
		case s.before && s.right:
			againFound++
		case s.right:
			firstFound++
		}
		if s.before {
			slots++
		}
	}
	m[Repeats] = float64(slots) / float64(k)
	m[RepeatRecall], m[RepeatHit] = part(againFound, again)
	m[ExploreRecall], m[ExploreHit] = part(firstFound, first)
	if !known {
		for what := Repeats; what < measures; what++ {
			m[what] = math.NaN()
		}
	}
}

func part(found, of int) (recall, hit float64) {
	if of == 0 {
		return math.NaN(), math.NaN()
	}
	return float64(found) / float64(of), float64(min(found, 1))
}

// discount is what a right answer is worth at a place, from 0.
func discount(place int) float64 { return 1 / math.Log2(float64(place+2)) }

// ideal is the gain of n right answers on top.
func ideal(n int) (gain float64) {
	for place := range n {
		gain += discount(place)
	}
	return gain
}
