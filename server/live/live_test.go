package live

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func ofMember(m string) Question { return Question{Topic: Offers, Member: m} }

func TestAPurchaseMovesTheMembersListOnly(t *testing.T) {
	bubble(t, nil, func(r *rig) {
		r.world.known["ida"], r.world.known["bo"] = 1, 2
		r.world.lists["ida"], r.world.lists["bo"] = items("a", "b", "c"), items("x", "y")
		c := r.client()
		c.subscribe("i", ofMember("ida"))
		c.subscribe("b", ofMember("bo"))
		c.settled().wants("i", items("a", "b", "c"))
		c.wants("b", items("x", "y"))
		r.world.change(func() { r.world.lists["ida"] = items("c", "a", "d") })
		r.Note([]Change{{Cause: "receipt", Member: 1}})
		c.settled().wants("i", items("c", "a", "d"))
		c.wants("b", items("x", "y"))
		if !slices.Equal(c.causes, []string{"receipt"}) {
			t.Errorf("causes %v", c.causes)
		}
		if n := len(c.log); n != 3 {
			t.Errorf("%d frames, expected two snapshots and a delta", n)
		}
	})
}

func TestManyChangesBecomeOneDelta(t *testing.T) {
	bubble(t, nil, func(r *rig) {
		r.world.known["ida"] = 1
		r.world.lists["ida"] = items("a")
		c := r.client()
		c.subscribe("i", ofMember("ida"))
		c.settled()
		for i := range 100 {
			r.world.change(func() { r.world.lists["ida"] = items(fmt.Sprint(i), "a") })
			r.Note([]Change{{Cause: []string{"receipt", "view"}[i%2], Member: 1}})
			synctest.Wait()
		}
		pass(60 * time.Millisecond)
		c.settled().wants("i", items("99", "a"))
		if n := len(c.log); n != 3 {
			t.Errorf("%d frames, expected a snapshot, the first delta at once and one for all the others", n)
		}
		if last := c.causes[len(c.causes)-1]; last != several {
			t.Errorf("the cause of the last is %q", last)
		}
	})
}

func TestOtherScoresAloneAreNotSent(t *testing.T) {
	bubble(t, nil, func(r *rig) {
		r.world.known["ida"] = 1
		r.world.lists["ida"] = items("a", "b")
		c := r.client()
		c.subscribe("i", ofMember("ida"))
		c.settled()
		r.world.change(func() { r.world.lists["ida"] = []Item{{"a", 7, 1}, {"b", 6, 1}} })
		r.Note([]Change{{Cause: "view", Member: 1}})
		c.settled()
		r.world.change(func() { r.world.lists["ida"] = []Item{{"b", 8, 1}, {"a", 7, 2}} })
		r.Note([]Change{{Cause: "receipt", Member: 1}})
		pass(time.Second)
		c.settled().wants("i", []Item{{"b", 8, 1}, {"a", 7, 2}})
		if len(c.log) != 2 || c.lists["i"][0].Score != 8 {
			t.Errorf("got %d frames and the list %v", len(c.log), c.lists["i"])
		}
	})
}

func TestAnOfferThatEndsByTimeVanishes(t *testing.T) {
	bubble(t, nil, func(r *rig) {
		r.world.known["ida"] = 1
		r.world.lists["ida"] = items("a", "b")
		r.world.ends = time.Now().Add(3 * time.Second)
		c := r.client()
		c.subscribe("i", ofMember("ida"))
		c.settled()
		pass(3*time.Second - time.Millisecond)
		r.world.change(func() { r.world.lists["ida"], r.world.ends = items("b"), time.Time{} })
		c.settled().wants("i", items("a", "b"))
		pass(time.Millisecond)
		c.settled().wants("i", items("b"))
		if !slices.Equal(c.causes, []string{"time"}) {
			t.Errorf("causes %v", c.causes)
		}
	})
}

func TestAWithdrawnOfferLeavesAtOnceANewOneComesInTime(t *testing.T) {
	bubble(t, nil, func(r *rig) {
		c := r.client()
		for i := range 20 {
			m := fmt.Sprint("m", i)
			r.world.known[m], r.world.lists[m] = uint64(i+1), items("a", "b")
			c.subscribe(m, ofMember(m))
		}
		c.settled()
		r.world.change(func() {
			for i := range 20 {
				r.world.lists[fmt.Sprint("m", i)] = items("b", "new")
			}
			r.world.changed = []OfferChange{{"a", "offer.withdrawn"}}
		})
		r.Note([]Change{{Cause: "offer.withdrawn"}})
		c.settled()
		for i := range 20 {
			c.wants(fmt.Sprint("m", i), items("b", "new"))
		}
		if slices.ContainsFunc(c.causes, func(s string) bool { return s != "offer.withdrawn" }) {
			t.Errorf("causes %v", c.causes)
		}
		r.world.change(func() {
			for i := range 20 {
				r.world.lists[fmt.Sprint("m", i)] = items("newer", "b")
			}
			r.world.changed, r.world.all = []OfferChange{{"newer", "offer.published"}}, true
		})
		r.Note([]Change{{Cause: "offer.upserted"}})
		pass(time.Second) // nobody waits for it: one after the other
		c.settled()
		for i := range 20 {
			c.wants(fmt.Sprint("m", i), items("newer", "b"))
		}
	})
}

