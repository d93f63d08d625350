package eval

import (
	"cmp"
	"math"

	"nabo/engine/event"
)

// tills counts receipts, for the simple ways to answer what is bought. It sees
// the receipts that the engine sees and nothing else; what came back is no
// purchase.
type tills struct {
	nodes    map[string]int32
	names    []string
	receipts [][]int32 // the distinct products of each
	with     [][]int32 // by product: the places of the receipts that have it
	rows     []coRow   // by product, as far as it was asked for
	members  map[event.Token]*habit

	scores []float64 // by product, zero between questions
	found  []int32   // the products that have a score
	counts []int32   // by product, zero between uses
	taken  []bool    // by product, false between questions
}

// habit is what a member bought.
type habit struct {
	goods  []int32 // distinct, in the order of their first purchase
	times  map[int32]int32
	latest map[int32]int32 // the place of the last receipt with it
}

// coRow holds with how many receipts a product shares each other product.
type coRow struct {
	read  int // how many of the product's receipts are in it
	nodes []int32
	count []int32
}

func newTills() *tills {
	return &tills{nodes: map[string]int32{}, members: map[event.Token]*habit{}}
}

// note counts a receipt.
func (t *tills) note(member event.Token, lines []event.Line) {
	place := int32(len(t.receipts))
	var goods []int32
	for i := range lines {
		if lines[i].Return {
			continue
		}
		if n := t.node(lines[i].Product); !t.taken[n] {
			t.taken[n] = true
			goods = append(goods, n)
		}
	}
	for _, n := range goods {
		t.taken[n] = false
		t.with[n] = append(t.with[n], place)
	}
	t.receipts = append(t.receipts, goods)
	if member == 0 {
		return
	}
	h := t.members[member]
	if h == nil {
		h = &habit{times: map[int32]int32{}, latest: map[int32]int32{}}
		t.members[member] = h
	}
	for _, n := range goods {
		if h.times[n]++; h.times[n] == 1 {
			h.goods = append(h.goods, n)
		}
		h.latest[n] = place
	}
}

func (t *tills) node(product string) int32 {
	n, ok := t.nodes[product]
	if !ok {
		n = int32(len(t.names))
		t.nodes[product] = n
		t.names = append(t.names, product)
		t.with, t.rows, t.taken = append(t.with, nil), append(t.rows, coRow{}), append(t.taken, false)
		t.scores, t.counts = append(t.scores, 0), append(t.counts, 0)
	}
	return n
}

// row returns with how many receipts a product shares each other one.
func (t *tills) row(n int32) *coRow {
	row := &t.rows[n]
	if row.read == len(t.with[n]) {
		return row
	}
	for i, to := range row.nodes {
		t.counts[to] = row.count[i]
	}
	for _, place := range t.with[n][row.read:] {
		for _, to := range t.receipts[place] {
			if t.counts[to]++; t.counts[to] == 1 && to != n {
				row.nodes = append(row.nodes, to)
			}
		}
	}
	row.read = len(t.with[n])
	row.count = row.count[:0]
	for _, to := range row.nodes {
		row.count = append(row.count, t.counts[to])
		t.counts[to] = 0
	}
	t.counts[n] = 0
	return row
}

// simple is an obvious way to answer, which the engine has to beat. score gives
// products their scores; the answer is the best of these, and then, if filled,
// what is popular.
type simple struct {
	name   string
	filled bool
	score  func(t *tills, q *question)
}

// simplesOf returns the ways for a task.
func simplesOf(task Task) []simple {
	popular := simple{"popularity", true, func(*tills, *question) {}}
	if task == NextBasket {
		return []simple{
			popular,
			{"own frequency", false, (*tills).frequent},
			{"own frequency, filled", true, (*tills).frequent},
			{"own latest, filled", true, (*tills).recent},
		}
	}
	return []simple{
		popular,
		{"co-occurrence", true, func(t *tills, q *question) { t.beside(q, func(both, _, _ float64) float64 { return both }) }},
		{"cosine", true, func(t *tills, q *question) {
			t.beside(q, func(both, a, b float64) float64 { return both / math.Sqrt(a*b) })
		}},
	}
}

func (t *tills) give(n int32, score float64) {
	if t.scores[n] == 0 {
		t.found = append(t.found, n)
	}
	t.scores[n] += score
}

// frequent scores by how many of the member's receipts have a product.
func (t *tills) frequent(q *question) {
	if h := t.members[tokenOf(q.Member)]; h != nil {
		for _, n := range h.goods {
			t.give(n, float64(h.times[n]))
		}
	}
}

// recent scores by how late the member bought a product last.
func (t *tills) recent(q *question) {
	if h := t.members[tokenOf(q.Member)]; h != nil {
		for _, n := range h.goods {
			t.give(n, float64(h.latest[n]+1)+float64(h.times[n])/1e6)
		}
	}
}

// beside adds up what each product given says for every other, by the number
// of receipts with both, with the one and with the other.
func (t *tills) beside(q *question, says func(both, given, other float64) float64) {
	for _, id := range q.Query {
		given, ok := t.nodes[id]
		if !ok {
			continue
		}
		row := t.row(given)
		for i, to := range row.nodes {
			t.give(to, says(float64(row.count[i]), float64(len(t.with[given])), float64(len(t.with[to]))))
		}
	}
}

// answers returns the lists of all simple ways to answer a question.
func (t *tills) answers(q *question) (out [][]string) {
	for _, id := range q.Query {
		if n, ok := t.nodes[id]; ok {
			t.taken[n] = true
		}
	}
	for _, way := range simplesOf(q.task) {
		way.score(t, q)
		out = append(out, t.best(way.filled))
	}
	for _, id := range q.Query {
		if n, ok := t.nodes[id]; ok {
			t.taken[n] = false
		}
	}
	return out
}

// best returns the products with the best scores, fills up with what is
// popular, and forgets the scores.
func (t *tills) best(filled bool) []string {
	top := t.topOf(t.found, Length)
	for _, n := range t.found {
		t.scores[n] = 0
	}
	t.found = t.found[:0]
	for _, n := range top {
		t.taken[n] = true
	}
	list := top
	if filled && len(top) < Length {
		all := make([]int32, len(t.names))
		for i := range all {
			all[i] = int32(i)
		}
		list = append(list, t.topOf(all, Length-len(top))...)
	}
	for _, n := range top[:min(len(top), len(list))] {
		t.taken[n] = false
	}
	out := make([]string, 0, len(list))
	for _, n := range list {
		out = append(out, t.names[n])
	}
	return out
}

// topOf picks those of the highest score that are not taken; where scores are
// equal, what is on more receipts, and then by id.
func (t *tills) topOf(among []int32, count int) []int32 {
	top := make([]int32, 0, count+1)
	for _, n := range among {
		if t.taken[n] || len(top) == count && !t.before(n, top[count-1]) {
			continue
		}
		at := len(top)
		top = append(top, n)
		for ; at > 0 && t.before(n, top[at-1]); at-- {
			top[at] = top[at-1]
		}
		top[at] = n
		top = top[:min(len(top), count)]
	}
	return top
}

func (t *tills) before(a, b int32) bool {
	return cmp.Or(
		cmp.Compare(t.scores[b], t.scores[a]), cmp.Compare(len(t.with[b]), len(t.with[a])), cmp.Compare(t.names[a], t.names[b]),
	) < 0
}

// weights returns how many receipts each product is on.
func (t *tills) weights() map[string]float64 {
	out := make(map[string]float64, len(t.names))
	for n, name := range t.names {
		out[name] = float64(len(t.with[n]))
	}
	return out
}
