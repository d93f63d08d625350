package server

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"nabo/engine/event"
	"nabo/engine/rank"
)

// OfferParts are the shares of a score, by rank.Part.
type OfferParts [rank.Parts]float32

// MarshalJSON writes the shares that are not zero, in the order of rank.Part.
func (p *OfferParts) MarshalJSON() ([]byte, error) {
	return appendParts(nil, (*[rank.Parts]float32)(p)), nil
}

// UnmarshalJSON undoes MarshalJSON.
func (p *OfferParts) UnmarshalJSON(b []byte) error {
	shares := map[string]float32{}
	if err := json.Unmarshal(b, &shares); err != nil {
		return err
	}
	for i := range p {
		p[i] = shares[rank.Part(i).String()]
	}
	return nil
}

// Schema documents the shares by their names.
func (p *OfferParts) Schema(huma.Registry) *huma.Schema {
	out := &huma.Schema{Type: huma.TypeObject, Properties: map[string]*huma.Schema{}, AdditionalProperties: false}
	for i := range p {
		out.Properties[rank.Part(i).String()] = &huma.Schema{Type: huma.TypeNumber}
	}
	out.PrecomputeMessages()
	return out
}

// attributesJSON are attributes as an object of strings, numbers and truth
// values.
type attributesJSON []event.Attribute

// MarshalJSON writes them in their order, which is that of their names.
func (a attributesJSON) MarshalJSON() ([]byte, error) { return appendAttributes(nil, a), nil }

// UnmarshalJSON undoes MarshalJSON.
func (a *attributesJSON) UnmarshalJSON(b []byte) error {
	values := map[string]any{}
	if err := json.Unmarshal(b, &values); err != nil {
		return err
	}
	*a = (*a)[:0]
	for _, name := range slices.Sorted(maps.Keys(values)) {
		v := event.Value{}
		switch x := values[name].(type) {
		case string:
			v = event.Value{Kind: event.KindText, Text: x}
		case float64:
			v = event.Value{Kind: event.KindNumber, Num: x}
		case bool:
			v = event.Value{Kind: event.KindBool, Num: float64(packBool(x))}
		default:
			return fmt.Errorf("the attribute %q is %T: a string, a number or a truth value was expected", name, x)
		}
		*a = append(*a, event.Attribute{Name: name, Value: v})
	}
	return nil
}

// Schema documents them.
func (a attributesJSON) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true}
}
