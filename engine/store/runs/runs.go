// Package runs keeps pairs, sorted by their keys, in files that are written once.
//
// A run is one such file. A removed key is a pair without a value, so that a
// newer run can hide what an older one holds: Merge reads several as one.
package runs

import (
	"errors"
	"fmt"

	"github.com/cespare/xxhash/v2"
)

// Info is what Finish says of a run, and Open wants to know of it: a run does
// not answer for itself. With it, any other byte in the file is seen.
type Info struct {
	Data     uint64 // bytes up to the index
	Index    uint64 // bytes of the index, which ends the file
	Sum      uint64 // xxhash64 of the index, which holds those of the blocks
	Puts     uint64 // pairs with a value
	Deletes  uint64 // removed keys
	Sections uint64 // how many sorted stretches there are
}

// Bytes is the file's length.
func (i Info) Bytes() uint64 { return i.Data + i.Index }

// The form of a run; ../DESIGN.md has it in full.
const (
	magic = "naborun1"

	blockBytes = 64 << 10 // a block ends with the pair that makes it as long as this
	chunkBytes = 8 << 20  // what is sorted at a time
	syncBytes  = 8 << 20  // what is synced at a time
	maxKey     = 1 << 16
	maxValue   = 1 << 30
)

// DamageError says that a file does not hold what was written to it.
type DamageError struct {
	File   string // its base name
	Reason string
	Err    error // the system's word, may be nil
}

func (e *DamageError) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("%s %s (%v)", e.File, e.Reason, e.Err)
	}
	return e.File + " " + e.Reason
}

// Unwrap returns the system's error, if there is one.
func (e *DamageError) Unwrap() error { return e.Err }

var errBlock = errors.New("a block's pairs do not fill it")

// blockSum covers where the block stands, so that one cannot stand for another.
func blockSum(offset uint64, block []byte) uint64 {
	var d xxhash.Digest
	d.ResetWithSeed(offset)
	_, _ = d.Write(block) // a hash never fails to take bytes
	return d.Sum64()
}
