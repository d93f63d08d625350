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
	RecommID        string         `json:"recommId"`
	Time            time.Time      `json:"time" doc:"When it was asked"`
	AsOf            AsOf           `json:"asOf" doc:"The state that it was answered from"`
	Question        Question       `json:"question"`
	Personalised    bool           `json:"personalised"`
	Scenario        *ScenarioRef   `json:"scenario,omitempty" doc:"With the version that made the answer; left out where goods were asked for without one"`
	ActivationsLeft *int           `json:"activationsLeft,omitempty" doc:"Of offers: as it was then"`
	Candidates      *int           `json:"candidates,omitempty" doc:"Of offers: how many could have been in the list"`
	HeldUntil       *time.Time     `json:"heldUntil,omitempty" doc:"Of offers: until when this decision is given"`
	Recomms         []DecisionItem `json:"recomms" nullable:"false" doc:"What was answered, the best first"`
	Dropped         []DroppedOffer `json:"dropped,omitempty" doc:"Of offers: each that could not be in the list, and the first rule that left it out"`
	Previous        string         `json:"previous,omitempty" doc:"The decision that this is the next page of"`
	Explained       *Explained     `json:"explained,omitempty" doc:"Only with explain"`
}

// Question is what was asked.
type Question struct {
	Op           string   `json:"op" enum:"together,similar,trending,basket,products,offers,next-offer"`
	Product      string   `json:"product,omitempty"`
	Products     []string `json:"products,omitempty"`
	Member       string   `json:"member,omitempty" doc:"Left out for somebody nobody knew"`
	Session      bool     `json:"session,omitempty" doc:"Whether a session was given; its id is not kept"`
	Store        string   `json:"store,omitempty"`
	Chain        string   `json:"chain,omitempty"`
	Channel      string   `json:"channel,omitempty"`
	Category     string   `json:"category,omitempty"`
	Window       string   `json:"window,omitempty"`
	Logic        string   `json:"logic,omitempty"`
	Scenario     string   `json:"scenario,omitempty"`
	Count        int      `json:"count" doc:"0: the scenario's"`
	MinSupport   Fixed    `json:"minSupport,omitempty"`
	Basket       []string `json:"basket,omitempty"`
	After        string   `json:"after,omitempty"`
	Filter       string   `json:"filter,omitempty"`
	Booster      string   `json:"booster,omitempty"`
	Diversity    *Fixed   `json:"diversity,omitempty"`
	RotationRate *Fixed   `json:"rotationRate,omitempty"`
	Exclude      []string `json:"exclude,omitempty"`
}

// DecisionItem is one item as it was answered. All but id, score, rank, source
// and name is of offers only.
type DecisionItem struct {
	ID           string       `json:"id"`
	Score        Fixed        `json:"score"`
	Rank         int          `json:"rank"`
	Source       string       `json:"source"`
	Name         string       `json:"name,omitempty" doc:"Of goods: as the catalogue has it now"`
	Reason       []string     `json:"reason,omitempty" doc:"Why it was there; what products are called is as of now"`
	Parts        *OfferParts  `json:"parts,omitempty" doc:"The shares that sum to the score"`
	Explored     bool         `json:"explored,omitempty" doc:"It had its place because it was new"`
	MemberPrice  *Fixed       `json:"memberPrice,omitempty" doc:"What the member was to pay then"`
	ValidThrough *time.Time   `json:"validThrough,omitempty" doc:"As it was then"`
	Evidence     []Evidence   `json:"evidence,omitempty" doc:"Where it was asked with explain: the bindings that the score stood on"`
	Values       *OfferValues `json:"values,omitempty" doc:"As of now; left out where the offer is no longer known"`
	Available    *bool        `json:"available,omitempty" doc:"Whether the member may still have it"`
	Rule         string       `json:"rule,omitempty" enum:"withdrawn,not-yet,ended,chain,store,stock,budget,limit,activated,consent,audience" doc:"Why not; activated: they have it already"`
}

