package graph_test

import (
	"testing"

	"pgregory.net/rapid"

	"nabo/graph"
)

// TestLeansHoldToTheirTwin lets members take up and let go of a few products,
// so often that the lists must be cleared again and again: who holds a product
// is listed, and a list does not grow far beyond those who do.
func TestLeansHoldToTheirTwin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const members, products, at = 150, 3, 15_000*day + day/2
		m := graph.NewMembers(graph.MemberOptions{Shards: rapid.SampledFrom([]int{1, 4}).Draw(t, "shards")})
		m.Grow(members, products)
		var held [products][members]bool
		// A step hurls through many members, so that few draws move many.
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			first, count := rapid.IntRange(0, members-1).Draw(t, "first"), rapid.IntRange(1, members).Draw(t, "count")
			n, takes := rapid.IntRange(0, products-1).Draw(t, "product"), rapid.IntRange(0, 2).Draw(t, "op")
			for i := range count {
				id := (first + i) % members
				switch {
				case takes > 0 && !held[n][id]:
					m.Bind(graph.Member(id), &graph.Purchase{At: at, Nodes: []graph.Node{graph.Node(n)}, Gain: 1, Bought: true}, nil)
				case takes == 0 && held[n][id]:
					m.TakeBack(graph.Member(id), []graph.Node{graph.Node(n)}, 1)
				default:
					continue
				}
				held[n][id] = takes > 0
			}
		}
		for n := range held {
			got := m.Latest(graph.Node(n), nil, 1<<20)
			listed, holders := map[graph.Member]bool{}, 0
			for _, id := range got {
				listed[id] = true
			}
			for id, h := range held[n] {
				if h {
					holders++
				}
				if h && !listed[graph.Member(id)] {
					t.Fatalf("product %d: member %d holds it and is not listed", n, id)
				}
			}
			// A product's own share of what its clearing waits for: other lists
			// may be under way for as long as they have entries.
			if len(got) > 2*members+holders {
				t.Fatalf("product %d: %d entries for %d members who hold it", n, len(got), holders)
			}
		}
	})
}
