package stream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	// readAhead bounds what Follow holds in memory ahead of its reader.
	readAheadMessages = 2048
	readAheadBytes    = 32 << 20

	// followIdle is when the server forgets a follower that vanished.
	followIdle = time.Minute

	// followAgain is the longest pause between tries to follow again.
	followAgain = 2 * time.Second

	// A batch is what is on its way already, up to so much: enough for the
	// reader to work on at once, and gone in milliseconds.
	batchMessages = 512
	batchBytes    = 128 << 10

	// batchWait is how long a batch waits for a message that the server has
	// and has not sent yet.
	batchWait = 2 * time.Millisecond
)

// Message is one group of the log.
type Message struct {
	Seq    uint64
	Stored time.Time // when the server stored it
	// Data is the group; empty for a message that no nabo wrote (somebody
	// published to the log's own subject), which is to be passed over.
	Data []byte
	// Last is the end of the log when this message was sent: Last−Seq is how
	// far the reader is behind.
	Last uint64
}

// GapError is returned by Follow when the log cannot continue a position.
type GapError struct {
	After       uint64 // the position asked for, or reached
	First, Last uint64 // what the log holds; see Bounds
	Next        uint64 // the first sequence after After that is there; zero: none
}

func (e *GapError) Error() string {
	switch {
	case e.Last < e.After:
		return fmt.Sprintf("the log ends at %d, before position %d: it is not the log to which that position belongs, or its end was lost; put the right log back, or rebuild the state from the log's first message (%d)",
			e.Last, e.After, e.First)
	case e.First > e.After+1:
		return fmt.Sprintf("the log begins at %d, after position %d: what lies between was trimmed; use a checkpoint at %d or later, or rebuild the state from the log's first message, without what was trimmed",
			e.First, e.After, e.First-1)
	}
	return fmt.Sprintf("the log has no messages %d to %d: its files were damaged; put a copy of the log back, or go on from position %d without them",
		e.After+1, e.Next-1, e.Next-1)
}

// Follow calls fn with every group after the position, in order, without a
// hole, as they come, from one goroutine, and returns when ctx ends (its
// error), when fn returns an error (that error), or when the log cannot
// continue the position (a *GapError). It rides over lost connections. fn
// holds it up: the log waits.
func (s *Stream) Follow(ctx context.Context, after uint64, fn func(Message) error) error {
	return s.FollowBatches(ctx, after, func(ms []Message) error {
		for _, m := range ms {
			if err := fn(m); err != nil {
				return err
			}
		}
		return nil
	})
}

// FollowBatches is Follow for a reader that takes several groups at once: when
// it is behind the log, a batch is what has arrived meanwhile, up to 512
// groups or 128 KiB; when it is not, each group comes by itself and at once.
// The slice is fn's until it returns. After an error of fn the position is
// open: some of the batch may have been taken.
func (s *Stream) FollowBatches(ctx context.Context, after uint64, fn func([]Message) error) error {
	f := &follower{s: s, at: after, fn: fn}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.life, cancel)()
	wait := againTime
	for {
		was := f.at
		err := f.run(ctx)
		var mine *fnError
		var gap *GapError
		switch {
		case errors.As(err, &mine):
			return mine.err
		case errors.As(err, &gap):
			return gap
		case s.life.Err() != nil:
			return ErrClosed
		case ctx.Err() != nil:
			return ctx.Err()
		}
		if f.at != was {
			wait = againTime
		}
		s.log.Warn("following the log: trying again", "position", f.at, "error", err)
		if err := pause(ctx, wait); err != nil {
			return s.endOf(err)
		}
		wait = min(2*wait, followAgain)
	}
}

func (s *Stream) endOf(err error) error {
	if s.life.Err() != nil {
		return ErrClosed
	}
	return err
}

// fnError marks an error of the caller's function, so that it isn't taken for
// trouble with the server.
type fnError struct{ err error }

func (e *fnError) Error() string { return e.err.Error() }

// follower is one Follow under way.
type follower struct {
	s     *Stream
	at    uint64 // the last sequence that fn took
	fn    func([]Message) error
	batch []Message // got, and not yet given to fn
	bytes int       // in batch
}

