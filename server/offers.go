package server

import (
	"cmp"
	"context"
	"net/http"
	"reflect"
	"slices"
	"time"

	"nabo/engine/event"
	"nabo/engine/offer"
)

// OfferBody is what PUT /v1/offers/{id} takes. It documents the body; the
// event's own decoder reads it.
type OfferBody struct {
	Name         string         `json:"name,omitempty" maxLength:"512" doc:"The first product's if left out"`
	Image        string         `json:"image,omitempty" maxLength:"2048" doc:"Where a picture is; the first product's if left out"`
	Products     []string       `json:"products,omitempty" nullable:"false" maxItems:"10000" doc:"What it covers, beside its categories"`
	Categories   []string       `json:"categories,omitempty" nullable:"false" maxItems:"256" doc:"What it covers, beside its products"`
	ValidFrom    *time.Time     `json:"validFrom,omitempty" doc:"Since ever if left out"`
	ValidThrough *time.Time     `json:"validThrough,omitempty" doc:"The last moment at which it holds; without end if left out"`
	Chains       []string       `json:"chains,omitempty" nullable:"false" maxItems:"64" doc:"Where it holds; everywhere if left out"`
	Stores       []string       `json:"stores,omitempty" nullable:"false" maxItems:"10000" doc:"Where it holds; everywhere if left out"`
	Audience     string         `json:"audience,omitempty" maxLength:"4096" doc:"A CEL expression over the member, such as member.attributes.tier == \"gold\"; everybody if left out"`
	Price        *Fixed         `json:"price,omitempty" doc:"Before"`
	MemberPrice  *Fixed         `json:"memberPrice,omitempty" doc:"With the offer"`
	Currency     string         `json:"currency,omitempty" pattern:"^[A-Z]{3}$" doc:"ISO 4217"`
	Budget       *OfferBudget   `json:"budget,omitempty" doc:"What all members together may use"`
	PerMember    *OfferLimits   `json:"perMember,omitempty" doc:"How often one member may use it; once activated at a time and redeemed once if left out"`
	Priority     Fixed          `json:"priority,omitempty" doc:"How much more it is to be shown"`
	Margin       Fixed          `json:"margin,omitempty"`
	FundedBy     string         `json:"fundedBy,omitempty" maxLength:"128"`
	Attributes   attributesJSON `json:"attributes,omitempty" doc:"Anything else: texts, numbers, truth values"`
}

// OfferBudget is what all members together may use of an offer; 0 is no bound.
type OfferBudget struct {
	Activations int64 `json:"activations,omitempty" minimum:"0"`
	Redemptions int64 `json:"redemptions,omitempty" minimum:"0"`
	Discount    Fixed `json:"discount,omitempty" minimum:"0" doc:"In the offer's currency"`
}

// OfferLimits is how often one member may use an offer; below 0 is no bound.
type OfferLimits struct {
	Activations int64 `json:"activations,omitempty"`
	Redemptions int64 `json:"redemptions,omitempty"`
}

// Offer is an offer as it was written, and what became of it.
type Offer struct {
	ID string `json:"id"`
	OfferBody
	State  string      `json:"state" enum:"scheduled,active,spent,ended,withdrawn" doc:"What it is now; spent: one of its budgets is"`
	Since  time.Time   `json:"since" doc:"When it was first written"`
	Covers int         `json:"covers" minimum:"0" doc:"How many products it covers now, by their ids and by its categories"`
	Used   OfferCounts `json:"used"`
	Left   *OfferLeft  `json:"left,omitempty" doc:"What is left of each bound of its budget; left out where it has none"`
}

// OfferCounts is what became of an offer.
type OfferCounts struct {
	Activations int64 `json:"activations" doc:"Those that were not taken back"`
	Redemptions int64 `json:"redemptions"`
	Shown       int64 `json:"shown" doc:"How often it was shown, by impressions"`
	Discount    Fixed `json:"discount" doc:"What it cost so far, in its currency"`
	Over        int64 `json:"over" doc:"Activations and redemptions reported from elsewhere that went beyond a limit or the budget"`
}

