package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/gorilla/websocket"

	"nabo/engine/event"
	"nabo/server/live"
)

// maxFrameEvents is how many events one frame may bring.
const maxFrameEvents = 100

// take does what one frame asks for. It returns a code if the connection is to
// be closed.
func (c *socket) take(text []byte) live.Code {
	c.s.sockets.received.Add(1)
	f, bad := readFrame(text)
	if bad == nil && c.session == nil && f.Type != "hello" {
		bad = badFrame("/type", "expected hello: it comes first")
	}
	if bad != nil {
		c.send(errorFrame(f.ID, bad))
		return 0
	}
	switch f.Type {
	case "hello":
		return c.hello(&f)
	case "subscribe":
		bad = c.subscribe(&f)
	case "unsubscribe":
		bad = c.unsubscribe(&f)
	case "event":
		bad = c.event(&f)
	case "request":
		bad = c.request(&f)
	case "ping":
		bad = c.pong(&f)
	default:
		bad = badFrame("/type", "expected one of "+frameTypes)
	}
	if bad != nil {
		c.send(errorFrame(f.ID, bad))
	}
	return 0
}

// hello begins a session, or goes on with one.
func (c *socket) hello(f *wsFrame) live.Code {
	in, bad := readHello(f)
	if bad == nil && c.session != nil {
		bad = badFrame("/type", "expected no second hello")
	}
	if bad == nil {
		bad = c.s.unready()
	}
	if bad != nil {
		c.send(errorFrame(f.ID, bad))
		return 0
	}
	if c.s.opt.Authorize != nil {
		if err := c.s.opt.Authorize(in.Token); err != nil {
			c.send(errorFrame(f.ID, problem(http.StatusUnauthorized, notAuthorised, "the token does not let you in")))
			return live.NotAuthorised
		}
	}
	var session *live.Session
	if in.Resume != nil {
		session = c.s.hub.Resume(in.Resume.Session, in.Resume.Seq, c, c.s.welcome(f.ID, in.Resume.Session, true))
	}
	if session == nil {
		session = c.s.hub.Open(c, func(name string) []byte { return c.s.welcome(f.ID, name, false) })
	}
	c.mu.Lock()
	c.session = session
	c.mu.Unlock()
	c.kick() // the session's own call may have come too early
	if c.awake() != nil {
		return websocket.CloseAbnormalClosure // Close has said which code
	}
	return 0 // the hello's own bound is over
}

func (s *Server) welcome(id, session string, resumed bool) []byte {
	out := append(serverFrame("welcome", id, 128), `,"data":{"session":`...)
	out = strconv.AppendBool(append(appendString(out, session), `,"resumed":`...), resumed)
	out = strconv.AppendInt(append(out, `,"window":`...), int64(s.hub.Window()), 10)
	out = strconv.AppendInt(append(out, `,"heartbeat":`...), heartbeat, 10)
	return append(appendString(append(out, `,"version":`...), s.opt.Version), "}}"...)
}

// subscribe begins to watch. The snapshot answers it.
func (c *socket) subscribe(f *wsFrame) *Problem {
	q, bad := readSubscribe(f)
	if bad != nil {
		return bad
	}
	switch err := c.session.Subscribe(f.ID, q); {
	case errors.Is(err, live.ErrTaken):
		return badFrame("/id", "expected another id: a subscription of this one is open")
	case errors.Is(err, live.ErrTooManySubscriptions):
		return problem(http.StatusTooManyRequests, tooMany, err.Error())
	}
	return nil // or the session goes on elsewhere
}

func (c *socket) unsubscribe(f *wsFrame) *Problem {
	var in wsUnsubscribe
	if bad := dataOf(f, &in); bad != nil {
		return bad
	}
	if in.Ref == "" || c.session.Unsubscribe(in.Ref) != nil {
		return badFrame("/data/ref", "expected the id of a subscription that is open")
	}
	c.send(replyFrame("response", f.ID, []byte("{}")))
	return nil
}

func (c *socket) pong(f *wsFrame) *Problem {
	if len(f.Data) > 0 && string(f.Data) != "{}" && string(f.Data) != "null" {
		return badFrame("/data", "expected none")
	}
	c.send(append(serverFrame("pong", f.ID, 0), '}'))
	return nil
}

// event takes events in. What a scan brings about is sent before this returns;
// the acknowledgement once the events are durable.
func (c *socket) event(f *wsFrame) *Problem {
	if bad := c.s.unready(); bad != nil {
		return bad
	}
	if len(f.Data) == 0 || f.Data[0] != '{' && f.Data[0] != '[' {
		return badFrame("/data", "expected one event or an array of events")
	}
	box, bad := c.s.scanFrame(f.Data)
	if bad != nil {
		return bad
	}
	scans := c.s.scanned(box)
	id := f.ID
	c.later(func() {
		out, bad := c.s.submitScanned(box, scans)
		if bad != nil {
			c.send(errorFrame(id, bad))
			return
		}
		c.send(replyFrame("ack", id, appendAdmission(nil, &out)))
	})
	return nil
}

// scanFrame decodes the events of a frame.
func (s *Server) scanFrame(data []byte) (*inbox, *Problem) {
	box, bad := s.scanUpTo(data, min(maxFrameEvents, s.opt.MaxEvents))
	if bad != nil {
		return nil, badFrame("/data", fmt.Sprintf("expected at most %d events", maxFrameEvents))
	}
	return box, nil
}

// scanned tells who watches a basket what was just scanned. Only what holds by
// itself is told: a scan that the gate will refuse is taken back.
func (s *Server) scanned(box *inbox) []*live.Scan {
	var out []*live.Scan
	for i := range box.events {
		if b, ok := box.events[i].Body.(*event.Scanned); ok && box.events[i].SessionID != "" {
			out = append(out, s.hub.Scan(event.HashID(box.events[i].SessionID), b.Product, b.Action == event.ActionRemove))
		}
	}
	return out
}

// submitScanned submits a frame's events and says what became of its scans, even
// where submitting panics. Where any event of the frame was refused, which one is
// not worth telling apart: the basket is asked again.
func (s *Server) submitScanned(box *inbox, scans []*live.Scan) (Admission, *Problem) {
	seq := uint64(0)
	defer func() {
		for _, scan := range scans {
			scan.Settle(seq)
		}
	}()
	out, bad := s.submit(context.Background(), box, false)
	if bad == nil && len(out.Rejected) == 0 {
		seq = out.Seq
	}
	return out, bad
}

// request answers a question.
func (c *socket) request(f *wsFrame) *Problem {
	if bad := c.s.unready(); bad != nil {
		return bad
	}
	var in wsRequest
	if bad := dataOf(f, &in); bad != nil {
		return bad
	}
	if c.s.questions.named(in.Op) == nil {
		return badFrame("/data/op", "expected one of "+c.s.questions.names())
	}
	id := f.ID
	c.later(func() {
		if !c.session.Room(c.leaving) {
			return // nobody takes the answer any more
		}
		room := c.s.calls.Get().(*call)
		defer c.s.release(room)
		if bad := c.s.answerRequest(context.Background(), in.Op, in.Params, room); bad != nil {
			c.send(errorFrame(id, below(bad, "/data/params")))
			return
		}
		c.send(replyFrame("response", id, room.out))
	})
	return nil
}
