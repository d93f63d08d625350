package load

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// fakeLive answers frames as nabo does, as far as a load can tell. A scan
// brings a delta and, for one product in three, a nudge; the ack comes after.
type fakeLive struct {
	fakeServer
	scanned func(n int, send func(kind, ref, data string)) // in place of that, if not nil

	wait  sync.WaitGroup
	mu    sync.Mutex
	scans int
}

func (f *fakeLive) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != livePath {
		f.fakeServer.ServeHTTP(w, r)
		return
	}
	u := websocket.Upgrader{Subprotocols: []string{subprotocol}}
	conn, err := u.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	f.wait.Go(func() {
		defer conn.Close()
		f.serve(conn)
	})
}

func (f *fakeLive) serve(conn *websocket.Conn) {
	conn.SetReadLimit(64 << 10)
	seq := 0
	send := func(kind, ref, data string) {
		number := ""
		if kind == "left out" {
			seq++
			return
		}
		if kind != "ack" && kind != "welcome" && kind != "response" && kind != "error" {
			seq++
			number = fmt.Sprintf(`"seq":%d,`, seq)
		}
		conn.WriteMessage(websocket.TextMessage, fmt.Appendf(nil, `{"type":%q,"ref":%q,%s"data":%s}`, kind, ref, number, data))
	}
	topics := map[string]string{}
	for {
		var in struct {
			Type, ID string
			Data     json.RawMessage
		}
		kind, text, err := conn.ReadMessage()
		if err != nil || kind != websocket.TextMessage || json.Unmarshal(text, &in) != nil {
			return
		}
		switch in.Type {
		case "hello":
			send("welcome", in.ID, `{"session":"1"}`)
		case "subscribe":
			var to struct{ Topic string }
			json.Unmarshal(in.Data, &to)
			topics[to.Topic] = in.ID
			if to.Topic != "nudges" {
				send("snapshot", in.ID, `{"recomms":[]}`)
			}
		case "unsubscribe":
			send("response", in.ID, `{}`)
		case "event":
			if strings.Contains(string(in.Data), `"type":"scan"`) {
				f.scan(topics, send)
			}
			send("ack", in.ID, `{"accepted":1,"rejected":[]}`)
		}
	}
}

func (f *fakeLive) scan(topics map[string]string, send func(kind, ref, data string)) {
	f.mu.Lock()
	f.scans++
	n := f.scans
	f.mu.Unlock()
	if f.scanned != nil {
		f.scanned(n, send)
		return
	}
	send("delta", topics["basket"], `{"added":[],"cause":"receipt"}`)
	send("delta", topics["basket"], `{"added":[],"cause":"scan"}`)
	if n%3 == 0 {
		send("nudge", topics["nudges"], `{"offer":"o-1"}`)
	}
}

// serveFake serves until the test is over.
func serveFake(t *testing.T, f *fakeLive) (addr string) {
	server := httptest.NewServer(f)
	t.Cleanup(func() {
		server.Close()
		f.wait.Wait()
	})
	return addrOf(server)
}

// smallLive is a load on websockets that is over in a moment.
func smallLive(t *testing.T, out, progress io.Writer) Live {
	b := Live{
		Common: small(t, out, progress), Idle: 20, IdleTopic: topicTrending, Active: 10, Scans: 200, OnOffer: 50, Commits: 50,
		Rounds: 2, WarmUp: 50 * time.Millisecond, EachAddress: 5, Peak: 100 * time.Millisecond, Good: 5, Bad: 1,
	}
	b.Members = 300
	return b
}

func TestLiveAgainstAFake(t *testing.T) {
	b := smallLive(t, nil, nil)
	b.Server = "http://" + serveFake(t, &fakeLive{})
	var report LiveReport
	runs(t, &b.Common, b.Run, &report, func(w io.Writer) { report.table(w) }, "to the nudge", "bare echo", "an idle websocket", "snapshot")
	if len(report.Rounds) != 4 || report.Rounds[1].Target != targetEcho {
		t.Fatalf("%d rounds, want 4: %+v", len(report.Rounds), report.Rounds)
	}
	// 0.3 s of 200 scans a second, twice.
	if report.Shown.Count != 120 || report.Delta.Count != 120 || report.Ack.Count != 120 || report.Echo.Count != 120 {
		t.Errorf("%d shown, %d deltas, %d acks, %d echoes; want 120 of each", report.Shown.Count, report.Delta.Count, report.Ack.Count, report.Echo.Count)
	}
	if n := report.Nudge.Count; n < 38 || n > 42 {
		t.Errorf("%d nudges, want a third of 120", n)
	}
	if report.Silent != 0 || report.Lost != 0 || report.Gaps != 0 || report.Commit.Count != 30 || report.ShownP99Ratio <= 0 {
		t.Errorf("report %+v", report)
	}
	if report.Traffic.Kinds["ack"] < 150 || report.Traffic.Kinds["nudge"] < 40 {
		t.Errorf("traffic %+v", report.Traffic)
	}
	if e := report.Idle[1]; e.Target != targetEcho || e.Resident <= 0 || e.Goroutines < 0.9 {
		t.Errorf("the echo's idle websockets take %+v", e)
	}
}

func TestLive(t *testing.T) {
	b := smallLive(t, nil, nil)
	b.Scans = 100
	var report LiveReport
	runs(t, &b.Common, b.Run, &report, func(w io.Writer) { report.table(w) }, "to the nudge", "bare echo", "an idle websocket", "trending")
	// 0.3 s of 100 scans a second, twice.
	if report.Ack.Count != 60 || report.Echo.Count != 60 || report.Shown.Count+report.Silent != 60 {
		t.Errorf("%d acks, %d echoes, %d shown, %d silent; want 60, 60 and 60 of both", report.Ack.Count, report.Echo.Count, report.Shown.Count, report.Silent)
	}
	if report.Nudge.Count == 0 || report.Delta.Count == 0 || report.Lost != 0 || report.Gaps != 0 || report.Commit.Count != 30 {
		t.Errorf("report %+v", report)
	}
	if own := report.Idle[0]; own.Target != targetServer || own.Sockets != 20 || own.Goroutines < 0.5 {
		t.Errorf("an idle websocket takes %+v", own)
	}
}