// OfferLeft is what is left of a budget.
type OfferLeft struct {
	Activations *int64 `json:"activations,omitempty" nullable:"false"`
	Redemptions *int64 `json:"redemptions,omitempty" nullable:"false"`
	Discount    *Fixed `json:"discount,omitempty" nullable:"false"`
}

// OfferPage is some of the offers, by their ids.
type OfferPage struct {
	AsOf   AsOf    `json:"asOf"`
	Offers []Offer `json:"offers" nullable:"false"`
	Next   string  `json:"next,omitempty" doc:"Give it as after for the offers behind these; left out behind the last"`
}

type (
	offerInput struct {
		ID string `path:"id" minLength:"1" maxLength:"128" doc:"The offer"`
	}
	offerUpsert struct {
		ID      string `path:"id" minLength:"1" maxLength:"128" doc:"The offer"`
		RawBody []byte `contentType:"application/json"`
	}
	offerOutput     struct{ Body Offer }
	offerPageOutput struct{ Body OfferPage }
	settledOutput   struct {
		Status int
		Body   Change
	}
)

const settledDoc = " Answers with 200 once the engine has applied it: it then holds for every read that begins. With `wait=durable`, or where applying takes too long, " +
	"it answers with 202 as soon as the event is durable."

func (s *Server) registerOffers() {
	const tag = "Offers"
	serve(s, cold{
		method: http.MethodGet, path: "/v1/offers", id: "list-offers", tag: tag, params: pQuery | pActive | pAfter | pCount | pMinSeq, problems: []int{400, 503},
		summary: "All offers", doc: "In the order of their ids, 100 at a time unless `count` says otherwise; `after` goes on behind an id, `q` keeps those that have each of its words in their own texts or in a product that they cover. Those that ended or were withdrawn are kept for 60 days.",
	}, s.listOffers)
	serve(s, cold{
		method: http.MethodGet, path: "/v1/offers/{id}", id: "get-offer", tag: tag, params: pMinSeq, problems: []int{400, 404, 503},
		summary: "An offer", doc: "As it was written, with its state, what was used of it and what is left.",
	}, s.getOffer)
	serve(s, cold{
		method: http.MethodPut, path: "/v1/offers/{id}", id: "put-offer", tag: tag, params: pWait, status: http.StatusOK,
		body: reflect.TypeFor[OfferBody](), problems: []int{400, 413, 415, 503},
		summary: "Write an offer", doc: "Replaces the whole offer, but not what was used of it. It becomes an `offer.upserted` event." + settledDoc,
	}, func(ctx context.Context, x exchange, in *offerUpsert) (*settledOutput, error) {
		return s.settle(s.change(ctx, settled(x), "offer.upserted", ids{"offer": in.ID}, in.RawBody))
	})
	serve(s, cold{
		method: http.MethodDelete, path: "/v1/offers/{id}", id: "delete-offer", tag: tag, params: pWait, status: http.StatusOK,
		problems: []int{400, 503},
		summary:  "Withdraw an offer", doc: "It becomes an `offer.withdrawn` event. To withdraw an offer that nobody knows is no error." + settledDoc,
	}, func(ctx context.Context, x exchange, in *offerInput) (*settledOutput, error) {
		return s.settle(s.change(ctx, settled(x), "offer.withdrawn", ids{"offer": in.ID}, nil))
	})
	for _, method := range []string{http.MethodPut, http.MethodDelete} {
		s.alsoAccepted(method, "/v1/offers/{id}")
	}
}

// settled makes waiting until it is applied the standard of an exchange.
func settled(x exchange) exchange {
	if !x.c.params.has(pWait) {
		x.c.params.wait = "applied"
	}
	return x
}

// settle tells a change that is applied from one that is durable only.
func (s *Server) settle(changed *changeOutput, err error) (*settledOutput, error) {
	if err != nil {
		return nil, err
	}
	out := settledOutput{http.StatusOK, changed.Body}
	if !changed.Body.Applied {
		out.Status = http.StatusAccepted
	}
	return &out, nil
}

