package gen

import (
	"bytes"
	"cmp"
	"iter"
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
func receipts(s *Shop) []*event.Event { return purchases(s.History()) }

func purchases(events iter.Seq[*event.Event]) (out []*event.Event) {
	for ev := range events {
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

func marginals(t *testing.T, s *lived) {
	all := s.receipts()
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
