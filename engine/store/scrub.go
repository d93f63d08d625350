package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"nabo/engine/event"

	"github.com/dgraph-io/badger/v4"
)

const (
	newSuffix = ".new" // a copy being written by Scrub
	oldSuffix = ".old" // the folder that a copy has replaced
)

// Scrub removes the bytes of forgotten ids from the files. It does nothing when
// none were forgotten since the last time. Otherwise all that is still known
// is written to a new folder, which then takes the place of the old one, and
// the old one is removed: Badger's own compaction may leave a removed key in
// some file for long. Assign and Forget wait meanwhile (about a second for a
// million members); Token and ID do not. What the file system does with the
// blocks of a removed file is out of reach here.
func (t *Tokens) Scrub() error {
	t.writing.Lock()
	defer t.writing.Unlock()
	if t.closed {
		return fmt.Errorf("scrub: %w", errClosed)
	}
	if !t.forgot {
		return nil
	}
	dir := filepath.Clean(t.dir)
	if err := os.RemoveAll(dir + newSuffix); err != nil {
		return fmt.Errorf("scrub: %w", err)
	}
	if err := t.copyTo(dir + newSuffix); err != nil {
		return fmt.Errorf("scrub: %w", err)
	}
	if err := t.swap(dir); err != nil {
		return fmt.Errorf("scrub: %w", err)
	}
	t.forgot = false
	return nil
}

// copyTo writes all that is known to a new database, closed on return.
func (t *Tokens) copyTo(dir string) error {
	opts := t.opts
	opts.Dir = dir
	db, err := openBadger(opts, false)
	if err != nil {
		return err
	}
	err = t.copyPairs(db)
	return errors.Join(err, db.Close())
}

func (t *Tokens) copyPairs(db *badger.DB) error {
	batch := db.NewWriteBatch()
	defer batch.Cancel()
	t.mu.RLock()
	defer t.mu.RUnlock()
	err := t.book.each(func(id []byte, token event.Token) error {
		key := append([]byte{idPrefix}, id...)
		return batch.Set(key, encodeValue(key, binary.LittleEndian.AppendUint64(nil, uint64(token))))
	})
	if err != nil {
		return err
	}
	for token := range t.spent {
		key := spentKey(token)
		if err := batch.Set(key, encodeValue(key, nil)); err != nil {
			return err
		}
	}
	return batch.Flush()
}

// swap puts the copy in the place of the folder. A crash before the first
// rename leaves the old folder; between the two, finishSwap puts it back; after
// the second, the copy stands and finishSwap removes the old one.
func (t *Tokens) swap(dir string) error {
	err := t.db.Close()
	if err == nil {
		err = os.Rename(dir, dir+oldSuffix)
	}
	if err == nil {
		err = os.Rename(dir+newSuffix, dir)
	}
	if err == nil {
		err = syncFile(filepath.Dir(dir))
	}
	if err == nil {
		err = os.RemoveAll(dir + oldSuffix)
	}
	// Whatever happened, go on with the folder that a restart would find.
	if back := finishSwap(dir); back != nil {
		t.closed = true
		return errors.Join(err, back)
	}
	db, openErr := openBadger(t.opts, false)
	if openErr != nil {
		t.closed = true
		return errors.Join(err, openErr)
	}
	t.db = db
	return err
}
