package gen

import (
	"bytes"
	"cmp"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"nabo/engine/event"
)

func newShop(t testing.TB, opt Options) *Shop {
	t.Helper()
	s, err := New(opt)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// receipts returns the purchases of a shop's history.
func receipts(s *Shop) (out []*event.Event) {
	for ev := range s.History() {
		if r, ok := ev.Body.(*event.Receipt); ok && !r.Lines[0].Return {
			out = append(out, ev)
		}
	}
	return out
}

func TestOptionsOutOfBounds(t *testing.T) {
	for name, opt := range map[string]Options{
		"Members": {Members: -1}, "Products": {Products: 10}, "Stores": {Stores: 2}, "Days": {Days: 1e6},
		"Lines": {Supermarket: true, Lines: 31},
	} {
		if _, err := New(opt); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: error %v does not name it", name, err)
		}
	}
}

func TestCatalogue(t *testing.T) {
	for _, n := range []int{minProducts, 2_000, 50_000} {
		s := newShop(t, Options{Products: n})
		ids, names := map[string]bool{}, map[string]bool{}
		for _, p := range s.Products() {
			if ids[p.Product] {
				t.Errorf("%d products: id %s twice", n, p.Product)
			}
			if names[p.Name] {
				t.Errorf("%d products: name %q twice", n, p.Name)
			}
			ids[p.Product], names[p.Name] = true, true
			if p.Price < 1 || p.Price > 20_000 || math.Abs(p.Price*100-math.Round(p.Price*100)) > 1e-9 {
				t.Errorf("%s costs %v", p.Name, p.Price)
			}
		}
		if len(s.Products()) != n {
			t.Errorf("%d products, want %d", len(s.Products()), n)
		}
		for _, id := range []string{TacoShells, RyeBread, GroundCoffee, Bananas} {
			if !ids[id] {
				t.Errorf("%d products: no %s", n, id)
			}
		}
	}
}

func TestShowcaseNames(t *testing.T) {
	want := map[string]string{
		TacoShells: "taco shells", RyeBread: "rye bread", GroundCoffee: "ground coffee", Bananas: "Bananas",
	}
	for _, p := range newShop(t, Options{Seed: 7}).Products() {
		if name := want[p.Product]; name != "" && !strings.Contains(p.Name, name) {
			t.Errorf("%s is %q, want %s", p.Product, p.Name, name)
		}
	}
}

// kindsOfShop are options for both kinds, as many tests want them.
func kindsOfShop(opt Options) map[string]Options {
	super := opt
	super.Supermarket, super.Products = true, 5_000
	return map[string]Options{"corner shop": opt, "supermarket": super}
}

func TestEventsAreAcceptableAndInOrder(t *testing.T) {
	for name, opt := range kindsOfShop(Options{Members: 500, Days: 10}) {
		t.Run(name, func(t *testing.T) { acceptable(t, newShop(t, opt)) })
	}
}

func acceptable(t *testing.T, s *Shop) {
	ids := map[string]bool{}
	last := event.Millis(0)
	kinds := map[event.Type]int{}
	for ev := range s.Events() {
		kinds[ev.Type]++
		if err := ev.Validate(event.At(s.Options().Until)); err != nil {
			t.Fatalf("%s: %v", ev.AppendJSON(nil), err)
		}
		if ids[ev.ID] && ev.Type != event.TypeMemberUpserted {
			t.Fatalf("id %s twice", ev.ID)
		}
		ids[ev.ID] = true
		if ev.Time < last {
			t.Fatalf("%s at %v, after %v", ev.ID, ev.Time.Time(), last.Time())
		}
		last = ev.Time
	}
	for _, typ := range []event.Type{event.TypeReceipt, event.TypeView, event.TypeScan} {
		if kinds[typ] < 100 {
			t.Errorf("%d events of type %v", kinds[typ], typ)
		}
	}
	if s.opt.Supermarket && (kinds[event.TypeCart] < 100 || kinds[event.TypeMemberIdentified] == 0) {
		t.Errorf("the webshop: %v", kinds)
	}
	if kinds[event.TypeProductUpserted] != s.opt.Products || kinds[event.TypeMemberUpserted] != 500 {
		t.Errorf("catalogue: %v", kinds)
	}
}

// wire is the JSON of all events of a sequence, a line each.
func wire(events func(func(*event.Event) bool)) []byte {
	var out []byte
	for ev := range events {
		out = append(ev.AppendJSON(out), '\n')
	}
	return out
}

func TestSameSeedSameBytes(t *testing.T) {
	for name, opt := range kindsOfShop(Options{Seed: 3, Members: 200, Days: 5}) {
		t.Run(name, func(t *testing.T) { sameBytes(t, opt) })
	}
}

func sameBytes(t *testing.T, opt Options) {
	a, b := wire(newShop(t, opt).Events()), wire(newShop(t, opt).Events())
	if !bytes.Equal(a, b) {
		t.Error("the same seed gave two histories")
	}
	opt.Seed = 4
	if bytes.Equal(a, wire(newShop(t, opt).Events())) {
		t.Error("another seed gave the same history")
	}
}

// A restart a day later feeds the shop with another Until: what was fed before
// must come again with the same ids and the same bytes.
func TestSpansFitTogether(t *testing.T) {
	for name, opt := range kindsOfShop(Options{Members: 300, Days: 6}) {
		t.Run(name, func(t *testing.T) { spansFit(t, opt) })
	}
}

