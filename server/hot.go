package server

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// sharedHeaders are the header values of all hot answers, never written to: to
// make them anew would be an allocation each.
type sharedHeaders struct{ json, noStore []string }

// asked gives the handler of one question. Its parameters may come in the
// query and in a JSON body, each once.
func (s *Server) asked(q *question, shared *sharedHeaders) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c := w.(*call)
		if bad := s.answerQuestion(q, c, r); bad != nil {
			writeProblem(c, bad)
			return
		}
		c.out = append(c.out, '\n')
		h := c.Header()
		h["Content-Type"] = shared.json
		h["Cache-Control"] = shared.noStore
		c.Write(c.out) // the client may be gone: nobody is left to tell
	}
}

func (s *Server) answerQuestion(q *question, c *call, r *http.Request) *Problem {
	if bad := s.unready(); bad != nil {
		return bad
	}
	if bad := s.readQuestion(q, c, r); bad != nil {
		return bad
	}
	c.out = c.out[:0]
	return s.ask(r.Context(), q, c)
}

func (s *Server) readQuestion(q *question, c *call, r *http.Request) *Problem {
	c.params.reset(q.required | q.optional)
	if q.subject != 0 {
		if bad := c.params.path(q.subject, r.PathValue("id")); bad != nil {
			return bad
		}
	}
	if bad := c.params.query(r.URL.RawQuery); bad != nil {
		return bad
	}
	if r.Method != http.MethodPost {
		return nil
	}
	if bad := s.readBody(c, r, jsonType); bad != nil {
		return bad
	}
	return c.params.body(string(c.in))
}

// HandleRequest answers one question that came as a request over NATS. The op
// is together, similar, trending, basket, products, offers or next-offer; the body has the same
// names as over HTTP, with product or member in place of the path's id. On a
// *Problem the bytes are that problem as JSON. Any goroutine may call it.
func (s *Server) HandleRequest(ctx context.Context, op string, body []byte) ([]byte, error) {
	c := s.calls.Get().(*call)
	defer s.release(c)
	bad := s.unready()
	if bad == nil {
		bad = s.answerRequest(ctx, op, body, c)
	}
	if bad != nil {
		return bad.body(), bad
	}
	return append([]byte(nil), c.out...), nil
}

func (s *Server) answerRequest(ctx context.Context, op string, body []byte, c *call) *Problem {
	q := s.questions.named(op)
	if q == nil {
		return fault(badParameter, fmt.Sprintf("there is no question named %q", clip(op)), "/op", "expected one of "+s.questions.names())
	}
	if len(body) > s.opt.MaxBody {
		return problem(http.StatusRequestEntityTooLarge, tooLarge, fmt.Sprintf("the body is longer than %d bytes", s.opt.MaxBody))
	}
	c.params.reset(q.all())
	if bad := c.params.body(string(body)); bad != nil {
		return bad
	}
	c.out = c.out[:0]
	return s.ask(ctx, q, c)
}

func (qs questions) names() string {
	names := make([]string, len(qs))
	for i := range qs {
		names[i] = qs[i].op
	}
	return strings.Join(names, ", ")
}

// Batch is the body of POST /v1/recomms/batch. It documents the form; each
// request is read as a question's parameters are.
type Batch struct {
	Requests []BatchRequest `json:"requests" nullable:"false" minItems:"1" doc:"The questions"`
}

// BatchRequest is one question of a Batch.
type BatchRequest struct {
	Op     string         `json:"op" enum:"together,similar,trending,basket,products,offers,next-offer" doc:"Which question"`
	Params map[string]any `json:"params,omitempty" doc:"Its parameters, with product or member in place of the path's id"`
}

// BatchAnswer is what POST /v1/recomms/batch answers: one for each question,
// in the same order.
type BatchAnswer struct {
	Answers []BatchItem `json:"answers" nullable:"false"`
}

// BatchItem is the answer to one question of a Batch, or the problem with it.
type BatchItem struct {
	Status  int        `json:"status" doc:"The HTTP status that the question alone would have had"`
	Answer  *AnyAnswer `json:"answer,omitempty" doc:"As the question alone would have been answered"`
	Problem *Problem   `json:"problem,omitempty"`
}

// AnyAnswer is the answer to a question of any kind, as JSON.
type AnyAnswer struct{ json.RawMessage }

// Schema documents it as an Answer or an OfferAnswer.
func (AnyAnswer) Schema(r huma.Registry) *huma.Schema {
	return &huma.Schema{AnyOf: []*huma.Schema{
		r.Schema(reflect.TypeFor[Answer](), true, "Answer"), r.Schema(reflect.TypeFor[OfferAnswer](), true, "OfferAnswer"),
	}}
}

// batch answers many questions at once. A bad one spoils no other.
func (s *Server) batch(w http.ResponseWriter, r *http.Request) {
	c := w.(*call)
	requests, bad := s.readBatch(c, r)
	if bad != nil {
		writeProblem(c, bad)
		return
	}
	c.out = append(c.out[:0], `{"answers":[`...)
	for i := range requests {
		if i > 0 {
			c.out = append(c.out, ',')
		}
		from := len(c.out)
		c.out = append(c.out, `{"status":200,"answer":`...)
		if bad := s.batchItem(r.Context(), &requests[i], c); bad != nil {
			c.out = append(c.out[:from], `{"status":`...)
			c.out = strconv.AppendInt(c.out, int64(bad.Status), 10)
			c.out = append(c.out, `,"problem":`...)
			c.out = append(c.out, bad.body()...)
		}
		c.out = append(c.out, '}')
	}
	c.out = append(c.out, "]}\n"...)
	c.Header().Set("Content-Type", jsonType)
	c.Header().Set("Cache-Control", "no-store")
	c.Write(c.out)
}

// batchRequest is a BatchRequest with its parameters as they came.
type batchRequest struct {
	Op     string          `json:"op"`
	Params json.RawMessage `json:"params"`
}

func (s *Server) readBatch(c *call, r *http.Request) ([]batchRequest, *Problem) {
	if bad := s.unready(); bad != nil {
		return nil, bad
	}
	c.params.reset(0)
	if bad := c.params.query(r.URL.RawQuery); bad != nil {
		return nil, bad
	}
	if bad := s.readBody(c, r, jsonType); bad != nil {
		return nil, bad
	}
	var body struct {
		Requests []batchRequest `json:"requests"`
	}
	if bad := strictJSON(c.in, &body); bad != nil {
		return nil, bad
	}
	if n := len(body.Requests); n < 1 || n > s.opt.MaxRequests {
		return nil, fault(badBody, "the batch is not valid", "/requests", fmt.Sprintf("expected 1 to %d questions", s.opt.MaxRequests))
	}
	return body.Requests, nil
}

func (s *Server) batchItem(ctx context.Context, item *batchRequest, c *call) *Problem {
	q := s.questions.named(item.Op)
	if q == nil {
		return fault(badParameter, fmt.Sprintf("there is no question named %q", clip(item.Op)), "/op", "expected one of "+s.questions.names())
	}
	c.params.reset(q.all())
	if bad := c.params.body(string(item.Params)); bad != nil {
		return bad
	}
	return s.ask(ctx, q, c)
}
