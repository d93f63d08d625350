package server

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"nabo/engine/event"
	"nabo/server/live"
)

// stock gives the rig a shop: what goes together, and offers.
func (s *served) stock(t testing.TB) {
	t.Helper()
	s.receipts(t, 5, "m1", "bread", "butter")
	for _, offer := range []string{"bread", "butter"} {
		want[Change](t, s.send(t, "PUT", "/v1/offers/o-"+offer, `{"products":["`+offer+`"],"memberPrice":2.5}`), 200)
	}
}

func TestFramesThatAreWrong(t *testing.T) {
	s := serveRig(t, nil)
	p := s.connect(t)
	p.send(`{"type":"subscribe","id":"taken","data":{"topic":"trending"}}`)
	p.next("snapshot", "taken")
	long := strings.Repeat("x", 129)
	for _, c := range []struct{ frame, ref, pointer, says string }{
		{`{`, "", "", "ends too early"},
		{`[]`, "", "", "object"},
		{`{"type":"ping"}`, "", "/id", "1 to 64 bytes"},
		{`{"type":"ping","id":""}`, "", "/id", "1 to 64 bytes"},
		{`{"type":"ping","id":"` + long + `"}`, "", "/id", "1 to 64 bytes"},
		{`{"type":"ping","id":7}`, "", "/id", "a string"},
		{`{"type":"ping","id":"1","more":1}`, "1", "/more", "no such field"},
		{`{"type":"pong","id":"1"}`, "1", "/type", "hello, subscribe"},
		{`{"id":"1"}`, "1", "/type", "hello, subscribe"},
		{`{"type":"ping","id":"1","data":{"x":1}}`, "1", "/data", "none"},
		{`{"type":"hello","id":"1"}`, "1", "/type", "no second hello"},
		{`{"type":"subscribe","id":"1"}`, "1", "/data/topic", "offers, basket"},
		{`{"type":"subscribe","id":"1","data":[]}`, "1", "/data", "an object"},
		{`{"type":"subscribe","id":"1","data":{"topic":"news"}}`, "1", "/data/topic", "offers, basket"},
		{`{"type":"subscribe","id":"1","data":{"topic":"offers"}}`, "1", "/data/member", "needs it"},
		{`{"type":"subscribe","id":"1","data":{"topic":"offers","member":""}}`, "1", "/data/member", "1 to 128 bytes"},
		{`{"type":"subscribe","id":"1","data":{"topic":"offers","member":"` + long + `"}}`, "1", "/data/member", "1 to 128 bytes"},
		{`{"type":"subscribe","id":"1","data":{"topic":"offers","member":"m","session":"s"}}`, "1", "/data/session", "does not take it"},
		{`{"type":"subscribe","id":"1","data":{"topic":"offers","member":"m","count":0}}`, "1", "/data/count", "1 to 200"},
		{`{"type":"subscribe","id":"1","data":{"topic":"offers","member":"m","count":201}}`, "1", "/data/count", "1 to 200"},
		{`{"type":"subscribe","id":"1","data":{"topic":"offers","member":"m","count":"3"}}`, "1", "/data/count", "a whole number"},
		{`{"type":"subscribe","id":"1","data":{"topic":"offers","member":"m","colour":"red"}}`, "1", "/data/colour", "no such field"},
		{`{"type":"subscribe","id":"1","data":{"topic":"basket"}}`, "1", "/data/session", "needs it"},
		{`{"type":"subscribe","id":"1","data":{"topic":"basket","session":"s","scenario":"x"}}`, "1", "/data/scenario", "does not take it"},
		{`{"type":"subscribe","id":"1","data":{"topic":"nudges","session":"s"}}`, "1", "/data/member", "needs it"},
		{`{"type":"subscribe","id":"1","data":{"topic":"trending","window":"2d"}}`, "1", "/data/window", "1d, 1h, 7d"},
		{`{"type":"subscribe","id":"1","data":{"topic":"events","types":["receipt","gossip"]}}`, "1", "/data/types/1", "an event's type"},
		{`{"type":"subscribe","id":"1","data":{"topic":"events","count":3}}`, "1", "/data/count", "does not take it"},
		{`{"type":"subscribe","id":"taken","data":{"topic":"trending"}}`, "taken", "/id", "is open"},
		{`{"type":"unsubscribe","id":"1"}`, "1", "/data/ref", "that is open"},
		{`{"type":"unsubscribe","id":"1","data":{"ref":"nothing"}}`, "1", "/data/ref", "that is open"},
		{`{"type":"event","id":"1"}`, "1", "/data", "one event or an array"},
		{`{"type":"event","id":"1","data":"view"}`, "1", "/data", "one event or an array"},
		{`{"type":"event","id":"1","data":{"type":"view","data":{}}}`, "1", "/data/product", "required"},
		{`{"type":"event","id":"1","data":[` + strings.Repeat(`{"type":"view"},`, 100) + `{"type":"view"}]}`, "1", "/data", "at most 100"},
		{`{"type":"request","id":"1","data":{"op":"gossip"}}`, "1", "/data/op", "together"},
		{`{"type":"request","id":"1","data":{"op":"together"}}`, "1", "/data/params/product", "expected a value"},
		{`{"type":"request","id":"1","data":{"op":"together","params":{"product":"a","count":"x"}}}`, "1", "/data/params/count", "whole number"},
	} {
		p.send("%s", c.frame)
		f := p.next("error", c.ref)
		f.says(t, `"status":400`, c.says)
		if c.pointer != "" {
			f.says(t, `"pointer":"`+c.pointer+`"`)
		}
		p.send(`{"type":"ping","id":"still here"}`)
		p.next("pong", "still here")
	}
}

