package server

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"reflect"
	"time"

	"nabo/engine"
	"nabo/engine/event"
	"nabo/engine/rank"
)

// PreviewBody is what POST /v1/scenarios/preview takes. It documents the body;
// the engine's own parser reads the configuration.
type PreviewBody struct {
	Scenario string         `json:"scenario" minLength:"1" maxLength:"128" doc:"The place: it may be new"`
	Config   ScenarioConfig `json:"config" doc:"What would be set"`
	Members  []string       `json:"members" nullable:"false" minItems:"1" maxItems:"20" doc:"Whose lists are made"`
	Count    int            `json:"count,omitempty" minimum:"1" maximum:"200" doc:"Items in a list; what each configuration says if left out"`
	Store    string         `json:"store,omitempty" maxLength:"128"`
	Chain    string         `json:"chain,omitempty" maxLength:"128"`
	Basket   []string       `json:"basket,omitempty" nullable:"false" maxItems:"1000" doc:"What is in the basket now"`
}

// previewAsked is a PreviewBody as it is read.
type previewAsked struct {
	Scenario string          `json:"scenario"`
	Config   json.RawMessage `json:"config"`
	Members  []string        `json:"members"`
	Count    *int            `json:"count"`
	Store    string          `json:"store"`
	Chain    string          `json:"chain"`
	Basket   []string        `json:"basket"`
}

// Preview is members' lists as they are, beside what they would be.
type Preview struct {
	AsOf     AsOf            `json:"asOf"`
	Scenario string          `json:"scenario"`
	Version  uint64          `json:"version" doc:"Of what is saved; 0 is built in"`
	Config   configJSON      `json:"config" doc:"What was previewed, with all defaults filled in"`
	Members  []PreviewMember `json:"members" nullable:"false" doc:"In the order in which they were given"`
}

// PreviewMember is one member's lists.
type PreviewMember struct {
	Member       string      `json:"member"`
	Known        bool        `json:"known" doc:"Whether anything is held on the member"`
	Personalised bool        `json:"personalised" doc:"Whether what is held on the member was used"`
	Saved        PreviewList `json:"saved" doc:"As it is"`
	Preview      PreviewList `json:"preview" doc:"As it would be"`
}

// PreviewList is a list that nobody is shown: it has no recommId.
type PreviewList struct {
	Logic      string        `json:"logic" enum:"offers,mixed,buy-again,discover" doc:"What the list is made of"`
	Candidates int           `json:"candidates,omitempty" doc:"Of offers: how many could have been in the list"`
	Offers     []OfferRecomm `json:"offers" nullable:"false" doc:"Only where the list is made of offers"`
	Products   []Recomm      `json:"products" nullable:"false" doc:"Only where it is made of goods"`
}

// ScenarioHistory is what a scenario has been.
type ScenarioHistory struct {
	AsOf     AsOf              `json:"asOf"`
	Scenario string            `json:"scenario"`
	Versions []ScenarioVersion `json:"versions" nullable:"false" doc:"The newest first: the last 20, and what is built in where it is within these"`
}

// ScenarioVersion is one configuration that a scenario had.
type ScenarioVersion struct {
	Version uint64     `json:"version" doc:"0 is built in"`
	Time    *time.Time `json:"time,omitempty" doc:"When it was set; left out of what is built in"`
	Config  configJSON `json:"config" doc:"With all defaults filled in"`
	Current bool       `json:"current" doc:"Whether it is what holds now"`
}

type (
	previewInput struct {
		RawBody []byte `contentType:"application/json"`
	}
	previewOutput struct{ Body Preview }
	historyOutput struct{ Body ScenarioHistory }
)

// maxPreviewed is how many members' lists one preview makes.
const maxPreviewed = 20

func (s *Server) registerPreview() {
	const tag = "Scenarios"
	serve(s, cold{
		method: http.MethodPost, path: "/v1/scenarios/preview", id: "post-scenario-preview", tag: tag,
		body: reflect.TypeFor[PreviewBody](), status: http.StatusOK, problems: []int{400, 413, 415, 503},
		summary: "Try a configuration on some members",
		doc: "Each member's list as it is, and as it would be under the configuration, explained. Both are made from the same state and the same draws. " +
			"Nothing is changed and nothing is kept: a list of a preview has no recommId, and does not count as shown.",
	}, s.preview)
	serve(s, cold{
		method: http.MethodGet, path: "/v1/scenarios/{id}/versions", id: "get-scenario-versions", tag: tag, params: pMinSeq, problems: []int{400, 404, 503},
		summary: "What a scenario has been",
		doc:     "To go back to a version, write its configuration with `PUT /v1/scenarios/{id}`: it becomes a new version.",
	}, s.scenarioVersions)
}

func (s *Server) preview(_ context.Context, _ exchange, in *previewInput) (*previewOutput, error) {
	asked, under, err := s.readPreview(in.RawBody)
	if err != nil {
		return nil, err
	}
	e, now := s.opt.Engine, s.now()
	saved := e.Scenario(asked.Scenario)
	out := Preview{
		AsOf: AsOf{e.Position(), e.Clock(now).Time()}, Scenario: asked.Scenario, Config: under.JSON(), Members: []PreviewMember{},
	}
	if saved.Name == asked.Scenario {
		out.Version = saved.Version
	}
	for _, id := range asked.Members {
		m := PreviewMember{Member: id}
		token, _ := s.opt.Tokens.Token(id)
		if token != 0 {
			_, m.Known = e.Profile(token)
		}
		m.Saved, m.Personalised = s.previewed(asked, token, saved, now)
		m.Preview, _ = s.previewed(asked, token, under, now)
		out.Members = append(out.Members, m)
	}
	return &previewOutput{out}, nil
}

