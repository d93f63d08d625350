package app

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// failure is the first thing that went wrong, for whoever waits for it.
type failure struct {
	c chan struct{} // closed by the first set

	mu    sync.Mutex
	first error
}

func newFailure() *failure { return &failure{c: make(chan struct{})} }

// set notes err unless it is nil or not the first.
func (f *failure) set(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err != nil && f.first == nil {
		f.first = err
		close(f.c)
	}
}

func (f *failure) err() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.first
}

// task is one goroutine of the process.
type task struct {
	name   string
	cancel context.CancelFunc
	done   chan struct{}
}

// start runs fn on a goroutine. When fn returns before it was told to, or with
// an error other than its context's, that is a failure of the process.
func start(ctx context.Context, failed *failure, name string, fn func(context.Context) error) *task {
	ctx, cancel := context.WithCancel(ctx)
	t := &task{name: name, cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(t.done)
		err := fn(ctx)
		switch {
		case errors.Is(err, context.Canceled) && ctx.Err() != nil:
		case err != nil:
			failed.set(fmt.Errorf("%s: %w", name, err))
		case ctx.Err() == nil:
			failed.set(fmt.Errorf("%s ended by itself", name))
		}
	}()
	return t
}

// stop tells the task to end, and waits until it has. A second call waits too.
func (t *task) stop() {
	t.cancel()
	<-t.done
}
