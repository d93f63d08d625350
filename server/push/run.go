package push

import (
	"context"
	"fmt"
	"os"

	"github.com/cespare/xxhash/v2"
)

// run is one sync: a merge of the old state, the journal and the source, all in
// the order of the members' numbers.
type run struct {
	ctx  context.Context // the run is the operation
	opt  *Options
	snap Snapshot
	syms *symbols
	diff differ
	sum  Summary

	oldFile *os.File
	old     *stateReader // nil: everything is sent
	more    bool         // old holds a row that is not yet merged
	told    []told       // of the journal, not yet merged
	journal journal
	out     *stateWriter

	last   int64 // number of the row before
	offers []entry
	chains []entry

	// seen holds hashes of the ids of members who were sent whole, so that one
	// who got another number is not told gone after that.
	seen   map[uint64]struct{}
	tracks bool // whether seen is needed
	// left holds the same of those who were told gone: who comes after that under
	// another number is sent whole.
	left map[uint64]struct{}

	changes []Change
	arena   lists
	notes   []told // for the journal, with changes
}

func (r *run) openOld() error {
	file, err := os.Open(r.opt.Path)
	if err != nil {
		return fmt.Errorf("open the state: %w", err)
	}
	r.oldFile = file
	if r.old, err = readState(file, r.opt.Path, r.syms); err != nil {
		return err
	}
	if was := r.old.snap; r.snap.Position < was.Position || r.snap.Time.UnixMilli() < was.Time.UnixMilli() {
		return fmt.Errorf("the source is at position %d, %v, before the last sync (%d, %v): a receiver would not believe it; remove %s to send all",
			r.snap.Position, r.snap.Time, was.Position, was.Time, r.opt.Path)
	}
	r.more, err = r.old.next()
	return err
}

// close lets go of the files. An unfinished state is dropped.
func (r *run) close() {
	if r.oldFile != nil {
		_ = r.oldFile.Close()
	}
	r.journal.close()
	if r.out != nil {
		r.out.abandon()
	}
}

// all merges, sends, and puts the new state in place.
func (r *run) all(src Source) error {
	r.seen, r.left = map[uint64]struct{}{}, map[uint64]struct{}{}
	if err := src.Each(r.ctx, r.row); err != nil {
		return err
	}
	if err := r.upTo(1 << 32); err != nil {
		return err
	}
	if err := r.flush(); err != nil {
		return err
	}
	if err := r.end(); err != nil {
		return err
	}
	if err := r.out.commit(); err != nil {
		return err
	}
	r.sum.StateBytes = r.out.size
	r.journal.remove()
	return nil
}

// end tells the sinks that the sync is over.
func (r *run) end() error {
	e := End{Seq: r.snap.Position, Time: r.snap.Time.UTC(), Full: r.sum.Full, Changes: r.sum.Changes}
	for _, sink := range r.opt.Sinks {
		if ender, ok := sink.(Ender); ok {
			if err := ender.End(r.ctx, e); err != nil {
				return fmt.Errorf("end of the sync: %w", err)
			}
		}
	}
	return nil
}

// row merges one row of the source.
func (r *run) row(row *Row) error {
	if int64(row.Number) <= r.last {
		return fmt.Errorf("the source yields member number %d after %d", row.Number, r.last)
	}
	if row.Member == "" || len(row.Member) > maxID {
		return fmt.Errorf("member number %d has an id of %d bytes, 1 to %d were expected", row.Number, len(row.Member), maxID)
	}
	if r.sum.Members++; r.sum.Members%4096 == 0 && r.ctx.Err() != nil {
		return context.Cause(r.ctx)
	}
	if err := r.upTo(int64(row.Number)); err != nil {
		return err
	}
	r.last = int64(row.Number)
	again := r.takeTold(row.Number, row.Member)
	if again {
		r.sum.Again++
	}
	known := r.more && r.old.number == row.Number && string(r.old.member) == row.Member
	if err := r.others(row.Number, known); err != nil {
		return err
	}
	whole := again || r.sum.Full || r.hasLeft(row.Member) || !known && len(row.Offers)+len(row.Chains) > 0
	if err := r.member(row, known, whole, again); err != nil {
		return fmt.Errorf("member number %d: %w", row.Number, err)
	}
	if known {
		var err error
		r.more, err = r.old.next()
		return err
	}
	return nil
}

