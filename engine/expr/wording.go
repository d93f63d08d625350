package expr

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/ast"
)

// parseDetail says in our words why an expression could not be read.
func (l *language) parseDetail(e *common.Error) string {
	message := strings.TrimPrefix(e.Message, "Syntax error: ")
	if m := regexp.MustCompile(`(?s)token recognition error at: '(.*)'`).FindStringSubmatch(message); m != nil {
		if strings.ContainsAny(m[1][:min(1, len(m[1]))], `"'`) {
			return "a string begins here that does not end, or that holds an unknown escape"
		}
		return fmt.Sprintf("%q was not expected here", m[1])
	}
	switch {
	case strings.Contains(message, "recursion"), strings.Contains(message, "max depth"):
		return fmt.Sprintf("an expression is nested at most %d deep, this one is deeper", maxDepth)
	case strings.Contains(message, "<EOF>") && !strings.Contains(message, "expecting <EOF>"):
		return "the expression ends too early: a value was expected here"
	case strings.Contains(message, "no viable alternative"):
		return "this can't be read: a value was expected here"
	case strings.Contains(message, "count exceeds"):
		return tooMany()
	case strings.Contains(message, "argument to has()"):
		return "has() asks for a field, such as has(offer.attributes.size)"
	}
	if m := regexp.MustCompile(`(?:mismatched|extraneous) input '([^']*)'`).FindStringSubmatch(message); m != nil {
		return fmt.Sprintf("%q was not expected here", m[1])
	}
	return "this could not be read: " + message
}

func tooMany() string {
	return fmt.Sprintf("an expression has at most %d parts, macros written out, and this one has more", maxNodes)
}

// checkDetail says in our words why an expression is not well typed.
func (l *language) checkDetail(a *ast.AST, e *common.Error) string {
	if m := regexp.MustCompile(`undefined field '([^']*)'`).FindStringSubmatch(e.Message); m != nil {
		return l.undefinedField(a, e.ExprID, m[1])
	}
	if m := regexp.MustCompile(`undeclared reference to '([^']*)'`).FindStringSubmatch(e.Message); m != nil {
		return l.undeclared(a, e.ExprID, m[1])
	}
	if m := regexp.MustCompile(`overload for '([^']*)' applied to '([^']*)'`).FindStringSubmatch(e.Message); m != nil {
		return overload(m[1], m[2])
	}
	if m := regexp.MustCompile(`expected type '([^']*)' but found '([^']*)'`).FindStringSubmatch(e.Message); m != nil {
		return fmt.Sprintf("%s was expected here, this is %s", m[1], m[2])
	}
	if m := regexp.MustCompile(`type '([^']*)' does not support field selection`).FindStringSubmatch(e.Message); m != nil {
		return fmt.Sprintf("%s has no fields", m[1])
	}
	if m := regexp.MustCompile(`expression of type '([^']*)' cannot be range`).FindStringSubmatch(e.Message); m != nil {
		return fmt.Sprintf("a list of strings was expected here, this is %s", m[1])
	}
	if strings.Contains(e.Message, "count exceeds") {
		return tooMany()
	}
	return e.Message
}

// undefinedField names the fields that there are.
func (l *language) undefinedField(a *ast.AST, id int64, name string) string {
	of := ""
	ast.PostOrderVisit(a.Expr(), ast.NewExprVisitor(func(x ast.Expr) {
		if x.Kind() == ast.SelectKind && x.AsSelect().Operand().Kind() == ast.IdentKind &&
			(x.ID() == id || x.AsSelect().Operand().ID() == id) && x.AsSelect().FieldName() == name {
			of = strings.TrimPrefix(x.AsSelect().Operand().AsIdent(), ".")
		}
	}))
	if v, ok := l.variables[of]; ok {
		return fmt.Sprintf("%s has no field %q; its fields are %s", of, name, v.names())
	}
	return fmt.Sprintf("there is no field %q here", name)
}

// undeclared names the variables or the functions that there are.
func (l *language) undeclared(a *ast.AST, id int64, name string) string {
	called := false
	ast.PostOrderVisit(a.Expr(), ast.NewExprVisitor(func(x ast.Expr) {
		called = called || x.ID() == id && x.Kind() == ast.CallKind
	}))
	if called {
		return fmt.Sprintf("there is no function %q; the functions are %s", name, functionNames)
	}
	return fmt.Sprintf("there is no variable %q; the variables are %s", name,
		strings.Join(slices.Sorted(maps.Keys(l.variables)), ", "))
}

// functionNames lists what may be called, for errors.
const functionNames = "bool, contains, double, duration, endsWith, all, exists, exists_one, filter, has, int, matches, max, min, " +
	"size, startsWith, string, timestamp and a timestamp's getFullYear, getMonth, getDate, getDayOfWeek, getDayOfYear, getHours, getMinutes"

// overload says that a function does not take what it was given.
func overload(function, given string) string {
	name := operatorName(function)
	detail := fmt.Sprintf("%s does not take %s", name, given)
	if strings.ContainsAny(name, "+-*/%") && strings.Contains(given, "double") && strings.Contains(given, "int") {
		return detail + ": write the int as a double, such as 2.0, or as double(context.hour)"
	}
	if function == "_?_:_" {
		return detail + ": after a bool, both sides must be of one type"
	}
	return detail
}

// operatorName turns the parser's name of an operator into what is written.
func operatorName(function string) string {
	switch function {
	case "_?_:_":
		return "? :"
	case "_[_]":
		return "[ ]"
	case "@in":
		return "in"
	}
	return strings.ReplaceAll(function, "_", "")
}
