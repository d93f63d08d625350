package store

import (
	"encoding/binary"
	"fmt"

	"github.com/cespare/xxhash/v2"
)

// The form of a value in Badger; DESIGN.md has it in full.
const (
	formatVersion = 1
	valueHeader   = 1 + 8 // format version, checksum
)

// encodeValue returns the stored value of a stored key.
func encodeValue(storedKey, value []byte) []byte {
	return appendValue(make([]byte, 0, valueHeader+len(value)), storedKey, value)
}

func appendValue(dst, storedKey, value []byte) []byte {
	dst = append(dst, formatVersion)
	dst = binary.LittleEndian.AppendUint64(dst, checksum(storedKey, value))
	return append(dst, value...)
}

// checksum covers the key too, so that a value cannot answer for another key.
func checksum(storedKey, value []byte) uint64 {
	var d xxhash.Digest
	d.ResetWithSeed(uint64(len(storedKey))<<8 | formatVersion)
	_, _ = d.Write(storedKey) // a hash never fails to take bytes
	_, _ = d.Write(value)
	return d.Sum64()
}

// decodeValue returns what was put under storedKey; it shares stored.
func decodeValue(storedKey, stored []byte) ([]byte, error) {
	if len(stored) < valueHeader {
		return nil, &DamageError{Key: storedKey[1:], Reason: fmt.Sprintf("has %d bytes, fewer than its header", len(stored))}
	}
	// The checksum is seeded with the format that this program knows, so a
	// newer format is told by its byte alone.
	if stored[0] > formatVersion {
		return nil, &FormatError{Found: stored[0], Known: formatVersion}
	}
	value := stored[valueHeader:]
	if stored[0] != formatVersion || binary.LittleEndian.Uint64(stored[1:]) != checksum(storedKey, value) {
		return nil, &DamageError{Key: append([]byte(nil), storedKey[1:]...), Reason: "does not match its checksum"}
	}
	return value, nil
}
