package server

import (
	"errors"
	"fmt"
	"net"
	"runtime/debug"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"nabo/server/live"
)

// socket is one websocket: the one place that knows the library. One goroutine
// reads, for as long as it is open. What is to be written, and what is to be
// done in order beside reading, each has a goroutine only while there is
// something: an idle connection has the reader alone.
type socket struct {
	s     *Server
	conn  *websocket.Conn
	from  string // the address
	turn  int    // on the wheel
	limit frameLimit

	leaving chan struct{} // closed when the connection is to be closed

	mu      sync.Mutex
	changed sync.Cond     // the writer or the lane has ended, or the lane has room
	session *live.Session // nil before the hello; set by it, while the reader waits
	code    live.Code     // to close with; 0: it is not to be closed
	endBy   time.Time     // when it is closed in any case
	early   [][]byte      // frames before there is a session
	writing bool
	more    bool // something has come since the writer looked
	pinging bool
	broken  bool     // nothing is written any more
	lane    []func() // to be done in order
	laneOn  bool
}

// errLeaving ends reading.
var errLeaving = errors.New("the connection is closing")

func newSocket(s *Server, conn *websocket.Conn, from string) *socket {
	c := &socket{s: s, conn: conn, from: from, leaving: make(chan struct{}), limit: frameLimit{rate: s.opt.FrameRate, burst: s.opt.FrameBurst, patience: s.opt.FloodAfter}}
	c.changed.L = &c.mu
	return c
}

// refuse closes a connection that is not let in.
func (c *socket) refuse(code live.Code) {
	c.goodbye(code, time.Now().Add(time.Second))
	c.conn.Close()
}

func (c *socket) goodbye(code live.Code, by time.Time) {
	c.conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(int(code), ""), by)
}

// run reads until the connection ends.
func (c *socket) run() {
	c.conn.SetReadLimit(maxFrame)
	c.conn.SetPongHandler(func(string) error { return c.control(nil) })
	c.conn.SetPingHandler(func(data string) error {
		return c.control(func() {
			// What cannot be answered now need not be: the writer finds out.
			c.conn.WriteControl(websocket.PongMessage, []byte(data), c.patience())
		})
	})
	c.conn.SetReadDeadline(time.Now().Add(c.s.opt.SocketHello))
	if c.isLeaving() { // Close has set its own bound before
		c.end(websocket.CloseAbnormalClosure)
		return
	}
	c.end(c.read())
}

// control takes in a ping or a pong, under the limit of all other frames. One
// that is refused is not answered.
func (c *socket) control(answer func()) error {
	switch c.limit.pass(time.Now()) {
	case frameTaken:
		if answer != nil {
			answer()
		}
	case frameFlood:
		c.Close(live.Flood)
		return errLeaving
	}
	return c.awake()
}

// awake notes that the client is there.
func (c *socket) awake() error {
	if c.session == nil {
		return nil // the hello has its own bound
	}
	c.conn.SetReadDeadline(time.Now().Add(c.s.opt.SocketSilent))
	if c.isLeaving() {
		return errLeaving
	}
	return nil
}

func (c *socket) isLeaving() bool {
	select {
	case <-c.leaving:
		return true
	default:
		return false
	}
}

// read takes frames in, and returns the code to close with.
func (c *socket) read() live.Code {
	for {
		kind, text, err := c.conn.ReadMessage()
		if err != nil {
			return c.failed(err)
		}
		if kind != websocket.TextMessage {
			return websocket.CloseProtocolError
		}
		if c.awake() != nil || c.session != nil && !c.session.Room(c.leaving) {
			return websocket.CloseAbnormalClosure // Close has said which code
		}
		switch c.limit.pass(time.Now()) {
		case frameTaken:
			if code := c.takeAside(text); code != 0 {
				return code
			}
		case frameRefused:
			f, _ := readFrame(text)
			c.send(errorFrame(f.ID, tooFast(c.limit.rate)))
		case frameFlood:
			return live.Flood
		}
	}
}

// takeAside takes a frame in on a stack of its own: the reader's would grow to 8
// KiB by it and stay so, for as long as the connection is idle.
func (c *socket) takeAside(text []byte) live.Code {
	done := make(chan live.Code)
	go func() {
		code := live.Code(websocket.CloseInternalServerErr)
		defer func() { done <- code }()
		defer c.caught()
		code = c.take(text)
	}()
	return <-done
}

// caught ends this connection alone where a frame made something panic, as a
// request over HTTP would.
func (c *socket) caught() {
	if broken := recover(); broken != nil {
		c.s.opt.Log.Error("a frame panicked", "panic", fmt.Sprint(broken), "stack", string(debug.Stack()))
		c.Close(websocket.CloseInternalServerErr)
	}
}

// ownCodes is where the codes begin that an application gives a meaning of its
// own. A client's say nothing here, and would each be counted by themselves.
const ownCodes = 3000

// failed gives the code to close with after reading failed.
func (c *socket) failed(err error) live.Code {
	if errors.Is(err, websocket.ErrReadLimit) {
		return websocket.CloseMessageTooBig
	}
	if t, ok := errors.AsType[net.Error](err); ok && t.Timeout() && c.session == nil {
		return live.NoHello
	}
	if e, ok := errors.AsType[*websocket.CloseError](err); ok {
		if e.Code >= ownCodes {
			return websocket.CloseNormalClosure
		}
		return live.Code(e.Code) // the client's
	}
	return websocket.CloseAbnormalClosure
}

