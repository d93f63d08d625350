package store

import (
	"os"
	"path/filepath"
	"time"
)

// write is the goroutine that writes what is queued, until the queue is closed
// and empty. Its timer runs only while something waits.
func (d *Decisions) write() {
	defer close(d.done)
	timer := time.NewTimer(d.opt.gather)
	defer timer.Stop()
	for {
		select {
		case <-d.queue.some:
		case <-d.queue.ended:
			d.writeWaiting(false)
			return
		}
		for !d.queue.empty() {
			timer.Reset(d.opt.gather)
			select {
			case <-d.queue.full:
				d.writeWaiting(true)
			case <-timer.C:
				d.writeWaiting(false)
			case <-d.queue.ended:
				d.writeWaiting(false)
			}
		}
	}
}

// writeWaiting writes the chunks that wait, or those that are full.
func (d *Decisions) writeWaiting(onlyFull bool) {
	for c := d.queue.take(onlyFull); c != nil; c = d.queue.take(onlyFull) {
		d.writeChunk(c)
		d.queue.drop()
	}
	d.files.Lock()
	defer d.files.Unlock()
	if d.opt.Now().Sub(d.tidied) >= tidyEvery {
		d.tidy()
	}
}

// writeChunk writes a chunk at the end of the newest segment, and lists it.
func (d *Decisions) writeChunk(c *chunk) {
	d.files.Lock()
	defer d.files.Unlock()
	err := d.roll(c)
	if err == nil {
		err = d.current.append(c.bytes)
	}
	if err != nil {
		d.lost.Add(uint64(c.count))
		if !d.failing { // it is said once, not twenty times a second
			d.opt.Log.Error("decisions can't be written; they are lost until it works again", "error", err)
		}
		d.failing = true
		d.abandon()
		return
	}
	if d.failing {
		d.opt.Log.Info("decisions are written again", "lost", d.lost.Load())
	}
	d.failing = false
	d.mu.Lock()
	d.current.add(c.bytes)
	d.mu.Unlock()
	d.written.Add(uint64(c.count))
	d.trim()
}

// abandon lets the newest segment take no more after a failed write; what was
// written of it in vain is cut off. The lock files is held.
func (d *Decisions) abandon() {
	seg := d.current
	d.current = nil
	if seg == nil {
		return
	}
	if err := seg.file.Truncate(seg.size); err == nil && seg.size < d.opt.segmentBytes() {
		d.current = seg
	}
}

// roll makes a new segment where the newest has no room for a chunk. The lock
// files is held.
func (d *Decisions) roll(c *chunk) error {
	if d.current != nil {
		if len(d.current.list) == 0 || d.current.size+int64(len(c.bytes)) <= d.opt.segmentBytes() {
			return nil
		}
		full := d.current
		d.current = nil
		if err := full.file.Sync(); err != nil {
			d.opt.Log.Warn("decisions may not be on the disk", "segment", full.fileName(), "error", err)
		}
	}
	name := (*entryHead)(c.bytes).id()
	if n := len(d.segments); n > 0 { // only changed with files held
		// So that the names are in the order of writing, also where the clock
		// was set back.
		if last := d.segments[n-1].name; !before(last, name) {
			name = following(last)
		}
	}
	seg, err := newSegment(d.opt.Dir, name)
	if err != nil {
		return err
	}
	d.mu.Lock()
	d.segments = append(d.segments, seg)
	d.mu.Unlock()
	d.current = seg
	return nil
}

// trim removes the oldest segments while all together are too long. The lock
// files is held.
func (d *Decisions) trim() {
	total := int64(0)
	for _, seg := range d.segments {
		total += seg.size
	}
	excess := 0
	for ; total > d.opt.MaxBytes && excess < len(d.segments)-1; excess++ {
		total -= d.segments[excess].size
	}
	if excess > 0 {
		oldest := d.segments[excess-1]
		d.remove(func(seg *segment) bool { return !before(oldest.name, seg.name) })
	}
}

// tidy removes the segments of which all is over, and what is too much. The
// lock files is held.
func (d *Decisions) tidy() {
	d.tidied = d.opt.Now()
	now := d.tidied.UnixMilli()
	d.remove(func(seg *segment) bool { return seg.until < now })
	d.trim()
}

// remove removes the segments that gone chooses. The lock files is held.
func (d *Decisions) remove(gone func(*segment) bool) {
	var removed []*segment
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		return
	}
	kept := make([]*segment, 0, len(d.segments)+1)
	for _, seg := range d.segments {
		if gone(seg) {
			removed = append(removed, seg)
		} else {
			kept = append(kept, seg)
		}
	}
	d.segments = kept
	d.mu.Unlock()
	for _, seg := range removed {
		if seg == d.current {
			d.current = nil
		}
		_ = seg.file.Close() // who reads it at this moment is waited for
		if err := os.Remove(filepath.Join(d.opt.Dir, seg.fileName())); err != nil {
			d.opt.Log.Warn("old decisions could not be removed", "error", err)
		}
	}
}
