package graph

import (
	"cmp"
	"math"
	"slices"
	"sync"
)

// PairOptions says how a relation between products grows and fades. The zero
// value works.
type PairOptions struct {
	HalfLife  int64 // milliseconds; 0: 180 days
	Neighbors int   // the most neighbours a node keeps; 0: 1024, at most 65,000
	Partners  int   // the most others that one receipt binds a product to; 0: 64; even
	Shards    int   // locks; a power of two; 0: 1024. It changes nothing but speed
	// Whole is up to how many bytes of changed nodes a checkpoint writes them
	// all; of more it writes what was done to them. 0: 8 MiB. It changes nothing
	// but speed.
	Whole int
}

func (o PairOptions) withDefaults() PairOptions {
	if o.HalfLife == 0 {
		o.HalfLife = 180 * msPerDay
	}
	if o.Neighbors == 0 {
		o.Neighbors = 1024
	}
	if o.Partners == 0 {
		o.Partners = 64
	}
	if o.Shards == 0 {
		o.Shards = 1024
	}
	if o.Whole == 0 {
		o.Whole = wholeBytes
	}
	return o
}

// Pairs is one relation between products: which are bought, or looked at,
// together, how strongly, on how many receipts, and when last.
//
// Bind, Unbind, Grow and Retire are the writer's. Everything else may be
// called by anybody at any time.
type Pairs struct {
	opt    PairOptions
	thin   int // see Thin
	fade   fade
	shards []pairShard
	shift  uint // a node's slot in its shard is node >> shift
	live   liveSupports

	retires uint32 // products retired so far; the writer's
	gone    bitset // which they are; the writer's
	all     total
	gained  total // what the receipts of more than one product added to each of their pairs

	sc   *Scratch // the writer's
	ring []ringItem
	big  []uint32 // one record too large for a node's log

	warmth uint32

	journal journal // the writer's
}

// pairShard holds the nodes that share a lock.
type pairShard struct {
	mu    sync.RWMutex
	nodes []pairNode // guarded by mu
	cow   cow        // guarded by mu
	_     [64]byte   // keep neighbours off this cache line
}

// pairNode is one product's adjacency. Its weights are relative to its
// landmark, epoch.
type pairNode struct {
	epoch   int32
	retired bool
	support float32 // receipts with this product, faded
	mass    float32 // the same with the gain that its pairs had
	floor   float32 // the most that an evicted neighbour weighed
	fresh   float32 // mass added since the node was refined; derived, not in the digest
	swept   uint32  // how many products were retired when the edges were last swept
	edges   adjacency
	log     []uint32
}

// NewPairs makes an empty relation.
func NewPairs(opt PairOptions) *Pairs {
	opt = opt.withDefaults()
	p := &Pairs{opt: opt, fade: fade{float64(opt.HalfLife)}, shards: make([]pairShard, opt.Shards), sc: new(Scratch)}
	p.journal.turns, p.journal.most = JournalTurns, journalBytes
	for 1<<p.shift < opt.Shards {
		p.shift++
	}
	return p
}

func (p *Pairs) shard(n Node) (*pairShard, uint32) {
	return &p.shards[n&Node(len(p.shards)-1)], uint32(n) >> p.shift
}

// Grow makes room for the nodes below n. Every node must be grown before it is
// bound.
func (p *Pairs) Grow(n Node) {
	for have := p.live.len(); have < n; have = p.live.len() {
		sh, _ := p.shard(have)
		sh.mu.Lock()
		if len(sh.nodes) == cap(sh.nodes) { // an eighth more: append would double
			sh.nodes = append(make([]pairNode, 0, len(sh.nodes)+len(sh.nodes)/8+2), sh.nodes...)
		}
		sh.nodes = append(sh.nodes, pairNode{epoch: math.MinInt32})
		sh.mu.Unlock()
		p.live.grow()
	}
	p.sc.grow(n)
}

// Bundle is a receipt, or a session's view, as the graph sees it.
type Bundle struct {
	At    int64  // milliseconds since the Unix epoch
	Key   uint64 // decides which pairs of a very large receipt are taken
	Nodes []Node // distinct
	// Damp weakens what a member has bought before: 255 is none, 0 is all. A
	// pair gets the larger of its two. Nil: none.
	Damp []uint8
	Gain float32 // what the event's type weighs
}

