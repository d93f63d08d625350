package refs

import (
	"testing"

	"pgregory.net/rapid"
)

// TestTableIsAMap plays random calls against a map. The hashes are of few
// different homes, so that references stand in each other's way.
func TestTableIsAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		hashOf := func(ref uint32) uint64 { return uint64(ref%13)<<60 + uint64(ref) }
		var table Table
		held := map[uint32]bool{}
		ref := rapid.Uint32Range(1, 60)
		for range rapid.IntRange(1, 200).Draw(t, "steps") {
			r := ref.Draw(t, "ref")
			switch {
			case !held[r]:
				table.Add(hashOf(r), r, hashOf)
				held[r] = true
			case rapid.Bool().Draw(t, "remove"):
				table.Remove(hashOf(r), r, hashOf)
				delete(held, r)
			default: // another with the same hash, and back
				table.Set(hashOf(r), r, r+1000)
				if table.Find(hashOf(r), func(is uint32) bool { return is == r+1000 }) == 0 {
					t.Fatalf("%d is not where %d was", r+1000, r)
				}
				table.Set(hashOf(r), r+1000, r)
			}
			for r := range uint32(61) {
				got := table.Find(hashOf(r), func(is uint32) bool { return is == r })
				if r > 0 && (got == r) != held[r] || got != 0 && got != r {
					t.Fatalf("Find(%d) gives %d; held: %v", r, got, held[r])
				}
			}
			n := 0
			table.Each(func(r uint32) {
				if n++; !held[r] {
					t.Fatalf("%d is held", r)
				}
			})
			if n != len(held) || table.Len() != n {
				t.Fatalf("%d and %d are held of %d", n, table.Len(), len(held))
			}
		}
	})
}

func TestFindAllocatesNothing(t *testing.T) {
	var table Table
	hashOf := func(ref uint32) uint64 { return uint64(ref) * 0x9e3779b97f4a7c15 }
	for r := range uint32(1000) {
		table.Add(hashOf(r+1), r+1, hashOf)
	}
	want := uint32(77)
	if n := testing.AllocsPerRun(100, func() { table.Find(hashOf(want), func(r uint32) bool { return r == want }) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if per := float64(table.Bytes()) / 1000; per > 7 {
		t.Errorf("%.1f bytes a reference", per)
	}
}
