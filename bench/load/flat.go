package load

import (
	"fmt"
	"io"
	"math"
	"slices"
)

// Flat is whether something stayed flat: over the second half of a soak, when
// what fills up at the start is full.
type Flat struct {
	Name    string  `json:"name"`
	Unit    string  `json:"unit"`
	Median  float64 `json:"median"`  // over the second half
	Last    float64 `json:"last"`    // its last sample
	Growth  float64 `json:"growth"`  // over the second half, by the median of all slopes
	Allowed float64 `json:"allowed"` // growth that counts as flat
	Flat    bool    `json:"flat"`
}

// limit is how much something may grow over the second half of a soak: a share
// of its median, or so much, whichever is more.
type limit struct {
	name, unit      string
	share, absolute float64
}

// fewest is how many samples the second half must have.
const fewest = 4

// judge says whether a series stays flat. The slope is the median of the slopes
// between any two samples of the second half (Theil and Sen), which a few
// outliers don't move. Only growth is told of: less of it is no fault. Samples
// that are not numbers are left out.
func judge(l limit, at, values []float64) (Flat, error) {
	f := Flat{Name: l.name, Unit: l.unit}
	var ts, vs []float64
	half := 0.0
	if len(at) > 0 {
		half = (at[0] + at[len(at)-1]) / 2
	}
	for i, t := range at {
		if t >= half && !math.IsNaN(values[i]) {
			ts, vs = append(ts, t), append(vs, values[i])
		}
	}
	if len(vs) < fewest {
		return f, fmt.Errorf("%s: %d samples in the second half, want %d or more: a longer --duration or a shorter --every", l.name, len(vs), fewest)
	}
	var slopes []float64
	for i := range ts {
		for j := range i {
			if ts[i] > ts[j] {
				slopes = append(slopes, (vs[i]-vs[j])/(ts[i]-ts[j]))
			}
		}
	}
	f.Last, f.Median = vs[len(vs)-1], median(slices.Clone(vs))
	f.Growth = median(slopes) * (ts[len(ts)-1] - ts[0])
	f.Allowed = max(l.share*math.Abs(f.Median), l.absolute)
	f.Flat = f.Growth <= f.Allowed
	return f, nil
}

// row writes a verdict for people.
func (f *Flat) row(w io.Writer) {
	verdict := "flat"
	if !f.Flat {
		verdict = "GROWS"
	}
	fmt.Fprintf(w, "%s\t%.3f\t%.3f\t%+.3f\t%.3f\t%s\t%s\t\n", f.Name, f.Median, f.Last, f.Growth, f.Allowed, f.Unit, verdict)
}
