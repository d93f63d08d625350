package push

import (
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/cespare/xxhash/v2"
)

// The state file holds what receivers were sent, in rising order of the members'
// numbers. Integers are unsigned varints unless said otherwise.
//
//	header   "nabo-push", version (1 byte), log position (8 bytes, little
//	         endian), time of the snapshot (8 bytes, little endian, milliseconds)
//	row      number minus that of the row before (-1 before the first),
//	         length and bytes of the member's id, offers, chains
//	list     count, then entries in the order of their ranks
//	entry    index of the id, then the score in thousandths less that of the
//	         entry before (0 before the first), as a signed varint
//	id       the index is a place in a table that is empty at first; an index
//	         equal to the table's length is followed by length and bytes of a new
//	         id, which takes that place
//	end      0, number of rows, xxhash64 of all before (8 bytes, little endian)
const (
	stateMagic   = "nabo-push"
	stateVersion = 1
	headerBytes  = len(stateMagic) + 1 + 8 + 8
	sumBytes     = 8

	maxID      = 256  // bytes of an id
	maxEntries = 4096 // of a list
	maxSteps   = int64(1e12)
)

// flushBytes is how much the writer gathers before it writes.
const flushBytes = 256 << 10

// stateWriter writes a new state beside the old one.
type stateWriter struct {
	path  string // what it becomes
	file  *os.File
	buf   []byte
	sum   *xxhash.Digest
	size  int64
	last  int64    // number of the row before
	rows  uint64   // so far
	where []uint32 // by symbol: its index in the file plus 1; 0: not in it yet
	next  uint32   // index of the next id
}

// createState begins a state that is to become path.
func createState(path string, snap Snapshot) (*stateWriter, error) {
	file, err := os.OpenFile(path+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("begin a new state: %w", err)
	}
	w := &stateWriter{path: path, file: file, sum: xxhash.New(), last: -1, buf: make([]byte, 0, flushBytes+64<<10)}
	w.buf = append(w.buf, stateMagic...)
	w.buf = append(w.buf, stateVersion)
	w.buf = binary.LittleEndian.AppendUint64(w.buf, snap.Position)
	w.buf = binary.LittleEndian.AppendUint64(w.buf, uint64(snap.Time.UnixMilli()))
	return w, nil
}

// row appends one member.
func (w *stateWriter) row(number uint32, member string, offers, chains []entry, names []string) error {
	w.buf = binary.AppendUvarint(w.buf, uint64(int64(number)-w.last))
	w.last = int64(number)
	w.rows++
	w.text(member)
	w.list(offers, names)
	w.list(chains, names)
	if len(w.buf) >= flushBytes {
		return w.flush()
	}
	return nil
}

func (w *stateWriter) list(entries []entry, names []string) {
	w.buf = binary.AppendUvarint(w.buf, uint64(len(entries)))
	var before int64
	for _, e := range entries {
		for int(e.sym) >= len(w.where) {
			w.where = append(w.where, 0)
		}
		if at := w.where[e.sym]; at > 0 {
			w.buf = binary.AppendUvarint(w.buf, uint64(at-1))
		} else {
			w.buf = binary.AppendUvarint(w.buf, uint64(w.next))
			w.next++
			w.where[e.sym] = w.next
			w.text(names[e.sym])
		}
		w.buf = binary.AppendVarint(w.buf, e.steps-before)
		before = e.steps
	}
}

func (w *stateWriter) text(s string) {
	w.buf = binary.AppendUvarint(w.buf, uint64(len(s)))
	w.buf = append(w.buf, s...)
}

func (w *stateWriter) flush() error {
	_, _ = w.sum.Write(w.buf) // never fails
	n, err := w.file.Write(w.buf)
	w.size += int64(n)
	w.buf = w.buf[:0]
	if err != nil {
		return fmt.Errorf("write the new state: %w", err)
	}
	return nil
}

// commit puts the new state in the place of the old one, durable on return.
func (w *stateWriter) commit() error {
	w.buf = binary.AppendUvarint(w.buf, 0)
	w.buf = binary.AppendUvarint(w.buf, w.rows)
	if err := w.flush(); err != nil {
		return err
	}
	w.buf = binary.LittleEndian.AppendUint64(w.buf, w.sum.Sum64())
	if err := w.flush(); err != nil {
		return err
	}
	if err := w.file.Sync(); err != nil {
		return fmt.Errorf("sync the new state: %w", err)
	}
	if err := w.file.Close(); err != nil {
		return fmt.Errorf("close the new state: %w", err)
	}
	if err := os.Rename(w.file.Name(), w.path); err != nil {
		return fmt.Errorf("put the new state in place: %w", err)
	}
	return syncDir(filepath.Dir(w.path))
}

// abandon drops an unfinished state. It does nothing after commit.
func (w *stateWriter) abandon() {
	if w.file.Close() == nil {
		_ = os.Remove(w.file.Name()) // the next sync overwrites it anyhow
	}
}

// syncDir makes names in a folder durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("sync folder %s: %w", dir, err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil {
		return fmt.Errorf("sync folder %s: %w", dir, err)
	}
	return nil
}

// DamageError says that a file of the last sync can't be used.
type DamageError struct {
	File   string
	Reason string
}

// Error says what is wrong with which file.
func (e *DamageError) Error() string { return fmt.Sprintf("%s is damaged: %s", e.File, e.Reason) }

// checkState reads a state through and returns its checksum. The error is a
// *DamageError, or of the file system: fs.ErrNotExist when there is none.
func checkState(path string) (sum uint64, err error) {
	file, err := os.Open(path)
	if err != nil {
		return 0, fmt.Errorf("open the state: %w", err)
	}
	defer file.Close()
	r, err := readState(file, path, newSymbols())
	if err != nil {
		return 0, err
	}
	for {
		more, err := r.next()
		if err != nil {
			return 0, err
		}
		if !more {
			return r.sum, nil
		}
	}
}

// stateReader reads a state row by row.
type stateReader struct {
	snap Snapshot
	sum  uint64 // of the file, once next has returned false

	number uint32
	member []byte // valid until the next row
	offers []entry
	chains []entry

	name  string // for errors
	in    io.Reader
	left  int64 // bytes before the checksum that are not yet in buf
	buf   []byte
	at    int
	hash  *xxhash.Digest
	last  int64
	rows  uint64
	syms  *symbols
	table []uint32 // symbols by index
}
