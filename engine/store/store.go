// Package store keeps checkpoints of opaque pairs at a log position.
package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"sync"
	"time"

	"nabo/engine/store/runs"

	"github.com/dgraph-io/badger/v4"
)

// Options says where a store lives. Only Dir must be set.
type Options struct {
	// Dir is the folder that the store has to itself; it is made when absent.
	Dir string
	// Log takes what Badger has to say; nil drops it.
	Log *slog.Logger
	// MemTableBytes is how much Badger gathers in memory before it writes a
	// table: 8 MiB to 256 MiB; zero means 8 MiB.
	MemTableBytes int64
	// Now tells how long a save took; nil leaves durations at zero.
	Now func() time.Time
	// Pace is called by Save and Maintain after each piece that they wrote, with
	// its size, and may wait, so that others get on; nil: nobody waits.
	Pace func(bytes int)
}

func (o *Options) validate() error {
	if o.Dir == "" {
		return errors.New("store: Dir is empty: a folder was expected")
	}
	if o.MemTableBytes != 0 && (o.MemTableBytes < 8<<20 || o.MemTableBytes > 256<<20) {
		return fmt.Errorf("store: MemTableBytes is %d: 8 MiB to 256 MiB was expected", o.MemTableBytes)
	}
	return nil
}

// Store is a folder of checkpoints. Save may be called by one goroutine while
// others call Stats and Maintain; Load is for the start, before the first Save
// and Maintain.
type Store struct {
	dir  string
	pace func(bytes int)
	now  func() time.Time
	db   *badger.DB

	saving     sync.Mutex // held for a whole Save or Close
	merging    sync.Mutex // held for a whole Maintain or Close; taken after saving
	committing sync.Mutex // held while a manifest is made and written; taken after those two
	tried      uint64     // the newest version that was given to Badger, well or not; guarded by committing

	mu     sync.Mutex // taken after committing
	last   manifest   // the newest
	next   uint64     // number of the next run
	stats  Stats
	closed bool
}

// Stats is what a store can tell about itself.
type Stats struct {
	Position    uint64        // log position of the newest checkpoint; 0: none
	Saves       uint64        // checkpoints written by this process
	LastPuts    uint64        // pairs written by the newest checkpoint
	LastDeletes uint64        // pairs removed by the newest checkpoint
	LastTook    time.Duration // how long the newest Save of this process took
	Merged      uint64        // bytes that Maintain of this process has written
	DiskBytes   int64         // what the folder takes on disk
	Runs        int           // files that hold pairs
}

// Open opens the store in o.Dir, or makes a new one. What a killed process left
// of an unfinished checkpoint is removed. Its errors are *LockedError,
// *DamageError and *FormatError where one of these fits.
func Open(o Options) (*Store, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	s := &Store{dir: o.Dir, pace: o.Pace, now: o.Now}
	if s.now == nil {
		s.now = func() time.Time { return time.Time{} }
	}
	var err error
	if s.db, err = openBadger(o, true); err != nil {
		return nil, err
	}
	if err = guard("open", s.recover); err != nil {
		return nil, errors.Join(err, s.db.Close())
	}
	return s, nil
}

// recover finds the newest complete checkpoint and removes what no manifest
// names.
func (s *Store) recover() error {
	var err error
	if s.last, err = readManifest(s.db); err != nil {
		return err
	}
	s.stats.Position, s.stats.LastPuts, s.stats.LastDeletes = s.last.pos, s.last.puts, s.last.deletes
	head, err := readHead(s.dir)
	if err != nil {
		return err
	}
	if s.last.pos < head {
		return &DamageError{Reason: fmt.Sprintf("its newest checkpoint, at position %d, is gone (the one at %d is there)", head, s.last.pos)}
	}
	if s.last.version > 0 {
		s.db.SetDiscardTs(s.last.version - 1)
	}
	s.tried = s.last.version
	s.next, err = removeOthers(s.dir, s.last.runs)
	return err
}

// Position returns the log position of the newest complete checkpoint, or 0.
func (s *Store) Position() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last.pos
}

