package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"
)

func TestBoughtTogether(t *testing.T) {
	r := newRig(t, nil)
	want[Change](t, r.send(t, "PUT", "/v1/products/4012?wait=applied", `{"name":"Taco shells","price":19.95,"currency":"DKK"}`), 202)
	r.receipts(t, 5, "", "4011", "4012")
	r.receipts(t, 5, "", "4013", "4014")
	a := want[Answer](t, r.send(t, "GET", "/v1/products/4011/bought-together?count=1&explain=true", ""), 200)
	if len(a.Recomms) != 1 || len(a.RecommID) != 26 || a.AsOf.Seq != r.gate.seq {
		t.Fatalf("got %+v", a)
	}
	first := a.Recomms[0]
	if first.ID != "4012" || first.Rank != 1 || first.Values.Name != "Taco shells" || *first.Values.Price != 19.95 || first.Support <= 0 ||
		first.LastSeen != "2026-11-05" || len(first.Reason) == 0 || len(first.Evidence) == 0 {
		t.Fatalf("got %+v", first)
	}
	posted := want[Answer](t, r.send(t, "POST", "/v1/products/4011/bought-together", `{"count":1}`), 200)
	if posted.Recomms[0].ID != "4012" || posted.RecommID == a.RecommID {
		t.Fatalf("got %+v", posted)
	}
}

func TestMemberAndBasket(t *testing.T) {
	r := newRig(t, nil)
	r.receipts(t, 6, "m-1", "a", "b")
	a := want[Answer](t, r.send(t, "GET", "/v1/members/m-1/products?logic=buy-again", ""), 200)
	if !a.Personalised || len(a.Recomms) == 0 {
		t.Fatalf("got %+v", a)
	}
	stranger := want[Answer](t, r.send(t, "GET", "/v1/members/nobody/products", ""), 200)
	if stranger.Personalised {
		t.Fatal("a stranger's answer is personalised")
	}
	if _, known := r.opt.Tokens.Token("nobody"); known {
		t.Fatal("a read drew a token")
	}
	basket := want[Answer](t, r.send(t, "POST", "/v1/basket/recommendations", `{"products":["a"],"count":3}`), 200)
	if len(basket.Recomms) == 0 || basket.Recomms[0].ID != "b" {
		t.Fatalf("got %+v", basket)
	}
	leaning := want[Leanings](t, r.send(t, "GET", "/v1/products/a/members", ""), 200)
	if len(leaning.Members) != 1 || leaning.Members[0].Member != "m-1" || leaning.Members[0].Weight <= 0 {
		t.Fatalf("got %+v", leaning)
	}
	if affinity := want[Affinities](t, r.send(t, "GET", "/v1/members/m-1/affinity", ""), 200); !affinity.Known || len(affinity.Products) != 2 {
		t.Fatalf("got %+v", affinity)
	}
}

func TestEraseMember(t *testing.T) {
	r := newRig(t, nil)
	r.receipts(t, 3, "m-1", "a", "b")
	want[Change](t, r.send(t, "PUT", "/v1/members/m-1", `{"homeStore":"s1","chains":["c1"]}`), 202)
	if m := want[Member](t, r.send(t, "GET", "/v1/members/m-1", ""), 200); m.HomeStore != "s1" {
		t.Fatalf("got %+v", m)
	}
	if e := want[Export](t, r.send(t, "GET", "/v1/members/m-1/export", ""), 200); !e.Known || len(e.Affinities.Products) != 2 || e.Member == nil {
		t.Fatalf("got %+v", e)
	}
	erased := want[Erasure](t, r.send(t, "DELETE", "/v1/members/m-1?wait=applied", ""), 202)
	if !erased.Applied || erased.Removed != (Removed{Known: true, Profile: true, Products: 2}) {
		t.Fatalf("got %+v", erased)
	}
	if e := want[Export](t, r.send(t, "GET", "/v1/members/m-1/export", ""), 200); e.Known {
		t.Fatalf("still held: %+v", e)
	}
	if again := want[Erasure](t, r.send(t, "DELETE", "/v1/members/stranger", ""), 202); again.Seq != 0 || again.Removed.Known {
		t.Fatalf("got %+v", again)
	}
}

