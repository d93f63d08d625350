package expr

import (
	"cmp"

	"nabo/engine/event"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
)

// order compiles <, <=, > and >=.
func (c *compiler) order(e ast.Expr, op string, a, b node) (node, error) {
	if op == operators.Greater || op == operators.GreaterEquals {
		a, b = b, a
	}
	orEqual := op == operators.LessEquals || op == operators.GreaterEquals
	a, b, ok := alike(a, b)
	if !ok {
		return node{}, c.refuse(e, "%s can't compare %s", operatorName(op), kinds([]node{a, b}))
	}
	switch a.kind {
	case truth:
		return truthNode(ordered(ranked(a.truth), ranked(b.truth), orEqual)), nil
	case whole, moment, span:
		return truthNode(ordered(a.whole, b.whole, orEqual)), nil
	case number:
		return truthNode(ordered(a.number, b.number, orEqual)), nil
	case text:
		return truthNode(ordered(a.text, b.text, orEqual)), nil
	case dynamic:
		return truthNode(binary(a.value, b.value, func(x, y event.Value) (bool, bool) {
			return orderValues(x, y, orEqual)
		})), nil
	}
	return node{}, c.refuse(e, "%s can't compare %s", operatorName(op), kinds([]node{a, b}))
}

// alike brings two nodes that can be ordered to the same kind. An attribute
// takes the kind of the other, and is an error where its value is of another.
func alike(a, b node) (node, node, bool) {
	if a.kind == b.kind {
		return a, b, true
	}
	if a.kind == whole && (b.kind == number || b.kind == dynamic) {
		a = numberNode(widen(a.whole))
	}
	if b.kind == whole && (a.kind == number || a.kind == dynamic) {
		b = numberNode(widen(b.whole))
	}
	switch {
	case a.kind == dynamic && b.known():
		a = a.as(b.kind)
	case b.kind == dynamic && a.known():
		b = b.as(a.kind)
	default:
		a, b = a.as(dynamic), b.as(dynamic)
	}
	return a, b, a.kind == b.kind
}

// known says whether n is no NaN. A NaN is less than nothing, whatever the
// kind of the other.
func (n node) known() bool {
	return n.kind != number || n.number.fixed && n.number.value == n.number.value
}

// as returns an attribute as a bool, a double or a string, or one of those as
// an attribute.
func (n node) as(k kind) node {
	switch k {
	case truth:
		t, _ := n.asTruth()
		return truthNode(t)
	case number:
		t, _ := n.asNumber()
		return numberNode(t)
	case text:
		t, _ := n.asText()
		return textNode(t)
	case dynamic:
		if v, ok := n.asValue(); ok {
			return valueNode(v)
		}
	}
	return n
}

// ranked returns a bool as 0 or 1, the order that CEL has for them.
func ranked(t term[bool]) term[int64] {
	return unary(t, func(v bool) (int64, bool) {
		if v {
			return 1, true
		}
		return 0, true
	})
}

// ordered returns a < b or a <= b, which are false of a NaN. One side is a
// constant more often than not; those are closures of their own, which saves a
// call.
func ordered[T cmp.Ordered](a, b term[T], orEqual bool) term[bool] {
	switch {
	case a.fixed == b.fixed:
		return binary(a, b, func(x, y T) (bool, bool) {
			return x < y || orEqual && x == y, true
		})
	case b.fixed:
		get, y := a.eval, b.value
		return varying(func(in *Input, it string) (bool, bool) {
			x, ok := get(in, it)
			return x < y || orEqual && x == y, ok
		})
	}
	get, x := b.eval, a.value
	return varying(func(in *Input, it string) (bool, bool) {
		y, ok := get(in, it)
		return x < y || orEqual && x == y, ok
	})
}

// orderValues compares two attributes, which must be of one kind unless one is
// a NaN.
func orderValues(x, y event.Value, orEqual bool) (bool, bool) {
	if x.Num != x.Num || y.Num != y.Num {
		return false, true
	}
	if x.Kind != y.Kind {
		return false, false
	}
	if x.Kind == event.KindText {
		return x.Text < y.Text || orEqual && x.Text == y.Text, true
	}
	return x.Num < y.Num || orEqual && x.Num == y.Num, true
}

// equality compiles == and !=.
func (c *compiler) equality(e ast.Expr, not bool, a, b node) (node, error) {
	same, ok := equal(a, b)
	if !ok {
		return node{}, c.refuse(e, "%s are never equal, or not compiled to be compared", kinds([]node{a, b}))
	}
	if a.kind == sequence {
		if err := c.spend(e, 1+a.list.most/3); err != nil {
			return node{}, err
		}
	}
	if not {
		return truthNode(unary(same, func(v bool) (bool, bool) { return !v, true })), nil
	}
	return truthNode(same), nil
}

// equal returns a == b. Unlike an order it mixes kinds: an attribute of
// another kind is unequal, not an error.
func equal(a, b node) (term[bool], bool) {
	if a.kind == whole && (b.kind == number || b.kind == dynamic) {
		a = numberNode(widen(a.whole))
	}
	if b.kind == whole && (a.kind == number || a.kind == dynamic) {
		b = numberNode(widen(b.whole))
	}
	if a.kind != dynamic {
		a, b = b, a
	}
	switch {
	case a.kind == dynamic && b.kind == text && b.text.fixed:
		wanted := b.text.value
		return unary(a.value, func(v event.Value) (bool, bool) {
			return v.Kind == event.KindText && v.Text == wanted, true
		}), true
	case a.kind == dynamic:
		x, okX := a.asValue()
		y, okY := b.asValue()
		return binary(x, y, equalValues), okX && okY
	case a.kind != b.kind:
		return term[bool]{}, false
	}
	switch a.kind {
	case truth:
		return equals(a.truth, b.truth), true
	case whole, moment, span:
		return equals(a.whole, b.whole), true
	case number:
		return equals(a.number, b.number), true
	case text:
		return equals(a.text, b.text), true
	case sequence:
		return equalLists(a.list, b.list)
	}
	return term[bool]{}, false
}

// equals returns a == b for two of one kind; a NaN equals nothing.
func equals[T comparable](a, b term[T]) term[bool] {
	if a.fixed && !b.fixed {
		a, b = b, a
	}
	if !b.fixed || a.fixed {
		return binary(a, b, func(x, y T) (bool, bool) { return x == y, true })
	}
	get, y := a.eval, b.value
	return varying(func(in *Input, it string) (bool, bool) {
		x, ok := get(in, it)
		return x == y, ok
	})
}

func equalValues(x, y event.Value) (bool, bool) {
	if x.Kind == event.KindText {
		return y.Kind == event.KindText && x.Text == y.Text, true
	}
	return x.Kind == y.Kind && x.Num == y.Num, true
}
