package engine

import (
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"nabo/engine/event"
	"nabo/engine/offer"
	"nabo/graph"
)

// The kinds of pairs in a checkpoint, the first byte of their keys. Those up to
// the first lane are loaded in the order of their keys: numbers before what
// they number.
const (
	cellMeta     = 1
	cellPlace    = 2
	cellProduct  = 3
	cellStock    = 4
	cellReceipt  = 5
	cellSession  = 6
	cellScenario = 7
	cellOffers   = 8 // and the book's own kinds above it, at most bookCells
	bookCells    = 8

	cellToken   = 64 // the lane of people
	cellProfile = 65

	cellSealed = 72 // the lane of keys: runs of them
	cellKeys   = 73 // and those added since

	cellBought     = 80 // what is in no order
	cellViewed     = 81
	cellBoughtDone = 82 // the journals
	cellViewedDone = 83
	cellTrends     = 84
	cellTrendsDone = 85
	cellGoods      = 86
	cellVisits     = 87
	cellRefined    = 88
)

// Lanes are the first bytes of keys at which lanes begin: once all pairs before
// the first are loaded, a goroutine may load each lane beside the others, in
// the order of its keys; those of the last lane may be loaded in any order and
// by any goroutines.
func Lanes() []byte { return []byte{cellToken, cellSealed, cellBought} }

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
	e.goods.Begin()
	e.visits.Begin()
	c.journal(cellTrendsDone, e.trends.Begin())
	e.refined.Begin()
	c.put(key(cellMeta), e.encodeMeta())
	c.places()
	c.products()
	c.people()
	c.runs = e.seen.begin(c.pos, c.put)
	c.receipts()
	c.sessions()
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
	c.e.refined.End(kept)
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
	node := func(kind byte) func(graph.Node, []byte) error {
		return func(n graph.Node, v []byte) error { return put(key(kind, inTurn(uint32(n))), v) }
	}
	member := func(kind byte) func(graph.Member, []byte) error {
		return func(m graph.Member, v []byte) error { return put(key(kind, uint64(m)), v) }
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
	if err := c.e.visits.Save(member(cellVisits)); err != nil {
		return err
	}
	return c.e.trends.Save(func(s graph.Scope, v []byte) error { return put(key(cellTrends, inTurn(uint32(s))), v) })
}

func (c *Checkpoint) put(key, value []byte) { c.small = append(c.small, savedPair{key, value}) }

// inTurn is the number in the key of what is written in turns: the turn stands
// first, so that what a checkpoint writes lies together in the store, which
// then need not touch all the rest to put it in its place.
func inTurn(n uint32) uint64 { return uint64(n%graph.JournalTurns)<<32 | uint64(n) }

// key makes a key of a kind and big-endian numbers, so that keys sort as they do.
func key(kind byte, numbers ...uint64) []byte {
	k := append(make([]byte, 0, 1+8*len(numbers)), kind)
	for _, n := range numbers {
		k = binary.BigEndian.AppendUint64(k, n)
	}
	return k
}