// However often all is to be asked again, that takes no longer than asking each
// once.
func TestManyPassesTakeNoLongerThanOne(t *testing.T) {
	const members = 100
	bubble(t, func(o *Options) { o.Subscriptions = members }, func(r *rig) {
		c := r.client()
		all := func(id string) {
			r.world.change(func() {
				for i := range members {
					r.world.lists[fmt.Sprint("m", i)] = items(id)
				}
				r.world.changed, r.world.all = []OfferChange{{id, "offer.published"}}, true
			})
			r.Note([]Change{{Cause: "offer.upserted"}})
			synctest.Wait()
		}
		for i := range members {
			m := fmt.Sprint("m", i)
			r.world.known[m], r.world.lists[m] = uint64(i+1), items("a")
			c.subscribe(m, ofMember(m))
			c.settled()
		}
		for range 1000 {
			all("b")
		}
		pass(time.Second)
		c.settled()
		all("c")
		pass(members*r.opt.Spacing + r.opt.OfferPace)
		c.settled()
		for i := range members {
			c.wants(fmt.Sprint("m", i), items("c"))
		}
	})
}

func TestAScanIsShownBeforeItIsDurableAndOnce(t *testing.T) {
	bubble(t, nil, func(r *rig) {
		r.world.known["ida"] = 1
		r.world.touching["milk"] = "o-milk"
		c := r.client()
		c.subscribe("b", Question{Topic: Basket, Session: 7, Member: "ida"})
		c.subscribe("n", Question{Topic: Nudges, Session: 7, Member: "ida"})
		c.settled()
		scan := r.Scan(7, "milk", false)
		c.read().wants("b", []Item{{ID: "goes-with-milk", Content: 1}})
		if !slices.Equal(c.nudged["n"], []Nudge{{"o-milk", "milk"}}) || c.log[2].Kind != NudgeFrame {
			t.Fatalf("nudged %v", c.nudged["n"])
		}
		before := len(c.log)
		scan.Settle(r.world.apply(7, "milk", false))
		r.Note([]Change{{Cause: "scan", Member: 1, Session: 7, Scanned: true}})
		pass(time.Second)
		c.settled().wants("b", []Item{{ID: "goes-with-milk", Content: 1}})
		out := r.Scan(7, "milk", true)
		c.read().wants("b", nil)
		out.Settle(0) // it was refused
		pass(time.Second)
		c.settled().wants("b", []Item{{ID: "goes-with-milk", Content: 1}})
		if n := len(c.log) - before; n != 2 {
			t.Errorf("%d more frames, expected the removal and its end", n)
		}
		if r.Scan(8, "milk", false) != nil {
			t.Error("a scan is kept that nobody watches")
		}
	})
}

func TestAScanWaitsForAFewQuestionsOnly(t *testing.T) {
	bubble(t, nil, func(r *rig) {
		c := r.client()
		const watchers = 30
		for i := range watchers {
			c.subscribe(fmt.Sprint("b", i), Question{Topic: Basket, Session: 7, Count: i + 1})
		}
		c.settled()
		const each = 10 * time.Millisecond
		r.world.change(func() { r.world.takes = each })
		begun := time.Now()
		r.Scan(7, "milk", false)
		if took := time.Since(begun); took != mostAsked*each {
			t.Errorf("it took %v, expected the time of %d questions", took, mostAsked)
		}
		pass(time.Second)
		c.settled()
		for i := range watchers {
			c.wants(fmt.Sprint("b", i), []Item{{ID: "goes-with-milk", Content: 1}})
		}
	})
}

func TestTrendingIsAskedOnceForAllAndOnceASecond(t *testing.T) {
	bubble(t, nil, func(r *rig) {
		r.world.lists["@"], r.world.lists["@s1"] = items("a"), items("b")
		var all []*client
		for range 10 {
			c := r.client()
			c.subscribe("t", Question{Topic: Trending})
			c.subscribe("s", Question{Topic: Trending, Store: "s1"})
			all = append(all, c.settled())
		}
		asked := r.world.asked
		for i := range 20 {
			r.world.change(func() { r.world.lists["@"] = items(fmt.Sprint(i), "a") })
			r.Note([]Change{{Cause: "receipt", Sales: true, Store: "s2"}})
			pass(100 * time.Millisecond)
		}
		pass(time.Second)
		for _, c := range all {
			c.settled().wants("t", items("19", "a"))
			c.wants("s", items("b"))
			if n := len(c.log); n < 4 || n > 5 {
				t.Errorf("%d frames in three seconds", n)
			}
		}
		if n := r.world.asked - asked; n > 4 {
			t.Errorf("asked %d times in three seconds for ten watchers", n)
		}
	})
}

