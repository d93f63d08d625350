package server

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"nabo/engine"
	"nabo/engine/event"
	"nabo/engine/offer"
	"nabo/stream/gate"
)

// Activated is what an activation and its end answer.
type Activated struct {
	AsOf            AsOf       `json:"asOf"`
	ActivationsLeft int        `json:"activationsLeft" minimum:"0" doc:"How many more offers the member may have activated at a time"`
	NextOffer       maybeOffer `json:"nextOffer" doc:"The next best offer beside this one; null where there is none"`
}

// maybeOffer is an offer, or null.
type maybeOffer struct{ *OfferRecomm }

// MarshalJSON writes the offer, or null.
func (m maybeOffer) MarshalJSON() ([]byte, error) { return json.Marshal(m.OfferRecomm) }

// UnmarshalJSON reads what MarshalJSON wrote.
func (m *maybeOffer) UnmarshalJSON(text []byte) error { return json.Unmarshal(text, &m.OfferRecomm) }

// Schema documents it.
func (m maybeOffer) Schema(r huma.Registry) *huma.Schema {
	r.Schema(reflect.TypeFor[OfferRecomm](), true, "OfferRecomm")
	out := *r.SchemaFromRef("#/components/schemas/OfferRecomm")
	out.Nullable = true
	return &out
}

// Activations is what a member has done with offers.
type Activations struct {
	AsOf            AsOf         `json:"asOf"`
	ActivationsLeft int          `json:"activationsLeft" minimum:"0" doc:"How many more offers the member may have activated at a time"`
	Activations     []Activation `json:"activations" nullable:"false" doc:"In the order in which the offers were first written"`
}

// Activation is a member's use of one offer.
type Activation struct {
	Offer        string     `json:"offer"`
	Name         string     `json:"name"`
	Open         bool       `json:"open" doc:"Activated, and neither redeemed nor taken back"`
	Counts       bool       `json:"counts" doc:"Open, and the offer still holds: it counts towards the limit"`
	Activations  int        `json:"activations" minimum:"0" doc:"Not counting what was taken back"`
	Redemptions  int        `json:"redemptions" minimum:"0"`
	Time         *time.Time `json:"time,omitempty" doc:"Of the latest activation; left out where it was redeemed only"`
	ValidThrough *time.Time `json:"validThrough,omitempty" doc:"The last moment at which the member has it; left out where it has no end"`
}

type (
	activationInput struct {
		ID    string `path:"id" minLength:"1" maxLength:"128" doc:"The member"`
		Offer string `path:"offer" minLength:"1" maxLength:"128" doc:"The offer"`
	}
	activatedOutput   struct{ Body Activated }
	activationsOutput struct{ Body Activations }
)

// activationParams say where an activation comes from and what is asked next.
const activationParams = pChannel | pRecommID | pScenario | pStore | pChain | pMinSeq

func (s *Server) registerActivations() {
	const tag = "Members"
	const doc = " `channel` and `recommId` say where it came from; `scenario`, `store` and `chain` are those of the next offer, and `store` and `chain` those that the activation is for."
	serve(s, cold{
		method: http.MethodPut, path: "/v1/members/{id}/activations/{offer}", id: "put-activation", tag: tag, params: activationParams,
		problems: []int{400, 404, 409, 503}, summary: "Activate an offer",
		doc: "The engine decides it in the order of the log: however many ask at the same time, exactly as many succeed as the budget and the member's limits allow. " +
			"It becomes an `offer.activated` event. To activate an offer that is activated already is no error. A 409 is of the type `activation-limit`, `budget-exhausted`, " +
			"`not-valid` or `no-consent`." + doc,
	}, s.activate)
	serve(s, cold{
		method: http.MethodDelete, path: "/v1/members/{id}/activations/{offer}", id: "delete-activation", tag: tag, params: activationParams,
		problems: []int{400, 404, 503}, summary: "Take an activation back",
		doc: "It becomes an `offer.deactivated` event, and what the activation took is given back to the budget and to the member. To take back what is not activated is no error." + doc,
	}, s.deactivate)
	serve(s, cold{
		method: http.MethodGet, path: "/v1/members/{id}/activations", id: "get-activations", tag: tag, params: pChain | pMinSeq, problems: []int{400, 503},
		summary: "What a member has activated and redeemed", doc: "A member that nobody knows is no error: there is then nothing.",
	}, s.getActivations)
}

