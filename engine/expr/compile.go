package expr

import (
	"fmt"

	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"
)

// maxCost bounds the steps that an expression may take with every list as long
// as it can be. The slowest that were found to pass took 40 ms then.
const maxCost = 4_000_000

// compiler turns one checked expression into closures.
type compiler struct {
	lang   *language
	ast    *ast.AST
	uses   Uses
	loop   string // the variable of the loop around, if looped
	looped bool
	times  int // how often that loop is gone through
	cost   int
}

// refuse returns an error at e.
func (c *compiler) refuse(e ast.Expr, format string, args ...any) error {
	at := c.ast.SourceInfo().GetStartLocation(e.ID())
	if at == common.NoLocation {
		at = c.ast.SourceInfo().GetStartLocation(c.ast.Expr().ID())
	}
	return &Error{max(at.Line(), 1), max(at.Column(), 0) + 1, fmt.Sprintf(format, args...)}
}

// spend adds steps to the cost, in a loop once for each element.
func (c *compiler) spend(e ast.Expr, steps int) error {
	if c.looped {
		steps *= c.times
	}
	if c.cost += steps; c.cost > maxCost {
		return c.refuse(e, "this would take too long: with the longest lists it comes to %d steps up to here, and at most %d are allowed", c.cost, maxCost)
	}
	return nil
}

// compile returns the closures of e.
func (c *compiler) compile(e ast.Expr) (node, error) {
	if err := c.spend(e, 1); err != nil {
		return node{}, err
	}
	switch e.Kind() {
	case ast.LiteralKind:
		return c.literal(e)
	case ast.IdentKind:
		return c.ident(e)
	case ast.SelectKind:
		return c.selection(e)
	case ast.CallKind:
		return c.call(e)
	case ast.ListKind:
		return c.listLiteral(e)
	case ast.MapKind:
		return c.mapLiteral(e)
	case ast.ComprehensionKind:
		return c.comprehension(e)
	case ast.StructKind:
		return node{}, c.refuse(e, "an expression makes no messages; it reads offer, product, member and context")
	}
	return node{}, c.refuse(e, "this kind of expression is not compiled")
}

func (c *compiler) literal(e ast.Expr) (node, error) {
	switch v := e.AsLiteral().(type) {
	case types.Bool:
		return truthNode(constant(bool(v))), nil
	case types.Int:
		return wholeNode(constant(int64(v))), nil
	case types.Double:
		return numberNode(constant(float64(v))), nil
	case types.String:
		return textNode(constant(string(v))), nil
	case types.Null:
		return node{}, c.refuse(e, "nothing is null here; ask has() whether a field is there")
	case types.Uint:
		return node{}, c.refuse(e, "unsigned numbers are not compiled; write %d", uint64(v))
	}
	return node{}, c.refuse(e, "a bool, an int, a double or a string was expected, bytes are not compiled")
}

func (c *compiler) ident(e ast.Expr) (node, error) {
	name := e.AsIdent()
	if c.looped && name == c.loop {
		return textNode(varying(func(_ *Input, it string) (string, bool) { return it, true })), nil
	}
	if name != "" && name[0] == '.' {
		name = name[1:]
	}
	v, ok := c.lang.variables[name]
	if !ok {
		return node{}, c.refuse(e, "%s is a type, and types are no values here", name)
	}
	c.uses |= v.uses
	return node{kind: object, object: name}, nil
}

// selection compiles a.b and has(a.b).
func (c *compiler) selection(e ast.Expr) (node, error) {
	s := e.AsSelect()
	of, err := c.compile(s.Operand())
	if err != nil {
		return node{}, err
	}
	name := constant(s.FieldName())
	switch of.kind {
	case object:
		f, ok := c.lang.variables[of.object].fields[s.FieldName()]
		if !ok {
			return node{}, c.refuse(e, "%s has no field %q", of.object, s.FieldName())
		}
		if s.IsTestOnly() {
			return truthNode(varying(f.has)), nil
		}
		return f.node, nil
	case attributes:
		if err := c.spend(e, stepsAttribute); err != nil {
			return node{}, err
		}
		if s.IsTestOnly() {
			return truthNode(hasAttribute(of.attrs, name)), nil
		}
		return valueNode(attribute(of.attrs, name)), nil
	case lookup:
		if s.IsTestOnly() {
			return truthNode(of.table.has(name)), nil
		}
		return of.table.at(name), nil
	case dynamic:
		return node{}, c.refuse(e, "an attribute is a string, a double or a bool: it has no field %q", s.FieldName())
	}
	return node{}, c.refuse(e, "%s has no fields", of.kind.a())
}

// all compiles each of es.
func (c *compiler) all(es []ast.Expr) ([]node, error) {
	nodes := make([]node, len(es))
	for i, e := range es {
		n, err := c.compile(e)
		if err != nil {
			return nil, err
		}
		nodes[i] = n
	}
	return nodes, nil
}
