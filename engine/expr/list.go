package expr

import (
	"slices"

	"cel.dev/cel-go/common/ast"
)

// list is a list of strings, maybe with filters over it, or a list literal of
// another kind.
type list struct {
	kind  kind         // of the elements; nothing if they are of several
	each  fn[[]string] // strings
	where []fn[bool]   // filter() in the order written: only what passes all is in the list
	most  int          // how many there are at most
	items []node       // a literal's elements; a literal of constant strings has each, too
}

// plain says whether l is a list of strings as it is stored.
func (l *list) plain() bool { return l.each != nil && len(l.where) == 0 }

// listLiteral compiles [a, b, ...].
func (c *compiler) listLiteral(e ast.Expr) (node, error) {
	items, err := c.all(e.AsList().Elements())
	if err != nil {
		return node{}, err
	}
	l := &list{items: items, kind: text, most: len(items)}
	var texts []string
	for i, item := range items {
		if i == 0 {
			l.kind = item.kind
		}
		if item.kind != l.kind {
			l.kind = 0
		}
		if item.kind == text && item.text.fixed {
			texts = append(texts, item.text.value)
		}
		if item.kind == sequence || item.kind == lookup || item.kind == attributes || item.kind == object {
			return node{}, c.refuse(e.AsList().Elements()[i], "a list holds bools, numbers, strings and times, not %s", item.kind.a())
		}
	}
	if len(texts) == len(items) {
		l.each = constant(texts).eval
	}
	return listNode(l), nil
}

// in compiles a in b.
func (c *compiler) in(e ast.Expr, a, b node) (node, error) {
	switch b.kind {
	case attributes, lookup:
		name, ok := a.asText()
		if !ok {
			return node{}, c.refuse(e, "the names in a map are strings, this is %s", a.kind.a())
		}
		if b.kind == lookup {
			return truthNode(b.table.has(name)), nil
		}
		return truthNode(hasAttribute(b.attrs, name)), c.spend(e, stepsAttribute)
	case sequence:
		if b.list.each != nil && (a.kind == text || a.kind == dynamic) {
			return c.inTexts(e, a, b.list)
		}
		return c.inItems(e, a, b.list)
	}
	return node{}, c.refuse(e, "in asks a list or a map, this is %s", b.kind.a())
}

// inTexts compiles a in l for strings.
func (c *compiler) inTexts(e ast.Expr, a node, l *list) (node, error) {
	if err := c.spendLoop(e, l); err != nil {
		return node{}, err
	}
	if a.kind == dynamic {
		// An attribute of another kind is in no list of strings; that is no error.
		isText := unary(a.value, isTextValue)
		as, _ := a.asText()
		found := contains(as, l)
		return truthNode(varying(func(in *Input, it string) (bool, bool) {
			is, ok := isText.eval(in, it)
			if !ok || is {
				return found(in, it)
			}
			_, ok = l.length()(in, it)
			return false, ok
		})), nil
	}
	return truthNode(varying(contains(a.text, l))), nil
}

// contains returns a in l.
func contains(a term[string], l *list) fn[bool] {
	each, get := l.each, a.eval
	if l.plain() && a.fixed {
		wanted := a.value
		return func(in *Input, it string) (bool, bool) {
			texts, ok := each(in, it)
			return ok && slices.Contains(texts, wanted), ok
		}
	}
	if l.plain() {
		return func(in *Input, it string) (bool, bool) {
			wanted, ok := get(in, it)
			if !ok {
				return false, false
			}
			texts, ok := each(in, it)
			return ok && slices.Contains(texts, wanted), ok
		}
	}
	return func(in *Input, it string) (bool, bool) {
		wanted, ok := get(in, it)
		texts, okList := l.sound(in, it)
		if !ok || !okList {
			return false, false
		}
		for _, t := range texts {
			if t == wanted && l.keeps(in, t) {
				return true, true
			}
		}
		return false, true
	}
}

