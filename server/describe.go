package server

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"nabo/engine"
	"nabo/engine/event"
)

// introduce writes the document's head.
func (s *Server) introduce() {
	doc := s.api.OpenAPI()
	doc.Info.Description = "Receipts in, recommendations out. Events are the only way in which the state changes; " +
		"each read says which log position it reflects (`asOf.seq`). Every read takes its parameters as a query, or as a JSON body of the same names with POST. " +
		"Every error is `application/problem+json`."
	doc.Tags = []*huma.Tag{
		{Name: "Events", Description: "What happened"},
		{Name: "Recommendations", Description: "What to show"},
		{Name: "Offers", Description: "What may be offered, to whom it is, and what became of it"},
		{Name: "Live", Description: "Lists that keep themselves up to date, over a websocket"},
		{Name: "Members", Description: "What is known of a member"},
		{Name: "Lists", Description: "Every member's offers at once"},
		{Name: "Scenarios", Description: "How lists are made, by where they are shown"},
		{Name: "Products", Description: "The catalogue"},
		{Name: "The graph", Description: "What is bound to what, to be drawn"},
		{Name: "Sync out", Description: "What changed of members' offers, on its way to other systems"},
		{Name: "Running it", Description: "How it is doing"},
	}
}

// writeDocument makes the document's bytes and the page from what was
// registered.
func (s *Server) writeDocument() error {
	s.describePages()
	doc := s.api.OpenAPI()
	// huma documents an error type of its own; nothing here answers with it.
	delete(doc.Components.Schemas.Map(), "ErrorModel")
	delete(doc.Components.Schemas.Map(), "ErrorDetail")
	text, err := json.MarshalIndent(doc, "", " ")
	if err != nil {
		return err
	}
	s.document = append(text, '\n')
	s.page, err = renderPage(doc)
	return err
}

// schema gives a reference to the schema of a type.
func (s *Server) schema(t reflect.Type) *huma.Schema {
	return s.api.OpenAPI().Components.Schemas.Schema(t, true, t.Name())
}

func jsonContent(schema *huma.Schema) map[string]*huma.MediaType {
	return map[string]*huma.MediaType{jsonType: {Schema: schema}}
}

// problemDoc documents the errors of an operation.
func (s *Server) problemDoc(statuses ...int) map[string]*huma.Response {
	out := map[string]*huma.Response{}
	for _, status := range append(statuses, http.StatusInternalServerError) {
		r := &huma.Response{
			Description: http.StatusText(status),
			Content:     map[string]*huma.MediaType{problemType: {Schema: s.schema(reflect.TypeFor[Problem]())}},
		}
		if status == http.StatusServiceUnavailable {
			r.Headers = map[string]*huma.Param{"Retry-After": {Description: "Seconds to wait", Schema: &huma.Schema{Type: huma.TypeInteger}}}
		}
		out[strconv.Itoa(status)] = r
	}
	return out
}

// bodyDoc puts the right schema on a body that huma takes as bytes.
func (s *Server) bodyDoc(method, path string, body reflect.Type) {
	item := s.api.OpenAPI().Paths[path]
	op := item.Put
	if method == http.MethodPost {
		op = item.Post
	}
	op.RequestBody.Content = jsonContent(s.schema(body))
}

// paramsDoc documents that a PUT may have its parameters as a body. huma must
// not know of the body when the operation is registered: it would read it.
func (s *Server) paramsDoc(path string, set param) {
	s.api.OpenAPI().Paths[path].Put.RequestBody = &huma.RequestBody{
		Description: "The same parameters as a JSON object. May be left out.", Content: jsonContent(paramsSchema(set, 0)),
	}
}

// alsoAccepted documents that an operation's success may be a 202, too.
func (s *Server) alsoAccepted(method, path string) {
	item := s.api.OpenAPI().Paths[path]
	op := item.Put
	if method == http.MethodDelete {
		op = item.Delete
	}
	accepted := *op.Responses["200"]
	accepted.Description = http.StatusText(http.StatusAccepted)
	op.Responses["202"] = &accepted
}

