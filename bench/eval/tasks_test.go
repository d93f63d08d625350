package eval

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"nabo/bench/eval/score"
)

// head is the first line of a table of receipts.
const head = "ts,store,receipt,member,product,qty,price\n"

// till writes a file of receipts, each as "day member product product…", with
// - before what came back. Receipts are numbered from 1.
func till(t *testing.T, receipts ...string) string {
	t.Helper()
	var out strings.Builder
	out.WriteString(head)
	for i, r := range receipts {
		words := strings.Fields(r)
		for _, p := range words[2:] {
			qty := 1
			if strings.HasPrefix(p, "-") {
				p, qty = p[1:], -1
			}
			fmt.Fprintf(&out, "2026-01-%sT10:%02d:00Z,1,%d,%s,%s,%d,\n", words[0], i%60, i+1, strings.Trim(words[1], "."), p, qty)
		}
	}
	return write(t, t.TempDir(), "receipts.csv", out.String())
}

// examOf cuts a file of receipts.
func examOf(t *testing.T, path string, opt Options) (*history, *exam) {
	t.Helper()
	h, err := readHistory(path)
	if err != nil {
		t.Fatal(err)
	}
	opt = opt.withDefaults()
	exams, err := h.exams(&opt)
	if err != nil {
		t.Fatal(err)
	}
	return h, exams[0]
}

// TestLastBaskets: anna's fifth basket is asked about and hidden with what she
// brought back after it; bo has too few; what is bought fewer than three times
// before does not count.
func TestLastBaskets(t *testing.T) {
	path := till(t,
		"01 anna tea milk", "02 anna tea milk jam", "03 bo tea", "03 anna tea milk", "04 anna tea milk", "05 bo milk",
		"06 anna tea milk jam cake", "07 . bread", "08 anna -tea")
	h, ex := examOf(t, path, Options{Tasks: []Task{NextBasket}})
	if len(ex.asked) != 1 || ex.asked[0].ID != "anna|5" || ex.asked[0].Member != "anna" || ex.asked[0].before != ex.until {
		t.Fatalf("asked is %+v", ex.asked)
	}
	if got := ex.right[NextBasket]["anna|5"]; !slices.Equal(got, []string{"tea", "milk"}) {
		t.Errorf("right is %v", got)
	}
	if got := ex.past["anna|5"]; len(got) != 8 {
		t.Errorf("before she had %v", got)
	}
	if want := []bool{false, false, false, false, false, false, true, false, true}; !slices.Equal(ex.hidden, want) {
		t.Errorf("hidden are %v", ex.hidden)
	}
	_, valid := h.parted(ex, &Options{Hold: 0.1, Least: 3, Most: 10})
	if len(valid.asked) != 1 || valid.asked[0].ID != "anna|4" || !valid.hidden[4] || !valid.hidden[6] {
		t.Errorf("the validation part asks %+v and hides %v", valid.asked, valid.hidden)
	}
	_, live := examOf(t, path, Options{Tasks: []Task{NextBasket}, Reveal: true})
	if q := live.asked[0]; live.hidden != nil || q.before != 6 || dayOf(q.at) != "2026-01-06" {
		t.Errorf("live, %+v is asked and %v hidden", q, live.hidden)
	}
	_, days := examOf(t, till(t, "01 anna tea", "01 anna milk", "02 anna tea", "03 anna tea", "04 anna milk", "04 anna tea milk"), Options{Day: true})
	if q := days.asked[0]; q.ID != "anna|4" || !slices.Equal(days.right[NextBasket]["anna|4"], []string{"tea"}) || !days.hidden[4] || !days.hidden[5] {
		t.Errorf("by days, asked is %+v, right %v, hidden %v", q, days.right[NextBasket], days.hidden)
	}
}

