package files

import (
	"encoding/csv"
	"fmt"
	"os"
	"strconv"
	"sync"
)

// maxRaw is how much of a rejected line's text is kept, in bytes.
const maxRaw = 4096

// rejects writes what was no good to a CSV file of file, line, column, reason
// and raw. The file is made with the first of them; only its owner may read it,
// for the lines may hold members' ids. Any number of goroutines may add.
type rejects struct {
	path string
	keep bool // add to what is in the file

	mu    sync.Mutex
	file  *os.File
	csv   *csv.Writer
	n     int
	first []string // the first few, for people to read
}

// shownRejects is how many rejects are shown as well as written.
const shownRejects = 3

func (r *rejects) add(file string, line int, column, reason string, raw []byte) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.file == nil {
		if err := r.openLocked(); err != nil {
			return err
		}
	}
	r.n++
	if len(r.first) < shownRejects {
		r.first = append(r.first, fmt.Sprintf("%s line %d: %s", file, line, (&rowError{column, reason}).Error()))
	}
	err := r.csv.Write([]string{file, strconv.Itoa(line), column, reason, string(raw[:min(len(raw), maxRaw)])})
	if err != nil {
		return fmt.Errorf("write rejects: %w", err)
	}
	return nil
}

func (r *rejects) openLocked() error {
	flags := os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	if r.keep {
		flags = os.O_WRONLY | os.O_CREATE | os.O_APPEND
	}
	f, err := os.OpenFile(r.path, flags, 0o600)
	if err != nil {
		return fmt.Errorf("make the rejects file: %w", err)
	}
	r.file, r.csv = f, csv.NewWriter(f)
	if info, err := f.Stat(); err == nil && info.Size() > 0 {
		return nil
	}
	if err := r.csv.Write([]string{"file", "line", "column", "reason", "raw"}); err != nil {
		return fmt.Errorf("write rejects: %w", err)
	}
	return nil
}

// count returns how many there are, and the first few to show.
func (r *rejects) count() (int, []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.n, r.first
}

// flush writes out what is buffered.
func (r *rejects) flush() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.file == nil {
		return nil
	}
	r.csv.Flush()
	if err := r.csv.Error(); err != nil {
		return fmt.Errorf("write rejects: %w", err)
	}
	return nil
}

func (r *rejects) close() error {
	err := r.flush()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.file == nil {
		return err
	}
	if e := r.file.Close(); err == nil && e != nil {
		err = fmt.Errorf("close rejects: %w", e)
	}
	r.file = nil
	return err
}
