package graph

// warmMembers is how many members Warm reads side by side: what 16 of them hold
// fits into the nearest caches.
const warmMembers = 16

// Warm reads what is held of members that are about to be bound, all of them
// side by side: a member's chunks lie anywhere in memory and each says where
// the next one is, so that one member after the other would be a miss after
// the other. The writer's; it changes nothing.
func (m *Members) Warm(ids []Member) {
	for len(ids) > 0 {
		n := min(len(ids), warmMembers)
		m.warm(ids[:n])
		ids = ids[n:]
	}
}

func (m *Members) warm(ids []Member) {
	var next [warmMembers]struct {
		sh *memberShard
		id uint32
	}
	left, sum := 0, uint32(0)
	for _, id := range ids {
		sh, slot := m.shard(id)
		next[left].sh, next[left].id = sh, sh.recs[slot].head
		left++
	}
	for left > 0 {
		still := 0
		for i := range left {
			nx := next[i]
			if nx.id == 0 {
				continue
			}
			ch := nx.sh.chunks.at(nx.id)
			sum += ch.bindings[0].product
			next[still].sh, next[still].id = nx.sh, ch.next
			still++
		}
		left = still
	}
	m.warmth = sum // so that the reads are not optimised away
}
