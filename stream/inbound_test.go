package stream

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// admitted is an admit function that remembers what it took. A message that
// begins with "bad" is rejected, one that begins with "poison" makes it fail.
type admitted struct {
	mu    sync.Mutex
	down  bool
	taken map[string]int // by data
	ids   map[string]string
	calls int
	some  chan struct{}
}

func newAdmitted() *admitted {
	return &admitted{taken: make(map[string]int), ids: make(map[string]string), some: make(chan struct{}, 1)}
}

func (a *admitted) admit(_ context.Context, batch []Incoming) ([]Verdict, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	defer func() {
		select {
		case a.some <- struct{}{}:
		default:
		}
	}()
	a.calls++
	if a.down {
		return nil, errors.New("the log is down")
	}
	verdicts := make([]Verdict, len(batch))
	for _, in := range batch {
		if strings.HasPrefix(string(in.Data), "poison") {
			return nil, errors.New("cannot bear this")
		}
	}
	for i, in := range batch {
		if strings.HasPrefix(string(in.Data), "bad") {
			verdicts[i].Reject = "the field \"lines\"\nis missing"
			continue
		}
		a.taken[string(in.Data)]++
		a.ids[string(in.Data)] = in.ID
	}
	return verdicts, nil
}

// until waits for a state that admissions bring about.
func (a *admitted) until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		a.mu.Lock()
		done := ok()
		a.mu.Unlock()
		if done {
			return
		}
		select {
		case <-a.some:
		case <-deadline:
			t.Fatalf("waited too long for %s: %d calls, took %v", what, a.calls, a.taken)
		}
	}
}

// runInbound runs Inbound until the returned function is called.
func runInbound(t *testing.T, s *Stream, a *admitted) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Inbound(ctx, a.admit) }()
	return func() {
		t.Helper()
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("inbound ended with %v", err)
		}
	}
}

func publishEvents(t *testing.T, s *Stream, kind string, data ...string) {
	t.Helper()
	js, err := jetstream.New(guestConn(t, s))
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range data {
		if _, err := js.Publish(t.Context(), "nabo.events."+kind, []byte(d)); err != nil {
			t.Fatal(err)
		}
	}
}

