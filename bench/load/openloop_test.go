package load

import (
	"context"
	"errors"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func addrOf(s *httptest.Server) string { return strings.TrimPrefix(s.URL, "http://") }

// A server that stalls once must be charged for all who waited behind it, not
// for the one request that it held.
func TestStallCountsForAllThatWait(t *testing.T) {
	const stall = 200 * time.Millisecond
	var seen atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if seen.Add(1) == 50 {
			<-time.After(stall)
		}
	}))
	defer server.Close()
	addr := addrOf(server)
	loop := openLoop{
		addr: addr, conns: 1, rate: 200, duration: 500 * time.Millisecond, want: 200,
		next: func(dst []byte, _ int) []byte { return append(dst, get(addr, "/")...) },
	}
	result, err := loop.run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if n := result.latency.TotalCount(); n != 100 {
		t.Errorf("%d answers, want 100", n)
	}
	// Forty were due during the stall; half of them waited for half of it.
	waited := 0
	for _, bar := range result.latency.Distribution() {
		if bar.From > int64(stall/2) {
			waited += int(bar.Count)
		}
	}
	if waited < 15 {
		t.Errorf("%d requests waited for half of the stall, want some 20", waited)
	}
}

func TestLoopKeepsItsRate(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer server.Close()
	addr := addrOf(server)
	loop := openLoop{
		addr: addr, conns: 8, rate: 1000, warmUp: 100 * time.Millisecond, duration: 400 * time.Millisecond, want: 200,
		next: func(dst []byte, _ int) []byte { return append(dst, get(addr, "/")...) },
	}
	result, err := loop.run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if n := result.latency.TotalCount(); n != 400 || result.rate < 500 || result.rate > 1100 {
		t.Errorf("%d answers after the warm-up, %.0f a second; want 400, some 1000", n, result.rate)
	}
}

func TestLoopCountsOtherStatuses(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "0") {
			w.WriteHeader(http.StatusTooManyRequests)
		}
	}))
	defer server.Close()
	addr := addrOf(server)
	loop := openLoop{
		addr: addr, conns: 2, rate: 1000, duration: 100 * time.Millisecond, want: 200,
		next: func(dst []byte, i int) []byte { return append(dst, get(addr, "/"+strconv.Itoa(i))...) },
	}
	result, err := loop.run(t.Context())
	if err != nil || result.failed != 10 || result.latency.TotalCount() != 90 {
		t.Errorf("%d failed, %d did not, error %v; want 10, 90", result.failed, result.latency.TotalCount(), err)
	}
}

func TestLoopEnds(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer server.Close()
	addr := addrOf(server)
	loop := openLoop{
		addr: addr, conns: 2, rate: 500, want: 200,
		next: func(dst []byte, _ int) []byte { return append(dst, get(addr, "/")...) },
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if result, err := loop.run(ctx); err != nil || result.latency.TotalCount() < 30 {
		t.Errorf("without a duration: %d answers, error %v", result.latency.TotalCount(), err)
	}
	loop.duration = time.Minute
	ctx, cancel = context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := loop.run(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("cut short: error %v, want the context's", err)
	}
}

func TestLoopReportsALostServer(t *testing.T) {
	var seen atomic.Int64
	var server *httptest.Server
	server = httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		if seen.Add(1) == 20 {
			server.CloseClientConnections()
		}
	}))
	defer server.Close()
	addr := addrOf(server)
	loop := openLoop{
		addr: addr, conns: 2, rate: 500, duration: time.Minute, want: 200,
		next: func(dst []byte, _ int) []byte { return append(dst, get(addr, "/")...) },
	}
	if _, err := loop.run(t.Context()); err == nil {
		t.Error("no error")
	}
}

func TestConnReadsAnswers(t *testing.T) {
	long := strings.Repeat("long ", 10_000)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		switch r.URL.Path {
		case "/echo":
			w.WriteHeader(http.StatusAccepted)
			w.Write(body)
		case "/chunks":
			for range 3 {
				io.WriteString(w, "part ")
				w.(http.Flusher).Flush()
			}
		case "/long":
			io.WriteString(w, long)
		case "/empty":
			w.WriteHeader(http.StatusNoContent)
		}
	}))
	defer server.Close()
	addr := addrOf(server)
	c, err := dial(t.Context(), addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for range 2 {
		for _, want := range []struct {
			request []byte
			status  int
			body    string
		}{
			{appendPost(nil, addr, "/echo", "text/plain", []byte("hello")), 202, "hello"},
			{get(addr, "/chunks"), 200, "part part part "},
			{get(addr, "/empty"), 204, ""},
			{get(addr, "/long"), 200, long},
		} {
			status, body, err := c.do(want.request)
			if err != nil || status != want.status || string(body) != want.body {
				t.Fatalf("%.40q: status %d, %d bytes, error %v; want %d, %d", want.request, status, len(body), err, want.status, len(want.body))
			}
		}
	}
}

func TestBareHandlerAnswersFromItsTable(t *testing.T) {
	q := []question{{uri: "/v1/a?count=1"}, {uri: "/v1/b", body: []byte(`{"x":1}`)}}
	server := httptest.NewServer(bareHandler(map[string][]byte{q[0].key(): []byte("A"), q[1].key(): []byte("B")}))
	defer server.Close()
	addr := addrOf(server)
	answers, err := ask(t.Context(), addr, q)
	if err != nil || string(answers[q[0].key()]) != "A" || string(answers[q[1].key()]) != "B" {
		t.Errorf("answers %s, error %v", answers, err)
	}
	if _, err := ask(t.Context(), addr, []question{{uri: "/v1/c"}}); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("error %v, want a 404", err)
	}
}

func TestQuestionsKeepTheMix(t *testing.T) {
	o := small(t, io.Discard, io.Discard)
	base, err := o.base(time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]int{}
	qs := questions(base, Mix{Together: 50, Basket: 30, Goods: 20, Count: 10}, 1000)
	for _, q := range qs {
		kinds[strings.Split(q.uri, "/")[2]]++
	}
	if len(qs) != 1000 || math.Abs(float64(kinds["products"]-500)) > 30 ||
		math.Abs(float64(kinds["basket"]-300)) > 30 || math.Abs(float64(kinds["members"]-200)) > 30 {
		t.Errorf("%d questions: %v", len(qs), kinds)
	}
}

func TestReportTakesMedians(t *testing.T) {
	r := ServeReport{}
	for _, p99 := range [][2]float64{{1, 1}, {9, 3}, {4, 2}} {
		r.Rounds = append(r.Rounds, Round{"nabo", LoopPart{Latency: Latency{P99: p99[0]}}}, Round{"bare", LoopPart{Latency: Latency{P99: p99[1]}}})
		r.Peaks = append(r.Peaks, Peak{"nabo", p99[1]}, Peak{"bare", p99[0]})
	}
	r.sum()
	if r.P99 != 4 || r.P99Bare != 2 || r.P99Ratio != 2 || r.PeakPart != 0.5 {
		t.Errorf("%+v", r)
	}
}
