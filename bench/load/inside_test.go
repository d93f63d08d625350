package load

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
)

// tiny is the options of a load in process that is over in a moment.
func tiny(out, progress io.Writer) Inside {
	return Inside{Size: Size{
		Members: 200, Products: 1_000, Offers: 60, History: 20, Lines: 8, Partners: 4, Seed: 1, Memory: 8, JSON: true, Out: out, Err: progress,
	}}
}

func TestOffers(t *testing.T) {
	var out, progress bytes.Buffer
	b := Offers{
		Inside: tiny(&out, &progress), Scenario: "app-home", Receipts: 500, Rounds: 2, WarmUp: 10 * time.Millisecond,
	}
	b.Duration = 100 * time.Millisecond
	if err := b.Run(t.Context()); err != nil {
		t.Fatalf("%v\n%s", err, progress.String())
	}
	var report OffersReport
	if err := json.Unmarshal(out.Bytes(), &report); err != nil {
		t.Fatal(err)
	}
	if len(report.Rounds) != 2 || report.Rounds[0].Count < 64 || report.P50 <= 0 || report.P999 < report.P99 || report.P99 < report.P50 {
		t.Errorf("rounds %+v", report)
	}
	if report.Items < 20 || report.Items > offersAsked || report.Own < 0.99 || report.Could < report.Items {
		t.Errorf("%.1f items out of %.1f, %.2f personalised", report.Items, report.Could, report.Own)
	}
	if f := report.Filling; f.Bindings != 200*20 || f.Edges == 0 || report.Applied == 0 {
		t.Errorf("filled %+v, %d receipts applied", f, report.Applied)
	}
	wantTable(t, &out, "p99.9", func() error {
		b.JSON = false
		return printReport(&out, false, &report, report.table)
	})
}

func TestLists(t *testing.T) {
	var out, progress bytes.Buffer
	file := filepath.Join(t.TempDir(), "rows")
	b := Lists{Inside: tiny(&out, &progress), Scenario: "newsletter", To: file, Workers: 3, Rounds: 2, Receipts: 500, Lookups: 200}
	if err := b.Run(t.Context()); err != nil {
		t.Fatalf("%v\n%s", err, progress.String())
	}
	var report ListsReport
	if err := json.Unmarshal(out.Bytes(), &report); err != nil {
		t.Fatal(err)
	}
	if len(report.Rounds) != 2 || report.Workers != 3 {
		t.Fatalf("%+v", report)
	}
	rows, size := 0, int64(0)
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for ; lines.Scan(); rows++ {
		var row struct {
			Member  string
			Recomms []struct {
				ID    string
				Score float64
				Rank  int
			}
		}
		size += int64(len(lines.Bytes())) + 1
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			t.Fatalf("%v in %s", err, lines.Text())
		}
		if want := fmt.Sprint("m-", rows+1); row.Member != want || len(row.Recomms) < 10 || len(row.Recomms) > offersAsked {
			t.Fatalf("row %d is %s's, with %d offers; want %s's", rows, row.Member, len(row.Recomms), want)
		}
	}
	last := report.Rounds[1]
	if rows != 200 || last.Members != 200 || last.Bytes != size || last.Offers < 200*10 || last.Seconds <= 0 {
		t.Errorf("%d rows in the file of %d bytes, the report says %+v", rows, size, last)
	}
	wantTable(t, &out, "members/s", func() error { return printReport(&out, false, &report, report.table) })
}

// wantTable checks that a table is printed and holds a word.
func wantTable(t *testing.T, out *bytes.Buffer, word string, print func() error) {
	t.Helper()
	out.Reset()
	if err := print(); err != nil || !strings.Contains(out.String(), word) {
		t.Errorf("table, error %v:\n%s", err, out.String())
	}
}

