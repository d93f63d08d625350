package graph_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"nabo/graph"
)

// memberTwin keeps every binding in a map, with its weight as of the last event.
type memberTwin struct {
	weight map[graph.Node]float64
	count  map[graph.Node]int
}

// TestMembersHoldToTheirTwin binds, takes back, merges and removes at random,
// all at one moment, and compares what members and products lean towards.
func TestMembersHoldToTheirTwin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const members, products, at = 6, 30, 15_000 * day
		m := graph.NewMembers(graph.MemberOptions{Shards: rapid.SampledFrom([]int{1, 4}).Draw(t, "shards")})
		m.Grow(members, products)
		twins := make([]memberTwin, members)
		for i := range twins {
			twins[i] = memberTwin{map[graph.Node]float64{}, map[graph.Node]int{}}
		}
		gone := map[int]bool{}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			id := rapid.IntRange(0, members-1).Draw(t, "member")
			if gone[id] {
				continue
			}
			m.Warm([]graph.Member{0, graph.Member(id), members - 1}) // changes nothing
			nodes := drawNodes(t, products)
			switch op := rapid.IntRange(0, 9).Draw(t, "op"); op {
			case 0:
				m.TakeBack(graph.Member(id), nodes, 1)
				twins[id].takeBack(nodes)
			case 1:
				if into := (id + 1) % members; !gone[into] {
					m.Merge(graph.Member(id), graph.Member(into))
					twins[into].join(&twins[id])
					gone[id] = true
				}
			case 2:
				m.Remove(graph.Member(id))
				twins[id], gone[id] = memberTwin{}, true
			default:
				before := m.Bind(graph.Member(id), &graph.Purchase{At: at + day/2, Nodes: nodes, Gain: 1, Bought: true}, nil)
				for i, n := range nodes {
					near(t, "before", float64(before[i]), twins[id].weight[n])
					twins[id].weight[n]++
					twins[id].count[n]++
				}
			}
		}
		compareMembers(t, m, twins, products, at+day/2)
	})
}

func drawNodes(t *rapid.T, products int) []graph.Node {
	var nodes []graph.Node
	for _, n := range rapid.SliceOfNDistinct(rapid.IntRange(0, products-1), 1, 12, rapid.ID[int]).Draw(t, "goods") {
		nodes = append(nodes, graph.Node(n))
	}
	return nodes
}

func (m *memberTwin) takeBack(nodes []graph.Node) {
	for _, n := range nodes {
		if m.count[n] > 0 {
			m.count[n]--
			m.weight[n]--
		}
		if m.count[n] == 0 {
			delete(m.count, n)
			delete(m.weight, n)
		}
	}
}

func (m *memberTwin) join(o *memberTwin) {
	for n, w := range o.weight {
		m.weight[n] += w
		m.count[n] += o.count[n]
	}
	*o = memberTwin{}
}

func compareMembers(t *rapid.T, m *graph.Members, twins []memberTwin, products int, at int64) {
	leaning := make([][]graph.Member, products)
	for id := range twins {
		goods, habit := m.Goods(nil, graph.Member(id), at)
		if len(goods) != len(twins[id].weight) || habit.Goods != len(goods) {
			t.Fatalf("member %d holds %d goods (%d by the habit), want %d", id, len(goods), habit.Goods, len(twins[id].weight))
		}
		for _, g := range goods {
			near(t, "weight", float64(g.Weight), twins[id].weight[g.Product])
			if g.Count != twins[id].count[g.Product] {
				t.Fatalf("member %d, product %d: %d purchases, want %d", id, g.Product, g.Count, twins[id].count[g.Product])
			}
			leaning[g.Product] = append(leaning[g.Product], graph.Member(id))
		}
	}
	for n := range graph.Node(products) {
		got := m.Latest(n, nil, 1000)
		for _, id := range leaning[n] {
			if !slices.Contains(got, id) {
				t.Fatalf("product %d: member %d leans towards it and is not listed in %v", n, id, got)
			}
		}
	}
}

// TestMemberRhythm says what a steady shopper's intervals come to.
func TestMemberRhythm(t *testing.T) {
	m := graph.NewMembers(graph.MemberOptions{})
	m.Grow(1, 1)
	for i := range int64(6) {
		m.Bind(0, &graph.Purchase{At: (15_000 + 7*i) * day, Nodes: []graph.Node{0}, Gain: 1, Bought: true}, nil)
	}
	goods, habit := m.Goods(nil, 0, 15_040*day)
	if g := goods[0]; g.Count != 6 || g.Every != 7 || g.Last != 15_035 {
		t.Errorf("got %+v, want 6 purchases, every 7 days, last on day 15035", g)
	}
	if habit.Visits != 6 || habit.Every != 7 {
		t.Errorf("got %+v, want 6 visits, every 7 days", habit)
	}
}

// TestMemberBound lets the weakest product go when there is no more room.
func TestMemberBound(t *testing.T) {
	m := graph.NewMembers(graph.MemberOptions{Products: 8})
	m.Grow(1, 20)
	for n := range graph.Node(20) {
		m.Bind(0, &graph.Purchase{At: int64(15_000+n) * day, Nodes: []graph.Node{n}, Gain: 1, Bought: true}, nil)
	}
	goods, _ := m.Goods(nil, 0, 15_020*day)
	for _, g := range goods {
		if g.Product < 12 {
			t.Errorf("product %d is held, and eight later ones are stronger", g.Product)
		}
	}
	if len(goods) != 8 {
		t.Errorf("%d goods held, want 8", len(goods))
	}
}
