package store

import (
	"encoding/binary"
	"slices"

	"nabo/engine/event"
	"nabo/engine/refs"

	"github.com/cespare/xxhash/v2"
)

// tokenBook holds all pairs of id and token in memory, each pair once, in byte
// arrays that two tables refer to: some 23 bytes beside the id. It is cut into
// shards by the hash of the id, so that no step has to move more than one of
// them. Its zero value is empty.
type tokenBook struct {
	shards  [tokenShards]tokenShard
	byToken [tokenShards]refs.Table // by the token's low bits
	n       int
}

// tokenShard holds records of a token (8 bytes), the id's length (1), and the
// id, each at a multiple of recordUnit. What was forgotten is blank, and goes
// with the next rebuild.
type tokenShard struct {
	records []byte
	blank   int // bytes of them
	byID    refs.Table
}

// A reference is a shard and a place in its records, counted in units.
const (
	tokenShards = 256
	recordUnit  = 4
	placeBits   = 24
	recordHead  = 8 + 1
	shardBytes  = recordUnit << placeBits // the most that a shard holds
)

func recordSize(id int) int { return (recordHead + id + recordUnit - 1) / recordUnit * recordUnit }

func (b *tokenBook) record(ref uint32) []byte {
	return b.shards[ref>>placeBits].records[int(ref&(1<<placeBits-1))*recordUnit:]
}

func recordToken(record []byte) event.Token { return event.Token(binary.LittleEndian.Uint64(record)) }
func recordID(record []byte) []byte         { return record[recordHead : recordHead+int(record[8])] }

func (b *tokenBook) hashOf(ref uint32) uint64 { return xxhash.Sum64(recordID(b.record(ref))) }
func (b *tokenBook) tokenOf(ref uint32) uint64 {
	return uint64(recordToken(b.record(ref)))
}

// find returns where an id's record is; 0: it has none.
func (b *tokenBook) find(id string) (hash uint64, ref uint32) {
	hash = xxhash.Sum64String(id)
	return hash, b.shards[hash%tokenShards].byID.Find(hash, func(ref uint32) bool {
		return string(recordID(b.record(ref))) == id
	})
}

func (b *tokenBook) token(id string) (event.Token, bool) {
	_, ref := b.find(id)
	if ref == 0 {
		return 0, false
	}
	return recordToken(b.record(ref)), true
}

func (b *tokenBook) id(token event.Token) (string, bool) {
	ref := b.findToken(token)
	if ref == 0 {
		return "", false
	}
	return string(recordID(b.record(ref))), true
}

func (b *tokenBook) findToken(token event.Token) uint32 {
	return b.byToken[token%tokenShards].Find(uint64(token), func(ref uint32) bool {
		return recordToken(b.record(ref)) == token
	})
}

// full says whether a shard may have no room for an id beside some others.
func (b *tokenBook) full(id string, others int) bool {
	sh := &b.shards[xxhash.Sum64String(id)%tokenShards]
	return len(sh.records) > shardBytes-recordSize(maxIDBytes)*(others+1)
}

// add notes a pair neither half of which is there.
func (b *tokenBook) add(id string, token event.Token) {
	hash := xxhash.Sum64String(id)
	shard := hash % tokenShards
	sh := &b.shards[shard]
	if len(sh.records) == 0 {
		sh.records = make([]byte, recordUnit) // no reference is 0
	}
	ref := sh.append(uint32(shard), id, token)
	sh.byID.Add(hash, ref, b.hashOf)
	b.byToken[token%tokenShards].Add(uint64(token), ref, b.tokenOf)
	b.n++
}

// append writes a record and returns its reference.
func (sh *tokenShard) append(shard uint32, id string, token event.Token) uint32 {
	at, size := len(sh.records), recordSize(len(id))
	if at+size > cap(sh.records) { // by an eighth: append would leave more room
		grown := make([]byte, at, at+at/8+4*size)
		copy(grown, sh.records)
		sh.records = grown
	}
	sh.records = sh.records[:at+size]
	record := sh.records[at:]
	binary.LittleEndian.PutUint64(record, uint64(token))
	record[8] = byte(len(id))
	clear(record[recordHead+copy(record[recordHead:], id):])
	return shard<<placeBits | uint32(at/recordUnit)
}

// remove forgets an id, and leaves none of its bytes.
func (b *tokenBook) remove(id string) {
	hash, ref := b.find(id)
	if ref == 0 {
		return
	}
	sh, record := &b.shards[hash%tokenShards], b.record(ref)
	token := recordToken(record)
	sh.byID.Remove(hash, ref, b.hashOf)
	b.byToken[token%tokenShards].Remove(uint64(token), ref, b.tokenOf)
	b.n--
	size := recordSize(len(id))
	clear(record[:8])
	clear(recordID(record)) // its length stays, so that records can be walked
	if sh.blank += size; sh.blank*4 > len(sh.records) {
		b.rebuild(uint32(hash % tokenShards))
	}
}

// rebuild leaves out what is blank in a shard.
func (b *tokenBook) rebuild(shard uint32) {
	sh := &b.shards[shard]
	old := sh.records
	kept := tokenShard{records: make([]byte, recordUnit, len(old)-sh.blank)}
	for at := recordUnit; at < len(old); {
		record := old[at:]
		id, token := recordID(record), recordToken(record)
		if token != 0 {
			was := shard<<placeBits | uint32(at/recordUnit)
			now := kept.append(shard, string(id), token)
			sh.byID.Set(xxhash.Sum64(id), was, now)
			b.byToken[token%tokenShards].Set(uint64(token), was, now)
		}
		at += recordSize(len(id))
	}
	sh.records, sh.blank = slices.Clip(kept.records), 0
}

// each gives all pairs until fn fails.
func (b *tokenBook) each(fn func(id []byte, token event.Token) error) error {
	for i := range b.shards {
		records := b.shards[i].records
		for at := recordUnit; at < len(records); {
			record := records[at:]
			id, token := recordID(record), recordToken(record)
			if token != 0 {
				if err := fn(id, token); err != nil {
					return err
				}
			}
			at += recordSize(len(id))
		}
	}
	return nil
}

// bytes is what all of it takes.
func (b *tokenBook) bytes() uint64 {
	total := 0
	for i := range b.shards {
		sh := &b.shards[i]
		total += cap(sh.records) + sh.byID.Bytes() + b.byToken[i].Bytes()
	}
	return uint64(total)
}
