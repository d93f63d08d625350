package files

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/renameio/v2"
)

// stateName is the file in a watched folder that remembers what was imported.
const stateName = ".nabo-imported.json"

// stateVersion is the format of that file.
const stateVersion = 1

// mark tells whether a file changed.
type fileMark struct {
	Size     int64     `json:"size"`
	Modified time.Time `json:"modified"`
}

// doneFile is a file that was imported, or that could not be.
type doneFile struct {
	fileMark
	Done  time.Time `json:"done"`
	Fault string    `json:"fault,omitempty"` // why it could not be
}

// doneState is the state file's content: {"version":1,"files":{name:
// {"size":…,"modified":…,"done":…,"fault":…}}}. Files that are gone from the
// folder are left out.
type doneState struct {
	Version int                 `json:"version"`
	Files   map[string]doneFile `json:"files"`
}

// watcher takes each file that appears whole in a folder: one that two looks
// in a row found with the same size and time, which a file that was renamed
// into the folder has at once. Names that begin with a dot or end like a file
// under way (.tmp, .part, …) are passed over, and empty files until they are
// written.
type watcher struct {
	dir   string
	every time.Duration
	now   func() time.Time
	out   io.Writer
	// take imports a file. A *fileError is noted and the file not tried again
	// until it changes; any other error ends the watching.
	take func(ctx context.Context, path string) error

	state doneState
	seen  map[string]fileMark // at the look before
}

// run watches until ctx is done, whose error it returns, or until an error.
func (w *watcher) run(ctx context.Context) error {
	if err := w.load(); err != nil {
		return err
	}
	tick := time.NewTicker(w.every)
	defer tick.Stop()
	for {
		if err := w.look(ctx); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// look takes what is whole, by name.
func (w *watcher) look(ctx context.Context) error {
	entries, err := os.ReadDir(w.dir)
	if err != nil {
		return fmt.Errorf("look at the watched folder: %w", err)
	}
	seen := map[string]fileMark{}
	for _, e := range entries {
		mark, ok := w.markOf(e)
		if !ok {
			continue
		}
		before, twice := w.seen[e.Name()]
		seen[e.Name()] = mark
		if done, ok := w.state.Files[e.Name()]; ok && done.same(mark) || !twice || !before.same(mark) {
			continue
		}
		if err := w.takeOne(ctx, e.Name(), mark); err != nil {
			return err
		}
	}
	w.seen = seen
	return nil
}

// markOf returns an entry's mark, false for what is no file to take.
func (w *watcher) markOf(e fs.DirEntry) (fileMark, bool) {
	name := strings.ToLower(e.Name())
	switch filepath.Ext(name) {
	case ".tmp", ".part", ".partial", ".filepart", ".crdownload", ".swp", ".lock":
		return fileMark{}, false
	}
	if strings.HasPrefix(name, ".") || strings.HasSuffix(name, "~") {
		return fileMark{}, false
	}
	info, err := os.Stat(filepath.Join(w.dir, e.Name()))
	if err != nil || !info.Mode().IsRegular() || info.Size() == 0 {
		return fileMark{}, false // gone again, a folder, or not written yet
	}
	return fileMark{info.Size(), info.ModTime().UTC()}, true
}

func (m fileMark) same(o fileMark) bool { return m.Size == o.Size && m.Modified.Equal(o.Modified) }

func (w *watcher) takeOne(ctx context.Context, name string, mark fileMark) error {
	done := doneFile{fileMark: mark}
	err := w.take(ctx, filepath.Join(w.dir, name))
	var file *fileError
	switch {
	case errors.As(err, &file):
		done.Fault = err.Error()
		fmt.Fprintf(w.out, "%v\n", err)
	case err != nil:
		return err
	}
	done.Done = w.now().UTC()
	w.state.Files[name] = done
	return w.save()
}

func (w *watcher) statePath() string { return filepath.Join(w.dir, stateName) }

func (w *watcher) load() error {
	w.state = doneState{Version: stateVersion, Files: map[string]doneFile{}}
	b, err := os.ReadFile(w.statePath())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read what was imported before: %w", err)
	}
	err = json.Unmarshal(b, &w.state)
	if err != nil || w.state.Version != stateVersion {
		return fmt.Errorf("%s can't be read (version %d, %v): remove it, and every file in the folder is taken once more, which counts nothing twice",
			w.statePath(), w.state.Version, err)
	}
	if w.state.Files == nil {
		w.state.Files = map[string]doneFile{}
	}
	return nil
}

// save writes the state, whole or not at all.
func (w *watcher) save() error {
	for name := range w.state.Files {
		if _, err := os.Lstat(filepath.Join(w.dir, name)); errors.Is(err, fs.ErrNotExist) {
			delete(w.state.Files, name)
		}
	}
	b, err := json.MarshalIndent(w.state, "", " ")
	if err == nil {
		err = renameio.WriteFile(w.statePath(), append(b, '\n'), 0o644)
	}
	if err != nil {
		return fmt.Errorf("remember what was imported: %w", err)
	}
	return nil
}

// watch imports what appears in the folder until ctx is done.
func (j *job) watch(ctx context.Context, finish func() error) error {
	fmt.Fprintf(j.Err, "watching %s, every %v; Ctrl-C ends it\n", j.Watch, j.Every)
	w := &watcher{dir: j.Watch, every: j.Every, now: j.Now, out: j.Err, take: func(ctx context.Context, path string) error {
		before := j.tally.snapshot()
		bad := j.take(ctx, path)
		var file *fileError
		if bad != nil && !errors.As(bad, &file) {
			return bad
		}
		if err := j.end(ctx, finish); err != nil {
			return err
		}
		fmt.Fprintf(j.Err, "%s: %s\n", path, j.tally.since(before))
		return errors.Join(bad, j.rejects.flush())
	}}
	err := w.run(ctx)
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return nil // that is how it ends
	}
	return err
}
