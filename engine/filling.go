package engine

import (
	"nabo/engine/event"
	"nabo/graph"
)

// What follows fills an engine for a measurement with a past that it need not
// live through. The state is then one that no log leads to. The writer calls
// it.

// Remember takes keys for those of events that were applied on the day of on,
// as long as that is remembered.
func (e *Engine) Remember(keys []uint64, on event.Millis) {
	e.writing.Lock()
	defer e.writing.Unlock()
	for _, key := range keys {
		e.seen.add(key, graph.DayOf(int64(on)))
	}
}

// Thin has each receipt from now on bind a product to so many others at most,
// even and at least 2, in place of what the Options say; 0: as they say. Most
// of what a receipt costs is its pairs.
func (e *Engine) Thin(partners int) {
	e.writing.Lock()
	defer e.writing.Unlock()
	e.bought.Thin(partners)
}