// inItems compiles a in [b, c, ...] as a == b || a == c || ..., but without
// absorbing errors: the list is made before it is searched.
func (c *compiler) inItems(e ast.Expr, a node, l *list) (node, error) {
	if set, ok := fixedSet(a, l); ok {
		return truthNode(set), c.spend(e, len(l.items))
	}
	var same []fn[bool]
	for _, item := range l.items {
		t, ok := equal(a, item)
		if !ok {
			return node{}, c.refuse(e, "in can't look for %s in a list with %s", a.kind.a(), item.kind.a())
		}
		same = append(same, t.eval)
	}
	if len(l.items) == 0 || len(same) == 0 {
		return node{}, c.refuse(e, "in can't look for %s in a list of strings", a.kind.a())
	}
	return truthNode(varying(func(in *Input, it string) (bool, bool) {
		found := false
		for _, is := range same {
			v, ok := is(in, it)
			if !ok {
				return false, false
			}
			found = found || v
		}
		return found, true
	})), c.spend(e, len(l.items))
}

// fixedSet returns a in l for a list of constant numbers.
func fixedSet(a node, l *list) (term[bool], bool) {
	if a.kind != l.kind || (a.kind != whole && a.kind != number) {
		return term[bool]{}, false
	}
	var wholes []int64
	var numbers []float64
	for _, item := range l.items {
		if !item.fixed() {
			return term[bool]{}, false
		}
		wholes = append(wholes, item.whole.value)
		numbers = append(numbers, item.number.value)
	}
	if a.kind == whole {
		return unary(a.whole, func(v int64) (bool, bool) { return slices.Contains(wholes, v), true }), true
	}
	return unary(a.number, func(v float64) (bool, bool) { return slices.Contains(numbers, v), true }), true
}

// index compiles a[b].
func (c *compiler) index(e ast.Expr, a, b node) (node, error) {
	switch a.kind {
	case attributes, lookup:
		name, ok := b.asText()
		if !ok {
			return node{}, c.refuse(e, "the names in a map are strings, this is %s", b.kind.a())
		}
		if a.kind == lookup {
			return a.table.at(name), nil
		}
		return valueNode(attribute(a.attrs, name)), c.spend(e, stepsAttribute)
	case sequence:
		if b.kind != whole {
			return node{}, c.refuse(e, "a place in a list is an int, this is %s", b.kind.a())
		}
		return c.element(e, a.list, b.whole)
	}
	return node{}, c.refuse(e, "[ ] takes a list or a map, this is %s", a.kind.a())
}

// element compiles list[i]; a place that is not there is an error.
func (c *compiler) element(e ast.Expr, l *list, i term[int64]) (node, error) {
	switch {
	case l.plain():
		return textNode(binary(varying(l.each), i, at[string])), nil
	case l.each != nil:
		return node{}, c.refuse(e, "filter() gives a list that can be asked for its size, in, exists and all, not for a place")
	}
	wholes, numbers, texts := []fn[int64]{}, []fn[float64]{}, []fn[string]{}
	for _, item := range l.items {
		wholes = append(wholes, item.whole.eval)
		numbers = append(numbers, item.number.eval)
		texts = append(texts, item.text.eval)
	}
	switch l.kind {
	case whole, moment, span:
		return node{kind: l.kind, whole: varying(pick(wholes, i.eval))}, nil
	case number:
		return numberNode(varying(pick(numbers, i.eval))), nil
	case text:
		return textNode(varying(pick(texts, i.eval))), nil
	}
	return node{}, c.refuse(e, "a place is asked of lists of numbers or of strings, all of one type")
}

func at[T any](list []T, i int64) (T, bool) {
	if i < 0 || i >= int64(len(list)) {
		var none T
		return none, false
	}
	return list[i], true
}

// pick returns the i-th of items. The others are evaluated too, since an error
// in one is an error of the list.
func pick[T any](items []fn[T], i fn[int64]) fn[T] {
	return func(in *Input, it string) (T, bool) {
		var none, found T
		place, ok := i(in, it)
		if !ok || place < 0 || place >= int64(len(items)) {
			return none, false
		}
		for k, item := range items {
			v, ok := item(in, it)
			if !ok {
				return none, false
			}
			if int64(k) == place {
				found = v
			}
		}
		return found, true
	}
}

// equalLists returns a == b for lists of strings without filters.
func equalLists(a, b *list) (term[bool], bool) {
	if !a.plain() || !b.plain() {
		return term[bool]{}, false
	}
	return binary(varying(a.each), varying(b.each), func(x, y []string) (bool, bool) {
		return slices.Equal(x, y), true
	}), true
}
