package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"nabo/engine"
	"nabo/engine/event"
	"nabo/engine/rank"
)

// Scenario is how lists are made in one place where they are shown.
type Scenario struct {
	ID      string     `json:"id"`
	Version uint64     `json:"version" doc:"Counts its changes; 0 is built in. Every answer names the version that made it"`
	Config  configJSON `json:"config" doc:"With all defaults filled in"`
}

// Scenarios are all of them, those that are built in included.
type Scenarios struct {
	AsOf      AsOf       `json:"asOf"`
	Scenarios []Scenario `json:"scenarios" nullable:"false" doc:"In the order of their ids"`
}

// ScenarioConfig is what PUT /v1/scenarios/{id} takes. It documents the body;
// the engine's own parser reads it.
type ScenarioConfig struct {
	Enabled        *bool              `json:"enabled,omitempty" doc:"false: its lists are empty"`
	Logic          string             `json:"logic,omitempty" enum:"offers,mixed,buy-again,discover" doc:"What its lists are made of: offers, or goods"`
	Count          int                `json:"count,omitempty" minimum:"1" maximum:"200" doc:"Items in a list where the question does not say"`
	Weights        map[string]float64 `json:"weights,omitempty" doc:"What each part of the affinity counts: own, together, category, brand, place, trend, popular, basket, past"`
	Filter         string             `json:"filter,omitempty" maxLength:"4096" doc:"A CEL expression over offer, product, member and context; what it does not hold for is left out"`
	Booster        string             `json:"booster,omitempty" maxLength:"4096" doc:"A CEL expression that each score is multiplied by"`
	Diversity      *float64           `json:"diversity,omitempty" minimum:"0" maximum:"1" doc:"What each further one of a category loses"`
	RotationRate   *float64           `json:"rotationRate,omitempty" minimum:"0" maximum:"1" doc:"What one loses that was shown just now"`
	RotationDays   *float64           `json:"rotationDays,omitempty" minimum:"0.01" maximum:"366" doc:"Days after which half of that is gone"`
	Explore        *ScenarioExplore   `json:"explore,omitempty" doc:"What new offers get, whatever they score"`
	MaxPerCategory *int               `json:"maxPerCategory,omitempty" minimum:"0" maximum:"200" doc:"In one list; 0: no cap"`
	MaxPerFunder   *int               `json:"maxPerFunder,omitempty" minimum:"0" maximum:"200" doc:"In one list; 0: no cap"`
	Priority       *float64           `json:"priority,omitempty" minimum:"0" maximum:"1000" doc:"What a priority of 1 adds, as a share of the affinity"`
	Margin         *float64           `json:"margin,omitempty" minimum:"0" maximum:"1000" doc:"What a margin of 1 adds, as a share of the affinity"`
	HoldDays       *float64           `json:"holdDays,omitempty" minimum:"0" maximum:"366" doc:"For how long a recommId answers with the same list"`
}

// ScenarioExplore says how much of a list new offers get.
type ScenarioExplore struct {
	Share       *float64 `json:"share,omitempty" minimum:"0" maximum:"0.5" doc:"Of all slots"`
	Days        *float64 `json:"days,omitempty" minimum:"0" maximum:"366" doc:"An offer is new when it is younger than this"`
	Impressions *int64   `json:"impressions,omitempty" minimum:"0" maximum:"1000000000" doc:"And was shown fewer times than this"`
}

// configJSON is a configuration as the engine writes it.
type configJSON []byte

// MarshalJSON gives it as it is.
func (c configJSON) MarshalJSON() ([]byte, error) { return c, nil }

// UnmarshalJSON keeps it as it is.
func (c *configJSON) UnmarshalJSON(text []byte) error {
	*c = append((*c)[:0], text...)
	return nil
}

// Schema documents it.
func (c configJSON) Schema(r huma.Registry) *huma.Schema {
	return r.Schema(reflect.TypeFor[ScenarioConfig](), true, "ScenarioConfig")
}

