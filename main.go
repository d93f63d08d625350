// Command nabo is a recommendation engine in one process: receipts in, and out
// what is bought together, what completes a basket, and what a member may want.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"
	"time"
	_ "time/tzdata" // an import may name a zone on a machine without zone files

	"github.com/alecthomas/kong"

	"nabo/bench/eval"
	"nabo/bench/gen"
	"nabo/bench/load"
	"nabo/engine"
	"nabo/server"
	"nabo/server/app"
	"nabo/server/demo"
	"nabo/stream/files"
)

// commands is the command table.
type commands struct {
	Serve    serve         `cmd:"" help:"Run the engine, with its log, its store and its HTTP and NATS surfaces."`
	Import   files.Import  `cmd:"" help:"Send receipts, products, members and offers from files to a running engine."`
	Backtest eval.Backtest `cmd:"" help:"Say what would have been recommended, on a shop's own history."`
	Bench    bench         `cmd:"" help:"Measure a running engine, or one started for the purpose."`
	Version  version       `cmd:"" help:"Print version, commit and Go."`
}

type bench struct {
	Fill      load.Fill      `cmd:"" help:"Make a data folder from which serve starts as after a year."`
	Ingest    load.Ingest    `cmd:"" help:"How many receipts a second go into the log, and from it into the state."`
	Lookup    load.Lookup    `cmd:"" help:"How long each kind of question takes, in process."`
	Offers    load.Offers    `cmd:"" help:"How long one member's offers take while receipts are applied, in process."`
	Lists     load.Lists     `cmd:"" help:"How fast everybody's offers are made, in process."`
	Serve     load.Serve     `cmd:"" help:"Throughput and latency of lookups over HTTP while receipts flow, also during checkpoints, a list run and collections."`
	Freshness load.Freshness `cmd:"" help:"How long after a receipt's acknowledgement a lookup shows it."`
	Restart   load.Restart   `cmd:"" help:"How soon a server is ready again after kill -9, and how fast it reads the log."`
	Soak      load.Soak      `cmd:"" help:"Whether memory, goroutines, disk and latency stay flat; exit code 1 if not."`
	Scale     load.Scale     `cmd:"" help:"How latency, memory and rate grow with the number of members, with a plot."`
	Live      load.Live      `cmd:"" help:"How long after a scan on a websocket its nudge comes, and what many idle ones cost; with --chaos, whether bad clients harm the good."`
	Bare      load.Bare      `cmd:"" hidden:"" help:"Serve ready answers; bench serve starts it."`
	Echo      load.Echo      `cmd:"" hidden:"" help:"Send websocket frames back; bench live starts it."`
}

