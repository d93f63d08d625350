package plot

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func sizes() Chart {
	return Chart{
		Title: "Latency <p99> & size", Note: "one machine", X: Axis{Label: "members", Log: true}, Y: Axis{Label: "ms"},
		Series: []Series{
			{Name: "basket", Points: []Point{{X: 10_000, Y: 0.4}, {X: 100_000, Y: 0.5, Low: 0.45, High: 0.6}, {X: 1e6, Y: 0.7}, {X: 2e6, Y: 0.9}}},
			{Name: "offers", Points: []Point{{X: 10_000, Y: 0.2}, {X: 100_000, Y: math.NaN()}, {X: 1e6, Y: 0.3}, {X: 2e6, Y: 0.9}}},
			{Name: "aim", Dashed: true, Points: []Point{{X: 10_000, Y: 1}, {X: 2e6, Y: 1}}},
		},
	}
}

func shares() Chart {
	return Chart{
		Title: "Hit rate", Y: Axis{Label: "HR@10"}, Groups: []string{"popularity", "own", "the method that has a very long name indeed"},
		Series: []Series{
			{Name: "uci", Points: []Point{{Y: 0.1, Low: 0.08, High: 0.12}, {Y: 0.3}, {Y: 0.35}}},
			{Name: "retail", Points: []Point{{Y: 0.2}, {Y: -0.1}, {Y: math.Inf(1)}}},
		},
	}
}

// elements counts what an SVG document holds; it fails if the document is not
// well formed.
func elements(t testing.TB, doc []byte) map[string]int {
	t.Helper()
	out := map[string]int{}
	d := xml.NewDecoder(bytes.NewReader(doc))
	for {
		token, err := d.Token()
		if err == io.EOF {
			return out
		}
		if err != nil {
			t.Fatalf("not well formed: %v\n%s", err, doc)
		}
		if e, ok := token.(xml.StartElement); ok {
			out[e.Name.Local]++
		}
	}
}

func TestLines(t *testing.T) {
	var out, again bytes.Buffer
	if err := sizes().SVG(&out); err != nil {
		t.Fatal(err)
	}
	n := elements(t, out.Bytes())
	if n["circle"] != 4 {
		t.Errorf("%d circles, want one for each of 4 points", n["circle"])
	}
	doc := out.String()
	for _, want := range []string{"Latency &lt;p99&gt; &amp; size", ">basket</text>", ">offers</text>", ">aim</text>", ">1 million</text>", "prefers-color-scheme:dark", "one machine"} {
		if !strings.Contains(doc, want) {
			t.Errorf("no %s in\n%s", want, doc)
		}
	}
	if breaks := regexp.MustCompile(`d="M[0-9. ]+M[0-9. L]+"`).FindAllString(doc, -1); len(breaks) != 1 {
		t.Errorf("the line of a series with a missing point is not broken: %v", breaks)
	}
	if err := sizes().SVG(&again); err != nil || !bytes.Equal(out.Bytes(), again.Bytes()) {
		t.Errorf("the same chart gave other bytes; error %v", err)
	}
}

func TestNamesDoNotCoverEachOther(t *testing.T) {
	c := Chart{Title: "t", Series: []Series{}}
	for _, name := range []string{"a", "b", "c", "d", "e", "f"} {
		c.Series = append(c.Series, Series{Name: name, Points: []Point{{X: 0, Y: 1}, {X: 1, Y: 0.001}}})
	}
	var out bytes.Buffer
	if err := c.SVG(&out); err != nil {
		t.Fatal(err)
	}
	var ys []float64
	for _, m := range regexp.MustCompile(`y="([0-9.]+)" style="fill:var\(--s\d\)">\w</text>`).FindAllStringSubmatch(out.String(), -1) {
		y, err := strconv.ParseFloat(m[1], 64)
		if err != nil {
			t.Fatal(err)
		}
		ys = append(ys, y)
	}
	slices.Sort(ys)
	if len(ys) != 6 || ys[5] > chartHeight-below+5 {
		t.Fatalf("names at %v, want 6 above the axis", ys)
	}
	for i := 1; i < len(ys); i++ {
		if ys[i]-ys[i-1] < lineGap-0.2 {
			t.Errorf("names at %.1f and %.1f, want %g apart", ys[i-1], ys[i], lineGap)
		}
	}
}

