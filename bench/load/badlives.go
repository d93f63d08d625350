package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"slices"
	"strconv"
	"time"
)

// halfOpen leaves connections behind at each step: nobody is there any more,
// and nobody says so.
func halfOpen(ctx context.Context, t *badTally) error {
	head := "GET " + livePath + " HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n"
	for _, said := range []string{"", head} {
		c, err := t.fleet.connect(ctx, "tcp", t.fleet.addr)
		if err != nil {
			t.turned.Add(1)
			return nil
		}
		t.hold(c)
		if _, err := io.WriteString(c, said); err != nil {
			return nil // turned away already
		}
	}
	for _, hello := range []bool{false, true} {
		conn, _, err := t.fleet.dialer.DialContext(ctx, "ws://"+t.fleet.addr+livePath, nil)
		if err != nil {
			t.turned.Add(1)
			return nil
		}
		t.hold(conn.NetConn())
		if hello {
			s := &socket{conn: conn}
			if s.shake() == nil {
				_ = s.write(appendFrame(nil, "subscribe", "2", []byte(`{"topic":"trending"}`))) // it may be gone, as well
			}
		}
	}
	return pause(ctx, 5*time.Second)
}

// slowReader asks for much and reads none of it. The server has to stop reading
// its questions, and then to close: nobody else does, here.
func slowReader(ctx context.Context, t *badTally) error {
	conn, _, err := t.fleet.dialer.DialContext(ctx, "ws://"+t.fleet.addr+livePath, nil)
	if err != nil {
		t.turned.Add(1)
		return nil
	}
	t.hold(conn.NetConn())
	if tcp, ok := conn.NetConn().(*net.TCPConn); ok {
		_ = tcp.SetReadBuffer(2048) // smaller is only quicker
	}
	s := &socket{conn: conn}
	if err := s.shake(); err != nil {
		return t.closed(ctx, err)
	}
	_ = s.write(appendFrame(nil, "subscribe", "e", []byte(`{"topic":"events"}`))) // if it fails, so does the next
	for i := 0; ctx.Err() == nil; i++ {
		s.conn.SetWriteDeadline(time.Now().Add(time.Second))
		err := s.write(appendFrame(nil, "request", "r"+strconv.Itoa(i), []byte(`{"op":"trending","params":{"count":200}}`)))
		if errors.Is(err, os.ErrDeadlineExceeded) {
			break // the server reads no more
		}
		if err != nil {
			return t.closed(ctx, err)
		}
		t.frames.Add(1)
		_ = pause(ctx, 25*time.Millisecond) // the loop ends with ctx
	}
	for pause(ctx, 100*time.Millisecond) == nil {
		if s.gone() {
			return t.closed(ctx, nil) // the code is behind all that was not read
		}
	}
	return nil
}

// flood sends a thousand frames a second and reads what comes.
func flood(ctx context.Context, t *badTally) error {
	s, end, err := t.greet(ctx)
	if s == nil {
		return err
	}
	defer end()
	reader := make(chan error, 1)
	go func() { reader <- t.drain(s) }()
	pace, err := newPacer(10 * time.Millisecond)
	if err != nil {
		return err
	}
	defer pace.close()
	for i := 0; ; i++ {
		select {
		case err := <-reader:
			return t.closed(ctx, err)
		default:
		}
		for k := range 10 {
			if s.write(floodFrame(10*i+k)) != nil {
				return t.closed(ctx, <-reader)
			}
			t.frames.Add(1)
		}
		if err := pace.wait(); err != nil {
			end()
			<-reader
			return err
		}
	}
}

// floodFrame is one of those that cost a server something.
func floodFrame(i int) []byte {
	id := strconv.Itoa(i)
	switch i % 4 {
	case 0:
		return appendFrame(nil, "request", id, []byte(`{"op":"trending","params":{"count":10}}`))
	case 1:
		return appendFrame(nil, "subscribe", id, []byte(`{"topic":"trending","store":"`+id+`"}`))
	case 2:
		return appendFrame(nil, "event", id, []byte(`{"type":"scan","data":{"session":"flood","product":"`+id+`","action":"add"}}`))
	}
	return appendFrame(nil, "ping", id, nil)
}

// drain reads until the connection ends, and counts errors.
func (t *badTally) drain(s *socket) error {
	for {
		b, err := s.read()
		if err != nil {
			return err
		}
		if fr, err := readFrame(b); err == nil && fr.kind == errorFrame {
			t.errors.Add(1)
		}
	}
}

