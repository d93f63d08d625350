package store

import (
	"context"
	"fmt"
	"math"

	"github.com/dgraph-io/badger/v4"
)

// tidyIfDue is called by the writing goroutine after each batch.
func (d *Decisions) tidyIfDue() error {
	d.tidying.Lock()
	due := d.bytes.Load() > d.opt.MaxBytes || d.opt.Now().Sub(d.tidied) >= tidyEvery
	d.tidying.Unlock()
	if !due {
		return nil
	}
	return d.tidy()
}

// tidy removes the decisions whose time is over, and the oldest where all of
// them take too much. It counts what is left.
func (d *Decisions) tidy() error {
	d.tidying.Lock()
	defer d.tidying.Unlock()
	now := d.opt.Now()
	before := d.bytes.Load()
	count, bytes, err := d.sweep(func(made int64, spans byte, _ int64) (remove, more bool) {
		return made+int64(spans)*spanMillis < now.UnixMilli(), true
	})
	if err != nil {
		return err
	}
	d.count.Store(count)
	d.bytes.Store(bytes)
	d.tidied = now
	if excess := bytes - d.opt.MaxBytes; excess > 0 {
		excess += d.opt.MaxBytes / 8 // so that the next ones find room
		var gone, freed int64
		_, _, err = d.sweep(func(_ int64, _ byte, size int64) (remove, more bool) {
			if freed >= excess {
				return false, false
			}
			freed, gone = freed+size, gone+1
			return true, true
		})
		if err != nil {
			return err
		}
		d.count.Add(-gone)
		d.bytes.Add(-freed)
	}
	d.removed += max(before-d.bytes.Load(), 0)
	return nil
}

// sweep walks the decisions, the oldest first, and removes those that choose
// says, until it says that there are no more. It returns what it has seen and
// not removed.
func (d *Decisions) sweep(choose func(made int64, spans byte, size int64) (remove, more bool)) (count, bytes int64, err error) {
	txn := d.db.NewTransactionAt(math.MaxUint64, false)
	defer txn.Discard()
	it := txn.NewIterator(badger.IteratorOptions{Prefix: []byte{decisionPrefix}})
	defer it.Close()
	removes := d.db.NewWriteBatchAt(removeVersion)
	defer removes.Cancel()
	for it.Rewind(); it.Valid(); it.Next() {
		item := it.Item()
		size := int64(decisionKey) + item.ValueSize()
		remove, more := false, true
		if key := item.Key(); len(key) == decisionKey {
			remove, more = choose(madeAt(key[1:]), item.UserMeta(), size)
		}
		if !more {
			break
		}
		if !remove {
			count, bytes = count+1, bytes+size
			continue
		}
		if err := removes.DeleteAt(item.KeyCopy(nil), removeVersion); err != nil {
			return count, bytes, fmt.Errorf("remove old decisions: %w", err)
		}
	}
	if err := removes.Flush(); err != nil {
		return count, bytes, fmt.Errorf("remove old decisions: %w", err)
	}
	return count, bytes, nil
}

// Maintain removes what is over and gives the space of what was removed back,
// once that is a quarter of the bound. The owner calls it now and then, from
// one goroutine, and not beside Close; it may take seconds, in which all else
// goes on.
func (d *Decisions) Maintain(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := guard("tidy", d.tidy); err != nil {
		return decisionsError(err)
	}
	d.tidying.Lock()
	due := d.removed >= d.opt.MaxBytes/4
	if due {
		d.removed = 0
	}
	d.tidying.Unlock()
	if !due {
		return nil
	}
	if err := d.db.Flatten(2); err != nil {
		return fmt.Errorf("decisions: flatten: %w", err)
	}
	return ctx.Err()
}
