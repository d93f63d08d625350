package lists

import (
	"context"
	"errors"
	"fmt"
	"os"
)

// milestone is how many bytes are written between two looks at the bounds, and
// published between two notes of it in the side file.
const milestone = 64 << 20

// rowFile is what rows are written to.
type rowFile interface {
	WriteAt(b []byte, offset int64) (int, error)
	Truncate(size int64) error
	Sync() error
	Close() error
	// startWriteOut lets the system begin to write a part to disk.
	startWriteOut(from, size int64)
}

type osFile struct{ *os.File }

func createRows(path string) (rowFile, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	return osFile{f}, err
}

// make makes one list and notes how it ended.
func (r *Runs) make(ctx context.Context, l *list) {
	run, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	r.mu.Lock()
	if l.st.State != Queued { // cancelled in the meantime
		r.mu.Unlock()
		return
	}
	l.st.State, l.st.Started, l.stop = Running, r.opt.Now().UTC(), cancel
	spec := l.st.Spec
	r.mu.Unlock()
	signal(r.publish)

	err := r.readIDs(l.id, &spec)
	if err == nil {
		err = r.fill(run, l, &spec)
	}
	switch {
	case err != nil && errors.Is(context.Cause(run), errCancelled):
		err = errCancelled
	case err != nil && ctx.Err() != nil:
		r.opt.Log.Info("a list is not finished; it is begun anew at the next start", "list", l.id)
		return // Running on disk
	}
	r.end(l, err)
}

// end notes how a list ended.
func (r *Runs) end(l *list, err error) {
	r.mu.Lock()
	l.st.Ended, l.stop = r.opt.Now().UTC(), nil
	switch {
	case err == nil:
		l.st.State = Done
	case errors.Is(err, errCancelled):
		l.st.State = Cancelled
	default:
		l.st.State, l.st.Reason = Failed, err.Error()
	}
	st := l.statusLocked(l.st.Ended)
	l.tellLocked()
	r.mu.Unlock()

	var clean error
	if st.State == Done {
		clean = gone(os.Remove(r.path(l.id + idsEnd)))
	} else {
		clean = r.removeRows(l.id)
	}
	if err := errors.Join(r.save(l), clean); err != nil {
		r.opt.Log.Error("the end of a list could not be noted", "list", l.id, "error", err)
	}
	r.opt.Log.Info("a list has ended", "list", l.id, "state", st.State, "reason", st.Reason,
		"rows", st.Rows, "bytes", st.Bytes, "members/s", int(st.Rate))
}

// fill makes the file of rows.
func (r *Runs) fill(ctx context.Context, l *list, spec *Spec) error {
	snap, err := r.opt.Source.Freeze(ctx, spec)
	if err != nil {
		return fmt.Errorf("take a view of the state: %w", err)
	}
	defer snap.Release()
	r.mu.Lock()
	l.st.Position, l.st.Time, l.st.Members = snap.Position(), snap.Time().UTC(), snap.Members()
	epoch := l.st.Epoch
	r.mu.Unlock()
	// The epoch is on disk before there is a row that a cursor could stand for.
	if err := r.save(l); err != nil {
		return err
	}
	f, err := r.create(r.rowsPath(l.id, epoch))
	if err != nil {
		return fmt.Errorf("make the file of rows: %w", err)
	}
	w := &rowWriter{r: r, l: l, f: f}
	err = w.header(spec.Format)
	if err == nil {
		err = newRowMaker(snap, r.opt.Workers, r.way).run(ctx, w.write)
	}
	return w.finish(err)
}

// rowWriter writes the rows of one list. One goroutine uses it.
type rowWriter struct {
	r      *Runs
	l      *list
	f      rowFile
	size   int64 // whole lines that are in the file
	noted  int64 // size at the last milestone
	begged int64 // up to where the system was asked to write to disk
}

func (w *rowWriter) header(format string) error {
	if format != CSV || w.r.opt.Header == "" {
		return nil
	}
	return w.write(&chunk{buf: append([]byte(w.r.opt.Header), '\n')})
}

// write puts a chunk into the file, in one write, and then lets readers see it.
func (w *rowWriter) write(c *chunk) error {
	if len(c.buf) > 0 {
		if c.buf[len(c.buf)-1] != '\n' {
			return fmt.Errorf("the rows of the members %d to %d do not end with a line feed", c.from, c.to-1)
		}
		if _, err := w.f.WriteAt(c.buf, w.size); err != nil {
			return fmt.Errorf("write rows: %w", err)
		}
		w.size += int64(len(c.buf))
	}
	w.r.mu.Lock()
	st := &w.l.st
	st.Looked, st.Rows, st.Bytes = c.to, st.Rows+c.rows, w.size
	w.l.tellLocked()
	w.r.mu.Unlock()
	if w.size-w.begged >= writeOutEvery {
		w.f.startWriteOut(w.begged, w.size-w.begged)
		w.begged = w.size
	}
	if w.size-w.noted >= milestone {
		w.noted = w.size
		return w.r.makeRoom()
	}
	return nil
}

// finish closes the file; all of it is on disk if err is nil. Otherwise it
// ends with a whole line.
func (w *rowWriter) finish(err error) error {
	if err == nil {
		err = w.r.makeRoom()
	}
	if err == nil {
		if err = w.f.Sync(); err != nil {
			err = fmt.Errorf("write rows to disk: %w", err)
		}
	}
	if err != nil {
		// It may fail, on a full disk that is broken too; the rows of a list
		// that has not ended well are removed in any case.
		_ = w.f.Truncate(w.size)
	}
	return errors.Join(err, w.f.Close())
}
