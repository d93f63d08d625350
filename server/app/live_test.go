package app

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// watcher is a client of the websocket.
type watcher struct {
	t    *testing.T
	conn *websocket.Conn
}

// frame is a server's frame.
type frame struct {
	Type, Ref string
	Seq       uint64
	Data      json.RawMessage
}

func (r *running) watch() *watcher {
	r.t.Helper()
	dialer := websocket.Dialer{Subprotocols: []string{"nabo.v1"}}
	conn, _, err := dialer.Dial("ws"+strings.TrimPrefix(r.at.HTTP, "http")+"/v1/ws", nil)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = conn.Close() })
	return &watcher{r.t, conn}
}

func (w *watcher) send(text string) {
	w.t.Helper()
	if err := w.conn.WriteMessage(websocket.TextMessage, []byte(text)); err != nil {
		w.t.Fatal(err)
	}
}

// next returns the next frame, which must be of a type and answer a frame.
func (w *watcher) next(kind, ref string) frame {
	w.t.Helper()
	if err := w.conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		w.t.Fatal(err)
	}
	_, text, err := w.conn.ReadMessage()
	if err != nil {
		w.t.Fatal(err)
	}
	var f frame
	if err := json.Unmarshal(text, &f); err != nil {
		w.t.Fatalf("%v: %s", err, text)
	}
	if f.Type != kind || f.Ref != ref {
		w.t.Fatalf("expected %s of %q, got %s", kind, ref, text)
	}
	return f
}

func (f frame) says(t *testing.T, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(string(f.Data), part) {
			t.Fatalf("the %s lacks %s: %s", f.Type, part, f.Data)
		}
	}
}

func TestWatchingAWholeProcess(t *testing.T) {
	r := launch(t, Options{Config: settings(t.TempDir())})
	for i := range 5 {
		r.post("/v1/events?wait=applied", receipt(fmt.Sprint("r-", i), "m-1", "bread", "butter"))
	}
	put := func(path, body string) {
		t.Helper()
		req, err := http.NewRequest(http.MethodPut, r.at.HTTP+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		resp, err := http.DefaultClient.Do(req)
		r.read(path, resp, err)
	}
	put("/v1/offers/o-butter", `{"products":["butter"],"memberPrice":2.5}`)
	put("/v1/offers/o-bread", `{"products":["bread"],"memberPrice":1.5}`)

	w := r.watch()
	w.send(`{"type":"hello","id":"1"}`)
	w.next("welcome", "1").says(t, `"resumed":false`, `"window":256`, `"heartbeat":25`)
	w.send(`{"type":"subscribe","id":"o","data":{"topic":"offers","member":"m-1"}}`)
	w.next("snapshot", "o").says(t, `"recommId"`, `"o-butter"`, `"o-bread"`)
	w.send(`{"type":"subscribe","id":"b","data":{"topic":"basket","session":"trip-7","member":"m-1","count":5}}`)
	w.next("snapshot", "b").says(t, `"recomms":[{`)
	w.send(`{"type":"subscribe","id":"n","data":{"topic":"nudges","session":"trip-7","member":"m-1"}}`)
	w.next("snapshot", "n").says(t, `"recomms":[]`)
	w.send(`{"type":"subscribe","id":"t","data":{"topic":"trending","window":"7d"}}`)
	w.next("snapshot", "t").says(t, `"recomms":[`)
	w.send(`{"type":"ping","id":"p"}`)
	w.next("pong", "p")
	w.send(`{"type":"request","id":"q","data":{"op":"together","params":{"product":"bread"}}}`)
	w.next("response", "q").says(t, `"butter"`)

	w.send(`{"type":"event","id":"e","data":{"id":"s-1","type":"scan","data":{"session":"trip-7","member":"m-1","store":"17","product":"butter","action":"add"}}}`)
	seen := map[string]bool{}
	for !seen["ack"] || !seen["nudge"] || !seen["delta b"] {
		f := w.any()
		if seen["ack"] && f.Type == "nudge" {
			t.Fatalf("a nudge came after the acknowledgement: %s", f.Data)
		}
		switch f.Type {
		case "nudge":
			f.says(t, `"offer":"o-butter"`, `"product":"butter"`, `"butter is in the basket"`, `"activated":false`, `"memberPrice":2.5`)
		case "ack":
			f.says(t, `"accepted":1`, `"seq":`)
		case "delta":
			f.says(t, `"cause":`)
		}
		seen[f.Type] = true
		seen[f.Type+" "+f.Ref] = true
	}

	req, err := http.NewRequest(http.MethodDelete, r.at.HTTP+"/v1/offers/o-bread", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	r.read("/v1/offers/o-bread", resp, err)
	for {
		f := w.any()
		if f.Type == "delta" && f.Ref == "o" && strings.Contains(string(f.Data), `"removed":["o-bread"]`) {
			if !strings.Contains(string(f.Data), `"cause":"several"`) { // with the scan, if that was just now
				f.says(t, `"cause":"offer.withdrawn"`)
			}
			break
		}
	}
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	for {
		_, _, err := w.conn.ReadMessage()
		if websocket.IsCloseError(err, 4000) {
			return
		}
		if err != nil {
			t.Fatalf("expected to be told that the server stops, got %v", err)
		}
	}
}

// any returns the next frame.
func (w *watcher) any() frame {
	w.t.Helper()
	if err := w.conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		w.t.Fatal(err)
	}
	_, text, err := w.conn.ReadMessage()
	if err != nil {
		w.t.Fatal(err)
	}
	var f frame
	if err := json.Unmarshal(text, &f); err != nil {
		w.t.Fatalf("%v: %s", err, text)
	}
	return f
}
