package gate

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"nabo/engine/event"
)

func TestErasure(t *testing.T) {
	bubble(t, nil, func(t *testing.T, r *rig) {
		r.submit(receipt("r1", "m", "x"))
		res := r.submit(receipt("r2", "m", "x"), erased("e", "m"), receipt("r3", "m", "x"))
		if verdicts(res) != "AAA" {
			t.Fatal(verdicts(res))
		}
		var members []event.Token
		for _, ev := range r.log.all() {
			members = append(members, ev.Member)
		}
		if !slices.Equal(members, []event.Token{1, 1, 1, 2}) {
			t.Errorf("tokens %v: what follows an erasure must be somebody new", members)
		}
		if st := r.Stats(); st.Forgotten != 1 || st.Accepted != 4 {
			t.Errorf("%+v", st)
		}
	})
}

// A member who first comes in the group that erases them.
func TestErasureOfSomebodyNew(t *testing.T) {
	bubble(t, nil, func(t *testing.T, r *rig) {
		r.submit(receipt("r", "m", "x"), erased("e", "m"))
		got := r.log.all()
		if len(got) != 2 || got[0].Member != 1 || got[1].Member != 1 || len(r.tokens.m) != 0 {
			t.Errorf("%+v, tokens %v", got, r.tokens.m)
		}
	})
}

func TestErasureOfNobody(t *testing.T) {
	bubble(t, nil, func(t *testing.T, r *rig) {
		if res := r.submit(erased("e", "m")); verdicts(res) != "A" || res.Seq != 0 {
			t.Errorf("%+v", res)
		}
		if res := r.submit(view("v", ""), merged("g", "m", "n")); verdicts(res) != "AA" || res.Seq != 1 {
			t.Errorf("%+v", res)
		}
		if res := r.submit(view("w", "n2"), merged("g2", "m", "n2")); verdicts(res) != "AA" || res.Seq != 2 {
			t.Errorf("%+v", res)
		}
		if len(r.tokens.m) != 1 || len(r.log.all()) != 2 {
			t.Errorf("tokens %v, %d events", r.tokens.m, len(r.log.all()))
		}
	})
}

func TestMerging(t *testing.T) {
	bubble(t, nil, func(t *testing.T, r *rig) {
		r.submit(receipt("r", "old", "x"))
		r.submit(merged("g", "old", "new"), receipt("r2", "new", "x"), receipt("r3", "old", "x"))
		got := r.log.all()
		if got[1].Member != 1 || got[1].Body.(*event.MemberMerged).Into != 2 || got[2].Member != 2 || got[3].Member != 3 {
			t.Errorf("tokens %d into %d, then %d and %d", got[1].Member, got[1].Body.(*event.MemberMerged).Into, got[2].Member, got[3].Member)
		}
	})
}

// An erasure that is in the log but whose id could not be forgotten holds all
// until it is.
func TestForgettingFails(t *testing.T) {
	bubble(t, nil, func(t *testing.T, r *rig) {
		r.submit(view("v", "m"))
		r.tokens.failWith(errors.New("disk full"))
		for range 2 {
			if _, err := r.Submit(t.Context(), []event.Event{erased("e", "m")}); err == nil || !strings.Contains(err.Error(), "disk full") {
				t.Errorf("erase: %v", err)
			}
		}
		if _, err := r.Submit(t.Context(), []event.Event{view("w", "")}); err == nil {
			t.Error("somebody was admitted with an erasure open")
		}
		r.tokens.failWith(nil)
		if res := r.submit(erased("e", "m")); verdicts(res) != "D" || len(r.tokens.m) != 0 || r.Stats().Forgotten != 1 {
			t.Errorf("%+v, tokens %v", res, r.tokens.m)
		}
	})
}

func TestNewRefuses(t *testing.T) {
	if _, err := New(Options{}); err == nil {
		t.Error("a gate without a log")
	}
	l, tk, a := &fakeLog{}, &fakeTokens{}, &fakeApplied{}
	if _, err := New(Options{Log: l, Tokens: tk, Applied: a, Queue: -1}); err == nil || !strings.Contains(err.Error(), "Queue") {
		t.Errorf("a negative queue: %v", err)
	}
}
