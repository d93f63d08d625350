package expr

import "nabo/engine/event"

// fn is a compiled expression of one type. it is the element of the loop that
// it stands in, and empty outside of loops: since loops do not nest, one
// string on the stack is all the state that an evaluation needs, which is why
// none allocates. The second result is false where CEL has an error.
type fn[T any] func(in *Input, it string) (T, bool)

// term is an fn that may be known to be the same for every input.
type term[T any] struct {
	eval  fn[T]
	fixed bool
	value T // if fixed
}

// constant returns the term that is always v.
func constant[T any](v T) term[T] {
	return term[T]{eval: func(*Input, string) (T, bool) { return v, true }, fixed: true, value: v}
}

// varying returns the term that eval computes.
func varying[T any](eval fn[T]) term[T] { return term[T]{eval: eval} }

// kind is the type of a node, as the closures have it.
type kind uint8

const (
	truth      kind = iota + 1 // bool
	whole                      // int
	number                     // double
	text                       // string
	moment                     // timestamp, as milliseconds since the Unix epoch
	span                       // duration, as milliseconds
	dynamic                    // an attribute: a text, a number or a truth value
	sequence                   // list
	attributes                 // map of attributes
	lookup                     // map literal
	object                     // offer, product, member or context
)

// String returns the kind's name in CEL.
func (k kind) String() string {
	names := [...]string{"nothing", "bool", "int", "double", "string", "timestamp", "duration", "attribute", "list", "map of attributes", "map", "object"}
	return names[k]
}

// a returns the kind's name with its article.
func (k kind) a() string {
	switch k {
	case whole, dynamic, object:
		return "an " + k.String()
	}
	return "a " + k.String()
}

// node is a compiled part of an expression; kind says which field holds it.
type node struct {
	kind   kind
	truth  term[bool]
	whole  term[int64] // whole, moment and span
	number term[float64]
	text   term[string]
	value  term[event.Value]
	list   *list
	attrs  fn[[]event.Attribute]
	table  *table
	object string // the name of the variable
}

func truthNode(t term[bool]) node        { return node{kind: truth, truth: t} }
func wholeNode(t term[int64]) node       { return node{kind: whole, whole: t} }
func numberNode(t term[float64]) node    { return node{kind: number, number: t} }
func textNode(t term[string]) node       { return node{kind: text, text: t} }
func momentNode(t term[int64]) node      { return node{kind: moment, whole: t} }
func spanNode(t term[int64]) node        { return node{kind: span, whole: t} }
func valueNode(t term[event.Value]) node { return node{kind: dynamic, value: t} }
func listNode(l *list) node              { return node{kind: sequence, list: l} }

// fixed says whether n is the same for every input.
func (n node) fixed() bool {
	switch n.kind {
	case truth:
		return n.truth.fixed
	case whole, moment, span:
		return n.whole.fixed
	case number:
		return n.number.fixed
	case text:
		return n.text.fixed
	}
	return false
}

// unary applies f to a, now if a is fixed and f can be computed for it.
func unary[A, R any](a term[A], f func(A) (R, bool)) term[R] {
	if a.fixed {
		if v, ok := f(a.value); ok {
			return constant(v)
		}
	}
	get := a.eval
	return varying(func(in *Input, it string) (R, bool) {
		v, ok := get(in, it)
		if !ok {
			var none R
			return none, false
		}
		return f(v)
	})
}

// binary applies f to a and b, now if both are fixed and f can be computed.
func binary[A, B, R any](a term[A], b term[B], f func(A, B) (R, bool)) term[R] {
	if a.fixed && b.fixed {
		if v, ok := f(a.value, b.value); ok {
			return constant(v)
		}
	}
	left, right := a.eval, b.eval
	return varying(func(in *Input, it string) (R, bool) {
		x, ok := left(in, it)
		if ok {
			if y, ok := right(in, it); ok {
				return f(x, y)
			}
		}
		var none R
		return none, false
	})
}

// asTruth returns n as a bool; an attribute of another kind is an error.
func (n node) asTruth() (term[bool], bool) {
	switch n.kind {
	case truth:
		return n.truth, true
	case dynamic:
		return unary(n.value, func(v event.Value) (bool, bool) {
			return v.Num != 0, v.Kind == event.KindBool
		}), true
	}
	return term[bool]{}, false
}

// asNumber returns n as a double: a double as it is, and an attribute, which
// is an error unless it is a number. An int is not one: CEL does not mix them.
func (n node) asNumber() (term[float64], bool) {
	switch n.kind {
	case number:
		return n.number, true
	case dynamic:
		return unary(n.value, func(v event.Value) (float64, bool) {
			return v.Num, v.Kind == event.KindNumber
		}), true
	}
	return term[float64]{}, false
}

// asText returns n as a string; an attribute of another kind is an error.
func (n node) asText() (term[string], bool) {
	switch n.kind {
	case text:
		return n.text, true
	case dynamic:
		return unary(n.value, func(v event.Value) (string, bool) {
			return v.Text, v.Kind == event.KindText
		}), true
	}
	return term[string]{}, false
}

// asValue returns a bool, a double or a string as an attribute would be.
func (n node) asValue() (term[event.Value], bool) {
	switch n.kind {
	case dynamic:
		return n.value, true
	case truth:
		return unary(n.truth, func(v bool) (event.Value, bool) { return truthValue(v), true }), true
	case number:
		return unary(n.number, func(v float64) (event.Value, bool) {
			return event.Value{Kind: event.KindNumber, Num: v}, true
		}), true
	case text:
		return unary(n.text, func(v string) (event.Value, bool) {
			return event.Value{Kind: event.KindText, Text: v}, true
		}), true
	}
	return term[event.Value]{}, false
}

func truthValue(v bool) event.Value {
	if v {
		return event.Value{Kind: event.KindBool, Num: 1}
	}
	return event.Value{Kind: event.KindBool}
}

// widen returns an int as a double, for comparisons, which do mix them.
func widen(t term[int64]) term[float64] {
	return unary(t, func(v int64) (float64, bool) { return float64(v), true })
}
