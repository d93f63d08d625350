package engine_test

import (
	"bytes"
	"context"
	"maps"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"nabo/engine"
	"nabo/engine/event"
	"nabo/graph"
)

// history draws a log of every type of event, out of order, with duplicates.
func history(t *rapid.T) []event.Event {
	n := rapid.OneOf(rapid.IntRange(1, 120), rapid.IntRange(120, 240)).Draw(t, "events")
	evs := make([]event.Event, 0, n)
	received := event.Millis(1_750_000_000_000)
	for i := range n {
		received += event.Millis(rapid.Int64Range(0, 3*3600*1000).Draw(t, "pause"))
		ev := happening(t, received)
		ev.Key, ev.Received = uint64(i+1)*0x9e3779b97f4a7c15, received
		evs = append(evs, ev)
	}
	return evs
}

func happening(t *rapid.T, received event.Millis) event.Event {
	ev := event.Event{
		Time:    received - event.Millis(rapid.Int64Range(0, 40*24*3600*1000).Draw(t, "late")),
		Store:   rapid.SampledFrom([]string{"", "s1", "s2"}).Draw(t, "store"),
		Chain:   rapid.SampledFrom([]string{"", "c1"}).Draw(t, "chain"),
		Session: uint64(rapid.IntRange(0, 3).Draw(t, "session")),
		Member:  event.Token(rapid.IntRange(0, 4).Draw(t, "member")),
	}
	product := func() string { return string(rune('a' + rapid.IntRange(0, 12).Draw(t, "product"))) }
	lines := func() (ls []event.Line) {
		for range rapid.IntRange(1, 8).Draw(t, "lines") {
			ls = append(ls, event.Line{Product: product(), Qty: 1, Price: math.NaN(), Return: rapid.IntRange(0, 9).Draw(t, "return") == 0,
				Offer: rapid.SampledFrom([]string{"", "", "", "", "o1", "o2"}).Draw(t, "by")})
		}
		return ls
	}
	switch rapid.IntRange(0, 22).Draw(t, "type") {
	default:
		ev.Type, ev.Body = event.TypeReceipt, &event.Receipt{Lines: lines(), Original: uint64(rapid.IntRange(0, 60).Draw(t, "original")) * 0x9e3779b97f4a7c15}
	case 4:
		ev.Type, ev.Body = event.TypeView, &event.View{Product: product()}
	case 5:
		ev.Type, ev.Body = event.TypeCart, &event.Cart{Cart: 9, Action: event.Action(rapid.IntRange(1, 3).Draw(t, "action")), Lines: lines()}
	case 6:
		ev.Type, ev.Body = event.TypeScan, &event.Scanned{Product: product(), Action: event.ActionAdd}
	case 7:
		ev.Type, ev.Body = event.TypeProductUpserted, &event.Product{Product: product(), Name: "N", Category: "C" + product(), Price: 1,
			Attributes: []event.Attribute{{Name: "x", Value: event.Value{Kind: event.KindNumber, Num: 2}}}}
	case 8:
		ev.Type, ev.Body = event.TypeProductDeleted, &event.ProductDeleted{Product: product()}
	case 9:
		ev.Type, ev.Body = event.TypeStockChanged, &event.Stock{Product: product(), Availability: event.Availability(rapid.IntRange(1, 3).Draw(t, "stock"))}
	case 10:
		ev.Type, ev.Body = event.TypeMemberUpserted, &event.Member{HomeStore: "s1", Chains: []string{"c1"}, Timezone: "Europe/Oslo"}
	case 11:
		people(t, &ev)
	case 12:
		ev.Type, ev.Body = event.TypeSignal, &event.Signal{Product: product(), Weight: 3}
	case 13, 14, 15, 16, 17, 18, 19:
		dealing(t, &ev, product)
	}
	return ev
}

func people(t *rapid.T, ev *event.Event) {
	ev.Member = event.Token(rapid.IntRange(1, 4).Draw(t, "whose"))
	switch rapid.IntRange(0, 2).Draw(t, "people") {
	case 0:
		ev.Type, ev.Body = event.TypeMemberErased, &event.MemberErased{}
	case 1:
		ev.Type, ev.Body = event.TypeMemberMerged, &event.MemberMerged{Into: event.Token(rapid.IntRange(1, 4).Draw(t, "into"))}
	default:
		ev.Type, ev.Body = event.TypeMemberIdentified, &event.MemberIdentified{}
	}
}

// small makes bounds that a short history runs into.
func small(shards int) engine.Options {
	return engine.Options{
		Bought:  graph.PairOptions{Neighbors: 6, Partners: 4, Shards: shards},
		Viewed:  graph.PairOptions{Shards: shards},
		Members: graph.MemberOptions{Products: 5, Shards: shards},
		Recent:  20, Sessions: 2, DedupeDays: 400,
	}
}

