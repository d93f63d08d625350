package server

import (
	"context"
	"net/http"
	"time"
)

// Syncs sends what changed of members' offers to other systems. Any goroutine
// may call its methods; none waits for anything to be sent.
type Syncs interface {
	// State tells what was done and what is under way.
	State() SyncState
	// Start asks for a sync now. One that is under way is followed by another.
	Start()
	// Redeliver asks that dead letters be sent again.
	Redeliver()
}

// SyncState is how it stands with sending offers to other systems.
type SyncState struct {
	Scenario     string         `json:"scenario" doc:"How the lists that are sent are made"`
	Every        Fixed          `json:"everySeconds" doc:"0: only when asked for"`
	Next         *time.Time     `json:"next,omitempty" doc:"When the next one is due"`
	Running      bool           `json:"running" doc:"Something is being sent"`
	Asked        bool           `json:"asked" doc:"A sync was asked for and has not begun"`
	Redelivering bool           `json:"redelivering" doc:"Dead letters are to be sent again, or are being sent"`
	Receivers    []SyncReceiver `json:"receivers" nullable:"false"`
}

// SyncReceiver is one of the systems that offers are sent to. Counts begin
// when the process starts.
type SyncReceiver struct {
	Name            string          `json:"name" enum:"nats,webhook,bloomreach"`
	Syncs           uint64          `json:"syncs" doc:"That went through"`
	Failures        uint64          `json:"failures" doc:"Syncs that did not, and failures to keep the catalogue; what was not taken is sent by the next"`
	Changes         uint64          `json:"changes" doc:"Sent by syncs that went through"`
	DeadLetterBytes int64           `json:"deadLetterBytes" doc:"What was given up and waits to be sent again"`
	Last            *SyncDone       `json:"last,omitempty" doc:"The last sync that went through; left out where there was none since the start"`
	LastFailure     *SyncFailure    `json:"lastFailure,omitempty" doc:"Left out where there was none since the start"`
	LastRedelivery  *SyncRedelivery `json:"lastRedelivery,omitempty" doc:"Left out where there was none since the start"`
}

// SyncDone is a sync that every part of the receiver took.
type SyncDone struct {
	Position uint64    `json:"position" doc:"The log position that the receiver has now"`
	Time     time.Time `json:"time" doc:"When it ended"`
	Took     Fixed     `json:"tookSeconds"`
	Members  int64     `json:"members" doc:"That may be sent"`
	Changes  int64     `json:"changes" doc:"Members who were sent"`
	Gone     int64     `json:"gone" doc:"Of these, those of whom the receiver is to keep nothing"`
	Full     bool      `json:"full" doc:"Everybody was sent, not only who changed"`
	Why      string    `json:"why,omitempty" doc:"Why it was full"`
}

// SyncFailure says why something was not sent.
type SyncFailure struct {
	Time   time.Time `json:"time"`
	Reason string    `json:"reason"`
}

// SyncRedelivery is what became of dead letters.
type SyncRedelivery struct {
	Time   time.Time `json:"time" doc:"When it ended"`
	Sent   int       `json:"sent" doc:"Letters; some may have been refused again"`
	Bad    int       `json:"bad" doc:"That could not be read and were put aside"`
	Reason string    `json:"reason,omitempty" doc:"Why it ended early"`
}

const (
	syncOff     = "sync-off"
	syncOffText = "nothing is sent to other systems: start nabo with --sync-nats, --webhook-url or --bloomreach-url, and --sync-every to have it done by itself"
)

type syncOutput struct{ Body SyncState }

