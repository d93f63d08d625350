package load

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/signal"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"go.uber.org/goleak"

	"nabo/engine/event"
)

// The children that a load starts are the test binary itself: TestMain plays
// the commands that it is started with.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && (os.Args[1] == "serve" || os.Args[1] == "bench") {
		if err := playChild(os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m)
}

func playChild(args []string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	if args[0] == "bench" {
		b := Bare{Table: args[2], Out: os.Stdout}
		return b.Run(ctx)
	}
	addr := ""
	for i, a := range args {
		if a == "--listen" {
			addr = args[i+1]
		}
	}
	if os.Getenv("LOAD_TEST_BROKEN") != "" {
		return fmt.Errorf("the disk is on fire")
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: &fakeServer{}}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	<-ctx.Done()
	server.Close()
	<-ended
	return nil
}

// fakeServer answers as nabo does, as far as a load can tell. A receipt shows in
// lookups from the third on.
type fakeServer struct {
	receipts atomic.Int64

	mu    sync.Mutex
	pairs map[string]string
	asked map[string]int
}

func (f *fakeServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(err)
	}
	switch {
	case r.URL.Path == "/readyz":
	case r.URL.Path == "/v1/events":
		f.events(w, body)
	case strings.HasSuffix(r.URL.Path, "/bought-together"):
		f.together(w, strings.Split(r.URL.Path, "/")[3])
	default:
		io.WriteString(w, `{"recomms":[]}`)
	}
}

func (f *fakeServer) events(w http.ResponseWriter, body []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.pairs == nil {
		f.pairs, f.asked = map[string]string{}, map[string]int{}
	}
	var rejected []string
	event.Scan(body, func(index int, ev *event.Event, err error) bool {
		if err != nil {
			rejected = append(rejected, fmt.Sprintf(`{"index":%d,"detail":%q}`, index, err))
			return true
		}
		if r, ok := ev.Body.(*event.Receipt); ok {
			f.receipts.Add(1)
			if len(r.Lines) == 2 {
				f.pairs[r.Lines[0].Product] = r.Lines[1].Product
			}
		}
		return true
	})
	w.WriteHeader(http.StatusAccepted)
	fmt.Fprintf(w, `{"accepted":1,"rejected":[%s]}`, strings.Join(rejected, ","))
}

func (f *fakeServer) together(w http.ResponseWriter, product string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.asked == nil {
		f.asked = map[string]int{}
	}
	f.asked[product]++
	if f.asked[product] < 3 {
		io.WriteString(w, `{"recomms":[]}`)
		return
	}
	fmt.Fprintf(w, `{"recomms":[{"id":%q}],"filler":%q}`, f.pairs[product], strings.Repeat("x", 3000))
}

// small is the options of a load that is over in a moment.
func small(out, progress io.Writer) Common {
	return Common{
		Members: 20, Products: 600, Days: 3, Duration: 300 * time.Millisecond, Receipts: 200, Batch: 2,
		JSON: true, Out: out, Err: progress,
	}
}

