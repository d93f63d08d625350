package files

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// maxAnswer is how much of an answer is read, in bytes.
const maxAnswer = 8 << 20

// laterError says that a request may well succeed when it is sent again.
type laterError struct {
	err   error
	after time.Duration // what the server asked to wait
}

func (e *laterError) Error() string { return e.err.Error() }
func (e *laterError) Unwrap() error { return e.err }

// answer is what POST /v1/events answers. A problem says rejected too, where
// none of the events was good.
type answer struct {
	Accepted   int64     `json:"accepted"`
	Duplicates int64     `json:"duplicates"`
	Rejected   []refused `json:"rejected"`
	Seq        uint64    `json:"seq"`
	Applied    bool      `json:"applied"`
}

type refused struct {
	Index   int    `json:"index"`
	Pointer string `json:"pointer"`
	Detail  string `json:"detail"`
}

// attempt sends a batch once. A *laterError says that it may be sent again. A
// batch that is too long for the server is cut in two.
func (s *sender) attempt(ctx context.Context, b *batch, applied bool) error {
	status, body, wait, err := s.exchange(ctx, b.body, applied)
	switch {
	case err != nil:
		if u, ok := errors.AsType[*url.Error](err); ok {
			err = u.Err // without the address, which is said already
		}
		return &laterError{err: fmt.Errorf("send to %s: %w", s.server, err)}
	case status == http.StatusAccepted || status == http.StatusOK:
		return s.count(b, body)
	case status == http.StatusBadRequest && allRefused(b, body):
		return s.count(b, body)
	case status == http.StatusRequestEntityTooLarge && len(b.origins) > 1:
		half := len(b.origins) / 2
		if err := s.post(ctx, b.slice(0, half), false); err != nil {
			return err
		}
		return s.post(ctx, b.slice(half, len(b.origins)), applied)
	case status == http.StatusRequestEntityTooLarge:
		return s.reject(b, refused{Detail: problem(status, body)})
	case status >= 500 || status == http.StatusTooManyRequests || status == http.StatusRequestTimeout:
		return &laterError{fmt.Errorf("%s: %s", s.server, problem(status, body)), wait}
	}
	return fmt.Errorf("%s refuses the events: %s", s.server, problem(status, body))
}

// exchange makes one request and reads its answer.
func (s *sender) exchange(ctx context.Context, events []byte, applied bool) (status int, body []byte, wait time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, attemptTime)
	defer cancel()
	address := s.server + "/v1/events"
	if applied {
		address += "?wait=applied"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(events))
	if err != nil {
		return 0, nil, 0, err
	}
	req.Header.Set("Content-Type", "application/x-ndjson")
	resp, err := s.client.Do(req)
	if err != nil {
		return 0, nil, 0, err
	}
	defer resp.Body.Close()
	body, err = io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	seconds, _ := strconv.Atoi(resp.Header.Get("Retry-After"))
	return resp.StatusCode, body, time.Duration(max(0, seconds)) * time.Second, err
}

// allRefused says whether an error's answer names every event of a batch as bad.
func allRefused(b *batch, body []byte) bool {
	var a answer
	return json.Unmarshal(body, &a) == nil && len(a.Rejected) == len(b.origins)
}

// count adds an answer to the tally and its rejects to the rejects file.
func (s *sender) count(b *batch, body []byte) error {
	var a answer
	if err := json.Unmarshal(body, &a); err != nil {
		return &laterError{err: fmt.Errorf("%s gives an answer that is no nabo's: %w", s.server, err)}
	}
	s.tally.accepted.Add(a.Accepted)
	s.tally.duplicates.Add(a.Duplicates)
	s.tally.sent(b.from)
	raise(&s.seq, a.Seq)
	if a.Applied {
		raise(&s.applied, a.Seq)
	}
	var errs error
	for _, r := range a.Rejected {
		errs = errors.Join(errs, s.reject(b, r))
	}
	return errs
}

// raise sets n to v where that is more.
func raise(n *atomic.Uint64, v uint64) {
	for {
		old := n.Load()
		if old >= v || n.CompareAndSwap(old, v) {
			return
		}
	}
}

// reject notes an event that the server doesn't take.
func (s *sender) reject(b *batch, r refused) error {
	if r.Index < 0 || r.Index >= len(b.origins) {
		return fmt.Errorf("%s rejects event %d of %d", s.server, r.Index, len(b.origins))
	}
	s.tally.rejected.Add(1)
	o := b.origins[r.Index]
	return s.rejects.add(o.file, o.line, r.Pointer, r.Detail, b.event(r.Index))
}

// awaitApplied waits until the server has applied all that it answered for. It
// is for a server that is so far behind that wait=applied gave up.
func (s *sender) awaitApplied(ctx context.Context) error {
	for s.applied.Load() < s.seq.Load() {
		var stats struct {
			Position uint64 `json:"position"`
		}
		status, body, err := s.get(ctx, "/v1/stats")
		switch {
		case err != nil && ctx.Err() == nil:
			return fmt.Errorf("everything was taken, but whether it is applied can't be seen: ask %s for /v1/stats: %w", s.server, err)
		case err == nil && status == http.StatusOK && json.Unmarshal(body, &stats) == nil:
			raise(&s.applied, stats.Position)
		}
		select {
		case <-time.After(firstPause):
		case <-s.calm:
			return errStopped
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// get makes one GET request.
func (s *sender) get(ctx context.Context, path string) (status int, body []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.server+path, nil)
	if err != nil {
		return 0, nil, err
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	body, err = io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	return resp.StatusCode, body, err
}

// problem returns what an error's answer says, in one line.
func problem(status int, body []byte) string {
	var p struct{ Title, Detail string }
	if json.Unmarshal(body, &p) == nil && p.Title+p.Detail != "" {
		return fmt.Sprintf("%d %s: %s", status, p.Title, p.Detail)
	}
	text, _, _ := strings.Cut(string(body), "\n")
	return fmt.Sprintf("%d %s %.200s", status, http.StatusText(status), text)
}

// errNotThere is what check returns when no server answers.
var errNotThere = errors.New("start it with `nabo serve`, or say where it is with --server")

// check asks whether a server is there at all, so that a mistyped address shows
// at once.
func (s *sender) check(ctx context.Context) error {
	status, _, err := s.get(ctx, "/livez")
	if err != nil {
		return fmt.Errorf("no nabo answers at %s (%w): %w", s.server, err, errNotThere)
	}
	if status == http.StatusNotFound {
		return fmt.Errorf("what answers at %s is no nabo: %w", s.server, errNotThere)
	}
	return nil
}