// Close has the connection closed with a code, once what waits is written. Any
// goroutine may call it; it does not wait.
func (c *socket) Close(code live.Code) {
	if !c.leave(code) {
		return
	}
	c.conn.SetReadDeadline(time.Now()) // the reader sees it and ends
	c.conn.NetConn().SetWriteDeadline(time.Now().Add(c.s.opt.SocketEnd))
}

// leave says that the connection is to be closed, and with what; false: it was
// said before.
func (c *socket) leave(code live.Code) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.code != 0 {
		return false
	}
	c.code, c.endBy = code, time.Now().Add(c.s.opt.SocketEnd)
	close(c.leaving)
	return true
}

// end closes the connection once the reader has ended: what is under way is
// finished, what waits is written, and then the goodbye.
func (c *socket) end(code live.Code) {
	c.leave(code)
	c.mu.Lock()
	for c.laneOn {
		c.changed.Wait()
	}
	code, by := c.code, c.endBy
	c.mu.Unlock()
	if code != websocket.CloseAbnormalClosure {
		c.kick()
	}
	c.rested()
	c.mu.Lock()
	polite := !c.broken && code != websocket.CloseAbnormalClosure && code != websocket.CloseNoStatusReceived
	c.broken = true
	c.mu.Unlock()
	if polite {
		c.goodbye(code, by)
	}
	if c.session != nil {
		c.session.Leave(c)
	}
	c.conn.Close()
	c.s.sockets.gone(c, int(code))
}

// Wake has what the session holds written.
func (c *socket) Wake() { c.kick() }

// ping has the client asked whether it is there.
func (c *socket) ping() {
	c.mu.Lock()
	c.pinging = true
	c.mu.Unlock()
	c.kick()
}

// send queues a frame that answers the client. The reader, and what it has
// done in order, call it.
func (c *socket) send(frame []byte) {
	if c.session != nil {
		c.session.Answer(frame)
		return
	}
	c.mu.Lock()
	c.early = append(c.early, frame)
	wait := len(c.early) > earlyMost
	c.mu.Unlock()
	c.kick()
	if wait {
		c.rested()
	}
}

// rested waits until nothing is being written.
func (c *socket) rested() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.writing {
		c.changed.Wait()
	}
}

// earlyMost is how many frames may wait before there is a session.
const earlyMost = 16

// kick starts the writer, or tells it that there is more.
func (c *socket) kick() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.more = true
	if !c.writing && !c.broken {
		c.writing = true
		go c.write()
	}
}

// write writes all there is, and ends.
func (c *socket) write() {
	var frames [][]byte
	for {
		c.mu.Lock()
		ping, session := c.pinging, c.session
		c.more, c.pinging = false, false
		frames = append(frames[:0], c.early...)
		c.early = nil
		c.mu.Unlock()
		if session != nil {
			frames = session.Take(c, frames)
		}
		if !c.writeAll(frames, ping) {
			c.fail()
			return
		}
		if len(frames) == 0 && c.rest() {
			return
		}
	}
}

// writeAll writes frames and a ping; false: the connection is broken.
func (c *socket) writeAll(frames [][]byte, ping bool) bool {
	for i, frame := range frames {
		frames[i] = nil
		c.conn.SetWriteDeadline(c.patience())
		if c.conn.WriteMessage(websocket.TextMessage, frame) != nil {
			return false
		}
	}
	c.s.sockets.sent.Add(uint64(len(frames)))
	return !ping || c.conn.WriteControl(websocket.PingMessage, nil, c.patience()) == nil
}

// patience is by when a frame must be written.
func (c *socket) patience() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.code != 0 {
		return c.endBy
	}
	return time.Now().Add(c.s.opt.SocketWrite)
}

// fail ends the writer, and the reader: nothing can be written any more.
func (c *socket) fail() {
	c.leave(websocket.CloseAbnormalClosure)
	c.conn.Close() // before the reader may look whether the writer has ended
	c.mu.Lock()
	c.broken, c.writing = true, false
	c.changed.Broadcast()
	c.mu.Unlock()
}

// rest ends the writer if nothing more has come.
func (c *socket) rest() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.more {
		return false
	}
	c.writing = false
	c.changed.Broadcast()
	return true
}

// laneMost is how many things of one connection wait to be done in order.
const laneMost = 64

// later has something done beside reading, after all that came before it. It
// waits while too much waits.
func (c *socket) later(do func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.lane) >= laneMost {
		c.changed.Wait()
	}
	c.lane = append(c.lane, do)
	if !c.laneOn {
		c.laneOn = true
		go c.work()
	}
}

// work does what there is to be done in order, and ends.
func (c *socket) work() {
	for {
		c.mu.Lock()
		if len(c.lane) == 0 {
			c.lane, c.laneOn = nil, false
			c.changed.Broadcast()
			c.mu.Unlock()
			return
		}
		do := c.lane[0]
		c.lane = c.lane[1:]
		c.changed.Broadcast()
		c.mu.Unlock()
		c.do(do)
	}
}

func (c *socket) do(do func()) {
	defer c.caught()
	do()
}
