package eval

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"math"
	"os"
	"strings"

	"nabo/bench/eval/score"
	"nabo/bench/plot"
)

//go:embed page.html
var pageText string

// sheetPage is a report as the page shows it: everything is said already.
type sheetPage struct {
	Folder string
	Tasks  []taskPage
	Tuned  *tunedPage
}

type taskPage struct {
	Title, Asked, Verdict, Cost string
	Bars                        []barPage
	Ways                        []wordPage
	Chart                       template.HTML // an SVG image that bench/plot made
	Heads                       []string
	Rows                        []rowPage
	Words                       []wordPage
	Examples                    []examplePage
	Parts                       []rowPage
}

type barPage struct {
	Name, Said        string
	Own               bool
	Width, From, Span string // percent
}

type rowPage struct {
	Name  string
	Own   bool
	Cells []cellPage
}

type cellPage struct{ Value, Span string }

type wordPage struct{ Name, Means string }

type examplePage struct {
	Asked, Was string
	Answer     []ExampleItem
}

type tunedPage struct {
	Said  string
	Cells []rowPage
}

// page writes the report to a file that any browser shows by itself.
func (r *Report) page(path string) (err error) {
	text, err := template.New("page").Parse(pageText)
	if err != nil {
		return err
	}
	p := sheetPage{Folder: r.Folder}
	for i := range r.Tasks {
		one, err := r.Tasks[i].page()
		if err != nil {
			return err
		}
		p.Tasks = append(p.Tasks, one)
	}
	if r.Tuning != nil {
		p.Tuned = r.Tuning.page()
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return text.Execute(f, p)
}

func titleOf(task Task) string {
	return [allTasks]string{
		"What will a member buy next?", "What is bought together with a product?", "What is missing in a basket?",
		"Which offers will a member redeem?",
	}[task]
}

func (r *TaskReport) page() (taskPage, error) {
	out := taskPage{Title: titleOf(r.Task), Asked: r.asked()}
	if r.Questions == 0 {
		return out, nil
	}
	out.Verdict, out.Cost = r.verdict(), r.costSaid()
	for i := range r.Methods {
		f, _ := r.Methods[i].Figure(score.Hit, 10)
		out.Bars = append(out.Bars, barPage{
			Name: r.Methods[i].Name, Own: i == 0, Said: fmt.Sprintf("%.0f of 100", 100*f.Value),
			Width: percent(f.Value), From: percent(f.Low), Span: percent(math.Max(f.High-f.Low, 0.002)),
		})
	}
	for i := range r.Methods {
		if means := wayOf(r.Methods[i].Name); means != "" {
			out.Ways = append(out.Ways, wordPage{r.Methods[i].Name, means})
		}
	}
	chart, err := r.chart()
	if err != nil {
		return out, err
	}
	out.Chart = chart
	out.figures(r)
	for i := range r.Examples {
		out.Examples = append(out.Examples, r.Examples[i].page(r.Task))
	}
	for i := range r.Ablation {
		out.Parts = append(out.Parts, r.Ablation[i].row())
	}
	return out, nil
}

func percent(v float64) string { return fmt.Sprintf("%.2f", 100*v) }

// wayOf says what a simple way does.
func wayOf(name string) string {
	return map[string]string{
		"popularity":            "what is on the most receipts, the same for everybody",
		"own frequency":         "what the member has on the most receipts",
		"own frequency, filled": "the same, then what is on the most receipts of all",
		"own latest, filled":    "what the member bought last, then what is on the most receipts of all",
		"co-occurrence":         "what is on the most receipts together with what is given",
		"cosine":                "the same, but held against how often each product sells at all",
		"products covered":      "the offers that cover the most products",
		"own purchases":         "the offers whose products the member bought most often",
		"own category share":    "the offers from the categories that the member buys most",
		"earlier redemptions":   "the offers that others redeemed most often",
	}[name]
}

// asked says in words what was asked.
func (r *TaskReport) asked() string {
	what := [allTasks]string{
		"Of each member the last basket was hidden, and the engine was asked what they would buy.",
		"Of a receipt that it had not seen, the engine was given one product and asked for the others.",
		"Of a receipt that it had not seen, the engine was given all products but one and asked for that one.",
		"For each day on which a member redeemed something, the engine ranked all offers that the member could have used that day.",
	}[r.Task]
	when := "Nothing that came after the cut was shown before all questions had been asked."
	switch {
	case r.Task == Offers:
		when = "It knew everything up to the evening before, and nothing later."
	case r.Revealed:
		when = "Each receipt was shown after it had been asked about, as in a live shop."
	}
	return fmt.Sprintf("%s %s %s questions; %.1f right answers each on average.", what, when, thousands(r.Questions), r.Right)
}

func thousands(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// verdict says how often the first ten hold a right answer, beside the best of
// the simple ways, and whether the difference may be chance.
func (r *TaskReport) verdict() string {
	own, _ := r.Methods[0].Figure(score.Hit, 10)
	said := fmt.Sprintf("In %.0f of 100 questions at least one of nabo's first ten was right", 100*own.Value)
	best := 0
	for i := 1; i < len(r.Methods); i++ {
		f, _ := r.Methods[i].Figure(score.Hit, 10)
		if b, _ := r.Methods[best].Figure(score.Hit, 10); best == 0 || f.Value > b.Value {
			best = i
		}
	}
	if best == 0 {
		return said + "."
	}
	f, _ := r.Methods[best].Figure(score.Hit, 10)
	said += fmt.Sprintf("; the best simple way, %s, comes to %.0f. ", r.Methods[best].Name, 100*f.Value)
	switch {
	case f.AheadLow > 0:
		return said + "The difference is more than chance."
	case f.AheadHigh < 0:
		return said + "The simple way is ahead by more than chance."
	}
	return said + "The difference may be chance."
}

func (r *TaskReport) costSaid() string {
	return fmt.Sprintf("One answer took nabo %s in the middle, and one in a hundred more than %s, on the machine that made this page.",
		micros(r.Cost.P50), micros(r.Cost.P99))
}

func micros(v float64) string {
	if v >= 1000 {
		return fmt.Sprintf("%.1f ms", v/1000)
	}
	return fmt.Sprintf("%.0f µs", v)
}

// chart draws how much of what was right is found, by the list's length.
func (r *TaskReport) chart() (template.HTML, error) {
	c := plot.Chart{
		Title: "Share of what was right that the list holds",
		X:     plot.Axis{Label: "length of the list", Ticks: []float64{5, 10, 20}},
		Y:     plot.Axis{Label: "percent"},
	}
	// From nothing up: half as high means half as much.
	for i := range r.Methods {
		for _, f := range r.Methods[i].Figures {
			if f.Measure == score.Recall.String() {
				c.Y.Max = math.Max(c.Y.Max, 100*f.High)
			}
		}
	}
	c.Y.Max = math.Max(c.Y.Max, 1)
	for i := range r.Methods {
		s := plot.Series{Name: r.Methods[i].Name, Dashed: i > 0}
		for _, at := range score.Cutoffs {
			f, _ := r.Methods[i].Figure(score.Recall, at)
			s.Points = append(s.Points, plot.Point{X: float64(at), Y: 100 * f.Value, Low: 100 * f.Low, High: 100 * f.High})
		}
		c.Series = append(c.Series, s)
	}
	var svg bytes.Buffer
	if err := c.SVG(&svg); err != nil {
		return "", fmt.Errorf("draw %s: %w", r.Task, err)
	}
	return template.HTML(svg.String()), nil
}

// words explains the columns of the page's table.
func words(what score.Measure) wordPage {
	return map[score.Measure]wordPage{
		score.Hit:           {"Any right", "at least one of the ten was right; of 100 questions"},
		score.Recall:        {"Found", "how much of what was right is among the ten (recall)"},
		score.MRR:           {"First place", "one divided by the place of the first right one (MRR): 0.5 is the second place"},
		score.NDCG:          {"Order", "how near the ten come to the best possible ten, right ones on top (nDCG): 1 is the best"},
		score.RepeatRecall:  {"Bought again", "of what the member had bought before and bought again, how much is among the ten"},
		score.ExploreRecall: {"First time", "of what the member bought for the first time, how much is among the ten"},
	}[what]
}

// figures fills the table.
func (t *taskPage) figures(r *TaskReport) {
	var shown []score.Measure
	for _, what := range []score.Measure{score.Hit, score.Recall, score.MRR, score.NDCG, score.RepeatRecall, score.ExploreRecall} {
		if _, ok := r.Methods[0].Figure(what, 10); ok {
			shown = append(shown, what)
			t.Heads, t.Words = append(t.Heads, words(what).Name), append(t.Words, words(what))
		}
	}
	t.Heads = append(t.Heads, "Range used")
	t.Words = append(t.Words, wordPage{"Range used", "how much of everything that could be recommended is in anybody's ten; below it, weighed by what it sells"})
	for i := range r.Methods {
		row := rowPage{Name: r.Methods[i].Name, Own: i == 0}
		for _, what := range shown {
			f, _ := r.Methods[i].Figure(what, 10)
			row.Cells = append(row.Cells, cellPage{number(what, f.Value), number(what, f.Low) + " to " + number(what, f.High)})
		}
		for _, c := range r.Methods[i].Coverage {
			if c.At == 10 {
				row.Cells = append(row.Cells, cellPage{fmt.Sprintf("%.0f%%", 100*c.Items), fmt.Sprintf("%.0f%%", 100*c.Weighted)})
			}
		}
		t.Rows = append(t.Rows, row)
	}
}

func number(what score.Measure, v float64) string {
	if what == score.MRR || what == score.NDCG {
		return fmt.Sprintf("%.3f", v)
	}
	return fmt.Sprintf("%.1f%%", 100*v)
}

func (e *Example) page(task Task) examplePage {
	out := examplePage{Answer: e.Answer}
	switch task {
	case NextBasket:
		out.Asked = "What will this member buy next, as of " + e.Day + "?"
	case Together:
		out.Asked = "What is bought together with " + strings.Join(e.Given, ", ") + "?"
	case Complete:
		out.Asked = "What is missing beside " + some(e.Given, 12) + "?"
	default:
		out.Asked = "Which of their offers will this member redeem on " + e.Day + "?"
	}
	out.Was = "Right was: " + some(e.Right, 12) + "."
	return out
}

// some joins the first of a list and says how many are left.
func some(list []string, most int) string {
	if len(list) <= most {
		return strings.Join(list, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(list[:most], ", "), len(list)-most)
}

func (a *Ablation) row() rowPage {
	return rowPage{Name: a.Part, Cells: ahead(a.Figures)}
}

// ahead says by how much recall and ndcg at 10 are higher.
func ahead(figures []score.Figure) (out []cellPage) {
	m := Method{Figures: figures}
	for _, what := range []score.Measure{score.Recall, score.NDCG} {
		f, _ := m.Figure(what, 10)
		out = append(out, cellPage{fmt.Sprintf("%+.4f", f.Ahead), fmt.Sprintf("%+.4f to %+.4f", f.AheadLow, f.AheadHigh)})
	}
	return out
}

func (t *Tuning) page() *tunedPage {
	chosen := setup{set: t.Chosen, weights: t.Weights}
	out := &tunedPage{}
	if out.Said = chosen.name(); out.Said == "" {
		out.Said = fmt.Sprintf("%d settings were tried on a part of the history before the test; none was better than the present one by enough to keep.", len(t.Tries))
		return out
	}
	out.Said = fmt.Sprintf("%d settings were tried on a part of the history before the test. Chosen: %s. The test was asked once, after that.", len(t.Tries), out.Said)
	for _, part := range []struct {
		name  string
		gains []Gain
	}{{"for choosing", t.Validation}, {"test", t.Test}} {
		for _, g := range part.gains {
			row := rowPage{Name: fmt.Sprintf("%s: %s", part.name, g.Task), Cells: []cellPage{{Value: thousands(g.Questions)}}}
			row.Cells = append(row.Cells, ahead(g.Figures)...)
			out.Cells = append(out.Cells, row)
		}
	}
	return out
}
