package server

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"nabo/server/lists"
)

// sample is a request to a documented operation.
type sample struct {
	path, query, body string // path: in place of the documented one; empty: as documented
	status            int
}

// samples are requests with right and with wrong input, by operation.
func samples(goods, offers, list string) map[string][]sample {
	question := func(path string) (get, post []sample) {
		get = []sample{
			{path, "", "", 200}, {path, "count=3&explain=true&exclude=x&exclude=y&scenario=home", "", 200},
			{path, "count=0", "", 400}, {path, "nonsense=1", "", 400}, {path, "minSeq=999999", "", 503},
		}
		post = []sample{
			{path, "", "", 200}, {path, "", `{"count":3,"explain":true,"exclude":["x"]}`, 200},
			{path, "", `{"count":"3"}`, 400}, {path, "", `{"nonsense":1}`, 400}, {path, "", `{`, 400},
		}
		return get, post
	}
	out := map[string][]sample{
		"post-events": {
			{"", "wait=applied", `{"id":"c-1","type":"receipt","data":{"products":["a","b"]}}`, 202}, {"", "validateOnly=true", `{"type":"view","data":{"product":"a"}}`, 200},
			{"", "", `[{"type":"view","data":{"product":"a"}},{"type":"view","data":{}}]`, 202}, {"", "", `{"type":"view"}`, 400}, {"", "wait=soon", `{}`, 400},
		},
		"post-batch": {
			{"", "", `{"requests":[{"op":"trending"},{"op":"together","params":{"product":"a","explain":true}},{"op":"together"},{"op":"offers","params":{"member":"m1"}}]}`, 200},
			{"", "", `{"requests":4}`, 400}, {"", "", ``, 400},
		},
		"get-stats":   {{"", "", "", 200}, {"", "digest=true", "", 200}, {"", "digest=1", "", 400}},
		"get-product": {{"/v1/products/a", "", "", 200}, {"/v1/products/p1", "", "", 200}, {"/v1/products/unheard-of", "", "", 404}, {"/v1/products/a", "x=1", "", 400}},
		"put-product": {
			{"/v1/products/p1", "wait=applied", `{"name":"Milk","price":12.5,"currency":"DKK","attributes":{"organic":true,"fat":1.5,"note":"x"}}`, 202},
			{"/v1/products/p1", "", `{"nmae":"Milk"}`, 400}, {"/v1/products/p1", "", ``, 400},
		},
		"delete-product":      {{"/v1/products/p2", "", "", 202}, {"/v1/products/p2", "x=1", "", 400}},
		"put-stock":           {{"/v1/products/a/stock/s1", "", `{"availability":"OutOfStock"}`, 202}, {"/v1/products/a/stock/s1", "", `{"availability":"none"}`, 400}},
		"get-product-members": {{"/v1/products/a/members", "", "", 200}, {"/v1/products/nobody/members", "", "", 200}, {"/v1/products/a/members", "count=0", "", 400}},
		"get-member":          {{"/v1/members/m2", "", "", 200}, {"/v1/members/unheard-of", "", "", 404}, {"/v1/members/m2", "x=1", "", 400}},
		"put-member": {
			{"/v1/members/m2", "wait=applied", `{"homeStore":"s1","chains":["c"],"timezone":"Europe/Copenhagen","attributes":{"tier":"gold"}}`, 202},
			{"/v1/members/m2", "", `{"chains":"c"}`, 400},
		},
		"delete-member": {{"/v1/members/m3", "wait=applied", "", 202}, {"/v1/members/unheard-of", "", "", 202}, {"/v1/members/m3", "wait=1", "", 400}},
		"get-affinity":  {{"/v1/members/m1/affinity", "", "", 200}, {"/v1/members/unheard-of/affinity", "count=2", "", 200}, {"/v1/members/m1/affinity", "count=x", "", 400}},
		"export-member": {{"/v1/members/m1/export", "", "", 200}, {"/v1/members/m2/export", "", "", 200}, {"/v1/members/unheard-of/export", "", "", 200}, {"/v1/members/m1/export", "x=1", "", 400}},
		"get-livez":     {{"", "", "", 200}}, "get-readyz": {{"", "", "", 200}}, "get-metrics": {{"", "", "", 200}},
		"get-openapi": {{"", "", "", 200}}, "get-docs": {{"", "", "", 200}},
		"get-icon": {{"", "", "", 200}}, "get-nabo-js": {{"", "", "", 200}}, "get-nabo-types": {{"", "", "", 200}},
	}
	for op, path := range map[string]string{
		"together": "/v1/products/a/bought-together", "similar": "/v1/products/a/similar", "trending": "", "basket": "", "products": "/v1/members/m1/products",
	} {
		out["get-"+op], out["post-"+op] = question(path)
	}
	maps.Copy(out, offerSamples(list))
	maps.Copy(out, decisionSamples(goods, offers))
	maps.Copy(out, syncSamples())
	maps.Copy(out, consoleSamples())
	return out
}

