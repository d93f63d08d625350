package stream

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	// idKey is where the log's stream carries its name; see LogID.
	idKey = "nabo_log_id"

	// retryWindow is how long the server knows the id of a group, so that a
	// publish that is repeated within one Append is stored once. It must be
	// longer than appendTime.
	retryWindow = 30 * time.Second

	// maxInbound is the largest message that the inbound stream takes. It
	// bounds what one batch may hold in memory.
	maxInbound = 1 << 20
)

// ensureStreams makes the three streams or brings those that are there in
// line with the options. What an operator chose besides (replicas, placement)
// stays.
func (s *Stream) ensureStreams(ctx context.Context) error {
	got, err := s.ensureStream(ctx, s.names.log, func(c *jetstream.StreamConfig) {
		c.Subjects = []string{s.names.subjectLog}
		c.Description = "nabo: the log of admitted events"
		c.Duplicates = retryWindow
		c.DenyDelete = true
		c.AllowDirect = true
		c.MaxMsgSize = -1
		if c.Metadata[idKey] == "" {
			if c.Metadata == nil {
				c.Metadata = make(map[string]string)
			}
			c.Metadata[idKey] = randomName()
		}
	})
	if err != nil {
		return err
	}
	s.logID = got.Metadata[idKey]
	if _, err = s.ensureStream(ctx, s.names.inbound, func(c *jetstream.StreamConfig) {
		c.Subjects = []string{s.names.subjectEvents + ">"}
		c.Description = "nabo: events received, not yet admitted"
		c.MaxAge = s.opts.Keep
		c.MaxBytes = s.opts.Backlog
		c.Discard = jetstream.DiscardNew
		c.MaxMsgSize = maxInbound
		c.Duplicates = min(2*time.Minute, s.opts.Keep)
	}); err != nil {
		return err
	}
	_, err = s.ensureStream(ctx, s.names.dead, func(c *jetstream.StreamConfig) {
		c.Subjects = []string{s.names.subjectDead + ">"}
		c.Description = "nabo: events that could not be admitted, with the reason"
		c.MaxAge = s.opts.Keep
		c.MaxBytes = s.opts.Backlog / 4
		c.Discard = jetstream.DiscardOld
		c.Duplicates = min(2*time.Minute, s.opts.Keep)
	})
	return err
}

// ensureStream makes a stream, or changes the fields that own sets where they
// differ.
func (s *Stream) ensureStream(ctx context.Context, name string, own func(*jetstream.StreamConfig)) (*jetstream.StreamConfig, error) {
	have, err := s.js.Stream(ctx, name)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		c := jetstream.StreamConfig{Name: name, Storage: jetstream.FileStorage, Replicas: s.opts.Replicas}
		own(&c)
		if have, err = s.js.CreateStream(ctx, c); err != nil {
			return nil, fmt.Errorf("make the stream %s: %w", name, err)
		}
		return &have.CachedInfo().Config, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look for the stream %s (is JetStream enabled on the server?): %w", name, err)
	}
	was := have.CachedInfo().Config
	now := was
	own(&now)
	if sameStream(&was, &now) {
		return &was, nil
	}
	if have, err = s.js.UpdateStream(ctx, now); err != nil {
		return nil, fmt.Errorf("change the stream %s: %w", name, err)
	}
	return &have.CachedInfo().Config, nil
}

func sameStream(a, b *jetstream.StreamConfig) bool {
	return slices.Equal(a.Subjects, b.Subjects) && a.Description == b.Description &&
		a.Duplicates == b.Duplicates && a.MaxAge == b.MaxAge && a.MaxBytes == b.MaxBytes &&
		a.Discard == b.Discard && a.MaxMsgSize == b.MaxMsgSize && a.DenyDelete == b.DenyDelete &&
		a.AllowDirect == b.AllowDirect && a.Metadata[idKey] == b.Metadata[idKey]
}

// Bounds says what the log holds.
type Bounds struct {
	// First is the sequence of the oldest group that is still held, and
	// Last+1 when none is. Last is that of the newest group ever written,
	// zero in a new log. Sequences count up by one.
	First, Last uint64
	// Groups is how many are held, Bytes what they take on disk, headers and
	// framing included, without what a trim left behind in its file.
	Groups, Bytes uint64
	// FirstTime and LastTime are when the server stored these two groups.
	FirstTime, LastTime time.Time
}

// Bounds asks the server what the log holds at this moment.
func (s *Stream) Bounds(ctx context.Context) (Bounds, error) {
	have, err := s.js.Stream(ctx, s.names.log)
	if err != nil {
		return Bounds{}, s.explain("ask for the log's bounds", err)
	}
	st := have.CachedInfo().State
	b := Bounds{
		First: st.FirstSeq, Last: st.LastSeq, Groups: st.Msgs, Bytes: st.Bytes,
		FirstTime: st.FirstTime, LastTime: st.LastTime,
	}
	if b.Groups == 0 {
		b.First = b.Last + 1
	}
	return b, nil
}

// First is Bounds' First.
func (s *Stream) First(ctx context.Context) (uint64, error) {
	b, err := s.Bounds(ctx)
	return b.First, err
}

// Last is Bounds' Last.
func (s *Stream) Last(ctx context.Context) (uint64, error) {
	b, err := s.Bounds(ctx)
	return b.Last, err
}

// TrimBefore removes the groups before seq and keeps seq and all after it.
// What follows never hears of them again: call it only with a position that
// two checkpoints cover. Beyond the end of the log it is an error. The bytes
// of removed groups stay in their file until the whole file can go.
func (s *Stream) TrimBefore(ctx context.Context, seq uint64) error {
	b, err := s.Bounds(ctx)
	if err != nil {
		return err
	}
	if seq > b.Last+1 {
		return fmt.Errorf("trim the log before %d: it ends at %d", seq, b.Last)
	}
	if seq <= b.First {
		return nil
	}
	have, err := s.js.Stream(ctx, s.names.log)
	if err == nil {
		err = have.Purge(ctx, jetstream.WithPurgeSequence(seq))
	}
	if err != nil {
		return s.explain(fmt.Sprintf("trim the log before %d", seq), err)
	}
	return nil
}

// explain wraps err with what was being done, and tells an end of ours from
// trouble of the server's.
func (s *Stream) explain(doing string, err error) error {
	if s.life.Err() != nil {
		err = ErrClosed
	}
	return fmt.Errorf("%s: %w", doing, err)
}