// queryDoc documents parameters as a query.
func (s *Server) queryDoc(set param) []*huma.Param {
	var out []*huma.Param
	set.each(func(one param) {
		info := one.info()
		p := &huma.Param{Name: info.name, In: "query", Description: info.doc, Schema: info.schema()}
		if info.kind == kindIDs {
			explode := true
			p.Explode, p.Style = &explode, "form"
		}
		out = append(out, p)
	})
	return out
}

// paramsSchema documents parameters as a JSON body.
func paramsSchema(set, required param) *huma.Schema {
	out := &huma.Schema{Type: huma.TypeObject, Properties: map[string]*huma.Schema{}, AdditionalProperties: false}
	set.each(func(one param) {
		info := one.info()
		p := info.schema()
		p.Description = info.doc
		out.Properties[info.name] = p
		if one&required != 0 {
			out.Required = append(out.Required, info.name)
		}
	})
	out.PrecomputeMessages()
	return out
}

// schema says what a parameter's value looks like.
func (i *paramInfo) schema() *huma.Schema {
	text := func(most int) *huma.Schema {
		one := 1
		return &huma.Schema{Type: huma.TypeString, MinLength: &one, MaxLength: &most}
	}
	bound := func(x float64) *float64 { return &x }
	switch i.kind {
	case kindIDs:
		most := maxList
		return &huma.Schema{Type: huma.TypeArray, Items: text(event.MaxID), MaxItems: &most}
	case kindText, kindCursor:
		return text(event.MaxText)
	case kindExpr:
		return text(maxExpr)
	case kindShare:
		return &huma.Schema{Type: huma.TypeNumber, Minimum: bound(0), Maximum: bound(1)}
	case kindCount:
		return &huma.Schema{Type: huma.TypeInteger, Minimum: bound(1), Maximum: bound(engine.MaxCount), Default: defaultCount}
	case kindNumber:
		return &huma.Schema{Type: huma.TypeNumber, Minimum: bound(0)}
	case kindPoints:
		return &huma.Schema{Type: huma.TypeInteger, Minimum: bound(minPoints), Maximum: bound(engine.MaxDots), Default: usualPoints}
	case kindDays:
		return &huma.Schema{Type: huma.TypeNumber, Minimum: bound(minDays), Maximum: bound(maxDays)}
	case kindSearch:
		return text(maxSearch)
	case kindSeq:
		return &huma.Schema{Type: huma.TypeInteger, Minimum: bound(0)}
	case kindFlag:
		return &huma.Schema{Type: huma.TypeBoolean, Default: false}
	case kindWord, kindChoice:
		out := &huma.Schema{Type: huma.TypeString}
		for _, word := range strings.Split(i.words, "|") {
			out.Enum = append(out.Enum, word)
		}
		if i.kind == kindWord {
			out.Default = out.Enum[0]
		}
		return out
	default:
		return text(event.MaxID)
	}
}

// describeQuestion documents both ways to ask a question.
func (s *Server) describeQuestion(q *question) {
	var path []*huma.Param
	if q.subject != 0 {
		info := q.subject.info()
		path = []*huma.Param{{Name: "id", In: "path", Required: true, Description: info.doc, Schema: info.schema()}}
	}
	rest := q.required | q.optional
	answer := reflect.TypeFor[Answer]()
	if q.offers {
		answer = reflect.TypeFor[OfferAnswer]()
	}
	answers := func(problems ...int) map[string]*huma.Response {
		out := s.problemDoc(problems...)
		out["200"] = &huma.Response{Description: "The recommendations", Content: jsonContent(s.schema(answer))}
		return out
	}
	body := paramsSchema(rest, q.required)
	query := s.queryDoc(rest)
	if q.offers {
		for _, p := range query {
			ofTheScenario(p.Name, p.Schema, &p.Description)
		}
		for name, schema := range body.Properties {
			ofTheScenario(name, schema, &schema.Description)
		}
	}
	doc := s.api.OpenAPI()
	doc.AddOperation(&huma.Operation{
		Method: http.MethodGet, Path: q.path, OperationID: "get-" + q.op, Tags: []string{q.tag}, Summary: q.summary, Description: q.doc,
		Parameters: append(path, query...), Responses: answers(400, 503),
	})
	doc.AddOperation(&huma.Operation{
		Method: http.MethodPost, Path: q.path, OperationID: "post-" + q.op, Tags: []string{q.tag}, Summary: q.summary, Description: q.doc,
		Parameters: path, Responses: answers(400, 413, 415, 503),
		RequestBody: &huma.RequestBody{Description: "The same parameters as a JSON object. May be left out.", Content: jsonContent(body)},
	})
}

