package lists

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

const (
	// batchSize is how many bytes of rows are published in one message, but
	// for a row that is longer, and the last.
	batchSize = 256 << 10

	firstPause = 100 * time.Millisecond
	maxPause   = 30 * time.Second
)

// Mark is how much of a list has been published.
type Mark struct {
	Epoch        uint64
	Lines, Bytes int64
}

// Publication takes a list's rows to wherever they are published. One
// goroutine uses it.
type Publication interface {
	// Send publishes whole lines, n of them. It may wait for as long as nobody
	// takes them, but no longer than ctx. The batch is the caller's again when
	// it returns.
	Send(ctx context.Context, batch []byte, n int) error
	// Close tells that there is no more, and why: done, failed or cancelled.
	Close(ctx context.Context, end string) error
}

// publishAll publishes one list after another, oldest first, until ctx ends.
func (r *Runs) publishAll(ctx context.Context) {
	for ctx.Err() == nil {
		l := r.nextToPublish()
		if l == nil {
			select {
			case <-r.publish:
			case <-ctx.Done():
			}
			continue
		}
		r.publishList(ctx, l)
	}
}

func (r *Runs) nextToPublish() *list {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, l := range r.order {
		if p := l.st.Published; p != nil && !p.State.ended() && l.st.State != Queued {
			return l
		}
	}
	return nil
}

// publishList publishes one list; what fails is tried again until ctx ends or
// the list is removed or its publishing cancelled.
func (r *Runs) publishList(ctx context.Context, l *list) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r.mu.Lock()
	p := l.st.Published
	if p.State.ended() {
		r.mu.Unlock()
		return
	}
	p.State, l.stopPublish = Running, cancel
	r.mu.Unlock()

	wait := firstPause
	for {
		before := r.published(l).Bytes
		err := r.publishOnce(ctx, l)
		if err == nil || ctx.Err() != nil {
			r.endPublish(l, err)
			return
		}
		r.mu.Lock()
		p.Error = err.Error()
		if p.Bytes > before {
			wait = firstPause
		}
		r.mu.Unlock()
		r.opt.Log.Warn("publishing a list failed, trying again", "list", l.id, "after", wait, "error", err)
		_ = pause(ctx, wait)
		wait = min(2*wait, maxPause)
	}
}

// endPublish notes that a list is published, or that ctx has ended.
func (r *Runs) endPublish(l *list, err error) {
	r.mu.Lock()
	p := l.st.Published
	if l.stopPublish = nil; err == nil && p.State == Running {
		p.State, p.Error = Done, ""
	}
	l.tellLocked()
	r.mu.Unlock()
	if err := r.save(l); err != nil {
		r.opt.Log.Error("how far a list is published could not be noted", "list", l.id, "error", err)
	}
}

func (r *Runs) published(l *list) Mark {
	r.mu.Lock()
	defer r.mu.Unlock()
	return Mark{Epoch: l.st.Epoch, Lines: l.st.Published.Lines, Bytes: l.st.Published.Bytes}
}

// publishOnce goes on where publishing stopped, up to the end of the list.
func (r *Runs) publishOnce(ctx context.Context, l *list) error {
	from := r.published(l)
	to, err := r.opt.Publisher(ctx, l.id, from)
	if err != nil {
		return err
	}
	rd := &reader{r: r, l: l, at: Cursor{from.Epoch, from.Bytes}}
	defer rd.close()
	noted := from.Bytes
	for {
		batch, err := rd.batch(ctx)
		var unfinished *UnfinishedError
		switch {
		case errors.As(err, &unfinished):
			return to.Close(ctx, string(unfinished.State))
		case errors.Is(err, io.EOF):
			return to.Close(ctx, string(Done))
		case err != nil:
			return err
		}
		lines := bytes.Count(batch, []byte{'\n'})
		if err := to.Send(ctx, batch, lines); err != nil {
			return err
		}
		r.mu.Lock()
		l.st.Published.Bytes += int64(len(batch))
		l.st.Published.Lines += int64(lines)
		l.tellLocked()
		r.mu.Unlock()
		if rd.at.Offset-noted >= milestone {
			noted = rd.at.Offset
			if err := r.save(l); err != nil {
				return err
			}
		}
	}
}

// batch reads the next whole lines, io.EOF after the last. Where a batch ends
// depends on the rows alone and not on how fast they are made, so that one
// that is sent again is the same.
func (rd *reader) batch(ctx context.Context) ([]byte, error) {
	for size := int64(batchSize); ; size *= 2 {
		have, all, err := rd.r.wait(ctx, rd.l, rd.at.Offset+size)
		if err != nil {
			return nil, err
		}
		size = min(size, have-rd.at.Offset)
		if size == 0 {
			return nil, io.EOF
		}
		if err := rd.open(); err != nil {
			return nil, err
		}
		if int64(cap(rd.room)) < size {
			rd.room = make([]byte, size)
		}
		rd.room = rd.room[:size]
		if _, err := rd.file.ReadAt(rd.room, rd.at.Offset); err != nil {
			return nil, fmt.Errorf("read a list: %w", err)
		}
		if end := bytes.LastIndexByte(rd.room, '\n') + 1; end > 0 {
			rd.at.Offset += int64(end)
			return rd.room[:end], nil
		}
		if all && rd.at.Offset+size == have {
			return nil, fmt.Errorf("the list %s does not end with a line's end", rd.l.id)
		}
	}
}
