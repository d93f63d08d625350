package graph

import (
	"math"
	"sync"
)

// Member is a member's number. Members are given out from 0 upward, without
// gaps, and never again to somebody else.
type Member uint32

// MemberOptions says how the bindings of members grow and fade. The zero value
// works.
type MemberOptions struct {
	HalfLife int64 // milliseconds; 0: 60 days
	Habits   int64 // half-life of what members' habits teach, in milliseconds; 0: nothing is learnt
	Products int   // the most products one member keeps; 0: 400
	Shards   int   // locks; a power of two; 0: 64. It changes nothing but speed
	// Whole is up to how many bytes of changed members a checkpoint writes them
	// all, as PairOptions.Whole. 0: 8 MiB. It changes nothing but speed.
	Whole int
}

func (o MemberOptions) withDefaults() MemberOptions {
	if o.HalfLife == 0 {
		o.HalfLife = 60 * msPerDay
	}
	if o.Products == 0 {
		o.Products = 400
	}
	if o.Shards == 0 {
		o.Shards = 64
	}
	if o.Whole == 0 {
		o.Whole = wholeBytes
	}
	return o
}

// Members binds members to products and products to members.
//
// Bind, TakeBack, Grow, Remove and Merge are the writer's. Everything else may
// be called by anybody at any time.
type Members struct {
	opt    MemberOptions
	fade   fade
	shards []memberShard
	shift  uint
	n      liveCount
	leans  leans
	habits *habits // nil: nothing is learnt

	mark    []uint32      // the writer's: product → place in its Bind, from 1
	maybe   filter        // the writer's: of the nodes that have a mark
	warmth  uint32        // the writer's
	journal memberJournal // the writer's
	fresh   []Node        // the writer's: what the member buys for the first time
}

type memberShard struct {
	mu     sync.RWMutex
	recs   []memberRec // guarded by mu
	chunks chunks      // guarded by mu
	cow    cow         // guarded by mu
	_      [64]byte
}

// memberRec is one member: 20 bytes beside the chunks that hold the bindings.
// Nothing in it is a pointer, so that the garbage collector has nothing to
// follow, however many members there are.
type memberRec struct {
	epoch  int32
	head   uint32 // the newest chunk, from 1
	n      uint16 // bindings
	visits uint16 // receipts, at most 65,535
	last   Day    // of the last receipt
	every  uint16 // days between receipts, in sixteenths; 0: not known
	gone   bool
}

// binding is one product of a member: 12 bytes.
type binding struct {
	product uint32 // and the purchases, at most 255, in the high byte
	weight  float32
	last    Day
	every   uint16 // days between purchases, in sixteenths; 0: not known
}

func (b *binding) node() Node    { return Node(b.product & 0xffffff) }
func (b *binding) count() uint32 { return b.product >> 24 }

// sixteenths is the unit of every.
const sixteenths = 16

// NewMembers makes an empty set of members.
func NewMembers(opt MemberOptions) *Members {
	opt = opt.withDefaults()
	m := &Members{opt: opt, fade: fade{float64(opt.HalfLife)}, shards: make([]memberShard, opt.Shards)}
	m.leans.init(opt.Shards)
	if opt.Habits > 0 {
		m.habits = newHabits(opt.Habits)
	}
	m.journal.turns, m.journal.most = MemberTurns, journalBytes
	for 1<<m.shift < opt.Shards {
		m.shift++
	}
	return m
}

func (m *Members) shard(id Member) (*memberShard, uint32) {
	return &m.shards[id&Member(len(m.shards)-1)], uint32(id) >> m.shift
}

// Grow makes room for the members below n and the products below products.
func (m *Members) Grow(n Member, products Node) {
	for id := Member(m.n.get()); id < n; id++ {
		sh, _ := m.shard(id)
		sh.mu.Lock()
		sh.recs = append(sh.recs, memberRec{epoch: math.MinInt32})
		sh.mu.Unlock()
		m.n.set(uint32(id) + 1)
	}
	m.leans.grow(products)
	if m.habits != nil {
		m.habits.grow(products)
	}
	for Node(len(m.mark)) < products {
		m.mark = append(m.mark, 0)
	}
}

