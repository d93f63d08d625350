package gen

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"nabo/engine/event"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestFeedHistory(t *testing.T) {
	s := newShop(t, Options{Members: 100, Days: 3})
	want := 0
	for range s.Events() {
		want++
	}
	got, largest := 0, 0
	err := Feed(t.Context(), s, func(_ context.Context, batch []event.Event) error {
		got += len(batch)
		largest = max(largest, len(batch))
		return nil
	}, FeedOptions{Batch: 64})
	if err != nil || got != want || largest != 64 {
		t.Errorf("fed %d events in batches of up to %d, error %v; want %d in 64", got, largest, err, want)
	}
}

func TestFeedLiveKeepsTheClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, Options{Members: 200, Days: 1, Until: time.Now()})
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		live := 0
		err := Feed(ctx, s, func(_ context.Context, batch []event.Event) error {
			for i := range batch {
				if behind := time.Since(batch[i].Time.Time()); behind < 0 {
					t.Errorf("%s fed %v before its time", batch[i].ID, -behind)
				} else if batch[i].Time >= event.At(s.Options().Until) {
					live++
					if behind > time.Second {
						t.Errorf("%s fed %v after its time", batch[i].ID, behind)
					}
				}
			}
			return nil
		}, FeedOptions{Speed: 50, Now: time.Now})
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v, want the context's", err)
		}
		if live < 50 {
			t.Errorf("%d events in an hour", live)
		}
	})
}

func TestFeedStopsWhenSubmitFails(t *testing.T) {
	full := errors.New("full")
	calls := 0
	err := Feed(t.Context(), newShop(t, Options{}), func(context.Context, []event.Event) error {
		calls++
		return full
	}, FeedOptions{})
	if !errors.Is(err, full) || calls != 1 {
		t.Errorf("error %v after %d calls", err, calls)
	}
}

func TestFeedFrom(t *testing.T) {
	s := newShop(t, Options{Members: 100, Days: 3})
	from := s.Options().Until.Add(-time.Hour * 24)
	err := Feed(t.Context(), s, func(_ context.Context, batch []event.Event) error {
		for i := range batch {
			if batch[i].Type == event.TypeReceipt && batch[i].Time < event.At(from) {
				t.Errorf("%s was fed", batch[i].ID)
			}
		}
		return nil
	}, FeedOptions{From: from})
	if err != nil {
		t.Error(err)
	}
}
