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

	"github.com/dgraph-io/badger/v4"
)

// Options says where a store lives. Only Dir must be set.
type Options struct {
	// Dir is the folder that the store has to itself; it is made when absent.
	Dir string
	// Log takes what Badger has to say; nil drops it.
	Log *slog.Logger
	// MemTableBytes is how much Badger gathers in memory before it writes a
	// table: 8 MiB to 256 MiB; zero means 32 MiB (tokens: 8 MiB).
	MemTableBytes int64
	// Now tells how long a save took; nil leaves durations at zero.
	Now func() time.Time

	quietFrom int64 // bytes of tables from which on a store begins quiet; 0: 256 MiB
	quiet     bool  // opened without compactions, which then wait for the next opening
	checked   bool  // the tables were read through before
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
// another calls Stats; Load is for the start, before the first Save. Maintain
// may run beside Save.
type Store struct {
	dir string
	opt Options
	now func() time.Time

	// db is replaced by the first Save of a store that began quiet; guarded by
	// mu for who holds saving not.
	db *badger.DB

	saving sync.Mutex // held for a whole Save, heal or Close; taken before mu

	mu    sync.Mutex
	last  marker // the newest complete checkpoint
	torn  bool   // entries above last may be there, from a Save that failed
	stats Stats
	// written counts bytes saved since the last Flatten; live is the size that
	// Flatten left.
	written, live int64
	closed        bool
	quiet         bool // Badger compacts nothing yet
}

// Stats is what a store can tell about itself.
type Stats struct {
	Position    uint64        // log position of the newest checkpoint; 0: none
	Saves       uint64        // checkpoints written by this process
	LastPuts    uint64        // pairs written by the newest checkpoint
	LastDeletes uint64        // pairs removed by the newest checkpoint
	LastTook    time.Duration // how long the newest Save of this process took
	DiskBytes   int64         // what the folder takes on disk
	Tables      int           // Badger's table files
}

// Open opens the store in o.Dir, or makes a new one. What a crashed process
// left of an unfinished checkpoint is undone. Its errors are *LockedError,
// *DamageError and *FormatError where one of these fits.
func Open(o Options) (*Store, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	s := &Store{dir: o.Dir, opt: o, now: o.Now}
	if s.now == nil {
		s.now = func() time.Time { return time.Time{} }
	}
	var err error
	s.quiet = s.opt.large()
	o.quiet = s.quiet
	if s.db, err = openBadger(o, true); err != nil {
		return nil, err
	}
	err = guard("open", s.recover)
	if err != nil {
		return nil, errors.Join(err, s.db.Close())
	}
	return s, nil
}

// recover finds the newest complete checkpoint and undoes what lies above it.
func (s *Store) recover() error {
	var err error
	if s.last, err = s.readMarker(); err != nil {
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
	s.live = tableBytes(s.db)
	return s.heal()
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
// when it returns an error, or the process dies, Load will not see any of it.
// pos must be above that of the checkpoint before.
func (s *Store) Save(pos uint64, write func(put func(key, value []byte) error) error) error {
	s.saving.Lock()
	defer s.saving.Unlock()
	start := s.now()
	last, err := s.prepare(pos)
	if err != nil {
		return err
	}
	if err := s.wake(); err != nil {
		return fmt.Errorf("save checkpoint %d: %w", pos, err)
	}
	m := marker{pos: pos, version: max(pos, last.version+1)}
	s.setTorn(true)
	bytes, err := s.writePairs(m.version, write)
	if err != nil {
		return fmt.Errorf("save checkpoint %d: %w", pos, err)
	}
	if err := s.seal(m); err != nil {
		return fmt.Errorf("save checkpoint %d: %w", pos, err)
	}
	s.mu.Lock()
	s.stats.Saves++
	s.stats.LastTook = s.now().Sub(start)
	s.written += bytes
	s.mu.Unlock()
	return nil
}

// prepare checks that a checkpoint at pos may follow, and undoes what a failed
// Save has left. It returns the checkpoint to follow on.
func (s *Store) prepare(pos uint64) (marker, error) {
	s.mu.Lock()
	last, torn, closed := s.last, s.torn, s.closed
	s.mu.Unlock()
	if closed {
		return last, errors.New("store: save after close")
	}
	if pos <= last.pos || pos == math.MaxUint64 {
		return last, fmt.Errorf("store: save at position %d: above %d was expected", pos, last.pos)
	}
	if !torn {
		return last, nil
	}
	if err := s.heal(); err != nil {
		return last, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last, nil
}

// writePairs writes all that write puts at one version, and returns how many
// bytes that was.
func (s *Store) writePairs(version uint64, write func(put func(key, value []byte) error) error) (int64, error) {
	batch := s.db.NewWriteBatchAt(version)
	defer batch.Cancel()
	var bytes int64
	err := write(func(key, value []byte) error {
		bytes += int64(len(key) + len(value))
		if value == nil {
			return batch.Delete(pairKey(nil, key))
		}
		k, v := encodePair(key, value)
		return batch.Set(k, v)
	})
	if err != nil {
		return bytes, err
	}
	return bytes, batch.Flush()
}

// seal makes the entries of m.version durable, counts them, and then writes the
// marker that makes them visible, durable on return.
func (s *Store) seal(m marker) error {
	if err := s.sync(); err != nil {
		return err
	}
	m.puts, m.deletes = s.count(m.version)
	txn := s.db.NewTransactionAt(math.MaxUint64, true)
	defer txn.Discard()
	if err := txn.Set([]byte{markerPrefix}, encodeValue([]byte{markerPrefix}, m.encode())); err != nil {
		return err
	}
	if err := txn.CommitAt(m.version, nil); err != nil {
		return err
	}
	if err := s.sync(); err != nil {
		return err
	}
	if err := writeHead(s.dir, m.pos); err != nil {
		return err
	}
	// The version before the newest is kept until the next checkpoint, so that
	// the newest can be counted again when it is loaded.
	s.db.SetDiscardTs(m.version - 1)
	s.mu.Lock()
	s.last, s.torn = m, false
	s.stats.Position, s.stats.LastPuts, s.stats.LastDeletes = m.pos, m.puts, m.deletes
	s.mu.Unlock()
	return nil
}

func (s *Store) setTorn(torn bool) {
	s.mu.Lock()
	s.torn = torn
	s.mu.Unlock()
}

// Stats tells how the store stands. It walks the folder; call it now and then.
func (s *Store) Stats() Stats {
	s.mu.Lock()
	out := s.stats
	if !s.closed {
		out.Tables = len(s.db.Tables())
	}
	s.mu.Unlock()
	out.DiskBytes = diskBytes(s.dir)
	return out
}

// Maintain gives back the space of overwritten and removed pairs where Badger
// by itself has let the tables grow to twice what they were after the last
// time; then it may take minutes of a large store, in which Save and Load go
// on. The owner calls it now and then, from one goroutine, and not beside
// Close; ctx is looked at between its steps.
func (s *Store) Maintain(ctx context.Context) error {
	s.mu.Lock()
	due := !s.closed && !s.quiet && s.written > 0 && tableBytes(s.db) >= 2*s.live
	s.mu.Unlock()
	if !due || ctx.Err() != nil {
		return ctx.Err()
	}
	if err := s.db.Flatten(2); err != nil {
		return fmt.Errorf("store: flatten: %w", err)
	}
	for ctx.Err() == nil {
		// Only values above 1 MiB are in the value log at all.
		if err := s.db.RunValueLogGC(0.5); err != nil {
			if errors.Is(err, badger.ErrNoRewrite) || errors.Is(err, badger.ErrRejected) {
				break
			}
			return fmt.Errorf("store: collect large values: %w", err)
		}
	}
	s.mu.Lock()
	s.written, s.live = 0, tableBytes(s.db)
	s.mu.Unlock()
	return ctx.Err()
}

// Close waits for a Save to end and closes the store. A second call does
// nothing.
func (s *Store) Close() error {
	s.saving.Lock()
	defer s.saving.Unlock()
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
