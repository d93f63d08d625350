package stream

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	// consumerName is the durable consumer that all of a prefix's processes
	// share.
	consumerName = "gate"

	// ackWait is when a message that was handed out and not settled comes
	// again, after a kill for one.
	ackWait = 10 * time.Second

	// admitTime bounds the admission of a batch, also while stopping.
	admitTime = 30 * time.Second

	// maxTries is how often a message may fail, with a success of another
	// one in between each time, before it goes to the dead letters. Failures
	// without such a success are the log's, not the message's.
	maxTries = 5

	// giveUpAfter so many failures in a row, without a success, the rest of
	// a batch is left for later.
	giveUpAfter = 2

	// trimEvery so many settled messages, and whenever there is nothing to
	// do, the inbound stream drops what is settled.
	trimEvery = 4096
)

// Incoming is one message that somebody published to <prefix>.events.<type>.
type Incoming struct {
	// ID names this message among all that ever came in; it stays the same
	// when the message comes again.
	ID string
	// Type is what the subject says after <prefix>.events.
	Type string
	Data []byte
	// Stored is when the server took it.
	Stored time.Time
	// Delivered counts how often it came, this time included.
	Delivered int
}

// Verdict says what became of one Incoming. The zero value: what is good in it
// is in the log, or was before.
type Verdict struct {
	// Reject, if not empty, sends the message to the dead letters and gives
	// the reason.
	Reject string
	// Dead is what to keep there; nil: the whole message. It is for a message
	// with several events of which some are good.
	Dead []byte
}

// Admit takes a batch to the log. It returns one Verdict for each message
// once all that is good in them is durable; on an error none is settled and
// they come again. It must bear to see a message twice.
type Admit func(ctx context.Context, batch []Incoming) ([]Verdict, error)

// Inbound hands what others published to admit, in batches, until ctx ends,
// and then returns ctx's error; the batch under way is finished first. A
// message is settled when it is in the log, or in the dead letters with the
// reason; until then it stays in the inbound stream, for at most Options.Keep.
// When admit fails the messages are tried one by one, and what fails where
// others succeed goes to the dead letters at the fifth try; when everything
// fails, Inbound waits and the stream fills.
func (s *Stream) Inbound(ctx context.Context, admit Admit) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.life, cancel)()
	in := &inbound{s: s, admit: admit, wait: againTime, failed: make(map[string]failures)}
	for ctx.Err() == nil {
		if err := in.run(ctx); err != nil {
			in.trouble(ctx, err)
		}
	}
	in.trim()
	return s.endOf(ctx.Err())
}

// Pending is how many inbound messages are not settled yet.
func (s *Stream) Pending(ctx context.Context) (uint64, error) {
	cons, err := s.js.Consumer(ctx, s.names.inbound, consumerName)
	if errors.Is(err, jetstream.ErrConsumerNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, s.explain("ask for the inbound backlog", err)
	}
	info := cons.CachedInfo()
	return info.NumPending + uint64(info.NumAckPending), nil
}

// inbound is one Inbound under way.
type inbound struct {
	s       *Stream
	admit   Admit
	cons    jetstream.Consumer // nil: to be looked up
	era     string             // tells this inbound stream from one of the same name before it
	wait    time.Duration
	settled int // since the last trim
	turn    int // where oneByOne begins

	good   uint64              // successes so far
	failed map[string]failures // by id, of messages that are not settled
}

// failures is what is known of a message that could not be admitted.
type failures struct {
	count int
	at    uint64 // inbound.good at the last of them that counts
}

// run fetches once and admits all that comes of it. It stays with what it
// fetched when admission fails: the server sends what is to come again to
// whoever still asks.
func (in *inbound) run(ctx context.Context) error {
	if in.cons == nil {
		if err := in.open(ctx); err != nil {
			return err
		}
	}
	fetched, err := in.cons.Fetch(in.s.opts.Batch, jetstream.FetchContext(ctx))
	if err != nil {
		in.cons = nil
		return fmt.Errorf("fetch: %w", err)
	}
	ch := fetched.Messages()
	for batch := gather(ctx, ch, nil); len(batch) > 0; batch = gather(ctx, ch, batch[:0]) {
		if err := in.settle(ctx, batch); err != nil {
			in.trouble(ctx, err)
			continue
		}
		in.wait = againTime
	}
	giveBack(ch)
	in.trim()
	if err := fetched.Error(); err != nil && ctx.Err() == nil {
		in.cons = nil // gone with its server perhaps: look again
		return fmt.Errorf("fetch: %w", err)
	}
	return nil
}