// TestLastReceipts: of twenty receipts the last two are asked about, without
// what had not sold before; one of them has too little left.
func TestLastReceipts(t *testing.T) {
	var receipts []string
	for i := range 18 {
		receipts = append(receipts, fmt.Sprintf("%02d . tea milk jam", i+1))
	}
	receipts = append(receipts, "19 . tea tea new milk jam -jam", "20 . tea new", "21 . -milk")
	_, ex := examOf(t, till(t, receipts...), Options{Tasks: []Task{Together, Complete}})
	if len(ex.asked) != 2 || ex.until != 18 {
		t.Fatalf("asked is %+v, and what stands before %d is known", ex.asked, ex.until)
	}
	// SHA-1 of "19" is b3f0c7f6bb763af1be91d9e74eabfeb199dc1f1f, which 3 divides:
	// the first of the three is picked.
	pair, loo := ex.asked[0], ex.asked[1]
	rest := []string{"milk", "jam"}
	if pair.ID != "19" || !slices.Equal(pair.Query, []string{"tea"}) || !slices.Equal(ex.right[Together]["19"], rest) {
		t.Errorf("of the pair %+v, right is %v", pair, ex.right[Together])
	}
	if !slices.Equal(loo.Query, rest) || !slices.Equal(ex.right[Complete]["19"], []string{"tea"}) {
		t.Errorf("of the rest %+v, right is %v", loo, ex.right[Complete])
	}
	_, live := examOf(t, till(t, receipts...), Options{Tasks: []Task{Together}, Reveal: true})
	if live.until != 21 || live.asked[0].before != 18 {
		t.Errorf("live, %d are known, asked is %+v", live.until, live.asked)
	}
}

// shopOf writes a shop where tea goes with milk and jam with bread, and each
// member buys every three days; the same every time.
func shopOf(t *testing.T) string {
	t.Helper()
	var receipts []string
	for i := range 240 {
		goods := []string{"tea milk", "jam bread", "tea milk sugar", "bread jam butter", "soap"}[i%5]
		if i%7 == 0 {
			goods += " soap"
		}
		receipts = append(receipts, fmt.Sprintf("%02d m%d %s", 1+i/9, i%30, goods))
	}
	return till(t, receipts...)
}

// TestAllTasks: what belongs together is found, the simple ways answer by the
// same receipts, and no answer repeats what was given.
func TestAllTasks(t *testing.T) {
	cut := t.TempDir()
	report, err := Run(context.Background(), Options{Folder: shopOf(t), Samples: 100, WriteCut: cut})
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Tasks) != 3 {
		t.Fatalf("the report is %+v", report)
	}
	for i := range report.Tasks {
		r := &report.Tasks[i]
		if r.Task != Task(i) || r.Questions < 10 || len(r.Methods) != len(methodsOf(r.Task)) || len(r.Examples) != examples {
			t.Errorf("%v: %d questions, %d methods, %d examples", r.Task, r.Questions, len(r.Methods), len(r.Examples))
		}
		if f, _ := r.Methods[0].Figure(score.Hit, 5); f.Value < 0.9 {
			t.Errorf("%v: among six products the first five hit in %v", r.Task, f.Value)
		}
		checkCut(t, filepath.Join(cut, r.Task.String()), r)
	}
}

