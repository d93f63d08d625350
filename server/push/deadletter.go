package push

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

const (
	defaultDeadBytes = 256 << 20
	defaultDeadFile  = 16 << 20
)

// ErrDeadFull says that the dead letters have no more room. Nothing is dropped:
// what could not be put there fails the sync.
var ErrDeadFull = errors.New("push: the dead letters are full: send them again, or remove them")

// Letter is what a receiver did not take, one line of a dead-letter file.
type Letter struct {
	At       time.Time       `json:"at"`
	Reason   string          `json:"reason"`
	Attempts int             `json:"attempts,omitempty"`
	Kind     string          `json:"kind"` // what the body is; the sink's word
	Body     json.RawMessage `json:"body"`
}

// DeadOptions says where dead letters lie.
type DeadOptions struct {
	// Dir is made if it is missing. Files in it are called Name-<number>.ndjson
	// and hold ids of members.
	Dir, Name string
	Bytes     int64 // of all files together, at most; 256 MiB if zero
	FileBytes int64 // after which a new file is begun; 16 MiB if zero
}

// DeadLetters keeps what a receiver did not take, in files of bounded size. Any
// goroutine may use it; one process has it at a time.
type DeadLetters struct {
	opt DeadOptions
	// again keeps two Redelivers apart.
	again sync.Mutex

	mu    sync.Mutex
	file  *os.File // the one that is written; nil: none yet
	size  int64    // of it
	total int64    // of all files
	next  int      // number of the next file
	slack int64    // allowed beyond Bytes, while letters are sent again
}

// OpenDeadLetters opens a folder of dead letters. It never appends to a file
// that it finds: the last line of one may be cut off.
func OpenDeadLetters(opt DeadOptions) (*DeadLetters, error) {
	if opt.Dir == "" || opt.Name == "" || opt.Bytes < 0 || opt.FileBytes < 0 {
		return nil, errors.New("push: dead letters need a folder, a name, and no number below zero")
	}
	if opt.Bytes == 0 {
		opt.Bytes = defaultDeadBytes
	}
	if opt.FileBytes == 0 {
		opt.FileBytes = defaultDeadFile
	}
	if err := os.MkdirAll(opt.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("open dead letters: %w", err)
	}
	d := &DeadLetters{opt: opt, next: 1}
	names, err := d.files()
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		info, err := os.Stat(name)
		if err != nil {
			return nil, fmt.Errorf("open dead letters: %w", err)
		}
		d.total += info.Size()
		d.next = d.number(name) + 1
	}
	return d, nil
}

// files returns the files there are, the oldest first.
func (d *DeadLetters) files() ([]string, error) {
	all, err := filepath.Glob(filepath.Join(d.opt.Dir, d.opt.Name+"-*.ndjson"))
	if err != nil {
		return nil, fmt.Errorf("look for dead letters: %w", err)
	}
	all = slices.DeleteFunc(all, func(name string) bool { return d.number(name) == 0 })
	slices.SortFunc(all, func(a, b string) int { return d.number(a) - d.number(b) })
	return all, nil
}

func (d *DeadLetters) path(number int) string {
	return filepath.Join(d.opt.Dir, fmt.Sprintf("%s-%06d.ndjson", d.opt.Name, number))
}

// number returns a file's number, 0 for a name that is not one of ours.
func (d *DeadLetters) number(name string) int {
	var n int
	if _, err := fmt.Sscanf(filepath.Base(name), d.opt.Name+"-%d.ndjson", &n); err != nil || n < 1 || d.path(n) != filepath.Clean(name) {
		return 0
	}
	return n
}

