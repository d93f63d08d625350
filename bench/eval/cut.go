package eval

import (
	"cmp"
	"crypto/sha1"
	"fmt"
	"maps"
	"slices"

	"nabo/engine/event"
)

// part is the part of a history that may be known: what stands before a place
// in the order, without the receipts that are hidden.
type part struct {
	order  []step
	until  int
	hidden []bool // by receipt; nil: none
}

func (p *part) knows(place int) bool {
	s := p.order[place]
	return place < p.until && !(s.kind == stepReceipt && p.hidden != nil && p.hidden[s.n])
}

// cut says how questions are made of a history.
type cut struct {
	hold   float64 // share of the receipts that are asked about
	least  int     // baskets of a member who is asked about
	most   int     // questions of a task
	day    bool    // a member's receipts of one day are one basket
	reveal bool    // what was asked about is applied after it, and more is asked then
}

// Of a test receipt, so many distinct products that were sold before are
// wanted; with more it is no household's.
const fewestGoods, mostGoods = 2, 100

// seldom is how often a product must be in the baskets before all targets for
// it to count.
const seldom = 3

// goods returns the distinct products of a receipt that were bought.
func (r *receipt) goods() (out []string) {
	for i := range r.lines {
		if p := r.lines[i].Product; !r.lines[i].Return && !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	return out
}

// lastReceipts makes questions of the last receipts of a part, for what is
// bought together or what completes a basket. A receipt's place in chance's
// order and the product that is given or left out come from a hash of its id,
// so that the choice can be repeated anywhere.
func (c *cut) lastReceipts(h *history, known part, tasks []Task) *exam {
	var places []int
	for place := range known.order[:known.until] {
		s := known.order[place]
		if known.knows(place) && s.kind == stepReceipt && h.receipts[s.n].whole && len(h.receipts[s.n].goods()) > 0 {
			places = append(places, place)
		}
	}
	from := int(float64(len(places)) * (1 - c.hold))
	ex := &exam{part: known, train: known}
	if from == len(places) {
		return ex
	}
	if ex.train.until = places[from]; !c.reveal {
		ex.part = ex.train
	}
	seen := map[string]bool{}
	for _, place := range places[:from] {
		for _, p := range h.receipts[known.order[place].n].goods() {
			seen[p] = true
		}
	}
	var tests []testReceipt
	for _, place := range places[from:] {
		r := &h.receipts[known.order[place].n]
		goods := slices.DeleteFunc(r.goods(), func(p string) bool { return !seen[p] })
		if len(goods) >= fewestGoods && len(goods) <= mostGoods {
			tests = append(tests, testReceipt{r.name(), goods, place, r.at})
		}
	}
	for _, t := range picked(tests, c.most) {
		for _, task := range tasks {
			ex.put(c.about(t, task, ex.until))
		}
	}
	return ex
}

type testReceipt struct {
	id    string
	goods []string
	place int
	at    event.Millis
}

// picked returns the receipts that chance puts first, in their order.
func picked(tests []testReceipt, most int) []testReceipt {
	if len(tests) <= most {
		return tests
	}
	hash := func(t testReceipt) string { h := sha1.Sum([]byte("max" + t.id)); return string(h[:]) }
	lots := make([]string, len(tests))
	for i, t := range tests {
		lots[i] = hash(t)
	}
	slices.Sort(lots)
	return slices.DeleteFunc(tests, func(t testReceipt) bool { return hash(t) >= lots[most] })
}

// about asks about a receipt.
func (c *cut) about(t testReceipt, task Task, until int) (question, items) {
	one := remainderOf(t.id, len(t.goods))
	rest := slices.Delete(slices.Clone(t.goods), one, one+1)
	q := question{ID: t.id, task: task, before: until}
	if c.reveal {
		q.before, q.at = t.place, t.at
	}
	if task == Together {
		q.Query = t.goods[one : one+1]
		return q, rest
	}
	q.Query = rest
	return q, t.goods[one : one+1]
}

// remainderOf divides the SHA-1 of an id, read as one number, the first byte
// the highest.
func remainderOf(id string, n int) (rest int) {
	for _, b := range sha1.Sum([]byte(id)) {
		rest = (rest<<8 | int(b)) % n
	}
	return rest
}

// basket is what a member bought on one receipt or day.
type basket struct {
	goods []string
	place int // of its first receipt in the order
	at    event.Millis
}

// lastBaskets asks what each member's last basket was. What the member did
// from its first receipt on stays hidden, or is applied after it was asked.
func (c *cut) lastBaskets(h *history, known part) *exam {
	ex := &exam{part: known, train: known, past: answers{}}
	baskets := c.baskets(h, known)
	for m, b := range baskets {
		if len(b) < c.least {
			delete(baskets, m)
		}
	}
	times := map[string]int{}
	for _, b := range baskets {
		for _, one := range b[:len(b)-1] {
			for _, p := range one.goods {
				times[p]++
			}
		}
	}
	often := func(goods []string) []string {
		return slices.DeleteFunc(slices.Clone(goods), func(p string) bool { return times[p] < seldom })
	}
	members := slices.Sorted(maps.Keys(baskets))
	slices.SortStableFunc(members, func(a, b string) int { return cmp.Compare(lot(a), lot(b)) })
	from := map[string]int{}
	for _, m := range members {
		if len(ex.asked) == c.most {
			break
		}
		b := baskets[m]
		last := b[len(b)-1]
		right, past := often(last.goods), items{}
		for _, one := range b[:len(b)-1] {
			past = append(past, often(one.goods)...)
		}
		if len(right) == 0 || len(past) == 0 {
			continue
		}
		q := question{ID: fmt.Sprintf("%s|%d", m, len(b)), Member: m, task: NextBasket, before: known.until}
		if c.reveal {
			q.before, q.at = last.place, last.at
		}
		ex.past[q.ID] = past
		ex.put(q, right)
		from[m] = last.place
	}
	if ex.train.hide(h, from); !c.reveal {
		ex.part = ex.train
	}
	return ex
}

func lot(id string) string { h := sha1.Sum([]byte("max" + id)); return string(h[:]) }

// hide hides each member's receipts from a place on.
func (p *part) hide(h *history, from map[string]int) {
	hidden := make([]bool, len(h.receipts))
	copy(hidden, p.hidden)
	for place, s := range p.order {
		if s.kind != stepReceipt {
			continue
		}
		if first, ok := from[h.receipts[s.n].member]; ok && place >= first {
			hidden[s.n] = true
		}
	}
	p.hidden = hidden
}

// baskets collects what members bought, in the order of time.
func (c *cut) baskets(h *history, known part) map[string][]basket {
	out := map[string][]basket{}
	for place := range known.order[:known.until] {
		s := known.order[place]
		if s.kind != stepReceipt || !known.knows(place) {
			continue
		}
		r := &h.receipts[s.n]
		if r.member == "" || !r.whole {
			continue
		}
		goods := r.goods()
		if len(goods) == 0 {
			continue
		}
		mine := out[r.member]
		if n := len(mine); c.day && n > 0 && dayOf(mine[n-1].at) == dayOf(r.at) {
			last := &mine[n-1]
			for _, p := range goods {
				if !slices.Contains(last.goods, p) {
					last.goods = append(last.goods, p)
				}
			}
			continue
		}
		out[r.member] = append(mine, basket{goods, place, r.at})
	}
	return out
}
