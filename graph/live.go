package graph

import (
	"math"
	"sync/atomic"
)

// liveSupports publishes each node's support without a lock: ranking a
// thousand neighbours asks for a thousand of them, and a lock for each would
// cost more than all the rest. A cell is the node's landmark and the bits of
// its support, or retiredCell.
type liveSupports struct {
	pages atomic.Pointer[[]*livePage]
	n     atomic.Uint32
}

const (
	livePageBits = 12
	retiredCell  = math.MaxUint64
)

type livePage [1 << livePageBits]atomic.Uint64

func (l *liveSupports) len() Node { return Node(l.n.Load()) }

// grow adds one node; the writer's.
func (l *liveSupports) grow() {
	n := l.n.Load()
	if n&(1<<livePageBits-1) == 0 {
		var pages []*livePage
		if old := l.pages.Load(); old != nil {
			pages = *old
		}
		grown := append(pages[:len(pages):len(pages)], new(livePage))
		l.pages.Store(&grown)
	}
	l.n.Store(n + 1)
}

func (l *liveSupports) cell(n Node) *atomic.Uint64 {
	return &(*l.pages.Load())[n>>livePageBits][n&(1<<livePageBits-1)]
}

func (l *liveSupports) set(n Node, nd *pairNode) {
	l.cell(n).Store(uint64(uint32(nd.epoch))<<32 | uint64(math.Float32bits(nd.support)))
}

func (l *liveSupports) retire(n Node) { l.cell(n).Store(retiredCell) }

// get returns a node's landmark and its support relative to it; ok is false
// for a retired node and for one that is not there.
func (l *liveSupports) get(n Node) (epoch int32, support float32, ok bool) {
	if n >= l.len() {
		return 0, 0, false
	}
	c := l.cell(n).Load()
	return int32(c >> 32), math.Float32frombits(uint32(c)), c != retiredCell
}

// total adds up all receipts of a relation, faded. The writer changes it; it is
// published as a node's support is.
type total struct {
	epoch int32
	count float32
	cell  atomic.Uint64
}

func (t *total) add(epoch int32, factor float64, sign float32) {
	if epoch > t.epoch {
		t.count *= float32(shift(t.epoch, epoch))
		t.epoch = epoch
	}
	t.set(t.epoch, max(t.count+sign*float32(factor*shift(epoch, t.epoch)), 0))
}

func (t *total) setCell(cell uint64) {
	t.set(int32(cell>>32), math.Float32frombits(uint32(cell)))
}

func (t *total) at(f fade, ms int64) float64 {
	c := t.cell.Load()
	return float64(math.Float32frombits(uint32(c))) * f.to(int32(c>>32), ms)
}

func (t *total) set(epoch int32, count float32) {
	t.epoch, t.count = epoch, count
	t.cell.Store(uint64(uint32(epoch))<<32 | uint64(math.Float32bits(count)))
}

// Total returns how many receipts the relation was bound with, faded.
func (p *Pairs) Total(ms int64) float64 { return p.all.at(p.fade, ms) }

// Mass returns what receipts added to a product with the gain that its pairs
// had, faded; 0 for one that was only bought alone, or is retired.
func (p *Pairs) Mass(n Node, ms int64) float64 {
	if n >= p.live.len() {
		return 0
	}
	sh, slot := p.shard(n)
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	nd := &sh.nodes[slot]
	return float64(nd.mass) * p.fade.to(nd.epoch, ms)
}

// TotalCell gives the total for a checkpoint; the writer's. SetTotal sets it
// to what TotalCell gave; before any other call.
func (p *Pairs) TotalCell() uint64 { return p.all.cell.Load() }

// SetTotal sets the total to what TotalCell gave.
func (p *Pairs) SetTotal(cell uint64) { p.all.setCell(cell) }
