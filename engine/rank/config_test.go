package rank

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"nabo/engine/event"
	"nabo/engine/expr"
)

// refuse stands in for a compiler that finds a fault in every expression.
func refuse(string, expr.Kind) (*expr.Program, error) {
	return nil, &expr.Error{Line: 2, Column: 7, Detail: "undefined field 'prize'"}
}

func TestParseScenario(t *testing.T) {
	config := `{"enabled":false,"logic":"buy-again","count":20,"weights":{"own":2,"past":0},"filter":"offer.price < 10.0","booster":"2.0",
		"diversity":0.5,"rotationRate":1,"rotationDays":3.5,"explore":{"share":0.25,"days":7},"maxPerCategory":4,"maxPerFunder":5e0,
		"priority":1.5,"margin":2,"holdDays":null}`
	s, err := ParseScenario("newsletter", 7, []byte(config), expr.Compile)
	if err != nil {
		t.Fatal(err)
	}
	if s.Filter == nil || s.Filter.Source() != "offer.price < 10.0" || s.Booster == nil || s.Booster.Source() != "2.0" {
		t.Errorf("filter is %v, booster is %v", s.Filter, s.Booster)
	}
	want := Defaults("newsletter")
	want.Version, want.Logic, want.Enabled, want.Count = 7, BuyAgain, false, 20
	want.Weights[Own], want.Weights[Past] = 2, 0
	want.Diversity, want.RotationRate, want.RotationDays = 0.5, 1, 3.5
	want.Explore.Share, want.Explore.Days = 0.25, 7 // impressions stay
	want.MaxPerCategory, want.MaxPerFunder, want.Priority, want.Margin = 4, 5, 1.5, 2
	want.Filter, want.Booster = s.Filter, s.Booster
	if !reflect.DeepEqual(s, want) {
		t.Errorf("read\n%+v, want\n%+v", s, want)
	}
}

func TestParseScenarioFaults(t *testing.T) {
	for _, test := range []struct{ config, pointer, detail string }{
		{``, "", "must be valid JSON"},
		{`{"count":1`, "", "must be valid JSON"},
		{`{} {}`, "", "must be valid JSON"},
		{`[]`, "", "must be an object, not an array"},
		{`null`, "", "must be an object, not null"},
		{"{\"filter\":\"\xff\"}", "", "must be UTF-8"},
		{`{"filter":"` + strings.Repeat(" ", maxConfig) + `"}`, "", "must be at most 64 KiB"},
		{`{"cuont":1}`, "/cuont", "is not a field here; the fields are enabled, logic, count, weights, filter, booster, " +
			"diversity, rotationRate, rotationDays, explore, maxPerCategory, maxPerFunder, priority, margin, holdDays"},
		{`{"count":"1","a/b~":1}`, "/a~1b~0", "is not a field here"},
		{`{"count":1,"count":2}`, "/count", "is given twice"},
		{`{"enabled":1}`, "/enabled", "must be true or false, not a number"},
		{`{"logic":"all"}`, "/logic", "must be one of offers, mixed, buy-again, discover"},
		{`{"logic":1}`, "/logic", "must be a string, not a number"},
		{`{"count":0}`, "/count", "must be a whole number from 1 to 200"},
		{`{"count":201}`, "/count", "must be a whole number from 1 to 200"},
		{`{"count":1.5}`, "/count", "must be a whole number from 1 to 200"},
		{`{"count":1e400}`, "/count", "must be a whole number from 1 to 200"},
		{`{"count":"35"}`, "/count", "must be a whole number from 1 to 200, not a string"},
		{`{"weights":1}`, "/weights", "must be an object, not a number"},
		{`{"weights":{"own":-1}}`, "/weights/own", "must be a number from 0 to 1000"},
		{`{"weights":{"priority":1}}`, "/weights/priority", "is not a field here; the fields are own, together, category, brand, place, trend, popular, basket, past"},
		{`{"diversity":1.01}`, "/diversity", "must be a number from 0 to 1"},
		{`{"rotationRate":true}`, "/rotationRate", "must be a number from 0 to 1, not true"},
		{`{"rotationDays":0}`, "/rotationDays", "must be a number from 0.01 to 366"},
		{`{"explore":{"share":0.51}}`, "/explore/share", "must be a number from 0 to 0.5"},
		{`{"explore":{"days":-1}}`, "/explore/days", "must be a number from 0 to 366"},
		{`{"explore":{"impressions":0.5}}`, "/explore/impressions", "must be a whole number from 0 to 1000000000"},
		{`{"explore":{"rate":0.5}}`, "/explore/rate", "is not a field here; the fields are share, days, impressions"},
		{`{"maxPerCategory":-1}`, "/maxPerCategory", "must be a whole number from 0 to 200"},
		{`{"maxPerFunder":[]}`, "/maxPerFunder", "must be a whole number from 0 to 200, not an array"},
		{`{"priority":-1}`, "/priority", "must be a number from 0 to 1000"},
		{`{"margin":1001}`, "/margin", "must be a number from 0 to 1000"},
		{`{"holdDays":367}`, "/holdDays", "must be a number from 0 to 366"},
		{`{"filter":true}`, "/filter", "must be a string, not true"},
		{`{"filter":"x"}`, "/filter", "is wrong at line 2, column 7: undefined field 'prize'"},
		{`{"booster":"x"}`, "/booster", "is wrong at line 2, column 7: undefined field 'prize'"},
	} {
		s, err := ParseScenario("newsletter", 1, []byte(test.config), refuse)
		var fault *event.FieldError
		if s != nil || !errors.As(err, &fault) {
			t.Errorf("%.80s: %v, %v, want a FieldError", test.config, s, err)
			continue
		}
		if fault.Pointer != "/data/config"+test.pointer || !strings.HasPrefix(fault.Detail, test.detail) {
			t.Errorf("%.80s: %s: %s\nwant %s: %s", test.config, fault.Pointer, fault.Detail, test.pointer, test.detail)
		}
	}
}