func (s *Server) registerSync() {
	const tag = "Sync out"
	serve(s, cold{
		method: http.MethodGet, path: "/v1/sync", id: "get-sync", tag: tag, problems: []int{400, 404, 503},
		summary: "How it stands with sending offers to other systems",
	}, s.getSync)
	serve(s, cold{
		method: http.MethodPost, path: "/v1/sync", id: "post-sync", tag: tag, status: http.StatusAccepted, problems: []int{400, 404, 503},
		summary: "Send what changed now",
		doc:     "Answers at once; `GET` tells how it goes. One that is under way is followed by another, so that what is known now will have been sent.",
	}, s.postSync)
	serve(s, cold{
		method: http.MethodPost, path: "/v1/sync/redeliver", id: "post-sync-redeliver", tag: tag, status: http.StatusAccepted, problems: []int{400, 404, 503},
		summary: "Send dead letters again",
		doc:     "Dead letters are what a receiver refused, or did not take in any of several attempts. Answers at once. They are sent when a sync that is under way has ended; what is refused again is a dead letter again.",
	}, s.postRedeliver)
}

func (s *Server) getSync(context.Context, exchange, *struct{}) (*syncOutput, error) {
	return s.syncing(func(Syncs) {})
}

func (s *Server) postSync(context.Context, exchange, *struct{}) (*syncOutput, error) {
	return s.syncing(Syncs.Start)
}

func (s *Server) postRedeliver(context.Context, exchange, *struct{}) (*syncOutput, error) {
	return s.syncing(Syncs.Redeliver)
}

// syncing does something about syncs and answers with how it then stands.
func (s *Server) syncing(do func(Syncs)) (*syncOutput, error) {
	if s.opt.Syncs == nil {
		return nil, problem(http.StatusNotFound, syncOff, syncOffText)
	}
	do(s.opt.Syncs)
	return &syncOutput{s.opt.Syncs.State()}, nil
}

// syncStats gives the state for /v1/stats and /metrics; nil where nothing is
// sent.
func (s *Server) syncStats() *SyncState {
	if s.opt.Syncs == nil {
		return nil
	}
	state := s.opt.Syncs.State()
	return &state
}

// ofSync adds figures of all receivers together, where there are any.
func (c *stateCollector) ofSync() {
	if c.s.opt.Syncs == nil {
		return
	}
	sum := func(of func(*SyncReceiver) float64) func(*Stats) float64 {
		return func(n *Stats) (total float64) {
			for i := range n.Sync.Receivers {
				total += of(&n.Sync.Receivers[i])
			}
			return total
		}
	}
	c.counter("nabo_syncs_total", "Syncs of offers to other systems that went through, one for each receiver.", sum(func(r *SyncReceiver) float64 { return float64(r.Syncs) }))
	c.counter("nabo_sync_failures_total", "Syncs that did not go through, and failures to keep a catalogue.", sum(func(r *SyncReceiver) float64 { return float64(r.Failures) }))
	c.counter("nabo_sync_changes_total", "Members who were sent to a receiver.", sum(func(r *SyncReceiver) float64 { return float64(r.Changes) }))
	c.gauge("nabo_sync_dead_letter_bytes", "What receivers did not take and waits to be sent again.", sum(func(r *SyncReceiver) float64 { return float64(r.DeadLetterBytes) }))
	c.gauge("nabo_sync_running", "1 while something is sent to a receiver.", func(n *Stats) float64 { return float64(packBool(n.Sync.Running)) })
	// The receiver that is furthest behind counts.
	least := func(of func(*SyncDone) float64) func(*Stats) float64 {
		return func(n *Stats) float64 {
			var least float64
			for i := range n.Sync.Receivers {
				last := n.Sync.Receivers[i].Last
				if last == nil {
					return 0
				}
				if v := of(last); i == 0 || v < least {
					least = v
				}
			}
			return least
		}
	}
	c.gauge("nabo_sync_position", "The log position that every receiver has; 0 where one was sent nothing since the start.", least(func(d *SyncDone) float64 { return float64(d.Position) }))
	c.gauge("nabo_sync_time_seconds", "When the last sync to every receiver ended, as Unix time; 0 where there was none since the start.", least(func(d *SyncDone) float64 { return float64(d.Time.UnixMilli()) / 1000 }))
	c.gauge("nabo_sync_members", "Members who may be sent, by the last sync.", least(func(d *SyncDone) float64 { return float64(d.Members) }))
}
