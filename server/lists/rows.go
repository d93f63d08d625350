package lists

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
)

const (
	// pieceSize is how much is sent between two looks at the context.
	pieceSize = 1 << 20

	// scanBlock is how much is read at a time in search of a line's end.
	scanBlock = 32 << 10
)

// Rows writes the rows after cursor to w as they are made, and returns when
// the list is done and all of it is written; an empty cursor is the beginning.
// flush, if not nil, is called when no more is there for the moment. What is
// written always ends with a whole line unless w fails. next is the cursor
// after the last whole line that w took.
//
// Errors are ErrUnknown, *CursorError, *EpochError, *UnfinishedError (the list
// failed or was cancelled: what was written is not a whole list), ErrStopped,
// ctx's, and w's.
func (r *Runs) Rows(ctx context.Context, id, cursor string, w io.Writer, flush func()) (next string, err error) {
	l, at, err := r.place(id, cursor)
	if err != nil {
		return cursor, err
	}
	rd := &reader{r: r, l: l, at: at}
	defer rd.close()
	if err := rd.check(ctx, cursor); err != nil {
		return cursor, err
	}
	err = rd.copy(ctx, w, flush)
	return rd.at.String(), err
}

// place finds the list and the place that a cursor stands for.
func (r *Runs) place(id, cursor string) (*list, Cursor, error) {
	var at Cursor
	if cursor != "" {
		var err error
		if at, err = ParseCursor(cursor); err != nil {
			return nil, at, err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	l := r.lists[id]
	switch {
	case l == nil:
		return nil, at, ErrUnknown
	case cursor == "":
		at.Epoch = l.st.Epoch
	case at.Epoch > l.st.Epoch:
		return nil, at, &CursorError{cursor, fmt.Sprintf("the list is at epoch %d", l.st.Epoch)}
	case at.Epoch < l.st.Epoch:
		return nil, at, &EpochError{ID: id, Asked: at.Epoch, Have: l.st.Epoch}
	case at.Offset > l.st.Bytes:
		return nil, at, &CursorError{cursor, fmt.Sprintf("the list has %d bytes so far", l.st.Bytes)}
	}
	return l, at, nil
}

// wait returns how many bytes of rows there are, as soon as it is at least
// want, and whether that is all of them.
func (r *Runs) wait(ctx context.Context, l *list, want int64) (have int64, all bool, err error) {
	for {
		r.mu.Lock()
		st := &l.st
		have, all = st.Bytes, st.State == Done
		if st.State == Failed || st.State == Cancelled {
			err = &UnfinishedError{ID: l.id, State: st.State, Reason: st.Reason}
		}
		if err != nil || all || have >= want {
			r.mu.Unlock()
			return have, all, err
		}
		l.waiting = true
		changed := l.changed
		r.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return have, false, ctx.Err()
		case <-r.stopped:
			return have, false, ErrStopped
		}
	}
}

// reader reads one list from a place on. One goroutine uses it.
type reader struct {
	r    *Runs
	l    *list
	at   Cursor
	file *os.File // nil: not open yet
	room []byte
}

func (rd *reader) close() {
	if rd.file != nil {
		_ = rd.file.Close() // only read
	}
}

// open opens the file; there must be rows.
func (rd *reader) open() error {
	if rd.file != nil {
		return nil
	}
	f, err := os.Open(rd.r.rowsPath(rd.l.id, rd.at.Epoch))
	if errors.Is(err, os.ErrNotExist) {
		return ErrUnknown // removed since it was looked up
	}
	if err != nil {
		return fmt.Errorf("open a list: %w", err)
	}
	rd.file = f
	return nil
}

// check sees to it that the cursor follows a line's end.
func (rd *reader) check(ctx context.Context, cursor string) error {
	if rd.at.Offset == 0 {
		return nil
	}
	if _, _, err := rd.r.wait(ctx, rd.l, rd.at.Offset); err != nil {
		return err
	}
	if err := rd.open(); err != nil {
		return err
	}
	end, err := rd.lineEnd(0, rd.at.Offset)
	if err == nil && end != rd.at.Offset {
		err = &CursorError{cursor, fmt.Sprintf("is within a line; the one before ends at %d", end)}
	}
	return err
}

// lineEnd gives the last place after a line feed that is not after to; from if
// there is none after from.
func (rd *reader) lineEnd(from, to int64) (int64, error) {
	block := make([]byte, scanBlock)
	for to > from {
		n := min(scanBlock, to-from)
		if _, err := rd.file.ReadAt(block[:n], to-n); err != nil {
			return 0, fmt.Errorf("read a list: %w", err)
		}
		if i := bytes.LastIndexByte(block[:n], '\n'); i >= 0 {
			return to - n + int64(i) + 1, nil
		}
		to -= n
	}
	return from, nil
}

// copy writes what there is and what comes.
func (rd *reader) copy(ctx context.Context, w io.Writer, flush func()) error {
	for {
		have, all, err := rd.r.wait(ctx, rd.l, rd.at.Offset+1)
		if err != nil {
			return err
		}
		if have == rd.at.Offset && all {
			return nil
		}
		if err := rd.open(); err != nil {
			return err
		}
		if err := rd.send(ctx, w, have); err != nil {
			return err
		}
		if flush != nil {
			flush()
		}
	}
}

// send writes up to the offset to, which follows a line's end.
func (rd *reader) send(ctx context.Context, w io.Writer, to int64) error {
	if rd.room == nil {
		rd.room = make([]byte, 128<<10)
	}
	begin, at := rd.at.Offset, rd.at.Offset
	if _, err := rd.file.Seek(at, io.SeekStart); err != nil {
		return fmt.Errorf("read a list: %w", err)
	}
	for at < to {
		err := ctx.Err()
		if err == nil {
			var n int64
			// A limited file is what net/http can hand to the system as a whole.
			n, err = io.CopyBuffer(w, io.LimitReader(rd.file, min(pieceSize, to-at)), rd.room)
			at += n
			if err == nil && n == 0 {
				err = io.ErrUnexpectedEOF
			}
		}
		if err != nil {
			end, _ := rd.lineEnd(begin, at) // begin, if the file cannot be read either
			rd.at.Offset = max(end, begin)
			return fmt.Errorf("send rows: %w", err)
		}
	}
	rd.at.Offset = to
	return nil
}