func deadLetters(t *testing.T, s *Stream, n int) []jetstream.Msg {
	t.Helper()
	cons, err := s.js.OrderedConsumer(t.Context(), "NABO_DLQ", jetstream.OrderedConsumerConfig{})
	if err != nil {
		t.Fatal(err)
	}
	batch, err := cons.Fetch(n, jetstream.FetchMaxWait(10*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	var got []jetstream.Msg
	for msg := range batch.Messages() {
		got = append(got, msg)
	}
	if len(got) != n {
		t.Fatalf("%d dead letters, want %d", len(got), n)
	}
	return got
}

func TestInboundAdmitsAndDeadLetters(t *testing.T) {
	s := open(t, func(o *Options) { o.Batch = 8 })
	a := newAdmitted()
	stop := runInbound(t, s, a)
	var good []string
	for i := range 50 {
		good = append(good, fmt.Sprintf("good %d", i))
	}
	publishEvents(t, s, "receipt", good...)
	publishEvents(t, s, "offer.activated", "bad one")
	a.until(t, "50 events", func() bool { return len(a.taken) == 50 })
	dead := deadLetters(t, s, 1)[0]
	if dead.Subject() != "nabo.dlq.offer.activated" || string(dead.Data()) != "bad one" ||
		dead.Headers().Get(HeaderReason) != `the field "lines" is missing` ||
		dead.Headers().Get(HeaderSubject) != "nabo.events.offer.activated" || dead.Headers().Get(HeaderID) == "" {
		t.Errorf("dead letter %s %v", dead.Subject(), dead.Headers())
	}
	stop()
	for data, n := range a.taken {
		if n != 1 {
			t.Errorf("%s was admitted %d times", data, n)
		}
	}
	ids := make(map[string]bool)
	for _, id := range a.ids {
		ids[id] = true
	}
	if len(ids) != 50 {
		t.Errorf("%d ids for 50 messages", len(ids))
	}
	if n, err := s.Pending(t.Context()); n != 0 || err != nil {
		t.Errorf("%d pending, %v", n, err)
	}
	info, err := s.js.Stream(t.Context(), "NABO_IN")
	if err != nil || info.CachedInfo().State.Msgs != 0 {
		t.Errorf("settled messages stay: %+v, %v", info.CachedInfo().State, err)
	}
	if st := s.Stats(); st.Admitted != 50 || st.Dead != 1 {
		t.Errorf("stats %+v", st)
	}
}

// What nobody could admit waits, and is admitted once the log is back.
func TestInboundWaitsForTheLog(t *testing.T) {
	s := open(t, nil)
	a := newAdmitted()
	a.down = true
	publishEvents(t, s, "view", "a", "b", "c")
	stop := runInbound(t, s, a)
	a.until(t, "some failures", func() bool { return a.calls > 4 })
	if n, err := s.Pending(t.Context()); n != 3 || err != nil {
		t.Errorf("%d pending, %v", n, err)
	}
	stop()

	a.mu.Lock()
	a.down = false
	a.mu.Unlock()
	stop = runInbound(t, s, a)
	a.until(t, "three events", func() bool { return len(a.taken) == 3 })
	stop()
	if st := s.Stats(); st.Dead != 0 {
		t.Errorf("%d dead letters while the log was down", st.Dead)
	}
}

// Messages that make admit fail stop nobody else, and end as dead letters.
func TestInboundSurvivesPoison(t *testing.T) {
	s := open(t, nil)
	a := newAdmitted()
	publishEvents(t, s, "view", "poison 1", "poison 2", "a", "b", "c", "d", "poison 3", "e")
	stop := runInbound(t, s, a)
	a.until(t, "five events", func() bool { return len(a.taken) == 5 })
	// A poisonous message is known by others' success at the same time.
	for round, began := 0, time.Now(); s.Stats().Dead < 3; round++ {
		if time.Since(began) > 20*time.Second {
			t.Fatalf("stats %+v", s.Stats())
		}
		more := fmt.Sprintf("more %d", round)
		publishEvents(t, s, "view", more)
		a.until(t, more, func() bool { return a.taken[more] > 0 })
	}
	stop()
	for _, msg := range deadLetters(t, s, 3) {
		if !strings.HasPrefix(string(msg.Data()), "poison") || !strings.Contains(msg.Headers().Get(HeaderReason), "cannot bear this") {
			t.Errorf("dead letter %s: %v", msg.Data(), msg.Headers())
		}
	}
}

func TestInboundKeepsItsBacklogAcrossRestart(t *testing.T) {
	o := Options{Dir: t.TempDir(), Listen: "127.0.0.1:0", Log: testLog(t)}
	s, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	publishEvents(t, s, "view", "a", "b")
	closeStream(t, s)
	s, err = Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer closeStream(t, s)
	a := newAdmitted()
	defer runInbound(t, s, a)()
	a.until(t, "two events", func() bool { return len(a.taken) == 2 })
}

func TestInboundRefusesWhatIsTooMuch(t *testing.T) {
	s := open(t, func(o *Options) { o.Backlog = 1 << 20 })
	js, err := jetstream.New(guestConn(t, s))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := js.Publish(t.Context(), "nabo.events.view", make([]byte, maxInbound+1)); err == nil {
		t.Error("a message above the bound was taken")
	}
	half := make([]byte, 600<<10)
	if _, err := js.Publish(t.Context(), "nabo.events.view", half); err != nil {
		t.Error(err)
	}
	if _, err := js.Publish(t.Context(), "nabo.events.view", half); err == nil {
		t.Error("a message above the backlog was taken")
	}
}

func TestDeadLetterTypes(t *testing.T) {
	s := open(t, nil)
	long := strings.Repeat("x", 2000)
	if err := s.DeadLetter(t.Context(), Dead{Type: "a b", Reason: long}, Dead{Type: "", Reason: "r"}, Dead{Type: "a.b", ID: "1"}, Dead{Type: "a.b", ID: "1"}); err != nil {
		t.Fatal(err)
	}
	got := deadLetters(t, s, 3)
	if got[0].Subject() != "nabo.dlq.unknown" || got[1].Subject() != "nabo.dlq.unknown" || got[2].Subject() != "nabo.dlq.a.b" {
		t.Errorf("subjects %s %s %s", got[0].Subject(), got[1].Subject(), got[2].Subject())
	}
	if r := got[0].Headers().Get(HeaderReason); len(r) > 1100 || !strings.HasSuffix(r, "(2000 bytes)") {
		t.Errorf("reason %q", r)
	}
}
