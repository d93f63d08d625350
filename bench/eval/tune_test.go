package eval

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// TestTune: the search begins with what is set, keeps to its budget and to
// dials that are better, and repeats.
func TestTune(t *testing.T) {
	folder := shopOf(t)
	var last *Tuning
	for range 2 {
		save := filepath.Join(t.TempDir(), "tune.yaml")
		var text bytes.Buffer
		report, err := Run(context.Background(), Options{
			Folder: folder, Samples: 100, Tune: true, Tries: 9, Save: save, Workers: 2, Out: &text,
			Set: map[string]float64{"half-life": 1, "refine-neighbors": 8},
		})
		if err != nil {
			t.Fatal(err)
		}
		got := report.Tuning
		if len(got.Tries) < 2 || len(got.Tries) > 10 || got.Tries[0].Score != 1 || len(got.Tries[0].NDCG) != 3 {
			t.Fatalf("the tries are %+v", got.Tries)
		}
		if len(got.Validation) != 3 || len(got.Test) != 3 {
			t.Errorf("compared are %+v and %+v", got.Validation, got.Test)
		}
		if !strings.Contains(text.String(), "chosen: ") || !strings.HasPrefix(read(t, save), "# Chosen by nabo backtest --tune.\ntune:") {
			t.Errorf("saved is %s", read(t, save))
		}
		if last != nil && !reflect.DeepEqual(last, got) {
			t.Errorf("once %+v, then %+v", last, got)
		}
		last = got
	}
}

// TestTuneOffers: the weights of the scenario are searched for, too, and saved
// as a scenario that --scenario takes.
func TestTuneOffers(t *testing.T) {
	s := setup{scenario: plain, weights: map[string]float64{"past": 3}}
	config, err := s.config()
	if err != nil || !strings.Contains(config, `"weights":{"past":3}`) {
		t.Fatalf("%s, %v", config, err)
	}
	save := filepath.Join(t.TempDir(), "t.yaml")
	chosen := Tuning{Chosen: map[string]float64{"lambda": 3}, Weights: s.weights, Scenario: json.RawMessage(config)}
	if err := chosen.save(save); err != nil {
		t.Fatal(err)
	}
	if got := read(t, save); !strings.Contains(got, "tune:\n  lambda: 3\n") {
		t.Errorf("saved is %s", got)
	}
	beside := strings.TrimSuffix(save, ".yaml") + ".scenario.json"
	run(t, Options{Folder: shop, Scenario: beside})
	report, err := Run(context.Background(), Options{Folder: shop, Tasks: []Task{Offers}, Samples: 100, Tune: true, Tries: 20})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(report.Tuning.Tries); n < 15 {
		t.Errorf("%d setups were tried", n)
	}
}

// TestKept: what is asked after the state was copied is what is asked after a
// replay.
func TestKept(t *testing.T) {
	opt := Options{Folder: shopOf(t), Tasks: []Task{Together, Complete}, Samples: 100}.withDefaults()
	h, ex := examOf(t, opt.Folder, opt)
	other := setup{scenario: plain, set: map[string]float64{"lambda": 20}}
	fresh := &trial{h: h, ex: ex, opt: &opt}
	want, err := fresh.try(context.Background(), other)
	if err != nil {
		t.Fatal(err)
	}
	kept := &trial{h: h, ex: ex, opt: &opt}
	if _, err := kept.try(context.Background(), setup{scenario: plain}); err != nil {
		t.Fatal(err)
	}
	got, err := kept.try(context.Background(), other)
	if err != nil || fmt.Sprint(got) != fmt.Sprint(want) { // NaN is no NaN's equal
		t.Errorf("%v; from the copy %v, from a replay %v", err, got[Complete][0], want[Complete][0])
	}
}

// TestAblate: every part has a dial and a figure for each task.
func TestAblate(t *testing.T) {
	page := filepath.Join(t.TempDir(), "page.html")
	var text bytes.Buffer
	report, err := Run(context.Background(), Options{Folder: shopOf(t), Samples: 100, Ablate: true, Page: page, Out: &text})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range report.Tasks {
		if len(r.Ablation) != len(ingredients()) {
			t.Errorf("%v: %d parts of %d", r.Task, len(r.Ablation), len(ingredients()))
		}
	}
	for _, part := range ingredients() {
		if !hasDial(part.dial) || !strings.Contains(text.String(), part.name) {
			t.Errorf("%s has no dial %s, or is not printed", part.name, part.dial)
		}
	}
	body := read(t, page)
	for _, want := range []string{"What is missing in a basket?", "<svg", "of 100", "Right was: ", "ZgotmplZ", "do not say"} {
		if strings.Contains(body, want) == (want == "ZgotmplZ") {
			t.Errorf("the page, %q: %v", want, want != "ZgotmplZ")
		}
	}
}
