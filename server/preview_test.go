package server

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
)

// A preview shows what a member would see once it is saved, and changes
// nothing.
func TestPreviewIsWhatSavingBrings(t *testing.T) {
	r := newRig(t, nil)
	r.receipts(t, 5, "m1", "a", "b")
	r.receipts(t, 2, "m1", "c")
	for i, p := range []string{"a", "b", "c", "d"} {
		want[Change](t, r.send(t, "PUT", "/v1/offers/o-"+p, fmt.Sprintf(`{"products":[%q],"priority":%d}`, p, i)), 200)
	}
	for _, config := range []string{`{"count":2}`, `{"weights":{"own":0},"priority":5}`, `{"logic":"mixed","count":3}`, `{"enabled":false}`} {
		body := `{"scenario":"home","config":` + config + `,"members":["m1","nobody"]}`
		before := r.engine.Position()
		got := want[Preview](t, r.send(t, "POST", "/v1/scenarios/preview", body), 200)
		if r.engine.Position() != before || len(got.Members) != 2 || !got.Members[0].Known || got.Members[1].Known || got.Version != got.Members[0].version(r) {
			t.Fatalf("%s: got %+v", config, got)
		}
		saved := want[OfferAnswer](t, r.send(t, "GET", "/v1/members/m1/offers?scenario=home&explain=true", ""), 200)
		if got.Members[0].Saved.Logic == "offers" && !reflect.DeepEqual(got.Members[0].Saved.Offers, saved.Recomms) {
			t.Errorf("%s: saved is shown as %+v, and is %+v", config, got.Members[0].Saved.Offers, saved.Recomms)
		}
		want[Scenario](t, r.send(t, "PUT", "/v1/scenarios/home", config), 200)
		now := got.Members[0].Preview
		if now.Logic == "offers" {
			is := want[OfferAnswer](t, r.send(t, "GET", "/v1/members/m1/offers?scenario=home&explain=true", ""), 200)
			if !reflect.DeepEqual(now.Offers, is.Recomms) || len(now.Products) != 0 || now.Candidates != is.Candidates {
				t.Errorf("%s: previewed as %+v, became %+v", config, now.Offers, is.Recomms)
			}
			continue
		}
		is := want[Answer](t, r.send(t, "GET", "/v1/members/m1/products?scenario=home&explain=true", ""), 200)
		if !reflect.DeepEqual(now.Products, is.Recomms) || len(now.Offers) != 0 || len(now.Products) == 0 {
			t.Errorf("%s: previewed as %+v, became %+v", config, now.Products, is.Recomms)
		}
	}
}

// version is what the scenario home has, which the preview must name.
func (PreviewMember) version(r *rig) uint64 {
	if sc := r.engine.Scenario("home"); sc.Name == "home" {
		return sc.Version
	}
	return 0
}

func TestPreviewSaysWhatIsWrong(t *testing.T) {
	r := newRig(t, nil)
	for body, says := range map[string]string{
		`{"scenario":"home","config":{"weights":{"own":-1}},"members":["m"]}`:                      `"/config/weights/own"`,
		`{"scenario":"home","config":{"filter":"nonsense("},"members":["m"]}`:                      `"/config/filter"`,
		`{"scenario":"home","config":{"config":1},"members":["m"]}`:                                `"/config/config"`,
		`{"scenario":"home","config":{},"members":["m",""]}`:                                       `"/members/1"`,
		`{"scenario":"home","config":{},"members":["m"],"count":0}`:                                `"/count"`,
		`{"scenario":"home","config":{},"members":["m"],"memebrs":[]}`:                             `"/memebrs"`,
		`{"scenario":"home","members":["m"]}`:                                                      `"/config"`,
		`{"scenario":"","config":{},"members":["m"]}`:                                              `"/scenario"`,
		`{"scenario":"x","config":{},"members":[` + strings.Repeat(`"m",`, maxPreviewed) + `"m"]}`: `"/members"`,
	} {
		wantProblem(t, r.send(t, "POST", "/v1/scenarios/preview", body), 400, badBody, says)
	}
}

func TestScenarioVersionsAndUndo(t *testing.T) {
	r := newRig(t, nil)
	versions := func(id string) []ScenarioVersion {
		return want[ScenarioHistory](t, r.send(t, "GET", "/v1/scenarios/"+id+"/versions", ""), 200).Versions
	}
	if built := versions("newsletter"); len(built) != 1 || built[0].Version != 0 || !built[0].Current || built[0].Time != nil {
		t.Fatalf("got %+v", built)
	}
	first := want[Scenario](t, r.send(t, "PUT", "/v1/scenarios/newsletter", `{"count":3}`), 200)
	r.gate.now = r.gate.now.Add(time.Hour)
	want[Scenario](t, r.send(t, "PUT", "/v1/scenarios/newsletter", `{"count":4}`), 200)
	got := versions("newsletter")
	if len(got) != 3 || got[0].Version != 2 || !got[0].Current || got[1].Current || string(got[1].Config) != string(first.Config) ||
		got[0].Time.Sub(*got[1].Time) != time.Hour || got[2].Version != 0 {
		t.Fatalf("got %+v", got)
	}
	undone := want[Scenario](t, r.send(t, "PUT", "/v1/scenarios/newsletter", string(got[1].Config)), 200)
	if undone.Version != 3 || string(undone.Config) != string(first.Config) {
		t.Errorf("got %+v", undone)
	}
	for i := range 30 {
		want[Scenario](t, r.send(t, "PUT", "/v1/scenarios/newsletter", fmt.Sprintf(`{"count":%d}`, i+1)), 200)
	}
	if got := versions("newsletter"); len(got) != 20 || got[0].Version != 33 || got[19].Version != 14 {
		t.Errorf("%d versions, from %d to %d", len(got), got[0].Version, got[len(got)-1].Version)
	}
	wantProblem(t, r.send(t, "GET", "/v1/scenarios/unheard-of/versions", ""), 404, unknownScenario, "no scenario of this id")
}
