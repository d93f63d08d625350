package load

import (
	"context"
	"errors"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
)

// badKind is one way to be a bad client. live is one life of one: it connects
// and misbehaves until it is closed or ctx ends. What a server must not do to
// it is an error; that it closes or refuses, is not.
type badKind struct {
	name  string
	what  string
	lives func(ctx context.Context, t *badTally) error
}

// badTally is what bad clients of one kind did and met.
type badTally struct {
	fleet  *fleet // dials for them
	lives  atomic.Int64
	frames atomic.Int64 // sent
	errors atomic.Int64 // error frames that came back
	turned atomic.Int64 // connections refused

	mu     sync.Mutex
	closes map[int]int64 // by code; 0: without one
	wrongs []string      // what a server must not do; the first few
	held   []net.Conn    // left open until the end
}

// The kind of which there is only one, from one address.
const (
	crowdKind  = "crowd"
	oneAddress = 1 << 30
)

// badKinds are the ways to be a bad client.
func badKinds() []badKind {
	return []badKind{
		{"half-open", "connects and stops: before the request, in it, before hello, after it", halfOpen},
		{"slow reader", "asks for much and reads nothing", slowReader},
		{"flood", "sends a thousand frames a second", flood},
		{"bad text", "sends frames that are no good", badText},
		{"bad bytes", "breaks the websocket's own rules", badByte},
		{"vanishing", "goes without a word, comes back and resumes", vanish},
		{crowdKind, "opens connections from one address until it is turned away", crowd},
	}
}

// run lives one life after the other until ctx ends.
func (k *badKind) run(ctx context.Context, t *badTally) {
	for ctx.Err() == nil {
		t.lives.Add(1)
		if err := k.lives(ctx, t); err != nil && ctx.Err() == nil {
			t.wrong(err)
		}
		_ = pause(ctx, 20*time.Millisecond) // it ends with ctx, as the loop does
	}
}

// wrong notes what a server must not do.
func (t *badTally) wrong(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.wrongs) < 5 {
		t.wrongs = append(t.wrongs, err.Error())
	}
}

// closed notes how a server ended a connection. An end that did not come in time is a
// wrong.
func (t *badTally) closed(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil // the client's own doing
	}
	code := 0
	if closed := (*websocket.CloseError)(nil); errors.As(err, &closed) {
		code = closed.Code
	} else if errors.Is(err, os.ErrDeadlineExceeded) {
		return errors.New("the server did not close the connection")
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closes[code]++
	return nil
}

// hold leaves a connection open until the end.
func (t *badTally) hold(c net.Conn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.held = append(t.held, c)
}

// release closes what was left open.
func (t *badTally) release() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, c := range t.held {
		c.Close()
	}
	t.held = nil
}

// dial opens a websocket that ends with ctx; nil: it was turned away, which a
// server may do.
func (t *badTally) dial(ctx context.Context) (s *socket, end func()) {
	conn, answer, err := t.fleet.dialer.DialContext(ctx, "ws://"+t.fleet.addr+livePath, nil)
	if err != nil {
		if answer != nil || ctx.Err() == nil {
			t.turned.Add(1)
		}
		return nil, nil
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	return &socket{conn: conn}, func() {
		stop()
		conn.Close()
	}
}

// greet is dial and hello.
func (t *badTally) greet(ctx context.Context) (s *socket, end func(), err error) {
	if s, end = t.dial(ctx); s == nil {
		return nil, nil, nil
	}
	if err := s.shake(); err != nil {
		end()
		return nil, nil, t.closed(ctx, err)
	}
	return s, end, nil
}