// askSource is the source of activations that are asked for. Their ids are
// drawn anew each time, so that each is decided by itself.
const askSource = "nabo/activations"

// askID draws an event's id.
func (s *Server) askID() string {
	var b [16]byte
	s.opt.Chance(b[:])
	return hex.EncodeToString(b[:])
}

func (s *Server) activate(ctx context.Context, x exchange, in *activationInput) (*activatedOutput, error) {
	if _, ok := s.opt.Engine.OfferNamed(in.Offer); !ok {
		return nil, noOffer() // without an event: it would first draw a token for the member
	}
	p, id := &x.c.params, s.askID()
	err := s.submitApplied(ctx, event.Event{
		Type: event.TypeOfferActivated, Source: askSource, ID: id, Store: p.store, Chain: p.chain, MemberID: in.ID,
		Body: &event.OfferActivated{Offer: in.Offer, Channel: p.channel, RecommID: p.recommID, Ask: true},
	})
	if err != nil {
		return nil, err
	}
	verdict, ok := s.opt.Engine.Verdict(event.KeyOf(askSource, id))
	if !ok {
		return nil, unavailable(overloaded, "what became of the activation is not known any more; ask for the member's activations")
	}
	token, _ := s.opt.Tokens.Token(in.ID)
	switch verdict {
	case offer.Done, offer.Already:
		return &activatedOutput{s.activated(token, in.Offer, p)}, nil
	case offer.Unknown:
		return nil, noOffer()
	default:
		return nil, s.refused(verdict, token, in.Offer, p)
	}
}

func (s *Server) deactivate(ctx context.Context, x exchange, in *activationInput) (*activatedOutput, error) {
	if _, ok := s.opt.Engine.OfferNamed(in.Offer); !ok {
		return nil, noOffer()
	}
	p := &x.c.params
	if token, ok := s.opt.Tokens.Token(in.ID); !ok {
		// Nothing is held, and an event would first draw a token for the id.
		return &activatedOutput{s.activated(token, in.Offer, p)}, nil
	}
	err := s.submitApplied(ctx, event.Event{
		Type: event.TypeOfferDeactivated, Source: askSource, ID: s.askID(), Store: p.store, Chain: p.chain, MemberID: in.ID,
		Body: &event.OfferDeactivated{Offer: in.Offer, Channel: p.channel, RecommID: p.recommID},
	})
	if err != nil {
		return nil, err
	}
	token, _ := s.opt.Tokens.Token(in.ID)
	return &activatedOutput{s.activated(token, in.Offer, p)}, nil
}

// submitApplied takes events that were made here through the gate and waits
// until they are applied. One that is refused is a fault of the request's.
func (s *Server) submitApplied(ctx context.Context, evs ...event.Event) error {
	result, err := s.pass(ctx, evs)
	if err != nil {
		return s.submitProblem(err)
	}
	for i := range result.Outcomes {
		if o := &result.Outcomes[i]; o.Verdict == gate.Rejected {
			return withoutData(o.Err)
		}
	}
	if bad := s.reach(ctx, result.Seq); bad != nil {
		return bad
	}
	return nil
}

// activated says what is left for the member, and what is next best beside the
// offer.
func (s *Server) activated(token event.Token, id string, p *params) Activated {
	q, a := s.nextQuery(token, p), engine.OfferAnswer{}
	q.After, q.Count = id, 1
	s.opt.Engine.Offers(&q, s.now(), &a)
	out := Activated{AsOf: AsOf{a.Seq, a.At.Time()}, ActivationsLeft: a.ActivationsLeft}
	if len(a.Items) > 0 {
		next := offerRecommOf(s.opt.Engine, &a.Items[0], 1, false)
		out.NextOffer.OfferRecomm = &next
	}
	return out
}

