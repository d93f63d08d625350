package graph

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/cespare/xxhash/v2"
)

// refinedSave is what a checkpoint needs of refined edges. They could be made
// anew, but that takes tens of seconds in a large shop, in which answers are
// plainer.
type refinedSave struct {
	made     uint32    // the options' cell
	usual    []float32 // what is usual of each product, as of its edges
	changed  bitset    // refined since the last Begin
	inflight bitset    // what the running checkpoint holds
	saving   []refinedProduct
}

type refinedProduct struct {
	node  Node
	usual float32
	edges []RefinedEdge // never changes
}

// hold puts in what refining a product gave.
func (r *Refined) hold(n Node, edges []RefinedEdge) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.into[n], r.save.usual[n] = edges, r.usual[n]
	r.save.changed.set(uint32(n))
}

// grow makes room for the products below n.
func (r *Refined) grow(n Node) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for Node(len(r.into)) < n {
		r.into, r.save.usual = append(r.into, nil), append(r.save.usual, 0)
	}
	for Node(len(r.place)) < n {
		r.place, r.usual = append(r.place, 0), append(r.usual, 0)
	}
}

// Begin starts a checkpoint of the edges as they are at this moment; the writer
// of the pairs calls it. The checkpoint before it must have ended.
func (r *Refined) Begin() {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := &r.save
	s.inflight, s.changed = s.changed, s.inflight
	s.changed.reset()
	s.saving = make([]refinedProduct, 0, s.inflight.count())
	for n, any := s.inflight.next(0); any; n, any = s.inflight.next(n + 1) {
		s.saving = append(s.saving, refinedProduct{Node(n), s.usual[n], r.into[n]})
	}
}

// Save gives the edges of every product that was refined since the checkpoint
// before. It may run beside all else.
func (r *Refined) Save(put func(n Node, value []byte) error) error {
	made := r.save.made
	for _, p := range r.save.saving {
		value := make([]byte, 0, refinedHead+8*len(p.edges))
		value = appendF32(binary.LittleEndian.AppendUint32(value, made), p.usual)
		for _, e := range p.edges {
			value = binary.LittleEndian.AppendUint32(value, uint32(e.Node))
			value = appendF32(value, e.Weight)
		}
		if err := put(p.node, value); err != nil {
			return err
		}
	}
	return nil
}

// End ends the checkpoint that Begin started and says whether it was kept.
func (r *Refined) End(kept bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !kept {
		r.save.changed.or(r.save.inflight)
	}
	r.save.inflight.reset()
	r.save.saving = nil
}

// refinedHead is what stands before a product's edges: with which options they
// were made, and what is usual of the product.
const refinedHead = 8

// cell tells edges that were made with other options.
func (o RefineOptions) cell() uint32 { return uint32(xxhash.Sum64String(fmt.Sprintf("%+v", o))) }

// Load sets a product's edges to what Save gave; before any other call. Any
// goroutines may load different products at the same time. Edges that were made
// with other options are passed over, and made anew.
func (r *Refined) Load(n Node, value []byte) error {
	limit := r.pairs.Nodes()
	if n >= limit || len(value) < refinedHead || (len(value)-refinedHead)%8 != 0 {
		return fmt.Errorf("graph: refined edges of product %d of %d in %d bytes", n, limit, len(value))
	}
	made, usual := binary.LittleEndian.Uint32(value), math.Float32frombits(binary.LittleEndian.Uint32(value[4:]))
	if made != r.save.made {
		return nil
	}
	if !sound(usual) {
		return fmt.Errorf("graph: %v is usual of product %d", usual, n)
	}
	value = value[refinedHead:]
	edges := make([]RefinedEdge, len(value)/8)
	for i := range edges {
		e := &edges[i]
		e.Node = Node(binary.LittleEndian.Uint32(value[8*i:]))
		e.Weight = math.Float32frombits(binary.LittleEndian.Uint32(value[8*i+4:]))
		if e.Node >= limit || !sound(abs(e.Weight)) {
			return fmt.Errorf("graph: a refined edge to product %d of %d with weight %v", e.Node, limit, e.Weight)
		}
	}
	r.grow(limit)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.into[n], r.usual[n], r.save.usual[n] = edges, usual, usual
	return nil
}

// Loaded publishes what was loaded. It is called once, when the pairs' nodes
// are loaded too and before what was done to them since is done again: only
// what comes later is to be refined anew.
func (r *Refined) Loaded() {
	any := false
	for n, in := range r.into {
		if in != nil {
			r.pairs.settled(Node(n))
			any = true
		}
	}
	if any {
		r.publish()
	}
}

// settled says that a node's refined edges are those of its receipts.
func (p *Pairs) settled(n Node) {
	sh, slot := p.shard(n)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	sh.nodes[slot].fresh = 0
}
