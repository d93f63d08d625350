package server

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"nabo/engine/event"
)

// Problem is every error that the server answers with, as RFC 9457 writes it
// (application/problem+json). It is an error, so that a handler can return it.
type Problem struct {
	Type   string         `json:"type" doc:"Which kind of problem it is; the same kind always has the same type" example:"urn:nabo:problem:unknown-parameter"`
	Title  string         `json:"title" doc:"The HTTP status in words" example:"Bad Request"`
	Status int            `json:"status" doc:"The HTTP status" minimum:"400" maximum:"599"`
	Detail string         `json:"detail" doc:"What is wrong with this request and what was expected"`
	Errors []ProblemError `json:"errors,omitempty" doc:"Each fault and where it is"`

	Rejected []Rejected `json:"rejected,omitempty" doc:"Only from POST /v1/events: each event that was refused"`

	retryAfter int    // seconds; zero: no Retry-After header
	allow      string // the Allow header of a 405
}

// ProblemError is one fault in a request.
type ProblemError struct {
	Pointer string `json:"pointer" doc:"A JSON pointer into the body, or a slash and the parameter's name" example:"/count"`
	Detail  string `json:"detail" doc:"What was expected there"`
}

// Error makes a Problem an error.
func (p *Problem) Error() string {
	if len(p.Errors) == 0 {
		return p.Detail
	}
	return fmt.Sprintf("%s: %s %s", p.Detail, p.Errors[0].Pointer, p.Errors[0].Detail)
}

// GetStatus gives the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType says how a Problem goes over the wire.
func (p *Problem) ContentType(string) string { return problemType }

// GetHeaders gives the headers that go with the problem.
func (p *Problem) GetHeaders() http.Header {
	h := http.Header{}
	p.setHeaders(h)
	return h
}

func (p *Problem) setHeaders(h http.Header) {
	if p.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(p.retryAfter))
	}
	if p.allow != "" {
		h.Set("Allow", p.allow)
	}
}

const (
	problemType = "application/problem+json"
	jsonType    = "application/json"
	problemURN  = "urn:nabo:problem:"
)

// The kinds of problems, the last part of Problem.Type.
const (
	badParameter     = "bad-parameter"
	unknownParameter = "unknown-parameter"
	badBody          = "bad-body"
	badEvent         = "bad-event"
	badID            = "bad-id"
	badFrameKind     = "bad-frame"
	badUpgrade       = "no-websocket"
	tooManyFrames    = "too-many-frames"
	notAuthorised    = "not-authorised"
	unknownPath      = "unknown-path"
	unknownProduct   = "unknown-product"
	unknownMember    = "unknown-member"
	unknownDecision  = "unknown-decision"
	unknownOffer     = "unknown-offer"
	unknownScenario  = "unknown-scenario"
	unknownList      = "unknown-list"
	listBegunAnew    = "list-begun-anew"
	listUnfinished   = "list-unfinished"
	listsFull        = "too-many-lists"
	noLists          = "no-lists"
	wrongMethod      = "method-not-allowed"
	tooLarge         = "too-large"
	tooMany          = "too-many"
	wrongMediaType   = "unsupported-media-type"
	foreignOrigin    = "foreign-origin"
	notReady         = "not-ready"
	overloaded       = "overloaded"
	behind           = "position-not-reached"
	internal         = "internal"
)

// problem makes one; kind is one of the constants above.
func problem(status int, kind, detail string) *Problem {
	return &Problem{Type: problemURN + kind, Title: http.StatusText(status), Status: status, Detail: detail}
}

// fault is a 400 with one place that is wrong.
func fault(kind, detail, pointer, expected string) *Problem {
	p := problem(http.StatusBadRequest, kind, detail)
	p.Errors = []ProblemError{{Pointer: pointer, Detail: expected}}
	return p
}

// unavailable is a 503 that may be tried again after a second.
func unavailable(kind, detail string) *Problem {
	p := problem(http.StatusServiceUnavailable, kind, detail)
	p.retryAfter = 1
	return p
}

// asProblem finds the Problem that an error is to be shown as. An error that
// is none of the sender's business becomes a 500 without detail.
func asProblem(err error) *Problem {
	var p *Problem
	var f *event.FieldError
	switch {
	case errors.As(err, &p):
		return p
	case errors.As(err, &f):
		return fault(badEvent, "the event is not valid", f.Pointer, f.Detail)
	}
	return problem(http.StatusInternalServerError, internal, "something went wrong inside; the server's log says what")
}

// writeProblem is the one way in which an error leaves the server. Nothing may
// have been written to w before.
func writeProblem(w http.ResponseWriter, p *Problem) {
	h := w.Header()
	p.setHeaders(h)
	h.Set("Content-Type", problemType)
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	w.Write(p.body()) // the client may be gone: nobody is left to tell
}

// body gives the problem as JSON.
func (p *Problem) body() []byte {
	b, err := json.Marshal(p)
	if err != nil { // strings and numbers only: cannot be
		return []byte(`{"type":"urn:nabo:problem:internal","status":500}`)
	}
	return append(b, '\n')
}
