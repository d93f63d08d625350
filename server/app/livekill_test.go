package app

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// A process that is killed while somebody scans loses nothing that it has
// acknowledged: the client comes back, watches again, sends again what was not
// acknowledged, and each scan counts once.
func TestKilledWhileSomebodyScans(t *testing.T) {
	dir := t.TempDir()
	s := scanner{t: t}
	for range 3 {
		c := startChild(t, dir)
		s.connect(c.url)
		s.scan(5 + rand.IntN(40))
		_ = c.cmd.Process.Kill()
		_ = c.cmd.Wait()
		s.broken()
	}
	c := startChild(t, dir)
	s.connect(c.url)
	s.scan(3)
	for ; s.acked < s.sent; s.acked++ {
		s.until("ack")
	}
	(&running{t: t, at: Addresses{HTTP: c.url}}).post("/v1/events?wait=applied", `{"type":"view","data":{"product":"p1"}}`)
	resp, err := http.Get(c.url + "/v1/stats")
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	http.DefaultClient.CloseIdleConnections()
	var stats statsOf
	if err != nil || json.Unmarshal(body, &stats) != nil {
		t.Fatalf("%v: %s", err, body)
	}
	if stats.Events.Applied != uint64(s.sent)+1 {
		t.Errorf("%d events are applied, %d scans and a view were sent", stats.Events.Applied, s.sent)
	}
	_ = s.conn.Close()
	_ = c.cmd.Process.Kill()
	_ = c.cmd.Wait()
}

// scanner is a client that scans over the socket, and scans again what was not
// acknowledged.
type scanner struct {
	t       *testing.T
	conn    *websocket.Conn
	session string
	seq     uint64
	sent    int // scans so far; each has its number as its id
	acked   int // all up to here
}

func (s *scanner) connect(url string) {
	s.t.Helper()
	dialer := websocket.Dialer{Subprotocols: []string{"nabo.v1"}}
	conn, _, err := dialer.Dial("ws"+strings.TrimPrefix(url, "http")+"/v1/ws", nil)
	if err != nil {
		s.t.Fatal(err)
	}
	s.conn = conn
	hello := `{"type":"hello","id":"h"}`
	if s.session != "" {
		hello = fmt.Sprintf(`{"type":"hello","id":"h","data":{"resume":{"session":%q,"seq":%d}}}`, s.session, s.seq)
	}
	s.write(hello)
	var welcome struct {
		Session string
		Resumed bool
	}
	f := s.until("welcome")
	if err := json.Unmarshal(f.Data, &welcome); err != nil || welcome.Resumed {
		s.t.Fatalf("%v: another process goes on with the session: %s", err, f.Data)
	}
	s.session, s.seq = welcome.Session, 0
	s.write(`{"type":"subscribe","id":"b","data":{"topic":"basket","session":"trip","count":5}}`)
	s.until("snapshot")
	for i := s.acked; i < s.sent; i++ {
		s.write(scanFrame(i))
		s.until("ack")
	}
	s.acked = s.sent
}

func scanFrame(i int) string {
	return fmt.Sprintf(`{"type":"event","id":"e%d","data":{"id":"scan-%d","type":"scan","data":{"session":"trip","store":"17","product":"p%d","action":"add"}}}`, i, i, i%20)
}

// scan scans so often, and reads all acknowledgements but the last few.
func (s *scanner) scan(n int) {
	s.t.Helper()
	for i := range n {
		s.write(scanFrame(s.sent))
		s.sent++
		if i >= 3 {
			s.until("ack")
			s.acked++
		}
	}
}

// broken reads what is left of a connection.
func (s *scanner) broken() {
	for {
		_, text, err := s.conn.ReadMessage()
		if err != nil {
			_ = s.conn.Close()
			return
		}
		if strings.HasPrefix(string(text), `{"type":"ack"`) {
			s.acked++
		}
	}
}

func (s *scanner) write(text string) {
	s.t.Helper()
	if err := s.conn.WriteMessage(websocket.TextMessage, []byte(text)); err != nil {
		s.t.Fatal(err)
	}
}

func (s *scanner) until(kind string) frame {
	s.t.Helper()
	for {
		if err := s.conn.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
			s.t.Fatal(err)
		}
		_, text, err := s.conn.ReadMessage()
		if err != nil {
			s.t.Fatal(err)
		}
		var f frame
		if err := json.Unmarshal(text, &f); err != nil {
			s.t.Fatalf("%v: %s", err, text)
		}
		s.seq = max(s.seq, f.Seq)
		if f.Type == kind {
			return f
		}
	}
}
