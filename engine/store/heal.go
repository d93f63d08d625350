package store

import (
	"bytes"
	"errors"
	"fmt"
	"math"

	"github.com/dgraph-io/badger/v4"
)

// heal undoes what lies above the newest marker: the entries of a Save that
// did not end. Left alone they would show through the next checkpoint wherever
// that one does not write the same key. Each such key gets the value it had at
// the marker again, under a version above all, and then the marker moves to
// that version with its position unchanged. A crash in between leaves the old
// marker, and the next Open heals again.
func (s *Store) heal() error {
	s.mu.Lock()
	last := s.last
	s.mu.Unlock()
	top := s.db.MaxVersion()
	if top <= last.version {
		s.setTorn(false) // nothing is above, and need not be looked for
		return nil
	}
	keys := s.tornKeys(last.version)
	if len(keys) == 0 {
		s.setTorn(false)
		return nil
	}
	version := max(top, last.version) + 1
	if version == math.MaxUint64 {
		return &DamageError{Reason: "a pair has an impossible version"}
	}
	if err := s.restore(keys, last.version, version); err != nil {
		return fmt.Errorf("undo the unfinished checkpoint above %d: %w", last.pos, err)
	}
	if err := s.seal(marker{pos: last.pos, version: version}); err != nil {
		return fmt.Errorf("undo the unfinished checkpoint above %d: %w", last.pos, err)
	}
	return nil
}

// tornKeys returns the stored keys that have an entry above a version, once
// each.
func (s *Store) tornKeys(version uint64) [][]byte {
	var keys [][]byte
	s.since(version, func(item *badger.Item) {
		if n := len(keys); n > 0 && bytes.Equal(keys[n-1], item.Key()) {
			return
		}
		keys = append(keys, item.KeyCopy(nil))
	})
	return keys
}

// restore writes what the keys held at the version from, with the version to.
func (s *Store) restore(keys [][]byte, from, to uint64) error {
	txn := s.db.NewTransactionAt(from, false)
	defer txn.Discard()
	batch := s.db.NewWriteBatchAt(to)
	defer batch.Cancel()
	for _, key := range keys {
		item, err := txn.Get(key)
		if errors.Is(err, badger.ErrKeyNotFound) {
			if err := batch.Delete(key); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		stored, err := item.ValueCopy(nil)
		if err != nil {
			return err
		}
		if err := batch.Set(key, stored); err != nil {
			return err
		}
	}
	return batch.Flush()
}
