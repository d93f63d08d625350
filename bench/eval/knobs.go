package eval

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"nabo/engine"
	"nabo/engine/rank"
	"slices"
	"strings"
)

// weight is how the names of a scenario's weights begin among the dials.
const weight = "weight."

// knob is something that can be turned, a dial or a weight.
type knob struct {
	name       string
	value, def float64
	low, high  float64
	isWeight   bool
}

// knobs returns what can be turned for the tasks that are asked.
func (t *tuner) knobs() (out []knob) {
	for _, d := range engine.Dials() {
		out = append(out, knob{name: d.Name, def: d.Default, low: d.Low, high: d.High})
	}
	for _, one := range t.trials {
		if !slices.Contains(one.ex.tasks(), Offers) {
			continue
		}
		body, err := json.Marshal(rank.Defaults(scenarioName).Weights)
		var weights map[string]float64
		if err != nil || json.Unmarshal(body, &weights) != nil {
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(weights)) {
			if name != "basket" { // there is none in a backtest
				out = append(out, knob{name: name, def: weights[name], low: 0, high: 10, isWeight: true})
			}
		}
	}
	return slices.DeleteFunc(out, func(k knob) bool { return t.idle[k] })
}

// bare returns the knob without its value.
func (k knob) bare() knob {
	k.value = 0
	return k
}

// now returns the knob with its value in the best setup.
func (t *tuner) now(k knob) knob {
	in := t.best.set
	if k.isWeight {
		in = t.best.weights
	}
	value, ok := in[k.name]
	if k.value = value; !ok {
		k.value = k.def
	}
	return k
}

// stepped returns the value a factor away, to two digits, within the range.
func (k *knob) stepped(factor float64) float64 {
	v := k.value
	if v == 0 {
		v = k.def / 4
	}
	v *= factor
	if k.low == 0 && v < k.def/8 {
		v = 0
	}
	if v > 0 {
		unit := math.Pow10(int(math.Floor(math.Log10(v))) - 1)
		v = math.Round(v/unit) * unit
		v = math.Round(v*1e6) / 1e6
	}
	return min(max(v, k.low), k.high)
}

// turnedIn returns a setup with one knob turned.
func turnedIn(s setup, k knob, value float64) setup {
	in := &s.set
	if k.isWeight {
		in = &s.weights
	}
	*in = maps.Clone(*in)
	if *in == nil {
		*in = map[string]float64{}
	}
	(*in)[k.name] = value
	if value == k.def {
		delete(*in, k.name)
	}
	return s
}

// changes returns all that a setup turns.
func (s *setup) changes() map[string]float64 {
	out := map[string]float64{}
	maps.Copy(out, s.set)
	for name, v := range s.weights {
		out[weight+name] = v
	}
	return out
}

// name says what a setup turns; "" is nothing.
func (s *setup) name() string { return nameOf(s.changes()) }

func nameOf(all map[string]float64) string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		out = append(out, fmt.Sprintf("%s=%v", name, all[name]))
	}
	return strings.Join(out, " ")
}