func TestDecisionIsKept(t *testing.T) {
	r := newRig(t, nil)
	r.receipts(t, 3, "m-1", "a", "b")
	a := want[Answer](t, r.send(t, "POST", "/v1/basket/recommendations", `{"products":["a"],"member":"m-1","scenario":"checkout"}`), 200)
	d := want[Decision](t, r.send(t, "GET", "/v1/recomms/"+a.RecommID+"?explain=true", ""), 200)
	if d.Question.Op != "basket" || d.Question.Member != "m-1" || d.Question.Scenario != "checkout" || !d.AsOf.Time.Equal(a.AsOf.Time) || d.AsOf.Seq != a.AsOf.Seq {
		t.Fatalf("got %+v", d)
	}
	if len(d.Recomms) != len(a.Recomms) || d.Recomms[0].ID != a.Recomms[0].ID || d.Recomms[0].Score != a.Recomms[0].Score {
		t.Fatalf("got %+v, answered %+v", d.Recomms, a.Recomms)
	}
	if !d.Explained.Exact || len(d.Explained.Recomms[0].Evidence) == 0 {
		t.Fatalf("got %+v", d.Explained)
	}
	want[Erasure](t, r.send(t, "DELETE", "/v1/members/m-1?wait=applied", ""), 202)
	delete(r.opt.Tokens.(*memoryTokens).tokens, "m-1")
	for _, page := range []string{"", "/next"} { // nothing is given of an erased member
		wantProblem(t, r.send(t, "GET", "/v1/recomms/"+a.RecommID+page, ""), 404, unknownDecision, "no decision")
	}
	wantProblem(t, r.send(t, "GET", "/v1/recomms/01J00000000000000000000000", ""), 404, unknownDecision, "the newest 200000")
}

func TestBatchAndRequests(t *testing.T) {
	r := newRig(t, nil)
	r.receipts(t, 3, "", "a", "b")
	b := want[BatchAnswer](t, r.send(t, "POST", "/v1/recomms/batch",
		`{"requests":[{"op":"together","params":{"product":"a","count":1}},{"op":"together"},{"op":"coupons"},{"op":"trending","params":{"cuont":1}},{"op":"trending"}]}`), 200)
	statuses := []int{}
	for _, item := range b.Answers {
		statuses = append(statuses, item.Status)
	}
	if len(b.Answers) != 5 || statuses[0] != 200 || statuses[1] != 400 || statuses[2] != 400 || statuses[3] != 400 || statuses[4] != 200 {
		t.Fatalf("got %v", statuses)
	}
	if a := want[Answer](t, reply{status: 200, body: b.Answers[0].Answer.RawMessage}, 200); a.Recomms[0].ID != "b" || b.Answers[1].Problem.Errors[0].Pointer != "/product" {
		t.Fatalf("got %+v", b)
	}
	wantProblem(t, r.send(t, "POST", "/v1/recomms/batch", `{"requests":[]}`), 400, badBody, "1 to 100")
	wantProblem(t, r.send(t, "POST", "/v1/recomms/batch", `{"request":[]}`), 400, badBody, "/request")

	body, err := r.HandleRequest(context.Background(), "together", []byte(`{"product":"a","count":1}`))
	if a := want[Answer](t, reply{status: 200, body: body}, 200); err != nil || a.Recomms[0].ID != "b" {
		t.Fatalf("got %s, %v", body, err)
	}
	body, err = r.HandleRequest(context.Background(), "together", []byte(`{"count":1}`))
	var p *Problem
	if !errors.As(err, &p) || p.Status != 400 || !strings.Contains(string(body), "/product") {
		t.Fatalf("got %s, %v", body, err)
	}
}

