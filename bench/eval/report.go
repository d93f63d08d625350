package eval

import (
	"math/rand/v2"
	"slices"
)

// Report says what was replayed and how each method did.
type Report struct {
	Folder     string   `json:"folder"`
	Events     int      `json:"events"`          // applied
	Rejected   int      `json:"rejected"`        // that no gate would have let in
	Fault      string   `json:"fault,omitempty"` // of the first of those
	Questions  int      `json:"questions"`       // those with a right answer; only they count
	From       string   `json:"from"`            // the first question's day
	Through    string   `json:"through"`         // the last one's
	Candidates float64  `json:"candidates"`      // of a question, on average
	Right      float64  `json:"right"`           // answers of a question, on average
	Methods    []Method `json:"methods"`         // the engine first
}

// Method is one way to rank, and its means over the questions.
type Method struct {
	Name    string   `json:"name"`
	Figures []Figure `json:"figures"`
}

// Figure is one measure's mean with its 95% interval, both between 0 and 1.
type Figure struct {
	Measure string  `json:"measure"` // recall, hit, mrr, ndcg or ndcg-all
	At      int     `json:"at"`      // how much of each list is looked at
	Value   float64 `json:"value"`
	Low     float64 `json:"low"`
	High    float64 `json:"high"`
	// Ahead is by how much the engine's mean is above this method's, with the
	// interval of the difference question by question; 0 for the engine itself.
	Ahead     float64 `json:"ahead"`
	AheadLow  float64 `json:"aheadLow"`
	AheadHigh float64 `json:"aheadHigh"`
}

// Figure returns one figure of a method. Anybody may call it.
func (m *Method) Figure(measure string, at int) (Figure, bool) {
	i := slices.IndexFunc(m.Figures, func(f Figure) bool { return f.Measure == measure && f.At == at })
	if i < 0 {
		return Figure{}, false
	}
	return m.Figures[i], true
}

// score marks all lists. A question without a right answer is left out; one
// without a list counts zero.
func score(ex *exam, p *played, opt *Options) *Report {
	out := &Report{Folder: opt.Folder, Events: p.events, Rejected: p.rejected}
	if p.fault != nil {
		out.Fault = p.fault.Error()
	}
	var all [][]marks // by method and question
	for i, q := range ex.asked {
		set := ex.right[q.ID].set()
		if len(set) == 0 {
			continue
		}
		if out.Questions++; out.From == "" {
			out.From = dayOf(q.at)
		}
		out.Through = dayOf(q.at)
		out.Candidates += float64(len(q.Candidates))
		out.Right += float64(len(set))
		if all == nil {
			all = make([][]marks, len(p.lists[i]))
		}
		for m := range all {
			all[m] = append(all[m], mark(p.lists[i][m], set))
		}
	}
	if out.Questions == 0 {
		return out
	}
	out.Candidates /= float64(out.Questions)
	out.Right /= float64(out.Questions)
	out.Methods = figures(methodsOf(ex.asked[0].task)[:len(all)], all, opt)
	return out
}

// figures averages the marks, and again over samples of the questions: the
// same samples for all, so that differences are those between lists.
func figures(names []string, all [][]marks, opt *Options) []Method {
	n := len(all[0])
	whole := make([]int, n)
	for i := range whole {
		whole[i] = i
	}
	value := meansOf(all, whole)
	sampled := make([][]marks, opt.Samples) // by sample and method
	chance := rand.New(rand.NewPCG(opt.Seed, 0))
	for s := range sampled {
		for i := range whole {
			whole[i] = chance.IntN(n)
		}
		sampled[s] = meansOf(all, whole)
	}
	out := make([]Method, len(names))
	for m, name := range names {
		out[m].Name = name
		for k, at := range cutoffs {
			for what := range measures {
				f := Figure{Measure: measureNames[what], At: at, Value: value[m][k][what], Ahead: value[0][k][what] - value[m][k][what]}
				f.Low, f.High = interval(sampled, func(s []marks) float64 { return s[m][k][what] })
				f.AheadLow, f.AheadHigh = interval(sampled, func(s []marks) float64 { return s[0][k][what] - s[m][k][what] })
				out[m].Figures = append(out[m].Figures, f)
			}
		}
	}
	return out
}

// meansOf averages each method's marks over the questions named.
func meansOf(all [][]marks, questions []int) []marks {
	out := make([]marks, len(all))
	for m := range all {
		for _, q := range questions {
			for k := range cutoffs {
				for what := range measures {
					out[m][k][what] += all[m][q][k][what]
				}
			}
		}
		for k := range cutoffs {
			for what := range measures {
				out[m][k][what] /= float64(len(questions))
			}
		}
	}
	return out
}

// interval is where the middle 95% of the samples are.
func interval(sampled [][]marks, of func([]marks) float64) (low, high float64) {
	values := make([]float64, len(sampled))
	for i, s := range sampled {
		values[i] = of(s)
	}
	slices.Sort(values)
	out := len(values) / 40
	return values[out], values[len(values)-1-out]
}
