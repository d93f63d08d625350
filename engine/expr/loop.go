package expr

import (
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
)

// comprehension compiles exists, exists_one, all and filter over a list of
// strings.
func (c *compiler) comprehension(e ast.Expr) (node, error) {
	loop := e.AsComprehension()
	name := ""
	if macro, ok := c.ast.SourceInfo().GetMacroCall(e.ID()); ok && macro.Kind() == ast.CallKind {
		name = macro.AsCall().FunctionName()
	}
	body, ok := loopBody(name, loop)
	switch {
	case !ok:
		return node{}, c.refuse(e, "%s() is not compiled; over a list there are all, exists, exists_one and filter", name)
	case c.looped:
		return node{}, c.refuse(e, "%s() stands within another loop: loops within loops are not compiled", name)
	}
	over, err := c.compile(loop.IterRange())
	if err != nil {
		return node{}, err
	}
	if over.kind != sequence || over.list.each == nil {
		return node{}, c.refuse(loop.IterRange(), "%s() goes over lists of strings, such as offer.categories, or over constant strings", name)
	}
	c.loop, c.looped, c.times = loop.IterVar(), true, over.list.most
	n, err := c.compile(body)
	c.looped = false
	if err != nil {
		return node{}, err
	}
	test, ok := n.asTruth()
	if !ok {
		return node{}, c.refuse(body, "%s() takes a bool, this is %s", name, n.kind.a())
	}
	return loopNode(name, over.list, test.eval), c.spendLoop(e, over.list)
}

// spendLoop adds the cost of going over l, where looking at a string is a third
// of a step, and of its filters, which are asked up to twice.
func (c *compiler) spendLoop(e ast.Expr, l *list) error {
	return c.spend(e, 1+l.most/3+len(l.where)*l.most)
}

// loopBody finds what the macro was given in what it was expanded to.
func loopBody(name string, loop ast.ComprehensionExpr) (ast.Expr, bool) {
	if loop.LoopStep().Kind() != ast.CallKind || loop.HasIterVar2() {
		return nil, false
	}
	args := loop.LoopStep().AsCall().Args()
	switch name {
	case operators.Exists, operators.All:
		return args[1], true
	case operators.Filter, operators.ExistsOne, "existsOne":
		return args[0], true
	}
	return nil, false
}

func loopNode(name string, l *list, test fn[bool]) node {
	switch name {
	case operators.Exists:
		return truthNode(varying(l.quantify(test, true)))
	case operators.All:
		return truthNode(varying(l.quantify(test, false)))
	case operators.Filter:
		where := append(append([]fn[bool]{}, l.where...), test)
		return listNode(&list{kind: text, each: l.each, where: where, most: l.most})
	}
	narrowed := &list{kind: text, each: l.each, where: append(append([]fn[bool]{}, l.where...), test)}
	count := narrowed.length()
	return truthNode(varying(func(in *Input, it string) (bool, bool) {
		n, ok := count(in, it)
		return n == 1, ok
	}))
}

// quantify returns exists (outcome true) or all (outcome false): an element
// that has the outcome settles it and absorbs the errors of the others.
func (l *list) quantify(test fn[bool], outcome bool) fn[bool] {
	if l.plain() {
		each := l.each
		return func(in *Input, it string) (bool, bool) {
			texts, ok := each(in, it)
			for _, t := range texts {
				v, sound := test(in, t)
				if sound && v == outcome {
					return outcome, true
				}
				ok = ok && sound
			}
			return !outcome, ok
		}
	}
	return func(in *Input, it string) (bool, bool) {
		texts, ok := l.sound(in, it)
		if !ok {
			return false, false
		}
		for _, t := range texts {
			if !l.keeps(in, t) {
				continue
			}
			v, sound := test(in, t)
			if sound && v == outcome {
				return outcome, true
			}
			ok = ok && sound
		}
		return !outcome, ok
	}
}

// sound returns the strings under the filters of l, and whether no filter has
// an error for any of them: one such makes the whole list an error.
func (l *list) sound(in *Input, it string) ([]string, bool) {
	texts, ok := l.each(in, it)
	if !ok {
		return nil, false
	}
	for _, t := range texts {
		for _, passes := range l.where {
			yes, ok := passes(in, t)
			if !ok {
				return nil, false
			}
			if !yes {
				break
			}
		}
	}
	return texts, true
}

// keeps says whether t passes the filters of l, which are sound.
func (l *list) keeps(in *Input, t string) bool {
	for _, passes := range l.where {
		if yes, _ := passes(in, t); !yes {
			return false
		}
	}
	return true
}

// length returns how many are in l.
func (l *list) length() fn[int64] {
	if l.plain() {
		each := l.each
		return func(in *Input, it string) (int64, bool) {
			texts, ok := each(in, it)
			return int64(len(texts)), ok
		}
	}
	return func(in *Input, it string) (int64, bool) {
		texts, ok := l.sound(in, it)
		count := int64(0)
		for _, t := range texts {
			if l.keeps(in, t) {
				count++
			}
		}
		return count, ok
	}
}
