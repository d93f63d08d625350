package engine

import (
	"slices"

	"nabo/graph"
)

// by says what kind of binding a contribution to a score is.
type by uint8

const (
	byTogether by = iota + 1 // a plain edge
	byRefined                // a refined edge
	byViews                  // looked at together
	byAlike                  // neighbours, category or brand in common
	byKind                   // what goes with others of its category or brand
	byOwn                    // the member's own purchases
	byTrend                  // sells more than usual
	byUsual                  // popular, whatever else is asked about
)

func (b by) source() Source {
	switch b {
	case byOwn:
		return FromRepeat
	case byTrend:
		return FromTrend
	case byUsual:
		return FromFiller
	case byKind, byAlike:
		return FromKind
	default:
		return FromTogether
	}
}

func (b by) edge() string {
	return [...]string{"", "together", "refined", "viewed", "alike", "category", "own", "trend", "popular"}[b]
}

// noNode stands where a contribution has no product at its other end.
const noNode = ^graph.Node(0)

// cell is one candidate: its score so far and the strongest contribution to
// it. A contribution on its own is a cell too.
type cell struct {
	score  float64
	share  float64 // of the strongest contribution
	weight float32 // of the strongest contribution
	node   graph.Node
	from   graph.Node // the other end of the strongest contribution
	kind   by
}

// tally adds up the scores of candidates.
type tally struct {
	mark  []uint32 // node → place in cells, from 1
	cells []cell

	watching bool
	target   graph.Node
	watched  []cell
}

func (t *tally) reset(nodes graph.Node) {
	for i := range t.cells {
		t.mark[t.cells[i].node] = 0
	}
	t.cells = t.cells[:0]
	if int(nodes) > len(t.mark) {
		t.mark = slices.Grow(t.mark, int(nodes)-len(t.mark))[:nodes]
	}
}

// add adds one contribution to a candidate's score.
func (t *tally) add(n graph.Node, share float64, kind by, from graph.Node, weight float32) {
	if t.watching && n == t.target {
		t.watched = append(t.watched, cell{score: share, weight: weight, node: n, from: from, kind: kind})
	}
	if int(n) >= len(t.mark) {
		return // grown since the question began
	}
	k := t.mark[n]
	if k == 0 {
		t.cells = append(t.cells, cell{score: share, share: share, weight: weight, node: n, from: from, kind: kind})
		t.mark[n] = uint32(len(t.cells))
		return
	}
	c := &t.cells[k-1]
	c.score += share
	if share > c.share {
		c.share, c.weight, c.from, c.kind = share, weight, from, kind
	}
}

// has says whether a candidate was added.
func (t *tally) has(n graph.Node) bool { return int(n) < len(t.mark) && t.mark[n] != 0 }

// lift adds to a candidate's score what is no reason of its own, unless there
// is none but against it. The candidate must have been added.
func (t *tally) lift(n graph.Node, share float64, kind by, weight float32) {
	c := &t.cells[t.mark[n]-1]
	if c.share <= 0 {
		t.add(n, share, kind, noNode, weight)
		return
	}
	if t.watching && n == t.target {
		t.watched = append(t.watched, cell{score: share, weight: weight, node: n, from: noNode, kind: kind})
	}
	c.score += share
}

// watch writes down from now on what is added to one candidate.
func (t *tally) watch(n graph.Node) {
	t.watching, t.target, t.watched = true, n, t.watched[:0]
}

func (t *tally) unwatch() { t.watching = false }

// ranking keeps the best few of many, best first; ties go to the product that
// was known first.
type ranking struct {
	limit int
	items []ranked
}

type ranked struct {
	score float64
	node  graph.Node
	cell  int
}

func (r *ranking) reset(limit int) {
	r.limit = max(limit, 1)
	r.items = slices.Grow(r.items[:0], r.limit)
}

func better(a float64, an graph.Node, b float64, bn graph.Node) bool {
	return a > b || (a == b && an < bn)
}

// least returns what a candidate must reach to be kept; 0 while there is room.
func (r *ranking) least() float64 {
	if len(r.items) < r.limit {
		return 0
	}
	return r.items[len(r.items)-1].score
}

// wants says whether a candidate would be kept.
func (r *ranking) wants(score float64, n graph.Node) bool {
	if len(r.items) < r.limit {
		return true
	}
	last := &r.items[len(r.items)-1]
	return better(score, n, last.score, last.node)
}

// take keeps a candidate that is wanted.
func (r *ranking) take(score float64, n graph.Node, cell int) {
	if len(r.items) == r.limit {
		r.items = r.items[:r.limit-1]
	}
	i := len(r.items)
	r.items = append(r.items, ranked{})
	for ; i > 0 && better(score, n, r.items[i-1].score, r.items[i-1].node); i-- {
		r.items[i] = r.items[i-1]
	}
	r.items[i] = ranked{score, n, cell}
}
