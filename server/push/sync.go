package push

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"sync"
)

const (
	defaultTolerance = 0.001
	defaultBatch     = 500
)

// Options says where a Syncer keeps what was sent and who gets the changes.
type Options struct {
	// Path is the state file, in a folder that exists. Beside it, Path+".new" is
	// the next state and Path+".sent" the journal. They hold members' ids, and
	// belong to one Syncer. Remove Path to have everything sent again.
	Path string
	// Sinks get every change, in this order.
	Sinks []Sink
	// Tolerance is how far a score may be off what was sent before it is sent
	// again: 0.001 if zero. Below zero, every other thousandth is sent.
	Tolerance float64
	// Batch is how many changes a sink is handed at once; 500 if zero.
	Batch int
	// Log takes what there is to say, no ids of members; nil: nothing is said.
	Log *slog.Logger
}

func (o *Options) validate() error {
	switch {
	case o.Path == "":
		return errors.New("push: Path is empty, the name of a file was expected")
	case len(o.Sinks) == 0:
		return errors.New("push: Sinks is empty, at least one was expected")
	case o.Batch < 0:
		return fmt.Errorf("push: Batch is %d, a positive number was expected", o.Batch)
	case math.IsNaN(o.Tolerance):
		return errors.New("push: Tolerance is no number")
	}
	if o.Tolerance == 0 {
		o.Tolerance = defaultTolerance
	}
	if o.Batch == 0 {
		o.Batch = defaultBatch
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return nil
}

// Summary says what a sync did.
type Summary struct {
	Position   uint64
	Members    int64 // that the source has
	Changes    int64 // sent, those who are gone among them
	Gone       int64
	Again      int64 // sent whole since a sync before had died
	Full       bool
	Why        string // it was full
	StateBytes int64
}

// ErrRunning says that a sync is under way.
var ErrRunning = errors.New("push: a sync is under way")

// Syncer sends to its sinks what changed since its last sync.
type Syncer struct {
	opt Options
	mu  sync.Mutex // held by the sync that runs
}

// New returns a Syncer. It touches no file.
func New(opt Options) (*Syncer, error) {
	if err := opt.validate(); err != nil {
		return nil, err
	}
	return &Syncer{opt: opt}, nil
}

// Run makes one sync. When it returns nil, every sink has taken every change
// and the state is durable. On an error, the source's, a sink's or ctx's, the
// state is as it was; the next Run sends everything that is missing, and all
// that may have been sent, whole. It returns ErrRunning while another Run is
// under way.
func (s *Syncer) Run(ctx context.Context, src Source) (Summary, error) {
	if !s.mu.TryLock() {
		return Summary{}, ErrRunning
	}
	defer s.mu.Unlock()
	r := &run{ctx: ctx, opt: &s.opt, snap: src.Snapshot(), last: -1, syms: newSymbols()}
	r.diff = differ{syms: r.syms, tolerance: max(s.opt.Tolerance*scale, 0.5)}
	r.sum.Position = r.snap.Position
	err := r.open()
	if err == nil {
		err = r.all(src)
	}
	r.close()
	if err != nil {
		return r.sum, fmt.Errorf("sync at position %d: %w", r.snap.Position, err)
	}
	s.opt.Log.Info("offers synced", "position", r.sum.Position, "members", r.sum.Members, "changes", r.sum.Changes,
		"gone", r.sum.Gone, "full", r.sum.Full, "state_bytes", r.sum.StateBytes)
	return r.sum, nil
}

// open looks at what the last syncs left and begins a new state.
func (r *run) open() error {
	base, entries, good, err := loadJournal(r.opt.Path + ".sent")
	damage := (*DamageError)(nil)
	if err != nil && !errors.As(err, &damage) {
		return err
	}
	sum, stateErr := checkState(r.opt.Path)
	switch {
	case stateErr == nil && damage == nil:
	case stateErr == nil:
		if err := r.distrust(damage); err != nil {
			return err
		}
		stateErr = fs.ErrNotExist
	case errors.Is(stateErr, fs.ErrNotExist):
		r.full("there is no state")
	case errors.As(stateErr, &damage):
		r.full(stateErr.Error())
	default:
		return stateErr
	}
	// A journal of another state is one that its sync did not live to remove.
	if stateErr == nil && err == nil && base != sum {
		entries, good = nil, 0
	}
	if stateErr != nil {
		sum = 0
	}
	if good > 0 {
		sum = base // the journal is continued
	}
	r.told = entries
	r.journal = journal{path: r.opt.Path + ".sent", base: sum, keep: good}
	r.tracks = !r.sum.Full || len(entries) > 0
	if !r.sum.Full {
		if err := r.openOld(); err != nil {
			return err
		}
	}
	r.out, err = createState(r.opt.Path, r.snap)
	return err
}

// distrust drops the state since the journal beside it is damaged: nobody knows
// who heard what, and that has to hold for the next sync too if this one dies.
func (r *run) distrust(damage *DamageError) error {
	r.full(damage.Error())
	if err := os.Remove(r.opt.Path); err != nil {
		return fmt.Errorf("drop the state: %w", err)
	}
	return syncDir(filepath.Dir(r.opt.Path))
}

func (r *run) full(why string) {
	r.sum.Full, r.sum.Why = true, why
	r.opt.Log.Warn("all offers are sent anew", "why", why, "file", filepath.Base(r.opt.Path))
}
