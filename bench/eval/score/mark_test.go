package score

import (
	"fmt"
	"math"
	"testing"

	"pgregory.net/rapid"
)

// TestMark holds the measures against figures worked out by hand. A right
// answer at the first places is worth 1, 0.6309, 0.5, 0.4307 and 0.3869.
func TestMark(t *testing.T) {
	for _, c := range []struct {
		name  string
		list  []string
		right []string
		at    int // place in Cutoffs
		want  string
	}{
		{"first of one", []string{"a", "b"}, []string{"a"}, 0, "recall 1.0000 hit 1.0000 mrr 1.0000 ndcg 1.0000 ndcg-all 1.0000"},
		{"third of one", []string{"x", "y", "a"}, []string{"a"}, 0, "recall 1.0000 hit 1.0000 mrr 0.3333 ndcg 0.5000 ndcg-all 0.5000"},
		{"none", []string{"x", "y"}, []string{"a"}, 0, "recall 0.0000 hit 0.0000 mrr 0.0000 ndcg 0.0000 ndcg-all 0.0000"},
		{"no list", nil, []string{"a"}, 2, "recall 0.0000 hit 0.0000 mrr 0.0000 ndcg 0.0000 ndcg-all 0.0000"},
		// (0.6309 + 0.4307) / (1 + 0.6309 + 0.5)
		{"two of three", []string{"x", "a", "y", "b"}, []string{"a", "b", "c"}, 0, "recall 0.6667 hit 1.0000 mrr 0.5000 ndcg 0.4982 ndcg-all 0.4982"},
		{"said twice counts once", []string{"a", "a", "x", "b"}, []string{"a", "b"}, 0, "recall 1.0000 hit 1.0000 mrr 1.0000 ndcg 0.9197 ndcg-all 0.9197"},
		{"sixth, of five", []string{"1", "2", "3", "4", "5", "a"}, []string{"a"}, 0, "recall 0.0000 hit 0.0000 mrr 0.0000 ndcg 0.0000 ndcg-all 0.0000"},
		{"sixth, of ten", []string{"1", "2", "3", "4", "5", "a"}, []string{"a"}, 1, "recall 1.0000 hit 1.0000 mrr 0.1667 ndcg 0.3562 ndcg-all 0.3562"},
		// Five of six are on top: the best that five places can hold, and
		// 2.9485 of 3.3047 that all six are worth.
		{"more right than places", []string{"a", "b", "c", "d", "e"}, []string{"a", "b", "c", "d", "e", "f"}, 0, "recall 0.8333 hit 1.0000 mrr 1.0000 ndcg 1.0000 ndcg-all 0.8922"},
	} {
		right := map[string]bool{}
		for _, id := range c.right {
			right[id] = true
		}
		got := ""
		for _, what := range []Measure{Recall, Hit, MRR, NDCG, NDCGAll} {
			v := Mark(c.list, right, nil)[c.at][what]
			got += fmt.Sprintf(" %s %.4f", Measure(what), v)
		}
		if got[1:] != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got[1:], c.want)
		}
	}
}

// TestMarkBounds: every measure is between 0 and 1, and a longer look never
// finds less.
func TestMarkBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id := rapid.StringMatching(`[a-h]`)
		list := rapid.SliceOfN(id, 0, 25).Draw(t, "list")
		right := rapid.MapOfN(id, rapid.Just(true), 1, 8).Draw(t, "right")
		m := Mark(list, right, nil)
		for k := range Cutoffs {
			for what, v := range m[k][:Repeats] {
				if math.IsNaN(v) || v < 0 || v > 1+1e-12 {
					t.Fatalf("%s at %d is %v", Measure(what), Cutoffs[k], v)
				}
			}
			if m[k][NDCGAll] > m[k][NDCG]+1e-12 {
				t.Fatalf("over all right answers the gain is %v, over those that fit %v", m[k][NDCGAll], m[k][NDCG])
			}
			for _, what := range []Measure{Recall, Hit, MRR, NDCGAll} {
				if k > 0 && m[k][what] < m[k-1][what] {
					t.Fatalf("%s falls from %v to %v", Measure(what), m[k-1][what], m[k][what])
				}
			}
		}
	})
}
