package live

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestASlowClientIsToldAndClosedAndOthersAreNot(t *testing.T) {
	bubble(t, func(o *Options) { o.Queue = 4 }, func(r *rig) {
		r.world.known["ida"], r.world.lists["ida"] = 1, items("a")
		slowOne, quick := r.client(), r.client()
		for _, c := range []*client{slowOne, quick} {
			c.subscribe("i", ofMember("ida"))
			c.subscribe("e", Question{Topic: Events})
			c.settled()
		}
		begun := time.Now()
		for i := range 100 {
			r.world.change(func() { r.world.lists["ida"] = items(fmt.Sprint(i)) })
			r.Note([]Change{{Cause: "receipt", Member: 1, Tail: []byte(`"e"`)}})
			pass(100 * time.Millisecond)
			quick.settled().wants("i", items(fmt.Sprint(i)))
			if slowOne.wire.closed() != 0 {
				break
			}
		}
		if slowOne.wire.closed() != TooSlow {
			t.Fatal("the slow one was not closed")
		}
		if after := time.Since(begun); after < 5*time.Second || after > 7*time.Second {
			t.Errorf("it was closed after %v", after)
		}
		if len(quick.events["e"]) < 50 || quick.wire.closed() != 0 {
			t.Errorf("the quick one has %d events and was closed with %d", len(quick.events["e"]), quick.wire.closed())
		}
		// What waits for it now, and no more: it is being closed.
		for _, f := range slowOne.session.Take(slowOne.wire, nil) {
			slowOne.frame(f)
		}
		var resyncs []string
		for _, f := range slowOne.log {
			if f.Kind == Resync {
				resyncs = append(resyncs, f.Ref+" "+string(f.Data))
			}
		}
		if !slices.Equal(resyncs, []string{"e slow", "i slow"}) {
			t.Errorf("it was told %v", resyncs)
		}
		slowOne.session.Leave(slowOne.wire)
		if !slowOne.resume() {
			t.Fatal("it cannot come back")
		}
		pass(time.Second) // a resync may come before its snapshot
		slowOne.settled().wants("i", []Item{{ID: quick.lists["i"][0].ID, Content: 1}})
	})
}

func TestAnswersWaitForRoom(t *testing.T) {
	bubble(t, func(o *Options) { o.Queue = 2 }, func(r *rig) {
		c := r.client()
		c.session.Answer([]byte("!1"))
		entered := make(chan bool, 1)
		never := make(chan struct{})
		go func() { entered <- c.session.Room(never) }()
		synctest.Wait()
		select {
		case <-entered:
			t.Fatal("there was room")
		default:
		}
		c.read()
		if !<-entered {
			t.Fatal("no room after reading")
		}
		c.session.Answer([]byte("!2"))
		c.session.Answer([]byte("!3"))
		gone := make(chan struct{})
		go func() { entered <- c.session.Room(gone) }()
		synctest.Wait()
		close(gone)
		if <-entered {
			t.Fatal("room, though the connection is gone")
		}
	})
}

func TestResume(t *testing.T) {
	bubble(t, nil, func(r *rig) {
		r.world.known["ida"], r.world.lists["ida"] = 1, items("a")
		c := r.client()
		c.subscribe("i", ofMember("ida"))
		c.settled()
		buy := func(id string) {
			r.world.change(func() { r.world.lists["ida"] = items(id, "a") })
			r.Note([]Change{{Cause: "receipt", Member: 1}})
			pass(60 * time.Millisecond)
			synctest.Wait()
		}
		buy("b")
		c.session.Take(c.wire, nil) // on its way when the connection breaks
		c.session.Leave(c.wire)
		asked := r.world.asked
		buy("c")
		buy("d")
		if r.world.asked != asked {
			t.Error("asked for somebody who is not there")
		}
		pass(time.Minute)
		if !c.resume() {
			t.Fatal("the session is gone")
		}
		c.settled().wants("i", items("d", "a"))
		if n := len(c.log); n != 3 || c.plain[len(c.plain)-1] != "!resumed" {
			t.Errorf("%d frames, expected the snapshot, the lost delta and one for the rest; %v", n, c.plain)
		}
		before := c.wire
		if !c.resume() || before.closed() != Replaced {
			t.Errorf("the older connection was closed with %d", before.closed())
		}
		if got := c.session.Take(before, nil); got != nil {
			t.Errorf("the older connection still takes %q", got)
		}
		c.session.Leave(before) // late: it must not end what goes on
		buy("e")
		c.settled().wants("i", items("e", "a"))
		c.session.Leave(c.wire)
		pass(2*time.Minute + 2*time.Second)
		if c.resume() {
			t.Error("the session is kept for ever")
		}
		if s := r.Stats(); s.Sessions != 0 || s.Subscriptions != 0 || s.Watches != 0 {
			t.Errorf("left behind: %+v", s)
		}
	})
}

// Who ends a session has looked at it before: a client may have come back since.
func TestWhatIsResumedIsNotEnded(t *testing.T) {
	bubble(t, nil, func(r *rig) {
		r.world.known["ida"], r.world.lists["ida"] = 1, items("a")
		c := r.client()
		c.subscribe("i", ofMember("ida"))
		c.settled()
		c.session.Leave(c.wire)
		if !c.resume() {
			t.Fatal("the session is gone")
		}
		c.session.end()
		r.world.change(func() { r.world.lists["ida"] = items("b") })
		r.Note([]Change{{Cause: "receipt", Member: 1}})
		pass(60 * time.Millisecond)
		c.settled().wants("i", items("b"))
		c.session.Leave(c.wire)
		c.session.end()
		if s := r.Stats(); c.resume() || s.Sessions != 0 || s.Subscriptions != 0 || s.Watches != 0 {
			t.Errorf("left behind: %+v", s)
		}
	})
}

