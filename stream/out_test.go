package stream

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// listsConsumer is a customer's program that takes a list's messages.
func listsConsumer(t *testing.T, s *Stream, filter string) jetstream.Consumer {
	t.Helper()
	js, err := jetstream.New(guestConn(t, s))
	if err != nil {
		t.Fatal(err)
	}
	cons, err := js.CreateConsumer(t.Context(), "NABO_LISTS", jetstream.ConsumerConfig{
		Durable: "cdp", AckPolicy: jetstream.AckExplicitPolicy, FilterSubject: filter,
	})
	if err != nil {
		t.Fatal(err)
	}
	return cons
}

// next takes one message and acknowledges it.
func next(t *testing.T, cons jetstream.Consumer) jetstream.Msg {
	t.Helper()
	msg, err := cons.Next(jetstream.FetchMaxWait(20 * time.Second))
	if err != nil {
		t.Fatal(err)
	}
	if err := msg.DoubleAck(t.Context()); err != nil {
		t.Fatal(err)
	}
	return msg
}

func publishList(t *testing.T, s *Stream, id string, at ListMark) *ListPublisher {
	t.Helper()
	p, err := s.PublishList(t.Context(), id, at)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// waiting is how many messages a stream holds.
func waiting(t *testing.T, s *Stream, name string) uint64 {
	t.Helper()
	have, err := s.js.Stream(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return have.CachedInfo().State.Msgs
}

func TestPublishList(t *testing.T) {
	s := open(t, nil)
	if _, err := s.js.Stream(t.Context(), "NABO_LISTS"); !errors.Is(err, jetstream.ErrStreamNotFound) {
		t.Fatalf("the stream is there before it is used: %v", err)
	}
	p := publishList(t, s, "L1", ListMark{Epoch: 3})
	for i := range 3 {
		if err := p.Send(t.Context(), fmt.Appendf(nil, "row %d\nrow %d\n", 2*i, 2*i+1), 2); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Close(t.Context(), "done"); err != nil {
		t.Fatal(err)
	}
	cons := listsConsumer(t, s, "nabo.out.lists.L1")
	for i := range 3 {
		msg := next(t, cons)
		h := msg.Headers()
		if msg.Subject() != "nabo.out.lists.L1" || string(msg.Data()) != fmt.Sprintf("row %d\nrow %d\n", 2*i, 2*i+1) ||
			h.Get(HeaderList) != "L1" || h.Get(HeaderEpoch) != "3" || h.Get(HeaderOffset) != strconv.Itoa(12*i) ||
			h.Get(HeaderLines) != "2" || h.Get(HeaderEnd) != "" {
			t.Errorf("message %d: %s %v %s", i, msg.Subject(), h, msg.Data())
		}
	}
	last := next(t, cons)
	if h := last.Headers(); len(last.Data()) != 0 || h.Get(HeaderEnd) != "done" || h.Get(HeaderLines) != "6" || h.Get(HeaderOffset) != "36" {
		t.Errorf("the last message: %v %q", last.Headers(), last.Data())
	}
	if n := waiting(t, s, "NABO_LISTS"); n != 0 {
		t.Errorf("%d messages are left after all were acknowledged", n)
	}
}

// A full stream holds the publisher up until a consumer acknowledges, and
// nothing is lost or doubled by it.
func TestPublishListFlowControl(t *testing.T) {
	s := open(t, func(o *Options) { o.Backlog = 4 << 20 }) // lists: 1 MiB
	const batches, size = 40, 100 << 10
	batch := func(i int) []byte {
		return append(bytes.Repeat([]byte{byte('a' + i%26)}, size-1), '\n')
	}
	p := publishList(t, s, "L1", ListMark{Epoch: 1})
	sent, done := make(chan int, batches), make(chan error, 1)
	go func() {
		for i := range batches {
			if err := p.Send(t.Context(), batch(i), 1); err != nil {
				done <- err
				return
			}
			sent <- i
		}
		done <- p.Close(t.Context(), "done")
	}()
	for range 5 { // what fits whatever the server adds to each message
		<-sent
	}
	probe, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	for full := false; !full; {
		select {
		case <-sent:
		case <-probe.Done():
			full = true
		}
	}
	if n := waiting(t, s, "NABO_LISTS"); n < 5 || n > 10 {
		t.Fatalf("%d messages of %d bytes wait in a stream of 1 MiB", n, size)
	}
	cons := listsConsumer(t, s, "nabo.out.lists.*")
	for i := range batches {
		msg := next(t, cons)
		if !bytes.Equal(msg.Data(), batch(i)) || msg.Headers().Get(HeaderOffset) != strconv.Itoa(i*size) {
			t.Fatalf("message %d is another one: %d bytes at %s", i, len(msg.Data()), msg.Headers().Get(HeaderOffset))
		}
	}
	if last := next(t, cons); last.Headers().Get(HeaderEnd) != "done" || last.Headers().Get(HeaderLines) != strconv.Itoa(batches) {
		t.Errorf("the last message: %v", last.Headers())
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

// Waiting for room ends with the context, and with Close of the Stream.
func TestPublishListWaitEnds(t *testing.T) {
	s := open(t, func(o *Options) { o.Backlog = 1 << 20 })
	p := publishList(t, s, "L1", ListMark{Epoch: 1})
	body := make([]byte, 100<<10)
	fill := func(ctx context.Context) error {
		for {
			if err := p.Send(ctx, body, 1); err != nil {
				return err
			}
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if err := fill(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("send into a full stream: %v", err)
	}
	done := make(chan error)
	go func() { done <- fill(context.Background()) }()
	closeStream(t, s)
	if err := <-done; !errors.Is(err, ErrClosed) {
		t.Errorf("send while the stream closes: %v", err)
	}
}

// What is sent again is stored once; a list that is begun anew replaces what
// nobody took yet, and no other list's.
func TestPublishListAgain(t *testing.T) {
	s := open(t, nil)
	ctx := t.Context()
	other := publishList(t, s, "other", ListMark{Epoch: 1})
	first := publishList(t, s, "L1", ListMark{Epoch: 1})
	for _, p := range []*ListPublisher{other, first} {
		if err := errors.Join(p.Send(ctx, []byte("a\n"), 1), p.Send(ctx, []byte("b\n"), 1)); err != nil {
			t.Fatal(err)
		}
	}
	// A process that noted only the first batch goes on after it.
	again := publishList(t, s, "L1", ListMark{Epoch: 1, Lines: 1, Bytes: 2})
	if err := errors.Join(again.Send(ctx, []byte("b\n"), 1), again.Send(ctx, []byte("c\n"), 1)); err != nil {
		t.Fatal(err)
	}
	if n := waiting(t, s, "NABO_LISTS"); n != 5 {
		t.Errorf("%d messages, not a b of other, a b c of L1", n)
	}
	anew := publishList(t, s, "L1", ListMark{Epoch: 2})
	if err := errors.Join(anew.Send(ctx, []byte("a\n"), 1), anew.Close(ctx, "cancelled")); err != nil {
		t.Fatal(err)
	}
	cons := listsConsumer(t, s, "")
	var got []string
	for range 4 {
		msg := next(t, cons)
		h := msg.Headers()
		got = append(got, h.Get(HeaderList)+" "+h.Get(HeaderEpoch)+" "+strings.TrimSpace(string(msg.Data()))+h.Get(HeaderEnd))
	}
	if want := "other 1 a|other 1 b|L1 2 a|L1 2 cancelled"; strings.Join(got, "|") != want {
		t.Errorf("got %q, want %s", got, want)
	}
	if n := waiting(t, s, "NABO_LISTS"); n != 0 {
		t.Errorf("%d messages are left", n)
	}
}

func TestPublishListRefuses(t *testing.T) {
	s := open(t, func(o *Options) { o.Prefix = "shop.one" })
	for _, id := range []string{"", "a.b", "a b", ">", strings.Repeat("a", 65)} {
		if _, err := s.PublishList(t.Context(), id, ListMark{Epoch: 1}); err == nil || !strings.Contains(err.Error(), "the id") {
			t.Errorf("the id %q: %v", id, err)
		}
	}
	p := publishList(t, s, "L1", ListMark{Epoch: 1})
	var large *TooLargeError
	if err := p.Send(t.Context(), make([]byte, s.MaxGroup()+1), 1); !errors.As(err, &large) {
		t.Errorf("a batch that is too large: %v", err)
	}
	if err := p.Send(t.Context(), make([]byte, s.MaxGroup()), 1); err != nil {
		t.Errorf("the largest batch: %v", err)
	}
	if n := waiting(t, s, "SHOP_ONE_LISTS"); n != 1 {
		t.Errorf("%d messages in the stream of a prefix with a dot", n)
	}
}

func TestPublishOffers(t *testing.T) {
	s := open(t, func(o *Options) { o.Backlog = 4 << 20 }) // offers: 1 MiB
	ctx := t.Context()
	// Somebody who only watches must not pass for the stream.
	guest := guestConn(t, s)
	watch, err := guest.SubscribeSync("nabo.out.offers")
	if err := errors.Join(err, guest.Flush()); err != nil { // the server knows of it now
		t.Fatal(err)
	}
	for i := range 3 {
		for range 2 {
			if err := s.PublishOffers(ctx, fmt.Appendf(nil, "change %d", i), strconv.Itoa(i)); err != nil {
				t.Fatal(err)
			}
		}
	}
	for range 2 { // without an id nothing is taken for a repeat
		if err := s.PublishOffers(ctx, []byte("same"), ""); err != nil {
			t.Fatal(err)
		}
	}
	if n := waiting(t, s, "NABO_OFFERS"); n != 5 {
		t.Errorf("%d messages, want 5", n)
	}
	if msg, err := watch.NextMsg(10 * time.Second); err != nil || string(msg.Data) != "change 0" {
		t.Errorf("the watcher got %v, %v", msg, err)
	}
	// The oldest go when the bytes are used up.
	for i := range 20 {
		if err := s.PublishOffers(ctx, make([]byte, 100<<10), fmt.Sprint("big", i)); err != nil {
			t.Fatal(err)
		}
	}
	have, err := s.js.Stream(ctx, "NABO_OFFERS")
	if err != nil {
		t.Fatal(err)
	}
	c, st := have.CachedInfo().Config, have.CachedInfo().State
	if st.Bytes > 1<<20 || st.Msgs > 10 || c.MaxAge != 7*24*time.Hour || c.Retention != jetstream.LimitsPolicy {
		t.Errorf("%d messages, %d bytes, %+v", st.Msgs, st.Bytes, c)
	}
	// It is made again where somebody deleted it.
	if err := s.js.DeleteStream(ctx, "NABO_OFFERS"); err != nil {
		t.Fatal(err)
	}
	if err := s.PublishOffers(ctx, []byte("x"), "after"); err != nil {
		t.Error(err)
	}
	var large *TooLargeError
	if err := s.PublishOffers(ctx, make([]byte, s.MaxGroup()+1), ""); !errors.As(err, &large) {
		t.Errorf("a body that is too large: %v", err)
	}
}

// A server's no for another reason than want of room is not waited out.
func TestFullIsToldFromBroken(t *testing.T) {
	full := &jetstream.APIError{Code: 503, ErrorCode: 10077, Description: "maximum bytes exceeded"}
	broken := &jetstream.APIError{Code: 503, ErrorCode: 10077, Description: "no space left on device"}
	if !isFull(fmt.Errorf("x: %w", full)) || isFull(broken) || isFull(nats.ErrTimeout) {
		t.Error("full and broken are mixed up")
	}
}

// BenchmarkPublishList is one publisher and nobody who takes; the figure is
// what a list can be published at.
func BenchmarkPublishList(b *testing.B) {
	s := open(b, func(o *Options) { o.Backlog = 64 << 30 })
	p, err := s.PublishList(b.Context(), "L1", ListMark{Epoch: 1})
	if err != nil {
		b.Fatal(err)
	}
	body := make([]byte, 256<<10)
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if err := p.Send(b.Context(), body, 100); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPublishOffers is one message of 4 kB after another.
func BenchmarkPublishOffers(b *testing.B) {
	s := open(b, nil)
	body := make([]byte, 4<<10)
	for b.Loop() {
		if err := s.PublishOffers(b.Context(), body, ""); err != nil {
			b.Fatal(err)
		}
	}
}
