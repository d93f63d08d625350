package store

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/cespare/xxhash/v2"
)

// The form of segments; DESIGN.md has it in full.
const (
	segmentSuffix = ".decisions"
	segmentMagic  = "nabodec"
	segmentFormat = 2 // 1 was in Badger
	segmentHead   = len(segmentMagic) + 1 + 8

	entryHeadBytes = 4 + 4 + 8 + 16 + 8
)

// entryHead is what stands before each decision: the checksum of the rest of
// the head, the content's length, the checksum of id, until and content, the
// id, and until when it is kept.
type entryHead [entryHeadBytes]byte

func newHead(id [16]byte, until int64, content []byte) (h entryHead) {
	copy(h[16:], id[:])
	binary.LittleEndian.PutUint64(h[32:], uint64(until))
	binary.LittleEndian.PutUint32(h[4:], uint32(len(content)))
	binary.LittleEndian.PutUint64(h[8:], h.sum(content))
	binary.LittleEndian.PutUint32(h[:], uint32(xxhash.Sum64(h[4:])))
	return h
}

func (h *entryHead) id() [16]byte { return [16]byte(h[16:32]) }
func (h *entryHead) until() int64 { return int64(binary.LittleEndian.Uint64(h[32:])) }
func (h *entryHead) length() int  { return int(binary.LittleEndian.Uint32(h[4:])) }

// whole says whether the head is as it was written.
func (h *entryHead) whole() bool {
	return binary.LittleEndian.Uint32(h[:]) == uint32(xxhash.Sum64(h[4:])) && h.length() <= maxDecision
}

// holds says whether content is what the head was written for.
func (h *entryHead) holds(content []byte) bool {
	return len(content) == h.length() && binary.LittleEndian.Uint64(h[8:]) == h.sum(content)
}

func (h *entryHead) sum(content []byte) uint64 {
	var x xxhash.Digest
	x.Reset()
	_, _ = x.Write(h[16:]) // a hash never fails to take bytes
	_, _ = x.Write(content)
	return x.Sum64()
}

// place is where an entry is, with its head. It has no pointers, so that the
// collector does not look into lists of millions.
type place struct{ offset, length uint32 }

// segment is one file of entries. Its fields name and file never change, size
// only with the lock files of its owner held, the rest is guarded by its
// owner's mu, size for those too who only hold that.
type segment struct {
	name        [16]byte // its first decision's id, or above it
	file        *os.File
	size        int64 // of what is whole
	list        map[[16]byte]place
	least, most [16]byte // ids
	until       int64    // when the last of its decisions is over
}

func newSegment(dir string, name [16]byte) (*segment, error) {
	seg := &segment{name: name, size: int64(segmentHead), list: map[[16]byte]place{}, until: math.MinInt64}
	file, err := os.OpenFile(filepath.Join(dir, seg.fileName()), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("make a segment: %w", err)
	}
	if _, err := file.Write(fileHead(segmentFormat)); err != nil {
		return nil, errors.Join(fmt.Errorf("begin a segment: %w", err), file.Close(), os.Remove(file.Name()))
	}
	seg.file = file
	return seg, nil
}

// fileHead is what a segment begins with. It has its own checksum, so that a
// damaged format is not taken for another one.
func fileHead(format byte) []byte {
	b := append([]byte(segmentMagic), format)
	return binary.LittleEndian.AppendUint64(b, xxhash.Sum64(b))
}

// readFileHead returns the format of a segment; false: its head is damaged.
func readFileHead(r io.ReaderAt) (format byte, ok bool) {
	var b [segmentHead]byte
	if _, err := r.ReadAt(b[:], 0); err != nil {
		return 0, false
	}
	format = b[len(segmentMagic)]
	return format, bytes.Equal(b[:], fileHead(format))
}

func (s *segment) fileName() string { return hex.EncodeToString(s.name[:]) + segmentSuffix }

func segmentName(fileName string) (name [16]byte, ok bool) {
	digits, ok := strings.CutSuffix(fileName, segmentSuffix)
	if !ok || len(digits) != 2*len(name) || strings.ToLower(digits) != digits {
		return name, false
	}
	_, err := hex.Decode(name[:], []byte(digits))
	return name, err == nil
}

func before(a, b [16]byte) bool { return bytes.Compare(a[:], b[:]) < 0 }

// following returns the next name in order.
func following(name [16]byte) [16]byte {
	for i := len(name) - 1; i >= 0; i-- {
		if name[i]++; name[i] != 0 {
			break
		}
	}
	return name
}

// append writes whole entries behind what is there, with one write.
func (s *segment) append(entries []byte) error {
	if _, err := s.file.WriteAt(entries, s.size); err != nil {
		return fmt.Errorf("write to a segment: %w", err)
	}
	return nil
}

// add lists the entries that were appended.
func (s *segment) add(entries []byte) {
	for len(entries) > 0 {
		head := (*entryHead)(entries)
		size := entryHeadBytes + head.length()
		s.note(head, s.size)
		s.size += int64(size)
		entries = entries[size:]
	}
}

func (s *segment) note(head *entryHead, offset int64) {
	id := head.id()
	if len(s.list) == 0 {
		s.least, s.most = id, id
	}
	if before(id, s.least) {
		s.least = id
	}
	if before(s.most, id) {
		s.most = id
	}
	s.list[id] = place{offset: uint32(offset), length: uint32(entryHeadBytes + head.length())}
	s.until = max(s.until, head.until())
}

func (s *segment) find(id [16]byte) (place, bool) {
	if before(id, s.least) || before(s.most, id) {
		return place{}, false
	}
	at, ok := s.list[id]
	return at, ok
}

// read appends the content of an entry to dst, once it is found to be whole.
func (s *segment) read(id [16]byte, at place, dst []byte) (out []byte, until int64, err error) {
	const advice = "this decision can't be looked up; nothing else is lost"
	from := len(dst)
	// The head is read into dst too, and then moved over.
	out = append(dst, make([]byte, at.length)...)
	entry := out[from:]
	if _, err := s.file.ReadAt(entry, int64(at.offset)); err != nil {
		if errors.Is(err, os.ErrClosed) {
			return dst, 0, err
		}
		return dst, 0, &DamageError{Key: bytes.Clone(id[:]), Reason: "can't be read", Err: err, Advice: advice}
	}
	head := entryHead(entry)
	if !head.whole() || head.id() != id || !head.holds(entry[entryHeadBytes:]) {
		return dst, 0, &DamageError{Key: bytes.Clone(id[:]), Reason: "does not match its checksum", Advice: advice}
	}
	n := copy(entry, entry[entryHeadBytes:])
	return out[:from+n], head.until(), nil
}
