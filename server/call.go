package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"

	"nabo/engine"
)

// call is one request under way, with all the room that answering it takes. It
// is the ResponseWriter that handlers see, and it is used again afterwards: a
// handler must not keep it or anything in it.
type call struct {
	http.ResponseWriter
	status int // what was written; zero: nothing yet
	route  *route

	params   params
	query    engine.Query
	answer   engine.Answer
	offers   engine.OfferQuery
	offered  engine.OfferAnswer
	id       ulid.ULID
	idText   [ulid.EncodedSize]byte
	in       []byte // the body
	out      []byte // the answer
	decision []byte // the packed decision
}

// keepRoom is how much room a call may take along to the next request.
const keepRoom = 1 << 20

// WriteHeader notes the status for the metrics.
func (c *call) WriteHeader(status int) {
	if c.status == 0 {
		c.status = status
	}
	c.ResponseWriter.WriteHeader(status)
}

// Write notes that the status was left at 200.
func (c *call) Write(b []byte) (int, error) {
	if c.status == 0 {
		c.status = http.StatusOK
	}
	return c.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (c *call) Unwrap() http.ResponseWriter { return c.ResponseWriter }

// front is what every request goes through: measured, kept from pages of
// other origins, and caught when it panics.
func (s *Server) front(w http.ResponseWriter, r *http.Request) {
	begun := time.Now()
	c := s.calls.Get().(*call)
	c.ResponseWriter, c.status, c.route = w, 0, s.metrics.other
	s.metrics.inFlight.Inc()
	defer func() {
		broken := recover()
		if broken != nil {
			broken = s.panicked(c, r, broken)
		}
		s.metrics.inFlight.Dec()
		end := time.Now()
		at := end.Sub(s.begun)
		c.route.observe(c.status, at, end.Sub(begun))
		if s.rates.due(at) {
			s.rates.take(s.tally(at))
		}
		s.release(c)
		if broken != nil {
			panic(broken)
		}
	}()
	if s.crossOrigin(c, r) {
		s.mux.ServeHTTP(c, r)
	}
}

// panicked answers a request whose handler panicked. Where a part of the answer
// is on its way already, it gives what to panic with so that the connection is
// cut: the client must not take the part for the whole.
func (s *Server) panicked(c *call, r *http.Request, broken any) any {
	gone := r.Context().Err() != nil // huma panics when it cannot write to a client that left
	if broken != http.ErrAbortHandler && !gone {
		// The pattern and not the path: a path may hold a member's id.
		s.opt.Log.Error("a request panicked", "route", r.Pattern,
			"panic", fmt.Sprint(broken), "stack", string(debug.Stack()))
	}
	if c.status != 0 || broken == http.ErrAbortHandler {
		return http.ErrAbortHandler
	}
	writeProblem(c, asProblem(errors.New("panic")))
	return nil
}

// release makes the call ready for another request, unless it has grown large.
func (s *Server) release(c *call) {
	c.ResponseWriter = nil
	if cap(c.in) <= keepRoom && cap(c.out) <= keepRoom {
		s.calls.Put(c)
	}
}

// crossOrigin answers what a web page of another origin may not do, and says
// whether the request may go on. A page may call only if its origin is allowed;
// programs that are no browsers send no origin and are not held up.
func (s *Server) crossOrigin(c *call, r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin != "" && slices.Contains(s.opt.AllowedOrigins, origin) {
		h := c.Header()
		h.Add("Vary", "Origin")
		h.Set("Access-Control-Allow-Origin", origin)
		if r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" {
			h.Set("Access-Control-Allow-Methods", "GET, POST, PUT, DELETE")
			h.Set("Access-Control-Allow-Headers", "Content-Type")
			h.Set("Access-Control-Max-Age", "600")
			c.WriteHeader(http.StatusNoContent)
			return false
		}
	}
	if err := s.origins.Check(r); err != nil {
		writeProblem(c, problem(http.StatusForbidden, foreignOrigin, "a web page of another origin may not send this; allow its origin in the server's configuration"))
		return false
	}
	return true
}

// readBody reads the request's body into c.in. The types are those accepted,
// without parameters; a body without a type is refused too, since a web page of
// another origin could send one unasked.
func (s *Server) readBody(c *call, r *http.Request, types ...string) *Problem {
	if r.ContentLength == 0 {
		c.in = c.in[:0]
		return nil
	}
	if bad := checkType(r, types); bad != nil {
		return bad
	}
	limit := s.opt.MaxBody
	if r.ContentLength > int64(limit) {
		return bodyTooLarge(c, limit)
	}
	c.in = slices.Grow(c.in[:0], int(min(max(r.ContentLength+1, 512), 64<<10)))
	for {
		n, err := r.Body.Read(c.in[len(c.in):cap(c.in)])
		c.in = c.in[:len(c.in)+n]
		switch {
		case len(c.in) > limit:
			return bodyTooLarge(c, limit)
		case err == io.EOF:
			return nil
		case err != nil:
			return problem(http.StatusBadRequest, badBody, "the body could not be read to its end")
		case len(c.in) == cap(c.in):
			c.in = slices.Grow(c.in, len(c.in))
		}
	}
}

func checkType(r *http.Request, types []string) *Problem {
	expected := strings.Join(types, ", ")
	if coding := r.Header.Get("Content-Encoding"); coding != "" && coding != "identity" {
		return problem(http.StatusUnsupportedMediaType, wrongMediaType, "Content-Encoding must be left out: the body is read as it is")
	}
	given := r.Header.Get("Content-Type")
	if slices.Contains(types, given) { // without parsing: it is the usual case
		return nil
	}
	kind, _, err := mime.ParseMediaType(given)
	if err == nil && slices.Contains(types, kind) {
		return nil
	}
	detail := "Content-Type is missing; expected " + expected
	if given != "" {
		detail = fmt.Sprintf("Content-Type %q is not read here; expected %s", clip(given), expected)
	}
	return problem(http.StatusUnsupportedMediaType, wrongMediaType, detail)
}

func bodyTooLarge(c *call, limit int) *Problem {
	c.Header().Set("Connection", "close") // the rest of the body is not read
	return problem(http.StatusRequestEntityTooLarge, tooLarge, fmt.Sprintf("the body is longer than %d bytes, the most that is taken at once", limit))
}

// reach waits until the engine has applied the log position seq.
func (s *Server) reach(ctx context.Context, seq uint64) *Problem {
	if seq == 0 || s.opt.Engine.Position() >= seq {
		return nil
	}
	bound, cancel := context.WithTimeout(ctx, s.opt.WaitLimit)
	defer cancel()
	if err := s.opt.Engine.Wait(bound, seq); err != nil {
		return unavailable(behind, fmt.Sprintf("position %d is not applied yet, only %d after waiting up to %v",
			seq, s.opt.Engine.Position(), s.opt.WaitLimit))
	}
	return nil
}
