package server

import (
	"context"
	"net/http"
	"reflect"
	"time"

	"nabo/engine"
	"nabo/engine/event"
)

// MemberBody is what PUT /v1/members/{id} takes. It documents the body; the
// event's own decoder reads it.
type MemberBody struct {
	HomeStore  string         `json:"homeStore,omitempty" maxLength:"128"`
	Chains     []string       `json:"chains,omitempty" maxItems:"64"`
	Timezone   string         `json:"timezone,omitempty" maxLength:"64" example:"Europe/Copenhagen" doc:"An IANA name"`
	Attributes map[string]any `json:"attributes,omitempty" doc:"Anything else: texts, numbers, truth values"`
}

// Member is what was written about a member.
type Member struct {
	ID         string         `json:"id"`
	HomeStore  string         `json:"homeStore,omitempty"`
	Chains     []string       `json:"chains,omitempty"`
	Timezone   string         `json:"timezone,omitempty"`
	Attributes map[string]any `json:"attributes,omitempty"`
}

// Affinities is what a member leans towards.
type Affinities struct {
	AsOf       AsOf            `json:"asOf"`
	Known      bool            `json:"known" doc:"Whether anything is held on the member"`
	Products   []Affinity      `json:"products" nullable:"false"`
	Categories []Affinity      `json:"categories" nullable:"false"`
	Brands     []Affinity      `json:"brands" nullable:"false"`
	Chains     []Affinity      `json:"chains" nullable:"false"`
	Stores     []Affinity      `json:"stores" nullable:"false"`
	Offers     []OfferAffinity `json:"offers" nullable:"false" doc:"What suits the member best of what may be offered to them now, as the standard scenario has it; at most 200"`
}

// OfferAffinity is how well an offer suits a member.
type OfferAffinity struct {
	ID       string      `json:"id"`
	Name     string      `json:"name"`
	Score    Fixed       `json:"score" doc:"Comparable between members"`
	Parts    *OfferParts `json:"parts" doc:"The shares that sum to the score, those that are not zero"`
	Evidence []Evidence  `json:"evidence" nullable:"false"`
}

// Affinity is one leaning.
type Affinity struct {
	ID       string     `json:"id"`
	Name     string     `json:"name"`
	Score    Fixed      `json:"score" doc:"A share of all that the member's bindings weigh, 0 to 1"`
	Evidence []Evidence `json:"evidence" nullable:"false"`
}

// Export is everything that is held on a member.
type Export struct {
	ID          string        `json:"id"`
	Known       bool          `json:"known" doc:"Whether anything is held on the member"`
	Member      *Member       `json:"member,omitempty" doc:"What was written about the member"`
	Affinities  Affinities    `json:"affinities" doc:"What the member's own events weigh, all of it"`
	Visits      int           `json:"visits" doc:"Receipts counted"`
	Products    []Held        `json:"products" doc:"Every product the member is bound to"`
	Places      []Held        `json:"places" doc:"Every store and chain the member is bound to"`
	Sessions    []Session     `json:"sessions" doc:"Sessions going on that are known to be the member's"`
	Activations []Activation  `json:"activations" nullable:"false" doc:"Every offer that the member has activated or redeemed"`
	Terms       []OfferTerm   `json:"terms" nullable:"false" doc:"Prices and terms of the member's own"`
	Shown       []OfferShown  `json:"shown" nullable:"false" doc:"Offers that were shown, the latest first; the latest 64"`
	Consents    []ConsentBody `json:"consents" nullable:"false"`
}

// OfferTerm is a price or a term of a member's own for an offer.
type OfferTerm struct {
	Offer        string     `json:"offer"`
	Price        *Fixed     `json:"price,omitempty" nullable:"false" doc:"The offer's if left out"`
	ValidFrom    *time.Time `json:"validFrom,omitempty" doc:"The offer's if left out"`
	ValidThrough *time.Time `json:"validThrough,omitempty" doc:"The offer's if left out"`
}

// OfferShown is when and how often an offer was shown to a member.
type OfferShown struct {
	Offer string    `json:"offer"`
	Times int       `json:"times" minimum:"0" doc:"At most 255"`
	Last  time.Time `json:"last" doc:"To the minute"`
}

// Held is one binding of a member, as it is kept.
type Held struct {
	ID     string  `json:"id"`
	Name   string  `json:"name"`
	Weight float64 `json:"weight" doc:"Strength, faded"`
	Count  int     `json:"count" doc:"Purchases, or receipts of a place; at most 255"`
	Last   string  `json:"last" format:"date" doc:"Day of the last purchase, or of the first event where there was none"`
	Every  float64 `json:"every" doc:"Days between purchases, smoothed; 0 where not known"`
}

// Session is what a session of the member's holds.
type Session struct {
	Last   time.Time `json:"last" doc:"Its last event"`
	Viewed []string  `json:"viewed"`
	Basket []string  `json:"basket"`
}

