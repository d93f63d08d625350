// Package push sends what changed of members' offers to other systems.
//
// A Syncer compares a source's rows with what the last sync sent and hands the
// differences to sinks. A change may arrive twice; none is lost. Each change is
// absolute, so a receiver applies it by these rules:
//
//   - offers and chains are two tables per member, each keyed by id;
//   - with Full, what the member had is dropped first; with Gone, the member is;
//   - for one member and id, the change with the highest Seq counts, of equal
//     ones that with the latest Time, and of equal ones of these the last: only
//     what is sent again from dead letters comes out of order.
//
// One Run at a time is allowed for a state file. Sinks are called by Run's
// goroutine, one batch after another.
package push

import (
	"context"
	"time"
)

// Scored is an offer or a chain with its score.
type Scored struct {
	ID    string // 1 to 256 bytes, at most once in a list
	Score float64
}

// Row is what one member is to have: the best first.
type Row struct {
	// Number orders the rows and stays with a member for as long as the source
	// has that member.
	Number uint32
	Member string // the member's id, 1 to 256 bytes
	Offers []Scored
	Chains []Scored
}

// Snapshot says what a source's rows were made from.
type Snapshot struct {
	Position uint64    // of the log; never lower than that of the sync before
	Time     time.Time // never before that of the sync before
}

// Source yields all members' rows as of one moment.
type Source interface {
	Snapshot() Snapshot
	// Each calls yield for every member in rising order of their numbers, and
	// returns yield's error or its own. The row and its slices are the source's
	// again when yield returns; its strings must stay as they are.
	Each(ctx context.Context, yield func(*Row) error) error
}

// Ranked is an entry of a list as it was sent: the score is a multiple of a
// thousandth, the rank counts from 1.
type Ranked struct {
	ID    string  `json:"id"`
	Score float64 `json:"score"`
	Rank  int     `json:"rank"`
}

// Delta is what changed of one list: entries that are new or have another score
// or rank, and the ids of those that went.
type Delta struct {
	Set     []Ranked `json:"set,omitempty"`
	Removed []string `json:"removed,omitempty"`
}

// Empty says whether nothing changed.
func (d *Delta) Empty() bool { return len(d.Set) == 0 && len(d.Removed) == 0 }

// Change is what a receiver has to do for one member.
type Change struct {
	Member string    `json:"member"`
	Seq    uint64    `json:"seq"` // the log position that it reflects
	Time   time.Time `json:"time"`
	// Full says that Set holds the member's whole lists: what the receiver has
	// beside them goes.
	Full bool `json:"full,omitempty"`
	// Gone says that the source has the member no more.
	Gone   bool  `json:"gone,omitempty"`
	Offers Delta `json:"offers,omitzero"`
	Chains Delta `json:"chains,omitzero"`

	// AllOffers and AllChains are the whole lists after the change, for sinks
	// that can only replace.
	AllOffers []Ranked `json:"-"`
	AllChains []Ranked `json:"-"`
}

// Sink takes changes to one receiver.
type Sink interface {
	// Send returns nil when every change of the batch was taken by the receiver
	// or is durable in a dead-letter file. The batch and all in it are the
	// caller's again when Send returns, strings excepted.
	Send(ctx context.Context, batch []Change) error
}

// End is said after the last change of a sync.
type End struct {
	Seq  uint64    `json:"seq"`
	Time time.Time `json:"time"`
	// Full says that every member was sent: who has no change with this Seq is
	// gone.
	Full    bool  `json:"full"`
	Changes int64 `json:"changes"`
}

// Ender is a Sink that tells its receiver that a sync is over.
type Ender interface {
	End(ctx context.Context, e End) error
}
