package graph_test

import (
	"bytes"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"nabo/graph"
)

// keptMembers is a store of members: their values and their segments.
type keptMembers struct {
	members  map[graph.Member][]byte
	segments map[[2]uint32][]byte
	cell     uint64
	written  int // members, by the newest checkpoint
}

// save takes a checkpoint; with failed it is lost, but for what is handed over
// to the next one. meanwhile is done between its beginning and its end.
func (k *keptMembers) save(t *rapid.T, m *graph.Members, failed bool, meanwhile func()) {
	for _, s := range m.Begin() {
		keepSegment(k.segments, s)
	}
	cell := m.JournalCell()
	meanwhile()
	if failed {
		m.End(false)
		return
	}
	k.cell, k.written = cell, 0
	err := m.Save(func(id graph.Member, v []byte) error {
		k.members[id] = bytes.Clone(v)
		k.written++
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	m.End(true)
}

func (k *keptMembers) load(t *rapid.T, opt graph.MemberOptions, members graph.Member, products graph.Node) *graph.Members {
	m := graph.NewMembers(opt)
	m.SetJournal(k.cell)
	m.Grow(members, products)
	var all sync.WaitGroup
	for id, v := range k.members {
		all.Go(func() {
			if err := m.Load(id, v); err != nil {
				t.Errorf("load member %d: %v", id, err)
			}
		})
	}
	for n, v := range k.segments {
		all.Go(func() {
			if err := m.LoadJournal(n[0], n[1], v); err != nil {
				t.Errorf("load segment %v: %v", n, err)
			}
		})
	}
	all.Wait()
	if _, err := m.Loaded(rapid.IntRange(1, 3).Draw(t, "workers")); err != nil {
		t.Fatal(err)
	}
	return m
}

// memberStep draws one thing that is done to members; gone are those who were
// forgotten.
func memberStep(t *rapid.T, members graph.Member, products graph.Node, gone map[graph.Member]bool) func(*graph.Members) {
	who := func() graph.Member { return graph.Member(rapid.IntRange(0, int(members-1)).Draw(t, "member")) }
	id := who()
	if gone[id] {
		return func(*graph.Members) {}
	}
	goods := rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) graph.Node {
		return graph.Node(rapid.IntRange(0, int(products-1)).Draw(t, "product"))
	}), 1, 9, rapid.ID[graph.Node]).Draw(t, "goods")
	gain := rapid.SampledFrom([]float32{1, 1, 0.2}).Draw(t, "gain")
	switch rapid.IntRange(0, 15).Draw(t, "what") {
	case 0:
		gone[id] = true
		return func(m *graph.Members) { m.Remove(id) }
	case 1:
		into := who()
		if into == id || gone[into] {
			return func(*graph.Members) {}
		}
		gone[id] = true
		return func(m *graph.Members) { m.Merge(id, into) }
	case 2, 3:
		return func(m *graph.Members) { m.TakeBack(id, goods, gain) }
	}
	e := &graph.Purchase{
		At: 15_000*day + rapid.Int64Range(0, 4000*day).Draw(t, "at"), Nodes: goods, Gain: gain,
		Bought: rapid.Bool().Draw(t, "bought"),
	}
	return func(m *graph.Members) { m.Bind(id, e, nil) }
}

