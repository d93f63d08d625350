package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/cespare/xxhash/v2"
	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/options"
	"github.com/dgraph-io/badger/v4/table"
	"github.com/dgraph-io/ristretto/v2/z"
	"github.com/google/renameio/v2"
)

// checkTables reads every table file in dir through and verifies its
// checksums. Badger opens its tables on goroutines of its own, where some
// damage becomes a panic that nobody can catch; here it becomes an error. A
// table that is not in the manifest is left alone: a process that was killed
// while it wrote it has left it, empty or half full, and Badger removes it.
func checkTables(dir string) error {
	names, err := filepath.Glob(filepath.Join(dir, "*.sst"))
	if err != nil {
		return fmt.Errorf("look for tables: %w", err)
	}
	listed, known := listedTables(dir)
	names = slices.DeleteFunc(names, func(name string) bool {
		id, ok := table.ParseFileID(name)
		_, is := listed[id]
		return known && ok && !is
	})
	errs := make([]error, runtime.GOMAXPROCS(0))
	var next atomic.Int64
	var workers sync.WaitGroup
	for i := range errs {
		workers.Go(func() {
			for errs[i] == nil {
				n := int(next.Add(1)) - 1
				if n >= len(names) {
					return
				}
				errs[i] = checkName(names[n])
			}
		})
	}
	workers.Wait()
	return errors.Join(errs...)
}

// checkName reads one table through; whatever is wrong with it is damage.
func checkName(name string) error {
	err := guard("open", func() error { return checkTable(name) })
	if damage := (*DamageError)(nil); err != nil && !errors.As(err, &damage) {
		err = &DamageError{Reason: filepath.Base(name) + " does not match its checksums", Err: err}
	}
	return err
}

// listedTables reads which tables Badger's manifest names; false: it cannot be
// read, which Badger will say.
func listedTables(dir string) (listed map[uint64]badger.TableManifest, ok bool) {
	file, err := os.Open(filepath.Join(dir, badger.ManifestFilename))
	if err != nil {
		return nil, false
	}
	defer file.Close()
	err = guard("open", func() error {
		manifest, _, err := badger.ReplayManifestFile(file, 0, badger.Options{})
		listed = manifest.Tables
		return err
	})
	return listed, err == nil
}

func checkTable(name string) error {
	file, err := z.OpenMmapFile(name, os.O_RDONLY, 0)
	if err != nil {
		return err
	}
	opts := table.Options{ReadOnly: true, ChkMode: options.OnTableAndBlockRead, Compression: options.None}
	// OpenTable closes the file when it fails, mostly; a second Close of a
	// process that is about to end does no harm.
	t, err := table.OpenTable(file, opts)
	if err != nil {
		return err
	}
	return t.Close(-1)
}

// headName is a file beside Badger's: the position of the newest complete
// checkpoint, so that a lost tail of Badger's own logs, which it takes for a
// crash, is seen for what it is.
const headName = "HEAD"

const headBytes = 1 + 8 + 8 // format version, checksum, position

// writeHead notes pos, durable on return.
func writeHead(dir string, pos uint64) error {
	value := binary.LittleEndian.AppendUint64(nil, pos)
	out := append(binary.LittleEndian.AppendUint64([]byte{formatVersion}, xxhash.Sum64(value)), value...)
	if err := renameio.WriteFile(filepath.Join(dir, headName), out, 0o600, renameio.WithTempDir(dir)); err != nil {
		return fmt.Errorf("note the checkpoint's position: %w", err)
	}
	return syncFile(dir) // the new name, and that of a new log of Badger's
}

// readHead returns what writeHead noted last, or 0.
func readHead(dir string) (uint64, error) {
	b, err := os.ReadFile(filepath.Join(dir, headName))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return 0, nil
	case err != nil:
		return 0, fmt.Errorf("read the checkpoint's position: %w", err)
	case len(b) != headBytes:
		return 0, &DamageError{Reason: fmt.Sprintf("its file %s has %d bytes, not %d", headName, len(b), headBytes)}
	case binary.LittleEndian.Uint64(b[1:]) != xxhash.Sum64(b[9:]):
		return 0, &DamageError{Reason: "its file " + headName + " does not match its checksum"}
	case b[0] > formatVersion:
		return 0, &FormatError{Found: b[0], Known: formatVersion}
	case b[0] != formatVersion:
		return 0, &DamageError{Reason: "its file " + headName + " has no format"}
	}
	return binary.LittleEndian.Uint64(b[9:]), nil
}
