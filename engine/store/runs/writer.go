package runs

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/cespare/xxhash/v2"
)

// Writer writes one run. One goroutine uses it.
//
// It writes with plain writes, in blocks, and syncs what it has written every
// few megabytes: a goroutine that waits for the disk then waits in a system
// call, in which Go gives its place to another, and a sync of somebody else's
// file never has to wait for all of ours.
type Writer struct {
	file *os.File
	pace func(bytes int)

	chunk   []byte  // pairs that wait to be sorted
	entries []entry // where they are in it
	ordered bool    // they came sorted, each key once

	block  []byte // pairs of the block that is being made
	first  []byte // its first key
	opens  bool   // it begins a section
	last   []byte // the key that was written last
	index  []byte
	synced uint64 // up to where the file is
	info   Info
}

// entry is a pair in the chunk: where it begins, its key's length, and its
// value's length, -1 for a removed key.
type entry struct {
	at, key uint32
	value   int32
}

func (w *Writer) key(e entry) []byte { return w.chunk[e.at : e.at+e.key] }

// Create makes the file path for a run; it must not be there. pace is called
// with the size of each piece that was written, and may wait; nil: nobody
// waits. Finish or Abort ends what Create began.
func Create(path string, pace func(bytes int)) (*Writer, error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("make a run: %w", err)
	}
	if pace == nil {
		pace = func(int) {}
	}
	w := &Writer{file: file, pace: pace, ordered: true}
	if _, err := file.WriteString(magic); err != nil {
		return nil, errors.Join(fmt.Errorf("begin a run: %w", err), w.Abort())
	}
	w.info.Data = uint64(len(magic))
	return w, nil
}

// Put adds a pair, in any order; of pairs with the same key the last one holds.
// A nil value says that the key is removed. Key and value are copied.
func (w *Writer) Put(key, value []byte) error {
	if len(key) > maxKey || len(value) > maxValue {
		return fmt.Errorf("a pair of %d and %d bytes: at most %d and %d were expected", len(key), len(value), maxKey, maxValue)
	}
	if len(w.chunk)+len(key)+len(value) > chunkBytes {
		if err := w.writeChunk(); err != nil {
			return err
		}
	}
	e := entry{at: uint32(len(w.chunk)), key: uint32(len(key)), value: int32(len(value))}
	if value == nil {
		e.value = -1
	}
	if n := len(w.entries); w.ordered && n > 0 && bytes.Compare(w.key(w.entries[n-1]), key) >= 0 {
		w.ordered = false
	}
	w.chunk = append(append(w.chunk, key...), value...)
	w.entries = append(w.entries, e)
	return nil
}

// writeChunk sorts what waits and writes it, as the rest of the section before
// or as a section of its own.
func (w *Writer) writeChunk() error {
	if !w.ordered {
		slices.SortStableFunc(w.entries, func(a, b entry) int { return bytes.Compare(w.key(a), w.key(b)) })
	}
	for i, e := range w.entries {
		if i+1 < len(w.entries) && bytes.Equal(w.key(e), w.key(w.entries[i+1])) {
			continue // the last one holds
		}
		if err := w.add(e); err != nil {
			return err
		}
	}
	w.chunk, w.entries, w.ordered = w.chunk[:0], w.entries[:0], true
	return nil
}

// add puts a pair into the block.
func (w *Writer) add(e entry) error {
	key := w.key(e)
	if w.info.Sections == 0 || bytes.Compare(key, w.last) <= 0 {
		if err := w.writeBlock(); err != nil {
			return err
		}
		w.opens = true
		w.info.Sections++
	}
	if len(w.block) == 0 {
		w.first = append(w.first[:0], key...)
	}
	w.block = binary.AppendUvarint(w.block, uint64(e.key))
	w.block = binary.AppendUvarint(w.block, uint64(e.value+1))
	w.block = append(w.block, key...)
	if e.value < 0 {
		w.info.Deletes++
	} else {
		w.info.Puts++
		from := e.at + e.key
		w.block = append(w.block, w.chunk[from:from+uint32(e.value)]...)
	}
	w.last = append(w.last[:0], key...)
	if len(w.block) < blockBytes {
		return nil
	}
	return w.writeBlock()
}

// writeBlock writes the block, if there is one, and notes it in the index.
func (w *Writer) writeBlock() error {
	if len(w.block) == 0 {
		return nil
	}
	opens := uint64(0)
	if w.opens {
		opens = 1
	}
	w.index = binary.AppendUvarint(w.index, uint64(len(w.block))<<1|opens)
	w.index = binary.LittleEndian.AppendUint64(w.index, blockSum(w.info.Data, w.block))
	w.index = binary.AppendUvarint(w.index, uint64(len(w.first)))
	w.index = append(w.index, w.first...)
	if _, err := w.file.Write(w.block); err != nil {
		return fmt.Errorf("write a run: %w", err)
	}
	w.info.Data += uint64(len(w.block))
	if w.info.Data-w.synced >= syncBytes {
		if err := w.file.Sync(); err != nil {
			return fmt.Errorf("sync a run: %w", err)
		}
		w.synced = w.info.Data
	}
	w.pace(len(w.block))
	w.block, w.opens = w.block[:0], false
	return nil
}

// Finish writes what waits and the index, and closes the file, durable on
// return; its name is durable once the folder is synced, which is the caller's.
// When it fails, the file is removed.
func (w *Writer) Finish() (Info, error) {
	err := w.writeChunk()
	if err == nil {
		err = w.writeBlock()
	}
	if err == nil {
		w.info.Index, w.info.Sum = uint64(len(w.index)), xxhash.Sum64(w.index)
		if _, err = w.file.Write(w.index); err == nil {
			err = w.file.Sync()
		}
	}
	if err != nil {
		return Info{}, errors.Join(err, w.Abort())
	}
	if err := w.file.Close(); err != nil {
		return Info{}, errors.Join(fmt.Errorf("close a run: %w", err), os.Remove(w.file.Name()))
	}
	return w.info, nil
}

// Abort removes the file.
func (w *Writer) Abort() error {
	return errors.Join(w.file.Close(), os.Remove(w.file.Name()))
}
