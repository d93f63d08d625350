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

// The headers of a list's messages. All but HeaderEnd are on each of them.
const (
	HeaderList   = "Nabo-List"   // the list's id
	HeaderEpoch  = "Nabo-Epoch"  // grows when the list is begun anew: forget what came before
	HeaderOffset = "Nabo-Offset" // bytes of the list before this message
	HeaderLines  = "Nabo-Lines"  // lines in this message; in the last one: in the whole list
	HeaderEnd    = "Nabo-End"    // only on the last one, which has no payload: done, failed or cancelled
)

const (
	// firstRoomPause and lastRoomPause are the pauses before a message is
	// published again for which there was no room.
	firstRoomPause = 5 * time.Millisecond
	lastRoomPause  = time.Second

	// errStoreFailed and maxBytesText are how the server says that a stream
	// takes no more bytes; the code alone also stands for a broken disk.
	errStoreFailed jetstream.ErrorCode = 10077
	maxBytesText                       = "maximum bytes exceeded"

	// outWindow is how long the server knows the id of a message that went out.
	outWindow = 2 * time.Minute
)

// ListMark is how much of a list has been published.
type ListMark struct {
	Epoch        uint64
	Lines, Bytes int64
}

// ListPublisher publishes one list. One goroutine may use it.
type ListPublisher struct {
	s    *Stream
	id   string
	mark ListMark
}

// PublishList begins to publish a list to <prefix>.out.lists.<id>, or goes on
// after at. The stream behind it, <PREFIX>_LISTS, is made when it is first
// used. It is a work queue: a message goes when a consumer acknowledges it,
// and Send waits for room. When nothing of this epoch was published yet, what
// an earlier epoch left there is removed. id is letters, digits, '-' and '_'.
func (s *Stream) PublishList(ctx context.Context, id string, at ListMark) (*ListPublisher, error) {
	if len(id) > 64 || strings.Contains(id, ".") || !prefixForm.MatchString(id) {
		return nil, fmt.Errorf("publish a list: the id %q must be letters, digits, '-' and '_', at most 64 bytes", id)
	}
	p := &ListPublisher{s: s, id: id, mark: at}
	if err := s.ensureLists(ctx); err != nil {
		return nil, s.explain("publish a list", err)
	}
	if at.Bytes > 0 {
		return p, nil
	}
	stream, err := s.js.Stream(ctx, s.names.lists)
	if err == nil {
		err = stream.Purge(ctx, jetstream.WithPurgeSubject(p.subject()))
	}
	if err != nil {
		return nil, s.explain("remove what is left of an earlier publication of the list", err)
	}
	return p, nil
}

// Send publishes a batch of whole lines, n of them, as one message, and
// returns when it is stored. While the stream is full it waits, for as long as
// ctx lasts. A batch above MaxGroup is a *TooLargeError. After an error the
// batch may be stored all the same; sent again within two minutes it is stored
// once, and later a consumer knows it by its offset.
func (p *ListPublisher) Send(ctx context.Context, batch []byte, n int) error {
	if room := p.s.MaxGroup(); len(batch) > room {
		return &TooLargeError{Size: len(batch), Max: room}
	}
	if err := p.publish(ctx, p.message(batch, int64(n), "")); err != nil {
		return err
	}
	p.mark.Bytes += int64(len(batch))
	p.mark.Lines += int64(n)
	return nil
}

// Close publishes the last message: why there is no more, such as done, and
// the totals. It waits for room as Send does. A publisher that is given up
// needs no Close.
func (p *ListPublisher) Close(ctx context.Context, end string) error {
	return p.publish(ctx, p.message(nil, p.mark.Lines, oneLine(end)))
}

func (p *ListPublisher) subject() string { return p.s.opts.Prefix + ".out.lists." + p.id }

func (p *ListPublisher) message(data []byte, lines int64, end string) *nats.Msg {
	epoch, offset := strconv.FormatUint(p.mark.Epoch, 10), strconv.FormatInt(p.mark.Bytes, 10)
	msg := &nats.Msg{Subject: p.subject(), Data: data, Header: nats.Header{
		jetstream.ExpectedStreamHeader: {p.s.names.lists},
		jetstream.MsgIDHeader:          {p.id + "." + epoch + "." + offset + end},
		HeaderList:                     {p.id},
		HeaderEpoch:                    {epoch},
		HeaderOffset:                   {offset},
		HeaderLines:                    {strconv.FormatInt(lines, 10)},
	}}
	if end != "" {
		msg.Header.Set(HeaderEnd, end)
	}
	return msg
}

