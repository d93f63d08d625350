package engine

import (
	"nabo/engine/event"
	"nabo/graph"
)

// warmAtOnce is how many events of a group are looked at ahead.
const warmAtOnce = 16

// warm reads what the next events are about to change of keys and members.
// With millions of members each of these reads is a miss in all caches: asked
// for together they come together, where Apply would wait for one after the
// other. It changes nothing.
func (e *Engine) warm(evs []event.Event) {
	var ahead [warmAtOnce]graph.Member
	n := 0
	for i := range evs {
		e.seen.has(evs[i].Key)
		if evs[i].Type == event.TypeReceipt && evs[i].Member != 0 {
			if m, ok := e.people.known(evs[i].Member); ok {
				ahead[n] = m
				n++
			}
		}
	}
	e.goods.Warm(ahead[:n])
}
