package runs

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"sort"

	"github.com/cespare/xxhash/v2"
)

// Run is a run that is open for reading. Any goroutines may read it.
type Run struct {
	file     *os.File
	blocks   []block
	sections []int // the first block of each
}

// block is where a block is. Its keys are from first up to those of the next.
type block struct {
	offset, sum uint64
	length      uint32
	first       []byte
}

// Open opens the run in the file path and reads its index. info is what Finish
// gave. Its errors are *DamageError where the file is not what was written.
func Open(path string, info Info) (*Run, error) {
	file, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, &DamageError{filepath.Base(path), "is gone", err}
	}
	if err != nil {
		return nil, fmt.Errorf("open a run: %w", err)
	}
	r := &Run{file: file}
	if err := r.readIndex(info); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return r, nil
}

// Close closes the file.
func (r *Run) Close() error { return r.file.Close() }

func (r *Run) damage(reason string, err error) error {
	return &DamageError{filepath.Base(r.file.Name()), reason, err}
}

func (r *Run) readIndex(info Info) error {
	st, err := r.file.Stat()
	if err != nil {
		return fmt.Errorf("open a run: %w", err)
	}
	if uint64(st.Size()) != info.Bytes() {
		return r.damage(fmt.Sprintf("has %d bytes, not %d", st.Size(), info.Bytes()), nil)
	}
	head, index := make([]byte, len(magic)), make([]byte, info.Index)
	if _, err := r.file.ReadAt(head, 0); err != nil || string(head) != magic {
		return r.damage("does not begin as a run does", err)
	}
	if _, err := r.file.ReadAt(index, int64(info.Data)); err != nil {
		return r.damage("can't be read", err)
	}
	if xxhash.Sum64(index) != info.Sum {
		return r.damage("has an index that does not match its checksum", nil)
	}
	if !r.decodeIndex(index, info.Data) || len(r.sections) != int(info.Sections) {
		return r.damage("has an index that can't be read", nil)
	}
	return nil
}

func (r *Run) decodeIndex(index []byte, end uint64) bool {
	offset := uint64(len(magic))
	if end < offset {
		return false
	}
	for len(index) > 0 {
		size, n := binary.Uvarint(index)
		if n <= 0 || len(index) < n+8 {
			return false
		}
		b := block{offset: offset, length: uint32(size >> 1), sum: binary.LittleEndian.Uint64(index[n:])}
		index = index[n+8:]
		keyLen, n := binary.Uvarint(index)
		if n <= 0 || keyLen > maxKey || uint64(len(index)-n) < keyLen {
			return false
		}
		b.first, index = index[n:n+int(keyLen)], index[n+int(keyLen):]
		if size&1 != 0 {
			r.sections = append(r.sections, len(r.blocks))
		}
		if len(r.sections) == 0 || size>>1 > min(end-offset, math.MaxUint32) {
			return false
		}
		offset += size >> 1
		r.blocks = append(r.blocks, b)
	}
	return offset == end
}

// section returns the blocks of a section.
func (r *Run) section(n int) (from, to int) {
	if n+1 < len(r.sections) {
		return r.sections[n], r.sections[n+1]
	}
	return r.sections[n], len(r.blocks)
}

// cursor goes through a section's pairs, in order.
type cursor struct {
	run      *Run
	rank     int // of two cursors at one key the lower holds
	next, to int // blocks
	room     []byte
	rest     []byte // of the block, behind the pair

	key, value []byte // value is nil where the key is removed
}

// seek returns a cursor at the first pair of a section at or above from, nil if
// there is none below to (nil: no end).
func (r *Run) seek(section, rank int, from, to []byte) (*cursor, error) {
	first, end := r.section(section)
	if to != nil && bytes.Compare(r.blocks[first].first, to) >= 0 {
		return nil, nil
	}
	// The pair may be in the block before the first that begins above it.
	n := sort.Search(end-first, func(i int) bool { return bytes.Compare(r.blocks[first+i].first, from) > 0 })
	c := &cursor{run: r, rank: rank, next: first + max(n-1, 0), to: end}
	for {
		more, err := c.advance()
		if err != nil || !more {
			return nil, err
		}
		if bytes.Compare(c.key, from) >= 0 {
			break
		}
	}
	if to != nil && bytes.Compare(c.key, to) >= 0 {
		return nil, nil
	}
	return c, nil
}

// advance goes to the next pair; false: there is none.
func (c *cursor) advance() (more bool, err error) {
	if len(c.rest) == 0 {
		if c.next == c.to {
			return false, nil
		}
		if err := c.read(&c.run.blocks[c.next]); err != nil {
			return false, err
		}
		c.next++
	}
	if !c.take() {
		return false, c.run.damage("can't be read", errBlock)
	}
	return true, nil
}

// read reads a block and checks it.
func (c *cursor) read(b *block) error {
	if cap(c.room) < int(b.length) {
		c.room = make([]byte, b.length+b.length/4)
	}
	c.rest = c.room[:b.length]
	if _, err := c.run.file.ReadAt(c.rest, int64(b.offset)); err != nil {
		return c.run.damage("can't be read", err)
	}
	if blockSum(b.offset, c.rest) != b.sum {
		return c.run.damage(fmt.Sprintf("does not match its checksum at byte %d", b.offset), nil)
	}
	return nil
}

// take takes a pair off the block's rest.
func (c *cursor) take() bool {
	keyLen, n := binary.Uvarint(c.rest)
	if n <= 0 {
		return false
	}
	valueLen, m := binary.Uvarint(c.rest[n:])
	if m <= 0 {
		return false
	}
	b, removed := c.rest[n+m:], valueLen == 0
	valueLen -= min(valueLen, 1)
	if keyLen > uint64(len(b)) || valueLen > uint64(len(b))-keyLen {
		return false
	}
	c.key, c.value, c.rest = b[:keyLen:keyLen], b[keyLen:keyLen+valueLen:keyLen+valueLen], b[keyLen+valueLen:]
	if removed {
		c.value = nil
	}
	return true
}
