package engine

import (
	"encoding/binary"
	"sync"

	"nabo/engine/event"
	"nabo/engine/offer"
	"nabo/graph"
)

// Checkpoint is what changed since the one before it, as of one position. It
// is written while the engine goes on.
type Checkpoint struct {
	e     *Engine
	pos   uint64
	small []savedPair // what is small enough to be copied at once
	runs  []sealedCell
	ended bool
}

type savedPair struct{ key, value []byte }

// BeginCheckpoint starts a checkpoint of the state as it is now. The writer
// calls it between two positions, and not before the one before it has ended.
func (e *Engine) BeginCheckpoint() *Checkpoint {
	e.writing.Lock()
	defer e.writing.Unlock()
	c := &Checkpoint{e: e, pos: e.Position(), small: e.redo.take()}
	c.journal(cellBoughtDone, e.bought.Begin())
	c.journal(cellViewedDone, e.viewed.Begin())
	c.journal(cellGoodsDone, e.goods.Begin())
	c.journal(cellVisitsDone, e.visits.Begin())
	c.journal(cellTrendsDone, e.trends.Begin())
	e.series.Begin()
	e.refined.Begin()
	c.put(key(cellMeta), e.encodeMeta())
	c.places()
	c.products()
	c.people()
	c.runs = e.seen.begin(c.pos, c.put)
	c.receipts()
	e.sessions.beginSave()
	c.scenarios()
	c.book()
	return c
}

// Position returns the log position that the checkpoint stands for.
func (c *Checkpoint) Position() uint64 { return c.pos }

// Write gives every pair that changed; a nil value means that the key is gone.
// It runs on any goroutine, once, and ends the checkpoint: when put fails, what
// it held is part of the next one.
func (c *Checkpoint) Write(put func(key, value []byte) error) error {
	err := c.write(put)
	c.end(err == nil)
	return err
}

// Abandon ends a checkpoint that will not be written.
func (c *Checkpoint) Abandon() { c.end(false) }

func (c *Checkpoint) end(kept bool) {
	if c.ended {
		return
	}
	c.ended = true
	c.e.bought.End(kept)
	c.e.viewed.End(kept)
	c.e.goods.End(kept)
	c.e.visits.End(kept)
	c.e.trends.End(kept)
	c.e.series.End(kept)
	c.e.refined.End(kept)
	c.e.sessions.endSave(kept)
	if !kept {
		c.e.redo.put(c.small)
		c.e.seen.redo.again(c.runs)
	}
}

func (c *Checkpoint) write(put func(key, value []byte) error) error {
	for _, p := range c.small {
		if err := put(p.key, p.value); err != nil {
			return err
		}
	}
	for i := range c.runs {
		if err := c.runs[i].write(put); err != nil {
			return err
		}
	}
	if err := c.e.sessions.writeSave(put); err != nil {
		return err
	}
	node := func(kind byte) func(graph.Node, []byte) error {
		return func(n graph.Node, v []byte) error { return put(key(kind, inTurn(kind, uint32(n))), v) }
	}
	member := func(kind byte) func(graph.Member, []byte) error {
		return func(m graph.Member, v []byte) error { return put(key(kind, inTurn(kind, uint32(m))), v) }
	}
	if err := c.e.bought.Save(node(cellBought)); err != nil {
		return err
	}
	if err := c.e.viewed.Save(node(cellViewed)); err != nil {
		return err
	}
	if err := c.e.refined.Save(node(cellRefined)); err != nil {
		return err
	}
	if err := c.e.goods.Save(member(cellGoods)); err != nil {
		return err
	}
	if err := c.e.goods.SaveHabits(func(n uint64, v []byte) error { return put(key(cellHabits, n), v) }); err != nil {
		return err
	}
	if err := c.e.visits.Save(member(cellVisits)); err != nil {
		return err
	}
	if err := c.e.trends.Save(func(s graph.Scope, v []byte) error { return put(key(cellTrends, inTurn(cellTrends, uint32(s))), v) }); err != nil {
		return err
	}
	return c.e.series.Save(func(g graph.Grain, number uint64, page uint32, v []byte) error {
		return put(key(cellSeries+byte(g), number, uint64(page)), v)
	})
}

func (c *Checkpoint) put(key, value []byte) { c.small = append(c.small, savedPair{key, value}) }

func (c *Checkpoint) journal(kind byte, segments []graph.JournalSegment) {
	for _, s := range segments {
		c.put(key(kind, uint64(s.Number), uint64(s.Part)), s.Value)
	}
}

func (c *Checkpoint) places() {
	p := &c.e.places
	for _, s := range p.dirty {
		c.put(key(cellPlace, uint64(s)), []byte(p.names[s]))
	}
	p.dirty = p.dirty[:0]
}

func (c *Checkpoint) products() {
	cat := &c.e.catalogue
	for n := range cat.dirty {
		item := cat.items[n]
		at, ok := cat.nodes[item.ID]
		c.put(key(cellProduct, uint64(n)), encodeProduct(item, ok && at == n))
	}
	clear(cat.dirty)
	for k := range cat.dirtyStock {
		var value []byte
		if a, ok := cat.stock[k]; ok {
			value = []byte{byte(a)}
		}
		c.put(key(cellStock, uint64(k.node), uint64(k.scope)), value)
	}
	clear(cat.dirtyStock)
}

func (c *Checkpoint) people() {
	p := &c.e.people
	for t := range p.dirty {
		m, _ := p.rawLocked(t)
		c.put(key(cellToken, uint64(t)), binary.BigEndian.AppendUint32(nil, uint32(m)))
		if m != nobody {
			c.put(key(cellProfile, uint64(m)), p.encode(m))
		}
	}
	for _, m := range p.gone {
		c.put(key(cellProfile, uint64(m)), p.encode(m))
	}
	p.gone, p.dirty = nil, map[event.Token]struct{}{} // many may have been new
}

func (c *Checkpoint) receipts() {
	c.e.recent.begin(func(cell int, value []byte) { c.put(key(cellReceipt, uint64(cell)), value) })
}

// scenarios are kept under numbers in the order of their names' hashes: the
// value says the name.
func (c *Checkpoint) scenarios() {
	s := &c.e.scenarios
	for name := range s.dirty {
		c.put(key(cellScenario, event.HashID(name)), encodeScenario(name, s.configs[name]))
	}
	clear(s.dirty)
}

func (c *Checkpoint) book() {
	c.e.book.Dirty(func(kind offer.Cell, n uint64, value []byte) {
		c.put(key(cellOffers+byte(kind), n), value)
	})
}

// redo holds the small pairs of a checkpoint that failed, for the next one.
type redo struct {
	mu    sync.Mutex
	pairs []savedPair // guarded by mu
}

func (r *redo) put(pairs []savedPair) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pairs = append(r.pairs, pairs...)
}

func (r *redo) take() []savedPair {
	r.mu.Lock()
	defer r.mu.Unlock()
	pairs := r.pairs
	r.pairs = nil
	return pairs
}