// Every documented operation is called with right and with wrong input, and
// what it answers is what its document says.
func TestDocumentedOperationsAnswerAsDocumented(t *testing.T) {
	r := newWholeRig(t, func(o *Options) { o.Syncs = &fakeSyncs{} })
	r.receipts(t, 4, "m1", "a", "b")
	r.receipts(t, 1, "m3", "a", "p2")
	for _, id := range []string{"p1", "m2"} {
		path := map[string]string{"p1": "/v1/products/p1", "m2": "/v1/members/m2"}[id]
		want[Change](t, r.send(t, "PUT", path+"?wait=applied", `{}`), 202)
	}
	for id, body := range map[string]string{"o1": `{"products":["a"]}`, "o2": `{"products":["b"]}`, "ended": `{"products":["b"],"validThrough":"2026-11-20T00:00:00Z"}`} {
		want[Change](t, r.send(t, "PUT", "/v1/offers/"+id, body), 200)
	}
	list := r.doneList(t, lists.Spec{Scenario: "home", Format: lists.NDJSON})
	r.opt.WaitLimit = 300 * time.Millisecond // from here on: some wait for what never comes
	goods := want[Answer](t, r.send(t, "GET", "/v1/trending", ""), 200).RecommID
	offers := want[OfferAnswer](t, r.send(t, "GET", "/v1/members/m1/offers?count=1&explain=true", ""), 200).RecommID
	doc, all := r.api.OpenAPI(), samples(goods, offers, list)
	for path, item := range doc.Paths {
		for _, op := range []*huma.Operation{item.Get, item.Post, item.Put, item.Delete} {
			if op == nil {
				continue
			}
			if len(all[op.OperationID]) == 0 {
				t.Errorf("%s %s has no samples", op.Method, path)
			}
			for _, one := range all[op.OperationID] {
				t.Run(op.OperationID+"/"+strconv.Itoa(one.status), func(t *testing.T) { checkSample(t, r, op, one) })
			}
			delete(all, op.OperationID)
		}
	}
	for id := range all {
		t.Errorf("%s is not documented", id)
	}
}

func checkSample(t *testing.T, r *rig, op *huma.Operation, one sample) {
	target := one.path
	if target == "" {
		target = op.Path
	}
	got := r.send(t, op.Method, target+"?"+one.query, one.body)
	if got.status != one.status {
		t.Fatalf("%s?%s %s: status %d, expected %d: %s", target, one.query, one.body, got.status, one.status, got.body)
	}
	response := op.Responses[strconv.Itoa(got.status)]
	if response == nil {
		t.Fatalf("status %d is not documented", got.status)
	}
	kind, _, _ := strings.Cut(got.header.Get("Content-Type"), ";")
	media := response.Content[kind]
	if media == nil {
		t.Fatalf("%q is not documented for %d", kind, got.status)
	}
	if media.Schema.Type == huma.TypeString {
		return
	}
	var data any
	if err := json.Unmarshal(got.body, &data); err != nil {
		t.Fatalf("the answer is no JSON: %v", err)
	}
	if faults := against(r, media.Schema, data); len(faults) > 0 {
		t.Fatalf("%s is not as documented: %v", got.body, faults)
	}
	if one.body != "" && got.status < 300 {
		checkRequestSchema(t, r, op, one.body)
	}
}

