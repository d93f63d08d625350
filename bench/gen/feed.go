package gen

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"nabo/engine/event"
)

// FeedOptions say how a shop is fed. The zero value feeds the history and ends.
type FeedOptions struct {
	// Batch is how many events are submitted at once at most; 0: 500.
	Batch int
	// From leaves out of the history what happened before it, for who has fed
	// that already; the catalogue is fed in any case. Zero: all.
	From time.Time
	// Speed keeps the customers shopping after the history, see Shop.Live; 0
	// ends with the history.
	Speed float64
	// Now is the clock that Speed needs; it may not be nil then.
	Now func() time.Time
	// Progress, if not nil, is told after each batch.
	Progress func(Progress)
}

// Progress is how far a feed has come.
type Progress struct {
	Events int       // fed so far
	At     time.Time // of the last of them
	Live   bool      // the history is through
}

// Feed hands a shop to submit in batches: its catalogue, its members and its
// history as fast as submit takes them, and then, at the pace of the clock,
// what its customers go on to do. It returns when the history is through, if
// Speed is 0, and else when ctx ends, with its error, or when submit fails. The
// batch is submit's until it returns.
func Feed(ctx context.Context, s *Shop, submit func(context.Context, []event.Event) error, opt FeedOptions) error {
	if opt.Batch == 0 {
		opt.Batch = 500
	}
	if opt.Speed != 0 && opt.Now == nil {
		return errors.New("feed a shop: Speed needs Now")
	}
	f := feeder{FeedOptions: opt, submit: submit, batch: make([]event.Event, 0, opt.Batch)}
	since := max(s.Since(), event.At(opt.From))
	for _, events := range []iter.Seq[*event.Event]{s.Catalogue(), s.Between(since, event.At(s.opt.Until))} {
		if err := f.feed(ctx, events); err != nil {
			return fmt.Errorf("feed a shop: %w", err)
		}
	}
	if opt.Speed == 0 {
		return nil
	}
	f.done.Live = true
	if err := f.feed(ctx, s.Live(max(since, event.At(s.opt.Until)), opt.Speed)); err != nil {
		return fmt.Errorf("feed a shop: %w", err)
	}
	return nil
}

// feeder gathers events into batches.
type feeder struct {
	FeedOptions
	submit func(context.Context, []event.Event) error
	batch  []event.Event
	done   Progress
}

// feed submits events; when live, none before its time.
func (f *feeder) feed(ctx context.Context, events iter.Seq[*event.Event]) error {
	for ev := range events {
		if f.done.Live {
			if err := f.await(ctx, ev.Time); err != nil {
				return err
			}
		}
		f.batch = append(f.batch, *ev)
		if len(f.batch) == cap(f.batch) {
			if err := f.flush(ctx); err != nil {
				return err
			}
		}
	}
	return f.flush(ctx)
}

// await returns at a moment, at once if it is past. What was gathered is
// submitted before the wait.
func (f *feeder) await(ctx context.Context, at event.Millis) error {
	for {
		ahead := at.Time().Sub(f.Now())
		if ahead <= 0 {
			return nil
		}
		if err := f.flush(ctx); err != nil {
			return err
		}
		timer := time.NewTimer(ahead)
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-timer.C:
		}
	}
}

// flush submits what was gathered.
func (f *feeder) flush(ctx context.Context) error {
	if err := ctx.Err(); err != nil || len(f.batch) == 0 {
		return err
	}
	if err := f.submit(ctx, f.batch); err != nil {
		return fmt.Errorf("submit %d events after %d: %w", len(f.batch), f.done.Events, err)
	}
	f.done.Events += len(f.batch)
	f.done.At = f.batch[len(f.batch)-1].Time.Time()
	f.batch = f.batch[:0]
	if f.Progress != nil {
		f.Progress(f.done)
	}
	return nil
}
