package app

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"nabo/stream"
)

// client is one with connections of its own, closed with the test.
func client(t *testing.T) *http.Client {
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// ask makes a request and returns the status and the body.
func ask(t *testing.T, c *http.Client, method, url, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Error(err)
		return 0, ""
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := c.Do(req)
	if err != nil {
		t.Error(err)
		return 0, ""
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Error(err)
	}
	return resp.StatusCode, string(text)
}

// must makes a request that must have a status.
func (r *running) must(c *http.Client, method, path, body string, status int) string {
	r.t.Helper()
	got, text := ask(r.t, c, method, r.at.HTTP+path, body)
	if got != status {
		r.t.Fatalf("%s %s: %d, want %d: %s", method, path, got, status, text)
	}
	return text
}

// usedOf is what GET /v1/offers/{id} says was used.
func (r *running) usedOf(c *http.Client, id string) (used struct{ Activations, Redemptions int }, state string) {
	r.t.Helper()
	var out struct {
		State string
		Used  struct{ Activations, Redemptions int }
	}
	if err := json.Unmarshal([]byte(r.must(c, "GET", "/v1/offers/"+id, "", 200)), &out); err != nil {
		r.t.Fatal(err)
	}
	return out.Used, out.State
}

// Many members ask for an offer at the same moment, some of them twice, and
// exactly as many get it as its budget allows, also by the log.
func TestExactlyTheBudgetSucceeds(t *testing.T) {
	const budget, members, each = 25, 80, 2
	opt := Options{Config: settings(t.TempDir())}
	r, c := launch(t, opt), client(t)
	r.must(c, "PUT", "/v1/offers/coffee", fmt.Sprintf(`{"products":["p1"],"budget":{"activations":%d}}`, budget), 200)
	r.must(c, "PUT", "/v1/offers/tea", `{"products":["p2"]}`, 200)

	var got [members][each]int
	var wrong atomic.Pointer[string]
	begin := make(chan struct{})
	var asking sync.WaitGroup
	for m := range members {
		for n := range each {
			asking.Go(func() {
				<-begin
				status, text := ask(t, c, "PUT", fmt.Sprintf("%s/v1/members/m-%d/activations/coffee", r.at.HTTP, m), "")
				got[m][n] = status
				switch {
				case status == 200 && strings.Contains(text, `"activationsLeft":9`) && strings.Contains(text, `"id":"tea"`):
				case status == 409 && strings.Contains(text, `"type":"urn:nabo:problem:budget-exhausted"`):
				default:
					wrong.Store(&text)
				}
			})
		}
	}
	close(begin)
	asking.Wait()
	if text := wrong.Load(); text != nil {
		t.Errorf("an answer was %s", *text)
	}
	have := 0
	for m := range got {
		if got[m][0] != got[m][1] {
			t.Errorf("m-%d got %v for the same", m, got[m])
		}
		if got[m][0] == 200 {
			have++
		}
	}
	if used, state := r.usedOf(c, "coffee"); have != budget || used.Activations != budget || state != "spent" {
		t.Errorf("%d members have the offer, %d activations counted, state %s; the budget is %d", have, used.Activations, state, budget)
	}
	before := r.stats().Digest
	c.CloseIdleConnections()
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	opt.Rebuild = true
	r = launch(t, opt)
	if used, _ := r.usedOf(c, "coffee"); used.Activations != budget || r.stats().Digest != before {
		t.Errorf("by the log alone: %d activations, %+v, before %+v", used.Activations, r.stats().Digest, before)
	}
}

// What the test knows of the offer that comes and goes.
const (
	changing  = iota // a change is on its way
	present          // its upsert is acknowledged
	withdrawn        // its withdrawal is acknowledged
	states
)

// While lookups run, an offer comes and goes: none that began after a change
// was acknowledged, and ended before the next one began, is behind it.
func TestWithdrawnOfferIsGoneAtOnce(t *testing.T) {
	const rounds, askers = 12, 3
	r, c := launch(t, Options{Config: settings(t.TempDir())}), client(t)
	for i := range 10 {
		r.must(c, "PUT", fmt.Sprintf("/v1/offers/o-%d", i), fmt.Sprintf(`{"products":["p-%d"]}`, i), 200)
	}
	r.post("/v1/events?wait=applied", receipt("r-1", "m-1", "p-1", "gone"))

	var now atomic.Int64 // counts the changes, times states, and the state
	var lookups, told [states]atomic.Int64
	done := make(chan struct{})
	var asking sync.WaitGroup
	for n := range askers {
		asking.Go(func() {
			url := fmt.Sprintf("%s/v1/members/m-%d/offers?count=20", r.at.HTTP, n%2)
			for {
				select {
				case <-done:
					return
				default:
				}
				before := now.Load()
				status, text := ask(t, c, "GET", url, "")
				has := strings.Contains(text, `"id":"gone"`)
				state := before % states
				lookups[state].Add(1)
				switch {
				case status != 200:
					t.Errorf("%d: %s", status, text)
					return
				case now.Load() != before || state == changing:
				case has != (state == present):
					t.Errorf("the offer is in the answer: %v, in state %d: %s", has, state, text)
				default:
					told[state].Add(1)
				}
			}
		})
	}
	asking.Go(func() { keepBusy(t, c, r.at.HTTP, done) })
	for i := range int64(rounds) {
		now.Store(states * 2 * i)
		r.must(c, "PUT", "/v1/offers/gone?wait=applied", `{"products":["gone"]}`, 200)
		settle(t, &now, &lookups[present], states*2*i+present)
		now.Store(states * (2*i + 1))
		r.must(c, "DELETE", "/v1/offers/gone?wait=applied", "", 200)
		settle(t, &now, &lookups[withdrawn], states*(2*i+1)+withdrawn)
	}
	close(done)
	asking.Wait()
	if told[present].Load() < rounds || told[withdrawn].Load() < rounds {
		t.Errorf("only %d and %d lookups told anything", told[present].Load(), told[withdrawn].Load())
	}
}

// keepBusy sends receipts, so that what is durable is not applied at once.
func keepBusy(t *testing.T, c *http.Client, at string, done chan struct{}) {
	for i := 0; ; i++ {
		select {
		case <-done:
			return
		default:
		}
		if status, text := ask(t, c, "POST", at+"/v1/events?wait=applied", flood(i)); status != 202 {
			t.Errorf("%d: %s", status, text)
			return
		}
	}
}

// flood is some receipts that take their time.
func flood(n int) string {
	var out strings.Builder
	for i := range 150 {
		var products []string
		for k := range 14 {
			products = append(products, fmt.Sprint("x-", (n*7+i*13+k*k)%500))
		}
		out.WriteString(receipt(fmt.Sprintf("f-%d-%d", n, i), fmt.Sprint("f-", i), products...) + "\n")
	}
	return out.String()
}

// settle makes a state known, and returns when some lookups were made in it.
func settle(t *testing.T, now, lookups *atomic.Int64, state int64) {
	from := lookups.Load()
	now.Store(state)
	for lookups.Load() < from+8 && !t.Failed() {
		runtime.Gosched()
	}
}

// A list is made, read and read again after a restart; with nothing going on,
// each row is what its member is answered.
func TestListOverHTTP(t *testing.T) {
	opt := Options{Config: settings(t.TempDir())}
	r, c := launch(t, opt), client(t)
	var events bytes.Buffer
	for i := range 40 {
		events.WriteString(receipt(fmt.Sprint("r-", i), fmt.Sprint("m-", i%20), fmt.Sprint("p-", i%7), fmt.Sprint("p-", i%5)) + "\n")
	}
	r.post("/v1/events?wait=applied", events.String())
	for i := range 7 {
		r.must(c, "PUT", fmt.Sprintf("/v1/offers/o-%d", i), fmt.Sprintf(`{"products":["p-%d"],"memberPrice":%d}`, i, i+1), 200)
	}
	var list struct{ ID, State string }
	if err := json.Unmarshal([]byte(r.must(c, "POST", "/v1/lists", `{"scenario":"newsletter","values":true}`, 202)), &list); err != nil {
		t.Fatal(err)
	}
	rows := r.must(c, "GET", "/v1/lists/"+list.ID+"/rows", "", 200)
	lines := strings.SplitAfter(strings.TrimSuffix(rows, "\n"), "\n")
	if len(lines) != 20 {
		t.Fatalf("%d rows: %s", len(lines), rows)
	}
	for _, line := range lines {
		var row struct {
			Member  string
			Recomms json.RawMessage
		}
		var answer struct{ Recomms json.RawMessage }
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(r.get("/v1/members/"+row.Member+"/offers?scenario=newsletter")), &answer); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(row.Recomms, answer.Recomms) || len(row.Recomms) < 100 {
			t.Errorf("%s: the row has\n%s, the answer\n%s", row.Member, row.Recomms, answer.Recomms)
		}
	}
	c.CloseIdleConnections()
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	r = launch(t, opt)
	rest := r.must(c, "GET", fmt.Sprintf("/v1/lists/%s/rows?cursor=1.%d", list.ID, len(lines[0])), "", 200)
	if lines[0]+rest != rows {
		t.Errorf("after a restart, behind the first row: %s", rest)
	}
}

