// Package expr compiles CEL expressions over offers, products, members and
// their context into Go closures.
package expr

import (
	"fmt"
	"strings"

	"nabo/engine/event"
)

// Kind says what an expression is for, and so which type it must have. Its
// zero value is no kind.
type Kind uint8

// The kinds of expressions.
const (
	Filter  Kind = 1 // a truth value: does this one stay
	Booster Kind = 2 // a number, whole or not, that a score is multiplied by
)

// Uses says which variables an expression reads, as bits.
type Uses uint8

// The variables, by their bits.
const (
	UsesOffer   Uses = 1 << 0
	UsesProduct Uses = 1 << 1
	UsesMember  Uses = 1 << 2
	UsesContext Uses = 1 << 3
)

// Input is what an expression reads. Of a nil one nothing is known: its texts
// and lists are empty, its prices are unknown and its other numbers are zero.
// Nothing is written to it.
type Input struct {
	Offer   *event.Offer
	Product *event.Product
	Member  *event.Member
	Context *Context
}

// Context says where and when a question is asked.
type Context struct {
	Scenario, Store, Chain, Channel string
	Weekday                         int      // 1 is Monday, 7 is Sunday; UTC unless the member has a zone
	Hour                            int      // 0 to 23, in the same zone
	Basket                          []string // costs are reckoned with at most 1000
	Now                             event.Millis
}

// Error says where an expression is wrong, and what was expected there.
type Error struct {
	Line, Column int // both count from 1, the column in characters
	Detail       string
}

// Error returns the place and the detail.
func (e *Error) Error() string {
	return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Detail)
}

// Program is a compiled expression. It is immutable: any goroutine may use it.
type Program struct {
	src    string
	uses   Uses
	holds  fn[bool]    // Filter
	factor fn[float64] // Booster
}

// Compile checks an expression of at most 4 KiB and compiles it. An error is
// always an *Error. Any goroutine may call it. It takes some 100 µs, and a few
// ms when it is called first.
func Compile(src string, kind Kind) (*Program, error) {
	l, err := shared()
	if err != nil {
		return nil, &Error{1, 1, err.Error()}
	}
	return l.program(src, kind)
}

// program compiles src to a Program.
func (l *language) program(src string, kind Kind) (*Program, error) {
	src = strings.Clone(src) // else the program would keep all of the message it came in
	checked, bad := l.check(src)
	if bad != nil {
		return nil, bad
	}
	c := &compiler{lang: l, ast: checked}
	n, err := c.compile(checked.Expr())
	if err != nil {
		return nil, err
	}
	p := &Program{src: src, uses: c.uses}
	switch {
	case kind == Filter:
		t, ok := n.asTruth()
		if !ok {
			return nil, &Error{1, 1, fmt.Sprintf("a filter is a bool, such as offer.price < 5.0; this is %s", n.kind.a())}
		}
		p.holds = t.eval
	case kind == Booster:
		if n.kind == whole {
			n = numberNode(widen(n.whole))
		}
		t, ok := n.asNumber()
		if !ok {
			return nil, &Error{1, 1, fmt.Sprintf("a booster is a number, such as offer.margin > 0.2 ? 1.5 : 1.0; this is %s", n.kind.a())}
		}
		p.factor = t.eval
	default:
		return nil, &Error{1, 1, "an expression is a Filter or a Booster"}
	}
	return p, nil
}

// Kind says what p was compiled as.
func (p *Program) Kind() Kind {
	if p.factor != nil {
		return Booster
	}
	return Filter
}

// Uses says which variables p reads.
func (p *Program) Uses() Uses { return p.uses }

// Source returns the text that p was compiled from.
func (p *Program) Source() string { return p.src }

// Holds says whether a Filter holds for in. An error while evaluating, such as
// a missing attribute or a division by zero, is false; so is a Booster.
func (p *Program) Holds(in *Input) bool {
	if p.holds == nil {
		return false
	}
	v, ok := p.holds(in, "")
	return v && ok
}

// maxFactor bounds what a Booster multiplies by.
const maxFactor = 1000

// Factor returns what a Booster multiplies a score by, from 0 to 1000. An
// error while evaluating, a NaN or a negative is 1; so is a Filter.
func (p *Program) Factor(in *Input) float64 {
	if p.factor == nil {
		return 1
	}
	v, ok := p.factor(in, "")
	if !ok || !(v >= 0) {
		return 1
	}
	return min(v, maxFactor)
}