func TestFramesThatAreRight(t *testing.T) {
	s := serveRig(t, nil)
	s.stock(t)
	p := s.connect(t)
	for _, c := range []struct{ data, says string }{
		{`{"topic":"offers","member":"m1","scenario":"app-home","store":"s1","count":1}`, `"rank":1`},
		{`{"topic":"basket","session":"trip","member":"m1","store":"s1","count":3}`, `"recommId"`},
		{`{"topic":"nudges","session":"trip","member":"m1","store":"s1"}`, `"recomms":[]`},
		{`{"topic":"trending","store":"s1","window":"7d","count":3}`, `"recommId"`},
		{`{"topic":"events","types":["receipt"]}`, `"recomms":[]`},
	} {
		p.send(`{"type":"subscribe","id":"s","data":%s}`, c.data)
		f := p.next("snapshot", "s")
		f.says(t, c.says, `"asOf":{"seq":`)
		p.send(`{"type":"unsubscribe","id":"u","data":{"ref":"s"}}`)
		p.next("response", "u").says(t, `"data":{}`)
	}
	p.send(`{"type":"request","id":"r","data":{"op":"offers","params":{"member":"m1"}}}`)
	overHTTP := s.send(t, "GET", "/v1/members/m1/offers", "")
	if f := p.next("response", "r"); len(f.Data) != len(overHTTP.body)-1 {
		t.Errorf("over the socket %s, over HTTP %s", f.Data, overHTTP.body)
	}
	p.send(`{"type":"event","id":"e","data":[{"id":"v-1","type":"view","data":{"product":"bread","member":"m1"}},{"id":"v-2","type":"view","data":{}}]}`)
	p.next("ack", "e").says(t, `"accepted":1`, `"rejected":[{"index":1,"pointer":"/data/product"`, `"seq":`)
	p.send(`{"type":"event","id":"e2","data":{"id":"v-1","type":"view","data":{"product":"bread","member":"m1"}}}`)
	p.next("ack", "e2").says(t, `"duplicates":1`)
}

// What is acknowledged over one connection shows on all others that watch it.
func TestDeltas(t *testing.T) {
	s := serveRig(t, nil)
	s.stock(t)
	<-time.After(1200 * time.Millisecond) // the hub looks every second: what it has seen is no cause any more
	p, q := s.connect(t), s.connect(t)
	p.send(`{"type":"subscribe","id":"o","data":{"topic":"offers","member":"m1"}}`)
	p.next("snapshot", "o").says(t, `"o-bread"`, `"o-butter"`)
	p.send(`{"type":"subscribe","id":"e","data":{"topic":"events","types":["offer.activated"]}}`)
	p.next("snapshot", "e")
	q.send(`{"type":"event","id":"a","data":{"type":"offer.activated","data":{"offer":"o-bread","member":"m1"}}}`)
	q.next("ack", "a")
	f := p.until("delta", "o")
	f.says(t, `"removed":["o-bread"]`, `"moved":[`, `"recommId":"`, `"added":[]`)
	f.causedBy(t, "offer.activated")
	want[Change](t, s.send(t, "PUT", "/v1/offers/o-butter", `{"products":["butter"],"memberPrice":1.5}`), 200)
	f = p.until("delta", "o")
	f.says(t, `"changed":[{"id":"o-butter"`, `"memberPrice":1.5`)
	f.causedBy(t, "offer.published")
	want[Change](t, s.send(t, "DELETE", "/v1/offers/o-butter", ""), 200)
	f = p.until("delta", "o")
	f.says(t, `"removed":["o-butter"]`)
	f.causedBy(t, "offer.withdrawn")
}