// A published list is what is read over HTTP, and its last message says how it
// ended.
func TestListOverNATS(t *testing.T) {
	opt := Options{Config: settings(t.TempDir())}
	opt.NATSListen = "127.0.0.1:0"
	r, c := launch(t, opt), client(t)
	nc, err := nats.Connect(r.at.NATS)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	sub, err := nc.SubscribeSync("nabo.out.lists.*")
	if err == nil {
		err = nc.Flush()
	}
	if err != nil {
		t.Fatal(err)
	}
	for i := range 10 {
		r.post("/v1/events?wait=applied", receipt(fmt.Sprint("r-", i), fmt.Sprint("m-", i), "p-1", "p-2"))
	}
	r.must(c, "PUT", "/v1/offers/o", `{"products":["p-1"]}`, 200)
	var list struct{ ID string }
	if err := json.Unmarshal([]byte(r.must(c, "POST", "/v1/lists", `{"scenario":"newsletter","publish":true,"format":"csv"}`, 202)), &list); err != nil {
		t.Fatal(err)
	}
	rows := r.must(c, "GET", "/v1/lists/"+list.ID+"/rows", "", 200)
	var published strings.Builder
	for end := ""; end == ""; {
		msg, err := sub.NextMsg(20 * time.Second)
		if err != nil {
			t.Fatal(err)
		}
		if msg.Subject != "nabo.out.lists."+list.ID {
			t.Errorf("published to %s", msg.Subject)
		}
		published.Write(msg.Data)
		end = msg.Header.Get(stream.HeaderEnd)
	}
	if published.String() != rows || strings.Count(rows, "\n") != 11 {
		t.Errorf("published\n%s, over HTTP\n%s", published.String(), rows)
	}
	answer, err := nc.Request("nabo.recomms.offers", []byte(`{"member":"m-1","count":1}`), 5*time.Second)
	if err != nil || !strings.Contains(string(answer.Data), `"id":"o"`) {
		t.Errorf("answer: %s %v", answer.Data, err)
	}
}

