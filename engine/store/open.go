package store

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/options"
)

// openBadger opens the database in o.Dir; the reasons for each setting are in
// DESIGN.md. A managed one takes its versions from the caller.
func openBadger(o Options, managed bool) (*badger.DB, error) {
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the store's folder: %w", err)
	}
	release, err := lockDir(o.Dir)
	if err != nil {
		return nil, err
	}
	// Badger takes the same lock, so ours is given back before; from here on
	// it is Badger that holds a second process off.
	err = errors.Join(removeEmptyWALs(o.Dir), checkTables(o.Dir))
	if err := errors.Join(err, release()); err != nil {
		return nil, err
	}
	open := badger.Open
	if managed {
		open = badger.OpenManaged
	}
	var db *badger.DB
	err = guard("open", func() (err error) {
		db, err = open(settings(o, managed))
		return err
	})
	switch damage := (*DamageError)(nil); {
	case err == nil:
		return db, nil
	case strings.Contains(err.Error(), "Cannot acquire directory lock"):
		return nil, &LockedError{Dir: o.Dir}
	case errors.As(err, &damage):
		return nil, err
	case errors.Is(err, fs.ErrPermission):
		return nil, fmt.Errorf("open the store in %s: %w", o.Dir, err)
	default:
		return nil, &DamageError{Reason: fmt.Sprintf("%s cannot be opened", o.Dir), Err: err}
	}
}

func settings(o Options, managed bool) badger.Options {
	mem := o.MemTableBytes
	if mem == 0 {
		mem = 8 << 20
	}
	out := badger.DefaultOptions(o.Dir).
		WithSyncWrites(!managed).
		WithCompression(options.None).
		WithBlockCacheSize(0).
		WithIndexCacheSize(0).
		WithValueThreshold(1 << 20).
		WithValueLogFileSize(64 << 20).
		WithMemTableSize(mem).
		WithNumMemtables(2).
		WithNumLevelZeroTables(4).
		WithNumLevelZeroTablesStall(8).
		WithNumVersionsToKeep(1).
		WithNumCompactors(2).
		WithDetectConflicts(false).
		WithMetricsEnabled(false).
		WithChecksumVerificationMode(options.OnBlockRead).
		WithLogger(nil)
	if o.Log != nil {
		out = out.WithLogger(badgerLog{o.Log})
	}
	return out
}

// removeEmptyWALs removes the zero-length .mem files that a SIGKILL between
// making and sizing one leaves: Badger refuses to open beside one
// (dgraph-io/badger#2207), and there is nothing in them.
func removeEmptyWALs(dir string) error {
	names, err := filepath.Glob(filepath.Join(dir, "*.mem"))
	if err != nil {
		return fmt.Errorf("look for write-ahead logs: %w", err)
	}
	for _, name := range names {
		info, err := os.Stat(name)
		if err != nil || info.Size() > 0 {
			continue
		}
		if err := os.Remove(name); err != nil {
			return fmt.Errorf("remove an empty write-ahead log: %w", err)
		}
	}
	return nil
}

func syncFile(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// SetAside renames the folder dir so that a new store can begin there, and
// returns the new name. at goes into the name. A folder that does not exist
// gives "" and no error. Nobody may have the store open.
func SetAside(dir string, at time.Time) (string, error) {
	aside := dir + ".aside-" + at.UTC().Format("20060102T150405.000")
	err := os.Rename(dir, aside)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("set the store aside: %w", err)
	}
	return aside, nil
}

// diskBytes returns what the files in dir take on disk. Badger sizes its logs
// ahead of what they hold, so blocks are counted, not lengths.
func diskBytes(dir string) int64 {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return 0
	}
	var total int64
	for _, entry := range entries {
		if info, err := entry.Info(); err == nil {
			total += blockBytes(info)
		}
	}
	return total
}

// badgerLog hands Badger's messages on; its chatter is for debugging only.
type badgerLog struct{ log *slog.Logger }

func (l badgerLog) Errorf(f string, a ...any)   { l.log.Error(message(f, a)) }
func (l badgerLog) Warningf(f string, a ...any) { l.log.Warn(message(f, a)) }
func (l badgerLog) Infof(f string, a ...any)    { l.log.Debug(message(f, a)) }
func (l badgerLog) Debugf(f string, a ...any)   { l.log.Debug(message(f, a)) }

func message(format string, args []any) string {
	return "badger: " + strings.TrimSpace(fmt.Sprintf(format, args...))
}