func newEngine(t interface{ Fatal(...any) }, opt engine.Options) *engine.Engine {
	e, err := engine.New(opt)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// TestOneLogOneState applies one log plainly, and again with other shards,
// other groups, duplicates, and checkpoints that are loaded into a new engine
// in the middle, some of them failing: the state must be the same, bit for bit,
// and so must the answers once what is derived is refreshed.
func TestOneLogOneState(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		evs := history(t)
		plain := newEngine(t, small(1))
		for i := range evs {
			plain.Apply(uint64(i+1), evs[i].Received, &evs[i])
		}
		plain.Publish(uint64(len(evs)))

		opt := small(rapid.SampledFrom([]int{1, 8, 64}).Draw(t, "shards"))
		opt.Bought.Whole = rapid.SampledFrom([]int{0, 1}).Draw(t, "whole")
		opt.Viewed.Whole, opt.Members.Whole = opt.Bought.Whole, opt.Bought.Whole
		other := newEngine(t, opt)
		disk := map[string][]byte{}
		i := 0
		next := func() {
			n := min(rapid.OneOf(rapid.IntRange(1, 20), rapid.IntRange(64, 240)).Draw(t, "group"), len(evs)-i)
			group := slices.Clone(evs[i : i+n])
			if i > 0 && n > 0 && rapid.Bool().Draw(t, "twice") {
				again := evs[rapid.IntRange(0, i-1).Draw(t, "which")]
				again.Received = evs[i].Received
				group = append(group[:1:1], append([]event.Event{again}, group[1:]...)...)
			}
			other.ApplyGroup(uint64(i+n), group)
			i += n
		}
		for i < len(evs) {
			next()
			switch rapid.IntRange(0, 6).Draw(t, "then") {
			case 0:
				save(t, other.BeginCheckpoint(), disk)
			case 1:
				fail(other)
			case 2:
				save(t, other.BeginCheckpoint(), disk)
				other = load(t, opt, disk)
			case 3: // what comes meanwhile is not in it
				c, at := other.BeginCheckpoint(), i
				next()
				save(t, c, disk)
				if rapid.Bool().Draw(t, "again") {
					other, i = load(t, opt, disk), at
				}
			}
		}
		_, want := plain.Digest()
		if _, got := other.Digest(); got != want {
			t.Fatalf("the digest is %x, want %x", got, want)
		}
		sameAnswers(t, plain, other)
	})
}

func save(t *rapid.T, c *engine.Checkpoint, disk map[string][]byte) {
	err := c.Write(func(key, value []byte) error {
		if value == nil {
			delete(disk, string(key))
		} else {
			disk[string(key)] = bytes.Clone(value)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// fail begins a checkpoint and lets the disk fail at its second pair; every
// checkpoint has two, the counts and the new keys.
func fail(e *engine.Engine) {
	left := 1
	e.BeginCheckpoint().Write(func([]byte, []byte) error {
		if left--; left < 0 {
			return context.Canceled
		}
		return nil
	})
}

func load(t *rapid.T, opt engine.Options, disk map[string][]byte) *engine.Engine {
	e := newEngine(t, opt)
	for _, k := range slices.Sorted(maps.Keys(disk)) {
		if err := e.Load([]byte(k), disk[k]); err != nil {
			t.Fatalf("load: %v", err)
		}
	}
	if err := e.Loaded(1); err != nil {
		t.Fatal(err)
	}
	return e
}

func sameAnswers(t *rapid.T, a, b *engine.Engine) {
	a.Refresh(context.Background())
	b.Refresh(context.Background())
	for _, q := range []engine.Query{
		{Kind: engine.Together, Product: "a", Count: 5},
		{Kind: engine.Basket, Products: []string{"a", "b"}, Count: 5},
		{Kind: engine.Similar, Product: "b", Count: 5},
		{Kind: engine.Trending, Window: engine.Week, Count: 5},
		{Kind: engine.Goods, Member: 1, Count: 5},
		{Kind: engine.Goods, Member: 2, Logic: engine.Discover, Store: "s1", Count: 5},
	} {
		var x, y engine.Answer
		a.Recommend(&q, math.MaxInt64, &x)
		b.Recommend(&q, math.MaxInt64, &y)
		for i := range max(len(x.Recomms), len(y.Recomms)) {
			if i >= len(x.Recomms) || i >= len(y.Recomms) || x.Recomms[i].Product.ID != y.Recomms[i].Product.ID {
				t.Fatalf("question %d: answers differ at %d:\n%+v\n%+v", q.Kind, i, x.Recomms, y.Recomms)
			}
		}
	}
	for member := range event.Token(5) {
		q := engine.OfferQuery{Member: member, Scenario: "test", Diversity: math.NaN(), RotationRate: math.NaN()}
		var x, y engine.OfferAnswer
		a.Offers(&q, 1_760_000_000_000, &x)
		b.Offers(&q, 1_760_000_000_000, &y)
		if !slices.Equal(rows(&x), rows(&y)) {
			t.Fatalf("offers of member %d differ:\n%+v\n%+v", member, rows(&x), rows(&y))
		}
	}
}

// TestSharesSumToScore asks everything with explain, after any history.
func TestSharesSumToScore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		evs := history(t)
		e := newEngine(t, engine.Options{})
		e.ApplyGroup(1, evs)
		e.Refresh(context.Background())
		kind := engine.Kind(rapid.IntRange(1, 5).Draw(t, "kind"))
		q := engine.Query{Kind: kind, Product: "a", Products: []string{"a", "c"}, Member: 1, Count: 10, Explain: true}
		var a engine.Answer
		e.Recommend(&q, math.MaxInt64, &a)
		for _, r := range a.Recomms {
			sum := 0.0
			for _, ev := range r.Evidence {
				sum += ev.Share
			}
			if math.Abs(sum-r.Score) > 1e-9 || r.Score <= 0 || len(r.Reasons) == 0 {
				t.Fatalf("%s: score %v, shares %v, %d reasons", r.Product.ID, r.Score, sum, len(r.Reasons))
			}
		}
	})
}
