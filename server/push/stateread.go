package push

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/cespare/xxhash/v2"
)

// readBytes is the reader's buffer. A row may be longer.
const readBytes = 256 << 10

// readState begins to read a state file.
func readState(file *os.File, name string, syms *symbols) (*stateReader, error) {
	info, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("look at the state: %w", err)
	}
	return newStateReader(file, info.Size(), name, syms)
}

// newStateReader reads a state of size bytes from in.
func newStateReader(in io.Reader, size int64, name string, syms *symbols) (*stateReader, error) {
	r := &stateReader{name: name, in: in, left: size - sumBytes, hash: xxhash.New(), last: -1, syms: syms}
	if size < int64(headerBytes+sumBytes) {
		return nil, r.damage("it has %d bytes", size)
	}
	r.buf = make([]byte, 0, min(size, readBytes))
	head, err := r.take(headerBytes)
	if err != nil {
		return nil, err
	}
	if string(head[:len(stateMagic)]) != stateMagic {
		return nil, r.damage("it does not begin as a state")
	}
	head = head[len(stateMagic):]
	if head[0] != stateVersion {
		return nil, r.damage("its version is %d, not %d", head[0], stateVersion)
	}
	r.snap.Position = binary.LittleEndian.Uint64(head[1:])
	r.snap.Time = time.UnixMilli(int64(binary.LittleEndian.Uint64(head[9:]))).UTC()
	return r, nil
}

func (r *stateReader) damage(format string, args ...any) error {
	return &DamageError{File: r.name, Reason: fmt.Sprintf(format, args...)}
}

// next reads a row, false at the end, where the checksum is verified.
func (r *stateReader) next() (bool, error) {
	step, err := r.uvarint()
	if err != nil {
		return false, err
	}
	if step == 0 {
		return false, r.end()
	}
	if step > 1<<32 || r.last+int64(step) > 1<<32-1 {
		return false, r.damage("row %d has a number that is too large", r.rows)
	}
	r.last += int64(step)
	r.number = uint32(r.last)
	r.rows++
	id, err := r.text()
	if err != nil {
		return false, err
	}
	r.member = append(r.member[:0], id...)
	if r.offers, err = r.list(r.offers[:0]); err != nil {
		return false, err
	}
	r.chains, err = r.list(r.chains[:0])
	return err == nil, err
}

func (r *stateReader) list(dst []entry) ([]entry, error) {
	count, err := r.uvarint()
	if err != nil {
		return dst, err
	}
	if count > maxEntries {
		return dst, r.damage("a list of row %d has %d entries", r.rows, count)
	}
	var score int64
	for range count {
		sym, err := r.symbol()
		if err != nil {
			return dst, err
		}
		u, err := r.uvarint()
		if err != nil {
			return dst, err
		}
		score += int64(u>>1) ^ -int64(u&1) // as binary.Varint
		if score > maxSteps || score < -maxSteps {
			return dst, r.damage("a score of row %d is out of bounds", r.rows)
		}
		dst = append(dst, entry{sym, score})
	}
	return dst, nil
}

// symbol reads an id of an entry.
func (r *stateReader) symbol() (uint32, error) {
	index, err := r.uvarint()
	switch {
	case err != nil:
		return 0, err
	case index < uint64(len(r.table)):
		return r.table[index], nil
	case index > uint64(len(r.table)):
		return 0, r.damage("row %d names id %d of %d", r.rows, index, len(r.table))
	}
	id, err := r.text()
	if err != nil {
		return 0, err
	}
	sym := r.syms.ofBytes(id)
	r.table = append(r.table, sym)
	return sym, nil
}

// text reads an id; it is valid until the next read.
func (r *stateReader) text() ([]byte, error) {
	n, err := r.uvarint()
	if err != nil {
		return nil, err
	}
	if n == 0 || n > maxID {
		return nil, r.damage("an id of row %d has %d bytes", r.rows, n)
	}
	return r.take(int(n))
}

func (r *stateReader) end() error {
	rows, err := r.uvarint()
	if err != nil {
		return err
	}
	if rows != r.rows {
		return r.damage("it has %d rows and says %d", r.rows, rows)
	}
	if r.at < len(r.buf) || r.left > 0 {
		return r.damage("something follows its end")
	}
	var sum [sumBytes]byte
	if _, err := io.ReadFull(r.in, sum[:]); err != nil {
		return r.cut(err)
	}
	if r.sum = binary.LittleEndian.Uint64(sum[:]); r.sum != r.hash.Sum64() {
		return r.damage("it does not match its checksum")
	}
	return nil
}

func (r *stateReader) uvarint() (uint64, error) {
	if len(r.buf)-r.at < binary.MaxVarintLen64 {
		if err := r.fill(binary.MaxVarintLen64); err != nil {
			return 0, err
		}
	}
	if r.at < len(r.buf) && r.buf[r.at] < 0x80 { // most are one byte
		r.at++
		return uint64(r.buf[r.at-1]), nil
	}
	v, n := binary.Uvarint(r.buf[r.at:])
	if n <= 0 {
		return 0, r.damage("row %d is cut off or holds a number that is too long", r.rows)
	}
	r.at += n
	return v, nil
}

// take returns the next n bytes.
func (r *stateReader) take(n int) ([]byte, error) {
	if len(r.buf)-r.at < n {
		if err := r.fill(n); err != nil {
			return nil, err
		}
		if len(r.buf)-r.at < n {
			return nil, r.damage("row %d is cut off", r.rows)
		}
	}
	r.at += n
	return r.buf[r.at-n : r.at], nil
}

// fill reads on until want bytes are in the buffer, or all that there are.
func (r *stateReader) fill(want int) error {
	if r.left == 0 {
		return nil
	}
	rest := copy(r.buf[:cap(r.buf)], r.buf[r.at:])
	r.buf, r.at = r.buf[:rest], 0
	for len(r.buf) < want && r.left > 0 {
		room := r.buf[len(r.buf):cap(r.buf)]
		n, err := r.in.Read(room[:min(int64(len(room)), r.left)])
		_, _ = r.hash.Write(room[:n]) // never fails
		r.buf = r.buf[:len(r.buf)+n]
		r.left -= int64(n)
		if err != nil && (r.left > 0 || !errors.Is(err, io.EOF)) {
			return r.cut(err)
		}
	}
	return nil
}

func (r *stateReader) cut(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return r.damage("it ends too early")
	}
	return fmt.Errorf("read the state: %w", err)
}