func TestServe(t *testing.T) {
	var out, progress bytes.Buffer
	b := Serve{
		Common: small(&out, &progress), Mix: Mix{Together: 60, Basket: 20, Goods: 20, Count: 10},
		Rate: 500, Rounds: 2, WarmUp: 50 * time.Millisecond, Conns: 4, Peak: 100 * time.Millisecond, Lookups: 50,
	}
	b.Dir = t.TempDir()
	if err := b.Run(t.Context()); err != nil {
		t.Fatalf("%v\n%s", err, progress.String())
	}
	var report ServeReport
	if err := json.Unmarshal(out.Bytes(), &report); err != nil {
		t.Fatal(err)
	}
	if len(report.Rounds) != 4 || len(report.Peaks) != 4 {
		t.Fatalf("%d rounds and %d peaks, want 4 and 4", len(report.Rounds), len(report.Peaks))
	}
	for i, r := range report.Rounds {
		if want := []string{"nabo", "bare"}[i%2]; r.Target != want {
			t.Errorf("round %d is of %s, want %s", i, r.Target, want)
		}
		if r.Latency.Count != 150 || r.Failed != 0 {
			t.Errorf("round %d: %d answers, %d failed; want 150, 0", i, r.Latency.Count, r.Failed)
		}
		if r.Latency.P50 <= 0 || r.Latency.P99 < r.Latency.P50 || r.Latency.Max < r.Latency.P99 {
			t.Errorf("round %d: %+v", i, r.Latency)
		}
	}
	if report.P99Ratio <= 0 || report.PeakPart <= 0 || report.Receipts.Latency.Count == 0 {
		t.Errorf("report %+v", report)
	}
	if left, err := os.ReadDir(b.Dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	var table bytes.Buffer
	b.JSON, b.Out = false, &table
	if err := b.print(&report, report.table); err != nil || !strings.Contains(table.String(), "p99.9") {
		t.Errorf("table, error %v:\n%s", err, table.String())
	}
}

func TestFreshness(t *testing.T) {
	fake := &fakeServer{}
	server := httptest.NewServer(fake)
	defer server.Close()
	var out, progress bytes.Buffer
	b := Freshness{Common: small(&out, &progress), Probes: 50}
	b.Server = server.URL
	if err := b.Run(t.Context()); err != nil {
		t.Fatalf("%v\n%s", err, progress.String())
	}
	var report FreshnessReport
	if err := json.Unmarshal(out.Bytes(), &report); err != nil {
		t.Fatal(err)
	}
	if report.Fresh.Count < 5 || report.Fresh.P50 <= 0 || report.Whole.P50 < report.Fresh.P50 || report.AtOnce != 0 {
		t.Errorf("report %+v", report)
	}
	b.Out, b.JSON = io.Discard, false
	if err := b.print(&report, report.table); err != nil {
		t.Error(err)
	}
}

func TestServerThatDoesNotStart(t *testing.T) {
	t.Setenv("LOAD_TEST_BROKEN", "1")
	b := Freshness{Common: small(io.Discard, io.Discard), Probes: 1}
	err := b.Run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "the disk is on fire") {
		t.Errorf("error %v, want the server's last words", err)
	}
}

func TestRejectedEventsStopALoad(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusAccepted)
		io.WriteString(w, `{"rejected":[{"index":3,"detail":"no such store"}]}`)
	}))
	defer server.Close()
	b := Freshness{Common: small(io.Discard, io.Discard), Probes: 1}
	b.Server = server.URL
	if err := b.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "no such store") {
		t.Errorf("error %v, want the server's", err)
	}
}

func TestFlags(t *testing.T) {
	var cli struct {
		Bench struct {
			Serve     Serve     `cmd:""`
			Freshness Freshness `cmd:""`
			Bare      Bare      `cmd:"" hidden:""`
		} `cmd:""`
	}
	parser, err := kong.New(&cli)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse([]string{"bench", "serve", "--members", "7", "--warm-up", "3s", "--json"}); err != nil {
		t.Fatal(err)
	}
	b := cli.Bench.Serve
	if b.Members != 7 || b.WarmUp != 3*time.Second || !b.JSON || b.Rate != 5000 || b.Receipts != 1000 {
		t.Errorf("%+v", b)
	}
	b.Out, b.Err = io.Discard, io.Discard
	if err := b.validate(); err != nil {
		t.Errorf("the defaults are refused: %v", err)
	}
	if _, err := parser.Parse([]string{"bench", "freshness"}); err != nil || cli.Bench.Freshness.Probes != 100 {
		t.Errorf("freshness: %v, %+v", err, cli.Bench.Freshness)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	good := Serve{
		Common: small(io.Discard, io.Discard), Mix: Mix{Together: 1, Count: 1}, Rate: 1, Rounds: 1, Conns: 1, Lookups: 1,
	}
	if err := good.validate(); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*Serve){
		"--rate": func(b *Serve) { b.Rate = 0 }, "--rounds": func(b *Serve) { b.Rounds = 0 },
		"--conns": func(b *Serve) { b.Conns = 0 }, "--lookups": func(b *Serve) { b.Lookups = 0 },
		"--duration": func(b *Serve) { b.Duration = 0 }, "--receipts": func(b *Serve) { b.Receipts = -1 },
		"--batch": func(b *Serve) { b.Batch = 0 }, "--count": func(b *Serve) { b.Count = 0 },
		"--together": func(b *Serve) { b.Together = 0 }, "--peak": func(b *Serve) { b.Peak = -1 },
	} {
		b := good
		spoil(&b)
		if err := b.validate(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: error %v does not name it", name, err)
		}
	}
	for _, server := range []string{"127.0.0.1:80", "https://shop.example", "http://", "http://x/v1"} {
		if _, err := hostOf(server); err == nil {
			t.Errorf("--server %s was taken", server)
		}
	}
}
