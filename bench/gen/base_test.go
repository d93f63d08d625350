package gen

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"nabo/engine/event"
)

func newBase(t testing.TB, opt BaseOptions) *Base {
	t.Helper()
	b, err := NewBase(opt)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestBaseOptionsOutOfBounds(t *testing.T) {
	for _, opt := range []BaseOptions{{Members: -1}, {Products: 10}, {Offers: -1}, {Offers: 1e6}, {History: -1}, {Lines: 31}, {Products: 600, History: 301}} {
		if _, err := NewBase(opt); err == nil {
			t.Errorf("%+v was taken", opt)
		}
	}
}

// flat is what an event says, without the memory that it stands in.
type flat struct {
	typ      event.Type
	key      uint64
	member   event.Token
	at       event.Millis
	products string
}

func flatten(ev *event.Event) flat {
	f := flat{typ: ev.Type, key: ev.Key, member: ev.Member, at: ev.Time}
	switch b := ev.Body.(type) {
	case *event.Receipt:
		for _, l := range b.Lines {
			f.products += l.Product + " "
		}
	case *event.Impression:
		for _, id := range b.IDs {
			f.products += id + " "
		}
	case *event.OfferActivated:
		f.products = b.Offer
	}
	return f
}

func TestBaseHoldsWhatWasAskedFor(t *testing.T) {
	b := newBase(t, BaseOptions{Members: 1_000, Products: 5_000, Offers: 80, History: 50, Stores: 30})
	kinds := map[event.Type]int{}
	keys := map[uint64]bool{}
	had := map[event.Token]map[string]int{}
	for group := range b.Groups(2) {
		for i := range group {
			ev := &group[i]
			kinds[ev.Type]++
			if keys[ev.Key] || ev.Received != b.Until() || ev.Time > b.Until() || ev.MemberID != "" || ev.ID != "" {
				t.Fatalf("%+v", ev)
			}
			keys[ev.Key] = true
			if r, ok := ev.Body.(*event.Receipt); ok {
				if had[ev.Member] == nil {
					had[ev.Member] = map[string]int{}
				}
				seen := map[string]bool{}
				for _, l := range r.Lines {
					if seen[l.Product] {
						t.Errorf("%s twice on a receipt", l.Product)
					}
					seen[l.Product] = true
					had[ev.Member][l.Product]++
				}
			}
		}
	}
	again := 0
	for i := range 1_000 {
		goods := had[b.Token(i)]
		if len(goods) != 50 {
			t.Fatalf("member %d has bought %d products, want 50", i, len(goods))
		}
		for _, n := range goods {
			if n > 1 {
				again++
			}
		}
	}
	if again < 3_000 {
		t.Errorf("%d products were bought again", again)
	}
	if kinds[event.TypeOfferUpserted] != 80 || kinds[event.TypeProductUpserted] != 5_000 || kinds[event.TypeMemberUpserted] != 1_000 ||
		kinds[event.TypeImpression] < 500 || kinds[event.TypeOfferActivated] < 50 {
		t.Errorf("events: %v", kinds)
	}
}

func TestBaseIsTheSameForAnyWorkers(t *testing.T) {
	b := newBase(t, BaseOptions{Members: 500, Products: 2_000, Offers: 50, History: 30, Stores: 10})
	var all [3][]flat
	for i, workers := range []int{1, 2, 5} {
		for group := range b.Groups(workers) {
			for k := range group {
				all[i] = append(all[i], flatten(&group[k]))
			}
		}
	}
	if !slices.Equal(all[0], all[1]) || !slices.Equal(all[0], all[2]) {
		t.Error("what is made depends on who makes it")
	}
	for range b.Groups(3) {
		break // goleak sees to it that nobody goes on
	}
}

func TestBaseGoesOn(t *testing.T) {
	b := newBase(t, BaseOptions{Members: 500, Products: 2_000, Offers: 50, History: 30, Stores: 10})
	var whole, parts []flat
	var g Batch
	b.More(&g, 0, 100)
	for i := range g.Events {
		whole = append(whole, flatten(&g.Events[i]))
	}
	for k := 0; k < 100; k += 20 {
		b.More(&g, k, 20)
		for i := range g.Events {
			parts = append(parts, flatten(&g.Events[i]))
		}
	}
	if len(whole) != 100 || !slices.Equal(whole, parts) {
		t.Error("the parts are not the whole")
	}
	newBase(t, BaseOptions{Members: 1, Products: 2_000, Stores: 3}).More(&g, 0, 50)
	if len(g.Events) != 50 {
		t.Errorf("%d receipts of the only member", len(g.Events))
	}
	if store, chain := b.Home(7); store == "" || chain == "" {
		t.Errorf("member 7 is at home in %q of %q", store, chain)
	}
}

// BenchmarkBase makes members on one goroutine.
func BenchmarkBase(bb *testing.B) {
	b := newBase(bb, BaseOptions{Members: 1 << 20})
	var g Batch
	bb.ReportAllocs()
	n := 0
	for bb.Loop() {
		b.Members(&g, n, n+membersAtOnce)
		n += membersAtOnce
	}
	bb.ReportMetric(float64(n*b.opt.History)/bb.Elapsed().Seconds(), "bindings/s")
}

// goodsOf is what a receipt holds, as far as a base and a walk agree on it.
func goodsOf(ev *event.Event) string {
	out := ev.Store + " " + ev.Chain
	for _, l := range ev.Body.(*event.Receipt).Lines {
		out += fmt.Sprintf(" %s×%v", l.Product, l.Qty)
	}
	return out
}

// A base's receipts must be those that the shop's stream has for the member on
// that day, and none of the last ones may be missing.
func TestBaseIsOfTheShop(t *testing.T) {
	b := newBase(t, BaseOptions{Members: 50, Products: 5_000, Offers: 20, History: 60, Stores: 10})
	s := b.Shop()
	streamed := map[string]string{} // by member and day
	for ev := range s.Between(b.Until()-365*dayMillis, b.Until()+(soon+1)*dayMillis) {
		if r, ok := ev.Body.(*event.Receipt); ok && ev.Store != "web" && !r.Lines[0].Return && ev.MemberID != "" {
			streamed[fmt.Sprint(ev.MemberID, " ", dayOf(ev.Time))] = goodsOf(ev)
		}
	}
	var g Batch
	agreed, cut := 0, 0
	for i := range b.Options().Members {
		b.Members(&g, i, i+1)
		first, days := int64(0), 0
		for k := range g.Events {
			ev := &g.Events[k]
			if ev.Type != event.TypeReceipt {
				continue
			}
			want, day := streamed[fmt.Sprint(s.MemberID(i), " ", dayOf(ev.Time))], dayOf(ev.Time)
			if first == 0 {
				first = day
			}
			days++
			switch got := goodsOf(ev); {
			case got == want:
				agreed++
			case day == first && strings.HasPrefix(want, got):
				cut++
			default:
				t.Fatalf("member %d, day %d: the base has %s, the stream %s", i, day, got, want)
			}
		}
		for day := first; day < dayOf(b.Until()); day++ {
			if streamed[fmt.Sprint(s.MemberID(i), " ", day)] != "" {
				days--
			}
		}
		if days != 0 {
			t.Errorf("member %d: %d receipts more than the stream has", i, days)
		}
	}
	if t.Logf("%d receipts agree, %d are cut short", agreed, cut); agreed < 200 {
		t.Errorf("%d receipts agree", agreed)
	}
	soonBought := map[string]bool{}
	for _, goods := range streamed {
		soonBought[goods] = true
	}
	b.More(&g, 0, 200)
	for k := range g.Events {
		if goods := goodsOf(&g.Events[k]); !soonBought[goods] {
			t.Errorf("the stream does not come to %s", goods)
		}
	}
}
