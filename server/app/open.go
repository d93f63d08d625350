package app

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"time"

	"nabo/engine"
	"nabo/engine/store"
	"nabo/server"
	"nabo/server/lists"
	"nabo/stream"
	"nabo/stream/gate"
)

// The folders below the data folder.
const (
	checkpointDir = "checkpoint"
	tokenDir      = "tokens"
	logDir        = "log"
	listsDir      = "lists"
	decisionDir   = "decisions"
)

const (
	// gateQueue is how many submissions may wait for the log; one more waits
	// in its request, which is where the sender learns of it.
	gateQueue = 1024
	// maxGroup bounds the bytes of one message of the log, where its server
	// would take more: a reader holds many of them at once.
	maxGroup = 1<<20 - 4<<10
)

// The keys of a checkpoint: the engine's begin with engineKey, so that the
// process can keep a little beside them.
const (
	engineKey = 'e'
	logIDKey  = "l" // the log that the position belongs to
	marksKey  = "t" // when which position was saved, a mark a day
	savedKey  = "s" // when this checkpoint was saved
)

// open opens storage outward. On an error, close closes what was opened.
func (p *process) open(ctx context.Context) error {
	var err error
	if p.listener, err = net.Listen("tcp", p.opt.Listen); err != nil {
		return fmt.Errorf("--listen %s: the address cannot be used: %w", p.opt.Listen, err)
	}
	// The map of tokens, which the state does not ask, is read beside it.
	tokens := p.openTokens()
	if p.opt.Rebuild {
		// Their lock holds a second process off: nobody else's store is set aside.
		if err := tokens(); err != nil {
			return err
		}
		tokens = func() error { return nil }
	}
	err = p.openStorage()
	if err == nil {
		err = p.loadState()
	}
	if err := errors.Join(err, tokens()); err != nil {
		return err
	}
	began := p.opt.Now()
	if err := p.openLog(ctx); err != nil {
		return err
	}
	p.took("log", began)
	p.gate, err = gate.New(gate.Options{
		Log: p.stream, Tokens: p.tokens, Applied: p.engine, Position: p.engine.Position, Now: p.opt.Now,
		Check:    p.engine.Check,
		MaxBytes: min(maxGroup, p.stream.MaxGroup()), Queue: gateQueue,
	})
	if err != nil {
		return fmt.Errorf("open the gate: %w", err)
	}
	if err := p.openLists(); err != nil {
		return err
	}
	if err := p.openSyncs(); err != nil {
		return err
	}
	return p.openServer()
}

// openTokens begins to open the map of tokens, and returns what waits for it.
func (p *process) openTokens() (wait func() error) {
	opt := store.Options{Dir: filepath.Join(p.opt.Data, tokenDir), Log: p.log, Now: p.opt.Now}
	var took time.Duration
	done := make(chan error, 1)
	go func() {
		began := p.opt.Now()
		var err error
		if p.tokens, err = store.OpenTokens(opt); err != nil {
			err = fmt.Errorf("open %s: %w", opt.Dir, err)
		}
		took = p.opt.Now().Sub(began)
		done <- err
	}()
	return func() error {
		err := <-done
		p.phases = append(p.phases, "tokens", took)
		return err
	}
}

// openStorage opens the checkpoints and the decisions.
func (p *process) openStorage() error {
	var err error
	began := p.opt.Now()
	checkpoints := store.Options{Dir: filepath.Join(p.opt.Data, checkpointDir), Log: p.log, Now: p.opt.Now, Pace: p.pace}
	if p.opt.Rebuild {
		aside, err := store.SetAside(checkpoints.Dir, p.opt.Now())
		if err != nil {
			return err
		}
		p.log.Info("rebuilding the state from the log", "aside", aside)
	}
	if p.store, err = store.Open(checkpoints); err != nil {
		return fmt.Errorf("open %s: %w", checkpoints.Dir, err)
	}
	began = p.took("checkpoints", began)
	decisions := store.Options{Dir: filepath.Join(p.opt.Data, decisionDir), Log: p.log, Now: p.opt.Now}
	if p.decisions, err = store.OpenDecisions(store.DecisionOptions{Options: decisions}); err != nil {
		return fmt.Errorf("open %s: %w", decisions.Dir, err)
	}
	p.took("decisions", began)
	return nil
}

// loadState makes the engine and gives it the newest checkpoint.
func (p *process) loadState() error {
	var err error
	if err = p.newEngine(); err != nil {
		return err
	}
	began := p.opt.Now()
	var pairs atomic.Int64
	load := store.LoadOptions{Workers: runtime.GOMAXPROCS(0)}
	for _, first := range engine.Lanes() {
		load.Lanes = append(load.Lanes, []byte{engineKey, first})
	}
	pos, err := p.store.Load(load, func(key, value []byte) error {
		pairs.Add(1)
		return p.loadPair(key, value)
	})
	if err != nil {
		return err
	}
	if pos == 0 {
		return nil
	}
	read := p.took("load", began)
	if err := p.engine.Loaded(pos); err != nil {
		return fmt.Errorf("load checkpoint %d: %w; start with --rebuild, which sets the store aside and replays the log", pos, err)
	}
	p.took("derive", read)
	p.applied, _ = p.engine.Counters()
	p.log.Info("loaded a checkpoint", "position", pos, "pairs", pairs.Load(), "took", p.opt.Now().Sub(began))
	return nil
}

