package stream

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	// ackTime is how long one publish waits for its acknowledgement before
	// it is repeated. A server that fails to write does not answer at all.
	ackTime = 5 * time.Second

	// appendTime is when Append gives up, unless its context ends before.
	appendTime = 20 * time.Second

	// againTime is the pause before a publish is repeated.
	againTime = 100 * time.Millisecond
)

// ErrFenced is returned by Append when another process has written to the
// log. Only one may: two gates would give one member two tokens. The loser
// must stop; what it had acknowledged before is in the log.
var ErrFenced = errors.New("another process writes to this log; stop one of the two, or give each its own --prefix")

// TooLargeError is returned by Append for a group above MaxGroup.
type TooLargeError struct{ Size, Max int }

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("a group of %d bytes is larger than the %d that the NATS server takes", e.Size, e.Max)
}

// Append writes one group to the log and returns its sequence once the server
// has acknowledged it, which the embedded server does, unless Options say
// otherwise, after the bytes are on disk. Appends run one at a time.
//
// An error other than ErrFenced, TooLargeError and ErrClosed leaves open
// whether the group is in the log: the same events sent again are known by
// their keys. Within one call a publish that got no answer is repeated under
// the same id, which is stored once.
func (s *Stream) Append(ctx context.Context, group []byte) (uint64, error) {
	if room := s.MaxGroup(); len(group) > room {
		return 0, &TooLargeError{Size: len(group), Max: room}
	}
	s.appendMu.Lock()
	defer s.appendMu.Unlock()
	if s.life.Err() != nil {
		return 0, ErrClosed
	}
	ctx, cancel := context.WithTimeout(ctx, appendTime)
	defer cancel()
	defer context.AfterFunc(s.life, cancel)()
	s.appends++
	id := s.writer + "-" + strconv.FormatUint(s.appends, 36)
	seq, err := s.publishLocked(ctx, group, id)
	if err == nil {
		err = s.dir.sync()
	}
	if err != nil {
		s.counts.appendErrors.Add(1)
		return 0, s.explain("append to the log", err)
	}
	s.counts.appended.Add(1)
	s.counts.appendBytes.Add(uint64(len(group)))
	return seq, nil
}

// publishLocked publishes until an answer comes. It needs appendMu.
func (s *Stream) publishLocked(ctx context.Context, group []byte, id string) (uint64, error) {
	for {
		seq, err := s.publishOnceLocked(ctx, group, id)
		if err == nil {
			s.lastSeq = seq
			return seq, nil
		}
		var api *jetstream.APIError
		switch {
		case isWrongLast(err):
			done, err := s.catchUpLocked(ctx, id)
			if done || err != nil {
				return s.lastSeq, err
			}
		case errors.As(err, &api):
			return 0, err // the server answered: saying it again helps nobody
		case ctx.Err() != nil:
			return 0, err
		default:
			s.log.Warn("append to the log: no acknowledgement, publishing again", "error", err)
		}
		s.counts.retries.Add(1)
		if err := pause(ctx, againTime); err != nil {
			return 0, err
		}
	}
}

func (s *Stream) publishOnceLocked(ctx context.Context, group []byte, id string) (uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, ackTime)
	defer cancel()
	msg := &nats.Msg{Subject: s.names.subjectLog, Data: group, Header: nats.Header{
		jetstream.MsgIDHeader:           {id},
		jetstream.ExpectedStreamHeader:  {s.names.log},
		jetstream.ExpectedLastSeqHeader: {strconv.FormatUint(s.lastSeq, 10)},
	}}
	ack, err := s.js.PublishMsg(ctx, msg)
	if err != nil {
		return 0, err
	}
	return ack.Sequence, nil
}

// catchUpLocked looks who wrote the last message of a log that is longer than
// this writer thought: this append itself, whose acknowledgement was lost
// (done); an earlier append of ours that had been given up (go on after it);
// a stray message that some client published to the log's subject (the same);
// or another nabo.
func (s *Stream) catchUpLocked(ctx context.Context, id string) (done bool, err error) {
	have, err := s.js.Stream(ctx, s.names.log)
	if err != nil {
		return false, err
	}
	if end := have.CachedInfo().State.LastSeq; have.CachedInfo().State.Msgs == 0 || end < s.lastSeq {
		return false, fmt.Errorf("the log ends at %d, and not at %d as before: it was emptied or replaced while in use; restart", end, s.lastSeq)
	}
	last, err := have.GetLastMsgForSubject(ctx, s.names.subjectLog)
	if err != nil {
		return false, err
	}
	got := last.Header.Get(jetstream.MsgIDHeader)
	writer, _, _ := strings.Cut(got, "-")
	switch {
	case got == id:
		done = true
	case writer == s.writer:
		s.log.Warn("append to the log: an earlier group arrived after all", "seq", last.Sequence)
	case got == "":
		s.log.Warn("somebody published to the log's own subject; the message will be passed over", "seq", last.Sequence)
	default:
		return false, ErrFenced
	}
	s.lastSeq = last.Sequence
	return done, nil
}

func isWrongLast(err error) bool {
	var api *jetstream.APIError
	return errors.As(err, &api) && (api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence ||
		api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequenceConstant)
}

// pause waits for d or for the end of ctx.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
