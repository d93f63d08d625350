package eval

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"nabo/bench/eval/score"
)

const shop = "testdata/shop"

// run replays a folder and returns the report and the predictions.
func run(t *testing.T, opt Options) (*Report, map[string][]string) {
	t.Helper()
	opt.Predictions = filepath.Join(t.TempDir(), "predictions.json")
	if opt.Samples == 0 {
		opt.Samples = 100
	}
	if len(opt.Tasks) == 0 {
		opt.Tasks = []Task{Offers}
	}
	report, err := Run(context.Background(), opt)
	if err != nil {
		t.Fatal(err)
	}
	for i := range report.Tasks {
		report.Tasks[i].Cost = Cost{} // no two runs take as long
	}
	body, err := os.ReadFile(opt.Predictions)
	if err != nil {
		t.Fatal(err)
	}
	lists := map[string][]string{}
	if err := json.Unmarshal(body, &lists); err != nil {
		t.Fatal(err)
	}
	return report, lists
}

// write makes a file in a folder of the test and returns its path.
func write(t *testing.T, folder, name, text string) string {
	t.Helper()
	path := filepath.Join(folder, name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// copied returns a copy of the shop that may be changed.
func copied(t *testing.T) string {
	t.Helper()
	to := t.TempDir()
	if err := os.CopyFS(to, os.DirFS(shop)); err != nil {
		t.Fatal(err)
	}
	return to
}

// added appends a line to a file of a copied shop.
func added(t *testing.T, folder, name, line string) {
	t.Helper()
	path := filepath.Join(folder, name)
	body, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	write(t, folder, name, string(body)+line+"\n")
}

// TestRun replays a shop small enough to reckon through by hand. The right
// answers are o-tea for anna; o-bread and o-dairy for bo; o-dairy for anna
// again; o-coffee for cy.
func TestRun(t *testing.T) {
	whole, lists := run(t, Options{Folder: shop})
	report := &whole.Tasks[0]
	if report.Questions != 4 || report.From != "2026-02-05" || report.Through != "2026-02-20" ||
		report.Given != 15.0/4 || report.Right != 5.0/4 || report.Rejected != 0 {
		t.Errorf("the report is %+v", report)
	}
	// Seven products, the scenario, eight receipts, six offers and four
	// redemptions; the fifth is on the last question's day.
	if report.Events != 7+1+8+6+4 {
		t.Errorf("%d events were applied", report.Events)
	}
	for id, first := range map[string]string{"anna|2026-02-05": "o-tea", "cy|2026-02-20": "o-coffee"} {
		if got := lists[id]; len(got) < 2 || got[0] != first {
			t.Errorf("%s got %v; %s first was expected", id, got, first)
		}
	}
	if got := len(lists["anna|2026-02-16"]); got != 5 {
		t.Errorf("anna had 5 offers on the second day of the late campaign, %d are ranked", got)
	}
	for name, want := range map[string]string{
		// Places of the right ones: 4; 1 and 2; 2; 2.
		"products covered": "recall 1.0000, hit 1.0000, mrr 0.5625, ndcg 0.6731",
		// 1; 1 and 2; 1; 1.
		"own purchases": "recall 1.0000, hit 1.0000, mrr 1.0000, ndcg 1.0000",
		// anna has 2 of 4 lines in tea: 1. bo has 1 of 3 in each but tea: 1
		// and 2. anna has 2 of 5 in tea and in dairy: 1. cy: 1.
		"own category share": "recall 1.0000, hit 1.0000, mrr 1.0000, ndcg 1.0000",
		// None are known: 4. o-tea has one: 2 and 3. Three have one each: 2.
		// cy's o-coffee has none, nor has o-soap: 1.
		"earlier redemptions": "recall 1.0000, hit 1.0000, mrr 0.5625, ndcg 0.6888",
	} {
		if got := figuresOf(t, report, name); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}

func figuresOf(t *testing.T, r *TaskReport, method string) string {
	t.Helper()
	for i := range r.Methods {
		if r.Methods[i].Name != method {
			continue
		}
		var out []string
		for _, name := range []score.Measure{score.Recall, score.Hit, score.MRR, score.NDCG} {
			f, ok := r.Methods[i].Figure(name, 10)
			if !ok || f.Low > f.Value || f.Value > f.High {
				t.Errorf("%s of %s is %+v", name, method, f)
			}
			out = append(out, fmt.Sprintf("%v %.4f", name, f.Value))
		}
		return strings.Join(out, ", ")
	}
	t.Fatalf("there is no method %q", method)
	return ""
}

// TestNothingOfTheDayIsKnown: what happens on a question's day or later may be
// anything, the answer is the same.
func TestNothingOfTheDayIsKnown(t *testing.T) {
	ask := write(t, t.TempDir(), "q.jsonl", `{"id":"q","member":"anna","day":"2026-02-05","candidates":["o-bread","o-dairy","o-soap","o-tea"]}`)
	_, before := run(t, Options{Folder: shop, Queries: ask})
	folder := copied(t)
	for i := range 5 {
		added(t, folder, "receipts.csv", fmt.Sprintf("2026-02-05T00:00:00Z,17,9%d,anna,soap,1,2", i))
		added(t, folder, "redemptions.csv", "2026-02-05T00:00:00Z,bo,spring,o-soap")
	}
	if _, after := run(t, Options{Folder: folder, Queries: ask}); !maps.EqualFunc(before, after, equal) {
		t.Errorf("before %v, after %v", before, after)
	}
	folder = copied(t)
	for i := range 5 {
		added(t, folder, "receipts.csv", fmt.Sprintf("2026-02-04T23:59:59Z,17,9%d,anna,soap,1,2", i))
	}
	if _, after := run(t, Options{Folder: folder, Queries: ask}); maps.EqualFunc(before, after, equal) {
		t.Errorf("five receipts of the day before change nothing: %v", after)
	}
}

func equal(a, b []string) bool { return reflect.DeepEqual(a, b) }

// TestRepeats: the same history gives the same report.
func TestRepeats(t *testing.T) {
	one, _ := run(t, Options{Folder: shop, Seed: 3})
	two, _ := run(t, Options{Folder: shop, Seed: 3})
	if !reflect.DeepEqual(one, two) {
		t.Errorf("got %+v and %+v", one, two)
	}
}

// TestTruth: the right answers may come from a file, and then a question that
// has none does not count.
func TestTruth(t *testing.T) {
	truth := write(t, t.TempDir(), "truth.json", `{"cy|2026-02-20":["o-soap"],"anna|2026-02-05":[]}`)
	report, lists := run(t, Options{Folder: shop, Truth: truth})
	if got := report.Tasks[0]; got.Questions != 1 || got.From != "2026-02-20" || len(lists) != 4 {
		t.Errorf("the report is %+v, the lists %v", report, lists)
	}
	if f, _ := report.Tasks[0].Methods[0].Figure(score.MRR, 5); f.Value != 0.5 {
		t.Errorf("o-soap is second for cy: got %+v", f)
	}
	none := write(t, t.TempDir(), "truth.json", `{}`)
	if report, _ := run(t, Options{Folder: shop, Truth: none}); report.Tasks[0].Questions != 0 || len(report.Tasks[0].Methods) != 0 {
		t.Errorf("without any right answer the report is %+v", report)
	}
}

// TestScenario: the weights of a scenario's file are those of the engine.
func TestScenario(t *testing.T) {
	past := write(t, t.TempDir(), "s.json", `{"diversity": 0, "rotationRate": 0, "explore": {"share": 0},
		"weights": {"own": 0, "together": 0, "category": 0, "brand": 0, "place": 0, "trend": 0, "popular": 0, "basket": 0, "past": 1}}
`)
	for scenario, first := range map[string]string{"": "o-bread", past: "o-tea"} {
		_, lists := run(t, Options{Folder: shop, Scenario: scenario})
		if got := lists["bo|2026-02-11"]; len(got) == 0 || got[0] != first {
			t.Errorf("o-tea alone was redeemed before, and bo had bread the day before; scenario %q has %v", scenario, got)
		}
	}
}

func TestPrinted(t *testing.T) {
	var text, asJSON, log bytes.Buffer
	report, _ := run(t, Options{Folder: shop, Out: &text, Log: &log})
	for _, want := range []string{
		"26 events, 4 questions as of 2026-02-05 through 2026-02-20", "first 5", "first 20", "ndcg-all",
		"own purchases", "0.5625 ±", "nabo ahead of",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("%q is missing in:\n%s", want, &text)
		}
	}
	if got := log.String(); !strings.HasPrefix(got, "2026-02-05: ") || strings.Count(got, "\n") != 1 {
		t.Errorf("one line a month was expected in the log, got:\n%s", got)
	}
	run(t, Options{Folder: shop, Out: &asJSON, JSON: true})
	var back Report
	err := json.Unmarshal(asJSON.Bytes(), &back)
	for i := range back.Tasks {
		back.Tasks[i].Cost = Cost{}
	}
	if err != nil || !reflect.DeepEqual(&back, report) {
		t.Errorf("%v; the JSON says %+v, the report is %+v", err, &back, report)
	}
}

// TestAhead: the engine is as far ahead as the means say, and not of itself.
func TestAhead(t *testing.T) {
	report, _ := run(t, Options{Folder: shop})
	for i, m := range report.Tasks[0].Methods {
		for j, f := range m.Figures {
			want := report.Tasks[0].Methods[0].Figures[j].Value - f.Value
			if f.Ahead != want || f.AheadLow > want || f.AheadHigh < want || (i == 0 && (f.AheadLow != 0 || f.AheadHigh != 0)) {
				t.Errorf("%s: %+v, the engine %+v", m.Name, f, report.Tasks[0].Methods[0].Figures[j])
			}
		}
	}
}

func TestFaults(t *testing.T) {
	ask := func(text string) func(*testing.T, *Options) {
		return func(t *testing.T, o *Options) { o.Queries = write(t, t.TempDir(), "q.jsonl", text) }
	}
	add := func(file, line string) func(*testing.T, *Options) {
		return func(t *testing.T, o *Options) { o.Folder = copied(t); added(t, o.Folder, file, line) }
	}
	for want, change := range map[string]func(*testing.T, *Options){
		"the folder of the history is missing":             func(_ *testing.T, o *Options) { o.Folder = "" },
		`--set: there is no dial "pitch"; there are`:       func(_ *testing.T, o *Options) { o.Set = map[string]float64{"pitch": 1} },
		"--samples 5: want 100 to 100000":                  func(_ *testing.T, o *Options) { o.Samples = 5 },
		"receipts.csv.gz: file does not exist":             func(t *testing.T, o *Options) { o.Folder = t.TempDir() },
		"q.jsonl: line 1: invalid character":               ask("x"),
		"id, member, day and candidates were expected":     ask(`{"id":"q","member":"anna","day":"2026-02-05"}`),
		`line 2: day: "May" is no time`:                    ask("\n" + `{"id":"q","member":"a","day":"May","candidates":["o"]}`),
		"there is none in the file":                        ask(""),
		`two have the id "q"`:                              ask(strings.Repeat(`{"id":"q","member":"a","day":"2026-02-05","candidates":["o"]}`+"\n", 2)),
		`receipts.csv: line 12: qty is "two"`:              add("receipts.csv", "2026-02-01T00:00:00Z,1,8,cy,tea,two,1"),
		`receipts.csv: line 12: price is "?"`:              add("receipts.csv", "2026-02-01T00:00:00Z,1,8,cy,tea,2,?"),
		`receipts.csv: line 12: "yesterday" is no time`:    add("receipts.csv", "yesterday,1,8,cy,tea,2,1"),
		"receipts.csv: record on line 12: wrong number":    add("receipts.csv", "1,2"),
		`campaigns.csv: line 4: "soon" is no time`:         add("campaigns.csv", "x,TypeA,2026-02-01,soon"),
		`campaign_members.csv: line 6: there is no`:        add("campaign_members.csv", "x,anna"),
		`redemptions.csv: line 7: "" is no time`:           add("redemptions.csv", ",anna,spring,o-tea"),
		"s.json: /data/config/counts":                      func(t *testing.T, o *Options) { o.Scenario = write(t, t.TempDir(), "s.json", `{"counts":1}`) },
		"s.json: invalid character":                        func(t *testing.T, o *Options) { o.Scenario = write(t, t.TempDir(), "s.json", `x`) },
		"truth.json: invalid character":                    func(t *testing.T, o *Options) { o.Truth = write(t, t.TempDir(), "truth.json", "x") },
		`there is no column "receipt"; the columns are ts`: func(t *testing.T, o *Options) { o.Folder = copied(t); write(t, o.Folder, "receipts.csv", "ts\n") },
		"--hold 1: want more than 0":                       func(_ *testing.T, o *Options) { o.Hold = 1 },
		"--min 1: want at least 2":                         func(_ *testing.T, o *Options) { o.Least = 1 },
		"--max -1: want at least 1":                        func(_ *testing.T, o *Options) { o.Most = -1 },
		"--workers -1: want 1 to 64":                       func(_ *testing.T, o *Options) { o.Workers = -1 },
		"--tries -1: want":                                 func(_ *testing.T, o *Options) { o.Tries = -1 },
		"--save is what --tune chose":                      func(_ *testing.T, o *Options) { o.Save = "x" },
		"--write-cut is about":                             func(_ *testing.T, o *Options) { o.WriteCut, o.Reveal = "x", true },
		"next-basket: there is nothing to ask; mem":        func(_ *testing.T, o *Options) { o.Tasks = []Task{NextBasket} },
		"a file is about one task: one --task": func(t *testing.T, o *Options) {
			ask(`{}`)(t, o)
			o.Tasks = []Task{Together, Complete}
		},
		"query has 2 products; what is bought": func(t *testing.T, o *Options) {
			ask(`{"id":"a","query":["x","y"]}`)(t, o)
			o.Tasks = []Task{Together}
		},
		"id and member were expected": func(t *testing.T, o *Options) {
			ask(`{"id":"a"}`)(t, o)
			o.Tasks = nil
		},
		"file is about one task, and there are several": func(t *testing.T, o *Options) {
			o.Folder, o.Tasks, o.Predictions = shopOf(t), nil, "p.json"
		},
		"write the predictions": func(t *testing.T, o *Options) { o.Predictions = filepath.Join(t.TempDir(), "no", "p.json") },
	} {
		opt := Options{Folder: shop, Samples: 100, Tasks: []Task{Offers}}
		change(t, &opt)
		if _, err := Run(context.Background(), opt); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	b := Backtest{Options{Folder: shop}}
	if err := b.Run(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
