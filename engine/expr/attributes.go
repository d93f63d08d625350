package expr

import (
	"sort"

	"nabo/engine/event"

	"cel.dev/cel-go/common/ast"
)

// attribute returns the named attribute; one that is missing is an error.
func attribute(of fn[[]event.Attribute], name term[string]) term[event.Value] {
	if name.fixed {
		wanted := name.value
		return varying(func(in *Input, it string) (event.Value, bool) {
			attrs, ok := of(in, it)
			if !ok {
				return event.Value{}, false
			}
			return find(attrs, wanted)
		})
	}
	return binary(varying(of), name, find)
}

// hasAttribute says whether there is an attribute of that name.
func hasAttribute(of fn[[]event.Attribute], name term[string]) term[bool] {
	return binary(varying(of), name, func(attrs []event.Attribute, name string) (bool, bool) {
		_, ok := find(attrs, name)
		return ok, true
	})
}

// find looks for an attribute by its name. A few are looked at one by one,
// which is faster than halving.
func find(attrs []event.Attribute, name string) (event.Value, bool) {
	if len(attrs) > 8 {
		i := sort.Search(len(attrs), func(i int) bool { return attrs[i].Name >= name })
		attrs = attrs[i:min(i+1, len(attrs))]
	}
	for i := range attrs {
		if attrs[i].Name == name {
			return attrs[i].Value, true
		}
	}
	return event.Value{}, false
}

func isTextValue(v event.Value) (bool, bool) { return v.Kind == event.KindText, true }

// table is a map literal: constant strings to constants of one kind.
type table struct {
	kind  kind
	items map[string]node
}

// mapLiteral compiles {"a": 1.5, "b": 2.0}.
func (c *compiler) mapLiteral(e ast.Expr) (node, error) {
	t := &table{items: map[string]node{}}
	for _, entry := range e.AsMap().Entries() {
		m := entry.AsMapEntry()
		key, err := c.compile(m.Key())
		if err != nil {
			return node{}, err
		}
		value, err := c.compile(m.Value())
		if err != nil {
			return node{}, err
		}
		_, twice := t.items[key.text.value]
		switch {
		case key.kind != text || !key.text.fixed:
			return node{}, c.refuse(m.Key(), "the names in a map must be constant strings")
		case !value.fixed():
			return node{}, c.refuse(m.Value(), "the values in a map must be constants")
		case t.kind != 0 && t.kind != value.kind:
			return node{}, c.refuse(m.Value(), "the values in a map must be of one type, these are %s and %s", t.kind, value.kind)
		case twice:
			return node{}, c.refuse(m.Key(), "%q stands twice in the map", key.text.value)
		}
		t.kind, t.items[key.text.value] = value.kind, value
	}
	if t.kind == 0 {
		return node{}, c.refuse(e, "a map without entries is of no use here")
	}
	return node{kind: lookup, table: t}, nil
}

// has says whether name is in t.
func (t *table) has(name term[string]) term[bool] {
	return unary(name, func(name string) (bool, bool) {
		_, ok := t.items[name]
		return ok, true
	})
}

// at returns the value of name; a name that is not there is an error.
func (t *table) at(name term[string]) node {
	switch t.kind {
	case truth:
		return truthNode(lookUp(t, name, func(n node) bool { return n.truth.value }))
	case number:
		return numberNode(lookUp(t, name, func(n node) float64 { return n.number.value }))
	case text:
		return textNode(lookUp(t, name, func(n node) string { return n.text.value }))
	}
	return node{kind: t.kind, whole: lookUp(t, name, func(n node) int64 { return n.whole.value })}
}

func lookUp[T any](t *table, name term[string], value func(node) T) term[T] {
	values := make(map[string]T, len(t.items))
	for name, n := range t.items {
		values[name] = value(n)
	}
	return unary(name, func(name string) (T, bool) {
		v, ok := values[name]
		return v, ok
	})
}
