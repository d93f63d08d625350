package expr

import (
	"math"
	"math/bits"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
)

// The first and the last moment that CEL knows, and its longest duration, in
// milliseconds. An arithmetic that leaves them is an error.
const (
	firstMoment = -62135596800000
	lastMoment  = int64(forever)
	longestSpan = 315576000000 * 1000
)

// arithmetic compiles +, -, *, / and %.
func (c *compiler) arithmetic(e ast.Expr, op string, a, b node) (node, error) {
	if a.kind == whole && b.kind == whole {
		return wholeNode(binary(a.whole, b.whole, wholeArithmetic(op))), nil
	}
	if isTime(a) || isTime(b) {
		return c.timeArithmetic(e, op, a, b)
	}
	if op == operators.Add && (a.kind == text || b.kind == text) {
		return c.join(e, a, b)
	}
	x, okX := a.asNumber()
	y, okY := b.asNumber()
	switch {
	case a.kind == whole || b.kind == whole:
		return node{}, c.refuse(e, "%s takes two ints or two doubles, and an attribute's number is a double; write 2.0 for 2, or double(context.hour)", operatorName(op))
	case op == operators.Modulo:
		return node{}, c.refuse(e, "%% takes two ints, and an attribute's number is a double; write int(offer.attributes.size)")
	case op == operators.Add && a.kind == dynamic && b.kind == dynamic:
		return node{}, c.refuse(e, "+ of two attributes may join strings or add numbers; write double(offer.attributes.size) or string(offer.attributes.size)")
	case okX && okY:
		return numberNode(binary(x, y, numberArithmetic(op))), nil
	}
	return node{}, c.refuse(e, "%s is not compiled for %s", operatorName(op), kinds([]node{a, b}))
}

// join compiles a + b for strings.
func (c *compiler) join(e ast.Expr, a, b node) (node, error) {
	x, okX := a.asText()
	y, okY := b.asText()
	if !okX || !okY {
		return node{}, c.refuse(e, "+ is not compiled for %s", kinds([]node{a, b}))
	}
	joined := binary(x, y, func(x, y string) (string, bool) { return x + y, true })
	return textNode(joined), c.spend(e, stepsMake)
}

func numberArithmetic(op string) func(float64, float64) (float64, bool) {
	switch op {
	case operators.Add:
		return func(x, y float64) (float64, bool) { return x + y, true }
	case operators.Subtract:
		return func(x, y float64) (float64, bool) { return x - y, true }
	case operators.Multiply:
		return func(x, y float64) (float64, bool) { return x * y, true }
	}
	return func(x, y float64) (float64, bool) { return x / y, true }
}

// wholeArithmetic returns op on ints, where an overflow is an error.
func wholeArithmetic(op string) func(int64, int64) (int64, bool) {
	switch op {
	case operators.Add:
		return addWhole
	case operators.Subtract:
		return subtractWhole
	case operators.Multiply:
		return multiplyWhole
	case operators.Divide:
		return func(x, y int64) (int64, bool) {
			if y == 0 || x == math.MinInt64 && y == -1 {
				return 0, false
			}
			return x / y, true
		}
	}
	return func(x, y int64) (int64, bool) {
		if y == 0 || x == math.MinInt64 && y == -1 {
			return 0, false
		}
		return x % y, true
	}
}

func addWhole(x, y int64) (int64, bool) {
	sum := x + y
	return sum, (sum > x) == (y > 0)
}

func subtractWhole(x, y int64) (int64, bool) {
	diff := x - y
	return diff, (diff < x) == (y > 0)
}

func multiplyWhole(x, y int64) (int64, bool) {
	high, low := bits.Mul64(magnitude(x), magnitude(y))
	limit := uint64(math.MaxInt64)
	if (x < 0) != (y < 0) {
		limit++
	}
	return x * y, high == 0 && low <= limit
}

func magnitude(x int64) uint64 {
	if x < 0 {
		return -uint64(x)
	}
	return uint64(x)
}

// negate compiles -a.
func (c *compiler) negate(e ast.Expr, a node) (node, error) {
	if a.kind == whole {
		return wholeNode(unary(a.whole, func(v int64) (int64, bool) { return -v, v != math.MinInt64 })), nil
	}
	if x, ok := a.asNumber(); ok {
		return numberNode(unary(x, func(v float64) (float64, bool) { return -v, true })), nil
	}
	return node{}, c.refuse(e, "- takes a number, this is %s", a.kind.a())
}

// extreme compiles min and max. An int beside a double is one too; a NaN on
// either side is a NaN.
func (c *compiler) extreme(e ast.Expr, name string, a, b node) (node, error) {
	if a.kind == whole && b.kind == whole {
		if name == "min" {
			return wholeNode(binary(a.whole, b.whole, func(x, y int64) (int64, bool) { return min(x, y), true })), nil
		}
		return wholeNode(binary(a.whole, b.whole, func(x, y int64) (int64, bool) { return max(x, y), true })), nil
	}
	if a.kind == whole {
		a = numberNode(widen(a.whole))
	}
	if b.kind == whole {
		b = numberNode(widen(b.whole))
	}
	x, okX := a.asNumber()
	y, okY := b.asNumber()
	if !okX || !okY {
		return node{}, c.refuse(e, "%s takes two numbers, these are %s", name, kinds([]node{a, b}))
	}
	if name == "min" {
		return numberNode(binary(x, y, func(x, y float64) (float64, bool) { return min(x, y), true })), nil
	}
	return numberNode(binary(x, y, func(x, y float64) (float64, bool) { return max(x, y), true })), nil
}

func isTime(n node) bool { return n.kind == moment || n.kind == span }

// timeArithmetic compiles + and - of timestamps and durations.
func (c *compiler) timeArithmetic(e ast.Expr, op string, a, b node) (node, error) {
	within := func(f func(int64, int64) (int64, bool), low, high int64) term[int64] {
		return binary(a.whole, b.whole, func(x, y int64) (int64, bool) {
			v, ok := f(x, y)
			return v, ok && low <= v && v <= high
		})
	}
	switch {
	case op == operators.Add && a.kind == span && b.kind == span:
		return spanNode(within(addWhole, -longestSpan, longestSpan)), nil
	case op == operators.Add && isTime(a) && isTime(b):
		return momentNode(within(addWhole, firstMoment, lastMoment)), nil
	case op == operators.Subtract && a.kind == b.kind:
		return spanNode(within(subtractWhole, -longestSpan, longestSpan)), nil
	case op == operators.Subtract && a.kind == moment && b.kind == span:
		return momentNode(within(subtractWhole, firstMoment, lastMoment)), nil
	}
	return node{}, c.refuse(e, "%s is not compiled for %s", operatorName(op), kinds([]node{a, b}))
}
