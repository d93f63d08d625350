package gate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"nabo/engine/event"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestAdmittedForm(t *testing.T) {
	bubble(t, nil, func(t *testing.T, r *rig) {
		ret := receipt("r2", "m-42", "x")
		ret.Source, ret.SessionID = "pos/17", "s1"
		ret.Body.(*event.Receipt).OriginalID = "r1"
		cart := event.Event{Type: event.TypeCart, ID: "c", SessionID: "s1", Body: &event.Cart{CartID: "s1", Action: event.ActionAdd, Lines: []event.Line{{Product: "a", Qty: 1}}}}
		res := r.submit(ret, view("", ""), cart)
		if verdicts(res) != "AAA" || res.Seq != 1 {
			t.Fatalf("%+v", res)
		}
		got := r.log.all()
		now := event.At(time.Now())
		first := got[0]
		if first.Key != event.KeyOf("pos/17", "r2") || first.Member != 1 || first.Session != event.HashID("s1") ||
			first.Received != now || first.Time != at || first.Body.(*event.Receipt).Original != event.KeyOf("pos/17", "r1") {
			t.Errorf("receipt %+v %+v", first, first.Body)
		}
		if v := got[1]; v.Time != now || v.Key == 0 || v.Member != 0 || v.Session != 0 {
			t.Errorf("view %+v", v)
		}
		if c := got[2].Body.(*event.Cart); c.Cart != event.HashID("s1") {
			t.Errorf("cart %+v", c)
		}
	})
}

func TestRejectedAreToldAndTheRestIsTaken(t *testing.T) {
	bubble(t, func(o *Options) { o.MaxBytes = 2_000 }, func(t *testing.T, r *rig) {
		late := view("late", "")
		late.Time = event.At(time.Now().Add(2 * day))
		many := receipt("big", "")
		for range 300 {
			many.Body.(*event.Receipt).Lines = append(many.Body.(*event.Receipt).Lines, event.Line{Product: "product", Qty: 1})
		}
		res := r.submit(view("a", ""), late, receipt("", "", "x"), many)
		if verdicts(res) != "ARAR" || len(r.log.all()) != 2 {
			t.Fatalf("%+v", res)
		}
		if p := res.Outcomes[1].Err.Pointer; p != "/time" {
			t.Errorf("pointer %s", p)
		}
		if d := res.Outcomes[3].Err.Detail; !strings.Contains(d, "is too large") {
			t.Errorf("detail %s", d)
		}
		if none := r.submit(late); verdicts(none) != "R" || none.Seq != 0 {
			t.Errorf("%+v", none)
		}
		if st := r.Stats(); st.Accepted != 2 || st.Rejected != 3 || st.Groups != 1 {
			t.Errorf("%+v", st)
		}
	})
}

func TestDuplicates(t *testing.T) {
	bubble(t, nil, func(t *testing.T, r *rig) {
		if res := r.submit(view("a", ""), view("a", ""), view("b", "")); verdicts(res) != "ADA" {
			t.Errorf("within a request: %s", verdicts(res))
		}
		if res := r.submit(view("a", "")); verdicts(res) != "D" || res.Seq != 1 {
			t.Errorf("in the log, not applied: %+v", res)
		}
		r.applied.apply(r.log)
		r.submit(view("c", "")) // sweeps
		if n := r.Stats().InFlight; n != 1 {
			t.Errorf("%d keys in flight", n)
		}
		if res := r.submit(view("a", "")); verdicts(res) != "D" || res.Seq != 0 {
			t.Errorf("applied: %+v", res)
		}
		if res := r.submit(view("", ""), view("", "")); verdicts(res) != "AA" {
			t.Errorf("without id: %s", verdicts(res))
		}
		if st := r.Stats(); st.Duplicates != 3 || st.Accepted != 5 {
			t.Errorf("%+v", st)
		}
	})
}

