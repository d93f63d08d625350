package push

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/cespare/xxhash/v2"
)

// natsBytes is the largest body of a message, half of what a server takes by
// default. One change that is longer goes alone.
const natsBytes = 512 << 10

// Publisher publishes messages that are durable when it returns. Of several
// with one id the receiver's stream keeps one, within its window.
type Publisher interface {
	Publish(ctx context.Context, subject string, body []byte, id string) error
}

// NATS is a Sink that publishes changes as NDJSON, many to a message, on
// <prefix>.out.offers. The End is a message of its own, {"end":{…}}.
type NATS struct {
	pub     Publisher
	subject string
	buf     []byte
}

// NewNATS returns a sink for a subject prefix such as nabo.
func NewNATS(pub Publisher, prefix string) (*NATS, error) {
	if pub == nil || prefix == "" {
		return nil, errors.New("push: NATS needs a publisher and a subject prefix")
	}
	return &NATS{pub: pub, subject: prefix + ".out.offers"}, nil
}

// Send publishes a batch. An error is the publisher's: nothing is kept.
func (n *NATS) Send(ctx context.Context, batch []Change) error {
	return cutLines(batch, natsBytes, len(batch), &n.buf, func(from, to int, body []byte) error {
		return n.publish(ctx, body, batch[from].Seq)
	})
}

// End publishes that the sync is over.
func (n *NATS) End(ctx context.Context, e End) error {
	body, err := endLine(e)
	if err != nil {
		return err
	}
	return n.publish(ctx, body, e.Seq)
}

// publish names a message by what it holds: the same sent again has the same id.
func (n *NATS) publish(ctx context.Context, body []byte, seq uint64) error {
	id := "offers-" + strconv.FormatUint(seq, 10) + "-" + strconv.FormatUint(xxhash.Sum64(body), 16)
	if err := n.pub.Publish(ctx, n.subject, body, id); err != nil {
		return fmt.Errorf("publish on %s: %w", n.subject, err)
	}
	return nil
}

func endLine(e End) ([]byte, error) {
	body, err := json.Marshal(struct {
		End End `json:"end"`
	}{e})
	if err != nil {
		return nil, fmt.Errorf("write the end of a sync: %w", err)
	}
	return append(body, '\n'), nil
}

// cutLines hands out a batch as NDJSON of at most size bytes and most changes at
// once; a single change may be longer. The body is valid during the call.
func cutLines(batch []Change, size, most int, buf *[]byte, each func(from, to int, body []byte) error) error {
	body, from := (*buf)[:0], 0
	defer func() { *buf = body }()
	for i := range batch {
		end := len(body)
		body = append(batch[i].AppendJSON(body), '\n')
		if i == from || len(body) <= size && i-from < most {
			continue
		}
		if err := each(from, i, body[:end]); err != nil {
			return err
		}
		body = append(body[:0], body[end:]...)
		from = i
	}
	if from == len(batch) {
		return nil
	}
	return each(from, len(batch), body)
}
