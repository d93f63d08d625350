package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"nabo/engine/store/runs"

	"github.com/dgraph-io/badger/v4"
)

// manifestKey is the store's one key in Badger.
const manifestKey = "m"

// manifestFormat is the first byte of a manifest; what came before it held the
// pairs in Badger.
const manifestFormat = 2

// manifest says of which runs the newest checkpoint consists.
type manifest struct {
	pos           uint64 // the log position
	version       uint64 // Badger's version: pos, or above it where runs were merged
	puts, deletes uint64 // what the checkpoint wrote
	runs          []stored
}

// stored is a run in the store's folder.
type stored struct {
	number uint64
	info   runs.Info
}

// numbers is how many numbers of eight bytes stand for a run.
const numbers = 7

func (m manifest) encode() []byte {
	out := []byte{manifestFormat}
	add := func(all ...uint64) {
		for _, n := range all {
			out = binary.LittleEndian.AppendUint64(out, n)
		}
	}
	add(m.pos, m.puts, m.deletes)
	for _, r := range m.runs {
		add(r.number, r.info.Data, r.info.Index, r.info.Sum, r.info.Puts, r.info.Deletes, r.info.Sections)
	}
	return out
}

func decodeManifest(version uint64, b []byte) (manifest, error) {
	if len(b) == 3*8 {
		return manifest{}, &FormatError{Found: 1, Known: manifestFormat}
	}
	if len(b) > 0 && b[0] > manifestFormat {
		return manifest{}, &FormatError{Found: b[0], Known: manifestFormat}
	}
	if len(b) < 1+3*8 || (len(b)-1-3*8)%(numbers*8) != 0 || b[0] != manifestFormat {
		return manifest{}, &DamageError{Reason: fmt.Sprintf("its manifest of %d bytes is none", len(b))}
	}
	b = b[1:]
	next := func() uint64 {
		n := binary.LittleEndian.Uint64(b)
		b = b[8:]
		return n
	}
	m := manifest{version: version, pos: next(), puts: next(), deletes: next()}
	for len(b) > 0 {
		m.runs = append(m.runs, stored{next(), runs.Info{
			Data: next(), Index: next(), Sum: next(), Puts: next(), Deletes: next(), Sections: next()}})
	}
	return m, nil
}

// readManifest returns the newest manifest; zero when there is none.
func readManifest(db *badger.DB) (manifest, error) {
	txn := db.NewTransactionAt(math.MaxUint64, false)
	defer txn.Discard()
	item, err := txn.Get([]byte(manifestKey))
	if errors.Is(err, badger.ErrKeyNotFound) {
		return manifest{}, nil
	}
	if err != nil {
		return manifest{}, &DamageError{Reason: "its manifest cannot be read", Err: err}
	}
	var m manifest
	err = item.Value(func(value []byte) error {
		value, err := decodeValue([]byte(manifestKey), value)
		if err != nil {
			return err
		}
		m, err = decodeManifest(item.Version(), value)
		return err
	})
	return m, err
}

// writeManifest writes m at its version, durable on return.
func writeManifest(db *badger.DB, m manifest) error {
	txn := db.NewTransactionAt(math.MaxUint64, true)
	defer txn.Discard()
	if err := txn.Set([]byte(manifestKey), encodeValue([]byte(manifestKey), m.encode())); err != nil {
		return fmt.Errorf("write the manifest: %w", err)
	}
	if err := txn.CommitAt(m.version, nil); err != nil {
		return fmt.Errorf("write the manifest: %w", err)
	}
	if err := db.Sync(); err != nil {
		return fmt.Errorf("sync the manifest: %w", err)
	}
	return nil
}

const runSuffix = ".run"

func runPath(dir string, number uint64) string {
	return filepath.Join(dir, fmt.Sprintf("%08d%s", number, runSuffix))
}

// removeOthers removes the runs that are not among those of a manifest: of a
// Save or a Maintain that did not end, or not quite. It returns a number above
// all.
func removeOthers(dir string, keep []stored) (next uint64, err error) {
	next = 1
	kept := map[string]bool{}
	for _, r := range keep {
		name := runPath(dir, r.number)
		if _, err := os.Stat(name); errors.Is(err, fs.ErrNotExist) {
			// What others hold may be all there is: nothing is removed.
			return 0, &DamageError{Reason: "its file " + filepath.Base(name) + " is gone", Err: err}
		}
		kept[filepath.Base(name)] = true
		next = max(next, r.number+1)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return 0, fmt.Errorf("look for runs: %w", err)
	}
	for _, entry := range entries {
		digits, is := strings.CutSuffix(entry.Name(), runSuffix)
		number, err := strconv.ParseUint(digits, 10, 64)
		if !is || err != nil || kept[entry.Name()] {
			continue
		}
		next = max(next, number+1)
		if err := os.Remove(filepath.Join(dir, entry.Name())); err != nil {
			return 0, fmt.Errorf("remove a run that was never finished: %w", err)
		}
	}
	return next, nil
}

// damageOf says of an error from a run that the store is damaged.
func damageOf(err error) error {
	if run := (*runs.DamageError)(nil); errors.As(err, &run) {
		return &DamageError{Reason: "its file " + run.File + " " + run.Reason, Err: run.Err}
	}
	return err
}
