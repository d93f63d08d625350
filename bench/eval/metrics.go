package eval

import (
	"math"
)

// cutoffs are the lengths at which lists are looked at.
var cutoffs = [...]int{5, 10, Length}

// measures are what is worked out at each cutoff; the numbers are their places
// in marks.
const (
	recall    = iota // how many of the right answers are in the list, as a share of them
	hit              // 1 if any is
	mrr              // one over the place of the first
	ndcg             // discounted gain, over that of the best list of this length
	ndcgWhole        // discounted gain, over that of all right answers: what some papers on baskets report
	measures
)

var measureNames = [measures]string{"recall", "hit", "mrr", "ndcg", "ndcg-all"}

// marks are what one list is worth.
type marks [len(cutoffs)][measures]float64

// mark measures a list. Whatever is in it a second time is passed over. right
// holds each right answer once and is not empty.
func mark(list []string, right map[string]bool) (m marks) {
	seen := make(map[string]bool, len(list))
	var hits []int // the places of the right ones, from 0
	place := 0
	for _, id := range list {
		if seen[id] {
			continue
		}
		seen[id] = true
		if right[id] {
			hits = append(hits, place)
		}
		place++
	}
	for i, k := range cutoffs {
		m[i] = markAt(k, hits, len(right))
	}
	return m
}

func markAt(k int, hits []int, right int) (m [measures]float64) {
	gain := 0.0
	for _, place := range hits {
		if place >= k {
			break
		}
		if m[hit] == 0 {
			m[hit], m[mrr] = 1, 1/float64(place+1)
		}
		m[recall] += 1 / float64(right)
		gain += discount(place)
	}
	m[ndcg], m[ndcgWhole] = gain/ideal(min(k, right)), gain/ideal(right)
	return m
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