// checkRequestSchema holds the document to what the server takes.
func checkRequestSchema(t *testing.T, r *rig, op *huma.Operation, body string) {
	var data any
	if err := json.Unmarshal([]byte(body), &data); err != nil {
		t.Fatal(err)
	}
	schema := op.RequestBody.Content[jsonType].Schema
	list, many := data.([]any)
	if !many || schema.Type == huma.TypeArray {
		list = []any{data}
	}
	for _, one := range list {
		if faults := against(r, schema, one); len(faults) > 0 {
			t.Fatalf("%s was taken but is not documented: %v", body, faults)
		}
	}
}

func against(r *rig, schema *huma.Schema, data any) []error {
	res := &huma.ValidateResult{}
	huma.Validate(r.api.OpenAPI().Components.Schemas, schema, huma.NewPathBuffer([]byte{}, 0), huma.ModeReadFromServer, data, res)
	return res.Errors
}

// Every documented parameter of a GET is taken, and no other is.
func TestDocumentedParametersAreTaken(t *testing.T) {
	r := newRig(t, nil)
	for path, item := range r.api.OpenAPI().Paths {
		op := item.Get
		if op == nil || !strings.HasPrefix(path, "/v1/") {
			continue
		}
		target := strings.NewReplacer("{id}", "01J00000000000000000000000").Replace(path)
		if got := r.send(t, "GET", target+"?nonsense=1", ""); got.status != 400 {
			t.Errorf("GET %s takes a parameter that is not documented: %d", path, got.status)
		}
		for _, p := range op.Parameters {
			if p.In != "query" {
				continue
			}
			got := r.send(t, "GET", target+"?"+p.Name+"="+url.QueryEscape(valueFor(p)), "")
			if got.status == 400 {
				t.Errorf("GET %s: %s is documented and refused: %s", path, p.Name, got.body)
			}
		}
	}
}

func valueFor(p *huma.Param) string {
	s := p.Schema
	switch {
	case p.Name == pFilter.info().name:
		return "offer.price < 5.0"
	case p.Name == pBooster.info().name:
		return "1.5"
	case len(s.Enum) > 0:
		return fmt.Sprint(s.Enum[len(s.Enum)-1])
	case s.Type == huma.TypeBoolean:
		return "true"
	case s.Type == huma.TypeInteger, s.Type == huma.TypeNumber:
		return fmt.Sprint(*s.Minimum)
	}
	return "x"
}

// The document is OpenAPI 3.1, refers to nothing that is not there, and every
// route is in it.
func TestDocument(t *testing.T) {
	r := newRig(t, nil)
	var doc struct {
		OpenAPI    string
		Paths      map[string]map[string]json.RawMessage
		Components struct{ Schemas map[string]json.RawMessage }
	}
	got := r.send(t, "GET", "/openapi.json", "")
	if err := json.Unmarshal(got.body, &doc); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(doc.OpenAPI, "3.1") {
		t.Errorf("the document is OpenAPI %s", doc.OpenAPI)
	}
	for _, part := range strings.Split(string(got.body), `"#/components/schemas/`)[1:] {
		name, _, _ := strings.Cut(part, `"`)
		if doc.Components.Schemas[name] == nil {
			t.Errorf("refers to %s, which is not there", name)
		}
	}
	for _, pattern := range r.patterns {
		method, path, ok := strings.Cut(pattern, " ")
		if ok && doc.Paths[path][strings.ToLower(method)] == nil {
			t.Errorf("%s is not documented", pattern)
		}
	}
	for path, item := range doc.Paths {
		for method := range item {
			if method != "parameters" && !slices.Contains(r.patterns, strings.ToUpper(method)+" "+path) {
				t.Errorf("%s %s is documented and not served", method, path)
			}
		}
	}
}

// The page loads nothing from elsewhere and shows every operation.
func TestPage(t *testing.T) {
	r := newRig(t, nil)
	got := r.send(t, "GET", "/docs", "")
	page := string(got.body)
	for _, outside := range []string{"<script", "<link", "<img", "<iframe", "@import", "url(", "src="} {
		if strings.Contains(page, outside) {
			t.Errorf("the page has %s", outside)
		}
	}
	for _, pattern := range r.patterns {
		if pattern != "/" && !strings.Contains(page, "<code>"+pattern+"</code>") {
			t.Errorf("the page lacks %s", pattern)
		}
	}
	if got.status != http.StatusOK || !strings.Contains(got.header.Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("got %d %v", got.status, got.header)
	}
}