// TestExpressionsOfTheWrongKind asks the real compiler.
func TestExpressionsOfTheWrongKind(t *testing.T) {
	for config, pointer := range map[string]string{
		`{"filter":"offer.prize < 3"}`:             "/data/config/filter",
		`{"filter":"true","booster":"offer.name"}`: "/data/config/booster",
	} {
		_, err := ParseScenario("x", 1, []byte(config), expr.Compile)
		var fault *event.FieldError
		if !errors.As(err, &fault) || fault.Pointer != pointer || !strings.HasPrefix(fault.Detail, "is wrong at line 1, column ") {
			t.Errorf("%s: %v", config, err)
		}
	}
}

func TestCompilerThatFailsOtherwise(t *testing.T) {
	_, err := ParseScenario("x", 1, []byte(`{"filter":"true"}`), func(string, expr.Kind) (*expr.Program, error) {
		return nil, errors.New("out of room")
	})
	if err == nil || !strings.Contains(err.Error(), "can't be compiled: out of room") {
		t.Errorf("error is %v", err)
	}
}

func TestDefaults(t *testing.T) {
	for name, count := range map[string]int{"newsletter": 35, "app-home": 35, "self-scan": 10, "product-page": 12, "till": 35, "": 35} {
		s := Defaults(name)
		if s.Name != name || s.Version != 0 || s.Count != count || !s.Enabled {
			t.Errorf("%s is %+v", name, s)
		}
		again, err := ParseScenario(name, 0, s.JSON(), refuse) // within its own bounds
		if err != nil || !reflect.DeepEqual(s, again) {
			t.Errorf("%s became %+v, %v", name, again, err)
		}
		empty, err := ParseScenario(name, 0, []byte(`{}`), refuse)
		if err != nil || !reflect.DeepEqual(s, empty) {
			t.Errorf("an empty configuration of %s is %+v, %v", name, empty, err)
		}
	}
}

func TestJSON(t *testing.T) {
	want := `{"enabled":true,"logic":"offers","count":12,` +
		`"weights":{"own":1,"together":0.5,"category":0.3,"brand":0.1,"place":0.1,"trend":0.1,"popular":0.1,"basket":1,"past":0.3},` +
		`"filter":"1 < 2 && true","booster":"","diversity":0,"rotationRate":0,"rotationDays":7,` +
		`"explore":{"share":0.02,"days":14,"impressions":100},"maxPerCategory":0,"maxPerFunder":0,"priority":0.1,"margin":0,"holdDays":7}`
	config := `{"filter":"1 < 2 && true",` + // the rest is as it is built in, but for what is tuned
		`"weights":{"own":1,"together":0.5,"category":0.3,"brand":0.1,"place":0.1,"trend":0.1,"popular":0.1,"basket":1,"past":0.3}}`
	s, err := ParseScenario("product-page", 1, []byte(config), expr.Compile)
	if err != nil {
		t.Fatal(err)
	}
	if got := string(s.JSON()); got != want {
		t.Errorf("wrote\n%s, want\n%s", got, want)
	}
}