func TestTheTailNamesNobody(t *testing.T) {
	s := serveRig(t, nil)
	p := s.connect(t)
	p.send(`{"type":"subscribe","id":"e","data":{"topic":"events"}}`)
	p.next("snapshot", "e")
	s.receipts(t, 1, "secret-member", "a", "b", "c", "d", "e", "f")
	f := p.next("event", "e")
	f.says(t, `"type":"receipt"`, `"store":"s1"`, `"lines":6`, `"products":["a","b","c","d","e"]`, `"seq":1`)
	if strings.Contains(f.text, "secret") {
		t.Errorf("it names the member: %s", f.text)
	}
	s.DeadLetter("receipt", "/data/lines: is required")
	p.next("event", "e").says(t, `"dead":{"reason":"/data/lines: is required","type":"receipt"}`)
	s.DeadLetter("made-up", strings.Repeat("é", 1000)[1:])
	f = p.next("event", "e")
	f.says(t, `é…","type":""}`)
	if len(f.text) > 700 || strings.Contains(f.text, "made-up") {
		t.Errorf("it shows what a sender made up, or too much of it: %s", f.text)
	}
}

func TestScanToNudge(t *testing.T) {
	s := serveRig(t, nil)
	s.stock(t)
	hold := make(chan struct{})
	inner := s.gate.applied
	s.gate.applied = func(seq uint64, group []event.Event) { <-hold; inner(seq, group) }
	p := s.connect(t)
	p.send(`{"type":"subscribe","id":"n","data":{"topic":"nudges","session":"trip","member":"m1"}}`)
	p.next("snapshot", "n")
	p.send(`{"type":"subscribe","id":"b","data":{"topic":"basket","session":"trip","member":"m1","count":5}}`)
	p.next("snapshot", "b").says(t, `"bread"`, `"butter"`)
	p.send(`{"type":"event","id":"1","data":{"type":"scan","data":{"session":"trip","member":"m1","store":"s1","product":"butter","action":"add"}}}`)
	p.next("nudge", "n").says(t, `"offer":"o-butter"`, `"product":"butter"`, `"reason":["butter is in the basket"]`, `"activated":false`, `"memberPrice":2.5`)
	p.next("delta", "b").says(t, `"removed":["butter"]`, `"cause":"scan"`) // though the gate still holds the scan
	close(hold)
	p.next("ack", "1")
	p.send(`{"type":"event","id":"2","data":{"type":"scan","data":{"session":"trip","member":"m1","store":"s1","product":"butter","action":"add"}}}`)
	p.next("ack", "2")
	<-time.After(300 * time.Millisecond) // what is in the state now is compared once more
	p.send(`{"type":"ping","id":"3"}`)
	p.next("pong", "3")
}

func TestHandshake(t *testing.T) {
	s := serveRig(t, func(o *Options) { o.AllowedOrigins = []string{"https://shop.example"} })
	plain := want[Problem](t, s.send(t, "GET", "/v1/ws", ""), 400)
	if !strings.Contains(plain.Detail, "nabo.v1") {
		t.Errorf("a request that is no websocket's: %s", plain.Detail)
	}
	refused := func(status int, says string, dialer *websocket.Dialer, header http.Header) {
		t.Helper()
		conn, resp, err := dialer.Dial("ws://"+s.addr+"/v1/ws", header)
		if err == nil {
			_ = conn.Close()
			t.Fatalf("it was let in, expected %s", says)
		}
		body := make([]byte, 1024)
		n, _ := resp.Body.Read(body)
		if resp.StatusCode != status || !strings.Contains(string(body[:n]), says) || resp.Header.Get("Content-Type") != problemType {
			t.Errorf("got %d %s, expected %d %s", resp.StatusCode, body[:n], status, says)
		}
	}
	ours := &websocket.Dialer{Subprotocols: []string{"nabo.v1"}}
	refused(400, "must be offered", websocket.DefaultDialer, nil)
	refused(400, "must be offered", &websocket.Dialer{Subprotocols: []string{"nabo.v0"}}, nil)
	refused(403, "another origin", ours, http.Header{"Origin": {"https://elsewhere.example"}})
	refused(403, "another origin", ours, http.Header{"Origin": {"null"}})
	for _, origin := range []string{"https://shop.example", "http://" + s.addr} {
		conn, resp, err := s.dial(http.Header{"Origin": {origin}})
		if err != nil {
			t.Fatalf("from %s: %v", origin, err)
		}
		if got := resp.Header.Get("Sec-WebSocket-Protocol"); got != "nabo.v1" {
			t.Errorf("the protocol is %q", got)
		}
		_ = conn.Close()
	}
	s.SetReady(false)
	refused(503, "not ready", ours, nil)
}

