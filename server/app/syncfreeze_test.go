package app

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"nabo/engine"
	"nabo/engine/event"
)

// frozenSyncs are syncs of an engine whose view somebody else has.
func frozenSyncs(t *testing.T) (*syncs, *engine.Frozen) {
	t.Helper()
	e, err := engine.New(engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	f, err := e.Freeze(event.At(time.Now()))
	if err != nil {
		t.Fatal(err)
	}
	return &syncs{engine: e, now: time.Now, began: time.Now()}, f
}

func TestSyncWaitsForTheView(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, taken := frozenSyncs(t)
		got := make(chan *engine.Frozen, 1)
		go func() {
			f, err := s.freeze(t.Context(), &receiver{})
			if err != nil {
				t.Error(err)
			}
			got <- f
		}()
		<-time.After(time.Minute)
		select {
		case <-got:
			t.Fatal("there are two views")
		default:
		}
		taken.Release()
		at := time.Now()
		f := <-got
		if waited := time.Since(at); waited > 2*freezeAgain {
			t.Errorf("it waited %v after the view was given back", waited)
		}
		f.Release()
	})
}

func TestSyncThatWaitsIsStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, taken := frozenSyncs(t)
		defer taken.Release()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := s.freeze(ctx, &receiver{}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("it ended with %v", err)
		}
	})
}

// TestViewsOfACoarseReceiver wants none of the second in which the process
// began, and no two of one second.
func TestViewsOfACoarseReceiver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, taken := frozenSyncs(t)
		taken.Release()
		r := &receiver{coarse: true}
		last := s.began.Unix()
		for range 3 {
			f, err := s.freeze(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			if at := f.Now().Time().Unix(); at != last+1 {
				t.Errorf("a view of second %d after %d, want the next one", at, last)
			} else {
				last = at
			}
			f.Release()
		}
	})
}
