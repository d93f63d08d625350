package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"strings"

	"nabo/engine"
	"nabo/engine/event"
	"nabo/stream/gate"
)

// Change is what an upsert or a deletion answers once it is durable.
type Change struct {
	Seq     uint64 `json:"seq" doc:"Its log position. Give it as minSeq to a read that must see it"`
	Applied bool   `json:"applied" doc:"Whether the engine has applied it: always asked for with wait=applied"`
}

// ProductBody is what PUT /v1/products/{id} takes. It documents the body; the
// event's own decoder reads it.
type ProductBody struct {
	Name       string         `json:"name,omitempty" maxLength:"512"`
	Category   string         `json:"category,omitempty" maxLength:"512"`
	Brand      string         `json:"brand,omitempty" maxLength:"512"`
	Price      *float64       `json:"price,omitempty" doc:"Per unit, in currency"`
	Currency   string         `json:"currency,omitempty" pattern:"^[A-Z]{3}$" doc:"ISO 4217"`
	Image      string         `json:"image,omitempty" maxLength:"2048" doc:"Where a picture is"`
	Attributes map[string]any `json:"attributes,omitempty" doc:"Anything else: texts, numbers, truth values"`
}

// StockBody is what PUT /v1/products/{id}/stock/{store} takes.
type StockBody struct {
	Availability string `json:"availability" enum:"InStock,LimitedAvailability,OutOfStock" doc:"In schema.org's words"`
}

// Product is a catalogue entry.
type Product struct {
	ID         string         `json:"id"`
	Known      bool           `json:"known" doc:"Whether the catalogue has it; false: it is only known from receipts"`
	Values     Values         `json:"values"`
	Attributes map[string]any `json:"attributes,omitempty"`
}

// Leanings is who leans towards a product.
type Leanings struct {
	Members []Leaning `json:"members" nullable:"false" doc:"The strongest first. A member whose erasure is under way is left out"`
}

// Leaning is one member who leans towards a product.
type Leaning struct {
	Member string `json:"member"`
	Weight Fixed  `json:"weight" doc:"The member's binding to the product, faded"`
	Last   string `json:"last" format:"date" doc:"The day of the last event"`
}

type (
	productInput struct {
		ID string `path:"id" minLength:"1" maxLength:"128" doc:"The product"`
	}
	productUpsert struct {
		ID      string `path:"id" minLength:"1" maxLength:"128" doc:"The product"`
		RawBody []byte `contentType:"application/json"`
	}
	stockUpsert struct {
		ID      string `path:"id" minLength:"1" maxLength:"128" doc:"The product"`
		Store   string `path:"store" minLength:"1" maxLength:"128" doc:"The store"`
		RawBody []byte `contentType:"application/json"`
	}
	changeOutput   struct{ Body Change }
	productOutput  struct{ Body Product }
	leaningsOutput struct{ Body Leanings }
)

func (s *Server) registerCatalogue() {
	const tag = "Products"
	serve(s, cold{
		method: http.MethodGet, path: "/v1/products/{id}", id: "get-product", tag: tag, params: pMinSeq, problems: []int{400, 404, 503},
		summary: "A catalogue entry", doc: "What an answer shows of a product, and its attributes.",
	}, s.getProduct)
	serve(s, cold{
		method: http.MethodPut, path: "/v1/products/{id}", id: "put-product", tag: tag, params: pWait, status: http.StatusAccepted,
		body: reflect.TypeFor[ProductBody](), problems: []int{400, 413, 415, 503},
		summary: "Write a catalogue entry", doc: "Replaces the whole entry. It becomes a `product.upserted` event and is durable when this answers.",
	}, func(ctx context.Context, x exchange, in *productUpsert) (*changeOutput, error) {
		return s.change(ctx, x, "product.upserted", ids{"product": in.ID}, in.RawBody)
	})
	serve(s, cold{
		method: http.MethodDelete, path: "/v1/products/{id}", id: "delete-product", tag: tag, params: pWait, status: http.StatusAccepted,
		problems: []int{400, 503},
		summary:  "Take a product out", doc: "Out of the catalogue and out of the graph. It becomes a `product.deleted` event and is durable when this answers.",
	}, func(ctx context.Context, x exchange, in *productInput) (*changeOutput, error) {
		return s.change(ctx, x, "product.deleted", ids{"product": in.ID}, nil)
	})
	serve(s, cold{
		method: http.MethodPut, path: "/v1/products/{id}/stock/{store}", id: "put-stock", tag: tag, params: pWait, status: http.StatusAccepted,
		body: reflect.TypeFor[StockBody](), problems: []int{400, 413, 415, 503},
		summary: "Say whether a store has a product", doc: "It becomes a `stock.changed` event and is durable when this answers.",
	}, func(ctx context.Context, x exchange, in *stockUpsert) (*changeOutput, error) {
		return s.change(ctx, x, "stock.changed", ids{"product": in.ID, "store": in.Store}, in.RawBody)
	})
	serve(s, cold{
		method: http.MethodGet, path: "/v1/products/{id}/members", id: "get-product-members", tag: tag, params: pCount | pMinSeq, problems: []int{400, 503},
		summary: "Who leans towards a product", doc: "Members by the strength of their own binding to it, among the latest 4,096 who came to it.",
	}, s.getLeanings)
}

