package engine

import (
	"slices"

	"nabo/graph"
)

// recent keeps the latest receipts, so that goods that come back can take
// their pairs with them. It is a ring: the newest receipt takes the place of
// the oldest. What fell out of it can only be taken from its member.
type recent struct {
	ring  []recentReceipt
	next  int
	index map[uint64]int // key → place in ring
	dirty map[int]struct{}
}

type recentReceipt struct {
	key   uint64
	at    int64
	gain  float32
	nodes []graph.Node
	damp  []uint8 // nil: anonymous
}

func (r *recent) init(n int) {
	r.ring = make([]recentReceipt, 0, min(n, 1024))
	r.index = map[uint64]int{}
	r.dirty = map[int]struct{}{}
}

// add keeps a copy of a receipt, in the memory of the one that goes.
func (r *recent) add(limit int, b *graph.Bundle) {
	if len(r.ring) < limit {
		r.ring = append(r.ring, recentReceipt{})
	}
	rec := &r.ring[r.next]
	if rec.key != 0 {
		delete(r.index, rec.key)
	}
	rec.key, rec.at, rec.gain = b.Key, b.At, b.Gain
	rec.nodes, rec.damp = into(rec.nodes, b.Nodes), into(rec.damp, b.Damp)
	r.index[rec.key] = r.next
	r.dirty[r.next] = struct{}{}
	r.next = (r.next + 1) % limit
}

// into copies src into the memory of dst, unless that is missing, too small or
// far too large; nil stays nil.
func into[T any](dst, src []T) []T {
	if src == nil || cap(dst) < len(src) || cap(dst) > 2*len(src)+16 {
		return slices.Clone(src)
	}
	return append(dst[:0], src...)
}

// find returns a receipt that is still kept. The pointer is good until the
// next add.
func (r *recent) find(key uint64) *recentReceipt {
	i, ok := r.index[key]
	if !ok || key == 0 {
		return nil
	}
	return &r.ring[i]
}

// take removes goods from a kept receipt, so that they come back only once,
// and returns those that were on it.
func (r *recent) take(rec *recentReceipt, back []graph.Node) (old graph.Bundle, taken []graph.Node) {
	old = graph.Bundle{At: rec.at, Key: rec.key, Gain: rec.gain, Nodes: rec.nodes, Damp: rec.damp}
	var nodes []graph.Node
	var damp []uint8
	for i, n := range rec.nodes {
		if contains(back, n) {
			taken = append(taken, n)
			continue
		}
		nodes = append(nodes, n)
		if rec.damp != nil {
			damp = append(damp, rec.damp[i])
		}
	}
	rec.nodes, rec.damp = nodes, damp
	// What is left was bound with the gain of the longer receipt.
	rec.gain *= float32(max(len(nodes)-1, 1)) / float32(max(len(old.Nodes)-1, 1))
	r.dirty[r.index[rec.key]] = struct{}{}
	return old, taken
}

func contains(ns []graph.Node, n graph.Node) bool {
	for _, m := range ns {
		if m == n {
			return true
		}
	}
	return false
}
