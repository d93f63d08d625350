package gen

import (
	"testing"

	"nabo/engine/event"
)

// Those who look around compare: what can stand in for each other must be
// looked at together far more often than it is bought together.
func formsAreCompared(t *testing.T, s *lived) {
	good := goodsByProduct(s.Shop)
	looked := map[string][]int32{} // goods by session
	receipts, bought := 0, 0
	for _, ev := range s.events {
		switch body := ev.Body.(type) {
		case *event.View:
			looked[ev.SessionID] = append(looked[ev.SessionID], good[body.Product])
		case *event.Receipt:
			goods := make([]int32, len(body.Lines))
			for i, line := range body.Lines {
				goods[i] = good[line.Product]
			}
			receipts++
			bought += hasTwice(goods)
		}
	}
	compared := 0
	for _, goods := range looked {
		compared += hasTwice(goods)
	}
	looks, buys := float64(compared)/float64(len(looked)), float64(bought)/float64(receipts)
	if len(looked) < 100 || looks < 0.35 || buys > looks/2 {
		t.Errorf("two forms of a good in %.2f of %d sessions and %.2f of the receipts, want more than 0.35 and less than half of that",
			looks, len(looked), buys)
	}
}

// hasTwice is 1 if a good is there twice.
func hasTwice(goods []int32) int {
	seen := map[int32]bool{}
	for _, g := range goods {
		if seen[g] {
			return 1
		}
		seen[g] = true
	}
	return 0
}
