package score

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// all returns marks that are v at every cutoff and measure.
func all(v float64) (m Marks) {
	for k := range m {
		for what := range m[k] {
			m[k][what] = v
		}
	}
	return m
}

func sheet(n int, askers func(int) string, value func(method, question int) float64) *Sheet {
	s := &Sheet{Marks: make([][]Marks, 2), Samples: 200, Seed: 1}
	for q := range n {
		s.Askers = append(s.Askers, askers(q))
		for m := range s.Marks {
			s.Marks[m] = append(s.Marks[m], all(value(m, q)))
		}
	}
	return s
}

func own(q int) string { return fmt.Sprint(q) }

// TestFigures: means, leads, and intervals as wide as the theory of large
// samples says, with few askers and with more than there are bundles.
func TestFigures(t *testing.T) {
	for _, n := range []int{400, 2600} {
		chance := rand.New(rand.NewPCG(3, 4))
		values := make([]float64, n)
		sum, squares := 0.0, 0.0
		for q := range values {
			values[q] = float64(chance.IntN(2))
			sum += values[q]
			squares += values[q] * values[q]
		}
		figures := sheet(n, own, func(m, q int) float64 { return values[q] * float64(1-m) }).Figures()
		mean := sum / float64(n)
		width := 2 * 1.96 * math.Sqrt((squares/float64(n)-mean*mean)/float64(n))
		f, zero := figures[0][0], figures[1][0]
		if f.Of != n || math.Abs(f.Value-mean) > 1e-12 || f.Low > mean || f.High < mean || f.Ahead != 0 || f.AheadHigh != 0 {
			t.Errorf("of %d: %+v, the mean is %v", n, f, mean)
		}
		if got := f.High - f.Low; math.Abs(got-width) > 0.25*width {
			t.Errorf("of %d: the interval is %v wide, theory says %v", n, got, width)
		}
		if zero.Value != 0 || zero.Ahead != f.Value || zero.AheadLow != f.Low || zero.AheadHigh != f.High {
			t.Errorf("of %d: ahead of nothing by %+v, the value is %+v", n, zero, f)
		}
	}
}

// TestAskersTogether: questions of one asker that all go the same way say no
// more than one of them.
func TestAskersTogether(t *testing.T) {
	value := func(_, q int) float64 { return float64(q / 10 % 2) }
	apart := sheet(400, own, value).Figures()[0][0]
	together := sheet(400, func(q int) string { return fmt.Sprint(q / 10) }, value).Figures()[0][0]
	if a, b := apart.High-apart.Low, together.High-together.Low; b < 2*a {
		t.Errorf("the interval is %v wide apart and %v together; about √10 times as wide was expected", a, b)
	}
}

// TestLeftOut: what no question counts for has no figure, and what some count
// for is a mean of these.
func TestLeftOut(t *testing.T) {
	s := sheet(4, own, func(_, q int) float64 { return float64(q) })
	for m := range s.Marks {
		for q := range s.Marks[m] {
			for k := range Cutoffs {
				s.Marks[m][q][k][Repeats] = math.NaN()
				if q < 2 {
					s.Marks[m][q][k][RepeatHit] = math.NaN()
				}
			}
		}
	}
	for _, f := range s.Figures()[0] {
		switch f.Measure {
		case "repeats":
			t.Errorf("nobody counts, and there is %+v", f)
		case "repeat-hit":
			if f.Of != 2 || f.Value != 2.5 {
				t.Errorf("2 and 3 count: %+v", f)
			}
		default:
			if f.Of != 4 || f.Value != 1.5 {
				t.Errorf("all count: %+v", f)
			}
		}
	}
	if m := Means(s.Marks[0]); !math.IsNaN(m.At(Repeats, 10)) || m.At(RepeatHit, 20) != 2.5 {
		t.Errorf("the means are %v", m)
	}
}

func TestCover(t *testing.T) {
	lists := [][]string{{"a", "b", "a"}, {"a", "1", "2", "3", "4", "c"}, nil}
	got := Cover(lists, map[string]float64{"a": 6, "b": 2, "c": 1, "d": 1})
	if got[0] != (Coverage{5, 0.5, 0.8}) || got[1] != (Coverage{10, 0.75, 0.9}) {
		t.Errorf("got %+v", got)
	}
	if got := Cover(lists, nil); got[2] != (Coverage{At: 20}) {
		t.Errorf("of nothing: %+v", got)
	}
}
