package expr

import (
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
)

// What the costlier steps count, where a comparison counts 1.
const (
	stepsAttribute = 4   // finding an attribute by its name
	stepsText      = 4   // looking through a string
	stepsMatch     = 100 // matching a pattern, and 10 for each of its parts
	stepsMake      = 20  // making a string, or reading a time or a number from one
)

// call compiles an operator or a function.
func (c *compiler) call(e ast.Expr) (node, error) {
	call := e.AsCall()
	switch call.FunctionName() {
	case operators.LogicalAnd, operators.LogicalOr:
		return c.junction(e, call.FunctionName())
	case "dyn", "type", "bytes", "uint":
		return node{}, c.refuse(e, "%s() is not compiled; the functions are %s", call.FunctionName(), functionNames)
	}
	var given []ast.Expr
	if call.IsMemberFunction() {
		given = append(given, call.Target())
	}
	args, err := c.all(append(given, call.Args()...))
	if err != nil {
		return node{}, err
	}
	return c.apply(e, call.FunctionName(), args)
}

// apply compiles a function or an operator that takes its arguments as values.
func (c *compiler) apply(e ast.Expr, name string, args []node) (node, error) {
	switch name {
	case operators.LogicalNot:
		return c.not(e, args[0])
	case operators.Conditional:
		return c.choice(e, args[0], args[1], args[2])
	case operators.Equals, operators.NotEquals:
		return c.equality(e, name == operators.NotEquals, args[0], args[1])
	case operators.Less, operators.LessEquals, operators.Greater, operators.GreaterEquals:
		return c.order(e, name, args[0], args[1])
	case operators.Add, operators.Subtract, operators.Multiply, operators.Divide, operators.Modulo:
		return c.arithmetic(e, name, args[0], args[1])
	case operators.Negate:
		return c.negate(e, args[0])
	case operators.In, operators.OldIn:
		return c.in(e, args[0], args[1])
	case operators.Index:
		return c.index(e, args[0], args[1])
	case "min", "max":
		return c.extreme(e, name, args[0], args[1])
	case "size":
		return c.size(e, args[0])
	case "startsWith", "endsWith", "contains", "matches":
		return c.search(e, name, args[0], args[1])
	case "bool", "double", "int", "string", "timestamp", "duration":
		return c.convert(e, name, args[0])
	}
	if len(args) > 0 && (args[0].kind == moment || args[0].kind == span) {
		return c.clock(e, name, args)
	}
	return node{}, c.refuse(e, "%s is not compiled for %s; the functions are %s", operatorName(name), kinds(args), functionNames)
}

// kinds lists the kinds of args, for errors.
func kinds(args []node) string {
	s := "("
	for i, a := range args {
		if i > 0 {
			s += ", "
		}
		s += a.kind.String()
	}
	return s + ")"
}

// not compiles !a.
func (c *compiler) not(e ast.Expr, a node) (node, error) {
	t, ok := a.asTruth()
	if !ok {
		return node{}, c.refuse(e, "! takes a bool, this is %s", a.kind.a())
	}
	return truthNode(unary(t, func(v bool) (bool, bool) { return !v, true })), nil
}

// junction compiles a && b && ... or a || b || ..., however it is nested: an
// operand that settles the outcome absorbs the errors of the others.
func (c *compiler) junction(e ast.Expr, name string) (node, error) {
	var terms []fn[bool]
	var add func(ast.Expr) error
	add = func(x ast.Expr) error {
		if x.Kind() == ast.CallKind && x.AsCall().FunctionName() == name {
			for _, arg := range x.AsCall().Args() {
				if err := add(arg); err != nil {
					return err
				}
			}
			return nil
		}
		n, err := c.compile(x)
		if err != nil {
			return err
		}
		t, ok := n.asTruth()
		if !ok {
			return c.refuse(x, "%s takes bools, this is %s", name[1:3], n.kind.a())
		}
		terms = append(terms, t.eval)
		return nil
	}
	if err := add(e); err != nil {
		return node{}, err
	}
	return truthNode(varying(settle(terms, name == operators.LogicalOr))), nil
}

// settle returns the outcome that settles if any of terms has it, an error if
// any is one, and else the other outcome.
func settle(terms []fn[bool], outcome bool) fn[bool] {
	if len(terms) == 2 {
		a, b := terms[0], terms[1]
		return func(in *Input, it string) (bool, bool) {
			x, okX := a(in, it)
			if okX && x == outcome {
				return outcome, true
			}
			y, okY := b(in, it)
			if okY && y == outcome {
				return outcome, true
			}
			return !outcome, okX && okY
		}
	}
	return func(in *Input, it string) (bool, bool) {
		sound := true
		for _, t := range terms {
			v, ok := t(in, it)
			if ok && v == outcome {
				return outcome, true
			}
			sound = sound && ok
		}
		return !outcome, sound
	}
}

// choice compiles a ? b : c. The side that is not chosen is not evaluated.
func (c *compiler) choice(e ast.Expr, test, yes, no node) (node, error) {
	t, ok := test.asTruth()
	if !ok {
		return node{}, c.refuse(e, "? takes a bool before it, this is %s", test.kind.a())
	}
	if yes.kind != no.kind {
		a, okA := yes.asValue()
		b, okB := no.asValue()
		if !okA || !okB {
			return node{}, c.refuse(e, "both sides of : must be of one type, these are %s; write an int as a double, such as 2.0", kinds([]node{yes, no}))
		}
		return valueNode(varying(choose(t.eval, a.eval, b.eval))), nil
	}
	switch yes.kind {
	case truth:
		return truthNode(varying(choose(t.eval, yes.truth.eval, no.truth.eval))), nil
	case whole, moment, span:
		return node{kind: yes.kind, whole: varying(choose(t.eval, yes.whole.eval, no.whole.eval))}, nil
	case number:
		return numberNode(varying(choose(t.eval, yes.number.eval, no.number.eval))), nil
	case text:
		return textNode(varying(choose(t.eval, yes.text.eval, no.text.eval))), nil
	case dynamic:
		return valueNode(varying(choose(t.eval, yes.value.eval, no.value.eval))), nil
	case attributes:
		return node{kind: attributes, attrs: choose(t.eval, yes.attrs, no.attrs)}, nil
	case sequence:
		if yes.list.plain() && no.list.plain() {
			return listNode(&list{kind: text, each: choose(t.eval, yes.list.each, no.list.each), most: max(yes.list.most, no.list.most)}), nil
		}
	}
	return node{}, c.refuse(e, "? can't choose between two of kind %s: choose between what is asked of them", yes.kind)
}

func choose[T any](test fn[bool], yes, no fn[T]) fn[T] {
	return func(in *Input, it string) (T, bool) {
		v, ok := test(in, it)
		if !ok {
			var none T
			return none, false
		}
		if v {
			return yes(in, it)
		}
		return no(in, it)
	}
}
