package server

import (
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"
)

// body takes the parameters of a JSON object. The strings that p keeps are
// parts of text. An empty text has no parameters.
func (p *params) body(text string) *Problem {
	s := scanner{text: text}
	s.space()
	if s.rest() == "" {
		return nil
	}
	if !s.take('{') {
		return s.problem("expected a JSON object")
	}
	s.space()
	if !s.take('}') {
		if bad := p.fields(&s); bad != nil {
			return bad
		}
	}
	s.space()
	if s.rest() != "" {
		return s.problem("expected nothing after the object")
	}
	return nil
}

// fields takes "name": value pairs up to and with the closing brace.
func (p *params) fields(s *scanner) *Problem {
	for {
		s.space()
		name, ok := s.str()
		if !ok {
			return s.problem("expected a parameter's name in quotes")
		}
		s.space()
		if !s.take(':') {
			return s.problem("expected a colon")
		}
		one, bad := p.find(name)
		if bad != nil {
			return bad
		}
		s.space()
		if bad := p.field(one, s); bad != nil {
			return bad
		}
		s.space()
		if s.take('}') {
			return nil
		}
		if !s.take(',') {
			return s.problem("expected a comma or a closing brace")
		}
	}
}

// field takes one parameter's value.
func (p *params) field(one param, s *scanner) *Problem {
	info := one.info()
	if info.kind != kindIDs {
		v, ok := s.scalar()
		if !ok {
			return s.valueProblem(info)
		}
		return p.assign(one, v)
	}
	if p.has(one) {
		return badValue(info, value{}, "give it once only")
	}
	p.set |= one
	if !s.take('[') {
		return badValue(info, value{}, "expected an array of strings")
	}
	s.space()
	if s.take(']') {
		return nil
	}
	for at := 0; ; at++ {
		s.space()
		v, ok := s.scalar()
		if !ok {
			return s.valueProblem(info)
		}
		v.at, v.inList = at, true
		if bad := p.assign(one, v); bad != nil {
			return bad
		}
		s.space()
		if s.take(']') {
			return nil
		}
		if !s.take(',') {
			return s.problem("expected a comma or a closing bracket")
		}
	}
}

// scanner reads JSON text from the front. It knows the values that parameters
// can have, no nested ones.
type scanner struct {
	text string
	at   int
}

func (s *scanner) rest() string { return s.text[s.at:] }

func (s *scanner) space() {
	for s.at < len(s.text) {
		switch s.text[s.at] {
		case ' ', '\t', '\n', '\r':
			s.at++
		default:
			return
		}
	}
}

func (s *scanner) take(c byte) bool {
	if s.at < len(s.text) && s.text[s.at] == c {
		s.at++
		return true
	}
	return false
}

// scalar reads a string, a number or a truth value.
func (s *scanner) scalar() (value, bool) {
	rest := s.rest()
	switch {
	case strings.HasPrefix(rest, `"`):
		text, ok := s.str()
		return value{text: text, form: jsonString}, ok
	case strings.HasPrefix(rest, "true"):
		s.at += len("true")
		return value{form: jsonTrue}, true
	case strings.HasPrefix(rest, "false"):
		s.at += len("false")
		return value{form: jsonFalse}, true
	}
	n := numberLength(rest)
	s.at += n
	return value{text: rest[:n], form: jsonNumber}, n > 0
}

// numberLength gives the length of the JSON number that text begins with; zero
// if it begins with none.
func numberLength(text string) int {
	at := 0
	digits := func() bool {
		from := at
		for at < len(text) && text[at] >= '0' && text[at] <= '9' {
			at++
		}
		return at > from
	}
	next := func(set string) bool {
		if at < len(text) && strings.IndexByte(set, text[at]) >= 0 {
			at++
			return true
		}
		return false
	}
	next("-")
	if !next("0") && !digits() {
		return 0
	}
	if next(".") && !digits() {
		return 0
	}
	if next("eE") {
		next("+-")
		if !digits() {
			return 0
		}
	}
	return at
}

// str reads a string in quotes. Without an escape it is a part of the text.
func (s *scanner) str() (string, bool) {
	if !s.take('"') {
		return "", false
	}
	from := s.at
	for i := from; i < len(s.text); i++ {
		switch c := s.text[i]; {
		case c == '"':
			s.at = i + 1
			return validUTF8(s.text[from:i])
		case c == '\\':
			return s.escaped(from, i)
		case c < ' ':
			return "", false
		}
	}
	return "", false
}

func validUTF8(text string) (string, bool) { return text, utf8.ValidString(text) }

// escaped reads a string that has an escape at i; it is rare enough for
// encoding/json to do it.
func (s *scanner) escaped(from, i int) (string, bool) {
	for i < len(s.text) && s.text[i] != '"' {
		if s.text[i] == '\\' {
			i++
		}
		i++
	}
	if i >= len(s.text) || !utf8.ValidString(s.text[from:i]) {
		return "", false
	}
	var out string
	if json.Unmarshal([]byte(s.text[from-1:i+1]), &out) != nil {
		return "", false
	}
	s.at = i + 1
	return out, true
}

// problem is a 400 that says where the text stops being what was expected.
func (s *scanner) problem(expected string) *Problem {
	line := 1 + strings.Count(s.text[:s.at], "\n")
	column := s.at - strings.LastIndexByte(s.text[:s.at], '\n')
	return fault(badBody, "the body is not valid JSON", "", place(expected, line, column))
}

// valueProblem tells a value of the wrong form from one that is no JSON.
func (s *scanner) valueProblem(info *paramInfo) *Problem {
	if c := s.rest(); c != "" && strings.IndexByte("{[n", c[0]) >= 0 {
		return badValue(info, value{}, "expected "+info.expects())
	}
	return s.problem("expected a value for " + info.name)
}

func place(expected string, line, column int) string {
	return expected + " at line " + strconv.Itoa(line) + ", column " + strconv.Itoa(column)
}
