package score

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// twin measures a list by the rules as one reads them, one measure at a time.
func twin(list []string, right, before map[string]bool, k int) (out [measures]float64) {
	var top []string
	for _, id := range list {
		repeated := false
		for _, other := range top {
			repeated = repeated || other == id
		}
		if !repeated {
			top = append(top, id)
		}
	}
	if len(top) > k {
		top = top[:k]
	}
	share := func(found, of float64) float64 {
		if of == 0 {
			return math.NaN()
		}
		return found / of
	}
	any := func(found, of float64) float64 {
		if of == 0 {
			return math.NaN()
		}
		return math.Min(found, 1)
	}
	var found, again, first, slots, gain, best, bestAll float64
	for place, id := range top {
		switch {
		case right[id] && before[id]:
			again++
		case right[id]:
			first++
		}
		if before[id] {
			slots++
		}
		if right[id] {
			if found++; found == 1 {
				out[MRR] = 1 / float64(place+1)
			}
			gain += math.Ln2 / math.Log(float64(place)+2)
		}
	}
	var rightAgain, rightFirst float64
	place := 0
	for id := range right {
		if before[id] {
			rightAgain++
		} else {
			rightFirst++
		}
		if place < k {
			best += math.Ln2 / math.Log(float64(place)+2)
		}
		bestAll += math.Ln2 / math.Log(float64(place)+2)
		place++
	}
	out[Recall], out[Precision], out[Hit] = found/float64(len(right)), found/float64(k), math.Min(found, 1)
	out[NDCG], out[NDCGAll], out[Repeats] = gain/best, gain/bestAll, slots/float64(k)
	out[RepeatRecall], out[RepeatHit] = share(again, rightAgain), any(again, rightAgain)
	out[ExploreRecall], out[ExploreHit] = share(first, rightFirst), any(first, rightFirst)
	return out
}

func TestTwin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id := rapid.StringMatching(`[a-z]`)
		list := rapid.SliceOfN(id, 0, 30).Draw(t, "list")
		right := rapid.MapOfN(id, rapid.Just(true), 1, 26).Draw(t, "right")
		before := rapid.MapOfN(id, rapid.Just(true), 0, 26).Draw(t, "before")
		got := Mark(list, right, before)
		for i, k := range Cutoffs {
			want := twin(list, right, before, k)
			for what := range measures {
				a, b := got[i][what], want[what]
				if math.IsNaN(a) != math.IsNaN(b) || math.Abs(a-b) > 1e-12 {
					t.Fatalf("%v at %d is %v, the twin says %v", what, k, a, b)
				}
			}
		}
	})
}

// TestParts: a member had a and b before; right are a, c and d. The list has b
// at 1, a at 2, c at 4.
func TestParts(t *testing.T) {
	set := func(ids ...string) map[string]bool {
		out := map[string]bool{}
		for _, id := range ids {
			out[id] = true
		}
		return out
	}
	m := Mark([]string{"b", "a", "x", "c", "y"}, set("a", "c", "d"), set("a", "b"))[0]
	for what, want := range map[Measure]float64{
		Precision: 2.0 / 5, Repeats: 2.0 / 5, RepeatRecall: 1, RepeatHit: 1, ExploreRecall: 0.5, ExploreHit: 1, MRR: 0.5,
	} {
		if m[what] != want {
			t.Errorf("%v is %v, want %v", what, m[what], want)
		}
	}
	for _, before := range []map[string]bool{set("a", "c", "d"), nil} {
		m := Mark([]string{"a"}, set("a", "c", "d"), before)[0]
		if !math.IsNaN(m[ExploreRecall]) || math.IsNaN(m[RepeatRecall]) != (before == nil) {
			t.Errorf("had %v before: first time %v, again %v", before, m[ExploreRecall], m[RepeatRecall])
		}
	}
}
