package server

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"nabo/engine/event"
)

// DeadLetters is what could not be taken in lately.
type DeadLetters struct {
	DeadLetters []DeadLetter `json:"deadLetters" nullable:"false" doc:"The newest first"`
	Kept        DeadKept     `json:"kept"`
}

// DeadLetter is one event or message that was refused. It holds nothing of what
// was in it.
type DeadLetter struct {
	Time    time.Time `json:"time" doc:"When it was refused"`
	From    string    `json:"from" enum:"http,nats" doc:"The way it came"`
	Type    string    `json:"type,omitempty" doc:"The event's; left out where it could not be told"`
	Reason  string    `json:"reason" doc:"Where the fault is and what was expected"`
	Subject string    `json:"subject,omitempty" doc:"Of NATS: where it was published"`
}

// DeadKept is how many there are to be looked at.
type DeadKept struct {
	NATS uint64 `json:"nats" doc:"Messages, in the stream of dead letters, for as long as that is kept"`
	HTTP int    `json:"http" doc:"Events, since the start: the newest 256"`
}

type deadOutput struct{ Body DeadLetters }

// rejections keeps why the newest events that came over HTTP were refused: a
// ring, without anything that was in them. Any goroutine may use it.
type rejections struct {
	mu    sync.Mutex
	kept  []DeadLetter // guarded by mu
	taken int          // how many ever were; guarded by mu
}

const (
	rejectionsKept = 256
	maxReason      = 512 // bytes
)

// shortReason is a reason of bounded length.
func shortReason(text string) string {
	if len(text) <= maxReason {
		return text
	}
	return strings.ToValidUTF8(text[:maxReason], "") + "…"
}

// add notes one. The sender has been told already.
func (r *rejections) add(at time.Time, typ event.Type, why *Rejected) {
	one := DeadLetter{Time: at.UTC(), From: "http", Reason: why.Detail}
	if typ != 0 {
		one.Type = typ.String()
	}
	if why.Pointer != "" {
		one.Reason = why.Pointer + ": " + one.Reason
	}
	one.Reason = shortReason(one.Reason)
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.kept) < rejectionsKept {
		r.kept = append(r.kept, one)
	} else {
		r.kept[r.taken%rejectionsKept] = one
	}
	r.taken++
}

// newest gives the newest first, at most count, and how many are kept.
func (r *rejections) newest(count int) (out []DeadLetter, kept int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := r.taken - 1; i >= max(r.taken-len(r.kept), 0) && len(out) < count; i-- {
		out = append(out, r.kept[i%rejectionsKept])
	}
	return out, len(r.kept)
}

func (s *Server) registerDeadLetters() {
	serve(s, cold{
		method: http.MethodGet, path: "/v1/dead-letters", id: "get-dead-letters", tag: "Running it", params: pCount, problems: []int{400, 503},
		summary: "What could not be taken in", doc: "Events that were refused over HTTP, and messages over NATS that went to the dead letters, with the reasons. What was in them is not shown.",
	}, s.getDeadLetters)
}

func (s *Server) getDeadLetters(ctx context.Context, x exchange, _ *struct{}) (*deadOutput, error) {
	out := DeadLetters{}
	count := x.c.params.count
	out.DeadLetters, out.Kept.HTTP = s.rejections.newest(count)
	if s.opt.DeadLetters != nil {
		dead, kept, err := s.opt.DeadLetters(ctx, count)
		if err != nil {
			return nil, fmt.Errorf("read the dead letters: %w", err)
		}
		out.DeadLetters, out.Kept.NATS = append(out.DeadLetters, dead...), kept
	}
	slices.SortStableFunc(out.DeadLetters, func(a, b DeadLetter) int { return b.Time.Compare(a.Time) })
	out.DeadLetters = out.DeadLetters[:min(len(out.DeadLetters), count)]
	if out.DeadLetters == nil {
		out.DeadLetters = []DeadLetter{}
	}
	return &deadOutput{out}, nil
}
