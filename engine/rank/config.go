package rank

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"

	"nabo/engine/event"
	"nabo/engine/expr"
)

// The bounds of a configuration.
const (
	maxConfig      = 64 << 10      // bytes
	maxWeight      = 1000          // of a part, of priority and of margin
	maxShare       = 0.5           // of the slots that new offers may get
	maxDays        = 366           // of whatever is counted in days
	minHalfLife    = 0.01          // days; some 15 minutes
	maxImpressions = 1_000_000_000 // until an offer is no longer new
)

// configAt is where a configuration lies in its event.
const configAt = "/data/config"

// ParseScenario reads a scenario's configuration, one JSON object. Fields that
// are not given, or null, are as in Defaults(name): nothing of an earlier
// version lives on. compile is called for a filter and a booster; the place in
// an *expr.Error of it becomes part of the detail. The error is an
// *event.FieldError that points below /data/config. Nothing of config is kept.
func ParseScenario(name string, version uint64, config []byte, compile func(src string, kind expr.Kind) (*expr.Program, error)) (*Scenario, error) {
	if len(config) > maxConfig {
		return nil, &event.FieldError{Pointer: configAt, Detail: "must be at most 64 KiB"}
	}
	s := Defaults(strings.Clone(name))
	s.Version = version
	f := readFields(configAt, config)
	f.flag("enabled", &s.Enabled)
	f.logic("logic", &s.Logic)
	f.small("count", &s.Count, 1)
	f.object("weights", func(in *fields) {
		for i, part := range partNames[:Affinities] {
			in.number(part, &s.Weights[i], 0, maxWeight)
		}
	})
	f.program("filter", &s.Filter, expr.Filter, compile)
	f.program("booster", &s.Booster, expr.Booster, compile)
	f.number("diversity", &s.Diversity, 0, 1)
	f.number("rotationRate", &s.RotationRate, 0, 1)
	f.number("rotationDays", &s.RotationDays, minHalfLife, maxDays)
	f.object("explore", func(in *fields) {
		in.number("share", &s.Explore.Share, 0, maxShare)
		in.number("days", &s.Explore.Days, 0, maxDays)
		in.whole("impressions", &s.Explore.Impressions, 0, maxImpressions)
	})
	f.small("maxPerCategory", &s.MaxPerCategory, 0)
	f.small("maxPerFunder", &s.MaxPerFunder, 0)
	f.number("priority", &s.Priority, 0, maxWeight)
	f.number("margin", &s.Margin, 0, maxWeight)
	f.number("holdDays", &s.HoldDays, 0, maxDays)
	if fault := f.finish(); fault != nil {
		return nil, fault
	}
	return s, nil
}

// small reads a whole number of items.
func (f *fields) small(name string, to *int, low int64) {
	v := int64(*to)
	f.whole(name, &v, low, MaxCount)
	*to = int(v)
}

// logic reads a logic's name.
func (f *fields) logic(name string, to *Logic) {
	text, given := f.text(name)
	if !given {
		return
	}
	for i, known := range logicNames {
		if text == known {
			*to = Logic(i)
			return
		}
	}
	f.fail(name, "must be one of "+strings.Join(logicNames[:], ", "))
}

// written is a configuration as JSON writes it, in the order of API documents.
type written struct {
	Enabled        bool           `json:"enabled"`
	Logic          string         `json:"logic"`
	Count          int            `json:"count"`
	Weights        *Weights       `json:"weights"`
	Filter         string         `json:"filter"`
	Booster        string         `json:"booster"`
	Diversity      float64        `json:"diversity"`
	RotationRate   float64        `json:"rotationRate"`
	RotationDays   float64        `json:"rotationDays"`
	Explore        writtenExplore `json:"explore"`
	MaxPerCategory int            `json:"maxPerCategory"`
	MaxPerFunder   int            `json:"maxPerFunder"`
	Priority       float64        `json:"priority"`
	Margin         float64        `json:"margin"`
	HoldDays       float64        `json:"holdDays"`
}

type writtenExplore struct {
	Share       float64 `json:"share"`
	Days        float64 `json:"days"`
	Impressions int64   `json:"impressions"`
}

// JSON returns the configuration with all its fields, defaults filled in. What
// ParseScenario makes of it is the same scenario.
func (s *Scenario) JSON() []byte {
	w := written{
		Enabled: s.Enabled, Logic: s.Logic.String(), Count: s.Count, Weights: &s.Weights,
		Diversity: s.Diversity, RotationRate: s.RotationRate, RotationDays: s.RotationDays,
		Explore:        writtenExplore(s.Explore),
		MaxPerCategory: s.MaxPerCategory, MaxPerFunder: s.MaxPerFunder,
		Priority: s.Priority, Margin: s.Margin, HoldDays: s.HoldDays,
	}
	if s.Filter != nil {
		w.Filter = s.Filter.Source()
	}
	if s.Booster != nil {
		w.Booster = s.Booster.Source()
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false) // people read it, and expressions are full of < and >
	if err := e.Encode(&w); err != nil {
		panic("rank: a scenario holds what its parser refuses: " + err.Error())
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n"))
}

// MarshalJSON writes an object of all parts of the affinity by their names.
func (w *Weights) MarshalJSON() ([]byte, error) {
	out := []byte{'{'}
	for i, by := range w {
		if i > 0 {
			out = append(out, ',')
		}
		out = strconv.AppendQuote(out, partNames[i])
		out = append(out, ':')
		out = strconv.AppendFloat(out, by, 'g', -1, 64)
	}
	return append(out, '}'), nil
}
