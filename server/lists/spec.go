package lists

import (
	"context"
	"fmt"
	"time"
)

// Source makes the views that lists are made from. Freeze is called by one
// goroutine, and not again before the last Snapshot is released.
type Source interface {
	Freeze(ctx context.Context, spec *Spec) (Snapshot, error)
}

// Snapshot is the state at one position of the log, as one Spec asks for it.
type Snapshot interface {
	// Position is the log's position that every row reflects.
	Position() uint64
	// Time is the time as of which rows are made.
	Time() time.Time
	// Members is how many rows can be asked for, by number from 0.
	Members() int
	// Worker is called once for each goroutine that makes rows.
	Worker() Worker
	// Passed tells that all rows below i have been made. One goroutine calls
	// it, with growing i.
	Passed(i int)
	// Release is called once, when no Worker is in use any more.
	Release()
}

// Worker makes rows. One goroutine uses it.
type Worker interface {
	// Row appends what the list says of member number i to dst: whole lines,
	// each with a line feed at its end and none within. With ok false the
	// member is not in the audience, and row is ignored.
	Row(dst []byte, i int) (row []byte, ok bool)
}

// The formats of a list.
const (
	NDJSON = "ndjson"
	CSV    = "csv"
)

// The largest Spec that Start takes. What a filter and the names mean is the
// caller's to check.
const (
	maxIDs    = 5_000_000
	maxText   = 4 << 10
	maxPerRow = 200
)

// Spec says what a list holds.
type Spec struct {
	Scenario string   `json:"scenario"`
	Chain    string   `json:"chain,omitempty"`   // only this chain's members; empty: all
	Filter   string   `json:"filter,omitempty"`  // CEL over the member; empty: all
	IDs      []string `json:"-"`                 // only these members, in this order; none: all
	Given    int      `json:"given,omitempty"`   // how many IDs there were; set by Start
	Channel  string   `json:"channel,omitempty"` // email, push or inapp: the rows go into a message, which needs a grant
	Values   bool     `json:"values,omitempty"`  // whole items, with reasons and values, in place of ids and scores
	Count    int      `json:"count,omitempty"`   // offers a member, at most 200; 0: the scenario's
	Format   string   `json:"format"`            // NDJSON or CSV
	Publish  bool     `json:"publish,omitempty"`
}

// SpecError is what Start returns for a Spec that it does not take.
type SpecError struct {
	Pointer string // a JSON pointer to the field
	Detail  string // what was expected
}

func (e *SpecError) Error() string { return e.Pointer + ": " + e.Detail }

func (s *Spec) validate(canPublish bool) error {
	for _, text := range []struct{ pointer, value string }{
		{"/scenario", s.Scenario}, {"/audience/chain", s.Chain}, {"/audience/filter", s.Filter},
	} {
		if len(text.value) > maxText {
			return &SpecError{text.pointer, fmt.Sprintf("is %d bytes, at most %d are taken", len(text.value), maxText)}
		}
	}
	switch {
	case s.Scenario == "":
		return &SpecError{"/scenario", "the name of a scenario is needed"}
	case len(s.IDs) > maxIDs:
		return &SpecError{"/audience/ids", fmt.Sprintf("%d ids, at most %d are taken", len(s.IDs), maxIDs)}
	case s.Count < 0 || s.Count > maxPerRow:
		return &SpecError{"/count", fmt.Sprintf("must be from 1 to %d", maxPerRow)}
	case s.Format != NDJSON && s.Format != CSV:
		return &SpecError{"/format", fmt.Sprintf("must be %s or %s", NDJSON, CSV)}
	case s.Publish && !canPublish:
		return &SpecError{"/publish", "publishing is not set up here"}
	}
	return nil
}