// Equal receipts of one request count each; the request sent again is known.
func TestEqualReceiptsOfOneRequest(t *testing.T) {
	bubble(t, nil, func(t *testing.T, r *rig) {
		request := func() []event.Event {
			return []event.Event{receipt("", "", "x"), receipt("", "", "x"), receipt("", "", "y"), receipt("", "", "x")}
		}
		if res := r.submit(request()...); verdicts(res) != "AAAA" {
			t.Errorf("first: %s", verdicts(res))
		}
		if res := r.submit(request()...); verdicts(res) != "DDDD" {
			t.Errorf("again: %s", verdicts(res))
		}
		one := [][]event.Event{{receipt("", "", "z")}, {receipt("", "", "z")}}
		results, err := r.SubmitEach(t.Context(), one)
		if err != nil || verdicts(results[0])+verdicts(results[1]) != "AD" {
			t.Errorf("two requests: %+v, %v", results, err)
		}
	})
}

// While an append is under way, what comes is gathered into one group.
func TestGroupsWhileAppending(t *testing.T) {
	bubble(t, nil, func(t *testing.T, r *rig) {
		r.log.hold = make(chan error)
		var all []*pending
		for i := range 100 {
			all = append(all, r.begin(view(fmt.Sprint(i), "m")))
		}
		for range 3 { // one is appended, one is sealed, one fills
			r.log.hold <- nil
			synctest.Wait()
		}
		for i, p := range all {
			if !p.done || p.err != nil || verdicts(p.res) != "A" {
				t.Fatalf("submission %d: %+v", i, p)
			}
		}
		var sizes []int
		for _, gr := range r.log.groups {
			sizes = append(sizes, len(gr))
		}
		if !slices.Equal(sizes, []int{1, 1, 98}) || r.tokens.assigns != 3 {
			t.Errorf("groups of %v, %d assigns", sizes, r.tokens.assigns)
		}
	})
}

func TestLargeSubmissionIsSplit(t *testing.T) {
	bubble(t, func(o *Options) { o.MaxEvents, o.MaxBytes = 10, 900 }, func(t *testing.T, r *rig) {
		var evs []event.Event
		for i := range 95 {
			evs = append(evs, receipt(fmt.Sprint(i), "", "some product", "another product"))
		}
		res := r.submit(evs...)
		if verdicts(res) != strings.Repeat("A", 95) || int(res.Seq) != len(r.log.groups) || len(r.log.groups) < 10 {
			t.Errorf("seq %d, %d groups", res.Seq, len(r.log.groups))
		}
		if r.log.largest > 900 || len(r.log.all()) != 95 {
			t.Errorf("the largest group has %d bytes; %d events", r.log.largest, len(r.log.all()))
		}
	})
}

// A duplicate of what is in flight is answered when the first is durable.
func TestDuplicateWaitsForTheFirst(t *testing.T) {
	bubble(t, nil, func(t *testing.T, r *rig) {
		r.log.hold = make(chan error)
		first := r.begin(view("a", ""))
		second := r.begin(view("a", ""))
		if first.done || second.done {
			t.Fatal("answered before it was durable")
		}
		r.log.hold <- nil
		synctest.Wait()
		if !first.done || !second.done || verdicts(second.res) != "D" || second.res.Seq != 1 || r.log.calls != 1 {
			t.Errorf("second %+v, %d appends", second, r.log.calls)
		}
	})
}

func TestDuplicateFailsWithTheFirst(t *testing.T) {
	bubble(t, nil, func(t *testing.T, r *rig) {
		r.log.hold = make(chan error)
		first := r.begin(view("a", ""))
		second := r.begin(view("a", ""), view("b", ""))
		third := r.begin(view("c", ""))
		broken := errors.New("disk full")
		r.log.hold <- broken
		synctest.Wait()
		if !errors.Is(first.err, broken) || second.done {
			t.Errorf("first %+v, second %+v", first, second)
		}
		r.log.hold <- nil // b
		r.log.hold <- nil // c: b was being sealed when it came
		synctest.Wait()
		if !errors.Is(second.err, broken) || third.err != nil || verdicts(third.res) != "A" {
			t.Errorf("second %+v, third %+v", second, third)
		}
		again := r.begin(view("a", ""), view("b", ""))
		r.log.hold <- nil
		synctest.Wait()
		if again.err != nil || verdicts(again.res) != "AD" {
			t.Errorf("again %+v", again)
		}
		if st := r.Stats(); st.Failed != 1 || st.Groups != 3 {
			t.Errorf("%+v", st)
		}
	})
}

