package app

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"nabo/engine/store"

	"golang.org/x/time/rate"
)

const day = 24 * time.Hour

// saveLoop writes checkpoints, one at a time, until ctx ends. A checkpoint that
// cannot be written stops the process: the engine has handed over what changed
// and would not do so again, while a restart has all of it from the log.
func (p *process) saveLoop(ctx context.Context) error {
	ticker := time.NewTicker(p.opt.CheckpointEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-p.dueNow:
			ticker.Reset(p.opt.CheckpointEvery)
		case <-ticker.C:
		}
		if err := p.saveIfChanged(); err != nil {
			return err
		}
		select {
		case p.saved <- struct{}{}:
		default: // it will see this checkpoint, too
		}
		if err := p.trim(ctx); err != nil && ctx.Err() == nil {
			p.log.Warn("the log was not trimmed", "error", err)
		}
	}
}

// mergeLoop has the store merge what checkpoints have left, until ctx ends. What
// fails (a full disk) is tried again some minutes later: each try writes much. If
// the store is damaged, the log is all that can bring the state back, and is not
// trimmed any more.
func (p *process) mergeLoop(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-p.saved:
		}
		if err := p.store.Maintain(ctx); err != nil && ctx.Err() == nil {
			if damage := (*store.DamageError)(nil); errors.As(err, &damage) {
				p.damaged.Store(true)
			}
			p.log.Error("the store's files were not merged", "error", err)
			if err := wait(ctx, maintainEvery); err != nil {
				return err
			}
		}
	}
}

// Checkpoints and merges write no more bytes a second than paceRate, together:
// what encodes, sorts and writes them then takes a small part of a processor at
// a time, and lookups and the log's syncs get on beside it.
const (
	paceRate  = 32 << 20
	paceBurst = 256 << 10
)

// paced returns what slows down writing until ctx ends: a stop does not wait.
func paced(ctx context.Context) func(bytes int) {
	limit := rate.NewLimiter(paceRate, paceBurst)
	return func(bytes int) {
		for ; bytes > 0 && ctx.Err() == nil; bytes -= paceBurst {
			_ = limit.WaitN(ctx, min(bytes, paceBurst)) // fails where ctx has ended
		}
	}
}

// saveIfChanged writes a checkpoint if anything was applied since the newest.
// Applying goes on while it is written.
func (p *process) saveIfChanged() error {
	p.applying.Lock()
	pos := p.engine.Position()
	if pos <= p.store.Position() {
		p.applying.Unlock()
		return nil
	}
	checkpoint := p.engine.BeginCheckpoint()
	p.sinceCP = 0
	p.applying.Unlock()

	now := p.opt.Now()
	newest := p.store.Position()
	marks := p.marks.add(saved{pos: pos, at: now.UnixMilli()})
	err := p.store.Save(pos, func(put func(key, value []byte) error) error {
		if err := p.putOwn(put, marks, now); err != nil {
			return err
		}
		var room []byte
		return checkpoint.Write(func(key, value []byte) error {
			room = append(append(room[:0], engineKey), key...)
			return put(room, value)
		})
	})
	if err != nil {
		return fmt.Errorf("write a checkpoint: %w", err)
	}
	p.marks, p.previous = marks, newest
	p.savedAt.Store(now.UnixMilli())
	st := p.store.Stats()
	p.log.Debug("checkpoint", "position", pos, "puts", st.LastPuts, "deletes", st.LastDeletes, "took", st.LastTook)
	return nil
}

// putOwn writes what the process keeps beside the engine's pairs.
func (p *process) putOwn(put func(key, value []byte) error, m marks, now time.Time) error {
	return errors.Join(
		put([]byte(logIDKey), []byte(p.stream.LogID())),
		put([]byte(marksKey), m.encode()),
		put([]byte(savedKey), binary.LittleEndian.AppendUint64(nil, uint64(now.UnixMilli()))))
}

// add returns m with s after it, at most one mark a day.
func (m marks) add(s saved) marks {
	out := append(marks(nil), m...)
	if n := len(out); n > 0 && s.at-out[n-1].at < day.Milliseconds() {
		return out
	}
	return append(out, s)
}

// trim removes the part of the log that is older than LogDays and that both of
// the newest checkpoints cover.
func (p *process) trim(ctx context.Context) error {
	if p.opt.LogDays == 0 || p.damaged.Load() {
		return nil
	}
	before := p.marks.coveredBefore(p.opt.Now().Add(-time.Duration(p.opt.LogDays)*day).UnixMilli(), p.previous)
	if before == 0 {
		return nil
	}
	if err := p.stream.TrimBefore(ctx, before); err != nil {
		return err
	}
	p.marks = p.marks.from(before)
	p.log.Info("trimmed the log", "before", before)
	return nil
}

// coveredBefore returns the position from which on the log must be kept, given
// that what was saved at or before oldest is no longer wanted and that a
// checkpoint stands at previous; 0: keep all.
func (m marks) coveredBefore(oldest int64, previous uint64) uint64 {
	var before uint64
	for _, s := range m {
		if s.at <= oldest && s.pos <= previous {
			before = s.pos + 1
		}
	}
	return before
}

// from returns the marks at or above a position.
func (m marks) from(pos uint64) marks {
	var out marks
	for _, s := range m {
		if s.pos >= pos {
			out = append(out, s)
		}
	}
	return out
}
