package rank

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

// plainScenario changes nothing of what candidates bring.
func plainScenario() *Scenario {
	return &Scenario{Enabled: true, Count: 35, RotationDays: 7}
}

// standing says that a question overrides nothing.
func standing() Override { return Override{Diversity: math.NaN(), RotationRate: math.NaN()} }

// offerOf makes a candidate with an affinity and nothing else.
func offerOf(place int32, affinity float32) Candidate {
	c := Candidate{Place: place, Factor: 1, ShownAgo: -1, Tie: uint64(place)}
	c.Parts[Own] = affinity
	return c
}

func TestParts(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*Scenario, *Candidate)
		o      Override
		part   Part
		want   float64 // of the part
		score  float64
	}{
		{"alone", func(*Scenario, *Candidate) {}, standing(), Own, 8, 8},
		{"priority", func(s *Scenario, c *Candidate) { s.Priority, c.Priority = 0.1, 5 }, standing(), Priority, 4, 12},
		{"priority without weight", func(s *Scenario, c *Candidate) { c.Priority = 5 }, standing(), Priority, 0, 8},
		{"priority below zero", func(s *Scenario, c *Candidate) { s.Priority, c.Priority = 0.1, -5 }, standing(), Priority, -4, 4},
		{"margin", func(s *Scenario, c *Candidate) { s.Margin, c.Margin = 2, 0.25 }, standing(), Margin, 4, 12},
		{"priority and margin are both of the affinity", func(s *Scenario, c *Candidate) {
			s.Margin, c.Margin, s.Priority, c.Priority = 1, 1, 1, 1
		}, standing(), Margin, 8, 24},
		{"booster", func(s *Scenario, c *Candidate) { c.Factor = 3 }, standing(), Booster, 16, 24},
		{"booster takes priority along", func(s *Scenario, c *Candidate) { s.Priority, c.Priority, c.Factor = 1, 1, 3 }, standing(), Booster, 32, 48},
		{"booster of zero", func(s *Scenario, c *Candidate) { c.Factor = 0 }, standing(), Booster, -8, 0},
		{"booster too high", func(s *Scenario, c *Candidate) { c.Factor = 1e9 }, standing(), Booster, 8 * 999, 8000},
		{"booster that is none", func(s *Scenario, c *Candidate) { c.Factor = float32(math.NaN()) }, standing(), Booster, 0, 8},
		{"booster below zero", func(s *Scenario, c *Candidate) { c.Factor = -2 }, standing(), Booster, 0, 8},
		{"a boost lifts a score below zero", func(s *Scenario, c *Candidate) { c.Parts[Past], c.Factor = -10, 1.5 }, standing(), Booster, 1, -1},
		{"shown just now", func(s *Scenario, c *Candidate) { s.RotationRate, c.ShownAgo = 0.5, 0 }, standing(), Rotation, -4, 4},
		{"shown a half-life ago", func(s *Scenario, c *Candidate) { s.RotationRate, c.ShownAgo = 0.5, 7 }, standing(), Rotation, -2, 6},
		{"shown two half-lives ago", func(s *Scenario, c *Candidate) { s.RotationRate, c.ShownAgo = 0.5, 14 }, standing(), Rotation, -1, 7},
		{"never shown", func(s *Scenario, c *Candidate) { s.RotationRate, c.ShownAgo = 0.5, -1 }, standing(), Rotation, 0, 8},
		{"shown, a score below zero sinks too", func(s *Scenario, c *Candidate) {
			c.Parts[Own], s.RotationRate, c.ShownAgo = -8, 0.5, 0
		}, standing(), Rotation, -4, -12},
		{"the question's rotation", func(s *Scenario, c *Candidate) { s.RotationRate, c.ShownAgo = 0.5, 0 }, Override{math.NaN(), 0.25}, Rotation, -2, 6},
		{"the question's rotation, past its bound", func(s *Scenario, c *Candidate) { c.ShownAgo = 0 }, Override{math.NaN(), 7}, Rotation, -8, 0},
		{"a part that is no number", func(s *Scenario, c *Candidate) { c.Parts[Trend] = float32(math.NaN()) }, standing(), Trend, 0, 8},
		{"a part without end", func(s *Scenario, c *Candidate) { c.Parts[Trend] = float32(math.Inf(1)) }, standing(), Trend, 1e12, 1e12},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, cands := plainScenario(), []Candidate{offerOf(3, 8)}
			test.change(s, &cands[0])
			picks := s.Allocate(cands, 1, test.o, 1, new(Workspace))
			if len(picks) != 1 || picks[0].Candidate != 0 {
				t.Fatalf("picks are %v", picks)
			}
			if got := float64(cands[0].Parts[test.part]); math.Abs(got-test.want) > 1e-5*math.Abs(test.want) {
				t.Errorf("%v is %v, want %v", test.part, got, test.want)
			}
			if got := float64(picks[0].Score); math.Abs(got-test.score) > 1e-5*math.Abs(test.score) {
				t.Errorf("score is %v, want %v", got, test.score)
			}
		})
	}
}

