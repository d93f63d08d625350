package server

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"slices"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// muxForHuma lets huma register on the server's own mux, with its metrics.
type muxForHuma struct{ s *Server }

func (m muxForHuma) HandleFunc(pattern string, h func(http.ResponseWriter, *http.Request)) {
	m.s.handle(pattern, h)
}

func (m muxForHuma) ServeHTTP(w http.ResponseWriter, r *http.Request) { m.s.mux.ServeHTTP(w, r) }

// newAPI sets huma up: it writes the document and carries the roads that are
// not hot. It serves no pages of its own.
func newAPI(s *Server) huma.API {
	config := huma.DefaultConfig("nabo", s.opt.Version)
	config.OpenAPIPath, config.DocsPath, config.SchemasPath = "", "", ""
	config.CreateHooks = nil
	config.Transformers = []huma.Transformer{ownProblem}
	api := humago.New(muxForHuma{s}, config)
	api.UseMiddleware(func(ctx huma.Context, next func(huma.Context)) {
		r, w := humago.Unwrap(ctx)
		next(huma.WithValue(ctx, exchangeKey{}, exchange{w.(*call), r}))
	})
	return api
}

// ownProblem turns an error that huma found itself, such as a body that is too
// large, into the form of all others.
func ownProblem(_ huma.Context, _ string, v any) (any, error) {
	model, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	kind := badBody
	switch {
	case model.Status == http.StatusRequestEntityTooLarge:
		kind = tooLarge
	case model.Status >= 500:
		kind = internal
	}
	return problem(model.Status, kind, model.Detail), nil
}

// exchange is the request and its room, handed through huma.
type exchange struct {
	c *call
	r *http.Request
}

type exchangeKey struct{}

// cold describes and serves one operation that is not hot. Its parameters are
// read by the one decoder, as those of the hot roads are; input only says to
// the documentation what is in the path, and takes the body.
type cold struct {
	method, path, id string
	tag, summary     string
	doc              string
	params           param
	always           bool         // also while the server is not ready
	status           int          // of success
	body             reflect.Type // what the body looks like; nil: there is none
	problems         []int
}

// writes says whether a request of it may have a body.
func (c *cold) writes() bool { return c.method != http.MethodGet }

// serve registers an operation.
func serve[I, O any](s *Server, about cold, handler func(context.Context, exchange, *I) (*O, error)) {
	if about.writes() {
		about.problems = append(slices.Clip(about.problems), http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
		slices.Sort(about.problems)
		about.problems = slices.Compact(about.problems)
	}
	op := huma.Operation{
		Method: about.method, Path: about.path, OperationID: about.id, Summary: about.summary, Description: about.doc,
		Tags: []string{about.tag}, DefaultStatus: about.status, MaxBodyBytes: int64(s.opt.MaxBody),
		SkipValidateParams: true, SkipValidateBody: true,
		Parameters: s.queryDoc(about.params), Responses: s.problemDoc(about.problems...),
	}
	huma.Register(s.api, op, func(ctx context.Context, in *I) (*O, error) {
		x := ctx.Value(exchangeKey{}).(exchange)
		if bad := s.prepare(x, &about); bad != nil {
			return nil, bad
		}
		out, err := handler(ctx, x, in)
		if err == nil {
			return out, nil
		}
		bad := asProblem(err)
		if bad.Status == http.StatusInternalServerError {
			s.opt.Log.Error("a request failed", "operation", about.id, "error", err)
		}
		return nil, bad
	})
	if about.body != nil {
		s.bodyDoc(about.method, about.path, about.body)
	} else if about.method == http.MethodPut {
		s.paramsDoc(about.path, about.params)
	}
}

// prepare checks what every cold operation has in common.
func (s *Server) prepare(x exchange, about *cold) *Problem {
	if !about.always {
		if bad := s.unready(); bad != nil {
			return bad
		}
	}
	x.c.params.reset(about.params)
	if bad := x.c.params.query(x.r.URL.RawQuery); bad != nil {
		return bad
	}
	for _, name := range [...]string{"id", "store", "offer"} {
		if id := x.r.PathValue(name); id != "" && !validID(id) {
			return fault(badID, "the path is not valid", "/"+name, "expected 1 to 128 bytes of printable UTF-8")
		}
	}
	switch {
	case about.body != nil:
		if bad := checkType(x.r, []string{jsonType}); bad != nil {
			return bad
		}
	case about.writes():
		// What is in a body that nobody reads would be lost in silence.
		if bad := s.readBody(x.c, x.r, jsonType); bad != nil {
			return bad
		}
		if bad := x.c.params.body(string(x.c.in)); bad != nil {
			return bad
		}
	}
	return s.reach(x.r.Context(), x.c.params.minSeq)
}

var errNoAnswer = errors.New("the gate gave no outcome") // a broken promise of the gate's
