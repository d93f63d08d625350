package server

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"nabo/engine"
)

type graphOutput struct{ Body Graph }

const (
	usualNeighbours = 24
	wholeKept       = 10 * time.Second // a drawing of the whole is given for so long
)

func (s *Server) registerGraph() {
	const path = "/v1/graph"
	serve(s, cold{
		method: http.MethodGet, path: path, id: "get-graph", tag: "The graph",
		params: pProduct | pMember | pCount | pDepth | pPoints | pHalfLife | pMinSeq, problems: []int{400, 404, 503},
		summary: "A part of the graph, to be drawn",
		doc: "With `product`: it, `count` of its neighbours (three quarters by their plain bindings, the rest by refined ones), and what binds all of these. " +
			"With `member`: `count` of their goods, and what binds these. With neither: the `points` products that are bought most, in clusters; made anew after 10 seconds at the earliest.\n\n" +
			"A plain weight is kept as one sum that fades with one half-life. So what is left of it after N days without a further receipt is exact: weight·2^(−N/halfLife). " +
			"What it would be under another half-life is not, but it is bounded: each receipt would count 2^(−age·(1/other−1/halfLife)) times as much, and none is younger than `lastSeen`. " +
			"`halfLife` gives that bound as `faded`: at most so much under a shorter half-life, at least so much under a longer one.",
	}, s.getGraph)
	for _, p := range s.api.OpenAPI().Paths[path].Get.Parameters {
		graphParam(p)
	}
}

// graphParam documents parameters where they mean something of their own here.
func graphParam(p *huma.Param) {
	switch p.Name {
	case pProduct.info().name:
		p.Description = "The product in the middle."
	case pMember.info().name:
		p.Description = "The member whose goods are drawn; not together with product."
	case pCount.info().name:
		p.Description, p.Schema.Default = "How many neighbours of the product, or goods of the member. 24 if left out.", usualNeighbours
	case pPoints.info().name:
		p.Description = "How many products to draw at most, without product and member. 600 if left out."
	}
}

func (s *Server) getGraph(_ context.Context, x exchange, _ *struct{}) (*graphOutput, error) {
	p := &x.c.params
	if p.has(pProduct) && p.has(pMember) {
		return nil, fault(badParameter, "product and member are both given", "/member", "give one of them")
	}
	count := usualNeighbours
	if p.has(pCount) {
		count = p.count
	}
	var out Graph
	switch {
	case p.has(pProduct):
		depth := 1
		if p.depth == "2" {
			depth = 2
		}
		s.drawing.Lock() // one at a time: a wide one reads a thousand products
		d, ok := s.opt.Engine.DrawProduct(p.product, count, depth, s.now())
		s.drawing.Unlock()
		if !ok {
			return nil, noProduct()
		}
		out = s.graphOf(d, p.halfLife)
	case p.has(pMember):
		token, _ := s.opt.Tokens.Token(p.member)
		s.drawing.Lock()
		d := s.opt.Engine.DrawMember(token, count, s.now())
		s.drawing.Unlock()
		out = s.graphOf(d, p.halfLife)
		out.Member, out.Known = p.member, &d.Known
		s.lean(&out, d)
	default:
		out = s.graphOf(s.whole(p.points), p.halfLife)
	}
	return &graphOutput{out}, nil
}

func noProduct() *Problem {
	return problem(http.StatusNotFound, unknownProduct, "no product of this id is in the catalogue or on a receipt")
}

// whole gives the drawing of the whole that was made last, or makes one.
func (s *Server) whole(points int) *engine.Drawing {
	s.drawing.Lock()
	defer s.drawing.Unlock()
	now := s.opt.Now()
	if w := &s.drawn; w.made == nil || w.points != points || now.Sub(w.at) >= wholeKept || now.Before(w.at) {
		*w = drawnWhole{s.opt.Engine.DrawWhole(points, s.now()), points, now}
	}
	return s.drawn.made
}

// drawnWhole is the drawing of the whole that was made last.
type drawnWhole struct {
	made   *engine.Drawing
	points int
	at     time.Time
}

func (s *Server) graphOf(d *engine.Drawing, other float64) Graph {
	products, _ := s.opt.Engine.HalfLives()
	h := products.Hours() / 24
	out := Graph{
		AsOf: AsOf{d.Seq, d.At.Time()}, HalfLife: Fixed(h), Of: d.Of,
		Nodes: make([]GraphNode, len(d.Dots)), Edges: make([]GraphEdge, len(d.Strands)),
	}
	if other > 0 {
		out.WhatIf = &WhatIf{Fixed(other), [...]string{"most", "exact", "least"}[1+cmp.Compare(other, h)]}
	}
	for i := range d.Dots {
		out.Nodes[i] = nodeOf(&d.Dots[i])
	}
	for i := range d.Strands {
		st := &d.Strands[i]
		e := GraphEdge{
			From: d.Dots[st.From].Product.ID, To: d.Dots[st.To].Product.ID, Refined: Fixed(st.Refined), RefinedBack: Fixed(st.Back),
		}
		if st.Weight > 0 {
			e.Weight, e.Support, e.Lift = Fixed(st.Weight), Fixed(st.Support), Fixed(st.Lift)
			e.LastSeen = string(appendDay(nil, int32(st.Last)))
			if other > 0 {
				e.Faded = Fixed(engine.FadedBy(st.Weight, st.Last, d.At, h, other))
			}
		}
		out.Edges[i] = e
	}
	out.Clusters = groupsOf(d)
	return out
}

func nodeOf(dot *engine.Dot) GraphNode {
	p := dot.Product
	out := GraphNode{ID: p.ID, Name: p.Name, Category: p.Category, Brand: p.Brand, Support: Fixed(dot.Support), Hop: dot.Hop}
	if dot.Group >= 0 {
		out.Cluster = &dot.Group
	}
	return out
}

func groupsOf(d *engine.Drawing) []GraphGroup {
	var out []GraphGroup
	for at, g := range d.Groups {
		one := GraphGroup{Cluster: at, Nodes: len(g.Dots), Weight: Fixed(g.Weight), Top: []string{}}
		counts, most := map[string]int{}, 0
		for i, dot := range g.Dots {
			p := d.Dots[dot].Product
			if i < 3 {
				one.Top = append(one.Top, p.ID)
			}
			if counts[p.Category]++; p.Category != "" && counts[p.Category] > most {
				most, one.Category = counts[p.Category], p.Category
			}
		}
		out = append(out, one)
	}
	return out
}

// lean adds a member's own bindings.
func (s *Server) lean(out *Graph, d *engine.Drawing) {
	_, members := s.opt.Engine.HalfLives()
	out.LeaningHalfLife = Fixed(members.Hours() / 24)
	for i, g := range d.Held {
		out.Leanings = append(out.Leanings, GraphLean{
			Product: d.Dots[i].Product.ID, Weight: Fixed(g.Weight), Share: Fixed(float64(g.Weight) / max(d.Mass, float64(g.Weight))),
			Count: int(g.Count), Last: string(appendDay(nil, int32(g.Last))), Every: Fixed(g.Every),
		})
	}
}
