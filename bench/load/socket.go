package load

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
)

// socket is one websocket to a server under load. One goroutine reads it, one
// at a time writes.
type socket struct {
	conn *websocket.Conn
	in   bytes.Buffer // the last frame
}

// read returns the next frame, good until the next read.
func (s *socket) read() ([]byte, error) {
	_, r, err := s.conn.NextReader()
	if err != nil {
		return nil, err
	}
	s.in.Reset()
	if _, err := s.in.ReadFrom(r); err != nil {
		return nil, err
	}
	return s.in.Bytes(), nil
}

// write sends a frame.
func (s *socket) write(b []byte) error { return s.conn.WriteMessage(websocket.TextMessage, b) }

// fleet is many sockets to one server, their readers, and what came in on them.
type fleet struct {
	addr   string
	echo   bool // the bare echo: it knows no hello
	dialer websocket.Dialer
	next   atomic.Int64 // the socket to come, for its source address
	block  byte         // the second byte of its source addresses: no two fleets have the same
	each   int          // sockets from one source address; 0: the system's choice of address

	readers sync.WaitGroup
	ended   atomic.Bool
	count   [frameKinds]atomic.Int64
	bytes   atomic.Int64
	gaps    atomic.Int64  // frames that were left out without a word
	broken  chan struct{} // closed with the first error

	mu      sync.Mutex
	sockets []*socket
	err     error
}

const livePath = "/v1/ws"

// The blocks of source addresses; each kind of bad clients has one more.
const (
	idleBlock   = 1
	activeBlock = 2
	badBlock    = 10
)

// newFleet makes a fleet without sockets. With each above 0, each so many of
// them come from a loopback address of their own in 127.block.0.0/16, since
// servers bound how many one address may have, and an address has only so many
// ports.
func newFleet(addr string, block byte, each int) *fleet {
	f := &fleet{addr: addr, block: block, each: each, broken: make(chan struct{})}
	if host, _, err := net.SplitHostPort(addr); err != nil || !net.ParseIP(host).IsLoopback() {
		f.each = 0
	}
	f.dialer = websocket.Dialer{
		NetDialContext: f.connect, HandshakeTimeout: patience, Subprotocols: []string{subprotocol},
		ReadBufferSize: 1024, WriteBufferSize: 1024, WriteBufferPool: &sync.Pool{},
	}
	return f
}

// connect dials from the next source address.
func (f *fleet) connect(ctx context.Context, network, addr string) (net.Conn, error) {
	d := net.Dialer{KeepAlive: -1}
	if f.each > 0 {
		// The last byte leaves out 0 and 255.
		n := int(f.next.Add(1)-1) / f.each
		d.LocalAddr = &net.TCPAddr{IP: net.IPv4(127, f.block, byte(n/250), byte(1+n%250))}
	}
	return d.DialContext(ctx, network, addr)
}

// open opens one more socket.
func (f *fleet) open(ctx context.Context) (*socket, error) {
	conn, answer, err := f.dialer.DialContext(ctx, "ws://"+f.addr+livePath, nil)
	if err != nil {
		if answer != nil {
			err = fmt.Errorf("%w: the server answered %s", err, answer.Status)
		}
		return nil, fmt.Errorf("open a websocket: %w", err)
	}
	if got := answer.Header.Get("Sec-Websocket-Protocol"); answer.StatusCode != http.StatusSwitchingProtocols || got != subprotocol {
		conn.Close()
		return nil, fmt.Errorf("open a websocket: the server answered %s with subprotocol %q, want %s", answer.Status, got, subprotocol)
	}
	s := &socket{conn: conn}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sockets = append(f.sockets, s)
	return s, nil
}

// openMany opens n sockets, several at a time, and hands each to begin, which
// many goroutines call.
func (f *fleet) openMany(ctx context.Context, n int, begin func(i int, s *socket) error) error {
	const atOnce = 16
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next atomic.Int64
	var openers sync.WaitGroup
	for range min(atOnce, n) {
		openers.Go(func() {
			for i := int(next.Add(1)) - 1; i < n && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				s, err := f.open(ctx)
				if err == nil {
					err = begin(i, s)
				}
				if err != nil {
					cancel(fmt.Errorf("socket %d of %d: %w", i+1, n, err))
				}
			}
		})
	}
	openers.Wait()
	return context.Cause(ctx)
}

// follow reads a socket in a goroutine of its own until it is closed, and hands
// each frame to took, which may be nil. Without took, frames are counted only
// by their number: nobody asked for their insides.
func (f *fleet) follow(s *socket, took func(fr *frame, now time.Time)) {
	f.readers.Go(func() {
		var seq uint64
		for {
			b, err := s.read()
			now := time.Now()
			if err != nil {
				if !f.ended.Load() {
					f.fail(fmt.Errorf("read a websocket: %w", err))
				}
				return
			}
			f.bytes.Add(int64(len(b)))
			fr, err := readFrame(b)
			if err != nil {
				f.fail(fmt.Errorf("read a frame %.200q: %w", b, err))
				return
			}
			f.count[fr.kind].Add(1)
			if fr.seq > 0 {
				if fr.seq != seq+1 {
					f.gaps.Add(1)
				}
				seq = fr.seq
			}
			if fr.kind == errorFrame {
				f.fail(fmt.Errorf("the server sent an error: %.500s", b))
			}
			if took != nil {
				took(&fr, now)
			}
		}
	})
}

// await returns when at least n frames of a kind have come in.
func (f *fleet) await(ctx context.Context, kind frameKind, n int) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for f.count[kind].Load() < int64(n) {
		select {
		case <-f.broken:
			return f.fault()
		case <-ctx.Done():
			return fmt.Errorf("%d frames of type %s of %d: %w", f.count[kind].Load(), kind, n, ctx.Err())
		case <-tick.C:
		}
	}
	return nil
}

// fault is the first error that there was; nil: none.
func (f *fleet) fault() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}

// fail keeps the first error and says so.
func (f *fleet) fail(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err == nil {
		f.err = err
		close(f.broken)
	}
}

// close ends all sockets and waits for their readers. It returns the first
// error that there was before.
func (f *fleet) close() error {
	f.ended.Store(true)
	f.mu.Lock()
	sockets, err := f.sockets, f.err
	f.sockets = nil
	f.mu.Unlock()
	for _, s := range sockets {
		s.conn.Close()
	}
	f.readers.Wait()
	return err
}

// shake says hello and waits for the welcome.
func (s *socket) shake() error {
	_, err := s.hello(nil)
	return err
}

// welcome is what a server says to a hello.
type welcome struct {
	Session string
	Resumed bool
}

// hello begins a session or, if it is asked to, goes on with one.
func (s *socket) hello(resume []byte) (w welcome, err error) {
	data := []byte("{}")
	if resume != nil {
		data = fmt.Appendf(nil, `{"resume":%s}`, resume)
	}
	if err := s.write(appendFrame(nil, "hello", "1", data)); err != nil {
		return w, fmt.Errorf("say hello: %w", err)
	}
	b, err := s.read()
	if err != nil {
		return w, fmt.Errorf("wait for the welcome: %w", err)
	}
	fr, err := readFrame(b)
	if err != nil || fr.kind != welcomeFrame {
		return w, fmt.Errorf("said hello; the server answered %.500s", b)
	}
	return w, json.Unmarshal(fr.data, &w)
}