// run follows until something goes wrong. A consumer without
// acknowledgements may lose messages with the connection; the sequences show
// it, and the next run asks for them again. So only the first message of a
// new consumer proves a hole in the log itself.
func (f *follower) run(ctx context.Context) error {
	if err := f.check(ctx); err != nil {
		return err
	}
	cons, err := f.s.js.CreateConsumer(ctx, f.s.names.log, jetstream.ConsumerConfig{
		Name:              "follow-" + randomName(),
		DeliverPolicy:     jetstream.DeliverByStartSequencePolicy,
		OptStartSeq:       f.at + 1,
		AckPolicy:         jetstream.AckNonePolicy,
		MemoryStorage:     true,
		Replicas:          1,
		InactiveThreshold: followIdle,
	})
	if err != nil {
		return err
	}
	defer f.forget(cons.CachedInfo().Name)
	msgs, err := cons.Messages(
		jetstream.PullMaxMessagesWithBytesLimit(readAheadMessages, readAheadBytes),
		jetstream.PullHeartbeat(2*time.Second),
		jetstream.PullExpiry(10*time.Second))
	if err != nil {
		return err
	}
	defer msgs.Stop()
	f.batch, f.bytes = f.batch[:0], 0
	for fresh := true; ; fresh = false {
		msg, err := f.next(ctx, msgs)
		if err == nil {
			err = f.take(ctx, msg, fresh)
		}
		if err != nil {
			if mine := f.flush(ctx); mine != nil {
				return mine
			}
			return err
		}
		if m := &f.batch[len(f.batch)-1]; m.Last <= m.Seq || len(f.batch) == batchMessages || f.bytes >= batchBytes {
			if err := f.flush(ctx); err != nil {
				return err
			}
		}
	}
}

// next returns the next message. It gives what there is to fn when the one that
// is on its way keeps it waiting.
func (f *follower) next(ctx context.Context, msgs jetstream.MessagesContext) (jetstream.Msg, error) {
	if len(f.batch) > 0 {
		msg, err := msgs.Next(jetstream.NextMaxWait(batchWait))
		if !errors.Is(err, nats.ErrTimeout) {
			return msg, err
		}
		if err := f.flush(ctx); err != nil {
			return nil, err
		}
	}
	return msgs.Next(jetstream.NextContext(ctx))
}

// flush gives the batch to fn.
func (f *follower) flush(ctx context.Context) error {
	if len(f.batch) == 0 {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	last := f.batch[len(f.batch)-1].Seq
	err := f.fn(f.batch)
	clear(f.batch) // let go of what it holds
	f.batch, f.bytes = f.batch[:0], 0
	if err != nil {
		return &fnError{err}
	}
	f.at = last
	return nil
}

// take puts a message into the batch.
func (f *follower) take(ctx context.Context, msg jetstream.Msg, fresh bool) error {
	meta, err := msg.Metadata()
	if err != nil {
		return fmt.Errorf("read a message's metadata: %w", err)
	}
	seq, at := meta.Sequence.Stream, f.at+uint64(len(f.batch))
	if seq != at+1 {
		if !fresh {
			return fmt.Errorf("got message %d after %d", seq, at)
		}
		b, err := f.s.Bounds(ctx)
		if err != nil {
			return err
		}
		return &GapError{After: at, First: b.First, Last: b.Last, Next: seq}
	}
	data := msg.Data()
	if msg.Headers().Get(jetstream.MsgIDHeader) == "" {
		f.s.log.Warn("following the log: passing over a message that no nabo wrote", "seq", seq)
		data = nil
	}
	f.batch = append(f.batch, Message{Seq: seq, Stored: meta.Timestamp, Data: data, Last: seq + meta.NumPending})
	f.bytes += len(data)
	return nil
}

// check compares the position with what the log holds.
func (f *follower) check(ctx context.Context) error {
	b, err := f.s.Bounds(ctx)
	if err != nil {
		return err
	}
	if b.Last < f.at || b.First > f.at+1 {
		return &GapError{After: f.at, First: b.First, Last: b.Last, Next: b.First}
	}
	return nil
}

// forget removes a consumer that is no longer read. The server would do so by
// itself after followIdle.
func (f *follower) forget(name string) {
	ctx, cancel := context.WithTimeout(f.s.life, flushTime)
	defer cancel()
	if err := f.s.js.DeleteConsumer(ctx, f.s.names.log, name); err != nil {
		f.s.log.Debug("following the log: leaving a consumer behind", "error", err)
	}
}
