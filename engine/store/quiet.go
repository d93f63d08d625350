package store

import (
	"fmt"
	"os"
	"path/filepath"
)

// largeTables is how many bytes of tables make a start worth being quiet.
const largeTables = 256 << 20

// large says whether a folder holds so much that loading it should not share
// the processors with Badger's compactions, which go on where a killed process
// left off: at a start they took as much time as all the rest.
func (o *Options) large() bool {
	from := o.quietFrom
	if from == 0 {
		from = largeTables
	}
	names, err := filepath.Glob(filepath.Join(o.Dir, "*.sst"))
	if err != nil {
		return false
	}
	var total int64
	for _, name := range names {
		if info, err := os.Stat(name); err == nil {
			total += info.Size()
		}
	}
	return total >= from
}

// wake opens Badger again, with compactions, if the store began quiet. It needs
// saving, and nobody may be loading.
func (s *Store) wake() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.quiet {
		return nil
	}
	if err := s.db.Close(); err != nil {
		return fmt.Errorf("close %s to open it with compactions: %w", s.dir, err)
	}
	again := s.opt
	again.checked = true
	db, err := openBadger(again, true)
	if err != nil {
		s.closed = true // there is nothing to close
		return err
	}
	s.db, s.quiet = db, false
	if s.last.version > 0 {
		db.SetDiscardTs(s.last.version - 1)
	}
	return nil
}
