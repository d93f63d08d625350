package eval

import (
	"slices"
	"time"

	"nabo/bench/eval/score"
)

// Report says what was replayed and how each method did.
type Report struct {
	Folder string       `json:"folder"`
	Tasks  []TaskReport `json:"tasks"`
	Tuning *Tuning      `json:"tuning,omitempty"` // what the tuner chose, if asked for
}

// TaskReport is what one task brought.
type TaskReport struct {
	Task      Task     `json:"task"`
	Revealed  bool     `json:"revealed"`           // what was asked about was applied after it, before the next question
	Events    int      `json:"events"`             // applied
	Rejected  int      `json:"rejected,omitempty"` // that no gate would have let in
	Fault     string   `json:"fault,omitempty"`    // of the first of those
	Questions int      `json:"questions"`          // those with a right answer; only they count
	From      string   `json:"from,omitempty"`     // the day as of which the first question was asked
	Through   string   `json:"through,omitempty"`  // the last one's
	Given     float64  `json:"given"`              // products or candidates of a question, on average
	Right     float64  `json:"right"`              // answers of a question, on average
	Methods   []Method `json:"methods,omitempty"`  // the engine first
	Cost      Cost     `json:"cost"`

	Examples []Example  `json:"examples,omitempty"`
	Ablation []Ablation `json:"ablation,omitempty"` // what each part of the engine brings, if asked for
}

// Method is one way to answer, and its means over the questions.
type Method struct {
	Name     string           `json:"name"`
	Figures  []score.Figure   `json:"figures"`
	Coverage []score.Coverage `json:"coverage"`
}

// Cost is what the engine's answers took, on the machine that it was measured on.
type Cost struct {
	P50     float64 `json:"p50"`     // microseconds of an answer, in the middle
	P99     float64 `json:"p99"`     // microseconds that one of a hundred takes longer than
	Replay  float64 `json:"replay"`  // seconds to apply the events
	Refresh float64 `json:"refresh"` // seconds to refresh what is derived, in all
	Rounds  int     `json:"rounds"`  // how often that was
}

// Figure returns one figure of a method. Anybody may call it.
func (m *Method) Figure(what score.Measure, at int) (score.Figure, bool) {
	i := slices.IndexFunc(m.Figures, func(f score.Figure) bool { return f.Measure == what.String() && f.At == at })
	if i < 0 {
		return score.Figure{}, false
	}
	return m.Figures[i], true
}

// report marks the lists of one task. A question without a right answer is
// left out; one without a list counts zero.
func (ex *exam) report(task Task, p *played, opt *Options) TaskReport {
	out := TaskReport{Task: task, Revealed: opt.Reveal && task != Offers, Events: p.events, Rejected: p.rejected}
	if p.fault != nil {
		out.Fault = p.fault.Error()
	}
	names := methodsOf(task)
	sheet := score.Sheet{Marks: make([][]score.Marks, len(names)), Samples: opt.Samples, Seed: opt.Seed}
	lists := make([][][]string, len(names)) // by method
	for i := range ex.asked {
		q := &ex.asked[i]
		if q.task != task || !ex.mark(q, p.lists[i], &sheet) {
			continue
		}
		for m := range names {
			lists[m] = append(lists[m], p.lists[i][m])
		}
		if out.Questions++; out.From == "" {
			out.From = dayOf(p.asOf[i])
		}
		out.Through = dayOf(p.asOf[i])
		out.Given += float64(len(q.Candidates) + len(q.Query))
		out.Right += float64(len(ex.right[task][q.ID].set()))
	}
	out.Cost = ex.cost(task, p)
	if out.Questions == 0 {
		return out
	}
	out.Given /= float64(out.Questions)
	out.Right /= float64(out.Questions)
	weights := p.sold
	if task == Offers {
		weights = p.redeemed
	}
	for m, figures := range sheet.Figures() {
		out.Methods = append(out.Methods, Method{names[m], figures, score.Cover(lists[m], weights)})
	}
	return out
}

// mark adds a question's lists to the sheet; false: it has no right answer.
func (ex *exam) mark(q *question, lists [][]string, sheet *score.Sheet) bool {
	right := ex.right[q.task][q.ID].set()
	if len(right) == 0 {
		return false
	}
	var before map[string]bool
	if ex.past != nil && q.task == NextBasket {
		before = ex.past[q.ID].set()
	}
	for m := range sheet.Marks {
		sheet.Marks[m] = append(sheet.Marks[m], score.Mark(lists[m], right, before))
	}
	sheet.Askers = append(sheet.Askers, q.asker())
	return true
}

// asker is the question's member; where there is none, it stands alone.
func (q *question) asker() string {
	if q.Member == "" {
		return q.ID
	}
	return q.Member
}

func (ex *exam) cost(task Task, p *played) Cost {
	var took []time.Duration
	for i := range ex.asked {
		if ex.asked[i].task == task {
			took = append(took, p.took[i])
		}
	}
	slices.Sort(took)
	at := func(share float64) float64 {
		if len(took) == 0 {
			return 0
		}
		return float64(took[int(share*float64(len(took)-1))]) / float64(time.Microsecond)
	}
	return Cost{P50: at(0.5), P99: at(0.99), Replay: p.replayed.Seconds(), Refresh: p.derived.Seconds(), Rounds: p.rounds}
}