// Purchase says how an event binds a member to products.
type Purchase struct {
	At     int64 // milliseconds since the Unix epoch
	Nodes  []Node
	Gain   float32 // what the event's type weighs
	Bought bool    // counts as a purchase and as a visit; a view does not
}

// Bind adds an event and returns, in before, what the member's own bindings to
// its products weighed until then, faded to the event's time.
func (m *Members) Bind(id Member, e *Purchase, before []float32) []float32 {
	m.journal.bind(id, e)
	before = before[:0]
	m.maybe = filter{}
	for i, n := range e.Nodes {
		m.mark[n] = uint32(i + 1)
		m.maybe.add(n)
		before = append(before, 0)
	}
	sh, slot := m.shard(id)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	rec := &sh.recs[slot]
	sh.cow.touch(slot, func() []byte { return sh.encode(slot) })
	epoch, factor := m.fade.at(e.At)
	if epoch > rec.epoch {
		sh.rescale(rec, epoch)
	}
	added := float32(factor * shift(epoch, rec.epoch))
	h, visits := m.habits, rec.visits
	if h != nil {
		h.begin(rec, e)
	}
	if e.Bought {
		rec.visit(DayOf(e.At))
	}
	m.bindHad(sh, rec, e, added, before)
	m.leans.warm(e.Nodes)
	for _, n := range e.Nodes {
		if m.mark[n] != 0 {
			m.mark[n] = 0
			fresh := binding{product: uint32(n), last: DayOf(e.At)}
			fresh.add(e, added)
			m.insert(sh, rec, id, fresh)
			m.fresh = append(m.fresh, n)
		}
	}
	if h != nil {
		h.learn(e.At, e.Nodes, m.fresh, visits)
	}
	return before
}

// bindHad adds an event to those of its products that the member is bound to
// already, and leaves a mark on the others.
func (m *Members) bindHad(sh *memberShard, rec *memberRec, e *Purchase, added float32, before []float32) {
	h := m.habits
	m.fresh = m.fresh[:0]
	for id, left := rec.head, inHead(rec.n); id != 0; {
		ch := sh.chunks.at(id)
		for i := range ch.bindings[:left] {
			b := &ch.bindings[i]
			n := b.node()
			has := m.maybe.has(n) && m.mark[n] != 0
			if h != nil {
				h.note(b, has)
			}
			if has {
				before[m.mark[n]-1] = b.weight / added
				m.mark[n] = 0
				if b.count() == 0 { // only looked at until now
					m.fresh = append(m.fresh, n)
				}
				b.add(e, added)
			}
		}
		id, left = ch.next, chunkSize
	}
}

// Chances returns what members' habits say as of a moment; nil where nothing
// is learnt. It takes some tenths of a millisecond at 50,000 products.
func (m *Members) Chances(ms int64) *Chances {
	if m.habits == nil {
		return nil
	}
	return m.habits.chances(ms)
}

// add counts one event in.
func (b *binding) add(e *Purchase, factor float32) {
	b.weight += factor * e.Gain
	if !e.Bought {
		return
	}
	d := DayOf(e.At)
	if b.count() > 0 && d > b.last {
		b.every = smooth(b.every, d-b.last)
	}
	if b.count() < 255 {
		b.product += 1 << 24
	}
	b.last = max(b.last, d)
}

// visit counts one receipt in.
func (r *memberRec) visit(d Day) {
	if r.visits > 0 && d > r.last {
		r.every = smooth(r.every, d-r.last)
	}
	r.last = max(r.last, d)
	if r.visits < math.MaxUint16 {
		r.visits++
	}
}

// smooth moves a mean interval three tenths of the way to the newest one.
func smooth(every uint16, days Day) uint16 {
	d := min(int(days)*sixteenths, math.MaxUint16)
	if every == 0 {
		return uint16(d)
	}
	return uint16((int(every)*7 + d*3) / 10)
}

func (sh *memberShard) rescale(rec *memberRec, epoch int32) {
	if rec.epoch != math.MinInt32 {
		by := float32(shift(rec.epoch, epoch))
		sh.chunks.each(rec, func(b *binding) { b.weight *= by })
	}
	rec.epoch = epoch
}