func TestTokensFailing(t *testing.T) {
	bubble(t, nil, func(t *testing.T, r *rig) {
		r.tokens.failWith(errors.New("read-only disk"))
		if _, err := r.Submit(t.Context(), []event.Event{view("a", "m")}); err == nil || !strings.Contains(err.Error(), "read-only disk") {
			t.Errorf("submit: %v", err)
		}
		r.submit(view("b", "")) // nobody: no token is needed
		r.tokens.failWith(nil)
		if res := r.submit(view("a", "m")); verdicts(res) != "A" {
			t.Errorf("%+v", res)
		}
	})
}

func TestQueueFull(t *testing.T) {
	bubble(t, func(o *Options) { o.Queue, o.MaxEvents = 2, 1 }, func(t *testing.T, r *rig) {
		r.log.hold = make(chan error)
		var all []*pending
		for i := range 6 { // one in the log's hands, one sealed, one filled, one in hand, two queued
			all = append(all, r.begin(view(fmt.Sprint(i), "")))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := r.Submit(ctx, []event.Event{view("x", "")})
		var full *QueueFullError
		if !errors.As(err, &full) || full.Queue != 2 || !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("submit: %v", err)
		}
		if st := r.Stats(); st.Queue != 2 {
			t.Errorf("%+v", st)
		}
		for range all {
			r.log.hold <- nil
		}
		synctest.Wait()
		for i, p := range all {
			if p.err != nil || !p.done {
				t.Errorf("submission %d: %+v", i, p)
			}
		}
		if len(r.log.all()) != 6 {
			t.Errorf("%d events in the log", len(r.log.all()))
		}
	})
}

func TestContextEndsWhileAppending(t *testing.T) {
	bubble(t, nil, func(t *testing.T, r *rig) {
		r.log.hold = make(chan error)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := r.Submit(ctx, []event.Event{view("a", "")}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("submit: %v", err)
		}
		r.log.hold <- nil
		synctest.Wait()
		if res := r.submit(view("a", "")); verdicts(res) != "D" {
			t.Errorf("the same again: %+v", res)
		}
	})
}

func TestStopFinishesWhatWasTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.log.hold = make(chan error)
		var all []*pending
		for i := range 5 {
			all = append(all, r.begin(view(fmt.Sprint(i), "")))
		}
		go func() {
			for range 3 {
				r.log.hold <- nil
			}
		}()
		r.stop()
		synctest.Wait()
		for i, p := range all {
			if !p.done || p.err != nil {
				t.Errorf("submission %d: %+v", i, p)
			}
		}
		if _, err := r.Submit(t.Context(), []event.Event{view("x", "")}); !errors.Is(err, ErrStopped) {
			t.Errorf("after the stop: %v", err)
		}
		if err := r.Run(t.Context()); err == nil {
			t.Error("Run ran twice")
		}
	})
}

// The gate waits while the engine is too far behind.
func TestWaitsForTheEngine(t *testing.T) {
	bubble(t, func(o *Options) { o.MaxInFlight = 3 }, func(t *testing.T, r *rig) {
		r.submit(view("a", ""), view("b", ""), view("c", ""))
		late := r.begin(view("d", ""))
		<-time.After(time.Second) // the bubble's
		synctest.Wait()
		if late.done || r.log.calls != 1 {
			t.Fatalf("%+v", late)
		}
		r.applied.apply(r.log)
		<-time.After(2 * lookAgain)
		synctest.Wait()
		if !late.done || late.err != nil {
			t.Errorf("%+v", late)
		}
	})
}

func TestSweepWithoutPosition(t *testing.T) {
	bubble(t, func(o *Options) { o.Position = nil }, func(t *testing.T, r *rig) {
		r.submit(view("a", ""), view("b", ""))
		r.applied.apply(r.log)
		r.submit(view("c", ""))
		if n := r.Stats().InFlight; n != 1 {
			t.Errorf("%d in flight", n)
		}
	})
}
