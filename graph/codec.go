package graph

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/cespare/xxhash/v2"
)

// errShort is what every decoder says of a value that ends too soon or holds
// more than it should.
var errShort = errors.New("graph: the value's length does not fit its contents")

// reader takes little-endian numbers off a value and remembers if it ran out.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) take(n int) []byte {
	if n < 0 || n > len(r.b) {
		r.bad, r.b = true, nil
		return nil
	}
	b := r.b[:n]
	r.b = r.b[n:]
	return b
}

func (r *reader) u32() uint32 {
	if b := r.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (r *reader) u16() uint16 {
	if b := r.take(2); b != nil {
		return binary.LittleEndian.Uint16(b)
	}
	return 0
}

func (r *reader) f32() float32 { return math.Float32frombits(r.u32()) }

// count reads how many items of a size follow, and refuses more than fit.
func (r *reader) count(size int) int {
	n := int(r.u32())
	if n*size > len(r.b) {
		r.bad, r.b = true, nil
		return 0
	}
	return n
}

func (r *reader) end() error {
	if r.bad || len(r.b) != 0 {
		return errShort
	}
	return nil
}

func appendF32(dst []byte, f float32) []byte {
	return binary.LittleEndian.AppendUint32(dst, math.Float32bits(f))
}

// encode gives the node as it stands, its log unmerged: a restart must not
// move the moment of a merge. DESIGN.md has the format.
func (nd *pairNode) encode() []byte {
	le := binary.LittleEndian
	dst := make([]byte, 0, nd.bytes())
	dst = le.AppendUint32(dst, uint32(nd.epoch))
	retired := uint32(0)
	if nd.retired {
		retired = 1
	}
	dst = le.AppendUint32(dst, retired)
	dst = appendF32(dst, nd.support)
	dst = appendF32(dst, nd.mass)
	dst = appendF32(dst, nd.floor)
	dst = le.AppendUint32(dst, nd.swept)
	dst = le.AppendUint32(dst, uint32(nd.edges.len()))
	for i := range nd.edges.len() {
		e := nd.edges.at(i)
		dst = le.AppendUint32(dst, uint32(e.to))
		dst = appendF32(dst, e.weight)
		dst = appendF32(dst, e.support)
		dst = le.AppendUint16(dst, uint16(nd.edges.day(i)))
	}
	dst = le.AppendUint32(dst, uint32(len(nd.log)))
	for _, w := range nd.log {
		dst = le.AppendUint32(dst, w)
	}
	return dst
}

func (nd *pairNode) decode(b []byte, limit Node) error {
	r := reader{b: b}
	nd.epoch = int32(r.u32())
	nd.retired = r.u32() == 1
	nd.support, nd.mass, nd.floor = r.f32(), r.f32(), r.f32()
	nd.swept = r.u32()
	if !sound(nd.support) || !sound(nd.mass) || !sound(nd.floor) {
		return fmt.Errorf("graph: a product with support %v, mass %v and floor %v", nd.support, nd.mass, nd.floor)
	}
	n := r.count(edgeBytes)
	nd.edges, nd.log = adjacency{}, nil
	if n > math.MaxUint16 {
		return errShort
	}
	nd.edges.extend(n)
	for range n {
		e, day := edge{Node(r.u32()), r.f32(), r.f32()}, Day(r.u16())
		if e.to >= limit || !sound(e.weight) || !sound(e.support) {
			return fmt.Errorf("graph: an edge to product %d of %d with weight %v and support %v", e.to, limit, e.weight, e.support)
		}
		nd.edges.push(e, day)
	}
	if n = r.count(4); n > 0 {
		nd.log = make([]uint32, 0, max(n, min(max(nd.edges.len()/8, minLog), maxLog)))
	}
	for range n {
		nd.log = append(nd.log, r.u32())
	}
	if err := r.end(); err != nil {
		return err
	}
	nd.fresh = nd.support // all derived edges are to be made anew
	return checkLog(nd.log, limit)
}

// sound says whether a number can be a weight.
func sound(f float32) bool { return f >= 0 && f <= math.MaxFloat32 }

func checkLog(log []uint32, limit Node) error {
	for len(log) > 0 {
		if len(log) < recordHead || len(log) < recordHead+int(log[0]&0xffff) {
			return errShort
		}
		for _, w := range log[recordHead : recordHead+int(log[0]&0xffff)] {
			if Node(w&0xffffff) >= limit {
				return fmt.Errorf("graph: a log entry for product %d of %d", w&0xffffff, limit)
			}
		}
		log = log[recordHead+int(log[0]&0xffff):]
	}
	return nil
}

// Digest returns a hash of the whole relation; not beside the writer.
func (p *Pairs) Digest() uint64 {
	sum := mix(p.TotalCell())
	for n := Node(0); n < p.live.len(); n++ {
		sh, slot := p.shard(n)
		sh.mu.RLock()
		sum += mix(uint64(n)+1) * (xxhash.Sum64(sh.nodes[slot].encode()) | 1)
		sh.mu.RUnlock()
	}
	return sum
}
