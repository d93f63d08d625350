package push

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
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
	"testing/synctest"
	"time"
)

const testSecret = Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")

// answers is a transport that answers from a list, the last one for ever.
type answers struct {
	list []answer
	at   []time.Time
	reqs []*http.Request
}

type answer struct {
	status int
	after  string
	body   string
	err    error
}

func (a *answers) RoundTrip(req *http.Request) (*http.Response, error) {
	_, _ = io.Copy(io.Discard, req.Body)
	next := a.list[min(len(a.at), len(a.list)-1)]
	a.at, a.reqs = append(a.at, time.Now()), append(a.reqs, req)
	if next.err != nil {
		return nil, next.err
	}
	h := http.Header{}
	if next.after != "" {
		h.Set("Retry-After", next.after)
	}
	return &http.Response{StatusCode: next.status, Header: h, Body: io.NopCloser(strings.NewReader(next.body))}, nil
}

func testDead(t *testing.T, opt DeadOptions) *DeadLetters {
	t.Helper()
	if opt.Dir == "" {
		opt.Dir = t.TempDir()
	}
	opt.Name = "hook"
	d, err := OpenDeadLetters(opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

// letters reads all dead letters.
func letters(t *testing.T, d *DeadLetters) []Letter {
	t.Helper()
	names, err := d.files()
	if err != nil {
		t.Fatal(err)
	}
	var out []Letter
	for _, name := range names {
		for line := range bytes.Lines(read(t, name)) {
			var l Letter
			decode(t, line, &l)
			out = append(out, l)
		}
	}
	return out
}

func some(n int) []Change {
	var out []Change
	for i := range n {
		all := []Ranked{{"o1", 0.5, 1}, {"o2", 0.25, 2}}
		out = append(out, Change{Member: fmt.Sprintf("m-%d", i), Seq: 7, Time: at(7).Time, Full: true, Offers: Delta{Set: all}, AllOffers: all})
	}
	return out
}

// TestBackoff walks through what receivers answer, by the bubble's clock.
func TestBackoff(t *testing.T) {
	away := answer{err: errors.New("no route")}
	for _, c := range []struct {
		name    string
		answers []answer
		retry   Retry
		want    []time.Duration // from the first attempt
		dead    string          // in the reason; empty: taken
	}{
		{"taken at once", []answer{{status: 204}}, Retry{}, []time.Duration{0}, ""},
		{"doubled", []answer{{status: 500}, {status: 503}, away, {status: 200}}, Retry{}, []time.Duration{0, 1e9, 3e9, 7e9}, ""},
		{"at most Max", []answer{{status: 500}, {status: 500}, {status: 500}, {status: 200}}, Retry{Max: 2 * time.Second}, []time.Duration{0, 1e9, 3e9, 5e9}, ""},
		{"jitter", []answer{{status: 500}, {status: 500}, {status: 200}}, Retry{Jitter: func() float64 { return 1 }}, []time.Duration{0, 0.5e9, 1.5e9}, ""},
		{"Retry-After", []answer{{status: 429, after: "30"}, {status: 200}}, Retry{}, []time.Duration{0, 30e9}, ""},
		{"Retry-After, a date", []answer{{status: 503, after: "Sat, 01 Jan 2000 00:00:40 GMT"}, {status: 200}}, Retry{}, []time.Duration{0, 40e9}, ""},
		{"Retry-After, shorter", []answer{{status: 425, after: "0"}, {status: 408}, {status: 200}}, Retry{}, []time.Duration{0, 1e9, 3e9}, ""},
		{"Retry-After, too long", []answer{{status: 429, after: "3600"}}, Retry{}, []time.Duration{0}, "429"},
		{"refused", []answer{{status: 400, body: "no\nsuch  field"}}, Retry{}, []time.Duration{0}, "400 Bad Request no such field"},
		{"gone", []answer{{status: 410}}, Retry{}, []time.Duration{0}, "410"},
		{"redirect", []answer{{status: 302}}, Retry{}, []time.Duration{0}, "302"},
		{"attempts", []answer{{status: 500}}, Retry{Attempts: 3}, []time.Duration{0, 1e9, 3e9}, "given up after 3 attempts"},
		{"total", []answer{away}, Retry{Total: 4 * time.Second}, []time.Duration{0, 1e9, 3e9}, "no route"},
	} {
		synctest.Test(t, func(t *testing.T) {
			a := &answers{list: c.answers}
			dead := testDead(t, DeadOptions{})
			w, err := NewWebhook(WebhookOptions{URL: "https://x.example/hook?token=t0k3n", Secrets: []Secret{testSecret}, Dead: dead,
				Client: &http.Client{Transport: a}, Retry: c.retry, Now: time.Now})
			if err != nil {
				t.Fatal(err)
			}
			if err := w.Send(t.Context(), some(1)); err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			var got []time.Duration
			for i := range a.at {
				got = append(got, a.at[i].Sub(a.at[0]))
			}
			if fmt.Sprint(got) != fmt.Sprint(c.want) {
				t.Errorf("%s: attempts at %v, want %v", c.name, got, c.want)
			}
			all := letters(t, dead)
			if (c.dead == "") != (len(all) == 0) || c.dead != "" && !strings.Contains(all[0].Reason, c.dead) {
				t.Errorf("%s: letters %+v, want %q", c.name, all, c.dead)
			}
			for i, req := range a.reqs { // each attempt has its own time, all the same id
				if req.Header.Get("webhook-timestamp") != fmt.Sprint(a.at[i].Unix()) || req.Header.Get("webhook-id") != a.reqs[0].Header.Get("webhook-id") {
					t.Errorf("%s: attempt %d has the headers %v", c.name, i, req.Header)
				}
			}
		})
	}
}

// TestPauseEnds cancels a sink while it waits: nothing goes to the dead letters.
func TestPauseEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dead := testDead(t, DeadOptions{})
		w, err := NewWebhook(WebhookOptions{URL: "https://x.example", Secrets: []Secret{testSecret}, Dead: dead,
			Client: &http.Client{Transport: &answers{list: []answer{{status: 500}}}}, Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		if err := w.Send(ctx, some(1)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v, want the context's", err)
		}
		if dead.Bytes() != 0 {
			t.Error("what was cancelled is a dead letter")
		}
	})
}

// hook is a receiver that checks every request as the scheme asks.
type hook struct {
	t      *testing.T
	array  bool
	status func(n int) int
	mu     sync.Mutex
	got    []Change
	ends   int
	n      int
}

func (h *hook) ServeHTTP(rw http.ResponseWriter, req *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	body, err := io.ReadAll(req.Body)
	if err != nil || req.Method != http.MethodPost {
		h.t.Errorf("%s: %v", req.Method, err)
	}
	id, stamp := req.Header.Get("webhook-id"), req.Header.Get("webhook-timestamp")
	key, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(string(testSecret), "whsec_"))
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%s.%s", id, stamp, body)
	want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	signatures := strings.Split(req.Header.Get("webhook-signature"), " ")
	if len(signatures) != 2 || signatures[1] != want || strings.Contains(id, ".") {
		h.t.Errorf("signatures %v, want %s second", signatures, want)
	}
	h.n++
	if status := h.status(h.n); status != 200 {
		rw.WriteHeader(status)
		return
	}
	h.take(body, req.Header.Get("Content-Type"))
}