// least returns what the least weakened of the products keeps.
func (b *Bundle) least() uint8 {
	if b.Damp == nil {
		return 255
	}
	return slices.Max(b.Damp)
}

func (b *Bundle) damp(i int) uint32 {
	if b.Damp == nil {
		return 255
	}
	return uint32(b.Damp[i])
}

// Bind adds a receipt. Each of its n goods is bound to each other with
// Gain/(n−1), so that a long receipt says less about each of its pairs than a
// short one: on real receipts this lifted the hit rate of completing a basket
// by a fifth. A receipt with more than Partners others is sampled: each of its
// goods meets Partners of the others, by a hash of the receipt's key.
func (p *Pairs) Bind(b *Bundle) { p.bind(b, 1) }

// Unbind takes back what Bind added with the same At, Gain and Damp, for all
// pairs that hold one of back; it never leaves less than nothing.
func (p *Pairs) Unbind(b *Bundle, back []Node) {
	p.bind(b, -1)
	// The pairs that stay are those among the goods that were kept: bind these
	// again with what each pair had.
	rest := Bundle{At: b.At, Key: b.Key, Gain: b.Gain * gain(p.partners(len(b.Nodes)))}
	for i, n := range b.Nodes {
		if !slices.Contains(back, n) {
			rest.Nodes = append(rest.Nodes, n)
			rest.Damp = append(rest.Damp, uint8(b.damp(i)))
		}
	}
	if len(rest.Nodes) > 0 {
		if len(rest.Nodes) > 1 {
			rest.Gain /= gain(p.partners(len(rest.Nodes)))
		}
		p.bind(&rest, 1)
	}
}

// gain is what a receipt adds to each pair when each product meets so many. One
// of a single product adds nothing: it says how often that is bought, which is
// its support, and nothing about what goes with it.
func gain(partners int) float32 {
	if partners == 0 {
		return 0
	}
	return 1 / float32(partners)
}

func (p *Pairs) partners(n int) int {
	if p.thin > 0 {
		return min(n-1, p.thin)
	}
	return min(n-1, p.opt.Partners)
}

// Thin has receipts from now on sampled to so many partners, even and at least
// 2, in place of the option's; 0: the option's again. It is the writer's, and
// for filling a graph with more receipts than there is time for.
func (p *Pairs) Thin(partners int) { p.thin = partners }

// Join adds a product to those that a session has looked at: Nodes[0] is the
// newcomer. It is bound to each of the others with Gain/(n−1), and it alone
// counts as seen once more.
func (p *Pairs) Join(b *Bundle) {
	p.journal.note(didJoin, b, false)
	epoch, factor := p.fade.at(b.At)
	p.all.add(epoch, factor, 1)
	all := record{day: DayOf(b.At), gain: b.Gain * gain(len(b.Nodes)-1), partners: len(b.Nodes) - 1}
	p.write(b, 0, all, epoch, factor, true)
	for _, n := range b.Nodes[1:] {
		one := all
		one.partners = 1
		p.write(&Bundle{Nodes: []Node{n, b.Nodes[0]}}, 0, one, epoch, factor, false)
	}
}

func (p *Pairs) bind(b *Bundle, sign float32) {
	nodes, damps := b.Nodes, b.Damp
	partners := p.partners(len(nodes))
	did := byte(didBind)
	if sign < 0 {
		did = didUnbind
	}
	p.journal.note(did, b, partners < len(nodes)-1)
	if partners < len(nodes)-1 {
		nodes, damps = p.inRing(b)
	}
	in := Bundle{Nodes: nodes, Damp: damps}
	epoch, factor := p.fade.at(b.At)
	p.all.add(epoch, factor, sign)
	rec := record{day: DayOf(b.At), gain: b.Gain * gain(partners), partners: partners, sign: sign}
	p.gained.add(epoch, factor, sign*rec.gain*float32(b.least())/255)
	for i := range nodes {
		if i%warmAtOnce == 0 {
			p.warm(nodes[i:min(i+warmAtOnce, len(nodes))], recordHead+partners)
		}
		p.write(&in, i, rec, epoch, factor, true)
	}
}

// warmAtOnce is how many nodes are warmed together: a wholesaler's 300 lists
// would push each other out of the cache before they were written.
const warmAtOnce = 16

