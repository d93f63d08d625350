package stream

import (
	"context"
	"fmt"
	"strings"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// The headers of a dead letter.
const (
	HeaderReason  = "Nabo-Reason"  // why it could not be admitted
	HeaderSubject = "Nabo-Subject" // where it was published
	HeaderID      = "Nabo-Id"      // its Incoming.ID
)

const maxReason = 1024

// Dead is a message that could not be admitted.
type Dead struct {
	ID      string // a second one with the same ID within two minutes is dropped; may be empty
	Type    string // ends the subject; "unknown" is put where it could not
	Subject string // where it came from, may be empty
	Reason  string // for a person; shortened above 1,024 bytes
	Data    []byte
}

// DeadLetter publishes messages to <prefix>.dlq.<type> and returns when all
// are stored. After an error some may be.
func (s *Stream) DeadLetter(ctx context.Context, dead ...Dead) error {
	futures := make([]jetstream.PubAckFuture, 0, len(dead))
	for i := range dead {
		f, err := s.js.PublishMsgAsync(s.deadMsg(&dead[i]))
		if err != nil {
			return s.explain("publish a dead letter", err)
		}
		futures = append(futures, f)
	}
	for _, f := range futures {
		select {
		case <-f.Ok():
			s.counts.dead.Add(1)
		case err := <-f.Err():
			return s.explain("publish a dead letter", err)
		case <-ctx.Done():
			return s.explain("publish a dead letter", ctx.Err())
		}
	}
	return nil
}

func (s *Stream) deadMsg(d *Dead) *nats.Msg {
	msg := &nats.Msg{
		Subject: s.names.subjectDead + deadType(d.Type),
		Data:    d.Data,
		Header:  nats.Header{HeaderReason: {oneLine(d.Reason)}},
	}
	if d.Subject != "" {
		msg.Header.Set(HeaderSubject, oneLine(d.Subject))
	}
	if d.ID != "" {
		msg.Header.Set(HeaderID, oneLine(d.ID))
		msg.Header.Set(jetstream.MsgIDHeader, oneLine(d.ID))
	}
	return msg
}

// deadType is t if it can end a subject: letters, digits, '-' and '_' in
// parts joined by dots.
func deadType(t string) string {
	if len(t) > 64 || !prefixForm.MatchString(t) {
		return "unknown"
	}
	return t
}

// oneLine makes text fit for a header.
func oneLine(text string) string {
	if len(text) > maxReason {
		text = fmt.Sprintf("%s… (%d bytes)", strings.ToValidUTF8(text[:maxReason], ""), len(text))
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, text)
}
