package engine

import (
	"math"
	"runtime"
	"slices"

	"nabo/engine/event"
	"nabo/graph"
)

// Drawing is a part of the graph, as somebody draws it: products as points and
// bindings as lines. Nobody changes it once it is made.
type Drawing struct {
	Seq     uint64
	At      event.Millis // the moment that weights are faded to
	Of      int          // how many there are to choose from: the product's neighbours, the member's goods, the products that were bought
	Known   bool         // of a member: something is held on them
	Dots    []Dot
	Strands []Strand
	Held    []graph.Good // of a member: their binding to each of Dots
	Mass    float64      // of a member: what all their bindings weigh
	Groups  []Group      // of the whole: the heaviest first
}

// Dot is a product in a Drawing.
type Dot struct {
	Product *Product
	Support float64 // receipts with it, faded
	Hop     int     // how far it is from what was asked about
	Group   int     // its place in Groups; -1: in none

	node graph.Node
}

// Strand is what binds two products of a Drawing: each pair has one.
type Strand struct {
	From, To      int     // places in Dots
	Weight        float64 // the plain binding, faded; 0: there is none
	Support       float64 // receipts with both, faded
	Lift          float64 // how many times likelier than by chance
	Last          graph.Day
	Refined, Back float64 // what From says for To in a basket, and To for From; 0: nothing
}

// Group is products that are bound to each other more than to others.
type Group struct {
	Dots   []int   // places in Drawing.Dots, the most bought first
	Weight float64 // of the plain bindings inside it that were drawn
}

// The bounds of drawings.
const (
	MaxDots   = 2000 // points of a whole
	secondHop = 6    // neighbours that each neighbour brings
	strands   = 4    // plain bindings that a product adds among the others
	refinedOf = 2    // and refined ones
	drawnRun  = 8    // products that are read before others are let through
)

// DrawProduct draws a product with count of its neighbours, and, for a depth of
// 2, with the six strongest of each of these. Three quarters of the neighbours
// are the strongest by plain bindings, the rest the strongest by refined ones.
// It says whether there is such a product. Anybody may call it; it reads at
// most 7·count+1 products' edges.
func (e *Engine) DrawProduct(id string, count, depth int, now event.Millis) (*Drawing, bool) {
	n, ok := e.catalogue.node(id)
	if !ok {
		return nil, false
	}
	d := e.newDrawer(now)
	d.dot(n, 0)
	d.out.Of = d.bring(n, count, 1)
	if first := len(d.out.Dots); depth > 1 {
		for i := 1; i < first; i++ {
			d.giveWay(i)
			d.bring(d.out.Dots[i].node, secondHop, 2)
		}
	}
	d.strands(1)
	return d.out, true
}

// DrawMember draws count of a member's goods, the strongest first. Anybody may
// call it.
func (e *Engine) DrawMember(t event.Token, count int, now event.Millis) *Drawing {
	d := e.newDrawer(now)
	m, ok := e.people.known(t)
	if !ok || t == 0 {
		return d.out
	}
	d.out.Known = true
	goods, _ := e.goods.Goods(nil, m, d.at)
	goods = slices.DeleteFunc(goods, func(g graph.Good) bool { return g.Weight <= 0 || e.bought.Retired(g.Product) })
	slices.SortFunc(goods, func(a, b graph.Good) int {
		return strongest(float64(a.Weight), a.Product, float64(b.Weight), b.Product)
	})
	for _, g := range goods {
		d.out.Mass += float64(g.Weight)
	}
	d.out.Of, d.out.Held = len(goods), goods[:min(len(goods), count)]
	for i := range d.out.Held {
		d.dot(d.out.Held[i].Product, 1)
	}
	d.strands(0)
	return d.out
}

// drawer makes a Drawing.
type drawer struct {
	e    *Engine
	out  *Drawing
	at   int64
	have graph.Set          // what is in out.Dots
	at2  map[graph.Node]int // where
	pair map[[2]int]int     // the strand of two dots, the lower first

	supports graph.Supports
	refined  *graph.RefinedSet
	total    float64
	read     graph.Scratch
	near     []graph.Neighbor
	best     ranking
}

func (e *Engine) newDrawer(now event.Millis) *drawer {
	at := e.Clock(now)
	return &drawer{
		e: e, out: &Drawing{Seq: e.Position(), At: at}, at: int64(at),
		at2: map[graph.Node]int{}, pair: map[[2]int]int{},
		supports: e.bought.Supports(int64(at)), refined: e.refined.Now(), total: e.bought.Total(int64(at)),
	}
}

// giveWay lets whoever waits for a processor through, now and then.
func (d *drawer) giveWay(i int) {
	if i%drawnRun == drawnRun-1 {
		runtime.Gosched()
	}
}

func (d *drawer) support(n graph.Node) float64 {
	s, _ := d.supports.Of(n)
	return float64(s)
}

// dot adds a product, unless it is there.
func (d *drawer) dot(n graph.Node, hop int) {
	if d.have.Has(n) {
		return
	}
	d.have.Add(n)
	d.at2[n] = len(d.out.Dots)
	d.out.Dots = append(d.out.Dots, Dot{Product: d.e.catalogue.item(n), Support: d.support(n), Hop: hop, Group: -1, node: n})
}

// bring adds count neighbours of a product that are not there yet, and returns
// how many it has.
func (d *drawer) bring(n graph.Node, count, hop int) int {
	d.near = d.e.bought.Neighbors(&d.read, d.near[:0], n, d.at)
	d.near = slices.DeleteFunc(d.near, func(o graph.Neighbor) bool { return o.To == n || d.e.bought.Retired(o.To) })
	slices.SortFunc(d.near, func(a, b graph.Neighbor) int { return strongest(plainly(&a), a.To, plainly(&b), b.To) })
	refined := count / 4
	plain := count - refined
	for i := 0; i < len(d.near) && plain > 0; i++ {
		if !d.have.Has(d.near[i].To) {
			d.dot(d.near[i].To, hop)
			plain--
		}
	}
	refined += plain
	for _, r := range d.refined.From(n) {
		if refined > 0 && r.Weight > 0 && r.Node != n && !d.have.Has(r.Node) && !d.e.bought.Retired(r.Node) {
			d.dot(r.Node, hop)
			refined--
		}
	}
	for i := 0; i < len(d.near) && refined > 0; i++ { // where few are refined
		if !d.have.Has(d.near[i].To) {
			d.dot(d.near[i].To, hop)
			refined--
		}
	}
	return len(d.near)
}

// plainly is how strong a plain binding is: see strength.
func plainly(n *graph.Neighbor) float64 {
	return math.Sqrt(math.Max(float64(n.Weight)*float64(n.Support), 0))
}

// strongest orders by strength; ties go to the product that was known first.
func strongest(a float64, an graph.Node, b float64, bn graph.Node) int {
	switch {
	case better(a, an, b, bn):
		return -1
	case a == b && an == bn:
		return 0
	}
	return 1
}
