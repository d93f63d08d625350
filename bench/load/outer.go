package load

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"nabo/bench/gen"
	"nabo/engine/event"
)

const (
	eventsPath = "/v1/events"
	ndjson     = "application/x-ndjson"
)

// outer gives an admitted receipt of a base the form in which a till sends it.
func outer(base *gen.Base, ev *event.Event, buyer int, source, id string, at event.Millis) {
	ev.ID, ev.Source, ev.MemberID, ev.Time = id, source, base.MemberID(buyer), at
	ev.Key, ev.Member, ev.Received, ev.Session, ev.SessionID = 0, 0, 0, 0, ""
}

// run is a name that no load before has had: the server knows the receipts of
// another one again.
func run() string { return "bench/" + strconv.FormatUint(rand.Uint64(), 36) }

// send feeds a server that somebody else runs: the catalogue and some receipts
// of each member's, so that there is something to find. It returns when all of
// it is applied.
func (o *Common) send(ctx context.Context, addr string, base *gen.Base) error {
	c, err := dial(ctx, addr)
	if err != nil {
		return fmt.Errorf("connect to the server: %w", err)
	}
	defer c.Close()
	defer context.AfterFunc(ctx, func() { c.Close() })()
	const atOnce = 500
	receipts := min(5*o.Members, 100_000)
	o.say("sending the server %d products, %d offers and %d receipts", o.Products, o.Offers, receipts)
	for events := base.Catalogue(); len(events) > 0; {
		n := min(len(events), atOnce)
		if err := c.postEvents(addr, events[:n]); err != nil {
			return err
		}
		events = events[n:]
	}
	stream := newReceiptStream(base, addr, atOnce)
	for sent := 0; sent < receipts; sent += atOnce {
		if err := c.postEvents(addr, stream.take()); err != nil {
			return err
		}
	}
	return nil
}

// postEvents sends events and returns when they are applied.
func (c *conn) postEvents(addr string, events []event.Event) error {
	var body []byte
	for i := range events {
		body = append(events[i].AppendJSON(body), '\n')
	}
	return c.post(appendPost(nil, addr, eventsPath+"?wait=applied", ndjson, body))
}

// post sends events and fails unless all of them are taken.
func (c *conn) post(request []byte) error {
	status, body, err := c.do(request)
	if err != nil {
		return err
	}
	if status != 202 {
		return fmt.Errorf("the server answered %d: %.500s", status, body)
	}
	return refused(body)
}

// refused is an error if an answer to events says that one was rejected.
func refused(body []byte) error {
	var a struct {
		Rejected []struct {
			Index  int
			Detail string
		}
	}
	if err := json.Unmarshal(body, &a); err != nil {
		return fmt.Errorf("read the answer %.200q: %w", body, err)
	}
	if len(a.Rejected) > 0 {
		return fmt.Errorf("the server rejected %d events; the first, number %d: %s", len(a.Rejected), a.Rejected[0].Index, a.Rejected[0].Detail)
	}
	return nil
}

// receiptStream is what members go on to buy, under new ids and as of now. Any
// member may come next, so that the server finds little of it in its caches.
type receiptStream struct {
	base   *gen.Base
	host   string
	run    string
	batch  int
	sent   int // receipts
	events gen.Batch
	body   []byte
}

// newReceiptStream prepares a stream to a server.
func newReceiptStream(base *gen.Base, host string, batch int) *receiptStream {
	return &receiptStream{base: base, host: host, batch: batch, run: run()}
}

// take returns the next receipts, good until the next take.
func (s *receiptStream) take() []event.Event {
	s.base.More(&s.events, s.sent, s.batch)
	now := event.At(time.Now())
	for i := range s.events.Events {
		outer(s.base, &s.events.Events[i], s.events.Buyers[i], s.run, "r-"+strconv.Itoa(s.sent), now)
		s.sent++
	}
	return s.events.Events
}

// next appends a request with the next receipts.
func (s *receiptStream) next(dst []byte, _ int) []byte {
	s.body = s.body[:0]
	for _, ev := range s.take() {
		s.body = append(ev.AppendJSON(s.body), '\n')
	}
	return appendPost(dst, s.host, eventsPath, ndjson, s.body)
}

// flow is receipts that stream in the background.
type flow struct {
	cancel context.CancelFunc
	done   chan struct{}
	stream *receiptStream // may be read once done
	result *loopResult
	err    error
}

// startFlow begins to send receipts; it must be stopped.
func startFlow(ctx context.Context, o *Common, addr string, base *gen.Base) *flow {
	ctx, cancel := context.WithCancel(ctx)
	f := &flow{cancel: cancel, done: make(chan struct{}), stream: newReceiptStream(base, addr, o.Batch)}
	if o.Receipts == 0 {
		f.result = &loopResult{latency: newHistogram()}
		close(f.done)
		return f
	}
	loop := &openLoop{
		addr: addr, conns: 64, rate: float64(o.Receipts) / float64(o.Batch), warmUp: min(time.Second, o.Duration/4),
		next: f.stream.next, want: 202,
	}
	go func() {
		defer close(f.done)
		f.result, f.err = loop.run(ctx)
	}()
	return f
}

// stop ends the stream and returns what it measured.
func (f *flow) stop() (*loopResult, error) {
	f.cancel()
	<-f.done
	if f.err != nil {
		return nil, fmt.Errorf("send receipts: %w", f.err)
	}
	return f.result, nil
}
