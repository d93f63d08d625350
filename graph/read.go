package graph

import (
	"math"
	"slices"
	"unsafe"
)

// Neighbor is a product that is bound to the one asked about. Its figures are
// faded to the moment asked for.
type Neighbor struct {
	To      Node
	Weight  float32 // what receipts added, by their gain and damping
	Support float32 // distinct receipts with both
	Last    Day     // of the last receipt with both
}

// Neighbors appends to dst every product that n is bound to, in an order that
// means nothing, as of a moment in milliseconds; some may be retired since (see
// Supports). It allocates nothing once sc and dst are large enough. The bound
// between shown and true weight is Floor.
func (p *Pairs) Neighbors(sc *Scratch, dst []Neighbor, n Node, ms int64) []Neighbor {
	if n >= p.live.len() {
		return dst
	}
	sh, slot := p.shard(n)
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	nd := &sh.nodes[slot]
	by := float32(p.fade.to(nd.epoch, ms))
	first := len(dst)
	dst = nd.edges.appendTo(dst, by)
	if len(nd.log) == 0 {
		return dst
	}
	sc.grow(p.live.len())
	sc.collect(nd.log)
	return sc.fold(dst, first, nd, by)
}

// appendTo copies the edges out, faded. Its slices are cut to one length first,
// so that the loop has no bounds to check: it is most of what a lookup costs.
func (a *adjacency) appendTo(dst []Neighbor, by float32) []Neighbor {
	n := a.len()
	dst = slices.Grow(dst, n)
	out := dst[len(dst) : len(dst)+n]
	ids, values, days := a.mem[:n], a.mem[a.cap:], a.mem[3*int(a.cap):]
	for i := range out {
		v := values[2*i : 2*i+2 : 2*i+2]
		out[i] = Neighbor{
			To:      Node(ids[i]),
			Weight:  math.Float32frombits(v[0]) * by,
			Support: math.Float32frombits(v[1]) * by,
			Last:    Day(days[i>>1] >> (16 * (i & 1))),
		}
	}
	return dst[:len(dst)+n]
}

// fold adds the collected deltas to the node's copied edges, as merge would.
func (sc *Scratch) fold(dst []Neighbor, first int, nd *pairNode, by float32) []Neighbor {
	kept := first
	for i := first; i < len(dst); i++ {
		if to := dst[i].To; sc.maybe.has(to) && sc.mark[to] != 0 {
			d := &sc.deltas[sc.mark[to]-1]
			sc.mark[to] = 0
			e := nd.edges.at(i - first)
			e.weight += d.weight
			e.support += d.support
			if d.gone(&e) {
				continue
			}
			dst[i] = Neighbor{to, e.weight * by, e.support * by, max(dst[i].Last, d.day)}
		}
		if kept != i {
			dst[kept] = dst[i]
		}
		kept++
	}
	dst = dst[:kept]
	for i := range sc.deltas {
		d := &sc.deltas[i]
		if sc.mark[d.to] == 0 {
			continue
		}
		sc.mark[d.to] = 0
		if d.support > 0 && !d.gone(&d.edge) {
			dst = append(dst, Neighbor{d.to, (d.weight + nd.floor) * by, d.support * by, d.day})
		}
	}
	sc.done()
	return dst
}

// Supports reads products' own supports as of one moment. It belongs to one
// goroutine.
type Supports struct {
	live  *liveSupports
	fade  fade
	ms    int64
	epoch int32
	by    float32
}

// Supports returns a reader of supports as of a moment.
func (p *Pairs) Supports(ms int64) Supports {
	return Supports{live: &p.live, fade: p.fade, ms: ms, by: float32(p.fade.to(0, ms))}
}

// Of returns on how many receipts a product stood, faded, and whether it is
// still there: a retired product is not.
func (s *Supports) Of(n Node) (support float32, alive bool) {
	epoch, support, alive := s.live.get(n)
	if epoch != s.epoch { // nearly all nodes share a landmark
		s.epoch, s.by = epoch, float32(s.fade.to(epoch, s.ms))
	}
	return support * s.by, alive
}

// Pair returns the binding of a to b, if there is one. It reads a's edges
// without copying them.
func (p *Pairs) Pair(a, b Node, ms int64) (Neighbor, bool) {
	if a >= p.live.len() {
		return Neighbor{}, false
	}
	sh, slot := p.shard(a)
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	nd := &sh.nodes[slot]
	d := pending(nd.log, b)
	d.weight += nd.floor // what a newcomer is lent
	if i := slices.Index(nd.edges.ids(), uint32(b)); i >= 0 {
		e := nd.edges.at(i)
		d.weight += e.weight - nd.floor
		d.support += e.support
		d.day = max(d.day, nd.edges.day(i))
	}
	if _, _, alive := p.live.get(b); !alive || d.support <= 0 || d.gone(&d.edge) {
		return Neighbor{}, false
	}
	by := float32(p.fade.to(nd.epoch, ms))
	return Neighbor{To: b, Weight: d.weight * by, Support: d.support * by, Last: d.day}, true
}

// pending adds up what a log holds for one neighbour.
func pending(log []uint32, to Node) (d delta) {
	d.to = to
	for len(log) > 0 {
		partners := int(log[0] & 0xffff)
		for _, w := range log[recordHead : recordHead+partners] {
			if Node(w&0xffffff) == to {
				d.add(log, w)
			}
		}
		log = log[recordHead+partners:]
	}
	return d
}

// Support returns on how many receipts a product stood, faded; 0 for one that
// is retired or unknown. It takes no lock.
func (p *Pairs) Support(n Node, ms int64) float32 {
	epoch, support, alive := p.live.get(n)
	if !alive || support == 0 {
		return 0
	}
	return support * float32(p.fade.to(epoch, ms))
}

// Retired says whether a product was taken out.
func (p *Pairs) Retired(n Node) bool {
	_, _, alive := p.live.get(n)
	return !alive && n < p.live.len()
}

// Nodes returns how many nodes were grown.
func (p *Pairs) Nodes() Node { return p.live.len() }

// Floor returns the most by which a weight of n may be shown too large, as of
// a moment: what Space-Saving lent to neighbours that came after others had to
// go. 0 for a node that never was full.
func (p *Pairs) Floor(n Node, ms int64) float32 {
	if n >= p.live.len() {
		return 0
	}
	sh, slot := p.shard(n)
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	nd := &sh.nodes[slot]
	return nd.floor * float32(p.fade.to(nd.epoch, ms))
}

// PairStats counts what a relation holds.
type PairStats struct {
	Nodes, Edges, Pending int    // edges are directed; pending ones wait in logs
	Bytes                 uint64 // of edges, logs and nodes, spare room included
}

// Stats walks all nodes, a lock at a time: milliseconds at full size.
func (p *Pairs) Stats() PairStats {
	var st PairStats
	for i := range p.shards {
		sh := &p.shards[i]
		sh.mu.RLock()
		st.Bytes += uint64(cap(sh.nodes)) * uint64(unsafe.Sizeof(pairNode{}))
		for j := range sh.nodes {
			nd := &sh.nodes[j]
			st.Nodes++
			st.Edges += nd.edges.len()
			st.Bytes += uint64(cap(nd.edges.mem)+cap(nd.log)) * 4
			for log := nd.log; len(log) > 0; log = log[recordHead+int(log[0]&0xffff):] {
				st.Pending += int(log[0] & 0xffff)
			}
		}
		sh.mu.RUnlock()
	}
	st.Bytes += uint64(p.live.len()) * 8
	return st
}