func (h *hook) take(body []byte, form string) {
	var items []json.RawMessage
	if h.array {
		decode(h.t, body, &items)
	} else {
		for line := range bytes.Lines(body) {
			items = append(items, line)
		}
	}
	if want := map[bool]string{false: "application/x-ndjson", true: "application/json"}[h.array]; form != want {
		h.t.Errorf("content type %s, want %s", form, want)
	}
	for _, item := range items {
		if bytes.HasPrefix(item, []byte(`{"end"`)) {
			h.ends++
			continue
		}
		var c Change
		decode(h.t, item, &c)
		h.got = append(h.got, c)
	}
}

// TestWebhook sends over a socket in both forms, loses a batch, and sends it
// again.
func TestWebhook(t *testing.T) {
	for _, array := range []bool{false, true} {
		h := &hook{t: t, array: array, status: func(n int) int {
			if n == 2 {
				return 422
			}
			return 200
		}}
		srv := httptest.NewServer(h)
		dead := testDead(t, DeadOptions{})
		other := Secret(base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("k"), 32)))
		w, err := NewWebhook(WebhookOptions{URL: srv.URL, Secrets: []Secret{other, testSecret}, Array: array, Changes: 4, Dead: dead, Client: srv.Client(), Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Send(t.Context(), some(10)); err != nil {
			t.Fatal(err)
		}
		if err := w.End(t.Context(), End{Seq: 7}); err != nil {
			t.Fatal(err)
		}
		if len(h.got) != 6 || h.n != 4 || h.ends != 1 || len(letters(t, dead)) != 1 {
			t.Fatalf("%d changes, %d requests, %d ends, %d letters; want 6, 4, 1, 1", len(h.got), h.n, h.ends, len(letters(t, dead)))
		}
		if sent, bad, err := Redeliver(t.Context(), dead, w); sent != 1 || bad != 0 || err != nil {
			t.Errorf("sent again %d, bad %d: %v", sent, bad, err)
		}
		if len(h.got) != 10 || dead.Bytes() != 0 || h.got[9].Member != "m-7" || len(h.got[9].Offers.Set) != 2 {
			t.Errorf("%d changes, last %+v, %d bytes left", len(h.got), h.got[len(h.got)-1], dead.Bytes())
		}
		srv.Close()
	}
}

