package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// served is a rig that answers on a listener.
type served struct {
	*rig
	addr string
	stop func() // and waits; may be called again
}

func serveRig(t testing.TB, change func(*Options)) *served {
	t.Helper()
	r := newRig(t, func(o *Options) {
		o.Now = time.Now // what is paced must go on
		if change != nil {
			change(o)
		}
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.Serve(ctx, listener) }()
	stopped := false
	s := &served{rig: r, addr: listener.Addr().String()}
	s.stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-done; err != nil {
			t.Errorf("serve: %v", err)
		}
	}
	t.Cleanup(s.stop)
	return s
}

// peer is the other end of a websocket.
type peer struct {
	t    testing.TB
	conn *websocket.Conn
}

// got is a server's frame.
type got struct {
	Type, Ref string
	Seq       uint64
	Data      json.RawMessage
	text      string
}

func (s *served) dial(header http.Header) (*websocket.Conn, *http.Response, error) {
	dialer := websocket.Dialer{Subprotocols: []string{"nabo.v1"}, HandshakeTimeout: 10 * time.Second}
	return dialer.Dial("ws://"+s.addr+"/v1/ws", header)
}

// connect opens a websocket and says hello.
func (s *served) connect(t testing.TB) *peer {
	t.Helper()
	p := s.raw(t)
	p.send(`{"type":"hello","id":"h"}`)
	p.next("welcome", "h")
	return p
}

// raw opens a websocket.
func (s *served) raw(t testing.TB) *peer {
	t.Helper()
	conn, _, err := s.dial(nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return &peer{t, conn}
}

func (p *peer) send(format string, args ...any) {
	p.t.Helper()
	text := format
	if len(args) > 0 {
		text = fmt.Sprintf(format, args...)
	}
	if err := p.conn.WriteMessage(websocket.TextMessage, []byte(text)); err != nil {
		p.t.Fatal(err)
	}
}

// read returns the next frame, or what the connection was closed with.
func (p *peer) read() (got, error) {
	if err := p.conn.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		return got{}, err
	}
	_, text, err := p.conn.ReadMessage()
	if err != nil {
		return got{}, err
	}
	f := got{text: string(text)}
	return f, json.Unmarshal(text, &f)
}

func (p *peer) any() got {
	p.t.Helper()
	f, err := p.read()
	if err != nil {
		p.t.Fatal(err)
	}
	return f
}

// next returns the next frame, which must be of a type and answer a frame.
func (p *peer) next(kind, ref string) got {
	p.t.Helper()
	f := p.any()
	if f.Type != kind || f.Ref != ref {
		p.t.Fatalf("expected %s of %q, got %s", kind, ref, f.text)
	}
	return f
}

// until skips frames up to one of a type.
func (p *peer) until(kind, ref string) got {
	p.t.Helper()
	for {
		if f := p.any(); f.Type == kind && f.Ref == ref {
			return f
		}
	}
}

func (f got) says(t testing.TB, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(f.text, part) {
			t.Fatalf("expected it to say %s, got %s", part, f.text)
		}
	}
}

// causedBy wants a delta's cause, or that several are told of at once, as they are
// where the machine is slower than the pace of deltas.
func (f got) causedBy(t testing.TB, cause string) {
	t.Helper()
	if !strings.Contains(f.text, `"cause":"`+cause+`"`) {
		f.says(t, `"cause":"several"`)
	}
}

// closed reads until the connection is closed, which must be with a code.
func (p *peer) closed(code int) {
	p.t.Helper()
	for {
		_, err := p.read()
		if e, ok := errors.AsType[*websocket.CloseError](err); ok && e.Code == code {
			return
		}
		if err != nil {
			p.t.Fatalf("expected to be closed with %d, got %v", code, err)
		}
	}
}

// empty waits until nothing is left of any websocket.
func (s *served) empty(t testing.TB) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); ; {
		n := s.liveStats()
		if n.Connections == 0 && n.Sessions == 0 && n.Subscriptions == 0 && n.Watches == 0 {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("left behind: %+v", n)
		}
		<-time.After(20 * time.Millisecond)
	}
}