// readPreview reads what is to be previewed, and checks it.
func (s *Server) readPreview(body []byte) (*previewAsked, *rank.Scenario, error) {
	var asked previewAsked
	if bad := strictJSON(body, &asked); bad != nil {
		return nil, nil, bad
	}
	wrong := func(pointer, expected string) error {
		return fault(badBody, "the body is not valid", pointer, expected)
	}
	const id = "expected 1 to 128 bytes of printable UTF-8"
	switch {
	case !validID(asked.Scenario):
		return nil, nil, wrong("/scenario", id)
	case len(asked.Members) < 1 || len(asked.Members) > maxPreviewed:
		return nil, nil, wrong("/members", fmt.Sprintf("expected 1 to %d ids", maxPreviewed))
	case asked.Count != nil && (*asked.Count < 1 || *asked.Count > engine.MaxCount):
		return nil, nil, wrong("/count", fmt.Sprintf("expected a whole number from 1 to %d", engine.MaxCount))
	case asked.Store != "" && !validID(asked.Store):
		return nil, nil, wrong("/store", id)
	case asked.Chain != "" && !validID(asked.Chain):
		return nil, nil, wrong("/chain", id)
	case len(asked.Basket) > maxList:
		return nil, nil, wrong("/basket", fmt.Sprintf("expected at most %d ids", maxList))
	case len(asked.Config) == 0:
		return nil, nil, wrong("/config", "is required: a configuration, {} for what is built in")
	}
	for name, list := range map[string][]string{"members": asked.Members, "basket": asked.Basket} {
		for i, one := range list {
			if !validID(one) {
				return nil, nil, wrong(fmt.Sprintf("/%s/%d", name, i), id)
			}
		}
	}
	config, err := event.CompactConfig(asked.Config)
	if err != nil {
		return nil, nil, previewFault(err)
	}
	under, err := rank.ParseScenario(asked.Scenario, 0, []byte(config), s.opt.Engine.Compile)
	return &asked, under, previewFault(err)
}

// previewFault turns a pointer into an event into one into the body.
func previewFault(err error) error {
	bad, ok := configFault(err).(*Problem)
	if !ok {
		return err
	}
	for i := range bad.Errors {
		bad.Errors[i].Pointer = "/config" + bad.Errors[i].Pointer
	}
	return bad
}

// previewed makes one list of a preview.
func (s *Server) previewed(asked *previewAsked, member event.Token, under *rank.Scenario, now event.Millis) (out PreviewList, personalised bool) {
	out = PreviewList{Logic: under.Logic.String(), Offers: []OfferRecomm{}, Products: []Recomm{}}
	count := under.Count
	if asked.Count != nil {
		count = *asked.Count
	}
	if under.Logic == rank.Offers {
		q := engine.OfferQuery{
			Member: member, Scenario: asked.Scenario, Under: under, Store: asked.Store, Chain: asked.Chain, Basket: asked.Basket,
			Count: count, Diversity: math.NaN(), RotationRate: math.NaN(), Explain: true,
		}
		var a engine.OfferAnswer
		s.opt.Engine.Offers(&q, now, &a)
		out.Candidates, out.Offers = a.Candidates, offerRecommsOf(s.opt.Engine, a.Items, true)
		return out, a.Personalised
	}
	if !under.Enabled {
		return out, false
	}
	q := engine.Query{Kind: engine.Goods, Member: member, Store: asked.Store, Chain: asked.Chain, Count: count, Explain: true, Exclude: asked.Basket}
	q.Logic = goodsLogic(under.Logic)
	var a engine.Answer
	s.opt.Engine.Recommend(&q, now, &a)
	out.Products = answerOf("", ScenarioRef{}, &a, "").Recomms
	return out, a.Personalised
}

func (s *Server) scenarioVersions(_ context.Context, _ exchange, in *scenarioInput) (*historyOutput, error) {
	e := s.opt.Engine
	now := e.Scenario(in.ID)
	if now.Name != in.ID {
		return nil, noScenario()
	}
	out := ScenarioHistory{AsOf: AsOf{e.Position(), e.Clock(s.now()).Time()}, Scenario: in.ID, Versions: []ScenarioVersion{}}
	first := uint64(1)
	for _, v := range e.ScenarioVersions(in.ID) {
		at := v.At.Time()
		one := ScenarioVersion{Version: v.Version, Time: &at, Config: configJSON(v.Config), Current: v.Version == now.Version}
		if parsed, err := rank.ParseScenario(in.ID, v.Version, []byte(v.Config), e.Compile); err == nil {
			one.Config = parsed.JSON()
		}
		out.Versions = append(out.Versions, one)
		first = v.Version
	}
	if built, ok := e.BuiltIn(in.ID); ok && first == 1 && len(out.Versions) < engine.VersionsKept {
		out.Versions = append(out.Versions, ScenarioVersion{Config: built.JSON(), Current: now.Version == 0})
	}
	return &historyOutput{out}, nil
}

func noScenario() *Problem {
	return problem(http.StatusNotFound, unknownScenario, "no scenario of this id was set: questions that name it are answered as questions that name none")
}
