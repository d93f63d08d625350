// Package eval replays a shop's history through the engine and scores what it
// would have recommended.
//
// The history is read from a folder, turned into events, admitted and applied
// in the order of their time, each message as the log would carry it. A
// question is asked when everything before it has been applied and nothing
// after it, so that no answer knows what it is asked for. The baselines count
// along on the same events.
package eval

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"

	"nabo/engine"
)

// Options say what is replayed, what is asked and where the results go. Only
// Folder must be given.
type Options struct {
	// Folder holds the history: receipts, partial_lines, products, campaigns,
	// campaign_members, offers and redemptions, each as .csv or .csv.gz with a
	// first line of the columns' names; or it is one such file of receipts. It
	// is only read.
	Folder string `arg:"" help:"Folder with the history: receipts, products, campaigns, campaign_members, offers, redemptions, as .csv or .csv.gz; or one file of receipts." type:"path"`
	// Tasks are what is asked; none: all that the history allows.
	Tasks []Task `name:"task" help:"What is asked: next-basket, together, complete, offers; several with commas. Without it, all that the history allows." placeholder:"TASK"`

	// Queries is a file of questions of one task, one JSON object a line;
	// empty: the command's own.
	Queries string `help:"Questions of one task, one JSON object a line: id and member; id and query; or id, member, day and candidates. The whole history is applied before they are asked, for offers what came before the day." type:"existingfile" placeholder:"FILE"`
	// Truth is a JSON object of each question's right answers by its id.
	Truth string `help:"Right answers to --queries, a JSON object of lists by question." type:"existingfile" placeholder:"FILE"`
	// History is a JSON object of what each question's member bought before, a
	// list of baskets; empty: no repeat and explore parts.
	History string `help:"What each question's member had bought before, a JSON object of lists of baskets; for the measures of what is bought again and for the first time." type:"existingfile" placeholder:"FILE"`
	// Predictions is where the engine's lists go, a JSON object of lists by
	// question, best first, at most 20 each; empty: nowhere.
	Predictions string `help:"Write the engine's lists there, a JSON object of lists by question, best first." type:"path" placeholder:"FILE"`
	// Scenario is a file with the configuration of the scenario that is asked;
	// empty: the ordinary weights, without diversity, rotation and exploring.
	Scenario string `help:"Configuration of the scenario to ask for offers, a JSON object; without it, the ordinary weights without diversity, rotation and exploring." type:"existingfile" placeholder:"FILE"`

	Set map[string]float64 `help:"Dials of the engine to turn, such as half-life=90." mapsep:"," placeholder:"NAME=VALUE"`

	Samples int    `help:"Samples behind each interval." default:"1000"`
	Seed    uint64 `help:"Seed of the samples." default:"1"`
	JSON    bool   `name:"json" help:"Print the report as JSON."`

	Out io.Writer `kong:"-"` // the report; nil: nowhere
	Log io.Writer `kong:"-"` // progress, a line now and then; nil: nowhere
}

// Backtest is the command nabo backtest.
type Backtest struct{ Options }

// Run makes the backtest and prints its report.
func (b *Backtest) Run(ctx context.Context) error {
	_, err := Run(ctx, b.Options)
	return err
}

// Length is how many items a list has at most.
const Length = 20

func (o Options) withDefaults() Options {
	o.Samples, o.Seed = cmp.Or(o.Samples, 1000), cmp.Or(o.Seed, 1)
	if o.Out == nil {
		o.Out = io.Discard
	}
	if o.Log == nil {
		o.Log = io.Discard
	}
	return o
}

func (o *Options) validate() error {
	switch {
	case o.Folder == "":
		return errors.New("the folder of the history is missing")
	case o.Samples < 100 || o.Samples > 100_000:
		return fmt.Errorf("--samples %d: want 100 to 100000", o.Samples)
	}
	return nil
}

// engine returns how the engine is set up.
func (o *Options) engine() (eng engine.Options, err error) {
	for name, value := range o.Set {
		if err := eng.Turn(name, value); err != nil {
			return eng, fmt.Errorf("--set: %w", err)
		}
	}
	return eng, nil
}

// Run replays the history, asks the questions, and scores and prints the
// answers. It returns an error when that could not be done, not when the
// figures are bad.
func Run(ctx context.Context, opt Options) (*Report, error) {
	opt = opt.withDefaults()
	if err := opt.validate(); err != nil {
		return nil, err
	}
	eng, err := opt.engine()
	if err != nil {
		return nil, err
	}
	past, err := readHistory(opt.Folder)
	if err != nil {
		return nil, fmt.Errorf("read the history: %w", err)
	}
	order := past.order()
	ex, err := past.examOf(order, &opt)
	if err != nil {
		return nil, fmt.Errorf("read the questions: %w", err)
	}
	played, err := past.play(ctx, order, ex, eng, &opt)
	if err != nil {
		return nil, fmt.Errorf("replay the history: %w", err)
	}
	if opt.Predictions != "" {
		if err := writePredictions(opt.Predictions, ex.asked, played); err != nil {
			return nil, fmt.Errorf("write the predictions: %w", err)
		}
	}
	report := score(ex, played, &opt)
	if err := report.print(opt.Out, opt.JSON); err != nil {
		return nil, fmt.Errorf("print the report: %w", err)
	}
	return report, nil
}

// examOf takes the questions from files, or makes them.
func (h *history) examOf(order []step, opt *Options) (ex *exam, err error) {
	ex = &exam{until: len(order)}
	if opt.Truth != "" {
		if ex.right, err = readAnswers(opt.Truth); err != nil {
			return nil, err
		}
	}
	switch {
	case opt.Queries != "":
		task := Offers
		if len(opt.Tasks) == 1 {
			task = opt.Tasks[0]
		} else if task, err = taskOf(opt.Queries); err != nil {
			return nil, err
		}
		ex.asked, err = readQuestions(opt.Queries, task, order)
	case opt.Truth != "" && len(opt.Tasks) == 1 && opt.Tasks[0] == NextBasket:
		ex.asked = memberQuestions(ex.right, order)
	default:
		asked, right := h.offerQuestions(order)
		ex.asked = asked
		if ex.right == nil {
			ex.right = right
		}
	}
	if err != nil {
		return nil, err
	}
	if len(ex.asked) == 0 {
		return nil, errors.New("there is none: a file of them, or a history with redemptions, was expected")
	}
	return ex, inOrder(ex.asked)
}

// writePredictions writes the engine's lists by their questions.
func writePredictions(path string, asked []question, p *played) error {
	out := make(map[string][]string, len(asked))
	for i, q := range asked {
		out[q.ID] = p.lists[i][0]
	}
	return writeJSON(path, out)
}