// ofTheScenario documents a list's length where it is the scenario's.
func ofTheScenario(name string, schema *huma.Schema, doc *string) {
	if name == pCount.info().name {
		schema.Default, *doc = nil, "How many to answer with at most. The scenario's if left out: 35 where it does not say."
	}
}

func (s *Server) describeBatch() {
	responses := s.problemDoc(400, 413, 415, 503)
	responses["200"] = &huma.Response{Description: "One answer for each question, in their order", Content: jsonContent(s.schema(reflect.TypeFor[BatchAnswer]()))}
	s.api.OpenAPI().AddOperation(&huma.Operation{
		Method: http.MethodPost, Path: "/v1/recomms/batch", OperationID: "post-batch", Tags: []string{"Recommendations"},
		Summary:     "Ask many questions at once",
		Description: fmt.Sprintf("Up to %d. Each has a status of its own: a bad one spoils no other.", s.opt.MaxRequests),
		RequestBody: &huma.RequestBody{Required: true, Content: jsonContent(s.schema(reflect.TypeFor[Batch]()))},
		Responses:   responses,
	})
}

func (s *Server) describeEvents() {
	responses := s.problemDoc(400, 413, 415, 503)
	admission := jsonContent(s.schema(reflect.TypeFor[Admission]()))
	responses["202"] = &huma.Response{Description: "Durable in the log", Content: admission}
	responses["200"] = &huma.Response{Description: "Checked only (validateOnly)", Content: admission}
	content := map[string]*huma.MediaType{}
	for _, kind := range eventTypes {
		content[kind] = &huma.MediaType{Schema: s.schema(reflect.TypeFor[Envelope]()), Examples: eventExamples(kind)}
	}
	s.api.OpenAPI().AddOperation(&huma.Operation{
		Method: http.MethodPost, Path: "/v1/events", OperationID: "post-events", Tags: []string{"Events"},
		Summary: "Say what happened",
		Description: fmt.Sprintf("One event, an array of them, or one a line (NDJSON); up to %d events and %d bytes. Answers once they are durable in the log. "+
			"Good events are taken and bad ones are returned with their place and what is wrong; only when all are bad it is a 400. "+
			"`source` and `id` together tell an event that was seen before: sending again is safe.", s.opt.MaxEvents, s.opt.MaxBody),
		Parameters:  s.queryDoc(pWait | pValidateOnly),
		RequestBody: &huma.RequestBody{Required: true, Content: content},
		Responses:   responses,
	})
}

// Envelope is one event as a sender writes it: a CloudEvent. It documents the
// form; the event's own decoder reads it.
type Envelope struct {
	Specversion string         `json:"specversion,omitempty" enum:"1.0"`
	ID          string         `json:"id,omitempty" maxLength:"128" doc:"With source the key that makes sending again safe"`
	Source      string         `json:"source,omitempty" maxLength:"512" example:"pos/17"`
	Type        string         `json:"type" enum:"receipt,view,cart,scan,product.upserted,product.deleted,stock.changed,member.upserted,member.erased,member.merged,member.identified,signal,offer.upserted,offer.withdrawn,offer.personalised,offer.activated,offer.deactivated,offer.redeemed,impression,consent.changed,scenario.changed"`
	Time        string         `json:"time,omitempty" format:"date-time" doc:"When it happened; when it is received if left out. At most 24 hours ahead"`
	Data        map[string]any `json:"data" doc:"What is particular to the type"`
}

