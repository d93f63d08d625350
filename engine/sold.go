package engine

import (
	"nabo/engine/event"
	"nabo/graph"
)

// SoldOf is what a product sold over time, everywhere.
type SoldOf struct {
	Seq     uint64
	At      event.Millis // what all of it is as of
	Windows graph.Sales  // by exponential windows, as trending reads them
	Hours   []uint32     // receipts with it in each of 48 hours, the oldest first
	Days    []uint32     // and in each of 35 days, in UTC
	HoursAt event.Millis // when the first hour begins
	DaysAt  event.Millis // when the first day does
}

// SoldOf returns what a product sold, and whether there is such a product.
// Anybody may call it.
func (e *Engine) SoldOf(id string, now event.Millis) (out SoldOf, ok bool) {
	n, ok := e.catalogue.node(id)
	if !ok {
		return out, false
	}
	out.Seq, out.At = e.Position(), e.Clock(now)
	at := int64(out.At)
	out.Windows = e.trends.Of(graph.Scope(0), n, at)
	var begins int64
	out.Hours, begins = e.series.Of(nil, graph.Hours, n, at)
	out.HoursAt = event.Millis(begins)
	out.Days, begins = e.series.Of(nil, graph.Days, n, at)
	out.DaysAt = event.Millis(begins)
	return out, true
}