func spansFit(t *testing.T, opt Options) {
	s := newShop(t, opt)
	from, to := s.Since(), event.At(s.Options().Until)
	whole := wire(s.Between(from, to))
	var parts []byte
	for at := from; at < to; {
		next := min(at+7*60*60*1000+1, to)
		parts = append(parts, wire(s.Between(at, next))...)
		at = next
	}
	if !bytes.Equal(whole, parts) {
		t.Error("the parts of a history are not the whole")
	}
	opt.Days, opt.Until = opt.Days+1, s.Options().Until.Add(24*time.Hour)
	later := newShop(t, opt)
	if !bytes.HasPrefix(wire(later.History()), whole) {
		t.Error("a later end changed what was before")
	}
}

func TestLiveGoesOnWhereTheHistoryEnds(t *testing.T) {
	s := newShop(t, Options{Members: 300, Days: 2})
	until := event.At(s.Options().Until)
	day := until + dayMillis
	take := func(speed float64) (all []byte, receipts int) {
		for ev := range s.Live(until, speed) {
			if ev.Time >= day {
				break
			}
			if ev.Type == event.TypeReceipt {
				receipts++
			}
			all = append(ev.AppendJSON(all), '\n')
		}
		return all, receipts
	}
	plain, usual := take(1)
	if !bytes.Equal(plain, wire(s.Between(until, day))) {
		t.Error("live at speed 1 is not what Between gives")
	}
	faster, many := take(10)
	if ratio := float64(many) / float64(usual); ratio < 6 || ratio > 14 {
		t.Errorf("%d receipts at speed 10, %d at 1", many, usual)
	}
	again, _ := take(10)
	if !bytes.Equal(faster, again) {
		t.Error("live differs from time to time")
	}
}

func TestMarginals(t *testing.T) {
	s := newShop(t, Options{Members: 2_000, Days: 60})
	all := receipts(s)
	lines, anonymous, single := 0, 0, 0
	sales := map[string]int{}
	for _, ev := range all {
		r := ev.Body.(*event.Receipt)
		lines += len(r.Lines)
		if len(r.Lines) == 1 {
			single++
		}
		if ev.MemberID == "" {
			anonymous++
		}
		for _, l := range r.Lines {
			sales[l.Product]++
		}
	}
	n := float64(len(all))
	within(t, "lines a receipt", float64(lines)/n, 5, 9)
	within(t, "receipts of one line", float64(single)/n, 0.05, 0.25)
	within(t, "anonymous receipts", float64(anonymous)/n, 0.29, 0.38)
	within(t, "receipts a person and day", n/60/float64(s.people()), 0.8*meanRate, 1.2*meanRate)
	within(t, "exponent of the popularity curve", popularity(sales), -1.3, -0.6)
	within(t, "goods ever sold", float64(len(sales))/2_000, 0.95, 1)
	within(t, "lines of what the member bought before", repeats(all), 0.3, 0.65)
}

func within(t *testing.T, what string, got, lo, hi float64) {
	t.Helper()
	if got < lo || got > hi || math.IsNaN(got) {
		t.Errorf("%s: %.3f, want %.2f to %.2f", what, got, lo, hi)
	} else {
		t.Logf("%s: %.3f", what, got)
	}
}

// popularity is the slope of log sales over log rank, from rank 10 to 1,000.
func popularity(sales map[string]int) float64 {
	var counts []int
	for _, n := range sales {
		counts = append(counts, n)
	}
	slices.SortFunc(counts, func(a, b int) int { return cmp.Compare(b, a) })
	return math.Log(float64(counts[999])/float64(counts[9])) / math.Log(1000.0/10)
}

// repeats is the share of members' lines, in the second half, whose product
// they had bought before.
func repeats(all []*event.Event) float64 {
	had := map[string]bool{}
	again, lines := 0, 0
	for i, ev := range all {
		if ev.MemberID == "" {
			continue
		}
		for _, l := range ev.Body.(*event.Receipt).Lines {
			key := ev.MemberID + " " + l.Product
			if i > len(all)/2 {
				lines++
				if had[key] {
					again++
				}
			}
			had[key] = true
		}
	}
	return float64(again) / float64(lines)
}

func TestMissionsPutGoodsTogether(t *testing.T) {
	s := newShop(t, Options{Members: 3_000, Days: 60})
	all := receipts(s)
	goodOf := map[string]int32{}
	for i, p := range s.Products() {
		goodOf[p.Product] = s.goodOf[i]
	}
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

func TestReturnsNameTheirReceipt(t *testing.T) {
	s := newShop(t, Options{Members: 2_000, Days: 40})
	bought := map[string]*event.Event{}
	returns, unknown := 0, 0
	for ev := range s.History() {
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

func TestScansLeadToAReceipt(t *testing.T) {
	s := newShop(t, Options{Members: 500, Days: 20})
	open := map[string]map[string]int{}
	closed := 0
	for ev := range s.History() {
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

func TestSomethingTrends(t *testing.T) {
	s := newShop(t, Options{Members: 2_000, Days: 30})
	until := event.At(s.Options().Until)
	craze := s.Trending(until)[0]
	late, early := 0.0, 0.0
	for _, ev := range receipts(s) {
		for _, l := range ev.Body.(*event.Receipt).Lines {
			if l.Product == craze && ev.Time > until-dayMillis {
				late++
			} else if l.Product == craze && ev.Time < until-10*dayMillis {
				early++
			}
		}
	}
	if late < 5*early/20 || late < 10 {
		t.Errorf("%s: %.0f sold in the last day, %.0f in the first 20", craze, late, early)
	}
}

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
