package offer

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"nabo/graph"

	"pgregory.net/rapid"
)

// TestRecordsAreAMap sets, forgets and reads records beside a map. What a reader
// found stays as it was, and of what was forgotten no byte is left.
func TestRecordsAreAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		var r records
		want := map[graph.Member]string{}
		type reading struct{ got, was string }
		var readings []reading
		for i := range rapid.IntRange(1, 400).Draw(t, "steps") {
			m := graph.Member(rng.IntN(200))
			was := want[m]
			if rng.IntN(5) == 0 {
				r.set(m, "")
				delete(want, m)
			} else {
				want[m] = fmt.Sprintf("<%d>%s", i, strings.Repeat("x", rng.IntN(50)))
				r.set(m, want[m])
			}
			if page := r.page(m); page != nil && want[m] == "" && was != "" {
				if bytes.Contains(page.text[:cap(page.text)], []byte(was[:strings.Index(was, ">")+1])) {
					t.Fatalf("what was forgotten is still there: %s", was)
				}
			}
			got := r.get(graph.Member(rng.IntN(200)))
			readings = append(readings, reading{got, strings.Clone(got)})
		}
		for _, one := range readings {
			if one.got != one.was {
				t.Fatalf("what was read as %q became %q", one.was, one.got)
			}
		}
		n := 0
		r.each(func(m graph.Member, s string) {
			if n++; s != want[m] {
				t.Fatalf("each gives %q for %d, want %q", s, m, want[m])
			}
		})
		for m := range graph.Member(300) {
			if r.get(m) != want[m] {
				t.Fatalf("member %d has %q, want %q", m, r.get(m), want[m])
			}
		}
		if n != len(want) || int(r.count.Load()) != n {
			t.Fatalf("%d and %d records, want %d", n, r.count.Load(), len(want))
		}
	})
}
