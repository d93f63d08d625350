package eval

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"text/tabwriter"

	"nabo/bench/eval/score"
)

// print writes the report, as a table or as JSON.
func (r *Report) print(out io.Writer, asJSON bool) error {
	if asJSON {
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		return e.Encode(r)
	}
	p := &printer{out: tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)}
	for i := range r.Tasks {
		if i > 0 {
			p.line("")
		}
		p.task(r.Folder, &r.Tasks[i])
	}
	if r.Tuning != nil {
		p.tuning(r.Tuning)
	}
	return errors.Join(p.fault, p.out.Flush())
}

// printer keeps the first error.
type printer struct {
	out   *tabwriter.Writer
	fault error
}

func (p *printer) part(format string, args ...any) {
	if p.fault == nil {
		_, p.fault = fmt.Fprintf(p.out, format, args...)
	}
}

func (p *printer) line(format string, args ...any) { p.part(format+"\n", args...) }

func (p *printer) task(folder string, r *TaskReport) {
	p.head(folder, r)
	if r.Questions == 0 {
		p.line("no question has a right answer: nothing to score")
		return
	}
	for _, at := range score.Cutoffs {
		p.table(r, at)
	}
	p.ahead(r)
	p.ablation(r)
}

// ablation says what each part of the engine brings.
func (p *printer) ablation(r *TaskReport) {
	if len(r.Ablation) == 0 {
		return
	}
	p.line("\nwhat a part brings\thit, first 10\tndcg, first 10\twithout it")
	for i := range r.Ablation {
		a := &r.Ablation[i]
		p.part("%s", a.Part)
		without := Method{Figures: a.Figures}
		for _, what := range []score.Measure{score.Hit, score.NDCG} {
			f, _ := without.Figure(what, 10)
			p.part("\t%+.4f (%+.4f to %+.4f)", f.Ahead, f.AheadLow, f.AheadHigh)
		}
		p.line("\t--set %s=%v", a.Dial, a.Without)
	}
}

func (p *printer) head(folder string, r *TaskReport) {
	p.line("%s: %s", folder, r.Task)
	given := map[Task]string{NextBasket: "", Offers: fmt.Sprintf("%.0f candidates and ", r.Given)}
	before, ok := given[r.Task]
	if !ok {
		before = fmt.Sprintf("%.1f products given and ", r.Given)
	}
	p.line("%d events, %d questions as of %s through %s, %s%.1f right answers each on average", r.Events, r.Questions, r.From, r.Through, before, r.Right)
	p.line("an answer took %.0f µs, one in a hundred more than %.0f µs; applying took %.1f s, refreshing what is derived %.1f s in %d rounds",
		r.Cost.P50, r.Cost.P99, r.Cost.Replay, r.Cost.Refresh, r.Cost.Rounds)
	if r.Rejected > 0 {
		p.line("%d events were rejected; the first: %s", r.Rejected, r.Fault)
	}
}

// table has a line for each method: means, and where 95% of samples are.
func (p *printer) table(r *TaskReport, at int) {
	p.line("\nfirst %d", at)
	var shown []score.Measure
	for _, what := range score.Measures() {
		if _, ok := r.Methods[0].Figure(what, at); ok {
			shown = append(shown, what)
			p.part("\t%s", what)
		}
	}
	p.line("\tcoverage\tweighted")
	for i := range r.Methods {
		m := &r.Methods[i]
		p.part("%s", m.Name)
		for _, what := range shown {
			f, _ := m.Figure(what, at)
			p.part("\t%.4f ±%.3f", f.Value, math.Max(f.High-f.Value, f.Value-f.Low))
		}
		for _, c := range m.Coverage {
			if c.At == at {
				p.part("\t%.3f\t%.3f", c.Items, c.Weighted)
			}
		}
		p.line("")
	}
}

// ahead says by how much the engine is better, question by question.
func (p *printer) ahead(r *TaskReport) {
	if len(r.Methods) < 2 {
		return
	}
	shown := []score.Measure{score.Recall, score.Hit, score.MRR, score.NDCG}
	p.part("\n%s ahead of", r.Methods[0].Name)
	for _, what := range shown {
		p.part("\t%s, first 10", what)
	}
	p.line("")
	for i := range r.Methods[1:] {
		m := &r.Methods[i+1]
		p.part("%s", m.Name)
		for _, what := range shown {
			f, _ := m.Figure(what, 10)
			p.part("\t%+.4f (%+.3f to %+.3f)", f.Ahead, f.AheadLow, f.AheadHigh)
		}
		p.line("")
	}
}
