package graph

import "slices"

// Neighbor is a product that is bound to the one asked about. Its figures are
// faded to the moment asked for.
type Neighbor struct {
	To      Node
	Weight  float32 // what receipts added, by their gain and damping
	Support float32 // distinct receipts with both
	Own     float32 // distinct receipts with To
	Last    Day     // of the last receipt with both
}

// Neighbors appends to dst every product that n is bound to, in an order that
// means nothing, as of a moment in milliseconds. It allocates nothing once sc
// and dst are large enough. The bound between shown and true weight is Floor.
func (p *Pairs) Neighbors(sc *Scratch, dst []Neighbor, n Node, ms int64) []Neighbor {
	if n >= p.live.len() {
		return dst
	}
	first := len(dst)
	sh, slot := p.shard(n)
	sh.mu.RLock()
	nd := &sh.nodes[slot]
	by := float32(p.fade.to(nd.epoch, ms))
	dst = slices.Grow(dst, len(nd.edges))
	if len(nd.log) == 0 {
		for i, e := range nd.edges {
			dst = append(dst, Neighbor{To: e.to, Weight: e.weight * by, Support: e.support * by, Last: nd.days[i]})
		}
	} else {
		sc.grow(p.live.len())
		sc.collect(nd.log)
		dst = sc.fold(dst, nd, by)
	}
	sh.mu.RUnlock()
	return dst[:first+p.owned(dst[first:], ms)]
}

// fold appends the node's edges with the collected deltas added, as merge
// would, but changes nothing.
func (sc *Scratch) fold(dst []Neighbor, nd *pairNode, by float32) []Neighbor {
	for i, e := range nd.edges {
		day := nd.days[i]
		if sc.maybe.has(e.to) && sc.mark[e.to] != 0 {
			d := &sc.deltas[sc.mark[e.to]-1]
			sc.mark[e.to] = 0
			e.weight += d.weight
			e.support += d.support
			if d.gone(&e) {
				continue
			}
			day = max(day, d.day)
		}
		dst = append(dst, Neighbor{To: e.to, Weight: e.weight * by, Support: e.support * by, Last: day})
	}
	for i := range sc.deltas {
		d := &sc.deltas[i]
		if sc.mark[d.to] == 0 {
			continue
		}
		sc.mark[d.to] = 0
		if d.support > 0 && !d.gone(&d.edge) {
			dst = append(dst, Neighbor{To: d.to, Weight: (d.weight + nd.floor) * by, Support: d.support * by, Last: d.day})
		}
	}
	sc.done()
	return dst
}

// owned fills in Own, drops retired products, and returns how many are left.
func (p *Pairs) owned(ns []Neighbor, ms int64) int {
	kept := 0
	epoch, by := int32(0), float32(p.fade.to(0, ms))
	for _, n := range ns {
		e, support, alive := p.live.get(n.To)
		if !alive {
			continue
		}
		if e != epoch { // nearly all nodes share a landmark
			epoch, by = e, float32(p.fade.to(e, ms))
		}
		n.Own = support * by
		ns[kept] = n
		kept++
	}
	return kept
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
	for i := range nd.edges {
		if nd.edges[i].to == b {
			d.weight += nd.edges[i].weight - nd.floor
			d.support += nd.edges[i].support
			d.day = max(d.day, nd.days[i])
			break
		}
	}
	epoch, own, alive := p.live.get(b)
	if !alive || d.support <= 0 || d.gone(&d.edge) {
		return Neighbor{}, false
	}
	by := float32(p.fade.to(nd.epoch, ms))
	return Neighbor{To: b, Weight: d.weight * by, Support: d.support * by, Own: own * float32(p.fade.to(epoch, ms)), Last: d.day}, true
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
		st.Bytes += uint64(cap(sh.nodes)) * 112
		for j := range sh.nodes {
			nd := &sh.nodes[j]
			st.Nodes++
			st.Edges += len(nd.edges)
			st.Bytes += uint64(cap(nd.edges)*12 + cap(nd.days)*2 + cap(nd.log)*4)
			for log := nd.log; len(log) > 0; log = log[recordHead+int(log[0]&0xffff):] {
				st.Pending += int(log[0] & 0xffff)
			}
		}
		sh.mu.RUnlock()
	}
	st.Bytes += uint64(p.live.len()) * 8
	return st
}
