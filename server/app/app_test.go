package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"nabo/engine/event"
	"nabo/engine/store"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(childEnv); dir != "" {
		os.Exit(serveChild(dir))
	}
	goleak.VerifyTestMain(m)
}

// settings are those of a process that disturbs nobody.
func settings(dir string) Config {
	return Config{
		Data: dir, Listen: "127.0.0.1:0", NATSListen: "off", NATSReplicas: 1, Prefix: "nabo",
		CheckpointEvery: time.Second, CheckpointEvents: 1000, LogDays: 400, InboundKeep: time.Hour, DedupeDays: 400,
		MaxActivations: 10, MaxBody: 1 << 20, MaxEvents: 1000, WaitLimit: 5 * time.Second, StopTimeout: 10 * time.Second,
		LogLevel: "info", LogFormat: "text",
	}
}

// running is a process under test.
type running struct {
	t    *testing.T
	at   Addresses
	stop func() error // stops it and returns what Run returned; may be called again
}

// launch runs a process and returns when it is ready.
func launch(t *testing.T, opt Options) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ready, done := make(chan Addresses, 1), make(chan error, 1)
	opt.Ready = func(at Addresses) { ready <- at }
	go func() { done <- Run(ctx, opt) }()
	r := &running{t: t}
	var ended error
	stopped := false
	r.stop = func() error {
		if !stopped {
			cancel()
			stopped, ended = true, <-done
		}
		return ended
	}
	t.Cleanup(func() { _ = r.stop() })
	select {
	case r.at = <-ready:
	case err := <-done:
		stopped, ended = true, err
		t.Fatalf("the process ended: %v", err)
	}
	return r
}

func (r *running) post(path, body string) string {
	r.t.Helper()
	resp, err := http.Post(r.at.HTTP+path, "application/json", strings.NewReader(body))
	return r.read(path, resp, err)
}

func (r *running) get(path string) string {
	r.t.Helper()
	resp, err := http.Get(r.at.HTTP + path)
	return r.read(path, resp, err)
}

func (r *running) read(path string, resp *http.Response, err error) string {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	if resp.StatusCode/100 != 2 {
		r.t.Fatalf("%s: %s: %s", path, resp.Status, b)
	}
	http.DefaultClient.CloseIdleConnections()
	return string(b)
}

// statsOf is the part of /v1/stats that the tests look at.
type statsOf struct {
	Position uint64
	Events   struct{ Applied, Duplicates uint64 }
	Log      struct{ First, Last uint64 }
	Digest   struct {
		Position uint64
		Hash     string
	}
	Checkpoint struct{ Position uint64 }
}

func (r *running) stats() statsOf {
	r.t.Helper()
	var out statsOf
	if err := json.Unmarshal([]byte(r.get("/v1/stats?digest=true")), &out); err != nil {
		r.t.Fatal(err)
	}
	return out
}

func receipt(id, member string, products ...string) string {
	data := map[string]any{"store": "17", "products": products}
	if member != "" {
		data["member"] = member
	}
	b, err := json.Marshal(map[string]any{
		"type": "receipt", "source": "till", "id": id, "time": "2026-11-20T10:00:00Z", "data": data,
	})
	if err != nil {
		panic(err) // strings always marshal
	}
	return string(b)
}

func TestReceiptComesBackAndOutlivesRestarts(t *testing.T) {
	opt := Options{Config: settings(t.TempDir())}
	r := launch(t, opt)
	for i := range 5 {
		r.post("/v1/events?wait=applied", receipt(fmt.Sprint("r-", i), "m-1", "bread", "butter"))
	}
	const question = "/v1/products/bread/bought-together?count=1"
	if got := r.get(question); !strings.Contains(got, `"butter"`) {
		t.Fatalf("bought together with bread: %s", got)
	}
	before := r.stats()
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}

	r = launch(t, opt)
	if after := r.stats(); after.Digest != before.Digest || after.Checkpoint.Position != before.Position {
		t.Errorf("after a restart: %+v, before: %+v", after, before)
	}
	r.post("/v1/events?wait=applied", receipt("r-0", "m-1", "bread", "butter"))
	if got := r.stats(); got.Events.Applied != 5 {
		t.Errorf("%d events applied after one came again, want 5", got.Events.Applied)
	}
	if got := r.get("/v1/members/m-1/products?count=2"); !strings.Contains(got, `"personalised":true`) {
		t.Errorf("the member is not known: %s", got)
	}
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}

	opt.Rebuild = true
	r = launch(t, opt)
	if after := r.stats(); after.Digest != before.Digest {
		t.Errorf("after a rebuild: %+v, before: %+v", after.Digest, before.Digest)
	}
	aside, err := filepath.Glob(filepath.Join(opt.Data, "checkpoint.aside-*"))
	if err != nil || len(aside) != 1 {
		t.Errorf("set aside: %v %v", aside, err)
	}
}