// Erasure is what DELETE /v1/members/{id} answers: the receipt for it.
type Erasure struct {
	Seq     uint64  `json:"seq" doc:"The log position of the erasure; 0 where nothing was held"`
	Applied bool    `json:"applied" doc:"Whether the engine has applied it: always asked for with wait=applied"`
	Removed Removed `json:"removed"`
}

// Removed counts what an erasure takes away.
type Removed struct {
	Known       bool `json:"known" doc:"Whether the member was known at all"`
	Profile     bool `json:"profile" doc:"Whether something was written about the member"`
	Products    int  `json:"products" doc:"Bindings to products"`
	Activations int  `json:"activations" doc:"Offers that the member had activated or redeemed"`
	Terms       int  `json:"terms" doc:"Prices and terms of the member's own"`
	Shown       int  `json:"shown" doc:"Offers noted as shown"`
	Consents    int  `json:"consents"`
}

type (
	memberInput struct {
		ID string `path:"id" minLength:"1" maxLength:"128" doc:"The member"`
	}
	memberUpsert struct {
		ID      string `path:"id" minLength:"1" maxLength:"128" doc:"The member"`
		RawBody []byte `contentType:"application/json"`
	}
	memberOutput   struct{ Body Member }
	affinityOutput struct{ Body Affinities }
	exportOutput   struct{ Body Export }
	erasureOutput  struct{ Body Erasure }
)

func (s *Server) registerMembers() {
	const tag = "Members"
	serve(s, cold{
		method: http.MethodGet, path: "/v1/members/{id}", id: "get-member", tag: tag, params: pMinSeq, problems: []int{400, 404, 503},
		summary: "What was written about a member",
	}, s.getMember)
	serve(s, cold{
		method: http.MethodPut, path: "/v1/members/{id}", id: "put-member", tag: tag, params: pWait, status: http.StatusAccepted,
		body: reflect.TypeFor[MemberBody](), problems: []int{400, 413, 415, 503},
		summary: "Write about a member", doc: "Replaces the whole entry. It becomes a `member.upserted` event and is durable when this answers.",
	}, func(ctx context.Context, x exchange, in *memberUpsert) (*changeOutput, error) {
		return s.change(ctx, x, "member.upserted", ids{"member": in.ID}, in.RawBody)
	})
	serve(s, cold{
		method: http.MethodDelete, path: "/v1/members/{id}", id: "delete-member", tag: tag, params: pWait, status: http.StatusAccepted,
		problems: []int{400, 503},
		summary:  "Erase a member",
		doc: "Everything that is held on the member goes, with the one place that knows which token stood for this id. It becomes a `member.erased` event and is durable " +
			"when this answers. What binds products to each other stays: it is nobody's. To erase a member that nobody knows is no error.",
	}, s.eraseMember)
	serve(s, cold{
		method: http.MethodGet, path: "/v1/members/{id}/affinity", id: "get-affinity", tag: tag, params: pCount | pMinSeq, problems: []int{400, 503},
		summary: "What a member leans towards", doc: "Products, categories, brands, chains, stores and offers, each with its evidence. A member that nobody knows is no error: `known` is then false.",
	}, s.getAffinity)
	serve(s, cold{
		method: http.MethodGet, path: "/v1/members/{id}/export", id: "export-member", tag: tag, params: pMinSeq, problems: []int{400, 503},
		summary: "Everything held on a member", doc: "For a member who asks what is known. Events in the log hold no ids and are kept for a stated time only; what they added up to is here.",
	}, s.exportMember)
}

func (s *Server) getMember(_ context.Context, _ exchange, in *memberInput) (*memberOutput, error) {
	m := s.member(in.ID)
	if m == nil {
		return nil, problem(http.StatusNotFound, unknownMember, "nothing was written about a member of this id")
	}
	return &memberOutput{*m}, nil
}

// member gives what was written about a member, nil if nothing was.
func (s *Server) member(id string) *Member {
	token, ok := s.opt.Tokens.Token(id)
	if !ok {
		return nil
	}
	p, ok := s.opt.Engine.Profile(token)
	if !ok {
		return nil
	}
	return memberOf(id, &p)
}

func (s *Server) getAffinity(_ context.Context, x exchange, in *memberInput) (*affinityOutput, error) {
	return &affinityOutput{s.affinities(in.ID, x.c.params.count)}, nil
}

func (s *Server) affinities(id string, count int) Affinities {
	var found engine.Affinities
	token, ok := s.opt.Tokens.Token(id)
	if ok {
		found = s.opt.Engine.Affinities(token, s.now(), count)
	} else {
		found.Seq, found.At = s.opt.Engine.Position(), s.now()
	}
	return Affinities{
		AsOf: AsOf{Seq: found.Seq, Time: found.At.Time()}, Known: found.Known,
		Products: affinitiesOf(found.Products), Categories: affinitiesOf(found.Categories), Brands: affinitiesOf(found.Brands),
		Chains: affinitiesOf(found.Chains), Stores: affinitiesOf(found.Stores),
		Offers: s.offerAffinities(token, found.Known, count),
	}
}

