package server

import (
	"context"
	"encoding/json"
	"errors"
	"html/template"
	"io"
	"net/http/httptest"
	"strings"
	"testing"

	"nabo/stream/gate"
)

func TestEvents(t *testing.T) {
	r := newRig(t, nil)
	good := func(id string) string { return `{"id":"` + id + `","type":"receipt","data":{"products":["a","b"]}}` }
	for name, body := range map[string]string{
		"array":  `[` + good("1") + `,{"type":"receipt","data":{"lines":[{"product":"a","qty":"x"}]}},` + good("2") + `,` + good("1") + `]`,
		"ndjson": good("3") + "\n" + `{"type":"receipt","data":{"lines":[{"product":"a","qty":"x"}]}}` + "\n" + good("4") + "\n" + good("3"),
	} {
		checked := want[Admission](t, r.send(t, "POST", "/v1/events?validateOnly=true", body, "Content-Type", "application/x-ndjson"), 200)
		if checked.Accepted != 3 || len(checked.Rejected) != 1 || checked.Seq != 0 {
			t.Fatalf("%s: got %+v", name, checked)
		}
		a := want[Admission](t, r.send(t, "POST", "/v1/events?wait=applied", body, "Content-Type", "application/x-ndjson"), 202)
		if a.Accepted != 2 || a.Duplicates != 1 || len(a.Rejected) != 1 || a.Seq != r.gate.seq || !a.Applied {
			t.Fatalf("%s: got %+v", name, a)
		}
		if bad := a.Rejected[0]; bad.Index != 1 || bad.Pointer != "/data/lines/0/qty" {
			t.Fatalf("%s: got %+v", name, bad)
		}
	}
	late := `[` + good("5") + `,{"type":"view","time":"2027-11-21T10:00:00Z","data":{"product":"a"}}]`
	a := want[Admission](t, r.send(t, "POST", "/v1/events", late), 202)
	if a.Accepted != 1 || len(a.Rejected) != 1 || a.Rejected[0].Index != 1 || a.Rejected[0].Pointer != "/time" {
		t.Fatalf("got %+v", a)
	}
	p := wantProblem(t, r.send(t, "POST", "/v1/events", `[{"type":"nonsense"},{"type":"receipt","data":{"lines":4}}]`), 400, badEvent, "all 2 events")
	if len(p.Rejected) != 2 || p.Errors[1].Pointer != "/1/data/lines" {
		t.Fatalf("got %+v", p)
	}
}

// Each event of the documentation is one that is taken, and is on the page.
func TestEventExamplesAreTaken(t *testing.T) {
	r := newRig(t, nil)
	page := string(r.send(t, "GET", "/docs", "").body)
	for name, example := range eventExamples(jsonType) {
		body, err := json.Marshal(example.Value)
		if err != nil {
			t.Fatal(err)
		}
		if a := want[Admission](t, r.send(t, "POST", "/v1/events?validateOnly=true", string(body)), 200); a.Accepted != 1 {
			t.Errorf("%s: got %+v", name, a)
		}
		if !strings.Contains(page, template.HTMLEscapeString(string(body))) {
			t.Errorf("the page does not show %s", body)
		}
	}
}

func TestBodyOfUnknownLength(t *testing.T) {
	r := newRig(t, func(o *Options) { o.MaxBody = 2000 })
	for size, status := range map[int]int{1900: 202, 2100: 413} {
		body := `{"id":"1","type":"view","data":{"product":"a"}}`
		body += strings.Repeat(" ", size-len(body))
		req := httptest.NewRequest("POST", "/v1/events", io.MultiReader(strings.NewReader(body[:700]), strings.NewReader(body[700:])))
		req.Header.Set("Content-Type", "application/json; charset=utf-8")
		w := httptest.NewRecorder()
		if r.Handler().ServeHTTP(w, req); w.Code != status {
			t.Errorf("%d bytes: status %d, expected %d: %s", size, w.Code, status, w.Body)
		}
	}
}

func TestGateIsFull(t *testing.T) {
	r := newRig(t, nil)
	r.gate.fail = &gate.QueueFullError{Queue: 10, Err: context.DeadlineExceeded}
	got := r.send(t, "POST", "/v1/events", `{"type":"view","data":{"product":"a"}}`)
	wantProblem(t, got, 503, overloaded, "send it again")
	if got.header.Get("Retry-After") != "1" {
		t.Error("no Retry-After")
	}
	wantProblem(t, r.send(t, "PUT", "/v1/products/a", `{}`), 503, overloaded, "send it again")
	r.gate.fail = errors.New("secret path /var/lib")
	for _, got := range []reply{r.send(t, "POST", "/v1/events", `{"type":"view","data":{"product":"a"}}`), r.send(t, "PUT", "/v1/products/a", `{}`)} {
		if wantProblem(t, got, 500, internal, "log"); strings.Contains(string(got.body), "secret") {
			t.Error("the sender was told what only the log should say")
		}
	}
	if !strings.Contains(r.log.String(), "secret path") {
		t.Error("the log does not say what went wrong")
	}
}