// The decision behind a mail's link is there after a restart.
func TestOffersDecisionOutlivesARestart(t *testing.T) {
	opt := Options{Config: settings(t.TempDir())}
	r, c := launch(t, opt), client(t)
	r.must(c, "PUT", "/v1/offers/o", `{"products":["p-1"]}`, 200)
	var answer struct{ RecommID string }
	if err := json.Unmarshal([]byte(r.must(c, "GET", "/v1/members/m-1/offers", "", 200)), &answer); err != nil {
		t.Fatal(err)
	}
	c.CloseIdleConnections()
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	r = launch(t, opt)
	if got := r.must(c, "GET", "/v1/recomms/"+answer.RecommID, "", 200); !strings.Contains(got, `"id":"o"`) {
		t.Errorf("the decision is %s", got)
	}
}

// The first answer after a restart is in the order of the last one before: what
// sells is not in the checkpoint, and is known before the process is ready.
func TestFirstAnswerAfterARestart(t *testing.T) {
	opt := Options{Config: settings(t.TempDir())}
	r, c := launch(t, opt), client(t)
	r.must(c, "PUT", "/v1/offers/a", `{"products":["p-1"]}`, 200)
	r.must(c, "PUT", "/v1/offers/b", `{"products":["p-2"]}`, 200)
	for i := range 20 {
		products := []string{"p-2"}
		for n := range 40 { // enough of them that refining takes longer than an answer
			products = append(products, fmt.Sprintf("x-%d-%d", i, n))
		}
		r.post("/v1/events?wait=applied", receipt(fmt.Sprintf("r-%d", i), fmt.Sprintf("m-%d", i), products...))
	}
	const question = "/v1/members/nobody/offers?explain=true"
	best := func() (id string, popular float64) {
		var answer struct {
			Recomms []struct {
				ID    string
				Parts struct{ Popular float64 }
			}
		}
		if err := json.Unmarshal([]byte(r.must(c, "GET", question, "", 200)), &answer); err != nil {
			t.Fatal(err)
		}
		return answer.Recomms[0].ID, answer.Recomms[0].Parts.Popular
	}
	deadline := time.Now().Add(20 * time.Second)
	id, popular := best()
	for ; popular == 0 && time.Now().Before(deadline); id, popular = best() {
	}
	if id != "b" || popular == 0 {
		t.Fatalf("before the restart the first is %s with %v for being popular", id, popular)
	}
	c.CloseIdleConnections()
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	r = launch(t, opt)
	if again, now := best(); again != id || now == 0 {
		t.Errorf("after the restart the first is %s with %v for being popular, before it was %s with %v", again, now, id, popular)
	}
}