// TestAway ends a sync against a receiver that refuses everything, and shows
// that no log, error or letter has a secret.
func TestAway(t *testing.T) {
	var log bytes.Buffer
	srv := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, req *http.Request) {
		rw.WriteHeader(http.StatusForbidden)
		fmt.Fprintf(rw, "bad key %s", strings.TrimPrefix(string(testSecret), "whsec_"))
	}))
	defer srv.Close()
	dead := testDead(t, DeadOptions{})
	w, err := NewWebhook(WebhookOptions{URL: srv.URL + "?token=t0k3n", Secrets: []Secret{testSecret}, Changes: 1, Dead: dead,
		Client: srv.Client(), Now: time.Now, Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	err = w.Send(t.Context(), some(9))
	if !errors.Is(err, ErrAway) {
		t.Errorf("error %v, want ErrAway", err)
	}
	all := letters(t, dead)
	if len(all) != maxLost {
		t.Errorf("%d letters, want %d", len(all), maxLost)
	}
	text := log.String() + err.Error() + fmt.Sprint(all) + fmt.Sprintf("%v %+v %#v", testSecret, w.opt.Secrets, testSecret)
	if strings.Contains(text, "MfKQ9r8GKY") || strings.Contains(text, "t0k3n") || !strings.Contains(text, hidden) {
		t.Errorf("a secret shows:\n%s", text)
	}
}

// TestSignature holds sign to the example that the scheme's libraries test with.
func TestSignature(t *testing.T) {
	key, err := base64.StdEncoding.DecodeString("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	if err != nil {
		t.Fatal(err)
	}
	w := &Webhook{keys: [][]byte{key}}
	got := w.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", []byte(`{"test": 2432232314}`))
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; got != want {
		t.Errorf("signature %s, want %s", got, want)
	}
}

func TestWebhookOptions(t *testing.T) {
	good := WebhookOptions{URL: "https://x.example", Secrets: []Secret{testSecret}, Dead: testDead(t, DeadOptions{}), Now: time.Now}
	if _, err := NewWebhook(good); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(o *WebhookOptions){
		"plain http": func(o *WebhookOptions) { o.URL = "http://x.example" },
		"no host":    func(o *WebhookOptions) { o.URL = "https://" },
		"no URL":     func(o *WebhookOptions) { o.URL = "%" },
		"no secret":  func(o *WebhookOptions) { o.Secrets = nil },
		"short":      func(o *WebhookOptions) { o.Secrets = []Secret{"whsec_aGVsbG8="} },
		"no base64":  func(o *WebhookOptions) { o.Secrets = []Secret{"whsec_%%%"} },
		"no clock":   func(o *WebhookOptions) { o.Now = nil },
		"no dead":    func(o *WebhookOptions) { o.Dead = nil },
		"bytes":      func(o *WebhookOptions) { o.Bytes = -1 },
		"retry":      func(o *WebhookOptions) { o.Retry.Max = -1 },
	} {
		opt := good
		change(&opt)
		if _, err := NewWebhook(opt); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