// Save writes a checkpoint at pos: every pair that write puts, on top of those
// of the checkpoints before. A nil value removes the key; an empty one is kept.
// put copies what it is given. When Save returns nil the checkpoint is on disk;
// when it returns an error, or the process dies, the next Open finds all of it or
// nothing, mostly nothing.
// pos must be above that of the checkpoint before.
func (s *Store) Save(pos uint64, write func(put func(key, value []byte) error) error) error {
	s.saving.Lock()
	defer s.saving.Unlock()
	start := s.now()
	if err := s.mayFollow(pos); err != nil {
		return err
	}
	run, err := s.writeRun(write)
	if err != nil {
		return fmt.Errorf("save checkpoint %d: %w", pos, err)
	}
	err = s.commit(func(m manifest) manifest {
		m.pos, m.puts, m.deletes = pos, run.info.Puts, run.info.Deletes
		m.runs = append(m.runs[:len(m.runs):len(m.runs)], run)
		return m
	})
	if err != nil {
		return fmt.Errorf("save checkpoint %d: %w", pos, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stats.Saves++
	s.stats.LastTook = s.now().Sub(start)
	return nil
}

// mayFollow checks that a checkpoint at pos may be next.
func (s *Store) mayFollow(pos uint64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errors.New("store: save after close")
	}
	if pos <= s.last.pos || pos == math.MaxUint64 {
		return fmt.Errorf("store: save at position %d: above %d was expected", pos, s.last.pos)
	}
	return nil
}

// writeRun writes all that write puts into a run of its own, durable on return.
func (s *Store) writeRun(write func(put func(key, value []byte) error) error) (stored, error) {
	s.mu.Lock()
	number := s.next
	s.next++
	s.mu.Unlock()
	w, err := runs.Create(runPath(s.dir, number), s.pace)
	if err != nil {
		return stored{}, err
	}
	if err := write(w.Put); err != nil {
		return stored{}, errors.Join(err, w.Abort())
	}
	info, err := w.Finish()
	if err != nil {
		return stored{}, err
	}
	return stored{number, info}, syncFile(s.dir)
}

// commit makes the manifest that change makes of the newest one the newest,
// durable on return.
func (s *Store) commit(change func(manifest) manifest) error {
	s.committing.Lock()
	defer s.committing.Unlock()
	s.mu.Lock()
	last := s.last
	s.mu.Unlock()
	m := change(last)
	// One that failed may be in Badger all the same: the next goes above it.
	m.version = max(m.pos, s.tried+1)
	s.tried = m.version
	if err := writeManifest(s.db, m); err != nil {
		return err
	}
	if err := writeHead(s.dir, m.pos); err != nil {
		return err
	}
	s.db.SetDiscardTs(m.version - 1)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = m
	s.stats.Position, s.stats.LastPuts, s.stats.LastDeletes = m.pos, m.puts, m.deletes
	return nil
}

// Stats tells how the store stands. It walks the folder; call it now and then.
func (s *Store) Stats() Stats {
	s.mu.Lock()
	out := s.stats
	out.Runs = len(s.last.runs)
	s.mu.Unlock()
	out.DiskBytes = diskBytes(s.dir)
	return out
}

// Maintain merges runs where that is due, so that a start has few to read and
// overwritten pairs give their space back. A large store may take minutes, in
// which Save goes on. One goroutine at a time; ctx ends it early.
func (s *Store) Maintain(ctx context.Context) error {
	s.merging.Lock()
	defer s.merging.Unlock()
	for ctx.Err() == nil {
		s.mu.Lock()
		all, closed := s.last.runs, s.closed
		s.mu.Unlock()
		from, to := due(all)
		if closed || from == to {
			return nil
		}
		if err := guard("merge", func() error { return s.merge(ctx, all, from, to) }); err != nil {
			return fmt.Errorf("store: merge runs: %w", damageOf(err))
		}
	}
	return ctx.Err()
}

// Close waits for a Save and a Maintain to end and closes the store. A second
// call does nothing.
func (s *Store) Close() error {
	s.saving.Lock()
	defer s.saving.Unlock()
	s.merging.Lock()
	defer s.merging.Unlock()
	s.mu.Lock()
	closed := s.closed
	s.closed = true
	s.mu.Unlock()
	if closed {
		return nil
	}
	if err := s.db.Close(); err != nil {
		return fmt.Errorf("close store %s: %w", s.dir, err)
	}
	return nil
}