// What holds for offers where nothing is recorded is a setting.
func TestOfferSettings(t *testing.T) {
	for _, test := range []struct {
		name                     string
		change                   func(*Config)
		second                   int // status of a member's second activation
		personalised, marketable bool
	}{
		{"as they are", func(*Config) {}, 200, true, false},
		{"one activation", func(c *Config) { c.MaxActivations = 1 }, 409, true, false},
		{"no personalisation", func(c *Config) { c.NoPersonalisation = true }, 409, false, false},
		{"marketing", func(c *Config) { c.AssumeMarketing = true }, 200, true, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			opt := Options{Config: settings(t.TempDir())}
			test.change(&opt.Config)
			r, c := launch(t, opt), client(t)
			r.post("/v1/events?wait=applied", receipt("r-1", "m-1", "p-1", "p-2"))
			for _, id := range []string{"o-1", "o-2", "o-3"} {
				r.must(c, "PUT", "/v1/offers/"+id, `{"products":["`+id+`"]}`, 200)
			}
			if got := r.must(c, "GET", "/v1/members/m-1/offers", "", 200); strings.Contains(got, `"personalised":true`) != test.personalised {
				t.Errorf("expected personalised %v: %s", test.personalised, got)
			}
			if got := r.must(c, "GET", "/v1/members/m-1/offers?channel=email", "", 200); strings.Contains(got, `"id":"o-1"`) != test.marketable {
				t.Errorf("expected offers in a message %v: %s", test.marketable, got)
			}
			ask(t, c, "PUT", r.at.HTTP+"/v1/members/m-1/activations/o-1", "")
			r.must(c, "PUT", "/v1/members/m-1/activations/o-2", "", test.second)
		})
	}
}
