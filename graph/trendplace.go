package graph

import "math/bits"

// places finds the counters of products: an open-addressing table of their
// places, from 1, some six bytes each; the products stand in the counters
// alone. Nothing is taken out: who drops counters makes the table anew.
type places struct {
	slots []uint32 // 0: free
	n     int
}

// home is where a product's place would stand if nothing stood there.
func (p *places) home(n Node) int {
	at, _ := bits.Mul64(mix(uint64(n)+1), uint64(len(p.slots)))
	return int(at)
}

// slot returns where a product's place is, or would go; there is a free slot.
func (p *places) slot(n Node, counters []counter) int {
	at := p.home(n)
	for p.slots[at] != 0 && counters[p.slots[at]-1].node != n {
		if at++; at == len(p.slots) {
			at = 0
		}
	}
	return at
}

func (p *places) find(n Node, counters []counter) (place uint32, ok bool) {
	if p.n == 0 {
		return 0, false
	}
	at := p.slots[p.slot(n, counters)]
	return at - 1, at != 0
}

// add notes the place of a product that has none; it is among the counters.
func (p *places) add(n Node, place uint32, counters []counter) {
	if (p.n+1)*4 > len(p.slots)*3 {
		p.grow(max(8, len(p.slots)+len(p.slots)/4), counters)
	}
	p.slots[p.slot(n, counters)] = place + 1
	p.n++
}

func (p *places) grow(size int, counters []counter) {
	old := p.slots
	p.slots = make([]uint32, size)
	for _, place := range old {
		if place != 0 {
			p.slots[p.slot(counters[place-1].node, counters)] = place
		}
	}
}

// placesOf makes the table of all counters.
func placesOf(counters []counter) places {
	p := places{slots: make([]uint32, len(counters)*3/2+8)}
	for i := range counters {
		p.slots[p.slot(counters[i].node, counters)] = uint32(i) + 1
		p.n++
	}
	return p
}