func (s *Server) getOffer(_ context.Context, _ exchange, in *offerInput) (*offerOutput, error) {
	e, ok := s.opt.Engine.OfferNamed(in.ID)
	if !ok {
		return nil, noOffer()
	}
	return &offerOutput{offerOf(e, s.now())}, nil
}

func noOffer() *Problem {
	return problem(http.StatusNotFound, unknownOffer, "no offer of this id is known: there was none, or it ended or was withdrawn over 60 days ago")
}

// offersAPage is how many offers a page has where the request does not say.
const offersAPage = 100

func (s *Server) listOffers(_ context.Context, x exchange, _ *struct{}) (*offerPageOutput, error) {
	p, now := &x.c.params, s.now()
	count := offersAPage
	if p.has(pCount) {
		count = p.count
	}
	out := OfferPage{AsOf: AsOf{s.opt.Engine.Position(), s.opt.Engine.Clock(now).Time()}, Offers: []Offer{}}
	list, found := s.opt.Engine.OfferList(), s.offersFound(p)
	slices.SortFunc(list, func(a, b *offer.Entry) int { return cmp.Compare(a.Spec.Offer, b.Spec.Offer) })
	for _, e := range list {
		if e.Spec.Offer <= p.after || p.has(pActive) && p.active != (offerState(e, now) == "active") || !found(e) {
			continue
		}
		if len(out.Offers) == count {
			out.Next = out.Offers[count-1].ID
			break
		}
		out.Offers = append(out.Offers, offerOf(e, now))
	}
	return &offerPageOutput{out}, nil
}

// offerState says in one word what an offer is at a moment, to everybody: a
// member's own term may be another.
func offerState(e *offer.Entry, now event.Millis) string {
	switch {
	case e.Withdrawn:
		return "withdrawn"
	case e.Spec.ValidThrough != 0 && now > e.Spec.ValidThrough:
		return "ended"
	case e.Spent:
		return "spent"
	case now < e.Spec.ValidFrom:
		return "scheduled"
	}
	return "active"
}

func offerOf(e *offer.Entry, now event.Millis) Offer {
	spec := e.Spec
	return Offer{
		ID: spec.Offer,
		OfferBody: OfferBody{
			Name: spec.Name, Image: spec.Image, Products: spec.Products, Categories: spec.Categories,
			ValidFrom: momentOf(spec.ValidFrom), ValidThrough: momentOf(spec.ValidThrough),
			Chains: spec.Chains, Stores: spec.Stores, Audience: spec.Audience,
			Price: priceOf(spec.Price), MemberPrice: priceOf(spec.MemberPrice), Currency: spec.Currency,
			Budget: budgetOf(spec.Budget), PerMember: limitsOf(spec.PerMember),
			Priority: Fixed(spec.Priority), Margin: Fixed(spec.Margin), FundedBy: spec.FundedBy, Attributes: spec.Attributes,
		},
		State: offerState(e, now), Since: e.Since.Time(), Covers: len(e.Products),
		Used: OfferCounts{e.Activations, e.Redemptions, e.Shown, Fixed(e.Discount), e.Over},
		Left: leftOf(e),
	}
}

func budgetOf(b event.Budget) *OfferBudget {
	if b == (event.Budget{}) {
		return nil
	}
	return &OfferBudget{b.Activations, b.Redemptions, Fixed(b.Discount)}
}

func limitsOf(p event.PerMember) *OfferLimits {
	if p == (event.PerMember{}) {
		return nil
	}
	return &OfferLimits{p.Activations, p.Redemptions}
}

func leftOf(e *offer.Entry) *OfferLeft {
	b := e.Spec.Budget
	if b == (event.Budget{}) {
		return nil
	}
	out := &OfferLeft{}
	if b.Activations > 0 {
		n := max(b.Activations-e.Activations, 0)
		out.Activations = &n
	}
	if b.Redemptions > 0 {
		n := max(b.Redemptions-e.Redemptions, 0)
		out.Redemptions = &n
	}
	if b.Discount > 0 {
		left := Fixed(max(b.Discount-e.Discount, 0))
		out.Discount = &left
	}
	return out
}
