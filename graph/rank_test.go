package graph

import (
	"cmp"
	"math"
	"testing"

	"pgregory.net/rapid"
)

// TestRankSaysAllOfAnEdge turns edges into ranks and back, and compares the
// order of ranks with what it stands for.
func TestRankSaysAllOfAnEdge(t *testing.T) {
	edge := rapid.Custom(func(t *rapid.T) RefinedEdge {
		return RefinedEdge{Node(rapid.IntRange(0, MaxNodes-1).Draw(t, "node")), rapid.Float32Range(-3, 3).Draw(t, "weight")}
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := edge.Draw(t, "a"), edge.Draw(t, "b")
		if got := ranked(a.rank()); got != a {
			t.Fatalf("%+v comes back as %+v", a, got)
		}
		size := func(e RefinedEdge) float64 { return math.Abs(float64(e.Weight)) }
		want := cmp.Or(cmp.Compare(size(b), size(a)), cmp.Compare(a.Node, b.Node))
		if got := cmp.Compare(a.rank(), b.rank()); want != 0 && got != want {
			t.Fatalf("%+v and %+v rank as %d, want %d", a, b, got, want)
		}
	})
}
