package offer

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"nabo/engine/event"
	"nabo/engine/expr"
	"nabo/graph"
)

const (
	day   = event.Millis(msPerDay)
	start = 20_000 * day
)

func compileAudience(src string) (*expr.Program, error) { return expr.Compile(src, expr.Filter) }

// trio is the twin and three books that are given the same events: one sealed
// after each, one after each group, one that is loaded anew now and then.
type trio struct {
	*twin
	each, group, again *Book
	opt                Options
	kept               map[string][]byte // what again's checkpoints hold
	now                event.Millis
}

func newTrio(maxOpen int) *trio {
	s := &trio{twin: newTwin(maxOpen), now: start, kept: map[string][]byte{}}
	s.opt = Options{MaxOpen: maxOpen, Compile: compileAudience, Category: func(n graph.Node) string { return s.category[n] }}
	s.each, s.group, s.again = NewBook(s.opt), NewBook(s.opt), NewBook(s.opt)
	return s
}

func (s *trio) books(fn func(*Book)) {
	fn(s.each)
	fn(s.group)
	fn(s.again)
	s.each.Seal(s.now, s.twin)
}

// restart saves a checkpoint and loads all that was ever saved into a new book.
func (s *trio) restart(t *rapid.T) {
	s.again.Dirty(func(kind Cell, n uint64, value []byte) {
		k := fmt.Sprintf("%d %020d", kind, n)
		if s.kept[k] = slices.Clone(value); value == nil {
			delete(s.kept, k)
		}
	})
	s.again = load(t, s.opt, s.kept)
}

func load(t rapid.TB, opt Options, kept map[string][]byte) *Book {
	b := NewBook(opt)
	keys := make([]string, 0, len(kept))
	for k := range kept {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		var kind Cell
		var n uint64
		if _, err := fmt.Sscanf(k, "%d %d", &kind, &n); err != nil {
			t.Fatal(err)
		}
		if err := b.Load(kind, n, kept[k]); err != nil {
			t.Fatalf("load %s: %v", k, err)
		}
	}
	return b
}

// What the events are drawn from.
var (
	someOffer  = rapid.SampledFrom([]string{"o1", "o2", "o3", "o4", "o5", "o6", "o7", "o8"})
	someMember = rapid.SampledFrom([]graph.Member{0, 1, 2, 300, Nobody})
	someChain  = rapid.SampledFrom([]string{"", "c1", "c2", "c3"})
	someStore  = rapid.SampledFrom([]string{"", "s1", "s2", "s3"})
	channels   = rapid.SampledFrom([]string{"", "", "app", "email", "push"})
	someNodes  = rapid.SliceOfN(rapid.Custom(func(t *rapid.T) graph.Node { return graph.Node(rapid.IntRange(0, twinProducts-1).Draw(t, "node")) }), 0, 5)
	coin       = rapid.Bool()
)

func (s *trio) moment(t *rapid.T) event.Millis {
	return rapid.SampledFrom([]event.Millis{0, 0, s.now - 2*day, s.now - 1, s.now, s.now + 1, s.now + day, s.now + 3*day}).Draw(t, "moment")
}

func (s *trio) offer(t *rapid.T) event.Offer {
	some := func(g *rapid.Generator[string]) []string {
		return slices.DeleteFunc(rapid.SliceOfNDistinct(g, 0, 2, rapid.ID[string]).Draw(t, "some"), func(s string) bool { return s == "" })
	}
	o := event.Offer{
		Offer: someOffer.Draw(t, "offer"), ValidFrom: s.moment(t), ValidThrough: s.moment(t), Chains: some(someChain), Stores: some(someStore),
		Categories: some(rapid.SampledFrom([]string{"", "k1", "k2"})), Price: math.NaN(), MemberPrice: 3,
		Audience: rapid.SampledFrom([]string{"", "", "", audienceHome, audienceApp, audienceBroken}).Draw(t, "audience"),
	}
	o.Budget.Activations = int64(rapid.SampledFrom([]int{0, 0, 1, 3}).Draw(t, "activations"))
	o.Budget.Redemptions = int64(rapid.SampledFrom([]int{0, 0, 2}).Draw(t, "redemptions"))
	o.Budget.Discount = rapid.SampledFrom([]float64{0, 0, 5}).Draw(t, "discount")
	o.PerMember.Activations = int64(rapid.IntRange(-1, 2).Draw(t, "each activates"))
	o.PerMember.Redemptions = int64(rapid.IntRange(-1, 2).Draw(t, "each redeems"))
	return o
}