// newEngine makes an empty engine as the settings want it.
func (p *process) newEngine() (err error) {
	opt := engine.Options{
		DedupeDays: p.opt.DedupeDays,
		Offers: engine.OfferOptions{
			MaxOpen: p.opt.MaxActivations, NoPersonalisation: p.opt.NoPersonalisation, MarketingAssumed: p.opt.AssumeMarketing,
		},
	}
	if err := p.opt.turn(&opt); err != nil {
		return err
	}
	p.engine, err = engine.New(opt)
	return err
}

func (p *process) loadPair(key, value []byte) error {
	switch {
	case len(key) > 0 && key[0] == engineKey:
		if err := p.engine.Load(key[1:], value); err != nil {
			return fmt.Errorf("pair %q: %w; start with --rebuild, which sets the store aside and replays the log", key, err)
		}
	case string(key) == logIDKey:
		p.logID = string(value)
	case string(key) == marksKey:
		return p.marks.decode(value)
	case string(key) == savedKey && len(value) == 8:
		p.savedAt.Store(int64(binary.LittleEndian.Uint64(value)))
	}
	return nil
}

// openLog opens the log and finds out whether the state can go on from it.
func (p *process) openLog(ctx context.Context) error {
	var err error
	p.stream, err = stream.Open(ctx, stream.Options{
		URL: p.opt.NATSURL, Dir: filepath.Join(p.opt.Data, logDir), Listen: p.opt.NATSListen,
		Prefix: p.opt.Prefix, SyncEvery: p.opt.Sync, Keep: p.opt.InboundKeep,
		Replicas: p.opt.NATSReplicas, Version: semantic(p.opt.Version), Log: p.log,
	})
	if err != nil {
		return fmt.Errorf("open the log: %w", err)
	}
	if p.logID != "" && p.logID != p.stream.LogID() {
		return errors.New("the checkpoint belongs to another log: put the right log back, " +
			"or start with --rebuild, which sets the checkpoints aside and replays this one")
	}
	bounds, err := p.stream.Bounds(ctx)
	if err != nil {
		return err
	}
	p.noteLog(bounds)
	p.target = bounds.Last
	if p.opt.Rebuild && bounds.First > 1 {
		p.log.Warn("the log was trimmed: what came before is not in the rebuilt state", "first", bounds.First)
		if err := p.engine.Loaded(bounds.First - 1); err != nil {
			return err
		}
	}
	if p.engine.Position() >= p.target {
		p.caught = true
		close(p.caughtUp)
	}
	return nil
}

func (p *process) noteLog(b stream.Bounds) {
	p.logFirst.Store(b.First)
	p.logEnd.Store(max(b.Last, p.logEnd.Load()))
	p.logBytes.Store(b.Bytes)
}

// openLists opens the folder of lists. Nothing is made before the state has
// caught up with the log.
func (p *process) openLists() error {
	var err error
	p.lists, err = lists.New(lists.Options{
		Dir: filepath.Join(p.opt.Data, listsDir), Now: p.opt.Now, Log: p.log, Header: server.ListHeader,
		Source:    &server.ListSource{Engine: p.engine, Tokens: p.tokens, Now: p.opt.Now},
		Busy:      func() bool { return p.server.Busy() },
		Publisher: p.publishList,
	})
	if err != nil {
		return fmt.Errorf("open the lists: %w", err)
	}
	return nil
}

func (p *process) publishList(ctx context.Context, id string, from lists.Mark) (lists.Publication, error) {
	to, err := p.stream.PublishList(ctx, id, stream.ListMark(from))
	if err != nil {
		return nil, err
	}
	return to, nil
}

func (p *process) openServer() error {
	var err error
	p.server, err = server.New(server.Options{
		Engine: p.engine, Gate: p.gate, Tokens: p.tokens, Decisions: p.decisions, Lists: p.lists, Syncs: p.outgoing(), DeadLetters: p.deadLetters, Demo: p.opt.Demo, Now: p.opt.Now,
		Status: p.status, Log: p.log, Version: p.opt.Version,
		MaxBody: p.opt.MaxBody, MaxEvents: p.opt.MaxEvents, WaitLimit: p.opt.WaitLimit,
		MaxSockets: p.opt.MaxSockets, MaxSocketsFrom: p.opt.MaxSocketsFrom,
		DrainDelay: p.opt.DrainDelay, StopTimeout: p.opt.StopTimeout, AllowedOrigins: p.opt.AllowedOrigins,
	})
	return err
}

// saved is a mark: which position was saved when.
type saved struct {
	pos uint64
	at  int64 // Unix milliseconds
}

// marks tell from when each part of the log is, one a day, oldest first.
type marks []saved

func (m *marks) decode(b []byte) error {
	if len(b)%16 != 0 {
		return fmt.Errorf("the list of checkpoints has %d bytes, not a multiple of 16", len(b))
	}
	*m = (*m)[:0]
	for ; len(b) > 0; b = b[16:] {
		*m = append(*m, saved{pos: binary.LittleEndian.Uint64(b), at: int64(binary.LittleEndian.Uint64(b[8:]))})
	}
	return nil
}

func (m marks) encode() []byte {
	out := make([]byte, 0, 16*len(m))
	for _, s := range m {
		out = binary.LittleEndian.AppendUint64(out, s.pos)
		out = binary.LittleEndian.AppendUint64(out, uint64(s.at))
	}
	return out
}
