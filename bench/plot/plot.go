// Package plot draws line charts and grouped bar charts as SVG.
//
// A chart is one self-contained image: text stays text, and its colours follow
// whether the reader's system is light or dark. The same chart gives the same
// bytes.
package plot

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
)

// Chart is one chart. Lines are drawn through the points of each series; with
// Groups, bars stand side by side in each group instead.
type Chart struct {
	Title string // above the chart; want one
	Note  string // below it, in one line: what was measured and how; may be empty
	X, Y  Axis
	// Groups, if not empty, makes a chart of bars: the i-th point of each series
	// is its bar in the i-th group, and X of a point is not used.
	Groups []string
	Series []Series // 1 to 8
}

// Axis is one of the two axes.
type Axis struct {
	Label string // what it shows, and its unit
	Log   bool   // in powers of ten; points of 0 and less are then left out
	// Min and Max bound it; both 0: whatever holds all points, and 0 for bars.
	// They are widened to whole ticks.
	Min, Max float64
	// Ticks are where it has marks; empty: at round numbers.
	Ticks []float64
	// Format writes a tick's number; nil: with thousands apart, or "2 million".
	Format func(float64) string
}

// Series is what is drawn in one colour.
type Series struct {
	Name   string // beside the line's end, or in the legend of bars; want one
	Points []Point
	Dashed bool // a line that is a limit or an aim, not a measurement
}

// Point is a value and, if Low < High, the interval that it lies in. A point
// with a coordinate that is not a finite number is left out, and its line is
// broken there.
type Point struct {
	X, Y      float64
	Low, High float64
}

// Chart bounds: more than this cannot be told apart.
const (
	maxSeries = 8
	maxGroups = 64
)

// SVG writes the chart as an SVG document. It fails when there is nothing to
// draw, when a name is missing, and when w does.
func (c Chart) SVG(w io.Writer) error { return Page(w, c) }

// Page writes charts below each other as one SVG document. It fails as
// Chart.SVG does.
func Page(w io.Writer, charts ...Chart) error {
	if len(charts) == 0 {
		return errors.New("plot: no chart")
	}
	for i := range charts {
		if err := charts[i].validate(); err != nil {
			return fmt.Errorf("plot %q: %w", charts[i].Title, err)
		}
	}
	out := bufio.NewWriter(w)
	open(out, charts)
	top := 0.0
	for i := range charts {
		d := newDrawing(out, &charts[i], top)
		d.draw()
		top += chartHeight
	}
	fmt.Fprintln(out, "</svg>")
	return out.Flush()
}

func (c *Chart) validate() error {
	switch {
	case c.Title == "":
		return errors.New("no Title")
	case len(c.Series) < 1 || len(c.Series) > maxSeries:
		return fmt.Errorf("%d series, want 1 to %d", len(c.Series), maxSeries)
	case len(c.Groups) > maxGroups:
		return fmt.Errorf("%d groups, want at most %d", len(c.Groups), maxGroups)
	}
	points := 0
	for i, s := range c.Series {
		if s.Name == "" {
			return fmt.Errorf("series %d has no Name", i)
		}
		if len(c.Groups) > 0 && len(s.Points) != len(c.Groups) {
			return fmt.Errorf("series %q has %d points for %d groups", s.Name, len(s.Points), len(c.Groups))
		}
		for _, p := range s.Points {
			if c.shows(p) {
				points++
			}
		}
	}
	if points == 0 {
		return errors.New("no point that can be drawn")
	}
	return errors.Join(c.X.validate("X"), c.Y.validate("Y"))
}

func (a *Axis) validate(name string) error {
	if a.Min > a.Max || !finite(a.Min) || !finite(a.Max) {
		return fmt.Errorf("axis %s: Min %v, Max %v: want finite numbers, the lower first", name, a.Min, a.Max)
	}
	if a.Log && a.Max != 0 && a.Min <= 0 {
		return fmt.Errorf("axis %s: Min %v: want more than 0 on a logarithmic axis", name, a.Min)
	}
	return nil
}

// shows is whether a point has a place in the chart.
func (c *Chart) shows(p Point) bool {
	if !c.Y.holds(p.Y) {
		return false
	}
	return len(c.Groups) > 0 || c.X.holds(p.X)
}

func (a *Axis) holds(v float64) bool { return finite(v) && (!a.Log || v > 0) }

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