const about = `Recommendations from receipts, live.

	nabo serve --demo      a shop to look at
	nabo serve             an engine of your own
	nabo import FILE       receipts, products, members and offers into it
	nabo backtest FOLDER   what it would have recommended on a shop's own history

Every setting of serve is a flag, a variable of the environment (NABO_ and the flag's name in capitals, with _ for -) ` +
	`and a key of the YAML file that --config names. A flag goes before a variable, a variable before the file.`

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run is main with its surroundings given. It returns the exit code: 0, 1 when
// a command failed, 2 when it was called wrongly.
func run(args []string, stdout, stderr io.Writer) int {
	var cli commands
	var file app.File
	helped := false
	parser, err := kong.New(&cli,
		kong.Name("nabo"), kong.Description(about),
		kong.UsageOnError(), kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
		kong.Writers(stdout, stderr), kong.Exit(func(int) { helped = true }),
		kong.ValueFormatter(explain), kong.DefaultEnvars("NABO"), kong.Resolvers(&file), kong.Bind(&file),
		kong.ExplicitGroups([]kong.Group{
			{Key: "where", Title: "Where:"}, {Key: "safety", Title: "What is kept, and how safely:"},
			{Key: "offers", Title: "Offers:"}, {Key: "sync", Title: "Sending offers to other systems:"}, {Key: "tune", Title: "How answers are made:"}, {Key: "limits", Title: "Limits:"}, {Key: "words", Title: "Messages:"},
		}))
	if err != nil {
		fmt.Fprintln(stderr, "nabo:", err)
		return 2
	}
	if path, ok := os.LookupEnv("NABO_CONFIG"); ok && path != "" {
		if err := file.Load(path); err != nil {
			fmt.Fprintln(stderr, "nabo:", err)
			return 2
		}
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	call, err := parser.Parse(args)
	switch {
	case helped:
		return 0
	case err != nil:
		fmt.Fprintf(stderr, "nabo: %v\n(nabo --help says what there is; nabo serve --help explains every setting)\n", err)
		return 2
	}
	return execute(call, &cli, stdout, stderr)
}

// explain is a setting's help with its default. The environment's names follow
// one rule, which the description gives.
func explain(value *kong.Value) string {
	if value.Default == "" || value.IsBool() {
		return value.Help
	}
	return strings.TrimSuffix(value.Help, ".") + fmt.Sprintf(" (default %s).", value.Default)
}

// execute runs the command that was parsed, until it ends or a signal comes. A
// second signal kills.
func execute(call *kong.Context, cli *commands, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	defer context.AfterFunc(ctx, stop)()

	cli.Serve.out, cli.Serve.err, cli.Version.out = stdout, stderr, stdout
	cli.Import.Out, cli.Import.Err = stdout, stderr
	for _, size := range []*load.Size{
		&cli.Bench.Fill.Size, &cli.Bench.Ingest.Size, &cli.Bench.Lookup.Size, &cli.Bench.Offers.Size, &cli.Bench.Lists.Size,
		&cli.Bench.Serve.Size, &cli.Bench.Freshness.Size, &cli.Bench.Restart.Size, &cli.Bench.Soak.Size, &cli.Bench.Scale.Size,
		&cli.Bench.Live.Size,
	} {
		size.Out, size.Err = stdout, stderr
	}
	cli.Bench.Lists.Render = func(dst []byte, member string, a *engine.OfferAnswer) []byte {
		return server.AppendListRow(dst, nil, member, a, false)
	}
	cli.Bench.Bare.Out, cli.Bench.Echo.Out = stdout, stdout
	cli.Backtest.Out, cli.Backtest.Log = stdout, stderr
	call.BindTo(ctx, (*context.Context)(nil))
	err := call.Run()
	if err == nil || errors.Is(err, context.Canceled) && ctx.Err() != nil {
		return 0
	}
	fmt.Fprintln(stderr, "nabo:", err)
	return 1
}

// serve is the command that runs the engine.
type serve struct {
	app.Config
	ConfigFile configFile `name:"config" help:"YAML file of settings, by their names here (NABO_CONFIG)." placeholder:"FILE" env:"-" group:"where"`
	Demo       bool       `help:"Feed a generated shop through the ordinary way in, and keep its customers shopping." group:"where"`
	DemoSpeed  float64    `help:"How many times the demo's ordinary pace its shop sells at." default:"60" placeholder:"TIMES" group:"where"`

	out, err io.Writer
}

// configFile reads the file that --config names, in place of NABO_CONFIG's.
type configFile string

// BeforeResolve is called by kong when the flag is given.
func (configFile) BeforeResolve(ctx *kong.Context, path *kong.Path, file *app.File) error {
	return file.Load(string(ctx.FlagValue(path.Flag).(configFile)))
}

// Validate is called by kong when all settings are known.
func (s *serve) Validate() error {
	if s.DemoSpeed < 1 || s.DemoSpeed > 10_000 {
		return fmt.Errorf("--demo-speed is %v: expected 1 to 10000", s.DemoSpeed)
	}
	return s.Config.Validate()
}

// Run serves until ctx ends.
func (s *serve) Run(ctx context.Context) error {
	opt := app.Options{Config: s.Config, Version: read().version, Log: s.logger()}
	var url string // the feed starts after Ready has returned
	opt.Ready = func(at app.Addresses) {
		url = at.HTTP
		fmt.Fprintf(s.out, "nabo answers at %s\n", url)
	}
	if s.Demo {
		pages, err := demo.New()
		if err != nil {
			return err
		}
		opt.Demo = pages
		opt.Feed = func(ctx context.Context, submit app.Submit) error { return s.feed(ctx, url, submit) }
	}
	return app.Run(ctx, opt)
}

// feed plays the demo shop: its history at once, and then its customers.
func (s *serve) feed(ctx context.Context, url string, submit app.Submit) error {
	fmt.Fprintf(s.out, "Feeding a generated shop: 2,000 products, 5,000 members, 90 days of receipts.\n")
	began := time.Now()
	shop, err := gen.New(gen.Options{Until: began})
	if err != nil {
		return err
	}
	told := false
	tell := func(p gen.Progress) {
		// The history ends where the clock stood; what follows is awaited.
		if told || !p.Live && p.At.Before(began.Add(-time.Minute)) {
			return
		}
		told = true
		if !awaitApplied(ctx, url, p.At) {
			return
		}
		fmt.Fprintf(s.out, "%d events in %v, each counted once, also when it was fed at an earlier start.\n"+
			"From now on its customers go on shopping.\n", p.Events, time.Since(began).Round(100*time.Millisecond))
		fmt.Fprintf(s.out, tryThese, url, gen.TacoShells, gen.RyeBread, gen.LiverPate)
		for _, page := range demo.Surfaces() {
			fmt.Fprintf(s.out, "  %-44s %s\n", url+page.Path, page.What)
		}
		fmt.Fprintf(s.out, "  %-44s %s\n", url+"/console/", "the console: what is bound to what, and why")
		fmt.Fprintln(s.out, "\nCtrl-C stops.")
	}
	return gen.Feed(ctx, shop, submit, gen.FeedOptions{Speed: s.DemoSpeed, Now: time.Now, Progress: tell})
}

// awaitApplied waits until the engine has applied what was fed up to a moment:
// being durable in the log comes first. It is false when ctx ended before.
func awaitApplied(ctx context.Context, url string, upTo time.Time) bool {
	for {
		// The clock is the newest receipt's; other events may be a little younger.
		if st, err := askStats(ctx, url); err == nil && st.Lag == 0 && st.Clock.After(upTo.Add(-2*time.Hour)) {
			return true
		}
		timer := time.NewTimer(100 * time.Millisecond)
		select {
		case <-ctx.Done():
			timer.Stop()
			return false
		case <-timer.C:
		}
	}
}

// progress is what awaitApplied wants of /v1/stats.
type progress struct {
	Lag   uint64    `json:"lag"`
	Clock time.Time `json:"clock"`
}

func askStats(ctx context.Context, url string) (st progress, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/v1/stats", nil)
	if err != nil {
		return st, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return st, err
	}
	defer answer.Body.Close()
	return st, json.NewDecoder(answer.Body).Decode(&st)
}

const tryThese = `
Everything in it is invented. Try what goes with taco shells, what completes a
basket of rye bread and liver pâté, and what the member m-1 may want:

  curl '%[1]s/v1/products/%[2]s/bought-together?count=5'
  curl '%[1]s/v1/basket/recommendations?products=%[3]s&products=%[4]s&count=5'
  curl '%[1]s/v1/members/m-1/products?count=5'
  curl '%[1]s/v1/members/m-1/offers?count=5'

The documentation is at %[1]s/docs, the figures at %[1]s/v1/stats. In a browser:

`

func (s *serve) logger() *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(s.LogLevel)) // Validate has let only good ones through
	opts := &slog.HandlerOptions{Level: level}
	if s.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(s.err, opts))
	}
	return slog.New(slog.NewTextHandler(s.err, opts))
}

// version is the command that says what this is.
type version struct{ out io.Writer }

// Run prints one line.
func (v *version) Run() error {
	b := read()
	_, err := fmt.Fprintf(v.out, "nabo %s, commit %s, %s %s/%s\n", b.version, b.commit, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}

type build struct{ version, commit string }

// read takes version and commit from what the Go tool noted in the binary.
func read() build {
	out := build{version: "unversioned", commit: "unknown"}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return out
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		out.version = v
	}
	dirty := ""
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			out.commit = s.Value
		case "vcs.modified":
			if s.Value == "true" {
				dirty = " with changes"
			}
		}
	}
	out.commit += dirty
	return out
}