// insert adds a product that the member had not, in place of the weakest one
// when there is no more room.
func (m *Members) insert(sh *memberShard, rec *memberRec, id Member, fresh binding) {
	if int(rec.n) < m.opt.Products {
		sh.chunks.push(rec, fresh)
	} else {
		var weakest *binding
		sh.chunks.each(rec, func(b *binding) {
			if weakest == nil || b.weight < weakest.weight {
				weakest = b
			}
		})
		gone := weakest.node()
		*weakest = fresh
		m.leans.stale(gone, m)
	}
	m.leans.add(fresh.node(), id)
}

// TakeBack undoes a purchase of each of nodes, the member's last of it, and
// never leaves less than nothing. A product with no purchase left is let go.
func (m *Members) TakeBack(id Member, nodes []Node, gain float32) {
	m.journal.takeBack(id, nodes, gain)
	sh, slot := m.shard(id)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	rec := &sh.recs[slot]
	sh.cow.touch(slot, func() []byte { return sh.encode(slot) })
	for _, n := range nodes {
		if b := sh.chunks.find(rec, n); b != nil {
			epoch, factor := m.fade.at(int64(b.last)*msPerDay + msPerDay/2)
			b.weight -= float32(factor*shift(epoch, rec.epoch)) * gain
			if b.count() > 0 {
				b.product -= 1 << 24
			}
			if b.count() == 0 || b.weight <= 0 {
				sh.chunks.drop(rec, b)
				m.leans.stale(n, m)
			}
		}
	}
}

// Remove forgets a member. The number is not used again.
func (m *Members) Remove(id Member) {
	m.journal.remove(id)
	sh, slot := m.shard(id)
	sh.mu.Lock()
	rec := &sh.recs[slot]
	sh.cow.touch(slot, func() []byte { return sh.encode(slot) })
	var had []Node
	sh.chunks.each(rec, func(b *binding) { had = append(had, b.node()) })
	sh.chunks.free(rec)
	*rec = memberRec{epoch: rec.epoch, gone: true}
	sh.mu.Unlock()
	for _, n := range had {
		m.leans.stale(n, m)
	}
}

// Merge adds all that from holds to into, and forgets from.
func (m *Members) Merge(from, into Member) {
	fs, slot := m.shard(from)
	fs.mu.RLock()
	rec := fs.recs[slot]
	var goods []binding
	fs.chunks.each(&rec, func(b *binding) { goods = append(goods, *b) })
	value := fs.encode(slot)
	fs.mu.RUnlock()
	if rec.gone {
		return
	}
	m.journal.merge(into, value)
	m.Remove(from)
	m.take(into, &rec, goods)
}

// take adds what another member held.
func (m *Members) take(into Member, rec *memberRec, goods []binding) {
	sh, slot := m.shard(into)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	to := &sh.recs[slot]
	sh.cow.touch(slot, func() []byte { return sh.encode(slot) })
	if rec.epoch > to.epoch {
		sh.rescale(to, rec.epoch)
	}
	by := float32(shift(rec.epoch, to.epoch))
	for _, g := range goods {
		g.weight *= by
		if b := sh.chunks.find(to, g.node()); b != nil {
			b.join(&g)
		} else {
			m.insert(sh, to, into, g)
		}
	}
	to.join(rec)
}

func (b *binding) join(o *binding) {
	b.weight += o.weight
	b.product = uint32(b.node()) | min(b.count()+o.count(), 255)<<24
	if o.last > b.last || b.every == 0 {
		b.every = o.every
	}
	b.last = max(b.last, o.last)
}

func (r *memberRec) join(o *memberRec) {
	r.visits = uint16(min(int(r.visits)+int(o.visits), math.MaxUint16))
	if o.last > r.last || r.every == 0 {
		r.every = o.every
	}
	r.last = max(r.last, o.last)
}

// HalfLife returns the time after which half of a binding is left, in
// milliseconds.
func (m *Members) HalfLife() int64 { return m.opt.HalfLife }
