package plot

import (
	"math"
	"strconv"
	"strings"
)

// scale places an axis's numbers between two coordinates of the image.
type scale struct {
	log      bool
	min, max float64
	from, to float64 // where min and max are drawn
	ticks    []float64
}

// newScale makes the scale of an axis that has to hold the numbers from low to
// high.
func newScale(a *Axis, low, high, from, to float64) scale {
	if a.Min != 0 || a.Max != 0 {
		low, high = a.Min, a.Max
	}
	s := scale{log: a.Log, from: from, to: to}
	if a.Log {
		s.ticks = logTicks(low, high)
	} else {
		s.ticks = linearTicks(low, high)
	}
	s.min, s.max = s.ticks[0], s.ticks[len(s.ticks)-1]
	if len(a.Ticks) > 0 {
		s.ticks = a.Ticks
		s.min, s.max = math.Min(low, a.Ticks[0]), math.Max(high, a.Ticks[len(a.Ticks)-1])
		if s.min == s.max {
			s.max = s.min + math.Max(1, math.Abs(s.min))
		}
	}
	return s
}

// at is where a number is drawn; one beyond the axis is drawn at its end.
func (s *scale) at(v float64) float64 {
	v = math.Min(math.Max(v, s.min), s.max)
	part := (v - s.min) / (s.max - s.min)
	if s.log {
		part = math.Log(v/s.min) / math.Log(s.max/s.min)
	}
	return s.from + part*(s.to-s.from)
}

// linearTicks are four to ten round numbers, the first not above low and the
// last not below high.
func linearTicks(low, high float64) []float64 {
	if high <= low {
		high = low + math.Max(math.Abs(low), 1)
	}
	step := math.Pow(10, math.Floor(math.Log10((high-low)/4)))
	for _, by := range []float64{5, 2} {
		if (high-low)/(step*by) >= 4 {
			step *= by
			break
		}
	}
	first := math.Floor(low/step + 1e-9)
	var out []float64
	for i := first; ; i++ {
		out = append(out, i*step)
		if i*step >= high-1e-9*step {
			return out
		}
	}
}

// logTicks are powers of ten, the first not above low and the last not below
// high; below two of them 1, 2 and 5 of each.
func logTicks(low, high float64) []float64 {
	marks := []float64{1}
	if high/low < 100 {
		marks = []float64{1, 2, 5}
	}
	var all []float64
	for e := math.Floor(math.Log10(low)) - 1; e <= math.Ceil(math.Log10(high))+1; e++ {
		for _, m := range marks {
			all = append(all, m*math.Pow(10, e))
		}
	}
	first, last := 0, len(all)-1
	for first+1 < len(all) && all[first+1] <= low*(1+1e-9) {
		first++
	}
	for last > first+1 && all[last-1] >= high*(1-1e-9) {
		last--
	}
	return all[first : last+1]
}

// format writes a tick's number.
func (a *Axis) format(v float64) string {
	if a.Format != nil {
		return a.Format(v)
	}
	return number(v)
}

// number writes a number as a reader expects it: 0.25, 1,500, 2 million.
func number(v float64) string {
	if math.Abs(v) >= 1e6 {
		return short(v/1e6) + " million"
	}
	return short(v)
}

// short writes a number without digits that say nothing, thousands apart.
func short(v float64) string {
	text := strconv.FormatFloat(v, 'g', 6, 64)
	if math.Abs(v) >= 1e-4 && math.Abs(v) < 1e6 || v == 0 {
		text = strconv.FormatFloat(v, 'f', -1, 64)
		if rounded := strconv.FormatFloat(v, 'f', 6, 64); len(text) > len(rounded) {
			text = strings.TrimRight(strings.TrimRight(rounded, "0"), ".")
		}
	}
	whole, rest, _ := strings.Cut(text, ".")
	if rest != "" {
		rest = "." + rest
	}
	digits := strings.TrimPrefix(whole, "-")
	if len(digits) > 3 && !strings.ContainsAny(text, "e") {
		whole = whole[:len(whole)-3] + "," + whole[len(whole)-3:]
	}
	return whole + rest
}