// TestJournalMakesTheSameMembers takes checkpoints of which each writes a share
// of the members that changed, some of them failing, loads them, into another
// number of shards, and goes on: the members must be those that were never
// saved.
func TestJournalMakesTheSameMembers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const members, products = 70, 14
		opt := func() graph.MemberOptions {
			return graph.MemberOptions{Products: 10, Whole: 1, Shards: rapid.SampledFrom([]int{1, 8, 32, 128}).Draw(t, "shards")}
		}
		plain, other := graph.NewMembers(opt()), graph.NewMembers(opt())
		plain.Grow(members, products)
		other.Grow(members, products)
		k := &keptMembers{members: map[graph.Member][]byte{}, segments: map[[2]uint32][]byte{}}
		gone := map[graph.Member]bool{}
		step := func() {
			for range rapid.IntRange(0, 6).Draw(t, "steps") {
				do := memberStep(t, members, products, gone)
				do(plain)
				do(other)
			}
		}
		for range rapid.IntRange(1, 50).Draw(t, "checkpoints") {
			step()
			switch rapid.IntRange(0, 11).Draw(t, "then") {
			case 0:
				k.save(t, other, true, step)
			case 1:
				k.save(t, other, false, func() {})
				other = k.load(t, opt(), members, products)
			default:
				k.save(t, other, false, step)
			}
			if len(k.segments) >= graph.MemberTurns {
				t.Fatalf("%d segments are kept", len(k.segments))
			}
		}
		if got, want := other.Digest(), plain.Digest(); got != want {
			t.Fatalf("the digest is %x, want %x", got, want)
		}
		k.save(t, other, false, func() {})
		other = k.load(t, opt(), members, products)
		for n := range graph.Node(products) {
			got, want := holders(other, n), holders(plain, n)
			if !slices.Equal(got, want) {
				t.Fatalf("product %d leads to %v, want %v", n, got, want)
			}
		}
	})
}

// holders returns those to whom a product leads and who hold it.
func holders(m *graph.Members, n graph.Node) []graph.Member {
	all := m.Latest(n, nil, 1<<20)
	all = slices.DeleteFunc(all, func(id graph.Member) bool { _, ok := m.Good(id, n, 0); return !ok })
	slices.Sort(all)
	return slices.Compact(all)
}

// TestLongSegmentStandsInParts notes more than fits into one pair, and takes
// one of the parts away.
func TestLongSegmentStandsInParts(t *testing.T) {
	const members, products = 1000, 1000
	m := graph.NewMembers(graph.MemberOptions{Whole: 1})
	m.Grow(members, products)
	goods := make([]graph.Node, 300)
	for i := range 2500 {
		for k := range goods {
			goods[k] = graph.Node((i*31 + k*3) % products)
		}
		slices.Sort(goods)
		m.Bind(graph.Member(i%members), &graph.Purchase{At: 15_000 * day, Nodes: slices.Compact(slices.Clone(goods)), Gain: 1}, nil)
	}
	segments := m.Begin()
	if len(segments) < 2 {
		t.Fatalf("there are %d parts", len(segments))
	}
	for missing := range len(segments) + 1 {
		again := graph.NewMembers(graph.MemberOptions{})
		again.SetJournal(m.JournalCell())
		again.Grow(members, products)
		for i, s := range slices.Backward(segments) {
			if i != missing {
				if err := again.LoadJournal(s.Number, s.Part, s.Value); err != nil {
					t.Fatal(err)
				}
			}
		}
		done, err := again.Loaded(2)
		if all := missing == len(segments); (err == nil) != all || all && done != 2500 {
			t.Fatalf("without part %d of %d: %d done, %v", missing, len(segments), done, err)
		}
	}
}

// FuzzLoadMemberJournal gives any segment: it is taken, or refused with an error.
func FuzzLoadMemberJournal(f *testing.F) {
	m := graph.NewMembers(graph.MemberOptions{Whole: 1})
	m.Grow(5, 20)
	m.Bind(3, &graph.Purchase{At: 15_000 * day, Nodes: []graph.Node{1, 19}, Gain: 0.5, Bought: true}, nil)
	m.TakeBack(3, []graph.Node{1}, 1)
	m.Merge(3, 4)
	m.Remove(4)
	for _, s := range m.Begin() {
		f.Add(s.Value)
	}
	f.Fuzz(func(t *testing.T, value []byte) {
		m := graph.NewMembers(graph.MemberOptions{Products: 4})
		m.SetJournal(1 << 32)
		m.Grow(5, 20)
		if m.LoadJournal(0, 0, value) != nil {
			t.Fatal("the segment was expected")
		}
		if _, err := m.Loaded(2); err != nil {
			return
		}
		m.Goods(nil, 3, 19_000*day)
		m.Latest(19, nil, 10)
	})
}
