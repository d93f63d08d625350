package server

import (
	"fmt"
	"math/rand/v2"
	"net"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"nabo/server/live"
)

// Half-open peers, slow readers, floods and bad frames disturb nobody else, and
// leave nothing behind.
func TestChaosOnTheSocket(t *testing.T) {
	s := serveRig(t, func(o *Options) {
		o.Live = live.Options{Keep: 500 * time.Millisecond, Slow: time.Second, Queue: 32, QueueBytes: 32 << 10}
		o.SocketEnd = 500 * time.Millisecond
		o.FloodAfter = 300 * time.Millisecond
	})
	s.stock(t)
	_ = s.connect(t).conn.Close() // so that all that always runs does
	s.empty(t)
	before := runtime.NumGoroutine()

	var good, bad sync.WaitGroup
	stop := make(chan struct{})
	var calm []*calmPeer
	for i := range 8 {
		c := &calmPeer{peer: s.connect(t), trip: fmt.Sprint("trip-", i)}
		calm = append(calm, c)
		good.Go(func() { c.run(stop) })
	}
	for i := range 6 {
		rnd := rand.New(rand.NewPCG(1, uint64(i)))
		bad.Go(func() { s.misbehave(rnd, i, stop) })
	}
	for i := range 100 {
		s.receipts(t, 1, "", "bread", "butter", fmt.Sprint("p", i%20))
		want[Change](t, s.send(t, "PUT", fmt.Sprint("/v1/offers/x-", i%5), fmt.Sprintf(`{"products":["butter"],"memberPrice":%d}`, 1+i)), 200)
		<-time.After(10 * time.Millisecond)
	}
	close(stop)
	bad.Wait()
	good.Wait()
	for _, c := range calm {
		if c.failed != nil {
			t.Errorf("%s: %v", c.trip, c.failed)
		}
		if c.acks == 0 || c.acks != c.sent || c.nudges == 0 {
			t.Errorf("%s: %d scans, %d acknowledged, %d nudges", c.trip, c.sent, c.acks, c.nudges)
		}
		_ = c.conn.Close()
	}
	s.empty(t)
	for end := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before; <-time.After(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d goroutines, before there were %d", runtime.NumGoroutine(), before)
		}
	}
	closed := s.liveStats().Closed
	for _, code := range []int{int(live.Flood), websocket.CloseAbnormalClosure, websocket.CloseProtocolError} {
		if closed[fmt.Sprint(code)] == 0 {
			t.Errorf("nobody was closed with %d: %v", code, closed)
		}
	}
}

// calmPeer scans now and then and reads all it gets: it must not notice
// anything of the others.
type calmPeer struct {
	*peer
	trip               string
	sent, acks, nudges int
	failed             error
}

func (c *calmPeer) run(stop <-chan struct{}) {
	c.send(`{"type":"subscribe","id":"b","data":{"topic":"basket","session":%q,"member":"m1"}}`, c.trip)
	c.send(`{"type":"subscribe","id":"n","data":{"topic":"nudges","session":%q,"member":"m1"}}`, c.trip)
	c.send(`{"type":"subscribe","id":"o","data":{"topic":"offers","member":"m1"}}`)
	done := make(chan struct{})
	go func() { defer close(done); c.watch() }()
	for going := true; going; {
		select {
		case <-stop:
			going = false
		case <-done:
			return
		case <-time.After(25 * time.Millisecond):
		}
		c.sent++
		product := []string{"bread", "butter"}[c.sent%2]
		action := []string{"add", "add", "remove", "remove"}[c.sent%4]
		c.send(`{"type":"event","id":"e%d","data":{"type":"scan","data":{"session":%q,"member":"m1","store":"s1","product":%q,"action":%q}}}`, c.sent, c.trip, product, action)
	}
	c.send(`{"type":"ping","id":"last"}`)
	<-done
}

// watch reads until the answer to the last ping.
func (c *calmPeer) watch() {
	seq, last := uint64(0), false
	for !last || c.acks < c.sent {
		f, err := c.read()
		if err != nil {
			c.failed = err
			return
		}
		switch {
		case f.Seq != 0 && f.Seq != seq+1:
			c.failed = fmt.Errorf("frame %d came after %d", f.Seq, seq)
			return
		case f.Type == "resync" || f.Type == "error":
			c.failed = fmt.Errorf("it got %s", f.text)
			return
		case f.Type == "ack":
			c.acks++
		case f.Type == "nudge":
			c.nudges++
		}
		if f.Seq != 0 {
			seq = f.Seq
		}
		last = last || f.Type == "pong"
	}
}

// misbehave connects again and again, each time as another kind of nuisance.
func (s *served) misbehave(rnd *rand.Rand, first int, stop <-chan struct{}) {
	for round := first; ; round++ {
		select {
		case <-stop:
			if round >= first+2 {
				return
			}
		default:
		}
		conn, _, err := s.dial(nil)
		if err != nil {
			return
		}
		_ = conn.WriteMessage(websocket.TextMessage, []byte(`{"type":"hello","id":"1"}`))
		for _, topic := range []string{`"events"`, `"trending"`, `"offers","member":"m1"`, `"basket","session":"trip-0"`} {
			_ = conn.WriteMessage(websocket.TextMessage, []byte(`{"type":"subscribe","id":"x`+fmt.Sprint(len(topic))+`","data":{"topic":`+topic+`}}`))
		}
		switch round % 6 {
		case 0: // never reads, with little room, and asks for much
			_ = conn.NetConn().(*net.TCPConn).SetReadBuffer(1024)
			_ = conn.SetWriteDeadline(time.Now().Add(time.Second))
			for conn.WriteMessage(websocket.TextMessage, []byte(`{"type":"request","id":"r","data":{"op":"offers","params":{"member":"m1","explain":true}}}`)) == nil {
				<-time.After(time.Duration(rnd.IntN(3)) * time.Millisecond)
			}
		case 1: // floods
			_ = conn.SetWriteDeadline(time.Now().Add(time.Second))
			go drain(conn)
			for conn.WriteMessage(websocket.TextMessage, []byte(`{"type":"ping","id":"1"}`)) == nil {
				<-time.After(50 * time.Microsecond)
			}
		case 2: // writes nonsense
			for range 50 {
				junk := make([]byte, rnd.IntN(200))
				for i := range junk {
					junk[i] = byte(' ' + rnd.IntN(95))
				}
				_ = conn.WriteMessage(websocket.TextMessage, junk)
			}
		case 3: // and bytes
			go drain(conn)
			_ = conn.WriteMessage(websocket.BinaryMessage, []byte{1, 2, 3})
			<-time.After(50 * time.Millisecond)
		case 4: // goes without a word in the middle of a frame
			_, _ = conn.NetConn().Write([]byte{0x81, 0xfe, 0x10, 0x00, 1, 2})
			<-time.After(time.Duration(rnd.IntN(20)) * time.Millisecond)
		case 5: // half open: neither reads, nor writes, nor closes
			<-time.After(time.Duration(rnd.IntN(400)) * time.Millisecond)
		}
		_ = conn.Close()
	}
}

func drain(conn *websocket.Conn) {
	for {
		if _, _, err := conn.ReadMessage(); err != nil {
			return
		}
	}
}
