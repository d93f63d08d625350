package graph

import (
	"encoding/binary"
	"slices"
	"unsafe"

	"github.com/cespare/xxhash/v2"
)

// Good is one product that a member is bound to, faded to a moment.
type Good struct {
	Product Node
	Weight  float32 // Σ gain, faded: how strongly
	Count   int     // purchases, at most 255
	Last    Day     // of the last purchase, or of the first event if there was none
	Every   float32 // days between purchases, smoothed; 0: not known
}

// Habit is what a member's receipts say of their visits.
type Habit struct {
	Visits int     // receipts, at most 65,535
	Last   Day     // of the last receipt
	Every  float32 // days between receipts, smoothed; 0: not known
	Goods  int     // products held
}

// Goods appends to dst what a member is bound to, as of a moment, in an order
// that means nothing, and returns the member's habit.
func (m *Members) Goods(dst []Good, id Member, ms int64) ([]Good, Habit) {
	if uint32(id) >= m.n.get() {
		return dst, Habit{}
	}
	sh, slot := m.shard(id)
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	rec := &sh.recs[slot]
	by := float32(m.fade.to(rec.epoch, ms))
	dst = slices.Grow(dst, int(rec.n))
	sh.chunks.each(rec, func(b *binding) {
		dst = append(dst, Good{b.node(), b.weight * by, int(b.count()), b.last, float32(b.every) / sixteenths})
	})
	return dst, Habit{int(rec.visits), rec.last, float32(rec.every) / sixteenths, int(rec.n)}
}

// Good returns one binding of a member.
func (m *Members) Good(id Member, n Node, ms int64) (Good, bool) {
	if uint32(id) >= m.n.get() {
		return Good{}, false
	}
	sh, slot := m.shard(id)
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	rec := &sh.recs[slot]
	b := sh.chunks.find(rec, n)
	if b == nil {
		return Good{}, false
	}
	by := float32(m.fade.to(rec.epoch, ms))
	return Good{n, b.weight * by, int(b.count()), b.last, float32(b.every) / sixteenths}, true
}

// MemberStats counts what members hold.
type MemberStats struct {
	Members, Bindings int
	Bytes             uint64 // both ways, spare room included
	Leans             int    // ways back, from products; some lead to members who let the product go
	LeansBytes        uint64 // what these take of Bytes
}

// Stats walks all members, a shard at a time.
func (m *Members) Stats() MemberStats {
	var st MemberStats
	for i := range m.shards {
		sh := &m.shards[i]
		sh.mu.RLock()
		for j := range sh.recs {
			if !sh.recs[j].gone {
				st.Members++
				st.Bindings += int(sh.recs[j].n)
			}
		}
		st.Bytes += uint64(cap(sh.recs))*uint64(unsafe.Sizeof(memberRec{})) + uint64(len(sh.chunks.pages))<<15
		sh.mu.RUnlock()
	}
	for i := range m.leans.shards {
		sh := &m.leans.shards[i]
		sh.mu.RLock()
		for j := range sh.lists {
			st.Leans += int(sh.lists[j].n)
		}
		st.LeansBytes += uint64(cap(sh.lists))*16 + uint64(len(sh.pages))*uint64(unsafe.Sizeof(leanPage{}))
		sh.mu.RUnlock()
	}
	st.Bytes += st.LeansBytes
	return st
}

func (sh *memberShard) encode(slot uint32) []byte {
	rec := &sh.recs[slot]
	if rec.gone {
		return []byte{1}
	}
	le := binary.LittleEndian
	dst := make([]byte, 0, memberHead+bindingBytes*int(rec.n))
	dst = append(dst, 0)
	dst = le.AppendUint32(dst, uint32(rec.epoch))
	dst = le.AppendUint16(dst, rec.visits)
	dst = le.AppendUint16(dst, uint16(rec.last))
	dst = le.AppendUint16(dst, rec.every)
	dst = le.AppendUint16(dst, rec.n)
	sh.chunks.each(rec, func(b *binding) {
		dst = le.AppendUint32(dst, b.product)
		dst = appendF32(dst, b.weight)
		dst = le.AppendUint16(dst, uint16(b.last))
		dst = le.AppendUint16(dst, b.every)
	})
	return dst
}

// Digest returns a hash of all members; not beside the writer.
func (m *Members) Digest() uint64 {
	var sum uint64
	for id := Member(0); uint32(id) < m.n.get(); id++ {
		sh, slot := m.shard(id)
		sh.mu.RLock()
		sum += mix(uint64(id)+1) * (xxhash.Sum64(sh.encode(slot)) | 1)
		sh.mu.RUnlock()
	}
	return sum + m.habits.digest()
}