// eventExamples shows events of the types that surfaces send.
func eventExamples(kind string) map[string]*huma.Example {
	if kind != jsonType {
		return nil
	}
	out := map[string]*huma.Example{}
	for _, one := range [...]struct{ typ, summary, data string }{
		{"receipt", "A receipt; a line may name the offer that it redeems", `{"store":"17","member":"m-42","lines":[{"product":"4011","qty":2,"price":12.5},{"product":"4012","offer":"o-7"}]}`},
		{"view", "A look at a product", `{"product":"4011","member":"m-42","session":"web-5"}`},
		{"cart", "What is in a cart", `{"cart":"c-9","member":"m-42","action":"set","lines":[{"product":"4011","qty":2}]}`},
		{"scan", "A scan in the store", `{"session":"trip-7","store":"17","product":"4011","action":"add"}`},
		{"impression", "What was shown", `{"recommId":"01M80J04M7GV69RPEJ65PYFKT2","member":"m-42","ids":["o-7","o-8"],"channel":"email"}`},
		{"offer.upserted", "An offer", `{"offer":"o-7","name":"Bananas","products":["4011"],"validThrough":"2026-11-29T22:59:59Z","memberPrice":8,"currency":"DKK","budget":{"activations":1000}}`},
		{"offer.withdrawn", "An offer's end", `{"offer":"o-7"}`},
		{"offer.personalised", "A member's own price", `{"offer":"o-7","member":"m-42","price":6.5}`},
		{"offer.activated", "An activation elsewhere", `{"offer":"o-7","member":"m-42","channel":"inapp"}`},
		{"offer.deactivated", "An activation that was taken back", `{"offer":"o-7","member":"m-42"}`},
		{"offer.redeemed", "A redemption that no receipt tells of", `{"offer":"o-7","member":"m-42","receipt":"r-881","discount":4.5}`},
		{"consent.changed", "What a member said", `{"member":"m-42","purpose":"marketing","channel":"email","granted":true}`},
		{"member.upserted", "A member", `{"member":"m-42","homeStore":"17","chains":["kvarter"],"timezone":"Europe/Copenhagen","attributes":{"tier":"gold"}}`},
		{"stock.changed", "A product that is sold out", `{"product":"4011","store":"17","availability":"OutOfStock"}`},
		{"signal", "A trend from outside", `{"product":"4011","weight":2.5,"source":"weather"}`},
	} {
		out[one.typ] = &huma.Example{Summary: one.summary, Value: map[string]any{
			"specversion": "1.0", "id": "e-881", "source": "pos/17", "type": one.typ, "time": "2026-11-21T10:00:00Z", "data": json.RawMessage(one.data),
		}}
	}
	return out
}

// describePages documents what is there for those who run it.
func (s *Server) describePages() {
	page := func(path, id, summary, kind string, problems ...int) {
		responses := s.problemDoc(problems...)
		responses["200"] = &huma.Response{Description: "OK", Content: map[string]*huma.MediaType{kind: {Schema: &huma.Schema{Type: huma.TypeString}}}}
		if kind == "application/openapi+json" {
			responses["200"].Content[kind].Schema = &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true}
		}
		s.api.OpenAPI().AddOperation(&huma.Operation{
			Method: http.MethodGet, Path: path, OperationID: id, Tags: []string{"Running it"}, Summary: summary, Responses: responses,
		})
	}
	page("/livez", "get-livez", "Whether the process is alive", "text/plain")
	page("/readyz", "get-readyz", "Whether the state has caught up with the log", "text/plain", 503)
	page("/metrics", "get-metrics", "Figures for Prometheus", "text/plain")
	page("/openapi.json", "get-openapi", "This document", "application/openapi+json")
	page("/docs", "get-docs", "This document as a page", "text/html")
	page("/favicon.ico", "get-icon", "The icon of every page", "image/svg+xml")
	page("/nabo.js", "get-nabo-js", "The library for web pages, an ES module", "text/javascript")
	page("/nabo.d.ts", "get-nabo-types", "Its types", "application/typescript")
}
