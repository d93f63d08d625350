package store

import (
	"context"
	"errors"
	"fmt"
	"math/bits"
	"os"

	"nabo/engine/store/runs"
)

const (
	// tierRuns runs of about the same size become one.
	tierRuns = 8
	// smallBase is how many bytes newer runs hold at least before all become one.
	smallBase = 16 << 20
	// manySections is how many sorted stretches a run may have and still be read
	// well at a start: there is a block of each in memory at a time.
	manySections = 64
)

// due says which runs, from the oldest at from up to to, should become one;
// from == to: none. Every byte is written once by its checkpoint, once or twice
// with others of its size, and, as all become one when the newer hold half of
// what the oldest does, some three times more; a start reads at most half more
// than there is.
func due(all []stored) (from, to int) {
	var newer uint64
	for i := len(all) - 1; i > 0; i-- {
		newer += all[i].info.Bytes()
	}
	if newer >= smallBase && newer >= all[0].info.Bytes()/2 {
		return 0, len(all)
	}
	for tier := range 22 {
		n, like := len(all), 0
		for n > 0 && tierOf(all[n-1]) <= tier {
			n--
			if tierOf(all[n]) == tier {
				like++
			}
		}
		if like >= tierRuns {
			return n, len(all)
		}
	}
	var sections uint64
	for i := range all {
		if all[i].info.Sections > manySections {
			return i, i + 1
		}
		sections += all[i].info.Sections
	}
	if len(all) > 2 && sections > 4*manySections {
		return 1, len(all)
	}
	return 0, 0
}

// tierOf is the size of a run in powers of eight mebibytes.
func tierOf(r stored) int { return (bits.Len64(r.info.Bytes()>>20) + 2) / 3 }

// merge makes one run of those from from up to to. Saves may add newer ones
// meanwhile.
func (s *Store) merge(ctx context.Context, all []stored, from, to int) (err error) {
	opened, err := s.openRuns(all[from:to])
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeRuns(opened)) }()
	made, err := s.writeRun(func(put func(key, value []byte) error) error {
		return runs.Merge(opened, nil, nil, func(key, value []byte) error {
			if value == nil && from == 0 {
				return nil // nothing older is left that it hides
			}
			if err := put(key, value); err != nil {
				return err
			}
			return ctx.Err()
		})
	})
	if err != nil {
		return err
	}
	err = s.commit(func(m manifest) manifest {
		out := append([]stored(nil), m.runs[:from]...)
		m.runs = append(append(out, made), m.runs[to:]...)
		return m
	})
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.stats.Merged += made.info.Bytes()
	s.mu.Unlock()
	return s.removeRuns(all[from:to])
}

// openRuns opens runs, the newest first.
func (s *Store) openRuns(which []stored) ([]*runs.Run, error) {
	var out []*runs.Run
	for i := len(which) - 1; i >= 0; i-- {
		r, err := runs.Open(runPath(s.dir, which[i].number), which[i].info)
		if err != nil {
			return nil, errors.Join(err, closeRuns(out))
		}
		out = append(out, r)
	}
	return out, nil
}

func closeRuns(all []*runs.Run) error {
	var errs []error
	for _, r := range all {
		errs = append(errs, r.Close())
	}
	return errors.Join(errs...)
}

func (s *Store) removeRuns(which []stored) error {
	var errs []error
	for _, r := range which {
		if err := os.Remove(runPath(s.dir, r.number)); err != nil {
			errs = append(errs, fmt.Errorf("remove a merged run: %w", err))
		}
	}
	return errors.Join(errs...)
}
