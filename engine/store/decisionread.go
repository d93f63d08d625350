package store

import (
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
)

// foreign says what makes the folder one that this program did not write;
// empty: nothing does.
func foreign(dir string) (reason string, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", fmt.Errorf("look into the folder: %w", err)
	}
	for _, entry := range entries {
		if entry.Name() == "MANIFEST" || filepath.Ext(entry.Name()) == ".sst" {
			return "is of an earlier nabo", nil
		}
		if _, ok := segmentName(entry.Name()); !ok {
			continue
		}
		file, err := os.Open(filepath.Join(dir, entry.Name()))
		if err != nil {
			continue // readFolder says so
		}
		format, ok := readFileHead(file)
		_ = file.Close() // it was only read
		if ok && format != segmentFormat {
			return fmt.Sprintf("has format %d (this nabo knows %d)", format, segmentFormat), nil
		}
	}
	return "", nil
}

// readFolder lists what the folder's segments hold. Nobody else uses d yet.
func (d *Decisions) readFolder() error {
	entries, err := os.ReadDir(d.opt.Dir) // in the order of the names
	if err != nil {
		return fmt.Errorf("look into the folder: %w", err)
	}
	window := make([]byte, windowBytes)
	for _, entry := range entries {
		name, ok := segmentName(entry.Name())
		if !ok {
			continue
		}
		file, err := os.OpenFile(filepath.Join(d.opt.Dir, entry.Name()), os.O_RDWR, 0)
		if err != nil {
			d.opt.Log.Warn("some decisions can't be looked up", "error", err)
			continue
		}
		d.readSegment(&segment{name: name, file: file, list: map[[16]byte]place{}, until: math.MinInt64}, window)
	}
	return nil
}

// readSegment lists what a segment holds. Where it ends well, it is the one
// that takes more, if no other comes after it.
func (d *Decisions) readSegment(seg *segment, window []byte) {
	d.segments = append(d.segments, seg)
	d.current = nil
	info, err := seg.file.Stat()
	if err != nil {
		d.opt.Log.Warn("some decisions can't be looked up", "error", err)
		return
	}
	_, headed := readFileHead(seg.file)
	end, how := scanSegment(seg.file, info.Size(), window, seg.note)
	seg.size = info.Size()
	if !headed || how != endsWell {
		d.opt.Log.Warn("some decisions are damaged and can't be looked up",
			"segment", seg.fileName(), "kept", len(seg.list), "bytes", info.Size()-end)
	}
	if headed && how == endsTorn && seg.file.Truncate(end) == nil {
		seg.size, how = end, endsWell
	}
	// A damaged one is left as it is, until it goes as all do: what is behind
	// the damage is not read, but nothing is written over it either.
	if headed && how == endsWell && seg.size < d.opt.segmentBytes() {
		d.current = seg
	}
}

// windowBytes is how much of a segment is read at once: a content that is
// longer is not read at all.
const windowBytes = 128 << 10

// ending is how a segment ends.
type ending int

const (
	endsWell    ending = iota
	endsTorn           // within an entry
	endsDamaged        // what should be an entry's head is none, or cannot be read
)

// scanSegment hands over the heads of a segment's entries, and returns where
// what is whole ends. It does not look at the contents, Get does.
func scanSegment(r io.ReaderAt, size int64, window []byte, note func(head *entryHead, offset int64)) (end int64, how ending) {
	size = min(size, math.MaxUint32)
	at, from, have := int64(segmentHead), int64(0), int64(0)
	for at < size {
		if at+entryHeadBytes > size {
			return at, endsTorn
		}
		if at < from || at+entryHeadBytes > from+have {
			n, _ := r.ReadAt(window[:min(int64(len(window)), size-at)], at)
			if n < entryHeadBytes { // whatever it was, there is no head
				return at, endsDamaged
			}
			from, have = at, int64(n)
		}
		head := (*entryHead)(window[at-from:])
		if !head.whole() {
			return at, endsDamaged
		}
		next := at + entryHeadBytes + int64(head.length())
		if next > size {
			return at, endsTorn
		}
		note(head, at)
		at = next
	}
	return min(at, size), endsWell
}