// trouble says what went wrong and waits, longer each time.
func (in *inbound) trouble(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	in.s.log.Warn("inbound: trying again", "error", err)
	_ = pause(ctx, in.wait) // the end of ctx is seen by the caller
	in.wait = min(2*in.wait, followAgain)
}

// gather waits for a message and takes all that are there with it.
func gather(ctx context.Context, ch <-chan jetstream.Msg, batch []jetstream.Msg) []jetstream.Msg {
	if ctx.Err() != nil {
		return nil
	}
	select {
	case msg, ok := <-ch:
		if !ok {
			return nil
		}
		batch = append(batch, msg)
	case <-ctx.Done():
		return nil
	}
	for {
		select {
		case msg, ok := <-ch:
			if !ok {
				return batch
			}
			batch = append(batch, msg)
		default:
			return batch
		}
	}
}

// giveBack returns what was fetched and not looked at, so that it need not
// wait for ackWait. The fetch has ended or is about to, with its context.
func giveBack(ch <-chan jetstream.Msg) {
	for msg := range ch {
		_ = msg.Nak() // it comes again either way
	}
}

func (in *inbound) open(ctx context.Context) error {
	stream, err := in.s.js.Stream(ctx, in.s.names.inbound)
	if err != nil {
		return fmt.Errorf("look for the inbound stream: %w", err)
	}
	in.era = strconv.FormatInt(stream.CachedInfo().Created.UnixNano(), 36)
	cons, err := stream.CreateOrUpdateConsumer(ctx, jetstream.ConsumerConfig{
		Durable:       consumerName,
		Description:   "nabo: admits events into the log",
		DeliverPolicy: jetstream.DeliverAllPolicy,
		AckPolicy:     jetstream.AckExplicitPolicy,
		AckWait:       ackWait,
		MaxDeliver:    -1,
		MaxAckPending: 4 * in.s.opts.Batch,
	})
	if err != nil {
		return fmt.Errorf("make the inbound consumer: %w", err)
	}
	in.cons = cons
	in.settled++ // what another process left is trimmed, too
	return nil
}

// settle admits a batch. What has begun is finished, even if ctx ends.
func (in *inbound) settle(ctx context.Context, msgs []jetstream.Msg) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), admitTime)
	defer cancel()
	batch, err := in.incoming(msgs)
	if err != nil {
		return err
	}
	verdicts, err := in.ask(ctx, batch)
	if err == nil {
		return in.carryOut(ctx, msgs, batch, verdicts)
	}
	if len(batch) == 1 {
		return in.fail(ctx, msgs, batch, err)
	}
	in.s.log.Warn("inbound: a batch could not be admitted, trying its messages one by one", "messages", len(batch), "error", err)
	return in.oneByOne(ctx, msgs, batch)
}

func (in *inbound) ask(ctx context.Context, batch []Incoming) ([]Verdict, error) {
	verdicts, err := in.admit(ctx, batch)
	if err == nil && len(verdicts) != len(batch) {
		err = fmt.Errorf("%d verdicts on %d messages", len(verdicts), len(batch))
	}
	return verdicts, err
}

func (in *inbound) incoming(msgs []jetstream.Msg) ([]Incoming, error) {
	batch := make([]Incoming, len(msgs))
	for i, msg := range msgs {
		meta, err := msg.Metadata()
		if err != nil {
			return nil, fmt.Errorf("read an inbound message's metadata: %w", err)
		}
		in.s.counts.received.Add(1)
		if meta.NumDelivered > 1 {
			in.s.counts.redelivered.Add(1)
		}
		batch[i] = Incoming{
			ID:        in.era + "-" + strconv.FormatUint(meta.Sequence.Stream, 36),
			Type:      strings.TrimPrefix(msg.Subject(), in.s.names.subjectEvents),
			Data:      msg.Data(),
			Stored:    meta.Timestamp,
			Delivered: int(meta.NumDelivered),
		}
	}
	return batch, nil
}

