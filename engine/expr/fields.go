package expr

import (
	"math"
	"slices"
	"strings"

	"nabo/engine/event"

	"cel.dev/cel-go/common/types"
)

// forever is the moment that an offer without an end holds through: the last
// one that CEL knows.
const forever event.Millis = 253402300799999

// maxBasket is the length of a basket that costs are reckoned with.
const maxBasket = 1000

// field is one field of a variable: its type, what reads it, and whether it is
// there, which is what has() asks.
type field struct {
	typ  *types.Type
	node node
	has  fn[bool]
}

// variable is one of the four variables.
type variable struct {
	uses   Uses
	fields map[string]field
}

// names lists the fields of v in order, for errors.
func (v variable) names() string {
	names := make([]string, 0, len(v.fields))
	for name := range v.fields {
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// variables returns what an expression may read.
func variables() map[string]variable {
	return map[string]variable{
		"offer":   {UsesOffer, offerFields()},
		"product": {UsesProduct, productFields()},
		"member":  {UsesMember, memberFields()},
		"context": {UsesContext, contextFields()},
	}
}

func offerFields() map[string]field {
	return map[string]field{
		"id":           textField(ofOffer("", func(o *event.Offer) string { return o.Offer })),
		"name":         textField(ofOffer("", func(o *event.Offer) string { return o.Name })),
		"products":     listField(ofOffer(nil, func(o *event.Offer) []string { return o.Products }), event.MaxProducts),
		"categories":   listField(ofOffer(nil, func(o *event.Offer) []string { return o.Categories }), event.MaxCategories),
		"chains":       listField(ofOffer(nil, func(o *event.Offer) []string { return o.Chains }), event.MaxChains),
		"stores":       listField(ofOffer(nil, func(o *event.Offer) []string { return o.Stores }), event.MaxStores),
		"price":        priceField(ofOffer(math.NaN(), func(o *event.Offer) float64 { return o.Price })),
		"memberPrice":  priceField(ofOffer(math.NaN(), func(o *event.Offer) float64 { return o.MemberPrice })),
		"discount":     numberField(ofOffer(0, discount)),
		"priority":     numberField(ofOffer(0, func(o *event.Offer) float64 { return o.Priority })),
		"margin":       numberField(ofOffer(0, func(o *event.Offer) float64 { return o.Margin })),
		"fundedBy":     textField(ofOffer("", func(o *event.Offer) string { return o.FundedBy })),
		"validFrom":    momentField(ofOffer(0, func(o *event.Offer) int64 { return int64(o.ValidFrom) }), 0),
		"validThrough": momentField(ofOffer(int64(forever), validThrough), int64(forever)),
		"attributes":   attributesField(ofOffer(nil, func(o *event.Offer) []event.Attribute { return o.Attributes })),
	}
}

// discount is what an offer takes off, and 0 where one of its prices is not
// known.
func discount(o *event.Offer) float64 {
	if d := o.Price - o.MemberPrice; d == d {
		return d
	}
	return 0
}

func validThrough(o *event.Offer) int64 {
	if o.ValidThrough == 0 {
		return int64(forever)
	}
	return int64(o.ValidThrough)
}

func productFields() map[string]field {
	return map[string]field{
		"id":         textField(ofProduct("", func(p *event.Product) string { return p.Product })),
		"name":       textField(ofProduct("", func(p *event.Product) string { return p.Name })),
		"category":   textField(ofProduct("", func(p *event.Product) string { return p.Category })),
		"brand":      textField(ofProduct("", func(p *event.Product) string { return p.Brand })),
		"price":      priceField(ofProduct(math.NaN(), func(p *event.Product) float64 { return p.Price })),
		"attributes": attributesField(ofProduct(nil, func(p *event.Product) []event.Attribute { return p.Attributes })),
	}
}

func memberFields() map[string]field {
	return map[string]field{
		"homeStore":  textField(ofMember("", func(m *event.Member) string { return m.HomeStore })),
		"chains":     listField(ofMember(nil, func(m *event.Member) []string { return m.Chains }), event.MaxChains),
		"timezone":   textField(ofMember("", func(m *event.Member) string { return m.Timezone })),
		"attributes": attributesField(ofMember(nil, func(m *event.Member) []event.Attribute { return m.Attributes })),
	}
}

func contextFields() map[string]field {
	return map[string]field{
		"scenario": textField(ofContext("", func(c *Context) string { return c.Scenario })),
		"store":    textField(ofContext("", func(c *Context) string { return c.Store })),
		"chain":    textField(ofContext("", func(c *Context) string { return c.Chain })),
		"channel":  textField(ofContext("", func(c *Context) string { return c.Channel })),
		"weekday":  wholeField(ofContext(0, func(c *Context) int64 { return int64(c.Weekday) })),
		"hour":     wholeField(ofContext(0, func(c *Context) int64 { return int64(c.Hour) })),
		"basket":   listField(ofContext(nil, func(c *Context) []string { return c.Basket }), maxBasket),
		"now":      momentField(ofContext(0, func(c *Context) int64 { return int64(c.Now) }), 0),
	}
}

func ofOffer[T any](none T, get func(*event.Offer) T) fn[T] {
	return func(in *Input, _ string) (T, bool) {
		if in.Offer == nil {
			return none, true
		}
		return get(in.Offer), true
	}
}

func ofProduct[T any](none T, get func(*event.Product) T) fn[T] {
	return func(in *Input, _ string) (T, bool) {
		if in.Product == nil {
			return none, true
		}
		return get(in.Product), true
	}
}

func ofMember[T any](none T, get func(*event.Member) T) fn[T] {
	return func(in *Input, _ string) (T, bool) {
		if in.Member == nil {
			return none, true
		}
		return get(in.Member), true
	}
}

func ofContext[T any](none T, get func(*Context) T) fn[T] {
	return func(in *Input, _ string) (T, bool) {
		if in.Context == nil {
			return none, true
		}
		return get(in.Context), true
	}
}

// present returns what has() asks of a field that get reads.
func present[T any](get fn[T], is func(T) bool) fn[bool] {
	return func(in *Input, it string) (bool, bool) {
		v, ok := get(in, it)
		return is(v), ok
	}
}

func textField(get fn[string]) field {
	return field{types.StringType, textNode(varying(get)), present(get, func(v string) bool { return v != "" })}
}

func wholeField(get fn[int64]) field {
	return field{types.IntType, wholeNode(varying(get)), present(get, func(v int64) bool { return v != 0 })}
}

func numberField(get fn[float64]) field {
	return field{types.DoubleType, numberNode(varying(get)), present(get, func(v float64) bool { return v < 0 || v > 0 })}
}

// priceField is a number that may not be known: it is NaN then, of which <, >
// and == are false.
func priceField(get fn[float64]) field {
	return field{types.DoubleType, numberNode(varying(get)), present(get, func(v float64) bool { return v == v })}
}

func momentField(get fn[int64], none int64) field {
	return field{types.TimestampType, momentNode(varying(get)), present(get, func(v int64) bool { return v != none })}
}

// listField is a list of at most so many strings.
func listField(get fn[[]string], most int) field {
	has := present(get, func(v []string) bool { return len(v) > 0 })
	return field{types.NewListType(types.StringType), listNode(&list{kind: text, each: get, most: most}), has}
}

func attributesField(get fn[[]event.Attribute]) field {
	has := present(get, func(v []event.Attribute) bool { return len(v) > 0 })
	return field{types.NewMapType(types.StringType, types.DynType), node{kind: attributes, attrs: get}, has}
}