func TestBars(t *testing.T) {
	var out bytes.Buffer
	if err := shares().SVG(&out); err != nil {
		t.Fatal(err)
	}
	if n := elements(t, out.Bytes()); n["rect"] != 1+2+5 {
		t.Errorf("%d rectangles, want the paper, 2 of the legend and 5 bars", n["rect"])
	}
	if !strings.Contains(out.String(), "popularity, uci: 0.1</title>") || !strings.Contains(out.String(), "rotate(-30)") {
		t.Errorf("a bar's figure or a slanted name is missing:\n%s", out.String())
	}
}

func TestPage(t *testing.T) {
	var out bytes.Buffer
	if err := Page(&out, sizes(), shares()); err != nil {
		t.Fatal(err)
	}
	if n := elements(t, out.Bytes()); n["svg"] != 1 || n["g"] != 2 {
		t.Errorf("%v, want 2 charts in 1 document", n)
	}
	if err := Page(&failing{}, sizes()); !errors.Is(err, errFull) {
		t.Errorf("error %v, want the writer's", err)
	}
}

type failing struct{}

var errFull = errors.New("full")

func (failing) Write([]byte) (int, error) { return 0, errFull }

func TestWhatCannotBeDrawn(t *testing.T) {
	for want, spoil := range map[string]func(*Chart){
		"Title":   func(c *Chart) { c.Title = "" },
		"series":  func(c *Chart) { c.Series = nil },
		"Name":    func(c *Chart) { c.Series[0].Name = "" },
		"groups":  func(c *Chart) { c.Groups = []string{"one"} },
		"point":   func(c *Chart) { c.Series = []Series{{Name: "s", Points: []Point{{X: -1, Y: 1}}}} },
		"X: Min":  func(c *Chart) { c.X.Min, c.X.Max = -1, 10 },
		"Y: Min":  func(c *Chart) { c.Y.Min, c.Y.Max = 2, 1 },
		"at most": func(c *Chart) { c.Groups = make([]string, maxGroups+1) },
	} {
		c := sizes()
		spoil(&c)
		if err := c.SVG(io.Discard); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not name %s", err, want)
		}
	}
}

func TestNumbers(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 0.25: "0.25", 0.1 + 0.2: "0.3", 1500: "1,500", 123456: "123,456", 2e6: "2 million", -2500: "-2,500", 1e-7: "1e-07", 2.5e6: "2.5 million"} {
		if got := number(v); got != want {
			t.Errorf("number(%v) is %q, want %q", v, got, want)
		}
	}
}

func TestTicksHoldWhatIsAsked(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		low := rapid.Float64Range(1e-6, 1e9).Draw(t, "low")
		high := low * rapid.Float64Range(1, 1e6).Draw(t, "times")
		for _, a := range []Axis{{}, {Log: true}} {
			s := newScale(&a, low, high, 0, 100)
			if s.min > low*(1+1e-6) || s.max < high*(1-1e-6) || len(s.ticks) < 2 || len(s.ticks) > 20 {
				t.Fatalf("log %v: %v for %v to %v", a.Log, s.ticks, low, high)
			}
			if !slices.IsSorted(s.ticks) {
				t.Fatalf("ticks %v are not in order", s.ticks)
			}
			if l, h := s.at(low), s.at(high); l < 0 || h > 100 || l > h {
				t.Fatalf("%v to %v are drawn at %v to %v", low, high, l, h)
			}
		}
	})
}
