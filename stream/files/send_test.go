package files

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"nabo/engine/event"
)

// fakeNabo takes events as the server does: each once.
type fakeNabo struct {
	// before, if it is set, sees each request first and returns true when
	// it has answered it; n counts from 1.
	before func(n int, w http.ResponseWriter, r *http.Request) bool

	mu      sync.Mutex
	behind  int // how many looks at the stats it takes until all is applied
	n       int
	known   map[string]int // how often each event came
	order   []string       // of those that were new
	applied []bool         // of each request: it waited
}

func (f *fakeNabo) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/livez":
		return
	case "/v1/stats":
		f.mu.Lock()
		defer f.mu.Unlock()
		f.behind--
		fmt.Fprintf(w, `{"position":%d}`, len(f.order)-max(0, f.behind))
		return
	}
	f.mu.Lock()
	f.n++
	n := f.n
	f.mu.Unlock()
	if f.before != nil && f.before(n, w, r) {
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil || r.URL.Path != "/v1/events" || r.Header.Get("Content-Type") != "application/x-ndjson" {
		http.Error(w, "bad request", http.StatusBadRequest)
		return
	}
	answer := f.take(body, r.URL.Query().Get("wait") == "applied")
	if answer.Accepted+answer.Duplicates > 0 {
		w.WriteHeader(http.StatusAccepted)
	} else {
		w.WriteHeader(http.StatusBadRequest)
	}
	json.NewEncoder(w).Encode(answer)
}

func (f *fakeNabo) take(body []byte, applied bool) answer {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.known == nil {
		f.known = map[string]int{}
	}
	f.applied = append(f.applied, applied)
	var a answer
	event.Scan(body, func(i int, ev *event.Event, err error) bool {
		switch {
		case err != nil:
			a.Rejected = append(a.Rejected, refused{i, "", err.Error()})
		case ev.Store == "closed":
			a.Rejected = append(a.Rejected, refused{i, "/data/store", "must be open"})
		case f.known[ev.ID] > 0 && ev.ID != "":
			a.Duplicates++
			f.known[ev.ID]++
		default:
			a.Accepted++
			f.known[ev.ID]++
			f.order = append(f.order, ev.ID)
		}
		return true
	})
	a.Seq, a.Applied = uint64(len(f.order)), applied && f.behind == 0
	return a
}

// runImport imports a file into a server and returns what was said.
func runImport(t *testing.T, h http.Handler, o Import, text []byte) (said string, err error) {
	t.Helper()
	srv := httptest.NewServer(h)
	defer srv.Close()
	o.Server = srv.URL
	return runTo(t, context.Background(), o, text)
}

func runTo(t *testing.T, ctx context.Context, o Import, text []byte) (said string, err error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sales.csv")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if o.Rejects == "" {
		o.Rejects = filepath.Join(t.TempDir(), "rejects.csv")
	}
	var out bytes.Buffer
	o.Files, o.Out, o.Err = append(o.Files, path), &out, io.Discard
	err = o.Run(ctx)
	return out.String(), err
}

func TestSendAll(t *testing.T) {
	var nabo fakeNabo
	said, err := runImport(t, &nabo, Import{Batch: 64}, salesCSV(1000))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(said, "1,000 receipts with 10,000 lines from 1 file") || !strings.Contains(said, "accepted 1,000   duplicates 0   rejected 0") {
		t.Errorf("said %s", said)
	}
	last := len(nabo.applied) - 1
	for i, applied := range nabo.applied {
		if applied != (i == last) {
			t.Errorf("request %d of %d: wait=applied is %v", i, last, applied)
		}
	}
	// A batch may pass another by a little, while nothing fails.
	for i, id := range nabo.order {
		var n int
		if _, err := fmt.Sscanf(id[strings.LastIndexByte(id, '/')+1:], "%d", &n); err != nil {
			t.Fatal(err)
		}
		if off := n - 480000 - i; off < -4*64 || off > 4*64 {
			t.Fatalf("receipt %s is at place %d", id, i)
		}
	}
	said, err = runImport(t, &nabo, Import{Batch: 100}, salesCSV(1000))
	if err != nil || !strings.Contains(said, "accepted 0   duplicates 1,000") {
		t.Errorf("the second time: %v, said %s", err, said)
	}
}