func TestAnotherLogIsRefused(t *testing.T) {
	opt := Options{Config: settings(t.TempDir())}
	r := launch(t, opt)
	r.post("/v1/events?wait=applied", receipt("r-1", "m-1", "bread", "butter"))
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(opt.Data, logDir)); err != nil {
		t.Fatal(err)
	}
	wantStart(t, opt, "another log", "--rebuild")
}

// wantStart wants the start to fail with an error that says all parts.
func wantStart(t *testing.T, opt Options, parts ...string) {
	t.Helper()
	opt.Ready = func(Addresses) { t.Error("it became ready") }
	err := Run(t.Context(), opt)
	if err == nil {
		t.Fatal("it started")
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q does not say %q", err, part)
		}
	}
}

func TestTwoOnOneFolder(t *testing.T) {
	opt := Options{Config: settings(t.TempDir())}
	launch(t, opt)
	wantStart(t, opt, "another nabo uses this folder", opt.Data)
}

func TestTakenAddress(t *testing.T) {
	r := launch(t, Options{Config: settings(t.TempDir())})
	opt := Options{Config: settings(t.TempDir())}
	opt.Listen = strings.TrimPrefix(r.at.HTTP, "http://")
	wantStart(t, opt, "--listen", opt.Listen)
}

func TestDamagedCheckpoint(t *testing.T) {
	opt := Options{Config: settings(t.TempDir())}
	s, err := store.Open(store.Options{Dir: filepath.Join(opt.Data, checkpointDir)})
	if err != nil {
		t.Fatal(err)
	}
	err = s.Save(7, func(put func(key, value []byte) error) error { return put([]byte{engineKey, 1}, []byte("nonsense")) })
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	wantStart(t, opt, "--rebuild")
}

func TestFeedGoesThroughTheGate(t *testing.T) {
	fed := make(chan error, 1)
	opt := Options{Config: settings(t.TempDir())}
	opt.Feed = func(ctx context.Context, submit Submit) error {
		fed <- submit(ctx, []event.Event{{
			Type: event.TypeReceipt, ID: "1", Source: "feed", Time: 1_700_000_000_000, MemberID: "m",
			Body: &event.Receipt{Lines: []event.Line{{Product: "a", Qty: 1}, {Product: "b", Qty: 1}}},
		}})
		<-ctx.Done()
		return ctx.Err()
	}
	r := launch(t, opt)
	if err := <-fed; err != nil {
		t.Fatal(err)
	}
	if got := r.get("/v1/products/a/bought-together?count=1&minSeq=1"); !strings.Contains(got, `"b"`) {
		t.Errorf("what was fed does not come back: %s", got)
	}
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
}

func TestFailingFeedStopsTheProcess(t *testing.T) {
	broken := errors.New("broken")
	opt := Options{Config: settings(t.TempDir())}
	opt.Feed = func(context.Context, Submit) error { return broken }
	if err := Run(t.Context(), opt); !errors.Is(err, broken) || !strings.Contains(err.Error(), "the feed") {
		t.Fatalf("Run: %v", err)
	}
}

func TestCheckpointsAreWrittenWhileRunning(t *testing.T) {
	opt := Options{Config: settings(t.TempDir())}
	opt.CheckpointEvery = time.Hour
	r := launch(t, opt)
	var body bytes.Buffer
	for i := range 1000 { // CheckpointEvents
		body.WriteString(receipt(fmt.Sprint(i), "m", "a", "b") + "\n")
	}
	r.post("/v1/events?wait=applied", body.String())
	for deadline := time.Now().Add(20 * time.Second); r.stats().Checkpoint.Position == 0; {
		if time.Now().After(deadline) {
			t.Fatal("no checkpoint was written")
		}
	}
}
