package eval

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
)

// print writes the report, as a table or as JSON.
func (r *Report) print(out io.Writer, asJSON bool) error {
	if asJSON {
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		return e.Encode(r)
	}
	p := &printer{out: tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)}
	p.head(r)
	for k, at := range cutoffs {
		p.line("\nfirst %d", at)
		for _, name := range measureNames {
			p.part("\t%s", name)
		}
		p.line("")
		for _, m := range r.Methods {
			p.part("%s", m.Name)
			for _, f := range m.Figures[k*measures : (k+1)*measures] {
				p.part("\t%.4f (%.3f to %.3f)", f.Value, f.Low, f.High)
			}
			p.line("")
		}
	}
	p.ahead(r)
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

func (p *printer) head(r *Report) {
	p.line("%s: %d events, %d questions from %s through %s,", r.Folder, r.Events, r.Questions, r.From, r.Through)
	p.line("%.0f candidates and %.1f right answers each on average; means, and where 95%% of samples are", r.Candidates, r.Right)
	if r.Rejected > 0 {
		p.line("%d events were rejected; the first: %s", r.Rejected, r.Fault)
	}
	if r.Questions == 0 {
		p.line("no question has a right answer: nothing to score")
	}
}

// ahead says by how much the engine is better, question by question.
func (p *printer) ahead(r *Report) {
	if len(r.Methods) < 2 {
		return
	}
	p.line("\n%s ahead of\thit, first 10\tmrr, first 10", r.Methods[0].Name)
	for i := range r.Methods[1:] {
		m := &r.Methods[i+1]
		p.part("%s", m.Name)
		for _, name := range []string{measureNames[hit], measureNames[mrr]} {
			f, _ := m.Figure(name, 10)
			p.part("\t%+.4f (%+.3f to %+.3f)", f.Ahead, f.AheadLow, f.AheadHigh)
		}
		p.line("")
	}
}
