package push

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/cespare/xxhash/v2"
)

// The journal names the members of whom a receiver may have heard since the
// state was written, so that a sync after one that died tells them all anew:
// what the dead one said may be neither the old state nor the new.
//
//	header  "nabo-sent", version (1 byte), checksum of the state that it follows
//	        (8 bytes, little endian; 0: none)
//	frame   length of the payload (4 bytes), xxhash64 of it (8 bytes), both
//	        little endian; payload: for each member the number (unsigned varint),
//	        length (unsigned varint) and bytes of the id
//
// A frame is synced before its batch is sent. So a last frame that is cut off or
// has a wrong checksum belongs to a batch that was never sent.
const (
	journalMagic   = "nabo-sent"
	journalVersion = 1
	journalHeader  = len(journalMagic) + 1 + 8
	frameHeader    = 4 + 8
)

// told is a member of whom a receiver may have heard.
type told struct {
	number uint32
	member string
}

func (t told) compare(o told) int {
	return cmp.Or(cmp.Compare(t.number, o.number), cmp.Compare(t.member, o.member))
}

// journal is open for one sync.
type journal struct {
	path string
	base uint64
	file *os.File // nil until there is something to note
	keep int64    // bytes of an earlier sync to append after; 0: begin anew
	buf  []byte
}

// loadJournal reads what earlier syncs have noted, in order and each member
// once. Of a journal that is damaged before its last frame comes what can be
// read, and a *DamageError.
func loadJournal(path string) (base uint64, entries []told, good int64, err error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil, 0, nil
	}
	if err != nil {
		return 0, nil, 0, fmt.Errorf("read the journal: %w", err)
	}
	base, entries, good, err = parseJournal(path, b)
	slices.SortFunc(entries, told.compare)
	return base, slices.Compact(entries), good, err
}

// parseJournal returns the entries of a journal in the order of the file and how
// many of its bytes are good.
func parseJournal(name string, b []byte) (base uint64, entries []told, good int64, err error) {
	if len(b) < journalHeader {
		return 0, nil, 0, nil // cut off before the first frame: nothing was sent
	}
	if string(b[:len(journalMagic)]) != journalMagic || b[len(journalMagic)] != journalVersion {
		return 0, nil, 0, &DamageError{File: name, Reason: "it does not begin as a journal of this version"}
	}
	base = binary.LittleEndian.Uint64(b[len(journalMagic)+1:])
	text := string(b) // the ids share it
	for at := journalHeader; at < len(b); {
		if len(b)-at < frameHeader {
			break
		}
		size := int64(binary.LittleEndian.Uint32(b[at:]))
		from, to := at+frameHeader, int64(at+frameHeader)+size
		if to > int64(len(b)) {
			break
		}
		if xxhash.Sum64(b[from:to]) != binary.LittleEndian.Uint64(b[at+4:]) {
			if to == int64(len(b)) {
				break
			}
			return base, entries, int64(at), &DamageError{File: name, Reason: fmt.Sprintf("the frame at byte %d does not match its checksum", at)}
		}
		var ok bool
		if entries, ok = parseFrame(b[from:to], text[from:to], entries); !ok {
			return base, entries, int64(at), &DamageError{File: name, Reason: fmt.Sprintf("the frame at byte %d has no right form", at)}
		}
		at = int(to)
		good = to
	}
	return base, entries, max(good, int64(journalHeader)), nil
}

func parseFrame(b []byte, text string, dst []told) ([]told, bool) {
	for at := 0; at < len(b); {
		number, n := binary.Uvarint(b[at:])
		if n <= 0 || number > 1<<32-1 {
			return dst, false
		}
		at += n
		size, n := binary.Uvarint(b[at:])
		if n <= 0 || size == 0 || size > maxID || int(size) > len(b)-at-n {
			return dst, false
		}
		at += n
		dst = append(dst, told{uint32(number), text[at : at+int(size)]})
		at += int(size)
	}
	return dst, true
}

// note makes members durable in the journal. It is called before they are sent.
func (j *journal) note(members []told) error {
	if len(members) == 0 {
		return nil
	}
	if err := j.open(); err != nil {
		return fmt.Errorf("open the journal: %w", err)
	}
	j.buf = append(j.buf[:0], make([]byte, frameHeader)...)
	for _, m := range members {
		j.buf = binary.AppendUvarint(j.buf, uint64(m.number))
		j.buf = binary.AppendUvarint(j.buf, uint64(len(m.member)))
		j.buf = append(j.buf, m.member...)
	}
	payload := j.buf[frameHeader:]
	binary.LittleEndian.PutUint32(j.buf, uint32(len(payload)))
	binary.LittleEndian.PutUint64(j.buf[4:], xxhash.Sum64(payload))
	if _, err := j.file.Write(j.buf); err != nil {
		return fmt.Errorf("write the journal: %w", err)
	}
	if err := j.file.Sync(); err != nil {
		return fmt.Errorf("sync the journal: %w", err)
	}
	return nil
}

func (j *journal) open() error {
	if j.file != nil {
		return nil
	}
	file, err := os.OpenFile(j.path, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	j.file = file
	if err := file.Truncate(j.keep); err != nil {
		return err
	}
	if _, err := file.Seek(j.keep, 0); err != nil {
		return err
	}
	if j.keep > 0 {
		return nil
	}
	head := append([]byte(journalMagic), journalVersion)
	if _, err := file.Write(binary.LittleEndian.AppendUint64(head, j.base)); err != nil {
		return err
	}
	return syncDir(filepath.Dir(j.path))
}

// close leaves the journal to the next sync.
func (j *journal) close() {
	if j.file != nil {
		_ = j.file.Close() // all that counts is synced
		j.file = nil
	}
}

// remove drops the journal: the state says it all. If that fails, or is not
// durable, the next sync sees that the journal follows another state.
func (j *journal) remove() {
	j.close()
	_ = os.Remove(j.path)
}
