package expr

import (
	"fmt"
	"math"
	"regexp"
	"regexp/syntax"
	"strconv"
	"strings"
	"unicode/utf8"

	"nabo/engine/event"

	"cel.dev/cel-go/common/ast"
)

// size compiles size(a): the characters of a string, the elements of a list or
// of a map.
func (c *compiler) size(e ast.Expr, a node) (node, error) {
	switch a.kind {
	case sequence:
		if a.list.each == nil {
			return node{}, c.refuse(e, "the size of a list written out is not compiled")
		}
		steps := 1
		if len(a.list.where) > 0 {
			steps = len(a.list.where) * a.list.most
		}
		return wholeNode(varying(a.list.length())), c.spend(e, steps)
	case attributes:
		return wholeNode(unary(varying(a.attrs), func(attrs []event.Attribute) (int64, bool) {
			return int64(len(attrs)), true
		})), nil
	}
	s, ok := a.asText()
	if !ok {
		return node{}, c.refuse(e, "size() is not compiled for %s", a.kind.a())
	}
	return wholeNode(unary(s, func(s string) (int64, bool) {
		return int64(utf8.RuneCountInString(s)), true
	})), c.spend(e, stepsText)
}

// search compiles startsWith, endsWith, contains and matches.
func (c *compiler) search(e ast.Expr, name string, a, b node) (node, error) {
	s, okS := a.asText()
	wanted, okW := b.asText()
	if !okS || !okW {
		return node{}, c.refuse(e, "%s() is not compiled for %s", name, kinds([]node{a, b}))
	}
	if err := c.spend(e, stepsText); err != nil {
		return node{}, err
	}
	var is func(string, string) bool
	switch name {
	case "matches":
		return c.matches(e, s, wanted)
	case "startsWith":
		is = strings.HasPrefix
	case "endsWith":
		is = strings.HasSuffix
	default:
		is = strings.Contains
	}
	return truthNode(binary(s, wanted, func(s, wanted string) (bool, bool) { return is(s, wanted), true })), nil
}

// maxPattern bounds a pattern: its parts, repetitions counted out.
const maxPattern = 500

// matches compiles s.matches(pattern). The pattern is compiled once.
func (c *compiler) matches(e ast.Expr, s, pattern term[string]) (node, error) {
	if !pattern.fixed {
		return node{}, c.refuse(e, "matches() takes a constant pattern, such as \"^[0-9]+$\"")
	}
	parsed, err := syntax.Parse(pattern.value, syntax.Perl)
	if err != nil {
		return node{}, c.refuse(e, "the pattern %q is not a regular expression in RE2's syntax: %s", pattern.value, strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	size := patternSize(parsed)
	if size > maxPattern {
		return node{}, c.refuse(e, "the pattern is too large: %d parts with repetitions counted out, at most %d are allowed", size, maxPattern)
	}
	compiled, err := regexp.Compile(pattern.value)
	if err != nil {
		return node{}, c.refuse(e, "the pattern %q is not a regular expression in RE2's syntax: %s", pattern.value, err)
	}
	return truthNode(unary(s, func(s string) (bool, bool) {
		return compiled.MatchString(s), true
	})), c.spend(e, stepsMatch+10*size)
}

// patternSize counts the parts of a pattern, and those of a repetition as
// often as it may repeat.
func patternSize(p *syntax.Regexp) int {
	size := 1 + len(p.Rune)
	for _, sub := range p.Sub {
		size += patternSize(sub)
	}
	if p.Op == syntax.OpRepeat {
		size *= max(p.Max, p.Min, 1)
	}
	return min(size, 1_000_000)
}

// convert compiles bool(), double(), int(), string(), timestamp() and
// duration().
func (c *compiler) convert(e ast.Expr, name string, a node) (node, error) {
	if err := c.spend(e, stepsMake); err != nil {
		return node{}, err
	}
	switch name {
	case a.kind.String():
		return a, nil
	case "timestamp":
		return c.toMoment(e, a)
	case "duration":
		return c.toSpan(e, a)
	case "string":
		return c.toText(e, a)
	case "int":
		switch a.kind {
		case number:
			return wholeNode(unary(a.number, truncate)), nil
		case moment:
			return wholeNode(unary(a.whole, func(ms int64) (int64, bool) { return floor(ms, 1000), true })), nil
		}
	case "double":
		if a.kind == whole {
			return numberNode(widen(a.whole)), nil
		}
	}
	v, ok := a.asValue()
	if !ok {
		return node{}, c.refuse(e, "%s() is not compiled for %s", name, a.kind.a())
	}
	switch name {
	case "int":
		return wholeNode(unary(v, wholeValue)), nil
	case "double":
		return numberNode(unary(v, numberValue)), nil
	}
	return truthNode(unary(v, boolValue)), nil
}

// truncate cuts the fraction off; what an int can't hold is an error.
func truncate(v float64) (int64, bool) {
	if v <= math.MinInt64 || v >= math.MaxInt64 || v != v {
		return 0, false
	}
	return int64(v), true
}

// floor returns a / b, rounded down.
func floor(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

func wholeValue(v event.Value) (int64, bool) {
	switch v.Kind {
	case event.KindNumber:
		return truncate(v.Num)
	case event.KindText:
		n, err := strconv.ParseInt(v.Text, 10, 64)
		return n, err == nil
	}
	return 0, false
}

func numberValue(v event.Value) (float64, bool) {
	switch v.Kind {
	case event.KindNumber:
		return v.Num, true
	case event.KindText:
		n, err := strconv.ParseFloat(v.Text, 64)
		return n, err == nil
	}
	return 0, false
}

func boolValue(v event.Value) (bool, bool) {
	switch v.Kind {
	case event.KindBool:
		return v.Num != 0, true
	case event.KindText:
		b, err := strconv.ParseBool(v.Text)
		return b, err == nil
	}
	return false, false
}

// toText compiles string(a).
func (c *compiler) toText(e ast.Expr, a node) (node, error) {
	if a.kind == whole {
		return textNode(unary(a.whole, func(v int64) (string, bool) { return strconv.FormatInt(v, 10), true })), nil
	}
	v, ok := a.asValue()
	if !ok {
		return node{}, c.refuse(e, "string() is not compiled for %s", a.kind.a())
	}
	return textNode(unary(v, func(v event.Value) (string, bool) {
		switch v.Kind {
		case event.KindNumber:
			return fmt.Sprintf("%g", v.Num), true
		case event.KindBool:
			return strconv.FormatBool(v.Num != 0), true
		}
		return v.Text, true
	})), nil
}
