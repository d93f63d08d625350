package lists

import (
	"errors"
	"fmt"
	"time"
)

// State is how far a list is.
type State string

// A list goes from Queued to Running to one of the others. Only a Done list
// has rows for good; those of a Failed or Cancelled one are removed.
const (
	Queued    State = "queued"
	Running   State = "running"
	Done      State = "done"
	Failed    State = "failed"
	Cancelled State = "cancelled"
)

func (s State) ended() bool { return s == Done || s == Failed || s == Cancelled }

// Status is what there is to know of a list. It is also what the side file
// holds.
type Status struct {
	ID     string `json:"id"` // a ULID; those that were started later sort after
	Spec   Spec   `json:"spec"`
	State  State  `json:"state"`
	Reason string `json:"reason,omitempty"` // why it failed
	// Epoch grows when the list is begun anew, after a restart. A cursor holds
	// within one epoch.
	Epoch uint64 `json:"epoch"`
	// Position and Time are what the rows reflect; not set while queued.
	Position uint64    `json:"position,omitempty"`
	Time     time.Time `json:"time,omitzero"`
	Members  int       `json:"members"` // to be looked at
	Looked   int       `json:"looked"`  // of these, looked at so far
	Rows     int64     `json:"rows"`    // of these, in the list
	Bytes    int64     `json:"bytes"`   // of the rows so far, a header included
	// Asked, Started and Ended are when it was asked for, begun and ended.
	Asked   time.Time `json:"asked"`
	Started time.Time `json:"started,omitzero"`
	Ended   time.Time `json:"ended,omitzero"`
	// Rate is members looked at in a second, over the whole run.
	Rate float64 `json:"rate"`
	// Published says how far publishing is; nil: it is not to be published.
	Published *Published `json:"published,omitempty"`
}

// Published is how far publishing a list is. It follows the making at its own
// pace, one list after another.
type Published struct {
	State State  `json:"state"` // Queued, Running, Done or Cancelled
	Lines int64  `json:"lines"`
	Bytes int64  `json:"bytes"`
	Error string `json:"error,omitempty"` // the newest failure; it is tried again
}

// Errors that a caller can choose by.
var (
	// ErrUnknown: there is no such list, or not any more.
	ErrUnknown = errors.New("no such list; it may have been removed to make room")
	// ErrFull: as many lists wait as may.
	ErrFull = errors.New("too many lists wait already; try again when one has ended")
	// ErrStopped: Run has ended, so nothing more will come.
	ErrStopped = errors.New("the making of lists has stopped")
)

// UnfinishedError is what a reader gets of a list that failed or was
// cancelled.
type UnfinishedError struct {
	ID     string
	State  State // Failed or Cancelled
	Reason string
}

func (e *UnfinishedError) Error() string {
	if e.Reason == "" {
		return fmt.Sprintf("the list %s was %s", e.ID, e.State)
	}
	return fmt.Sprintf("the list %s has %s: %s", e.ID, e.State, e.Reason)
}
