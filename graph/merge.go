package graph

import (
	"math"
	"slices"
)

// A node's log is a run of records, one for each receipt that was not merged
// yet, in four-byte words:
//
//	partners | day<<16, factor, factor·gain, then for each partner: node | damping<<24
//
// Appending one costs a cache line or two where changing n−1 edges in place
// would cost as many misses; a merge pays them once for the whole log.
const recordHead = 3

// A log is merged when it would pass an eighth of the node's degree, in words
// and within these bounds: longer ones make merges rarer but cost memory and
// every reader's time.
const (
	minLog = 32
	maxLog = 160
)

type record struct {
	day      Day
	factor   float32 // relative to the node's landmark; negative takes back
	gain     float32
	sign     float32 // below zero: takes back
	partners int
}

func (r record) appendHead(dst []uint32) []uint32 {
	return append(dst, uint32(r.partners)|uint32(r.day)<<16, math.Float32bits(r.factor), math.Float32bits(r.factor*r.gain))
}

// appendPartners appends those that node i of b meets: all the others, or in a
// sampled receipt, whose nodes stand in a ring, the nearest on both sides.
func (r record) appendPartners(dst []uint32, b *Bundle, i int) []uint32 {
	own, n := b.damp(i), len(b.Nodes)
	if r.partners == n-1 {
		for j, to := range b.Nodes {
			if j != i {
				dst = append(dst, uint32(to)|max(own, b.damp(j))<<24)
			}
		}
		return dst
	}
	for k := -r.partners / 2; k <= r.partners/2; k++ {
		if j := (i + k + n) % n; k != 0 {
			dst = append(dst, uint32(b.Nodes[j])|max(own, b.damp(j))<<24)
		}
	}
	return dst
}

// append writes the record to the node's log, merging the log first when it is
// full, and merging a record at once that is larger than a log may be.
func (p *Pairs) append(nd *pairNode, rec record, b *Bundle, i int) {
	room := nd.room()
	need := recordHead + rec.partners
	if len(nd.log)+need <= room {
		nd.log = rec.appendPartners(rec.appendHead(nd.reserve(room)), b, i)
		return
	}
	p.sc.collect(nd.log)
	nd.log = nd.log[:0]
	if need > room/2 {
		p.big = rec.appendPartners(rec.appendHead(p.big[:0]), b, i)
		p.sc.collect(p.big)
		p.merge(nd)
		return
	}
	p.merge(nd)
	nd.log = rec.appendPartners(rec.appendHead(nd.reserve(room)), b, i)
}

// room is how long the node's log may be, in words.
func (nd *pairNode) room() int { return min(max(nd.edges.len()/8, minLog), maxLog) }

func (nd *pairNode) reserve(room int) []uint32 {
	if cap(nd.log) < minLog || (len(nd.log) == 0 && cap(nd.log)+minLog <= room) {
		grown := make([]uint32, len(nd.log), room)
		copy(grown, nd.log)
		return grown
	}
	if cap(nd.log) < room {
		nd.log = slices.Grow(nd.log, room-len(nd.log))
	}
	return nd.log
}

// delta is what a node's log adds to one neighbour.
type delta struct {
	edge
	back float32 // how much of support was taken back
	day  Day
}

// done empties the deltas; every mark must have been taken back.
func (sc *Scratch) done() {
	sc.deltas = sc.deltas[:0]
	sc.maybe = filter{}
}

// add counts one entry of a record in.
func (d *delta) add(record []uint32, entry uint32) {
	factor := math.Float32frombits(record[1])
	d.weight += float32(math.Float32frombits(record[2])/255) * float32(entry>>24)
	d.support += factor
	d.back -= min(factor, 0)
	d.day = max(d.day, Day(record[0]>>16))
}

// Scratch is the working space of one goroutine: the writer's merges and each
// reader's answers. The zero value is ready.
type Scratch struct {
	mark    []uint32 // node → place in deltas, from 1; all 0 between uses
	maybe   filter   // of the nodes that have a mark
	deltas  []delta
	weights []float32
}

// filter holds the low bits of some nodes. Walking a list asks of every edge
// whether the log has something for it, and nearly always it has not: half a
// kilobyte in the nearest cache answers that in a third of the time that the
// marks, a word for every product there is, do.
type filter [1 << 6]uint64

func (f *filter) add(n Node)      { f[n>>6&(1<<6-1)] |= 1 << (n & 63) }
func (f *filter) has(n Node) bool { return f[n>>6&(1<<6-1)]&(1<<(n&63)) != 0 }

func (sc *Scratch) grow(n Node) {
	if int(n) > len(sc.mark) {
		sc.mark = append(sc.mark, make([]uint32, int(n)-len(sc.mark)+len(sc.mark)/8)...)
	}
}

// collect adds up a log by neighbour, in the order of the log.
func (sc *Scratch) collect(log []uint32) {
	for len(log) > 0 {
		partners := int(log[0] & 0xffff)
		for _, w := range log[recordHead : recordHead+partners] {
			to := Node(w & 0xffffff)
			k := sc.mark[to]
			if k == 0 {
				sc.deltas = append(sc.deltas, delta{edge: edge{to: to}})
				k = uint32(len(sc.deltas))
				sc.mark[to] = k
				sc.maybe.add(to)
			}
			sc.deltas[k-1].add(log, w)
		}
		log = log[recordHead+partners:]
	}
}

