package lists

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"time"
)

const (
	defaultQueue = 16
	defaultRest  = 9
	defaultLists = 32
	defaultBytes = 50 << 30
	defaultAge   = 7 * 24 * time.Hour
)

// Options is what New needs. Dir, Source and Now must be set.
type Options struct {
	// Dir is the folder of the files; it is made if it is missing. One Runs at
	// a time may use it.
	Dir string
	// Source is where rows come from.
	Source Source
	// Now is the clock.
	Now func() time.Time
	// Log takes what there is to say; nil: nothing is said.
	Log *slog.Logger
	// Workers is how many goroutines make rows while nobody looks anything up;
	// as many as Go may run at once if zero.
	Workers int
	// Queue is how many lists may wait; 16 if zero. Start refuses one more.
	Queue int
	// Busy says that lookups run at this moment. Then one worker goes on alone.
	// It is asked some thousand times a second, by all workers, so it must be
	// cheap and safe for all. nil: never busy.
	Busy func() bool
	// Rest is how many times as long as a small chunk took that one worker rests
	// after it; 9 if zero, a tenth of a processor, and less where others
	// hold it up. Below zero it does no more than let others go first.
	Rest int
	// Header is the first line of every CSV list, without its end; empty: none.
	Header string
	// Publisher begins to publish a list, or goes on after from. nil: lists
	// with Spec.Publish are refused.
	Publisher func(ctx context.Context, id string, from Mark) (Publication, error)
	// Keep bounds what is kept.
	Keep Bounds
}

// Bounds says how much is kept of lists that have ended. The oldest go first.
type Bounds struct {
	Lists int           // how many; 32 if zero
	Bytes int64         // of all files together, that of the list being made included; 50 GiB if zero
	Age   time.Duration // since the list ended; 7 days if zero
}

func (o *Options) validate() error {
	o.setDefaults()
	switch {
	case o.Dir == "":
		return errors.New("lists: a folder is needed")
	case o.Source == nil:
		return errors.New("lists: a source is needed")
	case o.Now == nil:
		return errors.New("lists: a clock is needed")
	case strings.ContainsAny(o.Header, "\r\n"):
		return errors.New("lists: the header must be one line, without its end")
	}
	for _, n := range []struct {
		name string
		bad  bool
	}{
		{"Workers", o.Workers < 1},
		{"Queue", o.Queue < 1},
		{"Keep.Lists", o.Keep.Lists < 1},
		{"Keep.Bytes", o.Keep.Bytes < 1},
		{"Keep.Age", o.Keep.Age < 0},
	} {
		if n.bad {
			return fmt.Errorf("lists: the option %s is out of its range", n.name)
		}
	}
	return nil
}

func (o *Options) setDefaults() {
	o.Workers = or(o.Workers, runtime.GOMAXPROCS(0))
	o.Queue = or(o.Queue, defaultQueue)
	o.Rest = or(o.Rest, defaultRest)
	o.Keep.Lists = or(o.Keep.Lists, defaultLists)
	o.Keep.Bytes = or(o.Keep.Bytes, defaultBytes)
	o.Keep.Age = or(o.Keep.Age, defaultAge)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Busy == nil {
		o.Busy = func() bool { return false }
	}
}

func or[T comparable](v, standard T) T {
	var zero T
	if v == zero {
		return standard
	}
	return v
}