func affinitiesOf(list []engine.Affinity) []Affinity {
	out := make([]Affinity, len(list))
	for i, a := range list {
		out[i] = Affinity{ID: a.ID, Name: a.Name, Score: Fixed(a.Score), Evidence: evidenceOf(a.Evidence)}
	}
	return out
}

// offerAffinities asks for the best offers, each with what its score is made
// of; none for a member of whom nothing is known.
func (s *Server) offerAffinities(token event.Token, known bool, count int) []OfferAffinity {
	if !known {
		return []OfferAffinity{}
	}
	q, a := s.nextQuery(token, &params{}), engine.OfferAnswer{}
	q.Count, q.Explain = min(count, engine.MaxCount), true
	s.opt.Engine.Offers(&q, s.now(), &a)
	out := make([]OfferAffinity, len(a.Items))
	for i := range a.Items {
		it := &a.Items[i]
		name, _ := s.opt.Engine.Naming(it.Offer)
		parts := OfferParts(it.Parts)
		out[i] = OfferAffinity{it.Offer.Spec.Offer, name, Fixed(it.Score), &parts, evidenceOf(it.Evidence)}
	}
	return out
}

// everything asks for as many affinities as a member can have.
const everything = 1 << 20

func (s *Server) exportMember(_ context.Context, _ exchange, in *memberInput) (*exportOutput, error) {
	out := Export{ID: in.ID, Member: s.member(in.ID), Affinities: s.affinities(in.ID, everything)}
	out.Known = out.Member != nil || out.Affinities.Known
	out.Products, out.Places, out.Sessions = []Held{}, []Held{}, []Session{}
	token, ok := s.opt.Tokens.Token(in.ID)
	out.Activations, out.Consents = s.activationsOf(token), s.consentsOf(token)
	out.Terms, out.Shown = s.termsOf(token)
	if ok {
		held := s.opt.Engine.Held(token, s.now())
		out.Visits = held.Visits.Visits
		out.Products, out.Places = heldOf(held.Products), heldOf(held.Places)
		for _, ses := range held.Sessions {
			out.Sessions = append(out.Sessions, Session{ses.Last.Time(), ses.Viewed, ses.Basket})
		}
	}
	return &exportOutput{out}, nil
}

// termsOf lists a member's own terms, and what was shown to them.
func (s *Server) termsOf(token event.Token) ([]OfferTerm, []OfferShown) {
	record, terms, shown := s.opt.Engine.Dealings(token), []OfferTerm{}, []OfferShown{}
	for _, t := range record.Terms {
		if e, ok := s.opt.Engine.OfferNumbered(t.Slot); ok {
			terms = append(terms, OfferTerm{e.Spec.Offer, priceOf(t.Price), momentOf(t.From), momentOf(t.Through)})
		}
	}
	for _, n := range record.Shown {
		if e, ok := s.opt.Engine.OfferNumbered(n.Slot); ok {
			shown = append(shown, OfferShown{e.Spec.Offer, int(n.Times), n.At.Time()})
		}
	}
	return terms, shown
}

func heldOf(goods []engine.HeldGood) []Held {
	out := make([]Held, len(goods))
	for i, g := range goods {
		last := time.Unix(int64(g.Last)*24*60*60, 0).UTC().Format(time.DateOnly)
		out[i] = Held{g.ID, g.Name, float64(g.Weight), g.Count, last, float64(g.Every)}
	}
	return out
}

func (s *Server) eraseMember(ctx context.Context, x exchange, in *memberInput) (*erasureOutput, error) {
	token, ok := s.opt.Tokens.Token(in.ID)
	if !ok {
		// Nothing is held, and an event would first draw a token for the id.
		return &erasureOutput{Erasure{Applied: true}}, nil
	}
	removed := s.held(token)
	changed, err := s.change(ctx, x, "member.erased", ids{"member": in.ID}, nil)
	if err != nil {
		return nil, err
	}
	return &erasureOutput{Erasure{Seq: changed.Body.Seq, Applied: changed.Body.Applied, Removed: removed}}, nil
}

// held counts what an erasure will take away.
func (s *Server) held(token event.Token) Removed {
	_, written := s.opt.Engine.Profile(token)
	record := s.opt.Engine.Dealings(token)
	return Removed{
		Known: true, Profile: written, Products: len(s.opt.Engine.Held(token, s.now()).Products),
		Activations: len(record.Uses), Terms: len(record.Terms), Shown: len(record.Shown), Consents: len(record.Consents),
	}
}

func memberOf(id string, p *engine.Profile) *Member {
	return &Member{ID: id, HomeStore: p.HomeStore, Chains: p.Chains, Timezone: p.Timezone, Attributes: attributesOf(p.Attributes)}
}
