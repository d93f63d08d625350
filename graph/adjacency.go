package graph

import "math"

// edge is one neighbour.
type edge struct {
	to      Node
	weight  float32 // Σ gain·damping·fading, and what Space-Saving lends a newcomer
	support float32 // Σ fading: receipts that held both
}

// adjacency is a node's edges in one block of memory, in the order in which
// they came: room for all neighbours' numbers, then for the weights and
// supports side by side, then for the days, two to a word. That is 14 bytes an
// edge, which a struct of them would pad to 16; and a merge, which asks of
// every edge only who it leads to, reads 4 of them.
type adjacency struct {
	mem []uint32
	n   uint16
	cap uint16 // even
}

func (a *adjacency) len() int { return int(a.n) }

// ids returns the neighbours' numbers.
func (a *adjacency) ids() []uint32 { return a.mem[:a.n] }

// at returns edge i.
func (a *adjacency) at(i int) edge {
	v := a.mem[int(a.cap)+2*i:]
	return edge{Node(a.mem[i]), math.Float32frombits(v[0]), math.Float32frombits(v[1])}
}

// set replaces edge i.
func (a *adjacency) set(i int, e edge) {
	a.mem[i] = uint32(e.to)
	a.setValues(i, e)
}

func (a *adjacency) setValues(i int, e edge) {
	v := a.mem[int(a.cap)+2*i:]
	v[0], v[1] = math.Float32bits(e.weight), math.Float32bits(e.support)
}

func (a *adjacency) weight(i int) float32 {
	return math.Float32frombits(a.mem[int(a.cap)+2*i])
}

func (a *adjacency) support(i int) float32 {
	return math.Float32frombits(a.mem[int(a.cap)+2*i+1])
}

func (a *adjacency) day(i int) Day {
	return Day(a.mem[3*int(a.cap)+i/2] >> (16 * (i & 1)))
}

func (a *adjacency) setDay(i int, d Day) {
	w, shift := &a.mem[3*int(a.cap)+i/2], 16*(i&1)
	*w = *w&^(0xffff<<shift) | uint32(d)<<shift
}

// push appends an edge; there must be room.
func (a *adjacency) push(e edge, d Day) {
	i := int(a.n)
	a.n++
	a.set(i, e)
	a.setDay(i, d)
}

// extend makes room for n more edges and for what the allocator would round up
// to anyhow: its size classes lie some tenth apart, so a list is copied ten
// times as it grows, where doubling would cost half as much memory again.
func (a *adjacency) extend(n int) {
	need := a.len() + n
	if need <= int(a.cap) {
		return
	}
	words := append([]uint32(nil), make([]uint32, (need+1)/2*7)...)
	words = words[:cap(words)]
	grown := adjacency{mem: words, n: a.n, cap: uint16(min(len(words)*2/7, math.MaxUint16) &^ 1)}
	copy(grown.mem, a.ids())
	copy(grown.mem[grown.cap:], a.mem[a.cap:int(a.cap)+2*a.len()])
	copy(grown.mem[3*int(grown.cap):], a.mem[3*int(a.cap):3*int(a.cap)+(a.len()+1)/2])
	*a = grown
}

// drop takes edge i out and puts the last one in its place.
func (a *adjacency) drop(i int) {
	a.n--
	if last := int(a.n); i != last {
		a.set(i, a.at(last))
		a.setDay(i, a.day(last))
	}
}

// keep drops every edge that ok does not hold for; the others stay in order.
func (a *adjacency) keep(ok func(i int) bool) {
	kept := 0
	for i := range a.len() {
		if !ok(i) {
			continue
		}
		if kept != i {
			from, to := a.mem[int(a.cap)+2*i:], a.mem[int(a.cap)+2*kept:]
			a.mem[kept], to[0], to[1] = a.mem[i], from[0], from[1]
			a.setDay(kept, a.day(i))
		}
		kept++
	}
	a.n = uint16(kept)
}

// scale multiplies all weights and supports.
func (a *adjacency) scale(by float32) {
	values := a.mem[a.cap : int(a.cap)+2*a.len()]
	for i, v := range values {
		values[i] = math.Float32bits(math.Float32frombits(v) * by)
	}
}
