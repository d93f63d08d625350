package engine

import (
	"fmt"
	"strings"
)

// Dial is one number of the Options that a shop's own history may choose: see
// the backtest's tuner. Its name is the field's, as settings spell it.
type Dial struct {
	Name, About        string
	Default, Low, High float64 // Low and High are what makes sense, both allowed
	Lasting            bool    // decides what is kept: another value needs the log to be read again

	set func(*Options, float64)
}

// Dials returns all dials, by name. Anybody may call it.
func Dials() []Dial {
	return []Dial{
		{"basket-plain", "What plain edges weigh beside refined ones in a small basket; 0: nothing.", 6, 0, 10, false,
			func(o *Options, v float64) { o.Plain.Basket = orNone(v) }},
		{"company", "What goes with a member's goods weighs beside the member's habits; 0: nothing.", 0.5, 0, 2, false,
			func(o *Options, v float64) { o.Habits.Company = orNone(v) }},
		{"crowd", "What others buy weighs beside a member's habits; 0: nothing.", 1.5, 0, 10, false,
			func(o *Options, v float64) { o.Habits.Crowd = orNone(v) }},
		{"damping", "How much a member's earlier purchases of a pair weaken what it says of the pair.", 1, 0, 4, true,
			func(o *Options, v float64) { o.Damping = orNone(v) }},
		{"dropout", "The share of each product that is taken not to be seen when refined edges are made.", 0.1, 0, 0.9, false,
			func(o *Options, v float64) { o.Refine.Dropout = orNone(v) }},
		{"habit-half-life", "Days after which a visit teaches half as much of what members buy again.", 120, 1, 3650, true,
			func(o *Options, v float64) { o.Habits.HalfLife = int64(v * msPerDay) }},
		{"half-life", "Days after which a receipt says half as much of what is bought together.", 180, 1, 3650, true,
			func(o *Options, v float64) { o.Bought.HalfLife = int64(v * msPerDay) }},
		{"lambda", "How many receipts a refined edge needs to say half of what it could.", 25, 1, 1000, false,
			func(o *Options, v float64) { o.Refine.Lambda = v }},
		{"member-half-life", "Days after which a member's purchase binds half as much.", 60, 1, 3650, true,
			func(o *Options, v float64) { o.Members.HalfLife = int64(v * msPerDay) }},
		{"partners", "The most others that one receipt binds a product to.", 64, 8, 512, true,
			func(o *Options, v float64) { o.Bought.Partners = int(v/2) * 2 }},
		{"popular", "How many receipts what is popular weighs beside a product's own; 0: none.", 10, 0, 1000, false,
			func(o *Options, v float64) { o.Plain.Prior = orNone(v) }},
		{"receipt-gain", "How much what is bought together goes by the receipts' gain, and not by their number.", 0.5, 0, 1, false,
			func(o *Options, v float64) { o.Plain.Gain = orNone(v) }},
		{"refine", "1: baskets go by refined edges; 0: by plain ones.", 1, 0, 1, false,
			func(o *Options, v float64) { o.Refine.Off = v < 0.5 }},
		{"refine-neighbors", "How many of a product's neighbours explain it, for its refined edges.", 64, 8, 256, false,
			func(o *Options, v float64) { o.Refine.Neighbors = int(v) }},
		{"repeats", "1: a product's own repeats count beside a member's habit; 0: not.", 1, 0, 1, false,
			func(o *Options, v float64) { o.Habits.NoRepeats = v < 0.5 }},
		{"rhythm", "1: how long after buying a product it is bought again counts; 0: not.", 1, 0, 1, false,
			func(o *Options, v float64) { o.Habits.NoRhythm = v < 0.5 }},
		{"usual", "1: baskets are told what is usual whatever else is in them; 0: not.", 1, 0, 1, false,
			func(o *Options, v float64) { o.Refine.NoUsual = v < 0.5 }},
	}
}

// Turn sets the dial of a name. Its error names what there is, or the range.
func (o *Options) Turn(name string, value float64) error {
	var names []string
	for _, d := range Dials() {
		if d.Name != name {
			names = append(names, d.Name)
			continue
		}
		if !(value >= d.Low && value <= d.High) {
			return fmt.Errorf("%s is %v; it must be %v to %v", name, value, d.Low, d.High)
		}
		d.set(o, value)
		return nil
	}
	return fmt.Errorf("there is no dial %q; there are %s", name, strings.Join(names, ", "))
}

// orNone makes a zero sayable: a zero field of Options means the default.
func orNone(v float64) float64 { return max(v, 1e-9) }