// Add puts letters into the file, durable on return. ErrDeadFull: none was put.
func (d *DeadLetters) Add(letters ...Letter) error {
	if len(letters) == 0 {
		return nil
	}
	var lines []byte
	for i := range letters {
		line, err := json.Marshal(&letters[i])
		if err != nil {
			return fmt.Errorf("write a dead letter: %w", err)
		}
		lines = append(append(lines, line...), '\n')
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.total+int64(len(lines)) > d.opt.Bytes+d.slack {
		return ErrDeadFull
	}
	if err := d.openLocked(); err != nil {
		return fmt.Errorf("open a file of dead letters: %w", err)
	}
	n, err := d.file.Write(lines)
	d.size += int64(n)
	d.total += int64(n)
	if err == nil {
		err = d.file.Sync()
	}
	if err != nil {
		d.rotateLocked() // nothing may follow what is half written
		return fmt.Errorf("write dead letters: %w", err)
	}
	if d.size >= d.opt.FileBytes {
		d.rotateLocked()
	}
	return nil
}

func (d *DeadLetters) openLocked() error {
	if d.file != nil {
		return nil
	}
	file, err := os.OpenFile(d.path(d.next), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	d.next++
	d.file, d.size = file, 0
	return syncDir(d.opt.Dir)
}

// rotateLocked ends the file that is written.
func (d *DeadLetters) rotateLocked() {
	if d.file != nil {
		_ = d.file.Close() // all that counts is synced
		d.file = nil
	}
}

// Bytes returns how many bytes the letters take.
func (d *DeadLetters) Bytes() int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.total
}

// Close ends the file that is written. Add begins another.
func (d *DeadLetters) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.rotateLocked()
	return nil
}

// Resender is a sink that can send its dead letters again.
type Resender interface {
	// Resend returns nil when each letter was taken or is a dead letter anew.
	Resend(ctx context.Context, letters []Letter) error
}

// resendBatch is how many letters a Resender is handed at once.
const resendBatch = 100

// Redeliver sends the letters that there are again, the oldest first, and
// returns how many it handed over; some may lie in the dead letters anew. An
// error ends it: the file it was at is kept whole, so what was taken of that
// file is sent again the next time. Lines that can't be read are counted in bad;
// a file with such lines is put aside as <name>.bad when the rest was sent.
func Redeliver(ctx context.Context, dead *DeadLetters, to Resender) (sent, bad int, err error) {
	dead.again.Lock()
	defer dead.again.Unlock()
	dead.mu.Lock()
	dead.rotateLocked()
	dead.slack = dead.opt.FileBytes + 1<<20 // a file's letters may all come back
	names, err := dead.files()
	dead.mu.Unlock()
	defer dead.tighten()
	if err != nil {
		return 0, 0, err
	}
	for _, name := range names {
		n, unread, err := resendFile(ctx, name, to)
		sent, bad = sent+n, bad+unread
		if err != nil {
			return sent, bad, fmt.Errorf("send %s again: %w", filepath.Base(name), err)
		}
		if err := dead.drop(name, unread > 0); err != nil {
			return sent, bad, err
		}
	}
	return sent, bad, nil
}

func (d *DeadLetters) tighten() {
	d.mu.Lock()
	d.slack = 0
	d.mu.Unlock()
}

// drop removes a file whose letters were all handed over. One that could not be
// read in full is put aside as <name>.bad instead.
func (d *DeadLetters) drop(name string, aside bool) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	info, err := os.Stat(name)
	switch {
	case err != nil:
	case aside:
		err = os.Rename(name, name+".bad")
	default:
		err = os.Remove(name)
	}
	if err != nil {
		return fmt.Errorf("drop dead letters: %w", err)
	}
	d.total -= info.Size()
	return syncDir(d.opt.Dir)
}

func resendFile(ctx context.Context, name string, to Resender) (sent, bad int, err error) {
	file, err := os.Open(name)
	if err != nil {
		return 0, 0, err
	}
	defer file.Close()
	var batch []Letter
	flush := func() error {
		if err := to.Resend(ctx, batch); err != nil {
			return err
		}
		sent, batch = sent+len(batch), batch[:0]
		return nil
	}
	lines := bufio.NewReader(file)
	for {
		line, readErr := lines.ReadBytes('\n')
		var l Letter
		switch {
		case len(bytes.TrimSpace(line)) == 0:
		case json.Unmarshal(line, &l) != nil:
			bad++
		default:
			batch = append(batch, l)
		}
		if readErr != nil || len(batch) >= resendBatch {
			if err := flush(); err != nil {
				return sent, bad, err
			}
		}
		if errors.Is(readErr, io.EOF) {
			return sent, bad, nil
		}
		if readErr != nil {
			return sent, bad, readErr
		}
	}
}