// carryOut writes the dead letters and acknowledges.
func (in *inbound) carryOut(ctx context.Context, msgs []jetstream.Msg, batch []Incoming, verdicts []Verdict) error {
	var dead []Dead
	for i, v := range verdicts {
		if v.Reject != "" {
			data := v.Dead
			if data == nil {
				data = batch[i].Data
			}
			dead = append(dead, Dead{ID: batch[i].ID, Type: batch[i].Type, Subject: msgs[i].Subject(), Reason: v.Reject, Data: data})
		}
	}
	if err := in.s.DeadLetter(ctx, dead...); err != nil {
		return in.later(msgs, err)
	}
	in.s.counts.admitted.Add(uint64(len(msgs) - len(dead)))
	in.good += uint64(len(msgs) - len(dead))
	for i, msg := range msgs {
		delete(in.failed, batch[i].ID)
		// A lost acknowledgement costs a repeat, which the gate knows. The
		// last one is waited for, so that a trim finds them all counted.
		ack := msg.Ack
		if i == len(msgs)-1 {
			ack = func() error { return msg.DoubleAck(ctx) }
		}
		if err := ack(); err != nil {
			return fmt.Errorf("acknowledge: %w", err)
		}
	}
	if in.settled += len(msgs); in.settled >= trimEvery {
		in.trim()
	}
	return nil
}

// oneByOne finds what is wrong with a batch. It begins at another place each
// time, so that bad messages in front do not pass for a failing log for ever.
func (in *inbound) oneByOne(ctx context.Context, msgs []jetstream.Msg, batch []Incoming) error {
	var last error
	good, bad, n := 0, 0, len(batch)
	in.turn++
	for k := range n {
		i := (k + in.turn*17) % n
		one, msg := batch[i:i+1], msgs[i:i+1]
		if good == 0 && bad >= giveUpAfter {
			_ = in.later(msg, last)
			continue
		}
		verdicts, err := in.ask(ctx, one)
		if err == nil {
			err = in.carryOut(ctx, msg, one, verdicts)
		} else {
			err = in.fail(ctx, msg, one, err)
		}
		if err == nil {
			good++
		} else {
			bad, last = bad+1, err
		}
	}
	if good > 0 {
		return nil // no trouble with the log: no need to wait
	}
	return last
}

// fail notes that one message could not be admitted and asks for it to come
// again, or sends it to the dead letters if it is the message that is at fault.
func (in *inbound) fail(ctx context.Context, msg []jetstream.Msg, one []Incoming, why error) error {
	if len(in.failed) > 8*in.s.opts.Batch { // some expired: begin to count again
		clear(in.failed)
	}
	f, again := in.failed[one[0].ID]
	if !again || in.good > f.at {
		f = failures{f.count + 1, in.good}
		in.failed[one[0].ID] = f
	}
	if f.count < maxTries {
		return in.later(msg, why)
	}
	reason := fmt.Sprintf("failed %d times, while others did not: %v", f.count, why)
	return in.carryOut(ctx, msg, one, []Verdict{{Reject: reason}})
}

// later asks for the messages to come again after a while, and returns why.
func (in *inbound) later(msgs []jetstream.Msg, why error) error {
	for _, msg := range msgs {
		if err := msg.NakWithDelay(max(in.wait, 2*againTime)); err != nil {
			return errors.Join(why, err)
		}
	}
	return fmt.Errorf("admit: %w", why)
}

// trim drops settled messages from the inbound stream. They hold ids of
// people, and one purge is far cheaper than a deletion for each of them.
func (in *inbound) trim() {
	if in.settled == 0 || in.cons == nil {
		return
	}
	ctx, cancel := context.WithTimeout(in.s.life, flushTime)
	defer cancel()
	info, err := in.cons.Info(ctx)
	if err != nil {
		in.s.log.Warn("inbound: settled messages stay for now", "error", err)
		return
	}
	stream, err := in.s.js.Stream(ctx, in.s.names.inbound)
	if err == nil {
		err = stream.Purge(ctx, jetstream.WithPurgeSequence(info.AckFloor.Stream+1))
	}
	if err != nil {
		in.s.log.Warn("inbound: settled messages stay for now", "error", err)
		return
	}
	in.settled = 0
}
