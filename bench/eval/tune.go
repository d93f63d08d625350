package eval

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"nabo/bench/eval/score"
)

// Tuning is what the tuner tried and chose. It chose by the validation part
// alone; the test part was asked once, after that.
type Tuning struct {
	Tries      []Try              `json:"tries"`
	Chosen     map[string]float64 `json:"chosen"`             // dials that are turned
	Weights    map[string]float64 `json:"weights,omitempty"`  // of the scenario, those that are not its own
	Scenario   json.RawMessage    `json:"scenario,omitempty"` // with these weights
	Validation []Gain             `json:"validation"`
	Test       []Gain             `json:"test"`
}

// Try is one setup that was tried.
type Try struct {
	Set   map[string]float64 `json:"set"`   // what differs from where the search began
	Score float64            `json:"score"` // the mean over the tasks of ndcg at 10, as a multiple of what the search began with
	NDCG  map[string]float64 `json:"ndcg"`  // at 10, by task
	Taken bool               `json:"taken"` // the search went on from it
}

// Gain is by how much the chosen setup is ahead of the one that the search
// began with, question by question.
type Gain struct {
	Task      Task           `json:"task"`
	Questions int            `json:"questions"`
	Figures   []score.Figure `json:"figures"` // Value is the beginning's, Ahead the chosen one's lead
}

// leastGain is what a setup must be better by, as a share, to be taken: less
// is not worth a setting that somebody has to know of.
const leastGain = 0.002

// validationMost is how many questions of a task the search asks each time.
const validationMost = 2000

// tuner searches for a setup.
type tuner struct {
	opt    *Options
	trials []*trial
	start  setup
	began  map[string]float64 // ndcg at 10 of start, by task
	best   setup
	high   float64 // the score of best
	until  time.Time
	seen   map[string]bool
	idle   map[knob]bool // those of which neither step changed anything
	chance *rand.Rand
	out    Tuning
}

// tune searches on the validation parts of exams and reports what it chose on
// their test parts.
func (h *history) tune(ctx context.Context, exams []*exam, start setup, opt *Options) (*Tuning, error) {
	t := &tuner{opt: opt, start: start, best: start, high: 1, seen: map[string]bool{}, idle: map[knob]bool{}, chance: rand.New(rand.NewPCG(opt.Seed, 1))}
	t.until = time.Now().Add(opt.Budget)
	var tests []*trial
	for _, ex := range exams {
		test, valid := h.parted(ex, opt)
		if len(valid.asked) == 0 || len(test.asked) == 0 {
			continue
		}
		if err := inOrder(valid.asked); err != nil {
			return nil, err
		}
		tests = append(tests, &trial{h: h, ex: test, opt: opt})
		t.trials = append(t.trials, &trial{h: h, ex: valid, opt: opt})
	}
	if len(t.trials) == 0 {
		return nil, errors.New("there is nothing left to ask about once the test part is hidden")
	}
	if err := t.search(ctx); err != nil {
		return nil, err
	}
	t.out.Chosen, t.out.Weights = t.best.set, t.best.weights
	if len(t.best.weights) > 0 {
		config, err := t.best.config()
		if err != nil {
			return nil, err
		}
		t.out.Scenario = json.RawMessage(config)
	}
	var err error
	if t.out.Validation, err = t.gains(ctx, t.trials); err != nil {
		return nil, err
	}
	t.out.Test, err = t.gains(ctx, tests)
	return &t.out, err
}

// parted returns an exam's test and validation parts. What is bought is cut
// again the same way, within what is known before the test; questions about
// offers are parted in the middle, the earlier ones for the search.
func (h *history) parted(ex *exam, opt *Options) (test, valid *exam) {
	tasks := ex.tasks()
	if tasks[0] == Offers {
		test, valid = &exam{part: ex.part, right: ex.right}, &exam{part: ex.part, right: ex.right}
		half := len(ex.asked) / 2
		for half > 0 && half < len(ex.asked) && ex.asked[half].at == ex.asked[half-1].at {
			half++ // a day's questions stay together
		}
		valid.asked, test.asked = ex.asked[:half], ex.asked[half:]
		return test, valid
	}
	c := opt.cut()
	c.reveal, c.most = false, min(c.most, validationMost)
	if tasks[0] == NextBasket {
		return ex, c.lastBaskets(h, ex.train)
	}
	return ex, c.lastReceipts(h, ex.train, tasks)
}

