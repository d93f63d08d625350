package lists

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/google/renameio/v2"
	"github.com/oklog/ulid/v2"
)

// A list has up to three files in the folder:
//
//	<id>.json          spec and state, replaced as a whole and synced
//	<id>.ids           the given ids, a JSON array, until the list has ended
//	<id>.<epoch>.rows  the rows
const (
	sideEnd = ".json"
	idsEnd  = ".ids"
	rowsEnd = ".rows"

	sideVersion = 1
)

type side struct {
	Version int `json:"version"`
	Status
}

func (r *Runs) path(name string) string { return filepath.Join(r.opt.Dir, name) }

func (r *Runs) rowsPath(id string, epoch uint64) string {
	return r.path(id + "." + strconv.FormatUint(epoch, 10) + rowsEnd)
}

// save writes the side file as the list is at this moment, unless the list was
// removed. Mind that it waits for the disk.
func (r *Runs) save(l *list) error {
	l.saving.Lock()
	defer l.saving.Unlock()
	r.mu.Lock()
	st, removed := l.statusLocked(r.opt.Now()), l.removed
	r.mu.Unlock()
	if removed {
		return nil
	}
	text, err := json.MarshalIndent(side{sideVersion, st}, "", "\t")
	if err == nil {
		err = r.writeSynced(l.id+sideEnd, append(text, '\n'))
	}
	if err != nil {
		return fmt.Errorf("save the state of the list %s: %w", l.id, err)
	}
	return nil
}

func (r *Runs) writeSynced(name string, data []byte) error {
	if err := renameio.WriteFile(r.path(name), data, 0o600, renameio.WithTempDir(r.opt.Dir)); err != nil {
		return err
	}
	dir, err := os.Open(r.opt.Dir)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

func (r *Runs) writeIDs(id string, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	text, err := json.Marshal(ids)
	if err != nil {
		return err
	}
	return r.writeSynced(id+idsEnd, text)
}

// readIDs gives the list's ids back to its spec.
func (r *Runs) readIDs(id string, spec *Spec) error {
	if spec.Given == 0 {
		return nil
	}
	text, err := os.ReadFile(r.path(id + idsEnd))
	if err == nil {
		err = json.Unmarshal(text, &spec.IDs)
	}
	if err == nil && len(spec.IDs) != spec.Given {
		err = fmt.Errorf("%d ids instead of %d", len(spec.IDs), spec.Given)
	}
	if err != nil {
		return fmt.Errorf("read the given ids: %w", err)
	}
	return nil
}

// removeFiles removes all that the folder has of a list, the side file last:
// what it does not name is removed at the next start.
func (r *Runs) removeFiles(id string) error {
	return errors.Join(r.removeRows(id), gone(os.Remove(r.path(id+sideEnd))))
}

// removeRows removes the rows of all epochs, and the ids. Readers that have
// the file open go on reading it.
func (r *Runs) removeRows(id string) error {
	names, err := filepath.Glob(r.path(id + ".*" + rowsEnd))
	errs := []error{err, gone(os.Remove(r.path(id + idsEnd)))}
	for _, name := range names {
		errs = append(errs, gone(os.Remove(name)))
	}
	return errors.Join(errs...)
}

// gone is err, unless it says that the file is not there.
func gone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// load reads the folder: side files become lists, and files of ours that none
// of them names are removed.
func (r *Runs) load() error {
	if err := os.MkdirAll(r.opt.Dir, 0o750); err != nil {
		return fmt.Errorf("make the folder of the lists: %w", err)
	}
	entries, err := os.ReadDir(r.opt.Dir)
	if err != nil {
		return fmt.Errorf("read the folder of the lists: %w", err)
	}
	unread := make(map[string]bool)
	for _, e := range entries {
		id, ok := strings.CutSuffix(e.Name(), sideEnd)
		if !ok || !isID(id) {
			continue
		}
		if err := r.loadOne(id); err != nil {
			r.opt.Log.Error("a list's side file cannot be read, so its files are left alone", "list", id, "error", err)
			unread[id] = true
		}
	}
	slices.SortFunc(r.order, byID)
	for _, e := range entries {
		if id, _, _ := strings.Cut(e.Name(), "."); !unread[id] && r.stray(e.Name()) {
			if err := gone(os.Remove(r.path(e.Name()))); err != nil {
				return fmt.Errorf("remove what a list left behind: %w", err)
			}
		}
	}
	return nil
}

func isID(text string) bool {
	_, err := ulid.ParseStrict(text)
	return err == nil
}

// stray says whether a file is of ours and of no use.
func (r *Runs) stray(name string) bool {
	id, rest, _ := strings.Cut(name, ".")
	if !isID(id) {
		// renameio's, from a process that was killed while it wrote.
		id, _, _ = strings.Cut(strings.TrimPrefix(name, "."), ".")
		return strings.HasPrefix(name, ".") && isID(id)
	}
	l := r.lists[id]
	switch {
	case l == nil:
		return "."+rest == idsEnd || strings.HasSuffix(rest, rowsEnd)
	case "."+rest == idsEnd:
		return l.st.State.ended()
	case strings.HasSuffix(rest, rowsEnd):
		return l.st.State != Done || r.path(name) != r.rowsPath(id, l.st.Epoch)
	}
	return false
}

func (r *Runs) loadOne(id string) error {
	text, err := os.ReadFile(r.path(id + sideEnd))
	var s side
	if err == nil {
		err = json.Unmarshal(text, &s)
	}
	switch {
	case err != nil:
		return err
	case s.Version != sideVersion:
		return fmt.Errorf("its version is %d, where %d is known", s.Version, sideVersion)
	case s.ID != id:
		return fmt.Errorf("it is of the list %q", s.ID)
	}
	l := newList(s.Status)
	if p := l.st.Published; p != nil && p.State == Running {
		p.State = Queued
	}
	switch l.st.State {
	case Running:
		l.beginAnew()
	case Done:
		r.checkRows(l)
	}
	r.lists[id] = l
	r.order = append(r.order, l)
	return nil
}

// beginAnew puts a list that was being made back into the queue. Its new epoch
// need not be saved yet: no cursor holds it before the run has begun, which
// saves it.
func (l *list) beginAnew() {
	old := l.st
	l.st = Status{ID: old.ID, Spec: old.Spec, State: Queued, Epoch: old.Epoch + 1, Asked: old.Asked}
	if old.Published != nil {
		l.st.Published = &Published{State: Queued}
	}
}

// checkRows fails a list whose file is not there as a whole.
func (r *Runs) checkRows(l *list) {
	info, err := os.Stat(r.rowsPath(l.id, l.st.Epoch))
	if err == nil && info.Size() == l.st.Bytes {
		return
	}
	l.st.State, l.st.Reason = Failed, "its file of rows is damaged or missing"
	if l.st.Published != nil && !l.st.Published.State.ended() {
		l.st.Published.State = Cancelled
	}
	r.opt.Log.Error("a list's file of rows is damaged or missing", "list", l.id, "error", err)
}
