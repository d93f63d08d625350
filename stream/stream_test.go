package stream

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// testLog writes what a stream says to the test's log.
func testLog(t testing.TB) *slog.Logger {
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelInfo}))
}

func open(t testing.TB, change func(*Options)) *Stream {
	t.Helper()
	o := Options{Dir: t.TempDir(), Listen: "127.0.0.1:0", Log: testLog(t)}
	if change != nil {
		change(&o)
	}
	s, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeStream(t, s) })
	return s
}

func closeStream(t testing.TB, s *Stream) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
}

func appendN(t testing.TB, s *Stream, from, n int) {
	t.Helper()
	for i := from; i < from+n; i++ {
		seq, err := s.Append(t.Context(), fmt.Appendf(nil, "group %d", i))
		if err != nil {
			t.Fatal(err)
		}
		if seq != uint64(i) {
			t.Fatalf("group %d got the sequence %d", i, seq)
		}
	}
}

// guestConn is what any program on this machine could connect.
func guestConn(t testing.TB, s *Stream) *nats.Conn {
	t.Helper()
	nc, err := nats.Connect(s.URL(), nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return nc
}

var errEnough = errors.New("enough")

// collect follows until n groups are read.
func collect(t testing.TB, s *Stream, after uint64, n int) []Message {
	t.Helper()
	var got []Message
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	err := s.Follow(ctx, after, func(m Message) error {
		m.Data = bytes.Clone(m.Data)
		got = append(got, m)
		if len(got) == n {
			return errEnough
		}
		return nil
	})
	if !errors.Is(err, errEnough) {
		t.Fatalf("follow after %d: %v, with %d of %d", after, err, len(got), n)
	}
	return got
}

func TestLogKeepsGroupsAcrossRestart(t *testing.T) {
	dir := t.TempDir()
	o := Options{Dir: dir, Listen: ListenOff, Log: testLog(t)}
	s, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	id := s.LogID()
	if s.URL() != "" || !s.Embedded() || !s.Connected() || id == "" {
		t.Errorf("URL %q, embedded %v, connected %v, id %q", s.URL(), s.Embedded(), s.Connected(), id)
	}
	appendN(t, s, 1, 20)
	closeStream(t, s)
	closeStream(t, s) // a second time does nothing
	if _, err := s.Append(t.Context(), nil); !errors.Is(err, ErrClosed) {
		t.Errorf("append after close: %v", err)
	}

	s, err = Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer closeStream(t, s)
	if s.LogID() != id {
		t.Errorf("the log's id changed from %s to %s", id, s.LogID())
	}
	appendN(t, s, 21, 5)
	got := collect(t, s, 0, 25)
	for i, m := range got {
		if m.Seq != uint64(i+1) || string(m.Data) != fmt.Sprintf("group %d", i+1) || m.Last != 25 || m.Stored.IsZero() {
			t.Fatalf("message %d: %+v %s", i, m, m.Data)
		}
	}
	if st := s.Stats(); st.Appended != 5 || st.Retries != 0 || st.AppendErrors != 0 {
		t.Errorf("stats %+v", st)
	}
}

func TestBoundsAndTrim(t *testing.T) {
	s := open(t, nil)
	ctx := t.Context()
	if b, err := s.Bounds(ctx); err != nil || b.First != 1 || b.Last != 0 || b.Groups != 0 {
		t.Fatalf("bounds of a new log: %+v, %v", b, err)
	}
	appendN(t, s, 1, 10)
	if err := s.TrimBefore(ctx, 5); err != nil {
		t.Fatal(err)
	}
	b, err := s.Bounds(ctx)
	if err != nil || b.First != 5 || b.Last != 10 || b.Groups != 6 || b.Bytes < 60 || b.FirstTime.IsZero() {
		t.Fatalf("bounds after a trim: %+v, %v", b, err)
	}
	if err := s.TrimBefore(ctx, 3); err != nil {
		t.Errorf("trimming what is gone: %v", err)
	}
	if err := s.TrimBefore(ctx, 12); err == nil {
		t.Error("trimming beyond the end was taken")
	}
	if err := s.TrimBefore(ctx, 11); err != nil { // all of it
		t.Fatal(err)
	}
	first, err1 := s.First(ctx)
	last, err2 := s.Last(ctx)
	if first != 11 || last != 10 || err1 != nil || err2 != nil {
		t.Errorf("an emptied log: first %d, last %d, %v %v", first, last, err1, err2)
	}
	appendN(t, s, 11, 2)
	if got := collect(t, s, 10, 2); got[0].Seq != 11 {
		t.Errorf("first message %+v", got[0])
	}
}

func TestFollowReportsGaps(t *testing.T) {
	s := open(t, nil)
	appendN(t, s, 1, 10)
	if err := s.TrimBefore(t.Context(), 5); err != nil {
		t.Fatal(err)
	}
	none := func(Message) error { return errors.New("called") }
	for _, c := range []struct {
		after uint64
		want  string
	}{
		{0, "the log begins at 5, after position 0"},
		{3, "use a checkpoint at 4 or later"},
		{11, "the log ends at 10, before position 11"},
	} {
		err := s.Follow(t.Context(), c.after, none)
		var gap *GapError
		if !errors.As(err, &gap) || gap.After != c.after || gap.First != 5 || gap.Last != 10 || !strings.Contains(err.Error(), c.want) {
			t.Errorf("follow after %d: %v", c.after, err)
		}
	}
	if got := collect(t, s, 4, 6); got[0].Seq != 5 || got[5].Seq != 10 {
		t.Errorf("got %d to %d", got[0].Seq, got[5].Seq)
	}
}

func TestFollowEndsWithContext(t *testing.T) {
	s := open(t, nil)
	appendN(t, s, 1, 3)
	ctx, cancel := context.WithCancel(t.Context())
	n := 0
	err := s.Follow(ctx, 0, func(Message) error {
		if n++; n == 3 {
			cancel()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) || n != 3 {
		t.Errorf("follow: %v after %d", err, n)
	}
}

func TestFollowEndsWithClose(t *testing.T) {
	s := open(t, nil)
	appendN(t, s, 1, 1)
	seen, done := make(chan struct{}), make(chan error)
	go func() {
		done <- s.Follow(context.Background(), 0, func(Message) error { close(seen); return nil })
	}()
	<-seen
	closeStream(t, s)
	if err := <-done; !errors.Is(err, ErrClosed) {
		t.Errorf("follow: %v", err)
	}
}

// A message that cannot be lost by a trim, a damaged file, is told apart.
func TestGapErrorWithinTheLog(t *testing.T) {
	err := &GapError{After: 7, First: 1, Last: 20, Next: 10}
	if got := err.Error(); !strings.Contains(got, "no messages 8 to 9") || !strings.Contains(got, "from position 9") {
		t.Error(got)
	}
}

func TestPortTaken(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	dir := t.TempDir()
	_, err = Open(t.Context(), Options{Dir: dir, Listen: l.Addr().String()})
	if err == nil || !strings.Contains(err.Error(), "--nats-listen") || !strings.Contains(err.Error(), l.Addr().String()) {
		t.Fatalf("open: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "jetstream")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder was touched: %v", err)
	}
}

func TestOpenRefuses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		o    Options
		want string
	}{
		{Options{}, "a folder"},
		{Options{Dir: "x", Prefix: "a b"}, "prefix"},
		{Options{Dir: "x", Prefix: "a.>"}, "prefix"},
		{Options{Dir: "x", Listen: "4222"}, "--nats-listen"},
		{Options{Dir: "x", Keep: time.Second}, "Keep"},
		{Options{Dir: "x", Batch: -1}, "Batch"},
		{Options{Dir: filepath.Join(file, "x")}, "folder"},
		{Options{URL: "nats://user:secret@127.0.0.1:1"}, "nats://127.0.0.1:1"},
	} {
		_, err := Open(t.Context(), c.o)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%+v: %v", c.o, err)
		}
	}
}