func TestWrongRequests(t *testing.T) {
	r := newRig(t, func(o *Options) { o.MaxBody, o.MaxEvents, o.WaitLimit = 500, 2, time.Millisecond })
	const receipt = `{"id":"1","type":"receipt","data":{"products":["a","b"]}}`
	for _, c := range []struct {
		method, target, body string
		headers              []string
		status               int
		kind, says           string
	}{
		{"GET", "/nowhere", "", nil, 404, unknownPath, "/docs"},
		{"GET", "/v1/events", "", nil, 405, wrongMethod, "POST"},
		{"PATCH", "/v1/products/a", "", nil, 405, wrongMethod, "GET, HEAD, PUT, DELETE"},
		{"GET", "/v1/trending?limit=3", "", nil, 400, unknownParameter, "limit"},
		{"GET", "/v1/products/a/members?cuont=3", "", nil, 400, unknownParameter, "did you mean count?"},
		{"GET", "/v1/stats?digset=true", "", nil, 400, unknownParameter, "did you mean digest?"},
		{"GET", "/v1/trending?count=x", "", nil, 400, badParameter, "/count"},
		{"GET", "/v1/products/%01/bought-together", "", nil, 400, badParameter, "/product"},
		{"GET", "/v1/products/%01", "", nil, 400, badID, "/id"},
		{"GET", "/v1/products/a", "", nil, 404, unknownProduct, "no product"},
		{"GET", "/v1/members/a", "", nil, 404, unknownMember, "nothing"},
		{"GET", "/v1/recomms/short", "", nil, 400, badID, "26"},
		{"GET", "/v1/trending?minSeq=99", "", nil, 503, behind, "position 99"},
		{"GET", "/v1/members/a/affinity?minSeq=99", "", nil, 503, behind, "position 99"},
		{"POST", "/v1/trending?count=1", `{"count":2}`, nil, 400, badParameter, "once only"},
		{"POST", "/v1/trending", `{"count":2}`, []string{"Content-Type", "text/plain"}, 415, wrongMediaType, "application/json"},
		{"POST", "/v1/events", receipt, []string{"Content-Type", ""}, 415, wrongMediaType, "missing"},
		{"POST", "/v1/events", receipt, []string{"Content-Encoding", "gzip"}, 415, wrongMediaType, "Content-Encoding"},
		{"POST", "/v1/events", strings.Repeat(" ", 501), nil, 413, tooLarge, "500 bytes"},
		{"PUT", "/v1/products/a", `{"name":"` + strings.Repeat("x", 501) + `"}`, nil, 413, tooLarge, ""},
		{"POST", "/v1/events", receipt + receipt + receipt, nil, 413, tooMany, "none was taken"},
		{"POST", "/v1/events?wiat=applied", receipt, nil, 400, unknownParameter, "did you mean wait?"},
		{"POST", "/v1/events", `{"type":"receipt","data":{}}`, nil, 400, badEvent, "rejected"},
		{"POST", "/v1/events", "", nil, 400, badEvent, "empty"},
		{"POST", "/v1/events", receipt, []string{"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"}, 403, foreignOrigin, "origin"},
		{"PUT", "/v1/products/a", `[]`, nil, 400, badBody, "a JSON object"},
		{"PUT", "/v1/products/a", `{"name":"x"},"type":"member.erased"`, nil, 400, badBody, "a JSON object"},
		{"PUT", "/v1/products/a", `{"product":"b"}`, nil, 400, badBody, "/product"},
		{"PUT", "/v1/products/a", `{"price":"2"}`, nil, 400, badBody, "/price"},
		{"PUT", "/v1/products/a", `{}`, []string{"Content-Type", "text/plain"}, 415, wrongMediaType, "application/json"},
		{"PUT", "/v1/products/a/stock/s", `{"availability":"Gone"}`, nil, 400, badBody, "/availability"},
	} {
		got := r.send(t, c.method, c.target, c.body, c.headers...)
		t.Run(c.method+" "+c.target, func(t *testing.T) { wantProblem(t, got, c.status, c.kind, c.says) })
		if c.status == 503 && got.header.Get("Retry-After") == "" {
			t.Errorf("%s %s: no Retry-After", c.method, c.target)
		}
	}
	if got := r.send(t, "GET", "/v1/events", ""); got.header.Get("Allow") != "POST" {
		t.Errorf("Allow is %q", got.header.Get("Allow"))
	}
	if r.gate.seq != 0 {
		t.Errorf("%d events were taken", r.gate.seq)
	}
}

