package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"time"

	"nabo/engine/event"
)

// ConsentBody is what PUT /v1/members/{id}/consents takes: a list of these.
type ConsentBody struct {
	Purpose string     `json:"purpose" enum:"personalisation,marketing" doc:"personalisation: that what is held on the member shapes what they see; marketing: that messages are sent to them"`
	Chain   string     `json:"chain,omitempty" maxLength:"128" doc:"Every chain if left out"`
	Channel string     `json:"channel,omitempty" enum:"email,push,inapp" doc:"Every channel if left out"`
	Granted bool       `json:"granted"`
	Time    *time.Time `json:"time,omitempty" doc:"When the member said so; now if left out. Of one purpose in one place the latest time wins"`
}

// consentsBody documents the list.
type consentsBody []ConsentBody

// Consents is what a member has said.
type Consents struct {
	AsOf     AsOf          `json:"asOf"`
	Consents []ConsentBody `json:"consents" nullable:"false" doc:"Where several fit, the most specific holds: the chain and the channel, the chain, the channel, all"`
}

type (
	consentsUpsert struct {
		ID      string `path:"id" minLength:"1" maxLength:"128" doc:"The member"`
		RawBody []byte `contentType:"application/json"`
	}
	consentsOutput struct{ Body Consents }
)

// maxConsents is how many may be said at once: every chain that a member can
// have, in every channel, for both purposes, and more.
const maxConsents = 1000

func (s *Server) registerConsents() {
	const tag = "Members"
	serve(s, cold{
		method: http.MethodGet, path: "/v1/members/{id}/consents", id: "get-consents", tag: tag, params: pMinSeq, problems: []int{400, 503},
		summary: "What a member has consented to", doc: "What was recorded. Where nothing was, the configuration holds: personalisation is then assumed and messages need a grant, unless it says otherwise. " +
			"A member that nobody knows is no error: there is then nothing.",
	}, s.getConsents)
	serve(s, cold{
		method: http.MethodPut, path: "/v1/members/{id}/consents", id: "put-consents", tag: tag, params: pMinSeq,
		body: reflect.TypeFor[consentsBody](), problems: []int{400, 413, 415, 503},
		summary: "Write what a member consents to", doc: "A list; each becomes a `consent.changed` event, all of them or none. What the list does not name stays as it is. " +
			"Answers once the engine has applied them, with all that is recorded: they then hold for every read that begins.",
	}, s.putConsents)
}

func (s *Server) getConsents(_ context.Context, _ exchange, in *memberInput) (*consentsOutput, error) {
	return &consentsOutput{s.consents(in.ID)}, nil
}

func (s *Server) consents(id string) Consents {
	token, _ := s.opt.Tokens.Token(id)
	e := s.opt.Engine
	return Consents{AsOf: AsOf{e.Position(), e.Clock(s.now()).Time()}, Consents: s.consentsOf(token)}
}

func (s *Server) consentsOf(token event.Token) []ConsentBody {
	out := []ConsentBody{}
	for _, c := range s.opt.Engine.Dealings(token).Consents {
		out = append(out, ConsentBody{c.Purpose.String(), c.Chain, c.Channel, c.Granted, momentOf(c.At)})
	}
	return out
}

func (s *Server) putConsents(ctx context.Context, _ exchange, in *consentsUpsert) (*consentsOutput, error) {
	evs, bad := s.readConsents(in.ID, in.RawBody)
	if bad != nil {
		return nil, bad
	}
	if err := s.submitApplied(ctx, evs...); err != nil {
		return nil, err
	}
	return &consentsOutput{s.consents(in.ID)}, nil
}

// readConsents makes events of the body, and checks all of them: the gate
// would take the good ones and leave the others.
func (s *Server) readConsents(member string, body []byte) ([]event.Event, *Problem) {
	var list []struct {
		ConsentBody
		Granted *bool   `json:"granted"`
		Time    *string `json:"time"`
	}
	if bad := strictJSON(body, &list); bad != nil {
		return nil, bad
	}
	if n := len(list); n < 1 || n > maxConsents {
		return nil, fault(badBody, "the body is not valid", "", fmt.Sprintf("expected a list of 1 to %d consents", maxConsents))
	}
	now, evs := s.now(), make([]event.Event, len(list))
	for i := range list {
		one := &list[i]
		at := fmt.Sprintf("/%d", i)
		if one.Granted == nil {
			return nil, fault(badBody, "the body is not valid", at+"/granted", "is required: true or false")
		}
		purpose, known := event.ParsePurpose(one.Purpose)
		if !known {
			return nil, fault(badBody, "the body is not valid", at+"/purpose", "must be personalisation or marketing")
		}
		ev := event.Event{
			Type: event.TypeConsentChanged, Chain: one.Chain, MemberID: member,
			Body: &event.Consent{Channel: one.Channel, Purpose: purpose, Granted: *one.Granted},
		}
		if one.Time != nil {
			when, err := time.Parse(time.RFC3339, *one.Time)
			if err != nil {
				return nil, fault(badBody, "the body is not valid", at+"/time", "must be RFC 3339, such as 2026-11-21T10:00:00Z")
			}
			ev.Time = event.At(when)
		}
		if err := ev.Validate(now); err != nil {
			return nil, consentFault(at, err)
		}
		evs[i] = ev
	}
	return evs, nil
}

// consentFault points into the list.
func consentFault(at string, err error) *Problem {
	f, ok := errors.AsType[*event.FieldError](err)
	if !ok {
		return asProblem(err)
	}
	return fault(badBody, "the body is not valid", at+strings.TrimPrefix(f.Pointer, "/data"), f.Detail)
}
