package plot

import (
	"bufio"
	"cmp"
	"encoding/xml"
	"fmt"
	"math"
	"slices"
	"strings"
)

// The measures of a chart, in the image's units.
const (
	width       = 760.0
	chartHeight = 400.0

	left, right = 78.0, 170.0 // beside the plot; line names stand on the right
	above       = 58.0
	below       = 74.0
	lineGap     = 16.0 // between the names of two lines, at least
)

// style holds the colours; series are told apart by colour and by marker.
const style = `<style>
.nabo-plot{--ink:#1b1f24;--quiet:#57606a;--grid:#d8dee4;--paper:#ffffff;--s0:#0b62b8;--s1:#c2410c;--s2:#0f7b4f;--s3:#8a2fb0;--s4:#946200;--s5:#0e7490;--s6:#be185d;--s7:#4b5563}
@media (prefers-color-scheme:dark){.nabo-plot{--ink:#e6edf3;--quiet:#9da7b1;--grid:#30363d;--paper:#0d1117;--s0:#6cb6ff;--s1:#ff9f6b;--s2:#5fd39a;--s3:#d2a8ff;--s4:#e3b341;--s5:#56d4dd;--s6:#ff8fc0;--s7:#aab4be}}
.nabo-plot text{font:13px system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;fill:var(--ink)}
.nabo-plot .title{font-size:16px;font-weight:600}
.nabo-plot .quiet{fill:var(--quiet);font-size:12px}
.nabo-plot .paper{fill:var(--paper)}
.nabo-plot .grid{stroke:var(--grid);stroke-width:1}
.nabo-plot .axis{stroke:var(--quiet);stroke-width:1}
.nabo-plot .line{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
.nabo-plot .dashed{stroke-dasharray:6 5}
.nabo-plot .error{stroke-width:1.5}
</style>
`

// open writes the beginning of the document.
func open(w *bufio.Writer, charts []Chart) {
	var titles []string
	for _, c := range charts {
		titles = append(titles, c.Title)
	}
	height := chartHeight * float64(len(charts))
	fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" class="nabo-plot" role="img" width="%g" height="%g" viewBox="0 0 %g %g">`+"\n", width, height, width, height)
	fmt.Fprintf(w, "<title>%s</title>\n", escape(strings.Join(titles, "; ")))
	w.WriteString(style)
	fmt.Fprintf(w, `<rect class="paper" width="%g" height="%g"/>`+"\n", width, height)
}

// drawing is one chart being written; top is where it begins.
type drawing struct {
	*bufio.Writer
	c    *Chart
	top  float64
	x, y scale
}

func newDrawing(w *bufio.Writer, c *Chart, top float64) *drawing {
	d := &drawing{Writer: w, c: c, top: top}
	xLow, xHigh := math.Inf(1), math.Inf(-1)
	yLow, yHigh := xLow, xHigh
	for _, s := range c.Series {
		for _, p := range s.Points {
			if !c.shows(p) {
				continue
			}
			xLow, xHigh = math.Min(xLow, p.X), math.Max(xHigh, p.X)
			yLow, yHigh = math.Min(yLow, p.Y), math.Max(yHigh, p.Y)
			if p.Low < p.High && c.Y.holds(p.Low) && c.Y.holds(p.High) {
				yLow, yHigh = math.Min(yLow, p.Low), math.Max(yHigh, p.High)
			}
		}
	}
	if len(c.Groups) > 0 {
		xLow, xHigh = 0, 1
		if !c.Y.Log {
			yLow, yHigh = math.Min(yLow, 0), math.Max(yHigh, 0)
		}
	}
	d.x = newScale(&c.X, xLow, xHigh, left, width-d.right())
	d.y = newScale(&c.Y, yLow, yHigh, top+chartHeight-below, top+above)
	return d
}

// right is how much room the names of lines have beside the chart; bars name
// their series above it.
func (d *drawing) right() float64 {
	if len(d.c.Groups) > 0 {
		return 24
	}
	return right
}

func (d *drawing) draw() {
	fmt.Fprintf(d, "<g>\n")
	d.text(left-58, d.top+26, "title", "start", d.c.Title)
	d.text(left-58, d.top+46, "quiet", "start", d.c.Y.Label)
	d.text((left+width-d.right())/2, d.top+chartHeight-below+40, "quiet", "middle", d.c.X.Label)
	if d.c.Note != "" {
		d.text(left-58, d.top+chartHeight-12, "quiet", "start", d.c.Note)
	}
	for _, v := range d.y.ticks {
		at := d.y.at(v)
		d.line("grid", left, at, width-d.right(), at)
		d.text(left-8, at+4, "quiet", "end", d.c.Y.format(v))
	}
	bottom := d.top + chartHeight - below
	d.line("axis", left, bottom, width-d.right(), bottom)
	if len(d.c.Groups) > 0 {
		d.bars()
	} else {
		d.xTicks(bottom)
		d.lines()
	}
	fmt.Fprintln(d, "</g>")
}

