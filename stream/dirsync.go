package stream

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// dirSync makes the names of the log's files durable. The server syncs the
// bytes of each file that it writes, but not the folder in which it makes a
// new one, so a power cut might forget the newest file with all that was
// acknowledged in it (ext4 and XFS happen to keep it; POSIX does not promise
// it). A look at the folder's time tells whether it changed: a microsecond an
// append, and a sync for each new file.
//
// One goroutine at a time may use it. A nil dirSync does nothing.
type dirSync struct {
	dir    *os.File
	synced time.Time // the folder's time when it was last synced; zero: sync again
}

// clockTick is more than the coarsest step of a file system's clock. A folder
// that changed less than this ago may change again and show the same time.
const clockTick = 20 * time.Millisecond

// openDirSync takes the folder in which the embedded server keeps a stream's
// messages, and syncs it and all above it up to root.
func openDirSync(root, stream string) (*dirSync, error) {
	path := filepath.Join(root, "jetstream", "$G", "streams", stream, "msgs")
	dir, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("the embedded NATS server does not keep its files where expected, so its folder cannot be synced: %w", err)
	}
	if err != nil {
		return nil, fmt.Errorf("open the log's folder: %w", err)
	}
	d := &dirSync{dir: dir}
	for at := filepath.Dir(path); len(at) >= len(filepath.Clean(root)); at = filepath.Dir(at) {
		if err = syncFolder(at); err != nil {
			break
		}
		if at == filepath.Dir(at) {
			break
		}
	}
	if err == nil {
		err = d.sync()
	}
	if err != nil {
		return nil, errors.Join(err, d.close())
	}
	return d, nil
}

func (d *dirSync) sync() error {
	if d == nil {
		return nil
	}
	info, err := d.dir.Stat()
	if err != nil {
		return fmt.Errorf("look at the log's folder: %w", err)
	}
	changed := info.ModTime()
	if changed.Equal(d.synced) {
		return nil
	}
	if err := d.dir.Sync(); err != nil {
		return fmt.Errorf("sync the log's folder: %w", err)
	}
	d.synced = changed
	if time.Since(changed) < clockTick {
		d.synced = time.Time{}
	}
	return nil
}

func (d *dirSync) close() error {
	if d == nil {
		return nil
	}
	return d.dir.Close()
}

func syncFolder(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("open the folder %s: %w", path, err)
	}
	return errors.Join(f.Sync(), f.Close())
}