// warm reads a word of every node, and of every log, that is about to be
// written. At ten million edges each of them is a miss in all caches; asked for
// together they come together, where write would wait for one after the other.
func (p *Pairs) warm(nodes []Node, need int) {
	var sum uint32
	for _, n := range nodes {
		sh, slot := p.shard(n)
		sum += sh.nodes[slot].swept
	}
	for _, n := range nodes {
		sh, slot := p.shard(n)
		nd := &sh.nodes[slot]
		if len(nd.log) > 0 {
			sum += nd.log[len(nd.log)-1]
		}
		if len(nd.log)+need > nd.room() {
			for i := 0; i < len(nd.edges.mem); i += 16 { // a merge reads it all
				sum += nd.edges.mem[i]
			}
		}
	}
	p.warmth = sum // so that the reads are not optimised away
}

// write puts node i's share of a bundle into its log, and counts the node
// itself if it is to be counted.
func (p *Pairs) write(b *Bundle, i int, rec record, epoch int32, factor float64, count bool) {
	sh, slot := p.shard(b.Nodes[i])
	sh.mu.Lock()
	defer sh.mu.Unlock()
	nd := &sh.nodes[slot]
	if nd.retired {
		return
	}
	sh.cow.keep(slot, nd.copied)
	rec.factor = nd.rebase(epoch, factor)
	if rec.sign < 0 {
		rec.factor = -rec.factor
	}
	if count {
		nd.count(rec, b.damp(i))
	}
	p.live.set(b.Nodes[i], nd)
	if rec.partners > 0 {
		p.append(nd, rec, b, i)
	}
}

// rebase moves the node to a newer landmark if the event belongs to one, and
// returns the event's factor relative to the node's.
func (nd *pairNode) rebase(epoch int32, factor float64) float32 {
	if epoch <= nd.epoch {
		return float32(factor * shift(epoch, nd.epoch))
	}
	if nd.epoch != math.MinInt32 {
		nd.scale(float32(shift(nd.epoch, epoch)))
	}
	nd.epoch = epoch
	return float32(factor)
}

func (nd *pairNode) scale(by float32) {
	nd.support *= by
	nd.mass *= by
	nd.floor *= by
	nd.fresh *= by
	nd.edges.scale(by)
	scaleLog(nd.log, by)
}

func (nd *pairNode) count(rec record, damp uint32) {
	added := rec.factor * rec.gain * (float32(damp) / 255)
	nd.support = max(nd.support+rec.factor, 0)
	nd.mass = max(nd.mass+added, 0)
	nd.fresh += max(added, -added)
}

// ringItem is a product of a very large receipt, in the order of a hash.
type ringItem struct {
	hash uint64
	node Node
	damp uint8
}

// inRing returns the receipt's goods in an order that depends on its key
// alone, so that "the next so many" is a fair sample of the others.
func (p *Pairs) inRing(b *Bundle) ([]Node, []uint8) {
	p.ring = p.ring[:0]
	for i, n := range b.Nodes {
		p.ring = append(p.ring, ringItem{mix(b.Key ^ mix(uint64(n)+1)), n, uint8(b.damp(i))})
	}
	slices.SortFunc(p.ring, func(a, b ringItem) int { return cmp.Compare(a.hash, b.hash) })
	nodes, damps := make([]Node, len(p.ring)), make([]uint8, len(p.ring))
	for i, it := range p.ring {
		nodes[i], damps[i] = it.node, it.damp
	}
	return nodes, damps
}

// mix is the finalizer of MurmurHash3, which spreads every bit over all others.
func mix(x uint64) uint64 {
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	x *= 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}

// Retire takes a product out for good: its own edges at once, those of its
// neighbours when those are next merged; until then readers pass them over. A
// product that comes back under the same name must be given a new node.
func (p *Pairs) Retire(n Node) {
	sh, slot := p.shard(n)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	nd := &sh.nodes[slot]
	sh.cow.keep(slot, nd.copied)
	*nd = pairNode{epoch: nd.epoch, retired: true, fresh: 1}
	p.retires++
	p.gone.set(uint32(n))
	p.live.retire(n)
	p.journal.drop()
}

// HalfLife returns the time after which half of a weight is left, in
// milliseconds.
func (p *Pairs) HalfLife() int64 { return p.opt.HalfLife }
