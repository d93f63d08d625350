package engine

import (
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"

	"nabo/engine/event"
	"nabo/engine/offer"
	"nabo/graph"
)

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
	if len(numbers) != numbersIn(k[0]) {
		return fmt.Errorf("engine: a key of kind %d with %d numbers", k[0], len(numbers))
	}
	if err := e.loadCell(k, numbers, value); err != nil {
		return fmt.Errorf("engine: load a pair of kind %d: %w", k[0], err)
	}
	return nil
}

// numbersIn is how many numbers are in the key of a kind.
func numbersIn(kind byte) int {
	switch kind {
	case cellMeta:
		return 0
	case cellStock, cellSealed, cellBoughtDone, cellViewedDone, cellTrendsDone, cellGoodsDone, cellVisitsDone, cellSeries, cellSeries + byte(graph.Days):
		return 2
	case cellKeys:
		return 3
	}
	return 1
}

func (e *Engine) loadCell(k []byte, n []uint64, value []byte) error {
	switch k[0] {
	case cellBought, cellViewed, cellTrends, cellRefined, cellGoods, cellVisits:
		if n[0] != inTurn(k[0], uint32(n[0])) {
			return errCell
		}
		n[0] = uint64(uint32(n[0]))
	}
	if k[0] >= cellBought {
		return e.loadUnordered(k[0], n, value)
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
	return errUnknownCell
}

// loadUnordered takes a pair of the last lane.
func (e *Engine) loadUnordered(kind byte, n []uint64, value []byte) error {
	switch kind {
	case cellBought:
		return e.bought.Load(graph.Node(n[0]), value)
	case cellViewed:
		return e.viewed.Load(graph.Node(n[0]), value)
	case cellBoughtDone:
		return e.bought.LoadJournal(uint32(n[0]), uint32(n[1]), value)
	case cellViewedDone:
		return e.viewed.LoadJournal(uint32(n[0]), uint32(n[1]), value)
	case cellTrendsDone:
		return e.trends.LoadJournal(uint32(n[0]), uint32(n[1]), value)
	case cellGoodsDone:
		return e.goods.LoadJournal(uint32(n[0]), uint32(n[1]), value)
	case cellVisitsDone:
		return e.visits.LoadJournal(uint32(n[0]), uint32(n[1]), value)
	case cellGoods:
		return e.goods.Load(graph.Member(n[0]), value)
	case cellHabits:
		return e.goods.LoadHabits(n[0], value)
	case cellRefined:
		return e.refined.Load(graph.Node(n[0]), value)
	case cellVisits:
		return e.visits.Load(graph.Member(n[0]), value)
	case cellTrends:
		return e.trends.Load(graph.Scope(n[0]), value, e.bought.Nodes())
	case cellSeries, cellSeries + byte(graph.Days):
		if n[1] >= graph.MaxNodes {
			return errCell
		}
		return e.series.Load(graph.Grain(kind-cellSeries), n[0], uint32(n[1]), value, e.bought.Nodes())
	}
	return errUnknownCell
}

var errUnknownCell = errors.New("what it is is not known to this version")

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
	for _, m := range []*graph.Members{e.goods, e.visits} {
		if _, err := m.Loaded(workers); err != nil {
			return fmt.Errorf("engine: %w", err)
		}
	}
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

func (e *Engine) loadScenario(value []byte) error {
	t := taker{b: value}
	name := t.text()
	newest := ScenarioVersion{Version: t.num(), Config: t.text()}
	var versions []ScenarioVersion
	if len(t.b) > 0 { // before there was a history nothing followed
		newest.At = event.Millis(t.num())
		for range t.length() {
			v := ScenarioVersion{Version: t.num(), At: event.Millis(t.num()), Config: t.text()}
			if n := len(versions); v.Version >= newest.Version || (n > 0 && v.Version <= versions[n-1].Version) {
				return errCell
			}
			versions = append(versions, v)
		}
	}
	if err := t.end(); err != nil {
		return err
	}
	e.scenarios.keep(name, append(versions, newest))
	e.showScenario(name, &newest)
	return nil
}

// encodeScenario gives the newest version first, and then those before it, the
// oldest first.
func encodeScenario(name string, versions []ScenarioVersion) []byte {
	newest, older := versions[len(versions)-1], versions[:len(versions)-1]
	var w writer
	w.text(name)
	w.num(newest.Version)
	w.text(newest.Config)
	w.num(uint64(newest.At))
	w.num(uint64(len(older)))
	for i := range older {
		w.num(older[i].Version)
		w.num(uint64(older[i].At))
		w.text(older[i].Config)
	}
	return w.b
}