func (s *trio) asker(t *rapid.T) *Asker {
	a := &Asker{Now: s.now + event.Millis(rapid.IntRange(-2, 2).Draw(t, "ahead")), Store: someStore.Draw(t, "store"),
		Chain: someChain.Draw(t, "chain"), Channel: channels.Draw(t, "channel"), KeepActivated: coin.Draw(t, "keep")}
	a.Context = &expr.Context{Channel: a.Channel}
	if coin.Draw(t, "known") {
		a.Member = &event.Member{HomeStore: someStore.Draw(t, "home")}
		if c := someChain.Draw(t, "theirs"); c != "" {
			a.Member.Chains = []string{c, "c2"}
		}
	}
	return a
}

// same fails unless all books say the same verdict.
func same(t *rapid.T, want Verdict, got []Verdict) {
	for _, v := range got {
		if v != want {
			t.Fatalf("verdicts %v, want %v", got, want)
		}
	}
}

// aboutOffers, aboutPeople and aboutUse are the events that may happen.

func (s *trio) aboutOffers(acts map[string]func(*rapid.T)) {
	acts["upsert"] = func(t *rapid.T) {
		o, nodes := s.offer(t), someNodes.Draw(t, "nodes")
		s.upsert(o, nodes, s.now)
		s.books(func(b *Book) { b.Upsert(&o, nodes, s.now) })
	}
	acts["upsert2"] = acts["upsert"]
	acts["withdraw"] = func(t *rapid.T) {
		id := someOffer.Draw(t, "offer")
		s.withdraw(id)
		s.books(func(b *Book) { b.Withdraw(id) })
	}
	acts["category"] = func(t *rapid.T) {
		n := graph.Node(rapid.IntRange(0, twinProducts-1).Draw(t, "node"))
		s.category[n] = rapid.SampledFrom([]string{"k1", "k2", "k3"}).Draw(t, "category")
		s.books((*Book).Touch)
	}
	acts["stock"] = func(t *rapid.T) {
		store := rapid.SampledFrom([]string{"s1", "s2"}).Draw(t, "store")
		for n := range graph.Node(twinProducts) {
			if coin.Draw(t, "some") {
				continue
			}
			if s.out[store] == nil {
				s.out[store] = map[graph.Node]bool{}
			}
			if s.out[store][n] {
				delete(s.out[store], n)
			} else {
				s.out[store][n] = true
			}
			s.books(func(b *Book) { b.Restock(n, store, s.out[store][n]) })
		}
	}
	acts["retire"] = func(t *rapid.T) {
		n := graph.Node(rapid.IntRange(0, twinProducts-1).Draw(t, "node"))
		s.retire(n)
		s.books(func(b *Book) { b.Retire(n) })
	}
}

func (s *trio) aboutPeople(acts map[string]func(*rapid.T)) {
	acts["personalise"] = func(t *rapid.T) {
		p := &event.OfferPersonal{Offer: someOffer.Draw(t, "offer"), Price: rapid.SampledFrom([]float64{math.NaN(), 2}).Draw(t, "price"), ValidFrom: s.moment(t), ValidThrough: s.moment(t)}
		m := someMember.Draw(t, "member")
		s.personalise(m, p)
		s.books(func(b *Book) { b.Personalise(m, p) })
	}
	acts["show"] = func(t *rapid.T) {
		m, ids, at := someMember.Draw(t, "member"), rapid.SliceOfN(someOffer, 1, 5).Draw(t, "ids"), s.now-day*event.Millis(rapid.IntRange(0, 2).Draw(t, "ago"))
		channel := channels.Draw(t, "channel")
		s.show(m, ids, at)
		s.books(func(b *Book) { b.Shown(m, ids, channel, at) })
	}
	acts["consent"] = func(t *rapid.T) {
		m, chain := someMember.Draw(t, "member"), someChain.Draw(t, "chain")
		c := &event.Consent{Channel: channels.Draw(t, "channel"), Purpose: event.Marketing, Granted: coin.Draw(t, "granted")}
		at := s.now + event.Millis(rapid.IntRange(-2, 0).Draw(t, "late"))
		s.consent(m, chain, c, at)
		s.books(func(b *Book) { b.Consent(m, chain, c, at) })
	}
	acts["forget"] = func(t *rapid.T) {
		m := someMember.Draw(t, "member")
		if rapid.IntRange(0, 3).Draw(t, "rare") == 0 {
			delete(s.people, m)
			s.books(func(b *Book) { b.Forget(m) })
		}
	}
	acts["merge"] = func(t *rapid.T) {
		from, into := someMember.Draw(t, "from"), someMember.Draw(t, "into")
		s.merge(from, into)
		s.books(func(b *Book) { b.Merge(from, into) })
	}
}

