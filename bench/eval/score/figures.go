package score

import (
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"
)

// Figure is one measure's mean with its 95% interval.
type Figure struct {
	Measure string  `json:"measure"` // see Measure
	At      int     `json:"at"`      // how much of each list is looked at
	Of      int     `json:"of"`      // questions that count for it
	Value   float64 `json:"value"`
	Low     float64 `json:"low"`
	High    float64 `json:"high"`
	// Ahead is by how much the first method's mean is above this one's, with the
	// interval of the difference on the same questions; 0 for the first itself.
	Ahead     float64 `json:"ahead"`
	AheadLow  float64 `json:"aheadLow"`
	AheadHigh float64 `json:"aheadHigh"`
}

// Sheet is what several methods' lists are worth on the same questions.
type Sheet struct {
	Marks   [][]Marks // by method and question
	Askers  []string  // by question: questions of one asker are drawn together
	Samples int       // drawn for the intervals, at least 40
	Seed    uint64    // of the draws
}

// Figures returns each method's means, measures that no question counts for
// left out, with intervals: the means are worked out again over samples of the
// askers drawn with replacement, the same samples for every method. Askers
// beyond 2,000 are drawn in that many bundles, which costs an interval a few
// hundredths of its width in precision.
func (s *Sheet) Figures() [][]Figure {
	bundles := s.bundles()
	sums := make([][]sum, len(s.Marks)) // by method and bundle
	whole := make([]sum, len(s.Marks))
	for m := range s.Marks {
		sums[m] = make([]sum, slices.Max(bundles)+1)
		for q := range s.Marks[m] {
			sums[m][bundles[q]].mark(&s.Marks[m][q])
		}
		for b := range sums[m] {
			whole[m].add(&sums[m][b])
		}
	}
	sampled := s.sample(sums)
	out := make([][]Figure, len(s.Marks))
	for m := range s.Marks {
		for k, at := range Cutoffs {
			for what := range measures {
				if whole[m].n[k][what] == 0 {
					continue
				}
				f := Figure{Measure: what.String(), At: at, Of: int(whole[m].n[k][what])}
				f.Value = whole[m].mean(k, what)
				f.Ahead = whole[0].mean(k, what) - f.Value
				f.Low, f.High = interval(sampled, func(s []sum) float64 { return s[m].mean(k, what) })
				f.AheadLow, f.AheadHigh = interval(sampled, func(s []sum) float64 { return s[0].mean(k, what) - s[m].mean(k, what) })
				out[m] = append(out[m], f)
			}
		}
	}
	return out
}

// mostBundles is how many things are drawn from at most.
const mostBundles = 2000

// bundles numbers the askers, or bundles of them where they are many.
func (s *Sheet) bundles() []int {
	numbers := map[string]int{}
	out := make([]int, len(s.Askers))
	for q, asker := range s.Askers {
		n, ok := numbers[asker]
		if !ok {
			n = len(numbers)
			numbers[asker] = n
		}
		out[q] = n
	}
	if len(numbers) <= mostBundles {
		return out
	}
	for q, asker := range s.Askers {
		h := fnv.New64a()
		h.Write([]byte(asker))
		out[q] = int(mix(h.Sum64()) % mostBundles)
	}
	return out
}

// mix spreads a hash: FNV's low bits of like texts are alike.
func mix(h uint64) uint64 {
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	return h ^ h>>33
}

// sum is marks added up, and how many.
type sum struct{ v, n Marks }

func (s *sum) mark(m *Marks) {
	for k := range m {
		for what, v := range m[k] {
			if !math.IsNaN(v) {
				s.v[k][what] += v
				s.n[k][what]++
			}
		}
	}
}

func (s *sum) add(o *sum) {
	for k := range s.v {
		for what := range s.v[k] {
			s.v[k][what] += o.v[k][what]
			s.n[k][what] += o.n[k][what]
		}
	}
}

func (s *sum) mean(k int, what Measure) float64 {
	if s.n[k][what] == 0 {
		return 0
	}
	return s.v[k][what] / s.n[k][what]
}

// sample draws bundles with replacement and adds them up, by sample and method.
func (s *Sheet) sample(sums [][]sum) [][]sum {
	chance := rand.New(rand.NewPCG(s.Seed, 0))
	out := make([][]sum, s.Samples)
	bundles := len(sums[0])
	for i := range out {
		out[i] = make([]sum, len(sums))
		for range bundles {
			b := chance.IntN(bundles)
			for m := range sums {
				out[i][m].add(&sums[m][b])
			}
		}
	}
	return out
}

// interval is where the middle 95% of the samples are.
func interval(sampled [][]sum, of func([]sum) float64) (low, high float64) {
	values := make([]float64, len(sampled))
	for i, s := range sampled {
		values[i] = of(s)
	}
	slices.Sort(values)
	out := len(values) / 40
	return values[out], values[len(values)-1-out]
}

// Means returns one method's means over all questions; NaN where none counts.
func Means(marks []Marks) (out Marks) {
	var all sum
	for q := range marks {
		all.mark(&marks[q])
	}
	for k := range out {
		for what := range measures {
			out[k][what] = math.NaN()
			if all.n[k][what] > 0 {
				out[k][what] = all.mean(k, what)
			}
		}
	}
	return out
}

// At returns a measure at a cutoff, which must be one of Cutoffs.
func (m *Marks) At(what Measure, cutoff int) float64 {
	return m[slices.Index(Cutoffs[:], cutoff)][what]
}
