// Package eval replays a shop's history through the engine and scores what it
// would have recommended.
//
// The history is read from a folder, turned into events, admitted and applied
// in the order of their time, each message as the log would carry it. A
// question is asked when everything before its day has been applied and
// nothing after it, so that no answer knows its own day. The baselines count
// along on the same events.
package eval

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
)

// Options say what is replayed, what is asked and where the results go. Only
// Folder must be given.
type Options struct {
	// Folder holds the history: receipts, partial_lines, products, campaigns,
	// campaign_members, offers and redemptions, each as .csv or .csv.gz with a
	// first line of the columns' names. It is only read.
	Folder string `arg:"" help:"Folder with the history: receipts, products, campaigns, campaign_members, offers, redemptions, as .csv or .csv.gz." type:"existingdir"`
	// Queries is a file of questions, one JSON object a line; empty: one
	// question for each member and day of a redemption, about the offers that
	// were sent to the member and hold that day.
	Queries string `help:"Questions, one JSON object with id, member, day and candidates a line; without it, one is made of each member and day of a redemption." type:"existingfile" placeholder:"FILE"`
	// Truth is a JSON object of each question's right answers by its id; empty:
	// what the member redeemed on the question's day.
	Truth string `help:"Right answers, a JSON object of lists by question; without it, what was redeemed that day." type:"existingfile" placeholder:"FILE"`
	// Predictions is where the engine's lists go, a JSON object of lists by
	// question, best first, at most 20 each; empty: nowhere.
	Predictions string `help:"Write the engine's lists there, a JSON object of lists by question, best first." type:"path" placeholder:"FILE"`
	// Scenario is a file with the configuration of the scenario that is asked;
	// empty: the ordinary weights, without diversity, rotation and exploring.
	Scenario string `help:"Configuration of the scenario to ask, a JSON object; without it, the ordinary weights without diversity, rotation and exploring." type:"existingfile" placeholder:"FILE"`

	HalfLife float64 `help:"Days after which a member's purchase counts half." default:"60" placeholder:"DAYS"`
	Samples  int     `help:"Samples behind each interval." default:"1000"`
	Seed     uint64  `help:"Seed of the samples." default:"1"`
	JSON     bool    `name:"json" help:"Print the report as JSON."`

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
	o.HalfLife, o.Samples, o.Seed = cmp.Or(o.HalfLife, 60), cmp.Or(o.Samples, 1000), cmp.Or(o.Seed, 1)
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
	case !(o.HalfLife >= 1 && o.HalfLife <= 10_000):
		return fmt.Errorf("--half-life %v: want 1 to 10000 days", o.HalfLife)
	case o.Samples < 100 || o.Samples > 100_000:
		return fmt.Errorf("--samples %d: want 100 to 100000", o.Samples)
	}
	return nil
}

// Run replays the history, asks the questions, and scores and prints the
// answers. It returns an error when that could not be done, not when the
// figures are bad.
func Run(ctx context.Context, opt Options) (*Report, error) {
	opt = opt.withDefaults()
	if err := opt.validate(); err != nil {
		return nil, err
	}
	past, err := readHistory(opt.Folder)
	if err != nil {
		return nil, fmt.Errorf("read the history: %w", err)
	}
	asked, err := past.questions(opt.Queries)
	if err != nil {
		return nil, fmt.Errorf("read the questions: %w", err)
	}
	right, err := past.truth(opt.Truth, asked)
	if err != nil {
		return nil, fmt.Errorf("read the truth: %w", err)
	}
	played, err := past.play(ctx, asked, &opt)
	if err != nil {
		return nil, fmt.Errorf("replay the history: %w", err)
	}
	if opt.Predictions != "" {
		if err := writePredictions(opt.Predictions, asked, played.lists[0]); err != nil {
			return nil, fmt.Errorf("write the predictions: %w", err)
		}
	}
	report := score(asked, right, played, &opt)
	if err := report.print(opt.Out, opt.JSON); err != nil {
		return nil, fmt.Errorf("print the report: %w", err)
	}
	return report, nil
}
