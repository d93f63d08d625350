package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dgraph-io/badger/v4"
)

// DecisionOptions says where decisions are kept and within which bounds. Dir
// and Now must be set; every other zero value stands for its default.
type DecisionOptions struct {
	Options
	// MaxBytes bounds what is kept, keys and values together; above it the
	// oldest go. The files take more for a while: Badger gives space back as
	// it compacts. Default 1 GiB, at least 1 MiB.
	MaxBytes int64
	// QueueBytes bounds what waits to be written; what comes while it is full
	// is lost, and counted. Default 16 MiB.
	QueueBytes int64
}

func (o *DecisionOptions) validate() error {
	if o.MaxBytes == 0 {
		o.MaxBytes = 1 << 30
	}
	if o.QueueBytes == 0 {
		o.QueueBytes = 16 << 20
	}
	if o.MemTableBytes == 0 {
		o.MemTableBytes = 8 << 20
	}
	switch {
	case o.Now == nil:
		return errors.New("store: Now is missing: decisions are kept for a time")
	case o.MaxBytes < 1<<20:
		return fmt.Errorf("store: MaxBytes is %d: 1 MiB or more was expected", o.MaxBytes)
	case o.QueueBytes < 0:
		return fmt.Errorf("store: QueueBytes is %d: more than zero was expected", o.QueueBytes)
	}
	return o.Options.validate()
}

const (
	decisionPrefix = 'd' // then the decision's id → until when it is kept, and the decision
	decisionKey    = 1 + 16
	decisionHead   = valueHeader + 8 // what stands before a decision in its value

	// Nothing is ever written again under the same key: what is put has one
	// version, and its removal another.
	putVersion    = 1
	removeVersion = 2

	// maxDecision is the longest decision, in bytes: one entry must fit into
	// Badger's transaction.
	maxDecision = 512 << 10

	batchBytes = 1 << 20 // of one write
	queueLen   = 1 << 13
	tidyEvery  = time.Hour

	// spanMillis is two days: a byte of them is well over a year. What is over
	// is not given any more at once, and removed within a span and an hour.
	spanMillis = 2 * 24 * 60 * 60 * 1000
)

// Decisions keeps decisions for a time, also over restarts: opaque bytes under
// ids that begin with the time at which they were made, in milliseconds and
// big-endian, as ULIDs do. They are not worth waiting for: Put hands over and
// returns, one goroutine writes, and a power cut may lose the last of them.
//
// Any goroutine may call its methods; Close waits for what is queued.
type Decisions struct {
	opt   DecisionOptions
	db    *badger.DB
	spare sync.Pool // of *waiting
	done  chan struct{}

	queued  atomic.Int64 // bytes waiting
	lost    atomic.Uint64
	written atomic.Uint64
	count   atomic.Int64 // kept
	bytes   atomic.Int64 // kept

	tidying sync.Mutex // held while what is kept is walked, and while it is written
	tidied  time.Time  // guarded by tidying
	removed int64      // bytes removed since the last Flatten; guarded by tidying

	mu     sync.RWMutex // held for reading by Put and Get, so that Close is after them
	closed bool         // guarded by mu
	queue  chan *waiting
}

// waiting is one decision on its way to the disk. value has room for its head.
type waiting struct {
	key   [decisionKey]byte
	spans byte // for how long it is kept, rounded up
	value []byte
}

// DecisionStats is what the decisions can tell about themselves.
type DecisionStats struct {
	Count     int64  // kept; those that are over but not yet removed count
	Bytes     int64  // what they take, keys and values
	MaxBytes  int64  // above which the oldest go
	Waiting   int64  // bytes queued
	Written   uint64 // by this process
	Lost      uint64 // never written: the queue was full, it was too long, or the disk failed
	DiskBytes int64  // what the folder takes on disk
}

// OpenDecisions opens the decisions in o.Dir, or makes a new folder, and
// starts to write what is Put. Its errors are as those of Open; what they say
// of a rebuild is not so: what is here is in no log.
func OpenDecisions(o DecisionOptions) (*Decisions, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	db, err := openBadger(o.Options, true)
	if err != nil {
		return nil, decisionsError(err)
	}
	db.SetDiscardTs(removeVersion)
	d := &Decisions{opt: o, db: db, done: make(chan struct{}), queue: make(chan *waiting, queueLen)}
	d.spare.New = func() any { return new(waiting) }
	if err := guard("open", d.tidy); err != nil {
		return nil, errors.Join(decisionsError(err), db.Close())
	}
	go d.write()
	return d, nil
}

// decisionsError says what is to be done about damaged decisions.
func decisionsError(err error) error {
	const advice = "its folder can be moved away: earlier decisions can't be looked up then, and nothing else is lost"
	if damage := (*DamageError)(nil); errors.As(err, &damage) {
		damage.Advice = advice
	}
	if format := (*FormatError)(nil); errors.As(err, &format) {
		format.Advice = "start that nabo, or: " + advice
	}
	return fmt.Errorf("decisions: %w", err)
}

