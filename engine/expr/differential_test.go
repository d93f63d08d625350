package expr

import (
	"testing"

	"pgregory.net/rapid"
)

// drawn compares the closures of a drawn expression with the interpreter, and
// says whether it compiled.
func drawn(t *rapid.T) bool {
	g := &gen{t: t}
	kind, src := Filter, ""
	switch depth := g.n(4); g.n(2) {
	case 0:
		kind, src = Booster, g.double(depth)
	case 1:
		kind, src = Booster, g.int(depth)
	default:
		src = g.bool(depth)
	}
	return compare(t, src, kind, g.input(), g.input(), g.input(), g.input())
}

func TestClosuresEqualInterpreter(t *testing.T) {
	compiled, all := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		for range 12 {
			all++
			if drawn(t) {
				compiled++
			}
		}
	})
	if compiled < all/2 {
		t.Errorf("%d of %d drawn expressions compiled: the comparison shows little", compiled, all)
	}
	t.Logf("%d of %d drawn expressions compiled", compiled, all)
}

func FuzzClosuresEqualInterpreter(f *testing.F) {
	f.Fuzz(rapid.MakeFuzz(func(t *rapid.T) { drawn(t) }))
}