func TestSendInOrder(t *testing.T) {
	nabo := fakeNabo{before: func(n int, w http.ResponseWriter, _ *http.Request) bool {
		if n%3 == 0 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return true
		}
		return false
	}}
	if _, err := runImport(t, &nabo, Import{Batch: 100, InFlight: 1}, salesCSV(500)); err != nil {
		t.Fatal(err)
	}
	for i, id := range nabo.order {
		if !strings.HasSuffix(id, fmt.Sprintf("/%d", 480000+i)) {
			t.Fatalf("receipt %s is at place %d", id, i)
		}
	}
}

// TestSendAgain has the server fail in every way that may pass.
func TestSendAgain(t *testing.T) {
	cut := func(w http.ResponseWriter) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			conn.Close()
		}
	}
	var nabo fakeNabo
	nabo.before = func(n int, w http.ResponseWriter, r *http.Request) bool {
		switch n {
		case 2:
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusServiceUnavailable)
			fmt.Fprint(w, `{"title":"Unavailable","detail":"the log is full"}`)
		case 3: // before anything is read
			cut(w)
		case 4: // taken, but the answer is lost
			body, _ := io.ReadAll(r.Body)
			nabo.take(body, false)
			cut(w)
		case 5: // half an answer
			w.WriteHeader(http.StatusAccepted)
			fmt.Fprint(w, `{"accepted":1`)
		case 6:
			w.WriteHeader(http.StatusTooManyRequests)
		default:
			return false
		}
		return true
	}
	said, err := runImport(t, &nabo, Import{Batch: 100}, salesCSV(700))
	if err != nil {
		t.Fatal(err)
	}
	if len(nabo.order) != 700 || !strings.Contains(said, "accepted 600   duplicates 100   rejected 0") || !strings.Contains(said, "5 requests were sent again") {
		t.Errorf("%d taken, said %s", len(nabo.order), said)
	}
}

// TestSendAllRejected has requests in which nothing is good, which a server
// answers with a problem.
func TestSendAllRejected(t *testing.T) {
	text := []byte("ts,store,receipt,product\n2026-03-01,closed,1,a\n2026-03-01,closed,2,a\n2026-03-01,open,3,a\n")
	said, err := runImport(t, &fakeNabo{}, Import{Batch: 2}, text)
	if err != nil || !strings.Contains(said, "accepted 1   duplicates 0   rejected 2") {
		t.Errorf("%v, said %s", err, said)
	}
	if said, err = runImport(t, &fakeNabo{}, Import{Batch: 1}, text); err != nil || !strings.Contains(said, "accepted 1   duplicates 0   rejected 2") {
		t.Errorf("one by one: %v, said %s", err, said)
	}
}

// TestSendWaits has a server that is too far behind to answer when all is
// applied.
func TestSendWaits(t *testing.T) {
	nabo := fakeNabo{behind: 3}
	if _, err := runImport(t, &nabo, Import{}, salesCSV(20)); err != nil || nabo.behind != 0 {
		t.Errorf("%v, %d behind", err, nabo.behind)
	}
}

func TestSendRejected(t *testing.T) {
	text := salesCSV(20)
	text = bytes.ReplaceAll(text, []byte("store-7"), []byte("closed"))
	text = append(text, "2026-03-01,1,x,m,p,1e11,1\n2026-03-01,1,x,m,,1,1\n"...)
	path := filepath.Join(t.TempDir(), "rejects.csv")
	said, err := runImport(t, &fakeNabo{}, Import{Rejects: path}, text)
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(b), `sales.csv,72,/data/store,must be open,"{""specversion"":""1.0"",""id"":""2026-03-01/closed/480007""`) ||
		!strings.Contains(string(b), "sales.csv,203,product,is empty,") {
		t.Errorf("rejects are %s", b)
	}
	if !strings.Contains(said, "accepted 20   duplicates 0   rejected 1") || !strings.Contains(said, "2 lines or events were no good, written with reasons to "+path) {
		t.Errorf("said %s", said)
	}
}