// member sends what changed of a member and writes the row. Known says that the
// old state has the member, noted that the journal does.
func (r *run) member(row *Row, known, whole, noted bool) error {
	var oldOffers, oldChains []entry
	if known && !whole {
		oldOffers, oldChains = r.old.offers, r.old.chains
	}
	var err error
	c := Change{Member: row.Member, Full: whole}
	r.offers, c.Offers, c.AllOffers, err = r.list(row.Offers, oldOffers, r.offers[:0], whole)
	if err != nil {
		return fmt.Errorf("offers: %w", err)
	}
	r.chains, c.Chains, c.AllChains, err = r.list(row.Chains, oldChains, r.chains[:0], whole)
	if err != nil {
		return fmt.Errorf("chains: %w", err)
	}
	if err := r.out.row(row.Number, row.Member, r.offers, r.chains, r.syms.names); err != nil {
		return err
	}
	if !whole && c.Offers.Empty() && c.Chains.Empty() {
		return nil
	}
	if c.AllOffers == nil {
		c.AllOffers = r.diff.whole(r.offers, &r.arena)
	}
	if c.AllChains == nil {
		c.AllChains = r.diff.whole(r.chains, &r.arena)
	}
	if whole && r.tracks {
		r.seen[xxhash.Sum64String(row.Member)] = struct{}{}
	}
	return r.send(row.Number, c, noted)
}

// list compares one list; all is nil when it did not change.
func (r *run) list(now []Scored, old, dst []entry, whole bool) (list []entry, d Delta, all []Ranked, err error) {
	list, changed, err := r.diff.compare(now, old, dst)
	if err != nil || !changed && !whole {
		return list, Delta{}, nil, err
	}
	all = r.diff.whole(list, &r.arena)
	if whole {
		return list, Delta{Set: all}, all, nil
	}
	return list, r.diff.delta(old, list, all, &r.arena), all, nil
}

// upTo tells gone whom the old state or the journal has before a number.
func (r *run) upTo(number int64) error {
	for {
		fromOld := r.more && int64(r.old.number) < number
		fromTold := len(r.told) > 0 && int64(r.told[0].number) < number
		switch {
		case fromOld && (!fromTold || r.old.number <= r.told[0].number):
			member := string(r.old.member)
			noted := r.takeTold(r.old.number, member)
			if err := r.gone(r.old.number, member, noted); err != nil {
				return err
			}
			var err error
			if r.more, err = r.old.next(); err != nil {
				return err
			}
		case fromTold:
			t := r.told[0]
			r.told = r.told[1:]
			if err := r.gone(t.number, t.member, true); err != nil {
				return err
			}
		default:
			return nil
		}
	}
}

// others tells gone who else is held at a row's number. Known says that the old
// state's is the row's own.
func (r *run) others(number uint32, known bool) error {
	if !known {
		return r.upTo(int64(number) + 1)
	}
	for len(r.told) > 0 && r.told[0].number == number {
		t := r.told[0]
		r.told = r.told[1:]
		if err := r.gone(t.number, t.member, true); err != nil {
			return err
		}
	}
	return nil
}

// takeTold takes a member out of what the journal has at the number that is next
// in it, and says whether it was there.
func (r *run) takeTold(number uint32, member string) bool {
	for i, t := range r.told {
		if t.number != number {
			return false
		}
		if t.member == member {
			// What stands before it has the same number: the order holds.
			copy(r.told[1:i+1], r.told[:i])
			r.told = r.told[1:]
			return true
		}
	}
	return false
}

func (r *run) hasLeft(member string) bool {
	if len(r.left) == 0 {
		return false
	}
	_, ok := r.left[xxhash.Sum64String(member)]
	return ok
}

// gone tells that the source has a member no more. Noted says that the journal
// names the member already.
func (r *run) gone(number uint32, member string, noted bool) error {
	id := xxhash.Sum64String(member)
	if _, ok := r.seen[id]; ok {
		return nil
	}
	r.left[id] = struct{}{}
	r.sum.Gone++
	return r.send(number, Change{Member: member, Gone: true}, noted)
}

// send puts a change into the batch.
func (r *run) send(number uint32, c Change, noted bool) error {
	c.Seq, c.Time = r.snap.Position, r.snap.Time.UTC()
	r.changes = append(r.changes, c)
	if !noted {
		r.notes = append(r.notes, told{number, c.Member})
	}
	if len(r.changes) < r.opt.Batch {
		return nil
	}
	return r.flush()
}

// flush notes the batch in the journal and hands it to the sinks.
func (r *run) flush() error {
	if len(r.changes) == 0 {
		return nil
	}
	if r.ctx.Err() != nil {
		return context.Cause(r.ctx)
	}
	if err := r.journal.note(r.notes); err != nil {
		return err
	}
	for i, sink := range r.opt.Sinks {
		if err := sink.Send(r.ctx, r.changes); err != nil {
			return fmt.Errorf("sink %d: %w", i+1, err)
		}
	}
	r.sum.Changes += int64(len(r.changes))
	clear(r.changes)
	r.changes, r.notes = r.changes[:0], r.notes[:0]
	r.arena.ranked, r.arena.removed = r.arena.ranked[:0], r.arena.removed[:0]
	return nil
}
