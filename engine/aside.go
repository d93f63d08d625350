package engine

import (
	"runtime"
	"sync"

	"nabo/graph"
)

// aside does the pairs of a large group's receipts in a goroutine of its own,
// beside the writer, which goes on with members and all else: nothing that the
// writer does reads what is bound to what. It does them in the order of the
// log, and all are done before the group's position is published, so the state
// is the same bit for bit. A small group, as of live traffic, is not worth the
// hand-over.
type aside struct {
	pairs *graph.Pairs
	work  chan *pairBlock // nil at the end of a group
	free  chan *pairBlock
	cur   *pairBlock // being filled; nil: no goroutine runs

	running sync.WaitGroup
}

// pairBlock is a handful of receipts, and the memory that they stand in.
type pairBlock struct {
	bundles []graph.Bundle
	nodes   []graph.Node
	damps   []uint8
}

const (
	// asideFrom is how many events make a group large.
	asideFrom = 64
	// pairBlocks is how many blocks there are: when all wait for the
	// goroutine, the writer does. One of the two waits for the other every
	// half millisecond or so, and gives its processor to whoever asks
	// something meanwhile.
	pairBlocks = 4
	// blockReceipts is how many receipts fill a block, a hundred microseconds
	// of work: a wake-up in between costs little.
	blockReceipts = 8
)

func (a *aside) init(pairs *graph.Pairs) {
	a.pairs = pairs
	a.work, a.free = make(chan *pairBlock, pairBlocks), make(chan *pairBlock, pairBlocks)
	for range pairBlocks {
		a.free <- new(pairBlock)
	}
}

// begin starts the goroutine for a group of so many events, if that is large
// and there is a processor to spare; end must follow.
func (a *aside) begin(events int) {
	if events >= asideFrom && runtime.GOMAXPROCS(0) > 1 {
		a.cur = <-a.free
		a.running.Go(a.run)
	}
}

func (a *aside) run() {
	for b := range a.work {
		if b == nil {
			return
		}
		for i := range b.bundles {
			a.pairs.Bind(&b.bundles[i])
		}
		b.bundles, b.nodes, b.damps = b.bundles[:0], b.nodes[:0], b.damps[:0]
		a.free <- b
	}
}

// bind binds a receipt's goods to each other, at once or when its turn comes.
// What r points to may be used again.
func (a *aside) bind(r *graph.Bundle) {
	b := a.cur
	if b == nil {
		a.pairs.Bind(r)
		return
	}
	one := *r
	b.nodes = append(b.nodes, r.Nodes...)
	one.Nodes = b.nodes[len(b.nodes)-len(r.Nodes):]
	if r.Damp != nil {
		b.damps = append(b.damps, r.Damp...)
		one.Damp = b.damps[len(b.damps)-len(r.Damp):]
	}
	if b.bundles = append(b.bundles, one); len(b.bundles) == blockReceipts {
		a.work <- b
		a.cur = <-a.free
	}
}

// settle returns when all that was bound so far is done. Whatever else changes
// the pairs calls it before.
func (a *aside) settle() {
	if a.cur == nil {
		return
	}
	a.work <- a.cur
	var all [pairBlocks]*pairBlock
	for i := range all {
		all[i] = <-a.free
	}
	a.cur = all[0]
	for _, b := range all[1:] {
		a.free <- b
	}
}

// end returns when all is done and the goroutine, if there is one, has ended.
func (a *aside) end() {
	if a.cur == nil {
		return
	}
	a.work <- a.cur
	a.work <- nil
	a.running.Wait()
	a.cur = nil
}