func (s *trio) aboutUse(acts map[string]func(*rapid.T)) {
	acts["activate"] = func(t *rapid.T) {
		id, m, at := someOffer.Draw(t, "offer"), someMember.Draw(t, "member"), s.now
		var ask *Asker
		if coin.Draw(t, "ask") {
			ask = s.asker(t)
		}
		want := s.activate(id, m, at, ask)
		var got []Verdict
		s.books(func(b *Book) { got = append(got, b.Activate(id, m, at, ask)) })
		same(t, want, got)
	}
	acts["activate2"], acts["activate3"] = acts["activate"], acts["activate"]
	acts["deactivate"] = func(t *rapid.T) {
		id, m := someOffer.Draw(t, "offer"), someMember.Draw(t, "member")
		want := s.deactivate(id, m)
		var got []Verdict
		s.books(func(b *Book) { got = append(got, b.Deactivate(id, m, s.now)) })
		same(t, want, got)
	}
	acts["redeem"] = func(t *rapid.T) {
		id, m, discount := someOffer.Draw(t, "offer"), someMember.Draw(t, "member"), float64(rapid.IntRange(0, 3).Draw(t, "discount"))
		want := s.redeem(id, m, discount)
		var got []Verdict
		s.books(func(b *Book) { got = append(got, b.Redeem(id, m, s.now, discount)) })
		same(t, want, got)
	}
	acts["bought"] = func(t *rapid.T) {
		m, nodes := someMember.Draw(t, "member"), someNodes.Draw(t, "nodes")
		amounts := make([]float64, len(nodes))
		for i := range amounts {
			amounts[i] = float64(rapid.IntRange(0, 2).Draw(t, "saved"))
		}
		at := s.now - day*event.Millis(rapid.IntRange(0, 1).Draw(t, "late"))
		s.bought(m, at, nodes, amounts)
		s.books(func(b *Book) { b.Bought(m, at, nodes, amounts) })
	}
}

// TestBookAgainstTwin holds the book to its twin, and to itself under other
// groups and restarts.
func TestBookAgainstTwin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := newTrio(rapid.IntRange(1, 3).Draw(t, "max open"))
		acts := map[string]func(*rapid.T){}
		s.aboutOffers(acts)
		s.aboutPeople(acts)
		s.aboutUse(acts)
		acts["seal"] = func(*rapid.T) {
			s.group.Seal(s.now, s.twin)
			s.again.Seal(s.now, s.twin)
		}
		acts["restart"] = s.restart
		acts["later"] = func(t *rapid.T) {
			s.now += rapid.SampledFrom([]event.Millis{1, 1, day, day, 30 * day}).Draw(t, "by")
			s.each.Seal(s.now, s.twin)
		}
		acts["ask"] = s.ask
		acts[""] = func(t *rapid.T) { s.compareState(t) }
		t.Repeat(acts)
		s.ask(t)
	})
}