func TestAPriceIsSentToWhoSeesIt(t *testing.T) {
	bubble(t, nil, func(r *rig) {
		r.world.lists["@"] = items("a")
		c := r.client()
		c.subscribe("t", Question{Topic: Trending})
		c.settled()
		asked := r.world.asked
		r.Note([]Change{{Cause: "price", Product: "other"}})
		synctest.Wait()
		if r.world.asked != asked {
			t.Error("asked for a price that nobody sees")
		}
		r.world.change(func() { r.world.lists["@"][0].Content = 2 })
		r.Note([]Change{{Cause: "price", Product: "a"}})
		c.settled().wants("t", []Item{{ID: "a", Content: 2}})
		if !slices.Equal(c.causes, []string{"price"}) {
			t.Errorf("causes %v", c.causes)
		}
	})
}

func TestAMemberBecomesKnown(t *testing.T) {
	bubble(t, nil, func(r *rig) {
		r.world.lists["ida"] = items("popular")
		c := r.client()
		c.subscribe("i", ofMember("ida"))
		c.settled()
		r.world.change(func() { r.world.known["ida"], r.world.lists["ida"] = 5, items("hers") })
		pass(1100 * time.Millisecond)
		c.settled().wants("i", items("hers"))
		r.world.change(func() { r.world.lists["ida"] = items("hers", "too") })
		r.Note([]Change{{Cause: "receipt", Member: 5}})
		c.settled().wants("i", items("hers", "too"))
	})
}

func TestAQuestionThatPanicsBlocksNobody(t *testing.T) {
	bubble(t, nil, func(r *rig) {
		r.world.known["ida"], r.world.lists["ida"] = 1, items("a")
		c, other := r.client(), r.client()
		r.world.change(func() { r.world.panics = true })
		func() {
			defer func() {
				if recover() == nil {
					t.Error("the question did not panic")
				}
			}()
			c.subscribe("i", ofMember("ida"))
		}()
		r.world.change(func() { r.world.panics = false })
		w := r.watches[ofMember("ida")]
		if !w.mu.TryLock() {
			t.Fatal("the watch is locked for ever")
		}
		w.mu.Unlock()
		other.subscribe("i", ofMember("ida"))
		other.settled().wants("i", items("a"))
	})
}

func TestTooManyChangesAreAskedForAgain(t *testing.T) {
	bubble(t, func(o *Options) { o.Changes = 10 }, func(r *rig) {
		r.world.known["ida"], r.world.lists["ida"], r.world.lists["@"] = 1, items("a"), items("t")
		c := r.client()
		c.subscribe("i", ofMember("ida"))
		c.subscribe("t", Question{Topic: Trending})
		c.subscribe("e", Question{Topic: Events})
		c.settled()
		r.world.change(func() { r.world.lists["ida"], r.world.lists["@"] = items("b"), items("u") })
		r.Note(make([]Change, 11))
		pass(time.Second)
		c.settled().wants("i", items("b"))
		c.wants("t", items("u"))
		if !slices.ContainsFunc(c.log, func(f wireFrame) bool { return f.Kind == Resync && f.Ref == "e" && string(f.Data) == "restart" }) {
			t.Error("who watches events was not told that some are missing")
		}
		if r.Stats().Lost != 1 {
			t.Errorf("stats %+v", r.Stats())
		}
	})
}

func TestEventsAreShownAndCounted(t *testing.T) {
	bubble(t, nil, func(r *rig) {
		c := r.client()
		c.subscribe("all", Question{Topic: Events})
		c.subscribe("some", Question{Topic: Events, Types: 1 << 3})
		c.settled()
		var changes []Change
		for i := range 80 {
			changes = append(changes, Change{Type: 1 << (i % 4), Tail: fmt.Appendf(nil, `"%d"`, i)})
		}
		r.Note(changes)
		c.settled()
		if n := len(c.events["all"]); n != shownBurst {
			t.Errorf("%d events at once", n)
		}
		if n := len(c.events["some"]); n != 20 {
			t.Errorf("%d events of one type", n)
		}
		pass(time.Second)
		r.Note(changes[:1])
		c.settled()
		last := c.log[len(c.log)-1]
		if last.Skipped != 30 || string(last.Data) != `"0"` {
			t.Errorf("the next is %+v", last)
		}
	})
}

func TestOptions(t *testing.T) {
	good := Options{Source: newWorld(), Encode: encode, Name: func() string { return "" }, Now: time.Now}
	for says, change := range map[string]func(*Options){
		"Source": func(o *Options) { o.Source = nil }, "Encode": func(o *Options) { o.Encode = nil }, "Name": func(o *Options) { o.Name = nil },
		"Now": func(o *Options) { o.Now = nil }, "bound": func(o *Options) { o.Queue = -1 }, "time": func(o *Options) { o.Slow = -1 },
	} {
		opt := good
		change(&opt)
		if _, err := New(opt); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", says, err)
		}
	}
}
