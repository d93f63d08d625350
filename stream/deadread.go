package stream

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// DeadLetterKept is a message in the dead letters, without its data.
type DeadLetterKept struct {
	Time    time.Time // when it was put there
	Type    string    // as its subject says; "unknown" where it could not be told
	Subject string    // where it was published; may be empty
	Reason  string
}

// maxDeadGaps is how many numbers without a message DeadLetters passes over:
// an operator may have removed some.
const maxDeadGaps = 256

// DeadLetters returns the newest dead letters, the newest first, at most count,
// and how many there are. It reads them one by one: some tenths of a
// millisecond each.
func (s *Stream) DeadLetters(ctx context.Context, count int) (newest []DeadLetterKept, kept uint64, err error) {
	dead, err := s.js.Stream(ctx, s.names.dead)
	if err != nil {
		return nil, 0, s.explain("look at the dead letters", err)
	}
	state := dead.CachedInfo().State
	gaps := 0
	for seq := state.LastSeq; seq >= max(state.FirstSeq, 1) && state.Msgs > 0 && len(newest) < count && gaps < maxDeadGaps; seq-- {
		msg, err := dead.GetMsg(ctx, seq)
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			gaps++
			continue
		}
		if err != nil {
			return nil, 0, s.explain(fmt.Sprintf("read dead letter %d", seq), err)
		}
		newest = append(newest, DeadLetterKept{
			Time: msg.Time, Type: strings.TrimPrefix(msg.Subject, s.names.subjectDead),
			Subject: msg.Header.Get(HeaderSubject), Reason: msg.Header.Get(HeaderReason),
		})
	}
	return newest, state.Msgs, nil
}
