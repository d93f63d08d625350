package expr

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"
)

const (
	maxSource = 4096 // bytes
	maxNodes  = 512  // after macros are expanded
	maxDepth  = 100  // levels of nesting
)

// language is what all expressions share: the variables and the checker.
type language struct {
	env       *cel.Env
	variables map[string]variable
}

// shared returns the language. It is made when first asked for, in some 5 ms,
// and never changes.
var shared = sync.OnceValues(func() (*language, error) { return newLanguage() })

// newLanguage returns the language; opts add to its checker.
func newLanguage(opts ...cel.EnvOption) (*language, error) {
	l := &language{variables: variables()}
	registry, err := types.NewRegistry()
	if err != nil {
		return nil, fmt.Errorf("make the registry of types: %w", err)
	}
	all := []cel.EnvOption{
		cel.CustomTypeAdapter(registry),
		cel.CustomTypeProvider(&provider{Registry: registry, variables: l.variables}),
		cel.CrossTypeNumericComparisons(true),
		cel.EnableMacroCallTracking(),
		cel.ParserExpressionSizeLimit(maxSource),
		cel.ParserRecursionLimit(maxDepth),
		cel.ParserErrorRecoveryLimit(1),
		cel.ExpressionNodeLimit(maxNodes),
	}
	for name := range l.variables {
		all = append(all, cel.Variable(name, types.NewObjectType(name)))
	}
	all = append(all, extremes("min"), extremes("max"))
	if l.env, err = cel.NewEnv(append(all, opts...)...); err != nil {
		return nil, fmt.Errorf("make the checker of expressions: %w", err)
	}
	return l, nil
}

// extremes declares min or max, of two numbers. A double and an int give a
// double.
func extremes(name string) cel.EnvOption {
	i, d := types.IntType, types.DoubleType
	return cel.Function(name,
		cel.Overload(name+"_int_int", []*types.Type{i, i}, i),
		cel.Overload(name+"_double_double", []*types.Type{d, d}, d),
		cel.Overload(name+"_double_int", []*types.Type{d, i}, d),
		cel.Overload(name+"_int_double", []*types.Type{i, d}, d))
}

// provider tells the checker of the fields of the variables, whose types are
// named like them.
type provider struct {
	*types.Registry
	variables map[string]variable
}

// FindStructType finds the type of a variable, or one of CEL's own.
func (p *provider) FindStructType(name string) (*types.Type, bool) {
	if _, ok := p.variables[name]; ok {
		return types.NewTypeTypeWithParam(types.NewObjectType(name)), true
	}
	return p.Registry.FindStructType(name)
}

// FindStructFieldType finds the type of a field of a variable.
func (p *provider) FindStructFieldType(name, field string) (*types.FieldType, bool) {
	if v, ok := p.variables[name]; ok {
		f, ok := v.fields[field]
		return &types.FieldType{Type: f.typ}, ok
	}
	return p.Registry.FindStructFieldType(name, field)
}

// check parses src and checks its types.
func (l *language) check(src string) (*ast.AST, *Error) {
	if len(src) > maxSource {
		return nil, &Error{1, 1, fmt.Sprintf("an expression is at most %d bytes long, this one is %d", maxSource, len(src))}
	}
	if strings.TrimSpace(src) == "" {
		return nil, &Error{1, 1, "an expression was expected, this is empty"}
	}
	// Issues.Err would write all issues out, which takes longer than the rest.
	parsed, issues := l.env.Parse(src)
	if len(issues.Errors()) > 0 {
		return nil, first(issues, l.parseDetail)
	}
	checked, issues := l.env.Check(parsed)
	if len(issues.Errors()) > 0 {
		return nil, first(issues, func(e *common.Error) string { return l.checkDetail(parsed.NativeRep(), e) })
	}
	return checked.NativeRep(), nil
}

// first returns the first of the issues, in our words.
func first(issues *cel.Issues, detail func(*common.Error) string) *Error {
	all := slices.Clone(issues.Errors())
	slices.SortStableFunc(all, func(a, b *common.Error) int {
		if a.Location.Line() != b.Location.Line() {
			return a.Location.Line() - b.Location.Line()
		}
		return a.Location.Column() - b.Location.Column()
	})
	e := all[0]
	return &Error{max(e.Location.Line(), 1), max(e.Location.Column(), 0) + 1, detail(e)}
}