func (c *Checkpoint) journal(kind byte, segments []graph.JournalSegment) {
	for _, s := range segments {
		c.put(key(kind, uint64(s.Number)), s.Value)
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

// receiptsCell is how many of the latest receipts stand in one cell.
const receiptsCell = 64

func (c *Checkpoint) receipts() {
	r := &c.e.recent
	cells := map[int]struct{}{}
	for i := range r.dirty {
		cells[i/receiptsCell] = struct{}{}
	}
	for i := range cells {
		w := writer{make([]byte, 0, 96*receiptsCell)}
		for j := i * receiptsCell; j < min((i+1)*receiptsCell, len(r.ring)); j++ {
			rec := r.receipt(j)
			w.receipt(&rec)
		}
		c.put(key(cellReceipt, uint64(i)), w.b)
	}
	clear(r.dirty)
}

func (c *Checkpoint) sessions() {
	s := &c.e.sessions
	for k := range s.dirty {
		var value []byte
		if ses := s.byKey[k]; ses != nil {
			value = encodeSession(ses)
		}
		c.put(key(cellSession, k), value)
	}
	clear(s.dirty)
}

// scenarios are kept under numbers in the order of their names' hashes: the
// value says the name.
func (c *Checkpoint) scenarios() {
	s := &c.e.scenarios
	for name := range s.dirty {
		var w writer
		w.text(name)
		w.num(s.configs[name].version)
		w.text(s.configs[name].config)
		c.put(key(cellScenario, event.HashID(name)), w.b)
	}
	clear(s.dirty)
}

func (c *Checkpoint) book() {
	c.e.book.Dirty(func(kind offer.Cell, n uint64, value []byte) {
		c.put(key(cellOffers+byte(kind), n), value)
	})
}

func (e *Engine) loadScenario(value []byte) error {
	t := taker{b: value}
	name := t.text()
	c := scenarioConfig{version: t.num(), config: t.text()}
	if err := t.end(); err != nil {
		return err
	}
	e.scenarios.configs[name] = c
	e.showScenario(name, c)
	return nil
}

// Load takes one pair of a checkpoint, in the order of the keys as far as Lanes
// wants it, into an engine that has applied nothing.
func (e *Engine) Load(k, value []byte) error {
	if len(k) == 0 || (len(k)-1)%8 != 0 {
		return fmt.Errorf("engine: a key of %d bytes", len(k))
	}
	numbers := make([]uint64, 0, 3)
	for b := k[1:]; len(b) > 0; b = b[8:] {
		numbers = append(numbers, binary.BigEndian.Uint64(b))
	}
	want := map[byte]int{cellMeta: 0, cellStock: 2, cellSealed: 2, cellKeys: 3}
	if n, special := want[k[0]]; (special && n != len(numbers)) || (!special && len(numbers) != 1) {
		return fmt.Errorf("engine: a key of kind %d with %d numbers", k[0], len(numbers))
	}
	if err := e.loadCell(k, numbers, value); err != nil {
		return fmt.Errorf("engine: load a pair of kind %d: %w", k[0], err)
	}
	return nil
}

func (e *Engine) loadCell(k []byte, n []uint64, value []byte) error {
	switch k[0] {
	case cellBought, cellViewed, cellTrends, cellRefined:
		if n[0] != inTurn(uint32(n[0])) {
			return errCell
		}
		n[0] = uint64(uint32(n[0]))
	}
	switch k[0] {
	case cellMeta:
		return e.decodeMeta(value)
	case cellPlace:
		return e.loadPlace(n[0], value)
	case cellProduct:
		return e.loadProduct(n[0], value)
	case cellStock:
		return e.loadStock(n, value)
	case cellToken:
		return e.loadToken(n[0], value)
	case cellProfile:
		return e.loadProfile(n[0], value)
	case cellBought:
		return e.bought.Load(graph.Node(n[0]), value)
	case cellViewed:
		return e.viewed.Load(graph.Node(n[0]), value)
	case cellBoughtDone:
		return e.bought.LoadJournal(uint32(n[0]), value)
	case cellViewedDone:
		return e.viewed.LoadJournal(uint32(n[0]), value)
	case cellTrendsDone:
		return e.trends.LoadJournal(uint32(n[0]), value)
	case cellGoods:
		return e.goods.Load(graph.Member(n[0]), value)
	case cellRefined:
		return e.refined.Load(graph.Node(n[0]), value)
	case cellVisits:
		return e.visits.Load(graph.Member(n[0]), value)
	case cellTrends:
		return e.trends.Load(graph.Scope(n[0]), value, e.bought.Nodes())
	case cellSealed:
		return e.seen.loadSealed(n, value)
	case cellKeys:
		return e.seen.loadKeys(n, value)
	case cellReceipt:
		return e.loadReceipts(n[0], value)
	case cellSession:
		return e.loadSession(n[0], value)
	case cellScenario:
		return e.loadScenario(value)
	}
	if k[0] >= cellOffers && k[0] < cellOffers+bookCells {
		if kind := offer.Cell(k[0] - cellOffers); kind == offer.CellRecord && n[0] >= uint64(e.people.count) {
			return errCell
		}
		return e.book.Load(offer.Cell(k[0]-cellOffers), n[0], value)
	}
	return fmt.Errorf("what it is is not known to this version")
}

// Loaded says that all pairs of the checkpoint at pos were given to Load. It
// makes what leads back from products to members, on all processors.
func (e *Engine) Loaded(pos uint64) error {
	workers := runtime.GOMAXPROCS(0)
	e.refined.Loaded()
	for _, p := range []*graph.Pairs{e.bought, e.viewed} {
		if _, err := p.Loaded(workers); err != nil {
			return fmt.Errorf("engine: %w", err)
		}
	}
	if _, err := e.trends.Loaded(e.bought.Nodes()); err != nil {
		return fmt.Errorf("engine: %w", err)
	}
	e.goods.Loaded(workers)
	e.visits.Loaded(workers)
	if err := errors.Join(e.sessions.settle(), e.seen.settle(), e.recent.settle(e.opt.Recent)); err != nil {
		return err
	}
	if have, want := e.catalogue.size(), e.bought.Nodes(); have != want {
		return fmt.Errorf("engine: %d products are named of %d", have, want)
	}
	e.catalogue.settle()
	e.people.settle()
	e.book.Touch()
	e.Publish(pos)
	e.revoice()
	return nil
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
