package engine_test

import (
	"math/rand/v2"
	"sync"
	"testing"

	"nabo/engine/event"
)

// TestLooksBesideTheWriter draws, searches and looks at what was kept over time
// while everything changes and checkpoints are written. The race detector looks
// on.
func TestLooksBesideTheWriter(t *testing.T) {
	e := crowded(t)
	now := event.Millis(1_750_000_000_000 + 6_000_000)
	var all sync.WaitGroup
	done := make(chan struct{})
	beside := func(step func(i int)) {
		all.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-done:
					return
				default:
					step(i)
				}
			}
		})
	}
	beside(func(i int) {
		checkDrawing(t, e.DrawWhole(100, now))
		checkDrawing(t, e.DrawMember(event.Token(i%300), 20, now))
		if d, ok := e.DrawProduct("7", 20, 1+i%2, now); ok {
			checkDrawing(t, d)
		}
	})
	beside(func(i int) {
		e.FindProducts("1", "", 5, now)
		found := e.FindOffers("o1")
		for _, o := range e.OfferList() {
			if days := e.OfferDays(o.Slot); len(days) > 0 && found(o) {
				e.LeaningTowards(o, now)
			}
		}
		e.SoldOf("7", now)
		e.ScenarioVersions("")
		e.Stats()
	})
	rng := rand.New(rand.NewPCG(7, 8))
	var writing sync.WaitGroup
	for i := range 400 {
		ev := upset(rng)
		ev.Key, ev.Received = rng.Uint64(), now
		ev.Time = now - event.Millis(rng.IntN(1000))*3600*100
		e.ApplyGroup(uint64(2+i), []event.Event{ev})
		if i%20 == 0 {
			writing.Wait()
			c := e.BeginCheckpoint()
			writing.Go(func() {
				if err := c.Write(func(_, _ []byte) error { return nil }); err != nil {
					t.Error(err)
				}
			})
		}
	}
	writing.Wait()
	close(done)
	all.Wait()
}
