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
	"slices"
	"time"
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

	Hold   float64 `help:"Share of the receipts, the last ones, that together and complete ask about." default:"0.1" placeholder:"SHARE"`
	Least  int     `name:"min" help:"Baskets that a member must have for next-basket to ask about the last." default:"4" placeholder:"N"`
	Day    bool    `help:"A member's receipts of one day are one basket."`
	Most   int     `name:"max" help:"Questions of a task; of more receipts or members, a hash of their ids picks." default:"20000" placeholder:"N"`
	Reveal bool    `help:"Ask in the order of time and apply each receipt after it was asked about, as live; without it, nothing after the cut is applied, as papers have it."`
	// WriteCut is a folder for the questions' files, one folder of a task's name
	// within it for each task; empty: nowhere.
	WriteCut string `help:"Write what is known, the questions, the right answers, what was bought before, and the engine's lists there, a folder for each task, for a scorer of your own." type:"path" placeholder:"DIR"`

	Set map[string]float64 `help:"Dials of the engine to turn, such as half-life=90." mapsep:"," placeholder:"NAME=VALUE"`

	Ablate  bool          `help:"Replay again without each part of the engine that a dial can take out, and say what it brings."`
	Tune    bool          `help:"Search for dials, and for offers for the scenario's weights, on a validation part that is cut from what is known before the test part; then ask the test part once."`
	Budget  time.Duration `help:"Time to search for." default:"10m" placeholder:"TIME"`
	Tries   int           `help:"Setups to try at most." default:"200" placeholder:"N"`
	Save    string        `help:"Write what the search chose there, as a configuration of serve." type:"path" placeholder:"FILE"`
	Workers int           `help:"Replays at a time, for --ablate and --tune; each takes a core and memory of its own." default:"1" placeholder:"N"`

	Samples int    `help:"Samples behind each interval." default:"1000"`
	Seed    uint64 `help:"Seed of the samples." default:"1"`
	Page    string `help:"Write the report there as a page for a browser, with a plot and examples." type:"path" placeholder:"FILE"`
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
	o.Workers, o.Budget, o.Tries = cmp.Or(o.Workers, 1), cmp.Or(o.Budget, 10*time.Minute), cmp.Or(o.Tries, 200)
	o.Hold, o.Least, o.Most = cmp.Or(o.Hold, 0.1), cmp.Or(o.Least, 4), cmp.Or(o.Most, 20_000)
	if o.Truth != "" && o.Queries == "" && len(o.Tasks) == 0 {
		o.Tasks = []Task{Offers}
	}
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
	case !(o.Hold > 0 && o.Hold < 1):
		return fmt.Errorf("--hold %v: want more than 0 and less than 1", o.Hold)
	case o.Least < 2:
		return fmt.Errorf("--min %d: want at least 2, one to ask about and one before it", o.Least)
	case o.Tune && o.Queries != "":
		return errors.New("--tune cuts the history itself: it takes no --queries")
	case o.Save != "" && !o.Tune:
		return errors.New("--save is what --tune chose: --tune was expected, too")
	case o.Budget < 0 || o.Tries < 1:
		return fmt.Errorf("--budget %v and --tries %d: want a time and at least 1", o.Budget, o.Tries)
	case o.Workers < 1 || o.Workers > 64:
		return fmt.Errorf("--workers %d: want 1 to 64", o.Workers)
	case o.Most < 1:
		return fmt.Errorf("--max %d: want at least 1", o.Most)
	case o.WriteCut != "" && (o.Reveal || o.Queries != ""):
		return errors.New("--write-cut is about the command's own cut, without --reveal and --queries")
	}
	return nil
}

func (o *Options) wants(t Task) bool { return len(o.Tasks) == 0 || slices.Contains(o.Tasks, t) }

func (o *Options) cut() *cut {
	return &cut{hold: o.Hold, least: o.Least, most: o.Most, day: o.Day, reveal: o.Reveal}
}

// Run replays the history, asks the questions, and scores and prints the
// answers. It returns an error when that could not be done, not when the
// figures are bad.
func Run(ctx context.Context, opt Options) (*Report, error) {
	opt = opt.withDefaults()
	if err := opt.validate(); err != nil {
		return nil, err
	}
	whole, err := opt.setup()
	if err != nil {
		return nil, err
	}
	past, err := readHistory(opt.Folder)
	if err != nil {
		return nil, fmt.Errorf("read the history: %w", err)
	}
	exams, err := past.exams(&opt)
	if err != nil {
		return nil, fmt.Errorf("read the questions: %w", err)
	}
	if opt.Predictions != "" && (len(exams) != 1 || len(exams[0].tasks()) != 1) {
		return nil, errors.New("write the predictions: a file is about one task, and there are several; one --task was expected")
	}
	report := &Report{Folder: opt.Folder}
	for _, ex := range exams {
		if err := past.sit(ctx, ex, whole, report, &opt); err != nil {
			return nil, err
		}
	}
	if opt.Tune {
		if report.Tuning, err = past.tune(ctx, exams, whole, &opt); err != nil {
			return nil, fmt.Errorf("tune: %w", err)
		}
		if err := report.Tuning.save(opt.Save); err != nil {
			return nil, fmt.Errorf("save what was chosen: %w", err)
		}
	}
	if opt.Page != "" {
		if err := report.page(opt.Page); err != nil {
			return nil, fmt.Errorf("write the page: %w", err)
		}
	}
	if err := report.print(opt.Out, opt.JSON); err != nil {
		return nil, fmt.Errorf("print the report: %w", err)
	}
	return report, nil
}

// sit plays one exam, writes its files and reports its tasks.
func (h *history) sit(ctx context.Context, ex *exam, s setup, report *Report, opt *Options) error {
	played, err := h.play(ctx, ex, s, opt)
	if err != nil {
		return fmt.Errorf("replay the history: %w", err)
	}
	if opt.Predictions != "" {
		if err := writeJSON(opt.Predictions, ex.predictions(ex.tasks()[0], played)); err != nil {
			return fmt.Errorf("write the predictions: %w", err)
		}
	}
	for _, task := range ex.tasks() {
		if opt.WriteCut != "" {
			if err := h.writeCut(opt.WriteCut, ex, task, played); err != nil {
				return fmt.Errorf("write the cut: %w", err)
			}
		}
		said := ex.report(task, played, opt)
		said.Examples = ex.examplesOf(task, played, h.naming(task))
		report.Tasks = append(report.Tasks, said)
	}
	if opt.Ablate {
		return h.ablate(ctx, ex, s, report.Tasks[len(report.Tasks)-len(ex.tasks()):], opt)
	}
	return nil
}

// predictions returns the engine's lists by question.
func (ex *exam) predictions(task Task, p *played) map[string][]string {
	out := make(map[string][]string, len(ex.asked))
	for i, q := range ex.asked {
		if q.task == task {
			out[q.ID] = p.lists[i][0]
		}
	}
	return out
}
