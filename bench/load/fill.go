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

// fill feeds a shop to a server, catalogue, members and history, and returns
// when all of it is applied.
func fill(ctx context.Context, o *Common, addr string, shop *gen.Shop) error {
	c, err := dial(ctx, addr)
	if err != nil {
		return fmt.Errorf("connect to the server: %w", err)
	}
	defer c.Close()
	defer context.AfterFunc(ctx, func() { c.Close() })()
	o.say("filling the server with %d members, %d products and %d days of receipts", o.Members, o.Products, o.Days)
	start, said := time.Now(), time.Now()
	var fed gen.Progress
	var body, request []byte
	submit := func(ctx context.Context, batch []event.Event) error {
		body = body[:0]
		for i := range batch {
			body = append(batch[i].AppendJSON(body), '\n')
		}
		request = appendPost(request[:0], addr, eventsPath+"?wait=applied", ndjson, body)
		return c.post(request)
	}
	err = gen.Feed(ctx, shop, submit, gen.FeedOptions{Batch: 1000, Progress: func(p gen.Progress) {
		fed = p
		if time.Since(said) > 2*time.Second {
			said = time.Now()
			o.say("  %d events, up to %s", p.Events, p.At.Format(time.DateOnly))
		}
	}})
	if err != nil {
		return err
	}
	took := time.Since(start)
	o.say("  %d events in %.1f s, %.0f a second", fed.Events, took.Seconds(), float64(fed.Events)/took.Seconds())
	return nil
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

// receiptStream is what customers go on to buy, at any pace: the receipts that
// the shop would see next, under new ids and as of now.
type receiptStream struct {
	host     string
	run      string
	receipts []event.Event
	batch    int
	sent     int // receipts
	body     []byte
}

// newReceiptStream prepares a stream to a server.
func newReceiptStream(shop *gen.Shop, host string, batch int) *receiptStream {
	const enough = 20_000
	s := &receiptStream{host: host, batch: batch, run: strconv.FormatUint(rand.Uint64(), 36)}
	for ev := range shop.Live(event.At(shop.Options().Until), 1) {
		if r, ok := ev.Body.(*event.Receipt); ok && !r.Lines[0].Return {
			ev.SessionID = ""
			if s.receipts = append(s.receipts, *ev); len(s.receipts) == enough {
				break
			}
		}
	}
	return s
}

// next appends a request with the next receipts.
func (s *receiptStream) next(dst []byte, _ int) []byte {
	s.body = s.body[:0]
	now := event.At(time.Now())
	for range s.batch {
		ev := s.receipts[s.sent%len(s.receipts)]
		ev.ID, ev.Source, ev.Time = "r-"+strconv.Itoa(s.sent), "bench/"+s.run, now
		s.body = append(ev.AppendJSON(s.body), '\n')
		s.sent++
	}
	return appendPost(dst, s.host, eventsPath, ndjson, s.body)
}

// flow is receipts that stream in the background.
type flow struct {
	cancel context.CancelFunc
	done   chan struct{}
	result *loopResult
	err    error
}

// startFlow begins to send receipts; it must be stopped.
func startFlow(ctx context.Context, o *Common, addr string, shop *gen.Shop) *flow {
	ctx, cancel := context.WithCancel(ctx)
	f := &flow{cancel: cancel, done: make(chan struct{})}
	if o.Receipts == 0 {
		f.result = &loopResult{latency: newHistogram()}
		close(f.done)
		return f
	}
	loop := &openLoop{
		addr: addr, conns: 64, rate: float64(o.Receipts) / float64(o.Batch), warmUp: time.Second,
		next: newReceiptStream(shop, addr, o.Batch).next, want: 202,
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
