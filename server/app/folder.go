package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"nabo/engine"
	"nabo/engine/event"
	"nabo/stream"
	"nabo/stream/gate"
)

// Folder is a data folder that is open without a process that serves from it:
// a measurement makes one that looks as after a year, or grows its log while
// nobody applies it. One goroutine uses it; nothing else may have the folder
// open.
type Folder struct{ p *process }

// OpenFolder opens a data folder, or makes it, with the log that is embedded
// and synced before each acknowledgement. It neither loads the checkpoint nor
// reads the log. Close it. What goes on below is told to log; nil drops it.
func OpenFolder(ctx context.Context, dir string, log *slog.Logger) (*Folder, error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	opt := Options{Log: log, Now: time.Now, Config: Config{
		Data: dir, NATSListen: stream.ListenOff, NATSReplicas: 1, Prefix: "nabo", InboundKeep: 7 * day,
	}}
	p := &process{opt: opt, log: log, caughtUp: make(chan struct{})}
	err := p.openTokens()()
	if err == nil {
		err = p.openStorage()
	}
	if err == nil {
		err = p.newEngine()
	}
	if err == nil {
		err = p.openLog(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, p.close())
	}
	return &Folder{p}, nil
}

// Empty is whether neither the log nor the store holds anything.
func (f *Folder) Empty() bool {
	return f.p.logEnd.Load() == 0 && f.p.store.Position() == 0 && f.p.tokens.Count() == 0
}

// Assign returns the tokens of members' ids and makes those that are missing,
// durable on return.
func (f *Folder) Assign(ids []string) ([]event.Token, error) { return f.p.tokens.Assign(ids) }

// Append writes a group of events in their admitted form to the log and
// returns its position.
func (f *Folder) Append(ctx context.Context, group []event.Event) (uint64, error) {
	return f.p.stream.Append(ctx, event.AppendGroup(nil, group))
}

// Engine is an empty engine, as a process with the default settings makes it.
// Save writes what the caller has put into it.
func (f *Folder) Engine() *engine.Engine { return f.p.engine }

// Save writes a checkpoint of the engine at its position, which must be the
// log's last and above that of the checkpoint before. The engine must not
// change meanwhile. What is due to be merged then is merged.
func (f *Folder) Save() error {
	if err := f.p.saveIfChanged(); err != nil {
		return err
	}
	return f.p.store.Maintain(context.Background())
}

// Grown is what was added to a log.
type Grown struct {
	Groups uint64 // messages
	Bytes  uint64 // of their payloads
}

// Grow gives feed the way into the gate, and returns when what it submitted is
// in the log. Nothing is applied, so a key is not known again here; applying
// the log, which the next start does, drops what came twice.
func (f *Folder) Grow(ctx context.Context, feed func(context.Context, Submit) error) (Grown, error) {
	log := &unread{Stream: f.p.stream}
	var err error
	f.p.gate, err = gate.New(gate.Options{
		Log: log, Tokens: f.p.tokens, Applied: log, Position: log.position.Load, Now: f.p.opt.Now,
		MaxBytes: min(maxGroup, f.p.stream.MaxGroup()), Queue: gateQueue,
	})
	if err != nil {
		return Grown{}, fmt.Errorf("open the gate: %w", err)
	}
	failed := newFailure()
	running := start(ctx, failed, "the gate", f.p.gate.Run)
	fed := feed(ctx, f.p.submit)
	running.stop()
	st := f.p.gate.Stats()
	return Grown{Groups: st.Groups, Bytes: st.Bytes}, errors.Join(fed, failed.err())
}

// Close closes what is open.
func (f *Folder) Close() error { return f.p.close() }

// unread is a log that nobody applies: what is in it counts as done, so that
// the gate holds nothing back for it.
type unread struct {
	*stream.Stream
	position atomic.Uint64
}

func (u *unread) Append(ctx context.Context, group []byte) (uint64, error) {
	seq, err := u.Stream.Append(ctx, group)
	if err == nil {
		u.position.Store(seq)
	}
	return seq, err
}

// Seen is false: nobody has applied anything.
func (u *unread) Seen(uint64) bool { return false }
