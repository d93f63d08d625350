package server

import (
	"math"
	"testing"
	"time"
)

func TestGraphOfAProduct(t *testing.T) {
	r := newRig(t, nil)
	r.receipts(t, 6, "m1", "a", "b")
	r.receipts(t, 3, "", "a", "c")
	r.receipts(t, 9, "", "d", "e")
	want[Change](t, r.send(t, "PUT", "/v1/products/b?wait=applied", `{"name":"Bread","category":"bakery","brand":"x"}`), 202)
	g := want[Graph](t, r.send(t, "GET", "/v1/graph?product=a&halfLife=10", ""), 200)
	if g.HalfLife != 180 || g.Of != 2 || len(g.Nodes) != 3 || len(g.Edges) != 2 || g.WhatIf == nil || g.WhatIf.Bound != "most" {
		t.Fatalf("got %+v", g)
	}
	if n := g.Nodes[1]; n.ID != "b" || n.Name != "Bread" || n.Category != "bakery" || n.Brand != "x" || n.Hop != 1 || n.Cluster != nil {
		t.Errorf("got %+v", n)
	}
	for _, e := range g.Edges {
		last, err := time.Parse(time.DateOnly, e.LastSeen)
		days := g.AsOf.Time.Sub(last.AddDate(0, 0, 1)).Hours() / 24
		expected := float64(e.Weight) * math.Exp2(-max(days, 0)*(1./10-1./180))
		if err != nil || e.From != "a" || e.Weight <= 0 || e.Support <= 0 || e.Lift <= 0 || math.Abs(float64(e.Faded)-expected) > 1e-5 {
			t.Errorf("got %+v (%v), expected it faded to %v", e, err, expected)
		}
	}
	if g.Edges[0].Faded >= g.Edges[0].Weight && g.Edges[1].Faded >= g.Edges[1].Weight {
		t.Errorf("nothing faded: %+v", g.Edges)
	}
	for days, bound := range map[string]string{"180": "exact", "400": "least"} {
		if g := want[Graph](t, r.send(t, "GET", "/v1/graph?product=a&halfLife="+days, ""), 200); g.WhatIf.Bound != bound {
			t.Errorf("%s days: %+v", days, g.WhatIf)
		}
	}
	wantProblem(t, r.send(t, "GET", "/v1/graph?product=x", ""), 404, unknownProduct, "no product of this id")
	wantProblem(t, r.send(t, "GET", "/v1/graph?product=a&member=m1", ""), 400, badParameter, "give one of them")
	wantProblem(t, r.send(t, "GET", "/v1/graph?points=5", ""), 400, badParameter, "from 10 to 2000")
	wantProblem(t, r.send(t, "GET", "/v1/graph?halfLife=inf", ""), 400, badParameter, "expected days")
}

func TestGraphOfAMember(t *testing.T) {
	r := newRig(t, nil)
	r.receipts(t, 4, "m1", "a", "b")
	r.receipts(t, 1, "m1", "c")
	g := want[Graph](t, r.send(t, "GET", "/v1/graph?member=m1", ""), 200)
	if !*g.Known || g.Member != "m1" || len(g.Nodes) != 3 || len(g.Leanings) != 3 || len(g.Edges) != 1 || g.LeaningHalfLife != 60 {
		t.Fatalf("got %+v", g)
	}
	sum := Fixed(0)
	for i, l := range g.Leanings {
		if l.Product != g.Nodes[i].ID || l.Weight <= 0 || l.Count < 1 {
			t.Errorf("got %+v for %+v", l, g.Nodes[i])
		}
		sum += l.Share
	}
	if math.Abs(float64(sum)-1) > 1e-5 {
		t.Errorf("the shares of all goods sum to %v", sum)
	}
	if g := want[Graph](t, r.send(t, "GET", "/v1/graph?member=nobody", ""), 200); *g.Known || len(g.Nodes) != 0 || g.Nodes == nil {
		t.Errorf("got %+v", g)
	}
}

// The whole is drawn once in ten seconds, however often it is asked for.
func TestGraphOfTheWholeIsKeptAWhile(t *testing.T) {
	r := newRig(t, nil)
	for _, goods := range [][]string{{"a", "b", "c"}, {"x", "y", "z"}} {
		r.receipts(t, 5, "", goods...)
	}
	first := want[Graph](t, r.send(t, "GET", "/v1/graph?points=20", ""), 200)
	if len(first.Nodes) != 6 || len(first.Clusters) != 2 || len(first.Clusters[0].Top) != 3 || first.Nodes[0].Cluster == nil {
		t.Fatalf("got %+v", first)
	}
	r.receipts(t, 1, "", "n", "a")
	if g := want[Graph](t, r.send(t, "GET", "/v1/graph?points=20", ""), 200); len(g.Nodes) != 6 || g.AsOf != first.AsOf {
		t.Errorf("made anew at once: %+v", g.AsOf)
	}
	if g := want[Graph](t, r.send(t, "GET", "/v1/graph?points=30", ""), 200); len(g.Nodes) != 7 {
		t.Errorf("asked for others and got %d nodes", len(g.Nodes))
	}
	r.receipts(t, 1, "", "o", "a")
	r.now = r.now.Add(wholeKept)
	if g := want[Graph](t, r.send(t, "GET", "/v1/graph?points=30", ""), 200); len(g.Nodes) != 8 || g.AsOf.Seq <= first.AsOf.Seq {
		t.Errorf("not made anew after %v: %d nodes", wholeKept, len(g.Nodes))
	}
}