// checkCut asks again by the files that were written, and wants the same.
func checkCut(t *testing.T, folder string, r *TaskReport) {
	t.Helper()
	at := func(name string) string { return filepath.Join(folder, name) }
	var given, taken map[string][]string
	readInto(t, at("predictions.json"), &given)
	opt := Options{
		Folder: at("train.csv"), Tasks: []Task{r.Task}, Queries: at("queries.jsonl"), Truth: at("truth.json"),
		Predictions: filepath.Join(t.TempDir(), "p.json"), Samples: 100,
	}
	if r.Task == NextBasket {
		opt.History = at("history.json")
	}
	again, err := Run(context.Background(), opt)
	if err != nil {
		t.Fatal(err)
	}
	readInto(t, opt.Predictions, &taken)
	if len(given) != r.Questions || !reflect.DeepEqual(given, taken) {
		t.Errorf("%v: %d lists were written; asked by the files, they are others", r.Task, len(given))
	}
	if !reflect.DeepEqual(again.Tasks[0].Methods, r.Methods) {
		t.Errorf("%v: asked by the files, the figures are others", r.Task)
	}
	var queries []question
	for _, line := range strings.Split(strings.TrimSpace(read(t, at("queries.jsonl"))), "\n") {
		var q question
		if err := json.Unmarshal([]byte(line), &q); err != nil {
			t.Fatal(err)
		}
		queries = append(queries, q)
	}
	for _, q := range queries {
		for _, p := range given[q.ID] {
			if slices.Contains(q.Query, p) {
				t.Errorf("%v %s: %s was given, and is in the answer", r.Task, q.ID, p)
			}
		}
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	body, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func readInto(t *testing.T, path string, to any) {
	t.Helper()
	if err := json.Unmarshal([]byte(read(t, path)), to); err != nil {
		t.Fatal(err)
	}
}

// TestReveal: live, an answer knows the receipts before its own and not its
// own; frozen, it knows none of those asked about.
func TestReveal(t *testing.T) {
	receipts := []string{}
	for i := range 18 {
		receipts = append(receipts, fmt.Sprintf("%02d . tea milk", i+1))
	}
	receipts[0] = "01 . tea milk cake"
	path := till(t, append(receipts, "19 . tea cake", "20 . tea cake")...)
	for _, reveal := range []bool{false, true} {
		report, err := Run(context.Background(), Options{Folder: path, Tasks: []Task{Together}, Reveal: reveal, Samples: 100})
		if err != nil {
			t.Fatal(err)
		}
		events := 19 // the scenario and 18 receipts
		if reveal {
			events = 20 // the last one is nobody's
		}
		if r := report.Tasks[0]; r.Events != events || r.Questions != 2 || r.Revealed != reveal || (r.Cost.Rounds == 2) != reveal {
			t.Errorf("reveal %v: %+v", reveal, r)
		}
	}
}

// TestTills holds the simple ways against figures worked out by hand.
func TestTills(t *testing.T) {
	path := till(t, "01 anna tea milk", "02 anna tea jam", "03 anna jam", "04 bo tea milk", "05 bo soap soap -tea", "06 anna soap")
	h, err := readHistory(path)
	if err != nil {
		t.Fatal(err)
	}
	w := newTills()
	for i := range h.receipts {
		r := &h.receipts[i]
		w.note(tokenOf(r.member), r.lines)
	}
	for _, c := range []struct {
		q    question
		want []string
	}{
		{question{task: NextBasket, Member: "anna"}, []string{
			"tea jam milk soap", // popular: 3; 2, 2, 2 receipts, then by id
			"tea jam milk soap", // jam and tea twice, tea on more receipts; milk and soap once, alike
			"tea jam milk soap",
			"soap jam tea milk", // the latest first
		}},
		{question{task: NextBasket, Member: "nobody"}, []string{"tea jam milk soap", "", "tea jam milk soap", "tea jam milk soap"}},
		// milk is on two receipts with tea, jam on one of its two.
		{question{task: Together, Query: []string{"tea"}}, []string{"jam milk soap", "milk jam soap", "milk jam soap"}},
		// tea is with both; soap with neither.
		{question{task: Complete, Query: []string{"milk", "jam", "unknown"}}, []string{"tea soap", "tea soap", "tea soap"}},
	} {
		for i, list := range w.answers(&c.q) {
			if got, want := strings.Join(list, " "), c.want[i]; got != want {
				t.Errorf("%s of %+v: got %q, want %q", methodsOf(c.q.task)[i+1], c.q, got, want)
			}
		}
	}
	w.note(0, h.receipts[1].lines) // tea and jam once more: the row is read on
	if got := w.answers(&question{task: Together, Query: []string{"tea"}})[1]; !slices.Equal(got, []string{"jam", "milk", "soap"}) {
		t.Errorf("after another tea with jam: %v", got)
	}
}

// TestItems: lists may hold texts, numbers or baskets.
func TestItems(t *testing.T) {
	for text, want := range map[string]string{
		`["a",7]`: "a 7", `[[-1],[1,2],[3],[-1]]`: "1 2 3", `[]`: "", `[["a"],["b"]]`: "a b", `[12345678901234567890]`: "12345678901234567890",
	} {
		var got items
		if err := json.Unmarshal([]byte(text), &got); err != nil || strings.Join(got, " ") != want {
			t.Errorf("%s is %v, %v", text, got, err)
		}
	}
	var got items
	if err := json.Unmarshal([]byte(`[{"a":1}]`), &got); err == nil {
		t.Errorf("an object is no item, and was read as %v", got)
	}
}
