package eval

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"nabo/bench/eval/score"
)

// save writes what was chosen as a configuration of serve; "" is nowhere. A
// scenario's weights are no configuration: they go beside it, as a scenario.
func (t *Tuning) save(path string) error {
	if path == "" {
		return nil
	}
	var out strings.Builder
	out.WriteString("# Chosen by nabo backtest --tune.\ntune:")
	if len(t.Chosen) == 0 {
		out.WriteString(" {}")
	}
	out.WriteString("\n")
	for _, name := range slices.Sorted(maps.Keys(t.Chosen)) {
		fmt.Fprintf(&out, "  %s: %v\n", name, t.Chosen[name])
	}
	if t.Scenario != nil {
		beside := strings.TrimSuffix(path, ".yaml") + ".scenario.json"
		fmt.Fprintf(&out, "# The scenario's weights are in %s.\n", beside)
		if err := os.WriteFile(beside, append(t.Scenario, '\n'), 0o644); err != nil {
			return err
		}
	}
	return os.WriteFile(path, []byte(out.String()), 0o644)
}

// tuning says what was tried, what was chosen, and what that brings.
func (p *printer) tuning(t *Tuning) {
	p.line("\ntried on the validation part\tmean of ndcg, first 10, as a multiple of the first")
	for i := range t.Tries {
		try := &t.Tries[i]
		taken := ""
		if try.Taken {
			taken = "\ttaken"
		}
		p.line("%s\t%.4f%s", cmp.Or(nameOf(try.Set), "as it was"), try.Score, taken)
	}
	chosen := setup{set: t.Chosen, weights: t.Weights}
	p.line("\nchosen: %s", cmp.Or(nameOf(chosen.changes()), "as it was"))
	if len(chosen.changes()) == 0 {
		return
	}
	p.gains("validation part", t.Validation)
	p.gains("test part, asked once", t.Test)
}

func (p *printer) gains(where string, gains []Gain) {
	p.line("%s\tquestions\thit, first 10, before\tchosen is ahead by\tndcg, first 10, before\tchosen is ahead by", where)
	for i := range gains {
		g := &gains[i]
		p.part("%s\t%d", g.Task, g.Questions)
		before := Method{Figures: g.Figures}
		for _, what := range []score.Measure{score.Hit, score.NDCG} {
			f, _ := before.Figure(what, 10)
			p.part("\t%.4f\t%+.4f (%+.4f to %+.4f)", f.Value, f.Ahead, f.AheadLow, f.AheadHigh)
		}
		p.line("")
	}
}