// ask compares all that can be asked about offers.
func (s *trio) ask(t *rapid.T) {
	a, m := s.asker(t), someMember.Draw(t, "asks")
	delete(s.people, Nobody)
	p := s.member(m)
	s.group.Seal(s.now, s.twin)
	s.again.Seal(s.now, s.twin)
	for _, b := range []*Book{s.each, s.group, s.again} {
		var r Record
		if b.Record(m, &r); m != Nobody {
			a.Record = &r
		}
		var ws Workspace
		v := b.View()
		_, rules := v.Explain(a, &ws)
		rules = slices.Clone(rules)
		got := v.Eligible(a, &ws)
		if len(got.Words) != (len(v.Offers)+63)/64 || got.Next(int32(len(v.Offers))) != -1 {
			t.Fatalf("%d offers, eligible %x", len(v.Offers), got.Words)
		}
		for i, e := range v.Offers {
			o := s.offers[e.Spec.Offer]
			want, out := s.rule(o, p, a, true)
			if rule, is := v.Why(a, &ws, int32(i)); rule != want || is != out || got.Has(int32(i)) == out || rules[i] != want {
				t.Fatalf("%s: why %v, eligible %v, explained %v, want %v", e.Spec.Offer, rule, got.Has(int32(i)), rules[i], want)
			}
		}
		s.missing(t, b, p, a)
		if left := max(s.maxOpen-s.open(p, a.Now), 0); v.ActivationsLeft(a.Record, a.Now) != left {
			t.Fatalf("%d activations left, want %d", v.ActivationsLeft(a.Record, a.Now), left)
		}
	}
}

// missing fails if an offer that the twin would give has no place.
func (s *trio) missing(t *rapid.T, b *Book, p *twinMember, a *Asker) {
	v := b.View()
	later := *a
	later.Now = max(a.Now, s.now)
	for id, o := range s.offers {
		place, ok := v.Place(id)
		if by, found := v.PlaceOf(o.slot); by != place || found != ok {
			if ok || found {
				t.Fatalf("%s is at %d %v by id and at %d %v by number", id, place, ok, by, found)
			}
		}
		if _, out := s.rule(o, p, &later, true); !out && !ok {
			t.Fatalf("%s could be had and has no place", id)
		}
		if ok {
			s.compareEntry(t, v, place, o)
			byID, _ := b.Named(id)
			if bySlot, _ := b.Numbered(o.slot); byID != v.Offers[place] || bySlot != byID {
				t.Fatalf("%s is %+v in the view, %+v by id, %+v by number", id, v.Offers[place], byID, bySlot)
			}
		}
	}
}

func (s *trio) compareEntry(t *rapid.T, v *View, place int32, o *twinOffer) {
	e := v.Offers[place]
	if e.Slot != o.slot || e.Activations != o.acts || e.Redemptions != o.reds || e.Shown != o.shown || e.Over != o.over ||
		e.Discount != o.discount || e.Spent != o.spent() || e.Withdrawn != o.withdrawn {
		t.Fatalf("entry %+v, want %+v", e, o)
	}
	for n := range graph.Node(twinProducts) {
		_, has := slices.BinarySearch(e.Products, n)
		if want := s.covers(o, n); has != want || slices.Contains(v.Covering(n), place) != want || !rising(v.Covering(n)) || !rising(e.Products) {
			t.Fatalf("%s covers %v; %d is covered by %v; want %v", e.Spec.Offer, e.Products, n, v.Covering(n), want)
		}
	}
}

// rising says whether a list is in order and without doubles.
func rising[T int32 | graph.Node](list []T) bool {
	return slices.IsSorted(list) && len(slices.Compact(slices.Clone(list))) == len(list)
}

// compareState compares digests and records.
func (s *trio) compareState(t *rapid.T) {
	if a, b, c := s.each.Digest(), s.group.Digest(), s.again.Digest(); a != b || b != c {
		t.Fatalf("digests %x, %x, %x", a, b, c)
	}
	for m := range s.people {
		if m == Nobody {
			continue
		}
		want := s.record(m)
		var got Record
		s.again.Record(m, &got)
		alive := func(n Slot) bool { return s.again.slots.get(uint32(n)) != nil }
		got.Uses = slices.DeleteFunc(got.Uses, func(u Activation) bool { return !alive(u.Slot) })
		got.Terms = slices.DeleteFunc(got.Terms, func(u Term) bool { return !alive(u.Slot) })
		got.Shown = slices.DeleteFunc(got.Shown, func(u Seen) bool { return !alive(u.Slot) })
		if a, b := fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", want); a != b {
			t.Fatalf("member %d: record %s, want %s", m, a, b)
		}
	}
}
