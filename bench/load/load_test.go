package load

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
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"go.uber.org/goleak"

	"nabo/engine/event"
	"nabo/server/app"
)

// The children that a load starts are the test binary itself: TestMain plays
// the commands that it is started with, with the real server behind them.
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
	if os.Getenv("LOAD_TEST_BROKEN") != "" {
		return fmt.Errorf("the disk is on fire")
	}
	var cli struct {
		Serve app.Config `cmd:""`
		Bench struct {
			Bare Bare `cmd:""`
			Echo Echo `cmd:""`
		} `cmd:""`
	}
	parser, err := kong.New(&cli)
	if err != nil {
		return err
	}
	call, err := parser.Parse(args)
	if err != nil {
		return err
	}
	cli.Bench.Bare.Out, cli.Bench.Echo.Out = os.Stdout, os.Stdout
	switch call.Command() {
	case "bench echo":
		return cli.Bench.Echo.Run(ctx)
	case "serve":
	default:
		return cli.Bench.Bare.Run(ctx)
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	return app.Run(ctx, app.Options{Config: cli.Serve, Log: log})
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
func small(t testing.TB, out, progress io.Writer) Common {
	t.Helper()
	return Common{
		Size: Size{
			Members: 2000, Products: 1000, Offers: 60, History: 20, Lines: 8, Partners: 4, Keys: 20, Memory: 4,
			Duration: 300 * time.Millisecond, JSON: true, Out: out, Err: progress,
		},
		Receipts: 50, Batch: 2, Dir: t.TempDir(),
	}
}

var evenly = Mix{Together: 1, Basket: 1, Goods: 1, Own: 1, Count: 10}

// runs makes a measurement at a tiny size, reads its JSON into report, and
// checks that the table holds the words.
func runs(t *testing.T, common *Common, run func(context.Context) error, report any, table func(io.Writer), words ...string) {
	t.Helper()
	var out, progress bytes.Buffer
	common.Out, common.Err = &out, &progress
	if err := run(t.Context()); err != nil {
		t.Fatalf("%v\n%s", err, progress.String())
	}
	if err := json.Unmarshal(out.Bytes(), report); err != nil {
		t.Fatalf("%v in\n%s", err, out.String())
	}
	out.Reset()
	if err := printReport(&out, false, report, table); err != nil {
		t.Fatal(err)
	}
	t.Logf("\n%s", out.String())
	for _, word := range words {
		if !strings.Contains(out.String(), word) {
			t.Errorf("no %s in the table:\n%s", word, out.String())
		}
	}
	if progress.Len() == 0 {
		t.Error("no progress was told")
	}
	if common.Dir == "" {
		return
	}
	if left, err := os.ReadDir(common.Dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestServe(t *testing.T) {
	b := Serve{
		Common: small(t, nil, nil), Mix: evenly, Rate: 100, Rounds: 2, WarmUp: 50 * time.Millisecond, Conns: 4,
		Peak: 100 * time.Millisecond, Lookups: 200, Phases: 1500 * time.Millisecond, Checkpoint: time.Second, ListRun: true,
	}
	var report ServeReport
	runs(t, &b.Common, b.Run, &report, func(w io.Writer) { report.table(w) }, "p99.9", "checkpoint", "list run", "collection", "by kind", "resident")
	if len(report.Rounds) != 4 || len(report.Peaks) != 4 || len(report.Kinds) != int(kinds) {
		t.Fatalf("%d rounds, %d peaks, %d kinds; want 4, 4, %d", len(report.Rounds), len(report.Peaks), len(report.Kinds), kinds)
	}
	for i, r := range report.Rounds {
		if want := []string{"nabo", "bare"}[i%2]; r.Target != want {
			t.Errorf("round %d is of %s, want %s", i, r.Target, want)
		}
		if r.Latency.Count != 30 || r.Failed != 0 {
			t.Errorf("round %d: %d answers, %d failed; want 30, 0", i, r.Latency.Count, r.Failed)
		}
		if r.Latency.P50 <= 0 || r.Latency.P99 < r.Latency.P50 || r.Latency.Max < r.Latency.P99 {
			t.Errorf("round %d: %+v", i, r.Latency)
		}
	}
	var names []string
	for _, p := range report.Phases {
		names = append(names, p.Name)
		if p.Name == "all" && p.Latency.Count != 150 {
			t.Errorf("%d lookups altogether, want 150", p.Latency.Count)
		}
	}
	if want := []string{"nothing else", "checkpoint", "list run", "collection", "all"}; !slices.Equal(names, want) {
		t.Errorf("phases %v, want %v", names, want)
	}
	if report.P99Ratio <= 0 || report.PeakPart <= 0 || report.Receipts.Latency.Count == 0 || report.Pauses.Cycles == 0 {
		t.Errorf("report %+v", report)
	}
	if report.Memory.Resident <= 0 || report.Memory.Live <= 0 || len(report.Memory.Parts) == 0 || report.Memory.Disk <= 0 {
		t.Errorf("memory %+v", report.Memory)
	}
}

func TestIngest(t *testing.T) {
	b := Ingest{Common: small(t, nil, nil), Total: 5000}
	var report IngestReport
	runs(t, &b.Common, b.Run, &report, func(w io.Writer) { report.table(w) }, "into the log", "into the state", "receipts a second")
	if report.Log.Receipts != 5000 || report.Log.Rate <= 0 || report.Log.Messages == 0 || report.State.Log.Behind != report.Log.Messages {
		t.Errorf("report %+v", report)
	}
	if report.State.Ready < report.State.Open || report.State.Open < report.State.Load || report.State.Load <= 0 {
		t.Errorf("the start's parts are not in order: %+v", report.State)
	}
}

func TestRestart(t *testing.T) {
	b := Restart{Common: small(t, nil, nil), Behind: 3000}
	b.Duration = 2 * time.Second
	var report RestartReport
	runs(t, &b.Common, b.Run, &report, func(w io.Writer) { report.table(w) }, "after kill -9", "3000 receipts further back")
	if report.Age < 1.8 || report.Killed.Log.Behind == 0 || report.Killed.Ready <= 0 {
		t.Errorf("report %+v", report)
	}
	if report.Behind == nil || report.Behind.Log.Behind < report.Killed.Log.Behind+report.Log.Messages {
		t.Errorf("the second restart %+v is not behind by what was added, %+v", report.Behind, report.Log)
	}
}

func TestSoak(t *testing.T) {
	b := Soak{
		Common: small(t, nil, nil), Mix: evenly, Rate: 100, Conns: 4, Lookups: 200,
		Every: 150 * time.Millisecond, Checkpoint: time.Second, Lists: 400 * time.Millisecond,
	}
	b.Duration = 2 * time.Second
	run := func(ctx context.Context) error { // so short a soak may well grow
		err := b.Run(ctx)
		if grows := (*GrowsError)(nil); errors.As(err, &grows) && len(grows.Names) > 0 {
			return nil
		}
		return err
	}
	var report SoakReport
	runs(t, &b.Common, run, &report, func(w io.Writer) { report.table(w) }, "second half", "goroutines", "log an event")
	if len(report.Samples) < 8 || len(report.Verdicts) != len(limits) || report.Lookups.Failed != 0 {
		t.Errorf("report %+v", report)
	}
	for _, s := range report.Samples {
		if s.Resident <= 0 || s.Goroutines < 5 || s.Disk <= 0 {
			t.Errorf("sample %+v", s)
		}
	}
}

func TestScale(t *testing.T) {
	file := filepath.Join(t.TempDir(), "plots", "scale.svg")
	b := Scale{
		Serve: Serve{
			Common: small(t, nil, nil), Mix: evenly, Rate: 100, Rounds: 1, Conns: 4, Lookups: 100, Checkpoint: time.Second,
		},
		Sizes: []int{500, 1500}, Total: 2000, Plot: file,
	}
	b.Keys = 0
	var report ScaleReport
	runs(t, &b.Common, b.Run, &report, func(w io.Writer) { report.table(w) }, "500", "1500", "into the state/s")
	svg, err := os.ReadFile(file)
	if err != nil || strings.Count(string(svg), "<g>") != 3 || !strings.Contains(string(svg), ">1,500</text>") {
		t.Errorf("plot, error %v:\n%s", err, svg)
	}
	if len(report.Sizes) != 2 || report.Sizes[1].Ingest.Log.Receipts != 2000 {
		t.Errorf("report %+v", report)
	}
}

func TestFolder(t *testing.T) {
	var out, progress bytes.Buffer
	dir := filepath.Join(t.TempDir(), "shop")
	b := Fill{Size: small(t, &out, &progress).Size, To: dir}
	b.Members, b.Keys = 500, 40
	if err := b.Run(t.Context()); err != nil {
		t.Fatalf("%v\n%s", err, progress.String())
	}
	var report FillReport
	if err := json.Unmarshal(out.Bytes(), &report); err != nil {
		t.Fatal(err)
	}
	if f := report.Filling; len(f.Parts) == 0 || f.Bindings != 500*20 || f.Keys != 500*40 || report.Bytes == 0 {
		t.Errorf("report %+v", report)
	}
	o := small(t, io.Discard, io.Discard)
	o.Size, o.Data = b.Size, dir
	d, err := o.drive(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	st, err := getStats(t.Context(), d.addr)
	if err := errors.Join(err, d.stop()); err != nil {
		t.Fatal(err)
	}
	if events := 1000 + 60; st.Members != 500 || st.Keys.Count < 500*40+events || st.Bindings.Count != report.Filling.Bindings || st.Lag != 0 {
		t.Errorf("the server holds %+v", st)
	}
	out.Reset()
	if err := b.Run(t.Context()); err != nil || !strings.Contains(progress.String(), "as it is") {
		t.Errorf("the second fill: %v\n%s", err, progress.String())
	}
	b.Seed = 9
	if err := b.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "another base") {
		t.Errorf("error %v, want one that says the base is another", err)
	}
	if err := os.Remove(filepath.Join(dir, noteName)); err != nil {
		t.Fatal(err)
	}
	if err := b.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "empty folder") {
		t.Errorf("error %v, want one that asks for an empty folder", err)
	}
}

func TestFreshness(t *testing.T) {
	fake := &fakeServer{}
	server := httptest.NewServer(fake)
	defer server.Close()
	var out, progress bytes.Buffer
	b := Freshness{Common: small(t, &out, &progress), Probes: 50}
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
	b := Freshness{Common: small(t, io.Discard, io.Discard), Probes: 1}
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
	b := Freshness{Common: small(t, io.Discard, io.Discard), Probes: 1}
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
			Live      Live      `cmd:""`
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
	if b.Members != 7 || b.WarmUp != 3*time.Second || !b.JSON || b.Rate != 5000 || b.Receipts != 1000 || b.Lines != 12 || !b.ListRun {
		t.Errorf("%+v", b)
	}
	b.Out, b.Err = io.Discard, io.Discard
	if err := b.validate(); err != nil {
		t.Errorf("the defaults are refused: %v", err)
	}
	if _, err := parser.Parse([]string{"bench", "live", "--idle", "5"}); err != nil {
		t.Fatal(err)
	}
	l := cli.Bench.Live
	l.Out, l.Err = io.Discard, io.Discard
	if err := l.validate(); err != nil || l.Idle != 5 || l.Active != 1000 || l.Receipts != 1000 || l.Commits != 50 {
		t.Errorf("live: %v, %+v", err, l)
	}
	if _, err := parser.Parse([]string{"bench", "freshness"}); err != nil || cli.Bench.Freshness.Probes != 100 {
		t.Errorf("freshness: %v, %+v", err, cli.Bench.Freshness)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	good := Serve{
		Common: small(t, io.Discard, io.Discard), Mix: Mix{Together: 1, Count: 1}, Rate: 1, Rounds: 1, Conns: 1, Lookups: 1, Checkpoint: time.Second,
	}
	if err := good.validate(); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*Serve){
		"--rate": func(b *Serve) { b.Rate = 0 }, "--rounds": func(b *Serve) { b.Rounds = 0 },
		"--conns": func(b *Serve) { b.Conns = 0 }, "--lookups": func(b *Serve) { b.Lookups = 0 },
		"--duration": func(b *Serve) { b.Duration = 0 }, "--receipts": func(b *Serve) { b.Receipts = -1 },
		"--batch": func(b *Serve) { b.Batch = 0 }, "--count": func(b *Serve) { b.Count = 0 },
		"--mix-together": func(b *Serve) { b.Together = 0 }, "--checkpoint": func(b *Serve) { b.Checkpoint = 0 },
		"--server": func(b *Serve) { b.Server, b.Data = "http://x", "y" }, "--receipts-a-member": func(b *Serve) { b.Keys = -1 }, "--peak": func(b *Serve) { b.Peak = -1 },
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

func writeFile(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