// badText sends one bad frame after the other. Each must be answered with an
// error, and a ping after it with its pong: the connection stays.
func badText(ctx context.Context, t *badTally) error {
	s, end, err := t.greet(ctx)
	if s == nil {
		return err
	}
	defer end()
	for i, text := range badTexts() {
		ping := "p" + strconv.Itoa(i)
		for _, out := range [][]byte{[]byte(text), appendFrame(nil, "ping", ping, nil)} {
			if err := s.write(out); err != nil {
				return fmt.Errorf("%.100q: %w", text, err)
			}
			t.frames.Add(1)
		}
		if err := t.answered(s, ping); err != nil {
			return fmt.Errorf("after %.100q: %w", text, err)
		}
		if pause(ctx, 40*time.Millisecond) != nil {
			return nil
		}
	}
	return nil
}

// answered reads up to one error and the pong to a ping: an answer that takes
// work may come after it.
func (t *badTally) answered(s *socket, ping string) error {
	s.conn.SetReadDeadline(time.Now().Add(patience))
	errors, pong := 0, false
	for errors == 0 || !pong {
		b, err := s.read()
		if err != nil {
			return fmt.Errorf("%d error frames, pong %v, and then the server closed: %w", errors, pong, err)
		}
		fr, err := readFrame(b)
		if err != nil {
			return err
		}
		switch {
		case fr.kind == errorFrame:
			errors++
			t.errors.Add(1)
		case fr.kind == pongFrame && string(fr.ref) == ping:
			pong = true
		}
		if errors > 1 {
			return fmt.Errorf("%d error frames, want 1", errors)
		}
	}
	return nil
}

// badByte breaks the websocket's rules: the server must close.
func badByte(ctx context.Context, t *badTally) error {
	all := badBytes()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		s, end, err := t.greet(ctx)
		if s == nil {
			return err
		}
		t.frames.Add(1)
		s.conn.SetReadDeadline(time.Now().Add(patience))
		if _, err = s.conn.NetConn().Write(all[name]); err == nil {
			err = t.drain(s)
		}
		end()
		if err := t.closed(ctx, err); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// vanish watches something, is gone from one moment to the next, and comes back
// to where it was.
func vanish(ctx context.Context, t *badTally) error {
	s, end := t.dial(ctx)
	if s == nil {
		return nil
	}
	defer end()
	w, err := s.hello(nil)
	if err != nil {
		return t.closed(ctx, err)
	}
	if err := s.write(appendFrame(nil, "subscribe", "2", []byte(`{"topic":"trending"}`))); err != nil {
		return t.closed(ctx, err)
	}
	seq, err := s.readTo(snapshotFrame, 0)
	if err != nil {
		return err
	}
	if tcp, ok := s.conn.NetConn().(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // it then ends with a reset, or as others do
	}
	end()
	again, end := t.dial(ctx)
	if again == nil {
		return nil
	}
	defer end()
	back, err := again.hello(fmt.Appendf(nil, `{"session":%q,"seq":%d}`, w.Session, seq))
	if err != nil {
		return fmt.Errorf("resume session %s: %w", w.Session, err)
	}
	if !back.Resumed || back.Session != w.Session {
		return fmt.Errorf("resume session %s: the server began session %s", w.Session, back.Session)
	}
	if err := again.write(appendFrame(nil, "ping", "3", nil)); err != nil {
		return err
	}
	_, err = again.readTo(pongFrame, seq)
	return err
}

// readTo reads up to a frame of a kind. Frames that are numbered must go on
// from seq; it returns the newest number.
func (s *socket) readTo(kind frameKind, seq uint64) (uint64, error) {
	s.conn.SetReadDeadline(time.Now().Add(patience))
	for {
		b, err := s.read()
		if err != nil {
			return seq, fmt.Errorf("wait for a frame of type %s: %w", kind, err)
		}
		fr, err := readFrame(b)
		if err != nil {
			return seq, err
		}
		if fr.seq > 0 {
			if fr.seq != seq+1 {
				return seq, fmt.Errorf("frame %d follows frame %d", fr.seq, seq)
			}
			seq = fr.seq
		}
		if fr.kind == kind {
			return seq, nil
		}
	}
}

// crowdMost is how many connections a crowd opens from one address before it
// takes it that there is no limit.
const crowdMost = 3000

// crowd opens connections from its one address until it is turned away.
func crowd(ctx context.Context, t *badTally) error {
	var ends []func()
	defer func() {
		for _, end := range ends {
			end()
		}
	}()
	for len(ends) < crowdMost && ctx.Err() == nil {
		s, end, err := t.greet(ctx)
		if err != nil {
			return err
		}
		if s == nil {
			return nil
		}
		ends = append(ends, end)
	}
	if ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("%d connections from one address were let in", len(ends))
}

// gone says whether the other side has closed a connection that reads nothing:
// what is written to it is then refused.
func (s *socket) gone() bool {
	c := s.conn.NetConn()
	c.SetWriteDeadline(time.Now().Add(50 * time.Millisecond))
	_, err := c.Write(rawFrame(finPing, nil))
	return err != nil && !errors.Is(err, os.ErrDeadlineExceeded)
}