func scaleLog(log []uint32, by float32) {
	for len(log) > 0 {
		log[1] = math.Float32bits(math.Float32frombits(log[1]) * by)
		log[2] = math.Float32bits(math.Float32frombits(log[2]) * by)
		log = log[recordHead+int(log[0]&0xffff):]
	}
}

// gone says whether e, with d in it, was taken back whole: what is left of a
// sum and a difference of float32s is not always nothing.
func (d *delta) gone(e *edge) bool {
	return d.back > 0 && (e.support <= d.back*1e-4 || e.weight <= 0)
}

// merge folds the collected deltas into the node's edges and empties them.
func (p *Pairs) merge(nd *pairNode) {
	mark, dirty := p.sc.mark, nd.swept != p.retires
	for i, to := range nd.edges.ids() {
		if !p.sc.maybe.has(Node(to)) || mark[to] == 0 {
			continue
		}
		d := &p.sc.deltas[mark[to]-1]
		mark[to] = 0
		e := nd.edges.at(i)
		e.weight += d.weight
		e.support += d.support
		if d.back > 0 && d.gone(&e) {
			e.support, dirty = 0, true
		}
		nd.edges.setValues(i, e)
		nd.edges.setDay(i, max(nd.edges.day(i), d.day))
	}
	if dirty {
		p.sweep(nd)
	}
	p.admit(nd)
	p.sc.done()
}

// admit appends the neighbours that are new, each with the weight that
// Space-Saving (Metwally, Agrawal and El Abbadi, ICDT 2005) lends a newcomer:
// the most that an evicted one weighed. So a weight is never too small, and
// too large by floor at the most; support stays what was counted.
func (p *Pairs) admit(nd *pairNode) {
	fresh := p.sc.deltas[:0]
	for _, d := range p.sc.deltas {
		if p.sc.mark[d.to] == 0 {
			continue
		}
		p.sc.mark[d.to] = 0
		if d.support > 0 && !d.gone(&d.edge) && !p.gone.has(uint32(d.to)) {
			fresh = append(fresh, d)
		}
	}
	if nd.edges.len()+len(fresh) > p.opt.Neighbors {
		p.evict(nd, p.opt.Neighbors-p.opt.Neighbors/16-len(fresh))
	}
	fresh = fresh[:min(len(fresh), p.opt.Neighbors)]
	nd.edges.extend(len(fresh))
	for _, d := range fresh {
		d.weight += nd.floor
		nd.edges.push(d.edge, d.day)
	}
}

// sweep drops the edges that were taken back, those that have faded to
// nothing, and those to retired products.
func (p *Pairs) sweep(nd *pairNode) {
	nd.swept = p.retires
	nd.edges.keep(func(i int) bool {
		e := nd.edges.at(i)
		return e.support > 0 && !p.gone.has(uint32(e.to))
	})
}

// evict drops the weakest edges until keep are left, and raises the floor. The
// last edge takes the place of one that goes: few go and many stay, so that
// closing the gaps would cost more than all the rest.
func (p *Pairs) evict(nd *pairNode, keep int) {
	drop := nd.edges.len() - max(keep, 0)
	if drop <= 0 {
		return
	}
	bar, spare := p.sc.weakest(&nd.edges, drop)
	nd.floor = max(nd.floor, bar)
	for i := nd.edges.len() - 1; i >= 0; i-- {
		switch w := nd.edges.weight(i); {
		case w > bar:
		case w == bar && spare > 0:
			spare--
		default:
			nd.edges.drop(i)
		}
	}
}

// weakest returns the weight of the drop-th weakest edge, and how many edges of
// just that weight are not among the drop weakest.
//
// Weights are never negative, so their bits order as they do: two passes of
// counting by half-words select in one fifth of the time that sorting took.
func (sc *Scratch) weakest(edges *adjacency, drop int) (bar float32, spare int) {
	var high, low [1 << 11]uint16
	const highShift, lowShift = 20, 9
	first := uint32(len(high) - 1)
	for i := range edges.len() {
		h := math.Float32bits(edges.weight(i)) >> highShift & (1<<11 - 1)
		high[h]++
		first = min(first, h)
	}
	h, left := countTo(high[:], first, drop)
	sc.weights = sc.weights[:0]
	first = uint32(len(low) - 1)
	for i := range edges.len() {
		w := edges.weight(i)
		if b := math.Float32bits(w); b>>highShift == h {
			l := b >> lowShift & (1<<11 - 1)
			low[l]++
			first = min(first, l)
			sc.weights = append(sc.weights, w)
		}
	}
	l, left := countTo(low[:], first, left)
	kept := sc.weights[:0]
	for _, w := range sc.weights {
		if math.Float32bits(w)>>lowShift&(1<<11-1) == l {
			kept = append(kept, w)
		}
	}
	slices.Sort(kept) // those that share 23 bits: nearly always one or all equal
	bar = kept[left-1]
	for left+spare < len(kept) && kept[left+spare] == bar {
		spare++
	}
	return bar, spare
}

// countTo returns in which bucket the n-th item lies, from 1, and the how
// manieth of that bucket it is; the buckets before first are empty.
func countTo(buckets []uint16, first uint32, n int) (bucket uint32, left int) {
	for i, c := range buckets[first:] {
		if n <= int(c) {
			return first + uint32(i), n
		}
		n -= int(c)
	}
	return 0, 0
}