func TestJSONReadsAsItself(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := Defaults(rapid.SampledFrom([]string{"newsletter", "self-scan", "x"}).Draw(t, "name"))
		number := func(name string, low, high float64) float64 { return rapid.Float64Range(low, high).Draw(t, name) }
		s.Logic = Logic(rapid.IntRange(0, len(logicNames)-1).Draw(t, "logic"))
		s.Count = rapid.IntRange(1, MaxCount).Draw(t, "count")
		for i := range s.Weights {
			s.Weights[i] = number("weight", 0, maxWeight)
		}
		s.Diversity, s.RotationRate, s.RotationDays = number("diversity", 0, 1), number("rate", 0, 1), number("days", minHalfLife, maxDays)
		s.Explore = Exploring{number("share", 0, maxShare), number("new", 0, maxDays), rapid.Int64Range(0, maxImpressions).Draw(t, "impressions")}
		s.MaxPerCategory, s.MaxPerFunder = rapid.IntRange(0, MaxCount).Draw(t, "category"), rapid.IntRange(0, MaxCount).Draw(t, "funder")
		s.Priority, s.Margin, s.HoldDays = number("priority", 0, maxWeight), number("margin", 0, maxWeight), number("hold", 0, maxDays)
		got, err := ParseScenario(s.Name, 0, s.JSON(), refuse)
		if err != nil || !reflect.DeepEqual(got, s) {
			t.Fatalf("%s\nread as %+v, %v", s.JSON(), got, err)
		}
	})
}

func TestParseScenarioKeepsNothing(t *testing.T) {
	config := []byte(`{"filter":"true","logic":"mixed"}`)
	s, err := ParseScenario("x", 1, config, expr.Compile)
	if err != nil {
		t.Fatal(err)
	}
	before := s.JSON()
	for i := range config {
		config[i] = 'x'
	}
	if after := s.JSON(); !bytes.Equal(before, after) {
		t.Errorf("was %s, is %s", before, after)
	}
}

func TestNames(t *testing.T) {
	names := ""
	for p := range Part(Parts) {
		names += p.String() + " "
	}
	if names != "own together category brand place trend popular basket past priority margin booster rotation diversity explore " {
		t.Errorf("parts are %s", names)
	}
	if Part(Parts).String() != "unknown" || Logic(9).String() != "unknown" || Left(9).String() != "unknown" {
		t.Error("what has no name is unknown")
	}
}

func TestWeightsApply(t *testing.T) {
	w := Weights{Own: 2, Past: 0.5}
	parts := [Parts]float32{Own: 3, Together: 7, Past: 4, Priority: 9}
	w.Apply(&parts)
	if parts != [Parts]float32{Own: 6, Past: 2, Priority: 9} {
		t.Errorf("parts are %v", parts)
	}
}

// FuzzParseScenario holds what is read to what JSON writes of it.
func FuzzParseScenario(f *testing.F) {
	for _, seed := range []string{
		`{}`, ``, `{"count":35,"weights":{"own":1e-7},"explore":{"share":0.5,"days":0.1,"impressions":1}}`,
		`{"filter":"offer.priority > 1.0 && 'a' in offer.chains","booster":"double(offer.discount)"}`,
		`{"enabled":null,"logic":"discover","holdDays":-0}`, `{"weights":{"weights":{}}}`, `{"a":1,"a":2}`, `{"filter":"\ud800<&>\u2028"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, config []byte) {
		s, err := ParseScenario("newsletter", 3, config, expr.Compile)
		if err != nil {
			var fault *event.FieldError
			if !errors.As(err, &fault) || !strings.HasPrefix(fault.Pointer, configAt) || fault.Detail == "" || s != nil {
				t.Fatalf("error is %#v, with %v", err, s)
			}
			return
		}
		written := s.JSON()
		if !json.Valid(written) {
			t.Fatalf("wrote %s", written)
		}
		again, err := ParseScenario("newsletter", 3, written, expr.Compile)
		if err != nil || !bytes.Equal(again.JSON(), written) {
			t.Fatalf("wrote %s, read again as %+v, %v", written, again, err)
		}
	})
}