func TestLists(t *testing.T) {
	in := func(place int32, affinity float32, category, funder uint32) Candidate {
		c := offerOf(place, affinity)
		c.Category, c.Funder = category, funder
		return c
	}
	fruit := []Candidate{in(0, 10, 1, 1), in(1, 9, 1, 1), in(2, 8, 1, 2), in(3, 5, 2, 1), in(4, 4, 0, 0), in(5, 3, 0, 0)}
	for _, test := range []struct {
		name   string
		change func(*Scenario)
		count  int
		o      Override
		want   string // place and score
	}{
		{"by score", func(*Scenario) {}, 4, standing(), "0:10 1:9 2:8 3:5"},
		{"the scenario's count", func(s *Scenario) { s.Count = 2 }, 0, standing(), "0:10 1:9"},
		{"fewer than asked for", func(*Scenario) {}, 300, standing(), "0:10 1:9 2:8 3:5 4:4 5:3"},
		{"cap per category, none has no cap", func(s *Scenario) { s.MaxPerCategory = 1 }, 9, standing(), "0:10 3:5 4:4 5:3"},
		{"cap per funder, nobody has no cap", func(s *Scenario) { s.MaxPerFunder = 1 }, 9, standing(), "0:10 2:8 4:4 5:3"},
		{"both caps", func(s *Scenario) { s.MaxPerCategory, s.MaxPerFunder = 2, 1 }, 9, standing(), "0:10 2:8 4:4 5:3"},
		{"diversity, none is no category", func(s *Scenario) { s.Diversity = 0.5 }, 9, standing(), "0:10 3:5 1:4.5 4:4 5:3 2:2"},
		{"the question's diversity", func(s *Scenario) { s.Diversity = 0.5 }, 3, Override{0, math.NaN()}, "0:10 1:9 2:8"},
		{"as diverse as can be", func(*Scenario) {}, 9, Override{1, math.NaN()}, "0:10 3:5 4:4 5:3 1:0 2:0"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, cands := plainScenario(), slices.Clone(fruit)
			test.change(s)
			got := ""
			for i, p := range s.Allocate(cands, test.count, test.o, 1, new(Workspace)) {
				if i > 0 {
					got += " "
				}
				got += fmt.Sprint(cands[p.Candidate].Place, ":", p.Score)
			}
			if got != test.want {
				t.Errorf("list is %q, want %q", got, test.want)
			}
		})
	}
}

func TestNothingToChooseFrom(t *testing.T) {
	if picks := plainScenario().Allocate(nil, 10, standing(), 1, new(Workspace)); len(picks) != 0 {
		t.Errorf("picks are %v", picks)
	}
}

func TestLongestList(t *testing.T) {
	cands := shelf(300, 1)
	if picks := plainScenario().Allocate(cands, 1000, standing(), 1, new(Workspace)); len(picks) != MaxCount {
		t.Errorf("%d picks, want %d", len(picks), MaxCount)
	}
}

func TestWhyLeft(t *testing.T) {
	s, cands := plainScenario(), []Candidate{offerOf(0, 5), offerOf(1, 4), offerOf(2, 3), offerOf(3, 2), offerOf(4, 1)}
	s.MaxPerCategory, s.MaxPerFunder = 1, 1
	cands[0].Category, cands[1].Category = 7, 7
	cands[0].Funder, cands[2].Funder = 9, 9
	picks := s.Allocate(cands, 2, standing(), 1, new(Workspace))
	for i, want := range []string{1: "category-full", 2: "funder-full", 4: "outscored"} {
		if got := s.WhyLeft(cands, picks, i).String(); want != "" && got != want {
			t.Errorf("candidate %d is left out as %s, want %s", i, got, want)
		}
	}
}

func TestAllocateAllocatesNothing(t *testing.T) {
	s, cands, ws := Defaults("newsletter"), shelf(500, 1), new(Workspace)
	s.MaxPerCategory = 4
	seed := uint64(0)
	run := func() {
		seed++
		s.Allocate(cands, 35, standing(), seed, ws)
	}
	run()
	if n := testing.AllocsPerRun(200, run); n != 0 {
		t.Errorf("%v allocations a list, want none", n)
	}
}

func TestHalved(t *testing.T) {
	for x := 0.0; x < 60; x += 0.0137 {
		if got, want := halved(x), math.Exp2(-x); math.Abs(got-want) > 1e-8*want {
			t.Fatalf("2^-%v is %v, want %v", x, got, want)
		}
	}
	for _, x := range []float64{999.9, 1000, 1e300, math.Inf(1), math.NaN()} {
		if got := halved(x); !(got >= 0 && got < 1e-300) {
			t.Errorf("2^-%v is %v", x, got)
		}
	}
}