func (s *Server) getProduct(_ context.Context, _ exchange, in *productInput) (*productOutput, error) {
	p, ok := s.opt.Engine.Product(in.ID)
	if !ok {
		return nil, noProduct()
	}
	return &productOutput{productOf(p)}, nil
}

func productOf(p *engine.Product) Product {
	return Product{ID: p.ID, Known: p.Known, Values: valuesOf(p), Attributes: attributesOf(p.Attributes)}
}

func attributesOf(list []event.Attribute) map[string]any {
	out := make(map[string]any, len(list))
	for _, a := range list {
		switch a.Value.Kind {
		case event.KindNumber:
			out[a.Name] = a.Value.Num
		case event.KindBool:
			out[a.Name] = a.Value.Num != 0
		default:
			out[a.Name] = a.Value.Text
		}
	}
	return out
}

func (s *Server) getLeanings(_ context.Context, x exchange, in *productInput) (*leaningsOutput, error) {
	out := leaningsOutput{Leanings{Members: []Leaning{}}}
	for _, l := range s.opt.Engine.Leaning(in.ID, s.now(), x.c.params.count) {
		if id, ok := s.opt.Tokens.ID(l.Member); ok {
			out.Body.Members = append(out.Body.Members, Leaning{Member: id, Weight: Fixed(l.Weight), Last: string(appendDay(nil, l.Last))})
		}
	}
	return &out, nil
}

// ids are the fields of an event's data that the path gives.
type ids map[string]string

// change sends one event through the gate, made of the path and the body.
func (s *Server) change(ctx context.Context, x exchange, typ string, path ids, body []byte) (*changeOutput, error) {
	text, err := eventText(typ, path, body)
	if err != nil {
		return nil, err
	}
	var ev event.Event
	event.Scan(text, func(_ int, got *event.Event, bad error) bool {
		if err = bad; bad == nil {
			ev = *got
		}
		return false
	})
	if err != nil {
		return nil, withoutData(err)
	}
	result, err := s.pass(ctx, []event.Event{ev})
	if err != nil {
		return nil, s.submitProblem(err)
	}
	if len(result.Outcomes) != 1 {
		return nil, errNoAnswer
	}
	if o := &result.Outcomes[0]; o.Verdict == gate.Rejected {
		return nil, withoutData(o.Err)
	}
	out := changeOutput{Change{Seq: result.Seq, Applied: s.opt.Engine.Position() >= result.Seq}}
	if x.c.params.wait == "applied" {
		out.Body.Applied = s.reach(ctx, result.Seq) == nil
	}
	return &out, nil
}

// eventText writes the event that the path and the body make. The body must be
// a JSON object: then nothing in it can reach beyond the event's data.
func eventText(typ string, path ids, body []byte) ([]byte, error) {
	body = bytes.TrimSpace(body)
	if len(body) == 0 {
		body = []byte("{}")
	}
	if !json.Valid(body) || body[0] != '{' {
		return nil, fault(badBody, "the body is not valid", "", "expected a JSON object")
	}
	text := append([]byte(`{"type":`), appendString(nil, typ)...)
	text = append(text, `,"data":{`...)
	for _, name := range [...]string{"product", "store", "member", "offer"} {
		if id, ok := path[name]; ok {
			text = append(appendString(text, name), ':')
			text = append(appendString(text, id), ',')
		}
	}
	rest := bytes.TrimSpace(body[1:])
	if rest[0] == '}' {
		text = text[:len(text)-1] // the comma
	}
	return append(append(text, rest...), '}'), nil
}

// withoutData turns a pointer into the event into one into the body.
func withoutData(err error) error {
	var f *event.FieldError
	if !errors.As(err, &f) {
		return err
	}
	detail := f.Detail
	if detail == "is given twice" {
		detail += ", or is in the path already"
	}
	return fault(badBody, "the body is not valid", strings.TrimPrefix(f.Pointer, "/data"), detail)
}
