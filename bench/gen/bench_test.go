package gen

import (
	"testing"

	"nabo/engine/event"
)

// A retailer's stream must not be what a load test waits for: 60,000 receipts
// of 12 lines a second on one core are asked for. Each turn is a day.
func BenchmarkSupermarket(b *testing.B) {
	s := newShop(b, Options{Supermarket: true, Members: 1_000_000, Products: 50_000, Stores: 300})
	b.ReportAllocs()
	receipts, lines, events, day := 0, 0, 0, dayOf(s.Since())
	began := processor(b)
	for b.Loop() {
		for ev := range s.Between(startOf(day), startOf(day+1)) {
			events++
			if r, ok := ev.Body.(*event.Receipt); ok {
				lines += len(r.Lines)
				receipts++
			}
		}
		day++
	}
	if spent := processor(b) - began; spent > 0 {
		b.ReportMetric(float64(receipts)/spent.Seconds(), "receipts/cpu-s")
	}
	took := b.Elapsed().Seconds()
	b.ReportMetric(float64(receipts)/took, "receipts/s")
	b.ReportMetric(float64(lines)/float64(receipts), "lines/receipt")
	b.ReportMetric(float64(events)/float64(receipts), "events/receipt")
}

// BenchmarkReceipts walks the demo shop.
func BenchmarkReceipts(b *testing.B) {
	s := newShop(b, Options{Days: 20_000})
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		left := 20_000
		for ev := range s.History() {
			if ev.Type == event.TypeReceipt {
				left--
			}
			if left == 0 {
				break
			}
		}
		n += 20_000
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "receipts/s")
}
