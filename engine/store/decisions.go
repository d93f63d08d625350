package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// DecisionOptions says where decisions are kept and within which bounds. Dir
// and Now must be set; every other zero value stands for its default.
// MemTableBytes has no meaning here.
type DecisionOptions struct {
	Options
	// MaxBytes bounds the files' length together; above it the oldest segment
	// goes, a thirty-second of it. Default 1 GiB, at least 1 MiB.
	MaxBytes int64
	// QueueBytes bounds what waits to be written; what comes while it is full
	// is lost, and counted. Default 16 MiB.
	QueueBytes int64

	gather time.Duration // how long decisions gather before they are written; zero means 50 ms
}

func (o *DecisionOptions) validate() error {
	if o.MaxBytes == 0 {
		o.MaxBytes = 1 << 30
	}
	if o.QueueBytes == 0 {
		o.QueueBytes = 16 << 20
	}
	if o.gather == 0 {
		o.gather = 50 * time.Millisecond
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
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

// segmentBytes returns the length at which a segment is full. Places in it are
// 32 bits.
func (o *DecisionOptions) segmentBytes() int64 {
	return min(max(o.MaxBytes/32, 256<<10), 1<<30)
}

const (
	// maxDecision is the longest decision, in bytes.
	maxDecision = 512 << 10

	tidyEvery = time.Hour
)

// Decisions keeps decisions for a time, also over restarts: opaque bytes under
// ids that begin with the time at which they were made, in milliseconds and
// big-endian, as ULIDs do. They are not worth waiting for: Put hands over and
// returns, one goroutine writes. A killed process loses what waited, the last
// 50 ms or so; a power cut may lose the last seconds.
//
// Any goroutine may call its methods; Close waits for what is queued.
type Decisions struct {
	opt     DecisionOptions
	queue   queue
	done    chan struct{} // closed when the writing goroutine has ended
	release func() error  // gives the folder's lock back

	lost    atomic.Uint64
	written atomic.Uint64

	files   sync.Mutex // held while files are written, made or removed; taken before mu
	current *segment   // the newest, when it takes more; guarded by files
	tidied  time.Time  // guarded by files
	failing bool       // the newest write failed; guarded by files

	mu       sync.RWMutex
	closed   bool
	segments []*segment // the oldest first; their lists and bounds are guarded by mu too
}

// DecisionStats is what the decisions can tell about themselves.
type DecisionStats struct {
	Count     int64  // kept; those that are over but not yet removed count
	Bytes     int64  // the files' length
	MaxBytes  int64  // above which the oldest go
	Waiting   int64  // bytes queued
	Written   uint64 // by this process
	Lost      uint64 // never written: the queue was full, it was too long, or the disk failed
	DiskBytes int64  // what the folder takes on disk
	Memory    int64  // bytes in memory: where each decision is, and what waits
}

// OpenDecisions opens the decisions in o.Dir, or makes a new folder, and
// starts to write what is Put. Damage is no error here, but a warning in o.Log:
// what can be read is kept. A folder in another format is set aside, with a
// warning. Its errors are *LockedError and those of the file system.
func OpenDecisions(o DecisionOptions) (*Decisions, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	release, err := claimFolder(&o)
	if err != nil {
		return nil, fmt.Errorf("decisions: %w", err)
	}
	d := &Decisions{opt: o, release: release, done: make(chan struct{})}
	d.queue.start(o.QueueBytes)
	if err := d.readFolder(); err != nil {
		return nil, errors.Join(fmt.Errorf("decisions: %w", err), d.closeFiles())
	}
	d.tidy()
	go d.write()
	return d, nil
}

// claimFolder makes and locks the folder. One in another format is set aside
// first.
func claimFolder(o *DecisionOptions) (release func() error, err error) {
	for range 2 {
		if err := os.MkdirAll(o.Dir, 0o700); err != nil {
			return nil, fmt.Errorf("make the folder: %w", err)
		}
		if release, err = lockDir(o.Dir); err != nil {
			return nil, err
		}
		reason, err := foreign(o.Dir)
		if err != nil {
			return nil, errors.Join(err, release())
		}
		if reason == "" {
			return release, nil
		}
		if err := release(); err != nil {
			return nil, err
		}
		aside, err := SetAside(o.Dir, o.Now())
		if err != nil {
			return nil, err
		}
		o.Log.Warn("earlier decisions are set aside and can't be looked up: their folder "+reason, "aside", aside)
	}
	return nil, fmt.Errorf("%s was set aside, and is in another format again", o.Dir)
}

// Put hands a decision over, to be kept until a time; it copies packed. It
// waits for nothing.
func (d *Decisions) Put(id [16]byte, until time.Time, packed []byte) {
	if len(packed) > maxDecision {
		d.lost.Add(1)
		return
	}
	head := newHead(id, until.UnixMilli(), packed)
	if !d.queue.put(&head, packed) {
		d.lost.Add(1)
	}
}

// Get appends a decision to dst. False: it is not there, or its time is over.
// A *DamageError says that it is there and cannot be read.
func (d *Decisions) Get(id [16]byte, dst []byte) (out []byte, ok bool, err error) {
	now := d.opt.Now().UnixMilli()
	// What waits goes into a segment's list before it leaves the queue, so it
	// is in one or the other when it is looked for in this order.
	if out, until, ok := d.queue.get(id, dst); ok {
		if now > until {
			return dst, false, nil
		}
		return out, true, nil
	}
	seg, at, ok := d.find(id)
	if !ok {
		return dst, false, nil
	}
	out, until, err := seg.read(id, at, dst)
	switch {
	case errors.Is(err, fs.ErrClosed): // it was removed meanwhile
		return dst, false, nil
	case err != nil:
		return dst, false, fmt.Errorf("decisions: %w", err)
	case now > until:
		return dst, false, nil
	}
	return out, true, nil
}

func (d *Decisions) find(id [16]byte) (*segment, place, bool) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if d.closed {
		return nil, place{}, false
	}
	for _, seg := range slices.Backward(d.segments) {
		if at, ok := seg.find(id); ok {
			return seg, at, true
		}
	}
	return nil, place{}, false
}

// Maintain removes the segments of which all is over. Any goroutine may call
// it; the goroutine that writes does the same once an hour.
func (d *Decisions) Maintain(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	d.files.Lock()
	defer d.files.Unlock()
	d.tidy()
	return nil
}

// placeBytes is what the place of one decision takes in a segment's map, about.
const placeBytes = 40

// Stats tells how the decisions stand. It walks the folder; call it now and
// then.
func (d *Decisions) Stats() DecisionStats {
	out := DecisionStats{
		MaxBytes: d.opt.MaxBytes, Waiting: d.queue.bytes(),
		Written: d.written.Load(), Lost: d.lost.Load(), DiskBytes: diskBytes(d.opt.Dir),
	}
	d.mu.RLock()
	defer d.mu.RUnlock()
	for _, seg := range d.segments {
		out.Count += int64(len(seg.list))
		out.Bytes += seg.size
	}
	out.Memory = out.Count*placeBytes + out.Waiting
	return out
}

// Close writes what is queued and closes the files. A second call does
// nothing.
func (d *Decisions) Close() error {
	if !d.queue.close() {
		<-d.done
		return nil
	}
	<-d.done
	if err := d.closeFiles(); err != nil {
		return fmt.Errorf("close the decisions in %s: %w", d.opt.Dir, err)
	}
	return nil
}

func (d *Decisions) closeFiles() error {
	d.files.Lock()
	defer d.files.Unlock()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	var errs []error
	if d.current != nil {
		errs = append(errs, d.current.file.Sync())
		d.current = nil
	}
	for _, seg := range d.segments {
		errs = append(errs, seg.file.Close())
	}
	return errors.Join(append(errs, d.release())...)
}