// A body whose length is not said beforehand is bounded as well.
func TestPanicIsCaught(t *testing.T) {
	r := newRig(t, nil)
	r.opt.Now = func() time.Time { panic("secret") }
	for _, target := range []string{"/v1/trending", "/v1/stats"} {
		if got := r.send(t, "GET", target, ""); strings.Contains(string(got.body), "secret") {
			t.Error("the sender was told of the panic")
		} else {
			wantProblem(t, got, 500, internal, "log")
		}
	}
	if !strings.Contains(r.log.String(), "secret") {
		t.Error("the log does not say what panicked")
	}
	r.handle("GET /half", func(w http.ResponseWriter, _ *http.Request) {
		w.Write([]byte("half"))
		panic("halfway")
	})
	defer func() {
		if recover() != http.ErrAbortHandler {
			t.Error("half an answer was passed off as a whole one")
		}
	}()
	r.send(t, "GET", "/half", "")
}

func TestNotReady(t *testing.T) {
	r := newRig(t, nil)
	r.SetReady(false)
	for _, c := range []struct{ method, target, body string }{
		{"GET", "/readyz", ""}, {"GET", "/v1/trending", ""}, {"POST", "/v1/events", `{"type":"view"}`}, {"GET", "/v1/members/a/affinity", ""},
		{"PUT", "/v1/products/a", `{}`}, {"POST", "/v1/recomms/batch", `{}`},
	} {
		got := r.send(t, c.method, c.target, c.body)
		wantProblem(t, got, 503, notReady, "position")
	}
	if _, err := r.HandleRequest(context.Background(), "trending", nil); err == nil {
		t.Error("answered over NATS before it was ready")
	}
	if s := want[Stats](t, r.send(t, "GET", "/v1/stats", ""), 200); s.Ready {
		t.Error("stats say that it is ready")
	}
	if got := r.send(t, "GET", "/livez", ""); got.status != 200 {
		t.Errorf("livez says %d", got.status)
	}
	r.SetReady(true)
	if got := r.send(t, "GET", "/readyz", ""); got.status != 200 {
		t.Errorf("readyz says %d", got.status)
	}
}

func TestOrigins(t *testing.T) {
	r := newRig(t, func(o *Options) { o.AllowedOrigins = []string{"https://shop.example"} })
	got := r.send(t, "GET", "/v1/trending", "", "Origin", "https://shop.example")
	if got.header.Get("Access-Control-Allow-Origin") != "https://shop.example" {
		t.Errorf("got %v", got.header)
	}
	got = r.send(t, "OPTIONS", "/v1/events", "", "Origin", "https://shop.example", "Access-Control-Request-Method", "POST")
	if got.status != 204 || !strings.Contains(got.header.Get("Access-Control-Allow-Methods"), "POST") {
		t.Errorf("got %d %v", got.status, got.header)
	}
	got = r.send(t, "GET", "/v1/trending", "", "Origin", "https://evil.example")
	if got.header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("got %v", got.header)
	}
	if _, err := New(Options{Engine: r.engine, Gate: r.gate, Tokens: r.opt.Tokens, Now: r.opt.Now, AllowedOrigins: []string{"https://shop.example/path"}}); err == nil {
		t.Error("took an origin with a path")
	}
}