// Put hands a decision over, to be kept until a time; it copies packed. It
// waits for nothing.
func (d *Decisions) Put(id [16]byte, until time.Time, packed []byte) {
	size := int64(decisionKey + decisionHead + len(packed))
	if len(packed) > maxDecision {
		d.lost.Add(1)
		return
	}
	if d.queued.Add(size) > d.opt.QueueBytes {
		d.queued.Add(-size)
		d.lost.Add(1)
		return
	}
	w := d.spare.Get().(*waiting)
	w.key[0] = decisionPrefix
	copy(w.key[1:], id[:])
	w.spans = spansBetween(id, until)
	w.value = append(w.value[:0], make([]byte, decisionHead)...)
	binary.LittleEndian.PutUint64(w.value[valueHeader:], uint64(until.UnixMilli()))
	w.value = append(w.value, packed...)
	if !d.enqueue(w) {
		d.queued.Add(-size)
		d.lost.Add(1)
	}
}

func (d *Decisions) enqueue(w *waiting) bool {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if d.closed {
		return false
	}
	select {
	case d.queue <- w:
		return true
	default:
		return false
	}
}

// madeAt returns when a decision was made.
func madeAt(id []byte) int64 {
	return int64(binary.BigEndian.Uint64(id[:8]) >> 16)
}

// spansBetween returns for how many spans a decision is kept, rounded up: it
// is what can be seen of an entry without reading it.
func spansBetween(id [16]byte, until time.Time) byte {
	spans := (until.UnixMilli() - madeAt(id[:]) + spanMillis - 1) / spanMillis
	return byte(min(max(spans, 0), math.MaxUint8))
}

// Get appends a decision to dst. False: it is not there, or its time is over,
// or it waits to be written.
func (d *Decisions) Get(id [16]byte, dst []byte) (out []byte, ok bool, err error) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if d.closed {
		return dst, false, nil
	}
	key := append([]byte{decisionPrefix}, id[:]...)
	err = guard("look-up", func() error {
		txn := d.db.NewTransactionAt(math.MaxUint64, false)
		defer txn.Discard()
		item, err := txn.Get(key)
		if err != nil {
			return err
		}
		return item.Value(func(stored []byte) error {
			value, err := decodeValue(key, stored)
			if err != nil {
				return err
			}
			if len(value) < 8 {
				return &DamageError{Key: id[:], Reason: "is shorter than its head"}
			}
			if d.opt.Now().UnixMilli() <= int64(binary.LittleEndian.Uint64(value)) {
				dst, ok = append(dst, value[8:]...), true
			}
			return nil
		})
	})
	if errors.Is(err, badger.ErrKeyNotFound) {
		return dst, false, nil
	}
	if err != nil {
		return dst, false, decisionsError(err)
	}
	return dst, ok, nil
}

// write is the goroutine that writes what is queued, until the queue is closed
// and empty.
func (d *Decisions) write() {
	defer close(d.done)
	batch := make([]*waiting, 0, 256)
	for first := range d.queue {
		batch = d.gather(append(batch[:0], first))
		if err := guard("write", func() error { return d.store(batch) }); err != nil {
			d.lost.Add(uint64(len(batch)))
			d.opt.Log.Error("decisions could not be written", "count", len(batch), "error", err)
		}
		for _, w := range batch {
			d.queued.Add(-int64(decisionKey + len(w.value)))
			if cap(w.value) <= 64<<10 {
				d.spare.Put(w)
			}
		}
		if err := guard("tidy", d.tidyIfDue); err != nil {
			d.opt.Log.Error("old decisions could not be removed", "error", err)
		}
	}
}

// gather adds what else is queued, up to what is written at once.
func (d *Decisions) gather(batch []*waiting) []*waiting {
	size := len(batch[0].value)
	for len(batch) < cap(batch) && size < batchBytes {
		select {
		case w, ok := <-d.queue:
			if !ok {
				return batch
			}
			batch, size = append(batch, w), size+len(w.value)
		default:
			return batch
		}
	}
	return batch
}

func (d *Decisions) store(batch []*waiting) error {
	d.tidying.Lock() // else Maintain would miscount
	defer d.tidying.Unlock()
	writes := d.db.NewWriteBatchAt(putVersion)
	defer writes.Cancel()
	size := 0
	for _, w := range batch {
		w.value[0] = formatVersion
		binary.LittleEndian.PutUint64(w.value[1:], checksum(w.key[:], w.value[valueHeader:]))
		if err := writes.SetEntryAt(badger.NewEntry(w.key[:], w.value).WithMeta(w.spans), putVersion); err != nil {
			return err
		}
		size += decisionKey + len(w.value)
	}
	if err := writes.Flush(); err != nil {
		return err
	}
	d.written.Add(uint64(len(batch)))
	d.count.Add(int64(len(batch)))
	d.bytes.Add(int64(size))
	return nil
}

// Stats tells how the decisions stand. It walks the folder; call it now and
// then.
func (d *Decisions) Stats() DecisionStats {
	return DecisionStats{
		Count: d.count.Load(), Bytes: d.bytes.Load(), MaxBytes: d.opt.MaxBytes, Waiting: d.queued.Load(),
		Written: d.written.Load(), Lost: d.lost.Load(), DiskBytes: diskBytes(d.opt.Dir),
	}
}

// Close writes what is queued and closes the files. A second call does
// nothing.
func (d *Decisions) Close() error {
	d.mu.Lock()
	closed := d.closed
	d.closed = true
	d.mu.Unlock()
	if closed {
		return nil
	}
	close(d.queue)
	<-d.done
	if err := d.db.Close(); err != nil {
		return fmt.Errorf("close the decisions in %s: %w", d.opt.Dir, err)
	}
	return nil
}
