package server

import (
	"strings"
	"testing"

	"github.com/gorilla/websocket"

	"nabo/engine/event"
	"nabo/server/live"
)

// unread is a connection from which nobody takes anything.
type unread struct{}

func (unread) Wake()           {}
func (unread) Close(live.Code) {}

// An answer waits for room, as what is read does: what asks again and again and
// reads nothing holds no more than its queue.
func TestRequestsWaitForRoom(t *testing.T) {
	s := serveRig(t, func(o *Options) { o.Live = live.Options{Queue: 4} })
	c := newSocket(s.Server, nil, "")
	c.session = s.hub.Open(unread{}, func(string) []byte { return []byte("welcome") })
	for range 3 {
		c.session.Answer([]byte("before"))
	}
	for range 5 {
		f := wsFrame{Type: "request", ID: "r", Data: []byte(`{"op":"trending"}`)}
		if bad := c.request(&f); bad != nil {
			t.Fatal(bad)
		}
	}
	close(c.leaving)
	c.mu.Lock()
	for c.laneOn {
		c.changed.Wait()
	}
	c.mu.Unlock()
	for _, f := range c.session.Take(unread{}, nil) {
		if text := string(f); strings.Contains(text, "response") {
			t.Errorf("answered without room: %s", text)
		}
	}
}

// The server may stop while a hello is being answered: the time that a client has
// after it does not begin then.
func TestStoppingDuringTheHello(t *testing.T) {
	var s *served
	s = serveRig(t, func(o *Options) {
		o.Authorize = func(string) error {
			s.sockets.mu.Lock()
			defer s.sockets.mu.Unlock()
			for c := range s.sockets.open {
				c.Close(live.Stopping)
			}
			return nil
		}
	})
	p := s.raw(t)
	p.conn.SetPingHandler(func(string) error { return nil }) // a pong would wake the server
	p.send(`{"type":"hello","id":"h"}`)
	p.closed(int(live.Stopping))
}

// A client's own code is no code of the server's, nor a label for each client.
func TestAClientsOwnCodeIsANormalEnd(t *testing.T) {
	s := serveRig(t, nil)
	p := s.connect(t)
	if err := p.conn.WriteMessage(websocket.CloseMessage, websocket.FormatCloseMessage(4321, "mine")); err != nil {
		t.Fatal(err)
	}
	s.empty(t)
	if closed := s.liveStats().Closed; closed["1000"] != 1 || len(closed) != 1 {
		t.Errorf("closed %v, expected one with 1000", closed)
	}
}

// A scan that could not be submitted is taken back, whatever went wrong.
func TestAScanIsTakenBackAfterAPanic(t *testing.T) {
	s := serveRig(t, nil)
	s.stock(t)
	p := s.connect(t)
	p.send(`{"type":"subscribe","id":"b","data":{"topic":"basket","session":"trip","member":"m1","count":5}}`)
	p.next("snapshot", "b").says(t, `"butter"`)
	scan := s.hub.Scan(event.HashID("trip"), "butter", false)
	p.next("delta", "b").says(t, `"removed":["butter"]`)
	func() {
		defer func() {
			if recover() == nil {
				t.Error("it did not panic")
			}
		}()
		s.submitScanned(nil, []*live.Scan{scan})
	}()
	p.next("delta", "b").says(t, `"added":[{"id":"butter"`)
}