// The lists must not depend on how many make them.
func TestListsAreTheSameForAnyWorkers(t *testing.T) {
	var rows [2][]byte
	for i, workers := range []int{1, 4} {
		file := filepath.Join(t.TempDir(), "rows")
		b := Lists{Inside: tiny(io.Discard, io.Discard), Scenario: "newsletter", To: file, Workers: workers, Rounds: 1}
		if err := b.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		var err error
		if rows[i], err = os.ReadFile(file); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(rows[0], rows[1]) {
		t.Error("four workers made other lists than one")
	}
}

// A base that was kept must answer as the one that was filled.
func TestKeptBaseIsTheSame(t *testing.T) {
	dir := t.TempDir()
	var rows [2][]byte
	for i := range rows {
		var out bytes.Buffer
		file := filepath.Join(dir, "rows")
		b := Lists{Inside: tiny(&out, io.Discard), Scenario: "newsletter", To: file, Workers: 2, Rounds: 1}
		b.Keep = filepath.Join(dir, "kept")
		if err := b.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		var report ListsReport
		if err := json.Unmarshal(out.Bytes(), &report); err != nil {
			t.Fatal(err)
		}
		if loaded := report.Filling.Load > 0; loaded != (i == 1) || report.Filling.Bindings != 200*20 {
			t.Errorf("run %d: %+v", i, report.Filling)
		}
		var err error
		if rows[i], err = os.ReadFile(file); err != nil {
			t.Fatal(err)
		}
	}
	// The second engine's position is another: it was loaded at once.
	seq := regexp.MustCompile(`"seq":[0-9]+`)
	if !bytes.Equal(seq.ReplaceAll(rows[0], nil), seq.ReplaceAll(rows[1], nil)) {
		t.Error("the lists are others than before")
	}
	b := tiny(io.Discard, io.Discard)
	b.Keep, b.Seed = filepath.Join(dir, "kept"), 2
	if _, err := b.fill(t.Context()); err == nil || !strings.Contains(err.Error(), "another base") {
		t.Errorf("error %v, want one that says the base is another", err)
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

func TestListsStopWhereNothingCanBeWritten(t *testing.T) {
	f, err := (&Inside{Size: Size{Members: 500, Products: 1_000, Offers: 20, History: 10, Partners: 2, Memory: 8, Out: io.Discard, Err: io.Discard}}).fill(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	frozen, err := f.Freeze(f.now(time.Now()))
	if err != nil {
		t.Fatal(err)
	}
	defer frozen.Release()
	m := &listMaker{frozen: frozen, q: (&Inside{}).question("newsletter"), render: appendRow, members: frozen.Members()}
	if err := m.run(t.Context(), 2, broken{}); err == nil {
		t.Error("rows were lost without an error")
	}
}

func TestInsideFlags(t *testing.T) {
	var cli struct {
		Offers Offers `cmd:""`
		Lists  Lists  `cmd:""`
	}
	parser, err := kong.New(&cli)
	if err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{"offers", "lists"} {
		if _, err := parser.Parse([]string{command, "--seed", "7"}); err != nil {
			t.Fatal(err)
		}
	}
	cli.Offers.Out, cli.Offers.Err, cli.Lists.Out, cli.Lists.Err = io.Discard, io.Discard, io.Discard, io.Discard
	if err := cli.Offers.validate(); err != nil {
		t.Error(err)
	}
	if err := cli.Lists.validate(); err != nil {
		t.Error(err)
	}
	if cli.Offers.Members != 100_000 || cli.Lists.Members != 2_000_000 || cli.Offers.Lines != 12 || cli.Lists.Lines != 24 || cli.Lists.Seed != 7 || cli.Lists.Offers != 500 {
		t.Errorf("offers %+v\nlists %+v", cli.Offers.Inside, cli.Lists.Inside)
	}
}

func TestInsideOptionsAreChecked(t *testing.T) {
	good := Lists{Inside: tiny(io.Discard, io.Discard), Rounds: 1}
	if err := good.validate(); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*Lists){
		"--members": func(b *Lists) { b.Members = 0 }, "--partners": func(b *Lists) { b.Partners = 3 },
		"--memory": func(b *Lists) { b.Memory = 0 }, "--workers": func(b *Lists) { b.Workers = -1 },
		"--rounds": func(b *Lists) { b.Rounds = 0 }, "--receipts": func(b *Lists) { b.Receipts = -1 },
		"--lookups": func(b *Lists) { b.Lookups = -1 },
	} {
		b := good
		spoil(&b)
		if err := b.validate(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: error %v does not name it", name, err)
		}
	}
	for name, spoil := range map[string]func(*Offers){
		"--rounds": func(b *Offers) { b.Rounds = 0 }, "--duration": func(b *Offers) { b.Duration = 0 },
		"--warm-up": func(b *Offers) { b.WarmUp = -1 }, "--receipts": func(b *Offers) { b.Receipts = -1 },
	} {
		b := Offers{Inside: tiny(io.Discard, io.Discard), Rounds: 1}
		b.Duration = time.Second
		spoil(&b)
		if err := b.validate(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: error %v does not name it", name, err)
		}
	}
	b := good
	b.Inside.History = 2000
	if err := b.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "History") {
		t.Errorf("error %v does not name the history", err)
	}
}