// An offer may be withdrawn while nobody is connected: a nudge that was not seen is
// told only if it still holds, and nothing else begins anew for it.
func TestANudgeIsToldAgainOnlyIfItHolds(t *testing.T) {
	bubble(t, nil, func(r *rig) {
		r.world.known["ida"], r.world.lists["ida"] = 1, items("a")
		r.world.touching["milk"], r.world.touching["bread"] = "o-milk", "o-bread"
		c := r.client()
		c.subscribe("i", ofMember("ida"))
		c.subscribe("n", Question{Topic: Nudges, Session: 7, Member: "ida"})
		c.settled()
		r.Scan(7, "milk", false)
		r.Scan(7, "bread", false)
		c.session.Take(c.wire, nil) // on its way when the connection breaks
		c.session.Leave(c.wire)
		r.world.change(func() { delete(r.world.touching, "milk") })
		if !c.resume() {
			t.Fatal("the session is gone")
		}
		pass(time.Second)
		c.settled().wants("i", items("a"))
		if got := c.nudged["n"]; !slices.Equal(got, []Nudge{{"o-bread", "bread"}}) {
			t.Errorf("nudged %v", got)
		}
		for _, f := range c.log {
			if f.Kind == Resync && f.Ref != "n" || f.Kind == NudgeFrame && strings.Contains(string(f.Data), "milk") {
				t.Errorf("got %+v", f)
			}
		}
		seen := len(c.log)
		if c.resume(); len(c.settled().log) != seen {
			t.Errorf("nudges that were seen are told again: %+v", c.log[seen:])
		}
	})
}

func TestResumePastTheWindow(t *testing.T) {
	for _, kept := range []func(*Options){
		func(o *Options) { o.Window = 3 }, func(o *Options) { o.WindowBytes = 600 }, func(o *Options) { o.FrameBytes = 10 },
		func(o *Options) { o.Windows = 600 },
	} {
		bubble(t, kept, func(r *rig) {
			r.world.known["ida"], r.world.lists["ida"] = 1, items("a")
			c := r.client()
			c.subscribe("i", ofMember("ida"))
			c.subscribe("e", Question{Topic: Events})
			c.settled()
			for i := range 6 {
				r.world.change(func() { r.world.lists["ida"] = items(fmt.Sprint(i)) })
				r.Note([]Change{{Cause: "receipt", Member: 1, Tail: []byte(`"e"`)}})
				pass(60 * time.Millisecond)
				synctest.Wait()
				c.session.Take(c.wire, nil)
			}
			c.session.Leave(c.wire)
			c.resume()
			c.settled().wants("i", items("5"))
			resyncs := 0
			for _, f := range c.log {
				if f.Kind == Resync && string(f.Data) == "window" {
					resyncs++
				}
			}
			if resyncs != 2 {
				t.Errorf("%d resyncs, expected one for each subscription", resyncs)
			}
		})
	}
}

func TestTheWindowsOfAllAreBounded(t *testing.T) {
	const most = 2000
	bubble(t, func(o *Options) { o.Windows = most }, func(r *rig) {
		r.world.lists["@"] = items("a")
		var all []*client
		for range 10 {
			c := r.client()
			c.subscribe("t", Question{Topic: Trending})
			all = append(all, c.settled())
		}
		for i := range 20 {
			r.world.change(func() { r.world.lists["@"] = items(fmt.Sprint(i)) })
			r.Note([]Change{{Cause: "receipt", Sales: true}})
			pass(time.Second)
			synctest.Wait()
			if n := r.Stats().WindowBytes; n == 0 || n > most {
				t.Fatalf("%d bytes are kept, expected 1 to %d", n, most)
			}
		}
		for _, c := range all {
			c.session.Leave(c.wire)
			if !c.resume() {
				t.Fatal("the session is gone")
			}
			pass(time.Second)
			c.settled().wants("t", items("19"))
			c.session.Leave(c.wire)
		}
		pass(3 * time.Minute)
		if s := r.Stats(); s.Sessions != 0 || s.WindowBytes != 0 {
			t.Errorf("left behind: %+v", s)
		}
	})
}

func TestSubscriptionsAreBounded(t *testing.T) {
	bubble(t, func(o *Options) { o.Subscriptions = 2; o.Kept = 1 }, func(r *rig) {
		c := r.client()
		c.subscribe("1", Question{Topic: Events})
		if err := c.session.Subscribe("1", Question{Topic: Trending}); !errors.Is(err, ErrTaken) {
			t.Errorf("the same name again: %v", err)
		}
		c.subscribe("2", Question{Topic: Trending})
		if err := c.session.Subscribe("3", Question{Topic: Trending}); !errors.Is(err, ErrTooManySubscriptions) {
			t.Errorf("one too many: %v", err)
		}
		if err := c.session.Unsubscribe("3"); !errors.Is(err, ErrUnknown) {
			t.Errorf("an unknown one: %v", err)
		}
		if err := c.session.Unsubscribe("2"); err != nil || r.Stats().Subscriptions != 1 {
			t.Errorf("%v, %+v", err, r.Stats())
		}
		c.session.Leave(c.wire)
		pass(time.Second)
		second := r.client()
		second.subscribe("1", Question{Topic: Events})
		second.session.Leave(second.wire)
		pass(2 * time.Second)
		if c.resume() || !second.resume() {
			t.Error("of two that left, the one that left last is not the one that is kept")
		}
		nobody := r.client()
		nobody.session.Leave(nobody.wire)
		if nobody.resume() {
			t.Error("a session that watches nothing is kept")
		}
	})
}