// xTicks marks the x axis; a number that would run into the one before it is
// left out.
func (d *drawing) xTicks(bottom float64) {
	end := math.Inf(-1)
	for _, v := range d.x.ticks {
		at := d.x.at(v)
		d.line("axis", at, bottom, at, bottom+5)
		text := d.c.X.format(v)
		half := 3.5 * float64(len(text))
		if at-half < end {
			continue
		}
		d.text(at, bottom+20, "quiet", "middle", text)
		end = at + half + 6
	}
}

// lines draws every series as a line, with its name beside its end.
func (d *drawing) lines() {
	var names []name
	for i := range d.c.Series {
		s := &d.c.Series[i]
		var path strings.Builder
		pen := "M"
		last := name{series: i, y: math.NaN()}
		for _, p := range s.Points {
			if !d.c.shows(p) {
				pen = "M"
				continue
			}
			x, y := d.x.at(p.X), d.y.at(p.Y)
			fmt.Fprintf(&path, "%s%.1f %.1f", pen, x, y)
			pen = "L"
			last.x, last.y = x, y
			d.errorBar(fmt.Sprintf("s%d", i), x, p)
			if !s.Dashed {
				d.marker(i, x, y, s.Name, p)
			}
		}
		if math.IsNaN(last.y) {
			continue
		}
		class := "line"
		if s.Dashed {
			class = "line dashed"
		}
		fmt.Fprintf(d, `<path class="%s" style="stroke:var(--s%d)" d="%s"/>`+"\n", class, i, path.String())
		names = append(names, last)
	}
	d.names(names)
}

// name is where a line ends and what it is called.
type name struct {
	series int
	x, y   float64
}

// names writes the lines' names beside their ends, moved apart where they would
// cover each other.
func (d *drawing) names(names []name) {
	slices.SortStableFunc(names, func(a, b name) int { return cmp.Compare(a.y, b.y) })
	ys := make([]float64, len(names))
	for i, n := range names {
		ys[i] = n.y
		if i > 0 {
			ys[i] = math.Max(n.y, ys[i-1]+lineGap)
		}
	}
	// What was pushed below the axis pushes the others up.
	floor := d.top + chartHeight - below
	for i := len(ys) - 1; i >= 0 && ys[i] > floor; i-- {
		ys[i] = floor
		floor -= lineGap
	}
	for i, n := range names {
		at := width - d.right() + 14
		fmt.Fprintf(d, `<path class="line" style="stroke:var(--s%d);stroke-width:1;opacity:.6" d="M%.1f %.1fL%.1f %.1f"/>`+"\n", n.series, n.x+6, n.y, at-3, ys[i])
		fmt.Fprintf(d, `<text x="%.1f" y="%.1f" style="fill:var(--s%d)">%s</text>`+"\n", at, ys[i]+4, n.series, escape(d.c.Series[n.series].Name))
	}
}

// marker draws a point, in a shape of its series' own; its title is the figure.
func (d *drawing) marker(series int, x, y float64, name string, p Point) {
	title := fmt.Sprintf("<title>%s: %s at %s</title>", escape(name), escape(d.c.Y.format(p.Y)), escape(d.c.X.format(p.X)))
	switch series % 4 {
	case 0:
		fmt.Fprintf(d, `<circle cx="%.1f" cy="%.1f" r="4" style="fill:var(--s%d)">%s</circle>`+"\n", x, y, series, title)
	case 1:
		fmt.Fprintf(d, `<rect x="%.1f" y="%.1f" width="8" height="8" style="fill:var(--s%d)">%s</rect>`+"\n", x-4, y-4, series, title)
	case 2:
		fmt.Fprintf(d, `<path d="M%.1f %.1fl5 9h-10z" style="fill:var(--s%d)">%s</path>`+"\n", x, y-5, series, title)
	default:
		fmt.Fprintf(d, `<path d="M%.1f %.1fl5 5-5 5-5-5z" style="fill:var(--s%d)">%s</path>`+"\n", x, y-5, series, title)
	}
}

// errorBar draws the interval of a point, in the colour of that name.
func (d *drawing) errorBar(colour string, x float64, p Point) {
	if !(p.Low < p.High) || !d.c.Y.holds(p.Low) || !d.c.Y.holds(p.High) {
		return
	}
	low, high := d.y.at(p.Low), d.y.at(p.High)
	fmt.Fprintf(d, `<path class="error" style="stroke:var(--%s)" d="M%.1f %.1fV%.1fM%.1f %.1fh8M%.1f %.1fh8"/>`+"\n",
		colour, x, low, high, x-4, low, x-4, high)
}

func (d *drawing) line(class string, x1, y1, x2, y2 float64) {
	fmt.Fprintf(d, `<line class="%s" x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f"/>`+"\n", class, x1, y1, x2, y2)
}

func (d *drawing) text(x, y float64, class, anchor, text string) {
	if text != "" {
		fmt.Fprintf(d, `<text class="%s" text-anchor="%s" x="%.1f" y="%.1f">%s</text>`+"\n", class, anchor, x, y, escape(text))
	}
}

// escape makes text safe inside an element.
func escape(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a Builder takes all
	return b.String()
}