// A request that runs when the server is told to stop is finished.
func TestServeStopsWithoutCutting(t *testing.T) {
	entered, leave := make(chan struct{}), make(chan struct{})
	r := newRig(t, nil)
	r.handle("GET /slow", func(w http.ResponseWriter, _ *http.Request) {
		close(entered)
		<-leave
		writeText(w, 200, "finished")
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- r.Serve(ctx, listener) }()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	answered := make(chan error, 1)
	go func() {
		resp, err := client.Get("http://" + listener.Addr().String() + "/slow")
		if err == nil {
			err = iotest.TestReader(resp.Body, []byte("finished"))
			resp.Body.Close()
		}
		answered <- err
	}()
	<-entered
	stop()
	for phase(r.phase.Load()) != draining {
		runtime.Gosched()
	}
	wantProblem(t, r.send(t, "GET", "/readyz", ""), 503, notReady, "elsewhere")
	close(leave)
	if err := <-answered; err != nil {
		t.Errorf("the running request was cut: %v", err)
	}
	if err := <-served; err != nil {
		t.Errorf("Serve: %v", err)
	}
}

// Reads, events and those who count, all at once: for the race detector, and
// every answer must be whole.
func TestManyAtOnce(t *testing.T) {
	r := newRig(t, func(o *Options) { o.DecisionBytes = 4 << 10 })
	r.receipts(t, 3, "m-1", "a", "b")
	var all sync.WaitGroup
	for worker := range 4 {
		all.Go(func() {
			for i := range 40 {
				id := fmt.Sprintf("%d-%d", worker, i)
				checkWhole(t, r.send(t, "POST", "/v1/events", `{"id":"`+id+`","type":"receipt","data":{"member":"m-1","products":["a","b","`+id+`"]}}`), 202)
				checkWhole(t, r.send(t, "GET", "/v1/products/a/bought-together?explain=true", ""), 200)
				checkWhole(t, r.send(t, "POST", "/v1/basket/recommendations", `{"products":["a"],"member":"m-1"}`), 200)
				checkWhole(t, r.send(t, "GET", "/v1/members/m-1/affinity", ""), 200)
				checkWhole(t, r.send(t, "GET", "/v1/stats?digest=true", ""), 200)
				checkWhole(t, r.send(t, "GET", "/v1/trending?count=x", ""), 400)
			}
		})
	}
	all.Wait()
	if s := want[Stats](t, r.send(t, "GET", "/v1/stats", ""), 200); s.Decisions.Bytes > 4<<10 || s.Decisions.Dropped == 0 || s.Events.Applied != 163 {
		t.Errorf("got %+v", s)
	}
}

func checkWhole(t *testing.T, got reply, status int) {
	if got.status != status || !json.Valid(got.body) {
		t.Errorf("status %d, expected %d: %s", got.status, status, got.body)
	}
}

func TestMetrics(t *testing.T) {
	r := newRig(t, nil)
	r.receipts(t, 2, "", "a", "b")
	r.send(t, "GET", "/v1/trending", "")
	r.send(t, "GET", "/v1/trending?x=1", "")
	text := string(r.send(t, "GET", "/metrics", "").body)
	for _, line := range []string{
		`nabo_http_requests_total{class="2xx",route="GET /v1/trending"} 1`,
		`nabo_http_requests_total{class="4xx",route="GET /v1/trending"} 1`,
		`nabo_http_request_seconds_count{route="POST /v1/events"} 2`,
		"nabo_events_applied_total 2", "nabo_lag 0", "nabo_checkpoint_age_seconds 60", "nabo_edges", "nabo_nodes", `nabo_memory_bytes{part="dedupeKeys"}`, `nabo_memory_items{part="productEdges"}`, "nabo_memory_live_bytes", "nabo_bytes_per_edge",
		"nabo_gate_queue_limit 10", "go_goroutines", "nabo_events_duplicate_total 0",
	} {
		if !strings.Contains(text, line) {
			t.Errorf("/metrics lacks %s", line)
		}
	}
}
