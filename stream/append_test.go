package stream

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"
)

func TestAppendKeepsToItsBounds(t *testing.T) {
	s := open(t, nil)
	_, err := s.Append(t.Context(), make([]byte, s.MaxGroup()+1))
	var large *TooLargeError
	if !errors.As(err, &large) || large.Max != s.MaxGroup() {
		t.Errorf("too large: %v", err)
	}
	if _, err := s.Append(t.Context(), make([]byte, s.MaxGroup())); err != nil {
		t.Errorf("the largest: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Append(ctx, []byte("x")); !errors.Is(err, context.Canceled) {
		t.Errorf("append with a context that ended: %v", err)
	}
}

func TestSecondWriterIsFenced(t *testing.T) {
	s := open(t, nil)
	appendN(t, s, 1, 2)
	other := openExternal(t, s)
	appendN(t, other, 3, 1)
	if _, err := s.Append(t.Context(), []byte("late")); !errors.Is(err, ErrFenced) {
		t.Fatalf("the first writer: %v", err)
	}
	appendN(t, other, 4, 2)
	if got := collect(t, s, 0, 5); string(got[4].Data) != "group 5" {
		t.Errorf("the last group is %s", got[4].Data)
	}
}

// openExternal opens a second Stream on the server of the first, with the
// rights of its own process.
func openExternal(t testing.TB, s *Stream) *Stream {
	t.Helper()
	second := &Stream{
		opts: s.opts, names: s.names, log: s.log, writer: randomName(),
		nc: s.nc, js: s.js, busy: make(chan struct{}, 1),
	}
	second.life, second.stop = context.WithCancel(t.Context())
	t.Cleanup(second.stop)
	last, err := s.Last(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	second.lastSeq = last
	return second
}

// An append whose acknowledgement was lost is found in the log, and one that
// had been given up is passed over: neither is a second writer.
func TestAppendKnowsItsOwn(t *testing.T) {
	s := open(t, nil)
	appendN(t, s, 1, 3)
	s.lastSeq = 2 // as if group 3 had been given up
	appendN(t, s, 4, 1)

	id := s.writer + "-" + "lost"
	s.appendMu.Lock()
	seq, err := s.publishLocked(t.Context(), []byte("group 5"), id)
	if err != nil || seq != 5 {
		t.Fatal(seq, err)
	}
	s.lastSeq = 4 // as if its acknowledgement had not come
	seq, err = s.publishLocked(t.Context(), []byte("group 5"), id)
	s.appendMu.Unlock()
	if err != nil || seq != 5 {
		t.Fatalf("the same append again: %d, %v", seq, err)
	}
	appendN(t, s, 6, 1)
}

func TestStrayMessageInTheLogIsPassedOver(t *testing.T) {
	s := open(t, nil)
	appendN(t, s, 1, 1)
	if err := s.nc.Publish(s.names.subjectLog, []byte("stray")); err != nil {
		t.Fatal(err)
	}
	if err := s.nc.Flush(); err != nil {
		t.Fatal(err)
	}
	appendN(t, s, 3, 1)
	got := collect(t, s, 0, 3)
	if len(got[1].Data) != 0 || string(got[2].Data) != "group 3" {
		t.Errorf("got %q, %q", got[1].Data, got[2].Data)
	}
}

func TestGuestsCannotTouchTheLog(t *testing.T) {
	s := open(t, nil)
	appendN(t, s, 1, 1)
	nc := guestConn(t, s)
	for _, subject := range []string{
		"nabo.log", "$JS.API.STREAM.PURGE.NABO_LOG", "$JS.API.STREAM.DELETE.NABO_LOG",
		"$JS.API.STREAM.UPDATE.NABO_IN", "$JS.API.CONSUMER.MSG.NEXT.NABO_IN.gate",
		"$JS.API.CONSUMER.DELETE.NABO_IN.gate", "$JS.ACK.NABO_IN.gate.1.1.1.1.0",
	} {
		if msg, err := nc.Request(subject, nil, 100*time.Millisecond); err == nil {
			t.Errorf("%s was answered: %s", subject, msg.Data)
		}
	}
	if msg, err := nc.Request("$JS.API.STREAM.INFO.NABO_LOG", nil, 5*time.Second); err != nil || !bytes.Contains(msg.Data, []byte(`"last_seq":1`)) {
		t.Errorf("info: %v", err)
	}
	if b, err := s.Bounds(t.Context()); err != nil || b.Last != 1 || b.Groups != 1 {
		t.Errorf("bounds %+v, %v", b, err)
	}
}