// publish publishes until the message is stored, the server says no for
// another reason than want of room, or ctx ends.
func (p *ListPublisher) publish(ctx context.Context, msg *nats.Msg) error {
	s := p.s
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.life, cancel)()
	wait := firstRoomPause
	for {
		err := s.publishOut(ctx, msg)
		if err == nil {
			return nil
		}
		if ctx.Err() == nil && isFull(err) {
			err = pause(ctx, wait)
			wait = min(2*wait, lastRoomPause)
		}
		if err != nil {
			return s.explain("publish a list", err)
		}
	}
}

// isFull says whether a stream took a message not for want of room.
func isFull(err error) bool {
	var api *jetstream.APIError
	return errors.As(err, &api) && api.ErrorCode == errStoreFailed && strings.Contains(api.Description, maxBytesText)
}

// PublishOffers publishes a message to <prefix>.out.offers and returns when it
// is stored. A second one with the same msgID within two minutes is stored
// once; msgID may be empty. The stream behind it, <PREFIX>_OFFERS, is made when
// it is first used; it keeps messages for Options.Keep and drops the oldest
// when they take more than a quarter of Options.Backlog. A body above MaxGroup
// is a *TooLargeError. After any other error it may be stored.
func (s *Stream) PublishOffers(ctx context.Context, body []byte, msgID string) error {
	if room := s.MaxGroup(); len(body) > room {
		return &TooLargeError{Size: len(body), Max: room}
	}
	ctx, cancel := context.WithTimeout(ctx, appendTime)
	defer cancel()
	defer context.AfterFunc(s.life, cancel)()
	err := s.ensureOffers(ctx)
	if err == nil {
		msg := &nats.Msg{Subject: s.opts.Prefix + ".out.offers", Data: body, Header: nats.Header{
			jetstream.ExpectedStreamHeader: {s.names.offers},
		}}
		if msgID != "" {
			msg.Header.Set(jetstream.MsgIDHeader, oneLine(msgID))
		}
		err = s.publishOut(ctx, msg)
	}
	if err != nil {
		return s.explain("publish offers", err)
	}
	return nil
}

// publishOut publishes once, and again if no answer comes in time: the
// message's id keeps it from being stored twice.
func (s *Stream) publishOut(ctx context.Context, msg *nats.Msg) error {
	for {
		once, cancel := context.WithTimeout(ctx, ackTime)
		_, err := s.js.PublishMsg(once, msg)
		cancel()
		again := errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil && msg.Header.Get(jetstream.MsgIDHeader) != ""
		if !again {
			return err
		}
		s.log.Warn("publish: no acknowledgement, publishing again", "subject", msg.Subject)
		s.counts.retries.Add(1)
	}
}

// ensureLists makes the stream of lists. Asking the server whether it is there
// costs a fraction of a millisecond, and finds one that somebody deleted.
func (s *Stream) ensureLists(ctx context.Context) error {
	_, err := s.ensureStream(ctx, s.names.lists, func(c *jetstream.StreamConfig) {
		c.Subjects = []string{s.opts.Prefix + ".out.lists.*"}
		c.Description = "nabo: lists on their way out; acknowledging makes room"
		c.Retention = jetstream.WorkQueuePolicy
		c.MaxAge = s.opts.Keep
		c.MaxBytes = s.opts.Backlog / 4
		c.Discard = jetstream.DiscardNew
		c.MaxMsgSize = -1
		c.Duplicates = min(outWindow, s.opts.Keep)
	})
	return err
}

// ensureOffers makes the stream of offers.
func (s *Stream) ensureOffers(ctx context.Context) error {
	_, err := s.ensureStream(ctx, s.names.offers, func(c *jetstream.StreamConfig) {
		c.Subjects = []string{s.opts.Prefix + ".out.offers"}
		c.Description = "nabo: what changed in members' offers"
		c.MaxAge = s.opts.Keep
		c.MaxBytes = s.opts.Backlog / 4
		c.Discard = jetstream.DiscardOld
		c.MaxMsgSize = -1
		c.Duplicates = min(outWindow, s.opts.Keep)
	})
	return err
}