func TestExternalServer(t *testing.T) {
	host := open(t, func(o *Options) { o.Prefix = "host" })
	s, err := Open(t.Context(), Options{URL: host.URL(), Prefix: "shop.one", Log: testLog(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer closeStream(t, s)
	appendN(t, s, 1, 5)
	if got := collect(t, s, 0, 5); got[4].Seq != 5 {
		t.Errorf("got %+v", got)
	}
	if s.Embedded() || s.LogID() == host.LogID() {
		t.Error("the external log is taken for the host's own")
	}
	if err := s.Respond("together", "recomms.together", func(context.Context, []byte) ([]byte, error) { return []byte("{}"), nil }); err != nil {
		t.Fatal(err)
	}
	if msg, err := guestConn(t, host).Request("shop.one.recomms.together", nil, 5*time.Second); err != nil || string(msg.Data) != "{}" {
		t.Errorf("request: %v", err)
	}
}

// A follower rides over a lost connection and misses nothing.
func TestFollowSurvivesReconnect(t *testing.T) {
	host := open(t, func(o *Options) { o.Prefix = "host" })
	s, err := Open(t.Context(), Options{URL: host.URL(), Log: testLog(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer closeStream(t, s)
	appendN(t, s, 1, 10)
	next, want := make(chan uint64, 1), uint64(1)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		done <- s.Follow(ctx, 0, func(m Message) error {
			if m.Seq != want {
				return fmt.Errorf("got %d, want %d", m.Seq, want)
			}
			want++
			if m.Seq%10 == 0 {
				next <- m.Seq
			}
			return nil
		})
	}()
	for round := range 3 {
		if seq := <-next; seq != uint64(10*(round+1)) {
			t.Fatalf("round %d ended at %d", round, seq)
		}
		if err := s.nc.ForceReconnect(); err != nil {
			t.Fatal(err)
		}
		appendN(t, s, 10*(round+1)+1, 10)
	}
	<-next
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