// nextQuery asks for what is shown where an activation was made. That is no
// message, so the channel is not asked for.
func (s *Server) nextQuery(token event.Token, p *params) engine.OfferQuery {
	return engine.OfferQuery{
		Member: token, Scenario: p.scenario, Store: p.store, Chain: p.chain,
		Diversity: math.NaN(), RotationRate: math.NaN(),
	}
}

// refused is the problem that an activation was not possible.
func (s *Server) refused(v offer.Verdict, token event.Token, id string, p *params) *Problem {
	detail := map[offer.Verdict]string{
		offer.LimitReached: "the member has activated as many offers as they may at a time, or has used this one up",
		offer.BudgetSpent:  "all of the offer's budget is spent",
		offer.NoConsent:    "the member has not consented to personalisation here, which what they activate would shape",
		offer.NotValid:     "the offer does not hold for this member, here and now",
	}[v]
	bad := problem(http.StatusConflict, v.String(), detail)
	if v == offer.NotValid {
		if rule := s.whyNot(token, id, p); rule != 0 {
			bad.Errors = []ProblemError{{Pointer: "/offer", Detail: fmt.Sprintf("was left out by the rule %q", rule.String())}}
		}
	}
	return bad
}

// whyNot finds the rule that keeps an offer from a member; 0 if none does any
// more.
func (s *Server) whyNot(token event.Token, id string, p *params) offer.Rule {
	q, a := s.nextQuery(token, p), engine.OfferAnswer{}
	q.Among, q.Count, q.Trace = []string{id}, 1, true
	s.opt.Engine.Offers(&q, s.now(), &a)
	for i := range a.Dropped {
		if a.Dropped[i].Offer.Spec.Offer == id {
			return a.Dropped[i].Rule
		}
	}
	if e, ok := s.opt.Engine.OfferNamed(id); ok { // over for so long that it is no candidate any more
		switch offerState(e, s.now()) {
		case "withdrawn":
			return offer.Withdrawn
		case "ended":
			return offer.Ended
		}
	}
	return 0
}

func (s *Server) getActivations(_ context.Context, x exchange, in *memberInput) (*activationsOutput, error) {
	token, _ := s.opt.Tokens.Token(in.ID)
	q, a := s.nextQuery(token, &x.c.params), engine.OfferAnswer{}
	q.Count = 1
	s.opt.Engine.Offers(&q, s.now(), &a)
	return &activationsOutput{Activations{
		AsOf: AsOf{a.Seq, a.At.Time()}, ActivationsLeft: a.ActivationsLeft, Activations: s.activationsOf(token),
	}}, nil
}

// activationsOf lists what is held of a member's use of offers.
func (s *Server) activationsOf(token event.Token) []Activation {
	record, now := s.opt.Engine.Dealings(token), s.now()
	out := make([]Activation, 0, len(record.Uses))
	for i := range record.Uses {
		u := &record.Uses[i]
		e, ok := s.opt.Engine.OfferNumbered(u.Slot)
		if !ok {
			continue // gone for over 60 days; the record is tidied when it next changes
		}
		through := e.Spec.ValidThrough
		if t := record.Term(u.Slot); t != nil && t.Through != 0 {
			through = t.Through
		}
		name, _ := s.opt.Engine.Naming(e)
		out = append(out, Activation{
			Offer: e.Spec.Offer, Name: name, Open: u.Open, Counts: u.Open && !e.Withdrawn && (through == 0 || now <= through),
			Activations: int(u.Activations), Redemptions: int(u.Redemptions),
			Time: momentOf(u.At), ValidThrough: momentOf(through),
		})
	}
	return out
}
