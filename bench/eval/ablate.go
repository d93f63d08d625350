package eval

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"nabo/bench/eval/score"
	"nabo/engine"
)

// ingredient is a named part of the engine that a dial can take out.
type ingredient struct {
	name    string
	dial    string
	without float64 // the dial's value that takes it out
}

// ingredients returns what --ablate takes out, one at a time. A part that has
// got a dial belongs here.
func ingredients() []ingredient {
	return []ingredient{
		{"fading of what is bought together", "half-life", 3650},
		{"fading of what members' visits teach", "habit-half-life", 3650},
		{"repeats of one customer counting less", "damping", 0},
		{"large receipts saying less of each pair", "receipt-gain", 0},
		{"large receipts binding only 64 others", "partners", 512},
		{"refined edges", "refine", 0},
		{"what is usual, in a basket", "usual", 0},
		{"what is popular, beside one product", "popular", 0},
		{"plain edges in a small basket", "basket-plain", 0},
		{"a product's own repeats", "repeats", 0},
		{"a product's own rhythm", "rhythm", 0},
		{"what others buy, beside a member's habits", "crowd", 0},
		{"what goes with a member's goods", "company", 0},
	}
}

// Ablation says what a part of the engine brings: by how much the means are
// above those without it.
type Ablation struct {
	Part    string         `json:"part"`
	Dial    string         `json:"dial"`
	Without float64        `json:"without"` // the dial's value that takes it out
	Figures []score.Figure `json:"figures"` // Value is without the part, Ahead what the part brings
}

// ablate plays an exam again without each part, and adds what it brings to the
// reports of its tasks.
func (h *history) ablate(ctx context.Context, ex *exam, whole setup, reports []TaskReport, opt *Options) error {
	t := &trial{h: h, ex: ex, opt: opt}
	parts := slices.DeleteFunc(ingredients(), func(i ingredient) bool { return !hasDial(i.dial) })
	setups := []setup{whole}
	for _, part := range parts {
		s := whole
		s.set = maps.Clone(whole.set)
		if s.set == nil {
			s.set = map[string]float64{}
		}
		s.set[part.dial] = part.without
		setups = append(setups, s)
	}
	fmt.Fprintf(opt.Log, "replaying %d times more, each without a part\n", len(setups))
	got, err := t.tryAll(ctx, setups, opt.Workers)
	if err != nil {
		return fmt.Errorf("replay without a part: %w", err)
	}
	for i := range reports {
		task := reports[i].Task
		sheet := score.Sheet{Askers: ex.askers(task), Samples: opt.Samples, Seed: opt.Seed}
		for _, w := range got {
			sheet.Marks = append(sheet.Marks, w[task])
		}
		if len(sheet.Askers) == 0 {
			continue
		}
		figures := sheet.Figures()
		for p, part := range parts {
			reports[i].Ablation = append(reports[i].Ablation, Ablation{part.name, part.dial, part.without, figures[p+1]})
		}
	}
	return nil
}

func hasDial(name string) bool {
	return slices.ContainsFunc(engine.Dials(), func(d engine.Dial) bool { return d.Name == name })
}

// askers returns who asks the questions that count, as trials mark them.
func (ex *exam) askers(task Task) (out []string) {
	for i := range ex.asked {
		if q := &ex.asked[i]; q.task == task && len(ex.right[task][q.ID].set()) > 0 {
			out = append(out, q.asker())
		}
	}
	return out
}