// TestSendTooLong has a server that takes little at once.
func TestSendTooLong(t *testing.T) {
	var nabo fakeNabo
	nabo.before = func(_ int, w http.ResponseWriter, r *http.Request) bool {
		if r.ContentLength > 3000 {
			w.WriteHeader(http.StatusRequestEntityTooLarge)
			return true
		}
		return false
	}
	long := "2026-03-01,1,long,m,p,1,1\n"
	text := append(salesCSV(100), strings.Repeat(long, 300)...)
	said, err := runImport(t, &nabo, Import{}, text)
	if err != nil || len(nabo.order) != 100 || !strings.Contains(said, "accepted 100   duplicates 0   rejected 1") {
		t.Errorf("%v, %d taken, said %s", err, len(nabo.order), said)
	}
}

func TestSendRefused(t *testing.T) {
	nabo := fakeNabo{before: func(_ int, w http.ResponseWriter, _ *http.Request) bool {
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprint(w, `{"title":"Unauthorized","detail":"a key is needed"}`)
		return true
	}}
	_, err := runImport(t, &nabo, Import{Batch: 10}, salesCSV(1000))
	if err == nil || !strings.Contains(err.Error(), "refuses the events: 401 Unauthorized: a key is needed") || !strings.Contains(err.Error(), "Run the same command again") {
		t.Errorf("got %v", err)
	}
}

func TestNobodyThere(t *testing.T) {
	srv := httptest.NewServer(http.NotFoundHandler())
	_, err := runTo(t, context.Background(), Import{Server: srv.URL}, salesCSV(1))
	if err == nil || !strings.Contains(err.Error(), "is no nabo") {
		t.Errorf("got %v", err)
	}
	srv.Close()
	_, err = runTo(t, context.Background(), Import{Server: srv.URL}, salesCSV(1))
	if !errors.Is(err, errNotThere) || !strings.Contains(err.Error(), "start it with `nabo serve`") {
		t.Errorf("got %v", err)
	}
}

// TestStopped interrupts an import between two requests and runs it again.
func TestStopped(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var nabo fakeNabo
	nabo.before = func(n int, _ http.ResponseWriter, _ *http.Request) bool {
		if n == 5 {
			cancel() // this request still ends well
		}
		return false
	}
	srv := httptest.NewServer(&nabo)
	defer srv.Close()
	o := Import{Server: srv.URL, Batch: 10}
	text := salesCSV(5000)
	_, err := runTo(t, ctx, o, text)
	if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "Run the same command again to go on") {
		t.Errorf("got %v", err)
	}
	taken := len(nabo.order)
	if taken < 50 || taken >= 5000 {
		t.Fatalf("%d were taken before the stop", taken)
	}
	said, err := runTo(t, context.Background(), o, text)
	if err != nil || len(nabo.order) != 5000 {
		t.Errorf("%v, %d taken", err, len(nabo.order))
	}
	if want := fmt.Sprintf("accepted %s   duplicates %s ", grouped(int64(5000-taken)), grouped(int64(taken))); !strings.Contains(said, want) {
		t.Errorf("said %s, want %s", said, want)
	}
}

// TestStoppedWhileWaiting interrupts an import whose server keeps saying no.
func TestStoppedWhileWaiting(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	nabo := fakeNabo{before: func(n int, w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("Retry-After", "3600")
		w.WriteHeader(http.StatusServiceUnavailable)
		cancel()
		return true
	}}
	srv := httptest.NewServer(&nabo)
	defer srv.Close()
	start := time.Now()
	if _, err := runTo(t, ctx, Import{Server: srv.URL, Batch: 10}, salesCSV(100)); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if spent := time.Since(start); spent > graceTime/2 {
		t.Errorf("it took %v to stop", spent)
	}
}