// Explained is the same question asked again, with its evidence.
type Explained struct {
	AsOf    AsOf          `json:"asOf" doc:"The state that the evidence is from"`
	Exact   bool          `json:"exact" doc:"Whether that is the very state that the decision was made from"`
	Recomms []Recomm      `json:"recomms" nullable:"false" doc:"Of goods"`
	Offers  []OfferRecomm `json:"offers,omitempty"`
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
		doc: fmt.Sprintf("The question, the answer and the log position that it reflects. The newest %d decisions are kept, up to %d bytes of them. "+
			"Decisions about offers hold the parts of each score and the rule behind each offer that was left out; they are also kept over a restart, for the days that their scenario holds them, "+
			"and say of each offer what it is now and whether it may still be had: the link in a mail shows the same list. "+
			"With `explain` the question is asked again with its evidence; `exact` says whether the state is still the same. Nothing is given of a member who was erased since.", s.opt.DecisionCount, s.opt.DecisionBytes),
	}, s.getDecision)
	s.registerNextPage()
	serve(s, cold{
		method: http.MethodGet, path: "/v1/stats", id: "get-stats", tag: "Running it", params: pDigest, always: true, problems: []int{400},
		summary: "What is held and how far along it is",
	}, s.getStats)
}

func (s *Server) getDecision(_ context.Context, x exchange, in *decisionInput) (*decisionOutput, error) {
	id, packed, bad := s.findDecision(in.ID, nil)
	if bad != nil {
		return nil, bad
	}
	if packed[0] == formOffers {
		return s.getOffersDecision(id, packed, x.c.params.explain)
	}
	d := unpackDecision(packed[1:])
	if bad := s.stillKnown(d.query.Member); bad != nil {
		return nil, bad
	}
	out := Decision{
		RecommID: id.String(), Time: d.asked.Time(), AsOf: AsOf{Seq: d.seq, Time: d.at.Time()}, Previous: d.previous,
		Question: s.questionOf(&d), Personalised: d.personalised, Recomms: s.itemsOf(d.items),
	}
	if d.scenario.Name != "" {
		out.Scenario = &d.scenario
	}
	if x.c.params.explain {
		out.Explained = s.explain(&d)
	}
	return &decisionOutput{out}, nil
}

// findDecision finds a packed decision: the newest are in memory, those about
// offers also in the store. It is appended to dst.
func (s *Server) findDecision(text string, dst []byte) (ulid.ULID, []byte, *Problem) {
	id, err := ulid.ParseStrict(text)
	if err != nil {
		return id, nil, fault(badID, "the path is not valid", "/id", "expected a recommId: 26 letters and digits")
	}
	packed, ok := s.decisions.get(id, dst)
	if !ok && s.opt.Decisions != nil {
		if packed, ok, err = s.opt.Decisions.Get(id, dst); err != nil {
			s.opt.Log.Error("a kept decision cannot be read", "error", err)
			return id, nil, asProblem(err)
		}
	}
	if !ok || len(packed) == len(dst) {
		return id, nil, s.noDecision()
	}
	return id, packed[len(dst):], nil
}

// noDecision is the answer for all decisions that are not given: unheard of,
// gone, or of a member who was erased.
func (s *Server) noDecision() *Problem {
	return problem(http.StatusNotFound, unknownDecision, fmt.Sprintf(
		"no decision of this id is kept: the newest %d are, up to %d bytes of them; those about offers for as long as their scenario holds them, also over a restart",
		s.opt.DecisionCount, s.opt.DecisionBytes))
}

// stillKnown gives the problem that the member behind a decision was erased.
func (s *Server) stillKnown(member event.Token) *Problem {
	if member == 0 {
		return nil
	}
	if _, ok := s.opt.Tokens.ID(member); !ok {
		return s.noDecision()
	}
	return nil
}

func (s *Server) questionOf(d *decision) Question {
	q := &d.query
	out := Question{
		Op: s.questions.opOf(q.Kind), Product: q.Product, Products: q.Products, Session: q.Session != 0,
		Store: q.Store, Chain: q.Chain, Category: q.Category, Scenario: d.scenario.Name,
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
	again := answerOf("", ScenarioRef{}, &a, "")
	return &Explained{AsOf: again.AsOf, Exact: a.Seq == d.seq && a.At == d.at, Recomms: again.Recomms}
}

// age gives the seconds from then to now, 0 for a moment that is not known.
func age(then time.Time, now event.Millis) float64 {
	if then.IsZero() {
		return 0
	}
	return max(0, now.Time().Sub(then).Seconds())
}
