package server

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"time"

	"nabo/engine"
	"nabo/engine/event"
	"nabo/server/lists"
	"nabo/server/live"
	"nabo/stream/gate"
)

// Gate takes events in. Submit returns once they are durable in the log.
type Gate interface {
	Submit(ctx context.Context, evs []event.Event) (gate.Result, error)
}

// Tokens knows which token stands for which member. Neither method creates one.
type Tokens interface {
	Token(id string) (event.Token, bool)
	ID(token event.Token) (string, bool)
}

// Options say what a Server serves and within which bounds. Engine, Gate,
// Tokens and Now must be set; every other zero value stands for its default.
type Options struct {
	Engine *engine.Engine
	Gate   Gate
	Tokens Tokens
	Now    func() time.Time

	// Decisions keeps decisions about offers over restarts; nil: nobody does.
	Decisions DecisionStore
	// Lists makes lists; nil: there are none.
	Lists *lists.Runs
	// Syncs sends what changed of members' offers to other systems; nil: none.
	Syncs Syncs
	// DeadLetters gives what came over NATS and could not be taken in, the newest
	// first, at most count, and how many there are; nil: nothing comes that way.
	DeadLetters func(ctx context.Context, count int) (newest []DeadLetter, kept uint64, err error)
	// Status is asked for what the server cannot know itself; nil: nothing.
	Status func() Status
	// Chance fills b with random bytes for the ids of decisions. The default
	// is crypto/rand.
	Chance func(b []byte)
	// Log gets what goes wrong inside. The default drops it.
	Log *slog.Logger
	// Version is shown in the documentation.
	Version string

	MaxBody     int // bytes of a request's body; default 16 MiB
	MaxEvents   int // events in one request; default 10,000
	MaxRequests int // questions in one batch; default 100
	MaxHeader   int // bytes of a request's header; default 16 KiB

	HeaderTimeout time.Duration // to read a header; default 5 s
	ReadTimeout   time.Duration // to read a whole request; default 30 s
	WriteTimeout  time.Duration // to answer; default 30 s
	IdleTimeout   time.Duration // between two requests; default 2 min
	SubmitLimit   time.Duration // for events to be durable, their wait for the gate included; default 10 s
	WaitLimit     time.Duration // the longest wait for minSeq and wait=applied; default 2 s
	DrainDelay    time.Duration // from /readyz saying no to the end of listening; default none
	StopTimeout   time.Duration // for requests to finish when stopping; default 15 s

	// AllowedOrigins may call from a web page of theirs, such as
	// https://shop.example. None by default.
	AllowedOrigins []string

	// Authorize says whether a websocket's token lets it in; nil: all may come.
	Authorize func(token string) error
	// Live bounds what is watched; what the server sets itself is not read.
	Live live.Options

	MaxSockets     int // websockets at a time; default 20,000
	MaxSocketsFrom int // of one address; default 2,000
	FrameRate      int // frames a second of one websocket; default 50
	FrameBurst     int // and at once; default 200

	DecisionBytes int // room for decisions that can be looked up; default 64 MiB
	DecisionCount int // how many of them at most; default 200,000
}

// Status is what the rest of the process knows of itself. It is asked for by
// /v1/stats and /metrics, not for each request.
type Status struct {
	LogFirst, LogLast uint64 // positions; both zero where the log is empty
	LogBytes          uint64
	Checkpoint        uint64    // the position of the newest checkpoint; zero: none
	CheckpointAt      time.Time // when it was written; zero: none
	StoreBytes        uint64    // on disk
	Gate              GateStatus
	Decisions         *DecisionStatus // of those that are kept over restarts; nil: none are
	Memory            MemoryStatus
}

// MemoryStatus is what the process takes, and its parts that the server does not
// know.
type MemoryStatus struct {
	Live       uint64 // bytes of the heap that the newest collection found in use
	Resident   uint64 // bytes of the process; 0: not known
	Goroutines int
	Parts      []engine.Part
}

// DecisionStatus is how the decisions stand that are kept over restarts.
type DecisionStatus struct {
	Count, Bytes int64
	MaxBytes     int64  // above it the oldest go
	Waiting      int64  // bytes on their way to the disk
	Written      uint64 // since the start
	Lost         uint64 // never written
	DiskBytes    int64
	Memory       int64 // bytes in memory
}

// GateStatus counts what passed the gate since the process started.
type GateStatus struct {
	Queue      int // requests waiting to be gathered
	QueueLimit int // one more waits, for SubmitLimit at most
	InFlight   int // events on their way to the engine
	Accepted   uint64
	Duplicates uint64
	Rejected   uint64
}

func (o *Options) validate() error {
	switch {
	case o.Engine == nil:
		return errors.New("server: Engine is missing")
	case o.Gate == nil:
		return errors.New("server: Gate is missing")
	case o.Tokens == nil:
		return errors.New("server: Tokens is missing")
	case o.Now == nil:
		return errors.New("server: Now is missing")
	}
	for _, origin := range o.AllowedOrigins {
		u, err := url.Parse(origin)
		if err != nil || u.Scheme == "" || u.Host == "" || origin != u.Scheme+"://"+u.Host {
			return fmt.Errorf("server: AllowedOrigins: %q is not an origin such as https://shop.example", origin)
		}
	}
	return o.checkBounds()
}

func (o *Options) checkBounds() error {
	sizes := []struct {
		name  string
		value *int
		zero  int
	}{
		{"MaxBody", &o.MaxBody, 16 << 20},
		{"MaxEvents", &o.MaxEvents, 10_000},
		{"MaxRequests", &o.MaxRequests, 100},
		{"MaxHeader", &o.MaxHeader, 16 << 10},
		{"DecisionBytes", &o.DecisionBytes, 64 << 20},
		{"DecisionCount", &o.DecisionCount, 200_000},
		{"MaxSockets", &o.MaxSockets, 20_000},
		{"MaxSocketsFrom", &o.MaxSocketsFrom, 2_000},
		{"FrameRate", &o.FrameRate, 50},
		{"FrameBurst", &o.FrameBurst, 200},
	}
	for _, s := range sizes {
		if *s.value < 0 {
			return fmt.Errorf("server: %s is %d, expected more than zero", s.name, *s.value)
		}
		if *s.value == 0 {
			*s.value = s.zero
		}
	}
	times := []struct {
		name  string
		value *time.Duration
		zero  time.Duration
	}{
		{"HeaderTimeout", &o.HeaderTimeout, 5 * time.Second},
		{"ReadTimeout", &o.ReadTimeout, 30 * time.Second},
		{"WriteTimeout", &o.WriteTimeout, 30 * time.Second},
		{"IdleTimeout", &o.IdleTimeout, 2 * time.Minute},
		{"SubmitLimit", &o.SubmitLimit, 10 * time.Second},
		{"WaitLimit", &o.WaitLimit, 2 * time.Second},
		{"DrainDelay", &o.DrainDelay, 0},
		{"StopTimeout", &o.StopTimeout, 15 * time.Second},
	}
	for _, t := range times {
		if *t.value < 0 {
			return fmt.Errorf("server: %s is %v, expected more than zero", t.name, *t.value)
		}
		if *t.value == 0 {
			*t.value = t.zero
		}
	}
	return nil
}

func (o *Options) fill() {
	if o.Status == nil {
		o.Status = func() Status { return Status{} }
	}
	if o.Chance == nil {
		o.Chance = func(b []byte) { rand.Read(b) } // never fails: see crypto/rand
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Version == "" {
		o.Version = "unversioned"
	}
}
