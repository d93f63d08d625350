package stream_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"nabo/engine/event"
	"nabo/stream"
	"nabo/stream/gate"
)

// memory stands for tokens' store and engine: it keeps both in maps.
type memory struct {
	mu   sync.Mutex
	ids  map[string]event.Token
	keys map[uint64]int
	pos  uint64
}

func newMemory() *memory {
	return &memory{ids: make(map[string]event.Token), keys: make(map[uint64]int)}
}

func (m *memory) Token(id string) (event.Token, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	tok, ok := m.ids[id]
	return tok, ok
}

func (m *memory) Assign(ids []string) ([]event.Token, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []event.Token
	for _, id := range ids {
		if m.ids[id] == 0 {
			m.ids[id] = event.Token(len(m.ids) + 1)
		}
		out = append(out, m.ids[id])
	}
	return out, nil
}

func (m *memory) Forget(string) error { return nil }

func (m *memory) Seen(key uint64) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.keys[key] > 0
}

func (m *memory) position() uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.pos
}

// apply takes a message as the engine would.
func (m *memory) apply(msg stream.Message) error {
	evs, err := event.DecodeGroup(msg.Data, nil)
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range evs {
		m.keys[evs[i].Key]++
	}
	m.pos = msg.Seq
	return nil
}

func (m *memory) size() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.keys)
}

// running is the way in as the program has it: stream, gate and follower.
type running struct {
	*stream.Stream
	*memory
	gate *gate.Gate
}

func run(t testing.TB, o stream.Options) (r *running, stop func()) {
	t.Helper()
	s, err := stream.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	r = &running{Stream: s, memory: newMemory()}
	if r.gate, err = gate.New(gate.Options{Log: s, Tokens: r.memory, Applied: r.memory, Position: r.position}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	all.Go(func() {
		if err := r.gate.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	all.Go(func() {
		if err := s.Follow(ctx, 0, r.apply); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
	return r, func() {
		cancel()
		all.Wait()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

func receipt(id, member string, lines int) event.Event {
	r := &event.Receipt{Currency: "DKK"}
	for i := range lines {
		r.Lines = append(r.Lines, event.Line{Product: fmt.Sprint(4000 + i), Qty: 1, Price: 12.5})
	}
	return event.Event{
		Type: event.TypeReceipt, ID: id, Source: "pos/17", Time: event.At(time.Now()),
		Store: "17", MemberID: member, Body: r,
	}
}

// Senders over both ways in, some of what they send twice: all is in the log
// once, and the follower sees it.
func TestGateOverTheRealLog(t *testing.T) {
	r, stop := run(t, stream.Options{Dir: t.TempDir(), Listen: "127.0.0.1:0", Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
	defer stop()
	const senders, each = 8, 100
	ctx, cancel := context.WithCancel(t.Context())
	admitted := make(chan error)
	go func() { admitted <- r.Inbound(ctx, r.admit) }()
	var all sync.WaitGroup
	for n := range senders {
		all.Go(func() { r.sendHTTP(t, n, each) })
		all.Go(func() { r.sendNATS(t, n, each) })
	}
	all.Wait()
	r.until(t, senders*each*2)
	cancel()
	if err := <-admitted; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	for key, n := range r.keys {
		if n != 1 {
			t.Errorf("key %x is in the log %d times", key, n)
		}
	}
	if st := r.gate.Stats(); st.Accepted != senders*each*2 || st.Failed != 0 {
		t.Errorf("%+v", st)
	}
}

// until waits for so many different keys.
func (r *running) until(t testing.TB, keys int) {
	began, was := time.Now(), 0
	for n := r.size(); n < keys; n = r.size() {
		if n > was {
			began, was = time.Now(), n
		}
		if t.Failed() || time.Since(began) > 20*time.Second {
			t.Fatalf("%d keys of %d, gate %+v, stream %+v", n, keys, r.gate.Stats(), r.Stats())
		}
		<-time.After(time.Millisecond)
	}
}

// sendHTTP submits as a handler does, and each request a second time.
func (r *running) sendHTTP(t testing.TB, n, each int) {
	for i := range each {
		for range 2 {
			ev := receipt(fmt.Sprintf("h-%d-%d", n, i), fmt.Sprint("m-", i), 5)
			res, err := r.gate.Submit(t.Context(), []event.Event{ev})
			if err != nil || res.Outcomes[0].Verdict == gate.Rejected {
				t.Errorf("submit: %+v, %v", res, err)
				return
			}
		}
	}
}

// sendNATS publishes as a till does, and does not wait for each.
func (r *running) sendNATS(t testing.TB, n, each int) {
	nc, err := nats.Connect(r.URL())
	if err != nil {
		t.Error(err)
		return
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Error(err)
		return
	}
	var window []jetstream.PubAckFuture
	for i := range each {
		ev := receipt(fmt.Sprintf("n-%d-%d", n, i), fmt.Sprint("m-", i), 5)
		for range 2 {
			ack, err := js.PublishAsync("nabo.events.receipt", ev.AppendJSON(nil))
			if err != nil {
				t.Error(err)
				return
			}
			window = append(window, ack)
		}
		if len(window) >= 100 || i == each-1 {
			if err := acknowledged(window); err != nil {
				t.Error(err)
				return
			}
			window = window[:0]
		}
	}
}

func acknowledged(window []jetstream.PubAckFuture) error {
	for _, ack := range window {
		select {
		case <-ack.Ok():
		case err := <-ack.Err():
			return err
		}
	}
	return nil
}

// admit is how the program joins the two: every message is a request.
func (r *running) admit(ctx context.Context, batch []stream.Incoming) ([]stream.Verdict, error) {
	requests := make([][]event.Event, len(batch))
	verdicts := make([]stream.Verdict, len(batch))
	for i, in := range batch {
		event.Scan(in.Data, func(_ int, ev *event.Event, err error) bool {
			if err != nil {
				verdicts[i].Reject = err.Error()
				return true
			}
			requests[i] = append(requests[i], *ev)
			return true
		})
	}
	results, err := r.gate.SubmitEach(ctx, requests)
	if err != nil {
		return nil, err
	}
	for i := range results {
		for _, o := range results[i].Outcomes {
			if o.Err != nil {
				verdicts[i].Reject = o.Err.Error()
			}
		}
	}
	return verdicts, nil
}