// search goes over the knobs one by one, from the start and then from random
// places beside the best, until the budget is spent.
func (t *tuner) search(ctx context.Context) error {
	if _, err := t.look(ctx, []setup{t.start}); err != nil {
		return err
	}
	for round := 0; t.left(); round++ {
		better, err := t.pass(ctx)
		if err != nil {
			return err
		}
		if better {
			continue
		}
		if round > 8 {
			return nil
		}
		if err := t.leap(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (t *tuner) left() bool {
	return len(t.out.Tries) < t.opt.Tries && time.Now().Before(t.until)
}

// same says whether tries brought what the best setup brings, to the bit.
func (t *tuner) same(tries []Try) bool {
	return len(tries) == 2 && tries[0].Score == t.high && tries[1].Score == t.high
}

// pass tries a step down and a step up of each knob, and goes on in a
// direction as long as that helps.
func (t *tuner) pass(ctx context.Context) (better bool, err error) {
	for _, k := range t.knobs() {
		factors, before := []float64{0.5, 2}, len(t.out.Tries)
		for len(factors) > 0 && t.left() {
			k = t.now(k)
			setups := make([]setup, len(factors))
			for i, factor := range factors {
				setups[i] = turnedIn(t.best, k, k.stepped(factor))
			}
			taken, err := t.look(ctx, setups)
			if err != nil {
				return better, err
			}
			if taken < 0 {
				t.idle[k.bare()] = len(factors) == 2 && t.same(t.out.Tries[before:])
				break
			}
			better, factors = true, factors[taken:taken+1]
		}
	}
	return better, nil
}

// leap tries two setups in which every knob is off by up to two steps.
func (t *tuner) leap(ctx context.Context) error {
	for range 2 {
		s := t.best
		for _, k := range t.knobs() {
			k = t.now(k)
			s = turnedIn(s, k, k.stepped(math.Exp2(4*t.chance.Float64()-2)))
		}
		if !t.left() {
			return nil
		}
		if _, err := t.look(ctx, []setup{s}); err != nil {
			return err
		}
	}
	return nil
}

// look tries setups, those that were not tried before, and takes the best of
// them if it is better than the best so far. It returns the place of what was
// taken, or -1.
func (t *tuner) look(ctx context.Context, setups []setup) (taken int, err error) {
	tries, faults := make([]*Try, len(setups)), make([]error, len(setups))
	turns := make(chan struct{}, t.opt.Workers)
	var done sync.WaitGroup
	for i := range setups {
		name := setups[i].name()
		if t.seen[name] {
			continue
		}
		t.seen[name] = true
		turns <- struct{}{}
		done.Go(func() {
			defer func() { <-turns }()
			tries[i], faults[i] = t.try(ctx, setups[i])
		})
	}
	done.Wait()
	taken = -1
	for i, try := range tries {
		if faults[i] != nil {
			return -1, faults[i]
		}
		if try == nil {
			continue
		}
		t.rate(try)
		if try.Score > t.high*(1+leastGain) {
			t.best, t.high, try.Taken, taken = setups[i], try.Score, true, i
		}
		t.out.Tries = append(t.out.Tries, *try)
		fmt.Fprintf(t.opt.Log, "%d: %.4f %s\n", len(t.out.Tries), try.Score, cmp.Or(setups[i].name(), "as it was"))
	}
	return taken, nil
}

// rate gives a try its score beside the first.
func (t *tuner) rate(try *Try) {
	if len(t.out.Tries) == 0 {
		t.began = try.NDCG
	}
	tasks := 0.0
	for _, task := range slices.Sorted(maps.Keys(t.began)) {
		if began := t.began[task]; began > 0 {
			try.Score += try.NDCG[task] / began
			tasks++
		}
	}
	if tasks > 0 {
		try.Score /= tasks
	}
}

// try asks the validation parts under a setup.
func (t *tuner) try(ctx context.Context, s setup) (*Try, error) {
	out := &Try{Set: s.changes(), NDCG: map[string]float64{}}
	for _, one := range t.trials {
		got, err := one.try(ctx, s)
		if err != nil {
			return out, fmt.Errorf("try %s: %w", s.name(), err)
		}
		for _, task := range one.ex.tasks() {
			m := score.Means(got[task])
			out.NDCG[task.String()] = m.At(score.NDCG, 10)
		}
	}
	return out, nil
}

// gains compares the chosen setup with the start.
func (t *tuner) gains(ctx context.Context, trials []*trial) (out []Gain, err error) {
	for _, one := range trials {
		got, err := one.tryAll(ctx, []setup{t.best, t.start}, t.opt.Workers)
		if err != nil {
			return nil, err
		}
		for _, task := range one.ex.tasks() {
			sheet := score.Sheet{Marks: [][]score.Marks{got[0][task], got[1][task]}, Askers: one.ex.askers(task), Samples: t.opt.Samples, Seed: t.opt.Seed}
			if len(sheet.Askers) > 0 {
				out = append(out, Gain{task, len(sheet.Askers), sheet.Figures()[1]})
			}
		}
	}
	return out, nil
}
