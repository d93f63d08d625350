package server

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/oklog/ulid/v2"

	"nabo/engine"
	"nabo/engine/event"
)

// Decision is an answer that was given, looked up later.
type Decision struct {
	RecommID     string         `json:"recommId"`
	Time         time.Time      `json:"time" doc:"When it was asked"`
	AsOf         AsOf           `json:"asOf" doc:"The state that it was answered from"`
	Question     Question       `json:"question"`
	Personalised bool           `json:"personalised"`
	Recomms      []DecisionItem `json:"recomms" nullable:"false" doc:"What was answered, the best first"`
	Explained    *Explained     `json:"explained,omitempty" doc:"Only with explain"`
}

// Question is what was asked.
type Question struct {
	Op         string   `json:"op" enum:"together,similar,trending,basket,products"`
	Product    string   `json:"product,omitempty"`
	Products   []string `json:"products,omitempty"`
	Member     string   `json:"member,omitempty" doc:"Left out for nobody, and for a member that was erased"`
	Session    bool     `json:"session,omitempty" doc:"Whether a session was given; its id is not kept"`
	Store      string   `json:"store,omitempty"`
	Chain      string   `json:"chain,omitempty"`
	Category   string   `json:"category,omitempty"`
	Window     string   `json:"window,omitempty"`
	Logic      string   `json:"logic,omitempty"`
	Scenario   string   `json:"scenario,omitempty"`
	Count      int      `json:"count"`
	MinSupport Fixed    `json:"minSupport,omitempty"`
	Exclude    []string `json:"exclude,omitempty"`
}

// DecisionItem is one item as it was answered.
type DecisionItem struct {
	ID     string `json:"id"`
	Score  Fixed  `json:"score"`
	Rank   int    `json:"rank"`
	Source string `json:"source"`
	Name   string `json:"name,omitempty" doc:"As the catalogue has it now"`
}

// Explained is the same question asked again, with its evidence.
type Explained struct {
	AsOf    AsOf     `json:"asOf" doc:"The state that the evidence is from"`
	Exact   bool     `json:"exact" doc:"Whether that is the very state that the decision was made from"`
	Recomms []Recomm `json:"recomms" nullable:"false"`
}

type (
	decisionInput struct {
		ID string `path:"id" minLength:"26" maxLength:"26" doc:"The recommId of an answer"`
	}
	decisionOutput struct{ Body Decision }
	statsOutput    struct{ Body Stats }
)

func (s *Server) registerLookups() {
	serve(s, cold{
		method: http.MethodGet, path: "/v1/recomms/{id}", id: "get-decision", tag: "Recommendations", params: pExplain, problems: []int{400, 404, 503},
		summary: "Look a decision up",
		doc: fmt.Sprintf("The question, the answer and the log position that it reflects. The newest %d decisions are kept, up to %d bytes of them, and none over a restart. "+
			"With `explain` the question is asked again with its evidence; `exact` says whether the state is still the same.", s.opt.DecisionCount, s.opt.DecisionBytes),
	}, s.getDecision)
	serve(s, cold{
		method: http.MethodGet, path: "/v1/stats", id: "get-stats", tag: "Running it", params: pDigest, always: true, problems: []int{400},
		summary: "What is held and how far along it is",
	}, s.getStats)
}

func (s *Server) getDecision(_ context.Context, x exchange, in *decisionInput) (*decisionOutput, error) {
	id, err := ulid.ParseStrict(in.ID)
	if err != nil {
		return nil, fault(badID, "the path is not valid", "/id", "expected a recommId: 26 letters and digits")
	}
	packed, ok := s.decisions.get(id, nil)
	if !ok {
		return nil, problem(http.StatusNotFound, unknownDecision, fmt.Sprintf(
			"no decision of this id is kept: the newest %d are, up to %d bytes of them, and none over a restart", s.opt.DecisionCount, s.opt.DecisionBytes))
	}
	d := unpackDecision(packed)
	out := Decision{
		RecommID: id.String(), Time: d.asked.Time(), AsOf: AsOf{Seq: d.seq, Time: d.at.Time()},
		Question: s.questionOf(&d), Personalised: d.personalised, Recomms: s.itemsOf(d.items),
	}
	if x.c.params.explain {
		out.Explained = s.explain(&d)
	}
	return &decisionOutput{out}, nil
}

func (s *Server) questionOf(d *decision) Question {
	q := &d.query
	out := Question{
		Op: s.questions.opOf(q.Kind), Product: q.Product, Products: q.Products, Session: q.Session != 0,
		Store: q.Store, Chain: q.Chain, Category: q.Category, Scenario: d.scenario,
		Count: q.Count, MinSupport: Fixed(q.MinSupport), Exclude: q.Exclude,
	}
	if q.Member != 0 {
		out.Member, _ = s.opt.Tokens.ID(q.Member)
	}
	switch q.Kind {
	case engine.Trending:
		out.Window = windowName(q.Window)
	case engine.Goods:
		out.Logic = logicName(q.Logic)
	}
	return out
}

func (qs questions) opOf(kind engine.Kind) string {
	for i := range qs {
		if qs[i].kind == kind {
			return qs[i].op
		}
	}
	return ""
}

func (s *Server) itemsOf(items []decisionItem) []DecisionItem {
	out := make([]DecisionItem, len(items))
	for i, item := range items {
		out[i] = DecisionItem{ID: item.id, Score: Fixed(item.score), Rank: i + 1, Source: sourceName(item.source)}
		if p, ok := s.opt.Engine.Product(item.id); ok {
			out[i].Name = p.Name
		}
	}
	return out
}

// explain asks the question again as of the moment that it was asked, from the
// state that there is now.
func (s *Server) explain(d *decision) *Explained {
	var a engine.Answer
	d.query.Explain = true
	s.opt.Engine.Recommend(&d.query, d.asked, &a)
	again := answerOf("", &a)
	return &Explained{AsOf: again.AsOf, Exact: a.Seq == d.seq && a.At == d.at, Recomms: again.Recomms}
}

// age gives the seconds from then to now, 0 for a moment that is not known.
func age(then time.Time, now event.Millis) float64 {
	if then.IsZero() {
		return 0
	}
	return max(0, now.Time().Sub(then).Seconds())
}
