package graph

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"
)

// Begin starts a checkpoint as of this moment; the writer's. The checkpoint
// before it must have ended. It returns what is to be written beside what Save
// gives.
func (p *Pairs) Begin() []JournalSegment {
	j := &p.journal
	whole := j.mustWhole() || p.changedBytes() <= p.opt.Whole
	for i := range p.shards {
		if whole || uint32(i)%JournalTurns == j.turn() {
			sh := &p.shards[i]
			sh.mu.Lock()
			sh.cow.begin()
			sh.mu.Unlock()
		}
	}
	return j.begin(whole)
}

// changedBytes says what it would take to write all products that changed, as
// far as one of each shard tells.
func (p *Pairs) changedBytes() int {
	bytes := 0
	for i := range p.shards {
		sh := &p.shards[i]
		if slot, any := sh.cow.dirty.next(0); any {
			bytes += sh.cow.dirty.count() * sh.nodes[slot].bytes()
		}
	}
	return bytes
}

// Save gives every node that had changed when Begin was called and whose turn
// it is, as it was then. It may run beside the writer and all readers.
func (p *Pairs) Save(put func(n Node, value []byte) error) error {
	since := p.journal.segment
	for i := range p.shards {
		sh := &p.shards[i]
		err := saveCells(&sh.mu, &sh.cow, func(slot uint32) func() []byte { return sh.nodes[slot].copied() },
			func(slot uint32, value []byte) error {
				return put(Node(slot<<p.shift|uint32(i)), binary.LittleEndian.AppendUint32(value, since))
			})
		if err != nil {
			return err
		}
	}
	return nil
}

// End ends the checkpoint that Begin started and says whether it was kept. If
// not, the next one writes all that changed, and what Begin returned is to be
// written before what it returns then.
func (p *Pairs) End(kept bool) {
	for i := range p.shards {
		sh := &p.shards[i]
		sh.mu.Lock()
		sh.cow.end(kept)
		sh.mu.Unlock()
	}
	if !kept {
		p.journal.failed.Store(true)
	}
}

// JournalCell gives, for a checkpoint that has begun, which segments it has;
// the writer's. SetJournal sets that again; before any Load.
func (p *Pairs) JournalCell() uint64 { return p.journal.cell() }

// SetJournal sets which segments there are to what JournalCell gave.
func (p *Pairs) SetJournal(cell uint64) { p.journal.setCell(cell) }

// LoadJournal takes a segment that Begin gave, beside what Load takes.
func (p *Pairs) LoadJournal(number, part uint32, value []byte) error {
	return p.journal.load(number, part, value)
}

// Load sets a node to what Save gave; before any other call but Grow and
// SetJournal. Any goroutines may load different nodes at the same time.
func (p *Pairs) Load(n Node, value []byte) error {
	if n >= p.live.len() {
		return fmt.Errorf("graph: product %d of %d", n, p.live.len())
	}
	value, since, err := p.journal.cut(value)
	if err != nil {
		return err
	}
	sh, slot := p.shard(n)
	sh.mu.Lock()
	nd := &sh.nodes[slot]
	if err := nd.decode(value, p.live.len()); err != nil {
		sh.mu.Unlock()
		return err
	}
	p.live.set(n, nd)
	retired := nd.retired
	sh.mu.Unlock()
	p.journal.mu.Lock()
	defer p.journal.mu.Unlock()
	p.journal.setSinceLocked(uint32(n), uint32(p.live.len()), since)
	if retired {
		p.live.retire(n)
		p.retires++
		p.gone.set(uint32(n))
	}
	return nil
}

// Loaded does to the loaded nodes what was done after they were saved, on as
// many goroutines as workers says, and returns how many receipts and views
// that took. It is called once, when all is loaded and before any other call.
func (p *Pairs) Loaded(workers int) (done int, err error) {
	j := &p.journal
	if err := j.complete(uint32(p.live.len())); err != nil {
		return 0, err
	}
	counts, errs := make([]int, workers), make([]error, workers)
	var all sync.WaitGroup
	for i := range workers {
		all.Go(func() { counts[i], errs[i] = p.hand(uint32(i), uint32(workers)).redo(j) })
	}
	all.Wait()
	j.loaded()
	return counts[0], errors.Join(errs...)
}

// hand is one goroutine's way to write to some of a relation's nodes.
type hand struct {
	p      *Pairs
	of     uint32 // which shards are its
	among  uint32
	bundle Bundle
	one    Bundle
}

// hand returns a way to write to the shards of which there are so many.
func (p *Pairs) hand(of, among uint32) *hand {
	q := &Pairs{opt: p.opt, fade: p.fade, shards: p.shards, shift: p.shift, retires: p.retires, gone: p.gone, sc: new(Scratch)}
	q.live.pages.Store(p.live.pages.Load())
	q.live.n.Store(p.live.n.Load())
	q.sc.grow(p.live.len())
	return &hand{p: q, of: of, among: among}
}

func (h *hand) redo(j *journal) (done int, err error) {
	for number := j.first; number < j.segment; number++ {
		for ops := j.kept[number]; len(ops) > 0; done++ {
			kind, rest, err := take(ops, &h.bundle, h.p.live.len())
			if err != nil {
				return done, fmt.Errorf("segment %d of the journal: %w", number, err)
			}
			h.do(kind, j.since, number)
			ops = rest
		}
	}
	return done, nil
}

// do is what bind and Join do to the nodes that are its, and that were saved
// before.
func (h *hand) do(kind byte, since []uint32, number uint32) {
	p, b := h.p, &h.bundle
	mine := func(n Node) bool {
		return since[n] <= number && uint32(n)&uint32(len(p.shards)-1)%h.among == h.of
	}
	epoch, factor := p.fade.at(b.At)
	if kind == didJoin {
		all := record{day: DayOf(b.At), gain: b.Gain * gain(len(b.Nodes)-1), partners: len(b.Nodes) - 1}
		if mine(b.Nodes[0]) {
			p.write(b, 0, all, epoch, factor, true)
		}
		all.partners = 1
		for _, n := range b.Nodes[1:] {
			if mine(n) {
				h.one.Nodes = append(h.one.Nodes[:0], n, b.Nodes[0])
				p.write(&h.one, 0, all, epoch, factor, false)
			}
		}
		return
	}
	in, partners := *b, p.partners(len(b.Nodes))
	if partners < len(b.Nodes)-1 {
		in.Nodes, in.Damp = p.inRing(b)
	}
	rec := record{day: DayOf(b.At), gain: b.Gain * gain(partners), partners: partners, sign: 1}
	if kind == didUnbind {
		rec.sign = -1
	}
	for i, n := range in.Nodes {
		if mine(n) {
			p.write(&in, i, rec, epoch, factor, true)
		}
	}
}

// copied returns what encodes the node as it is. To copy its list takes the
// writer a microsecond or two, where encoding it takes ten.
func (nd *pairNode) copied() func() []byte {
	was := *nd
	was.edges.mem, was.log = slices.Clone(nd.edges.mem), slices.Clone(nd.log)
	return was.encode
}

// bytes is what encode makes, at most, and the number that Save adds.
func (nd *pairNode) bytes() int { return 32 + sinceBytes + edgeBytes*nd.edges.len() + 4*len(nd.log) }

const edgeBytes = 14
