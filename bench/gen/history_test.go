package gen

import (
	"slices"
	"testing"

	"nabo/engine/event"
)

func missionsPutGoodsTogether(t *testing.T, s *lived) {
	all, goodOf := s.receipts(), goodsByProduct(s.Shop)
	with := map[int32]float64{}
	pairs := map[[2]int32]float64{}
	for _, ev := range all {
		var goods []int32
		for _, l := range ev.Body.(*event.Receipt).Lines {
			goods = append(goods, goodOf[l.Product])
		}
		slices.Sort(goods)
		goods = slices.Compact(goods)
		for i, a := range goods {
			with[a]++
			for _, b := range goods[i+1:] {
				pairs[[2]int32{a, b}]++
			}
		}
	}
	for _, m := range s.Missions() {
		for i := range m.Core {
			for k := range i {
				a, b := goodOf[m.Goods[i][0]], goodOf[m.Goods[k][0]]
				lift := pairs[[2]int32{min(a, b), max(a, b)}] * float64(len(all)) / (with[a] * with[b])
				if lift < 1.3 {
					t.Errorf("%s: %s and %s have lift %.2f", m.Name, s.goods[a].name, s.goods[b].name, lift)
				}
			}
		}
	}
}

func returnsNameTheirReceipt(t *testing.T, s *lived) {
	bought := map[string]*event.Event{}
	returns, unknown := 0, 0
	for _, ev := range s.events {
		r, ok := ev.Body.(*event.Receipt)
		if !ok {
			continue
		}
		if !r.Lines[0].Return {
			bought[ev.ID] = ev
			continue
		}
		returns++
		original := bought[r.OriginalID]
		if original == nil {
			unknown++ // bought before the history began
			continue
		}
		if original.MemberID != ev.MemberID {
			t.Errorf("%s: returned by %q, bought by %q", ev.ID, ev.MemberID, original.MemberID)
		}
		if !slices.ContainsFunc(original.Body.(*event.Receipt).Lines, func(l event.Line) bool {
			return l.Product == r.Lines[0].Product && l.Qty == r.Lines[0].Qty
		}) {
			t.Errorf("%s: %s is not on %s", ev.ID, r.Lines[0].Product, r.OriginalID)
		}
	}
	if returns < 100 || unknown > returns/10 {
		t.Errorf("%d returns, %d of them of unknown receipts", returns, unknown)
	}
}

func scansLeadToAReceipt(t *testing.T, s *lived) {
	open := map[string]map[string]int{}
	closed := 0
	for _, ev := range s.events {
		switch body := ev.Body.(type) {
		case *event.Scanned:
			if open[ev.SessionID] == nil {
				open[ev.SessionID] = map[string]int{}
			}
			if body.Action == event.ActionAdd {
				open[ev.SessionID][body.Product]++
			} else {
				open[ev.SessionID][body.Product]--
			}
		case *event.Receipt:
			if open[ev.SessionID] == nil {
				continue
			}
			closed++
			for _, l := range body.Lines {
				if open[ev.SessionID][l.Product] != 1 {
					t.Errorf("%s: %s is on the receipt, scanned %d times", ev.ID, l.Product, open[ev.SessionID][l.Product])
				}
			}
			delete(open, ev.SessionID)
		}
	}
	// At either end of the history a session may be cut in two.
	if closed < 50 || len(open) > 3 {
		t.Errorf("%d sessions closed, %d left open", closed, len(open))
	}
}

func somethingTrends(t *testing.T, s *lived) {
	until := event.At(s.Options().Until)
	craze := s.Trending(until)[0]
	late, early := 0.0, 0.0
	for _, ev := range s.receipts() {
		for _, l := range ev.Body.(*event.Receipt).Lines {
			if l.Product == craze && ev.Time > until-dayMillis {
				late++
			} else if l.Product == craze && ev.Time > until-30*dayMillis && ev.Time < until-10*dayMillis {
				early++
			}
		}
	}
	if late < 5*early/20 || late < 10 {
		t.Errorf("%s: %.0f sold in the last day, %.0f in 20 days before it began", craze, late, early)
	}
}