type (
	scenarioInput struct {
		ID string `path:"id" minLength:"1" maxLength:"128" doc:"The scenario"`
	}
	scenarioUpsert struct {
		ID      string `path:"id" minLength:"1" maxLength:"128" doc:"The scenario"`
		RawBody []byte `contentType:"application/json"`
	}
	scenarioOutput  struct{ Body Scenario }
	scenariosOutput struct{ Body Scenarios }
)

func (s *Server) registerScenarios() {
	const tag = "Scenarios"
	serve(s, cold{
		method: http.MethodGet, path: "/v1/scenarios", id: "get-scenarios", tag: tag, params: pMinSeq, problems: []int{400, 503},
		summary: "How lists are made, by where they are shown",
	}, s.getScenarios)
	serve(s, cold{
		method: http.MethodGet, path: "/v1/scenarios/{id}", id: "get-scenario", tag: tag, params: pMinSeq, problems: []int{400, 404, 503},
		summary: "How lists are made in one place",
	}, s.getScenario)
	serve(s, cold{
		method: http.MethodPut, path: "/v1/scenarios/{id}", id: "put-scenario", tag: tag, params: pValidateOnly,
		body: reflect.TypeFor[ScenarioConfig](), problems: []int{400, 413, 415, 503},
		summary: "Say how lists are made in one place",
		doc: "Replaces the whole configuration: what is left out is as it is built in. It becomes a `scenario.changed` event. Answers with the new version once the engine has applied it: " +
			"it then holds for every read that begins. With `validateOnly` nothing is changed: the answer is what it would be, with the version that there is now.",
	}, s.putScenario)
}

func (s *Server) getScenarios(context.Context, exchange, *struct{}) (*scenariosOutput, error) {
	e := s.opt.Engine
	out := Scenarios{AsOf: AsOf{e.Position(), e.Clock(s.now()).Time()}, Scenarios: []Scenario{}}
	for _, one := range e.Scenarios() {
		out.Scenarios = append(out.Scenarios, scenarioOf(one))
	}
	return &scenariosOutput{out}, nil
}

func scenarioOf(one *rank.Scenario) Scenario {
	return Scenario{ID: one.Name, Version: one.Version, Config: one.JSON()}
}

func (s *Server) getScenario(_ context.Context, _ exchange, in *scenarioInput) (*scenarioOutput, error) {
	one := s.opt.Engine.Scenario(in.ID)
	if one.Name != in.ID {
		return nil, noScenario()
	}
	return &scenarioOutput{scenarioOf(one)}, nil
}

func (s *Server) putScenario(ctx context.Context, x exchange, in *scenarioUpsert) (*scenarioOutput, error) {
	e := s.opt.Engine
	config, err := event.CompactConfig(in.RawBody)
	if err != nil {
		return nil, configFault(err)
	}
	// One at a time: the version in an answer is the one that it made.
	s.configuring.Lock()
	defer s.configuring.Unlock()
	now := e.Scenario(in.ID)
	parsed, err := rank.ParseScenario(in.ID, now.Version, []byte(config), e.Compile)
	if err != nil {
		return nil, configFault(err)
	}
	if x.c.params.validateOnly {
		return &scenarioOutput{scenarioOf(parsed)}, nil
	}
	if now.Name != in.ID && len(e.Scenarios()) >= engine.MaxScenarios {
		return nil, problem(http.StatusBadRequest, tooMany, fmt.Sprintf("there are %d scenarios, the most that there can be", engine.MaxScenarios))
	}
	ev := event.Event{Type: event.TypeScenarioChanged, Body: &event.Scenario{Scenario: in.ID, Config: config}}
	if err := s.submitApplied(ctx, ev); err != nil {
		return nil, configFault(err)
	}
	return &scenarioOutput{scenarioOf(e.Scenario(in.ID))}, nil
}

// configFault turns a pointer into the event into one into the body.
func configFault(err error) error {
	f, ok := errors.AsType[*event.FieldError](err)
	if !ok {
		return err
	}
	return fault(badBody, "the configuration is not valid", strings.TrimPrefix(f.Pointer, "/data/config"), f.Detail)
}