// A server that stalls once is charged for all scans that had to wait, and an
// answer is counted for the scan that brought it.
func TestScanCountsFromWhenItWasDue(t *testing.T) {
	const stall = 200 * time.Millisecond
	fake := &fakeLive{}
	fake.scanned = func(n int, send func(kind, ref, data string)) {
		if n == 20 {
			<-time.After(stall)
		}
		switch n % 4 {
		case 0:
			send("nudge", "n", `{}`)
		case 1:
			send("delta", "b", `{"cause":"scan"}`)
		case 2:
			send("delta", "b", `{"cause":"price"}`)
		}
	}
	times := scanFake(t, fake, 1, 100)
	if times.silent != 20 || times.nudge.TotalCount() != 10 || times.delta.TotalCount() != 10 || times.ack.TotalCount() != 40 {
		t.Errorf("%d silent, %d nudges, %d deltas, %d acks; want 20, 10, 10, 40",
			times.silent, times.nudge.TotalCount(), times.delta.TotalCount(), times.ack.TotalCount())
	}
	// Those due within the stall's first half waited for its second.
	if got := time.Duration(times.ack.ValueAtQuantile(80)); got < stall/2 {
		t.Errorf("a fifth of the acks took %v or more, want %v", got, stall/2)
	}
}

func TestPeakScansAgainAfterEachAck(t *testing.T) {
	fake := &fakeLive{}
	shoppers := fakeShoppers(t, fake, 4)
	rate, err := (&scanLoop{shoppers: shoppers, duration: 200 * time.Millisecond}).peak(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	fake.mu.Lock()
	defer fake.mu.Unlock()
	if fake.scans < 20 || rate != float64(fake.scans)/0.2 {
		t.Errorf("%v acks a second after %d scans in 0.2 s", rate, fake.scans)
	}
}

// scanFake has shoppers scan for 0.4 s.
func scanFake(t *testing.T, fake *fakeLive, shoppers int, rate float64) *scanTimes {
	t.Helper()
	loop := &scanLoop{shoppers: fakeShoppers(t, fake, shoppers), rate: rate, duration: 400 * time.Millisecond}
	times, err := loop.run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return times
}

// fakeShoppers opens the sockets of n shoppers.
func fakeShoppers(t *testing.T, fake *fakeLive, n int) []*shopper {
	t.Helper()
	b := smallLive(t, io.Discard, io.Discard)
	b.Active = n
	base, err := b.base(time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	f := newFleet(serveFake(t, fake), activeBlock, 0)
	t.Cleanup(func() { f.close() })
	all, err := b.openShoppers(t.Context(), f, newTrips(base, 0))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestErrorFrameEndsALoad(t *testing.T) {
	b := smallLive(t, io.Discard, io.Discard)
	b.Server = "http://" + serveFake(t, &fakeLive{scanned: func(n int, send func(kind, ref, data string)) {
		send("error", "1", `{"title":"the till is closed"}`)
	}})
	if err := b.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "the till is closed") {
		t.Errorf("error %v, want the server's", err)
	}
}

func TestFleetSeesGaps(t *testing.T) {
	fake := &fakeLive{scanned: func(n int, send func(kind, ref, data string)) {
		if n == 2 {
			send("left out", "", "")
		}
		send("delta", "b", `{}`)
	}}
	f := newFleet(serveFake(t, fake), activeBlock, 0)
	s, err := f.open(t.Context())
	if err == nil {
		err = s.shake()
	}
	if err != nil {
		t.Fatal(err)
	}
	f.follow(s, nil)
	for n, want := range []int64{0, 1, 1} {
		if err := s.write(appendFrame(nil, "event", "1", []byte(`{"type":"scan"}`))); err != nil {
			t.Fatal(err)
		}
		if err := f.await(t.Context(), ackFrame, n+1); err != nil {
			t.Fatal(err)
		}
		if got := f.gaps.Load(); got != want {
			t.Errorf("%d gaps after %d scans, want %d", got, n+1, want)
		}
	}
	if err := f.close(); err != nil {
		t.Error(err)
	}
}

func TestLiveOptionsAreChecked(t *testing.T) {
	for name, spoil := range map[string]func(*Live){
		"--idle": func(b *Live) { b.Idle = -1 }, "--idle-topic": func(b *Live) { b.IdleTopic = "weather" }, "--active": func(b *Live) { b.Active = 0 },
		"--scans": func(b *Live) { b.Scans = 0 }, "--on-offer": func(b *Live) { b.OnOffer = 101 }, "--commits": func(b *Live) { b.Commits = 0 },
		"--rounds": func(b *Live) { b.Rounds = 0 }, "--warm-up": func(b *Live) { b.WarmUp = -1 }, "--each-address": func(b *Live) { b.EachAddress = -1 }, "--good": func(b *Live) { b.Good = 0 }, "--settle": func(b *Live) { b.Settle = -1 }, "--bad": func(b *Live) { b.Bad = 0 },
	} {
		b := smallLive(t, io.Discard, io.Discard)
		spoil(&b)
		if err := b.validate(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: error %v does not name it", name, err)
		}
	}
	b := smallLive(t, io.Discard, io.Discard)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := b.Run(ctx); err == nil {
		t.Error("no error from a load that was ended before it began")
	}
}
