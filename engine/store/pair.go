package store

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/cespare/xxhash/v2"
	"github.com/dgraph-io/badger/v4"
)

// The format of what is stored; DESIGN.md has it in full.
const (
	formatVersion = 1

	markerPrefix = 'm' // the one marker
	pairPrefix   = 'p' // then the caller's key

	valueHeader = 1 + 8 // format version, checksum
	markerBytes = 3 * 8 // position, puts, deletes
)

// marker makes a checkpoint complete. It is the last thing that a Save writes.
type marker struct {
	pos           uint64 // the log position
	version       uint64 // Badger's version: pos, or above it after a healed crash
	puts, deletes uint64 // entries written with this version
}

func (m marker) encode() []byte {
	out := binary.LittleEndian.AppendUint64(nil, m.pos)
	out = binary.LittleEndian.AppendUint64(out, m.puts)
	return binary.LittleEndian.AppendUint64(out, m.deletes)
}

func decodeMarker(version uint64, b []byte) (marker, error) {
	if len(b) != markerBytes {
		return marker{}, &DamageError{Reason: fmt.Sprintf("its marker has %d bytes, not %d", len(b), markerBytes)}
	}
	return marker{
		version: version,
		pos:     binary.LittleEndian.Uint64(b),
		puts:    binary.LittleEndian.Uint64(b[8:]),
		deletes: binary.LittleEndian.Uint64(b[16:]),
	}, nil
}

// pairKey appends the stored key of a caller's key to dst.
func pairKey(dst, key []byte) []byte {
	return append(append(dst, pairPrefix), key...)
}

// encodePair returns the stored key and value in one piece of memory.
func encodePair(key, value []byte) (k, v []byte) {
	room := make([]byte, 0, 1+len(key)+valueHeader+len(value))
	room = pairKey(room, key)
	n := len(room)
	k = room[:n:n]
	return k, appendValue(room, k, value)[n:]
}

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
		return nil, &FormatError{Found: stored[0]}
	}
	value := stored[valueHeader:]
	if stored[0] != formatVersion || binary.LittleEndian.Uint64(stored[1:]) != checksum(storedKey, value) {
		return nil, &DamageError{Key: append([]byte(nil), storedKey[1:]...), Reason: "does not match its checksum"}
	}
	return value, nil
}

// readMarker returns the newest complete checkpoint; zero when there is none.
func (s *Store) readMarker() (marker, error) {
	txn := s.db.NewTransactionAt(math.MaxUint64, false)
	defer txn.Discard()
	item, err := txn.Get([]byte{markerPrefix})
	if err == badger.ErrKeyNotFound {
		return marker{}, nil
	}
	if err != nil {
		return marker{}, &DamageError{Reason: "its marker cannot be read", Err: err}
	}
	var m marker
	err = item.Value(func(stored []byte) error {
		value, err := decodeValue([]byte{markerPrefix}, stored)
		if err != nil {
			return err
		}
		m, err = decodeMarker(item.Version(), value)
		return err
	})
	return m, err
}

// count returns how many pairs were put and removed with exactly this version.
func (s *Store) count(version uint64) (puts, deletes uint64) {
	s.since(version-1, func(item *badger.Item) {
		switch {
		case item.Version() != version:
		case item.IsDeletedOrExpired():
			deletes++
		default:
			puts++
		}
	})
	return puts, deletes
}

// since hands over every entry of a pair above a version, newest first within a
// key. The item is good for the call.
func (s *Store) since(version uint64, fn func(*badger.Item)) {
	txn := s.db.NewTransactionAt(math.MaxUint64, false)
	defer txn.Discard()
	it := txn.NewIterator(badger.IteratorOptions{
		Prefix: []byte{pairPrefix}, AllVersions: true, SinceTs: version,
	})
	defer it.Close()
	for it.Rewind(); it.Valid(); it.Next() {
		fn(it.Item())
	}
}
