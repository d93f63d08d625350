package offer

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"nabo/engine/event"
	"nabo/engine/expr"
	"nabo/graph"
)

// town is a world of a size.
type town struct {
	nodes   graph.Node
	soldOut int
	stores  int
}

func (w town) OfCategory(string) []graph.Node { return []graph.Node{1, 5, 9} }
func (w town) Nodes() graph.Node              { return w.nodes }
func (w town) OutOfStock(yield func(graph.Node, string)) {
	rng := rand.New(rand.NewPCG(3, 3))
	names := [...]string{"s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9"}
	for i := range w.soldOut {
		yield(graph.Node(rng.IntN(int(w.nodes))), names[i%w.stores])
	}
}

// manyOffers makes a sealed book.
func manyOffers(tb testing.TB, offers, products int, w World) *Book {
	rng := rand.New(rand.NewPCG(1, 2))
	b := NewBook(Options{Compile: compileAudience})
	for i := range offers {
		o := event.Offer{Offer: fmt.Sprint("offer-", i), Name: fmt.Sprint("Offer ", i), ValidFrom: start - day, ValidThrough: start + day*event.Millis(1+i%7),
			Price: 5, MemberPrice: 4, Budget: event.Budget{Activations: 100_000}, Currency: "EUR"}
		if i%4 > 0 {
			o.Chains = []string{fmt.Sprint("c", i%3)}
		}
		if i%9 == 0 {
			o.Stores = []string{fmt.Sprint("s", i%5)}
		}
		if i%5 == 0 {
			o.Audience = fmt.Sprintf(`member.homeStore == "s%d"`, i%4)
		}
		nodes := make([]graph.Node, products)
		for j := range nodes {
			nodes[j] = graph.Node(rng.IntN(int(w.Nodes())))
		}
		b.Upsert(&o, nodes, start)
	}
	b.Seal(start, w)
	return b
}

// customer is a member with a record of 40 entries who asks.
func customer(b *Book) *Asker {
	const m = 7
	for i := range 35 {
		b.Shown(m, []string{fmt.Sprint("offer-", i*3)}, "", start)
	}
	for i := range 4 {
		b.Activate(fmt.Sprint("offer-", i*12), m, start, nil)
	}
	b.Personalise(m, &event.OfferPersonal{Offer: "offer-9", Price: 3, ValidThrough: start + 9*day})
	r := &Record{}
	b.Record(m, r)
	return &Asker{Now: start, Store: "s1", Channel: "app", Context: &expr.Context{}, Record: r,
		Member: &event.Member{HomeStore: "s2", Chains: []string{"c1", "c2"}}}
}

func BenchmarkEligible(b *testing.B) {
	for _, n := range []int{500, 1135} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			book := manyOffers(b, n, 50, town{50_000, 20_000, 10})
			a, ws, v := customer(book), &Workspace{}, book.View()
			b.ReportAllocs()
			for b.Loop() {
				v.Eligible(a, ws)
			}
		})
	}
}

func BenchmarkExplain(b *testing.B) {
	book := manyOffers(b, 500, 50, town{50_000, 20_000, 10})
	a, ws, v := customer(book), &Workspace{}, book.View()
	b.ReportAllocs()
	for b.Loop() {
		v.Explain(a, ws)
	}
}

func BenchmarkRecord(b *testing.B) {
	book := manyOffers(b, 500, 50, town{50_000, 0, 1})
	customer(book)
	var r Record
	b.ReportAllocs()
	for b.Loop() {
		book.Record(7, &r)
	}
	b.ReportMetric(float64(len(book.people.get(7))), "bytes")
}

// BenchmarkSeal measures a group without a change, one with counts, one with a
// store's stock, and the whole index.
func BenchmarkSeal(b *testing.B) {
	w := town{50_000, 20_000, 10}
	for _, size := range [][2]int{{500, 50}, {1135, 110}} {
		book := manyOffers(b, size[0], size[1], w)
		name := fmt.Sprintf("%dx%d", size[0], size[1])
		run := func(kind string, change func(i int)) {
			b.Run(kind+"/"+name, func(b *testing.B) {
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					change(i)
					book.Seal(start, w)
				}
			})
		}
		run("nothing", func(int) {})
		run("counts", func(i int) { book.Shown(Nobody, []string{fmt.Sprint("offer-", i%500)}, "", start) })
		run("stock", func(i int) { book.Restock(graph.Node(i/2%50_000), "s1", i%2 == 0) })
		run("index", func(int) { book.Touch() })
	}
}

func BenchmarkShown(b *testing.B) {
	book := manyOffers(b, 500, 50, town{50_000, 0, 1})
	ids := make([]string, 35)
	for i := range ids {
		ids[i] = fmt.Sprint("offer-", i*13)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		book.Shown(graph.Member(i%10_000), ids, "", start+event.Millis(i))
	}
}

func BenchmarkUpsert(b *testing.B) {
	book := manyOffers(b, 500, 50, town{50_000, 0, 1})
	o := *book.View().Offers[3].Spec
	nodes := book.View().Offers[3].Products
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		o.Margin = float64(i)
		o.Price = math.Sqrt(o.Margin)
		book.Upsert(&o, nodes, start)
	}
}
