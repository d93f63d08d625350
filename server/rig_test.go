package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"nabo/engine"
	"nabo/engine/event"
	"nabo/stream/gate"
)

func TestMain(m *testing.M) {
	// The embedded log's clock stops at its next tick.
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("github.com/nats-io/nats-server/v2/server/ats.init.0.func1"))
}

// rig is a server with a real engine behind it, and a gate and a token store
// that live in memory: what is submitted is applied at once.
type rig struct {
	*Server
	engine *engine.Engine
	gate   *memoryGate
	log    bytes.Buffer
	now    time.Time
}

func newRig(t testing.TB, change func(*Options)) *rig {
	t.Helper()
	e, err := engine.New(engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{engine: e, now: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)}
	tokens := &memoryTokens{tokens: map[string]event.Token{}}
	r.gate = &memoryGate{engine: e, tokens: tokens, now: r.now}
	opt := Options{
		Engine: e, Gate: r.gate, Tokens: tokens, Now: func() time.Time { return r.now }, Version: "test",
		Log: slog.New(slog.NewTextHandler(&r.log, nil)),
		Status: func() Status {
			return Status{LogFirst: 1, LogLast: e.Position(), Checkpoint: 1, CheckpointAt: r.now.Add(-time.Minute), Gate: GateStatus{QueueLimit: 10}}
		},
	}
	if change != nil {
		change(&opt)
	}
	if r.Server, err = New(opt); err != nil {
		t.Fatal(err)
	}
	r.gate.applied = r.Applied
	r.SetReady(true)
	return r
}

// memoryGate is a gate without a log.
type memoryGate struct {
	engine *engine.Engine
	tokens *memoryTokens
	now    time.Time
	fail   error
	note   func(seq uint64, ev *event.Event) // is told of each before it is applied, if not nil

	applied func(seq uint64, group []event.Event) // is told of each afterwards, if not nil

	mu  sync.Mutex
	seq uint64
}

func (g *memoryGate) Submit(_ context.Context, evs []event.Event) (gate.Result, error) {
	if g.fail != nil {
		return gate.Result{}, g.fail
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	out := gate.Result{Outcomes: make([]gate.Outcome, len(evs))}
	for i := range evs {
		ev := evs[i]
		err := ev.ValidateTime(event.At(g.now))
		if err == nil {
			err = g.engine.Check(&ev)
		}
		if err != nil {
			fault, _ := errors.AsType[*event.FieldError](err)
			out.Outcomes[i] = gate.Outcome{Verdict: gate.Rejected, Err: fault}
			continue
		}
		g.admit(&ev)
		if g.engine.Seen(ev.Key) {
			out.Outcomes[i].Verdict = gate.Duplicate
			continue
		}
		out.Outcomes[i].Verdict = gate.Accepted
		g.seq++
		if g.note != nil {
			g.note(g.seq, &ev)
		}
		group := []event.Event{ev}
		g.engine.ApplyGroup(g.seq, group)
		if g.applied != nil {
			g.applied(g.seq, group)
		}
	}
	out.Seq = g.seq
	return out, nil
}

// admit makes the admitted form, as the gate does.
func (g *memoryGate) admit(ev *event.Event) {
	ev.Received = event.At(g.now)
	if ev.Time == 0 {
		ev.Time = ev.Received
	}
	ev.Key = event.KeyOf(ev.Source, ev.ID)
	if ev.ID == "" {
		ev.Key = g.seq + 1
	}
	ev.Session, ev.Member = event.HashID(ev.SessionID), g.tokens.assign(ev.MemberID)
	switch b := ev.Body.(type) {
	case *event.Cart:
		b.Cart, b.CartID = event.HashID(b.CartID), ""
	case *event.MemberMerged:
		b.Into, b.IntoID = g.tokens.assign(b.IntoID), ""
	}
	ev.ID, ev.Source, ev.SessionID, ev.MemberID = "", "", "", ""
}

type memoryTokens struct {
	mu     sync.Mutex
	tokens map[string]event.Token
}

func (m *memoryTokens) assign(id string) event.Token {
	if id == "" {
		return 0
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.tokens[id] == 0 {
		m.tokens[id] = event.Token(1000 + len(m.tokens))
	}
	return m.tokens[id]
}

func (m *memoryTokens) Token(id string) (event.Token, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	token, ok := m.tokens[id]
	return token, ok
}

func (m *memoryTokens) ID(token event.Token) (string, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for id, t := range m.tokens {
		if t == token {
			return id, true
		}
	}
	return "", false
}

// reply is an answer, taken apart.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// send makes one request. A body goes as JSON unless a header says otherwise.
func (r *rig) send(t testing.TB, method, target, body string, headers ...string) reply {
	t.Helper()
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	req := httptest.NewRequest(method, target, reader)
	if body != "" {
		req.Header.Set("Content-Type", jsonType)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
		if headers[i+1] == "" {
			req.Header.Del(headers[i])
		}
	}
	w := httptest.NewRecorder()
	r.Handler().ServeHTTP(w, req)
	return reply{w.Code, w.Header(), w.Body.Bytes()}
}

// want checks the status and decodes the body.
func want[T any](t testing.TB, got reply, status int) T {
	t.Helper()
	var out T
	if got.status != status {
		t.Fatalf("status %d, expected %d: %s", got.status, status, got.body)
	}
	if err := json.Unmarshal(got.body, &out); err != nil {
		t.Fatalf("the answer is no JSON: %v: %s", err, got.body)
	}
	return out
}

// wantProblem checks that it is a problem of that kind that says so.
func wantProblem(t testing.TB, got reply, status int, kind, says string) Problem {
	t.Helper()
	p := want[Problem](t, got, status)
	if got.header.Get("Content-Type") != problemType || p.Type != problemURN+kind || p.Status != status || p.Title != http.StatusText(status) {
		t.Fatalf("expected a %s, got %s %s", kind, got.header.Get("Content-Type"), got.body)
	}
	if !strings.Contains(string(got.body), says) {
		t.Fatalf("expected it to say %q, got %s", says, got.body)
	}
	return p
}

// receipts submits n receipts that hold all the products.
func (r *rig) receipts(t testing.TB, n int, member string, products ...string) {
	t.Helper()
	for i := range n {
		text := fmt.Sprintf(`{"id":"%s-%d-%s","type":"receipt","time":"2026-11-%02dT10:00:00Z","data":{"store":"s1","member":%q,"products":["%s"]}}`,
			strings.Join(products, "-"), i, member, 1+i%20, member, strings.Join(products, `","`))
		if member == "" {
			text = strings.Replace(text, `"member":"",`, "", 1)
		}
		want[Admission](t, r.send(t, "POST", "/v1/events?wait=applied", text), 202)
	}
}