func TestHowConnectionsEnd(t *testing.T) {
	s := serveRig(t, func(o *Options) {
		o.MaxSocketsFrom, o.FrameRate, o.FrameBurst, o.FloodAfter = 3, 5, 10, 100*time.Millisecond
		o.Authorize = func(token string) error {
			if token == "wrong" {
				return errors.New("wrong")
			}
			return nil
		}
	})
	stranger := s.raw(t)
	stranger.send(`{"type":"hello","id":"1","data":{"token":"wrong"}}`)
	stranger.next("error", "1").says(t, `"status":401`)
	stranger.closed(int(live.NotAuthorised))

	binary := s.connect(t)
	if err := binary.conn.WriteMessage(websocket.BinaryMessage, []byte("{}")); err != nil {
		t.Fatal(err)
	}
	binary.closed(websocket.CloseProtocolError)

	large := s.connect(t)
	large.send("%s", `{"type":"ping","id":"1","data":"`+strings.Repeat("x", maxFrame)+`"}`)
	large.closed(websocket.CloseMessageTooBig)

	flood := s.connect(t)
	go func() {
		for range 1000 {
			if flood.conn.WriteMessage(websocket.TextMessage, []byte(`{"type":"ping","id":"1"}`)) != nil {
				return
			}
			<-time.After(time.Millisecond)
		}
	}()
	flood.until("error", "1").says(t, `"status":429`)
	flood.closed(int(live.Flood))

	pings := s.connect(t)
	go func() {
		for range 1000 {
			if pings.conn.WriteControl(websocket.PingMessage, []byte("x"), time.Now().Add(time.Second)) != nil {
				return
			}
			<-time.After(time.Millisecond)
		}
	}()
	pings.closed(int(live.Flood))

	s.empty(t) // a connection counts until the server has let go of it, too
	a, b, c := s.connect(t), s.connect(t), s.connect(t)
	s.raw(t).closed(int(live.TooMany))
	for _, p := range []*peer{a, b, c} {
		_ = p.conn.Close()
	}
	s.empty(t)
}

func TestPeersThatAreSilent(t *testing.T) {
	s := serveRig(t, func(o *Options) { o.SocketHello = 300 * time.Millisecond })
	quiet := s.raw(t)
	quiet.send(`{"type":"ping","id":"1"}`)
	quiet.next("error", "1").says(t, `"pointer":"/type"`, "hello")
	quiet.closed(int(live.NoHello))

	// One that says nothing more, not even to a ping, counts as gone.
	s = serveRig(t, func(o *Options) { o.SocketSilent, o.Live = 500*time.Millisecond, live.Options{Keep: time.Second} })
	dead := s.connect(t)
	dead.send(`{"type":"subscribe","id":"t","data":{"topic":"trending"}}`)
	dead.next("snapshot", "t")
	s.empty(t)
}

func TestResumeOverTheSocket(t *testing.T) {
	s := serveRig(t, nil)
	s.stock(t)
	p := s.raw(t)
	p.send(`{"type":"hello","id":"1"}`)
	session := sessionOf(t, p.next("welcome", "1"))
	p.send(`{"type":"subscribe","id":"o","data":{"topic":"offers","member":"m1"}}`)
	seq := p.next("snapshot", "o").Seq
	_ = p.conn.Close()
	want[Change](t, s.send(t, "DELETE", "/v1/offers/o-bread", ""), 200)
	q := s.raw(t)
	q.send(`{"type":"hello","id":"2","data":{"resume":{"session":%q,"seq":%d}}}`, session, seq)
	q.next("welcome", "2").says(t, `"resumed":true`, session)
	f := q.next("delta", "o")
	f.says(t, `"removed":["o-bread"]`)
	if f.Seq != seq+1 {
		t.Errorf("the frame after %d is %d", seq, f.Seq)
	}
	r := s.raw(t)
	r.send(`{"type":"hello","id":"3","data":{"resume":{"session":%q,"seq":%d}}}`, session, f.Seq)
	r.next("welcome", "3").says(t, `"resumed":true`)
	q.closed(int(live.Replaced))
	u := s.raw(t)
	u.send(`{"type":"hello","id":"4","data":{"resume":{"session":"of another server","seq":3}}}`)
	u.next("welcome", "4").says(t, `"resumed":false`)
	s.stop()
	r.closed(int(live.Stopping))
	u.closed(int(live.Stopping))
}

func sessionOf(t testing.TB, f got) string {
	t.Helper()
	_, rest, ok := strings.Cut(f.text, `"session":"`)
	name, _, _ := strings.Cut(rest, `"`)
	if !ok || name == "" {
		t.Fatalf("no session in %s", f.text)
	}
	return name
}
