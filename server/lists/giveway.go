package lists

import (
	"context"
	"sync"
	"time"
)

// giveWay holds all workers but one back while lookups run. Busy is a
// question, not a signal, so somebody must keep on asking: the first worker
// does, between its chunks, and lets the others go on.
type giveWay struct {
	ask  func() bool
	rest int // how many times as long as the chunk took

	mu   sync.Mutex
	busy bool
	calm chan struct{} // closed when busy ends; made when it begins
}

// look asks once, and returns what it was told.
func (g *giveWay) look() bool {
	busy := g.ask()
	g.mu.Lock()
	defer g.mu.Unlock()
	if busy == g.busy {
		return busy
	}
	if g.busy = busy; busy {
		g.calm = make(chan struct{})
	} else {
		close(g.calm)
	}
	return busy
}

// pass returns when worker number n may take a chunk, and how many members it
// may have. The first worker may always go on.
func (g *giveWay) pass(ctx context.Context, n int) (size int, err error) {
	for {
		busy := g.look()
		switch {
		case !busy:
			return calmChunk, ctx.Err()
		case n == 0:
			return busyChunk, ctx.Err()
		}
		g.mu.Lock()
		calm := g.calm
		g.mu.Unlock()
		select {
		case <-calm:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

// pause rests after a small chunk that took some time.
func (g *giveWay) pause(ctx context.Context, took time.Duration) {
	if g.rest > 0 {
		_ = pause(ctx, time.Duration(g.rest)*took) // whoever goes on looks at ctx
	}
}

// pause waits for d or for the end of ctx.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
