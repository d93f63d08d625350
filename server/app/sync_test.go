package app

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"nabo/server"
)

// TestOnlyChangesGoToTheWebhook follows a shop through what members and offers
// do, and compares what the receiver has with what the engine answers.
func TestOnlyChangesGoToTheWebhook(t *testing.T) {
	h := newHook(t)
	opt := Options{Config: settings(t.TempDir())}
	opt.SyncConfig = h.config()
	r := launch(t, opt)
	s := &shop{url: r.at.HTTP, members: 60}
	s.fill(t, 12)
	s.settle(t, h.table, agreed)
	if first := h.ends[0]; !first.Full || first.Changes != 48 {
		t.Errorf("the first sync ended with %+v, want all 48 members", first)
	}

	// settle wants a sync that sends nothing: a full one, then one in which the
	// refined edges are new, tells 96 changes at most.
	if changes, _ := h.news(); changes > 4*48 {
		t.Errorf("%d changes were sent where nothing happened", changes)
	}

	for _, step := range []struct {
		name, event string
		synced      func(i int) bool
		changes     int // at least
	}{
		{"an offer is withdrawn", `{"type":"offer.withdrawn","data":{"offer":"o-3"}}`, agreed, 48},
		{"a member withdraws personalisation", consentEvent(12, "personalisation", false),
			func(i int) bool { return agreed(i) && i != 12 }, 1},
		{"another may not be written to", consentEvent(13, "marketing", false),
			func(i int) bool { return agreed(i) && i != 12 && i != 13 }, 1},
		{"one who may not is written to by push", `{"type":"consent.changed","data":{"member":"m-10","purpose":"marketing","channel":"push","granted":true}}`,
			func(i int) bool { return (agreed(i) || i == 10) && i != 12 && i != 13 }, 1},
		{"one is erased", `{"type":"member.erased","data":{"member":"m-14"}}`,
			func(i int) bool { return (agreed(i) || i == 10) && i != 12 && i != 13 && i != 14 }, 1},
		{"one goes shopping", strings.Replace(receipt("new", "m-15", "p-9", "p-10"), `"store"`, `"chain":"c-9","store"`, 1),
			func(i int) bool { return (agreed(i) || i == 10) && i != 12 && i != 13 && i != 14 }, 1},
	} {
		h.news()
		s.post(t, "/v1/events?wait=applied", step.event)
		s.settle(t, h.table, step.synced)
		changes, useless := h.news()
		if changes < step.changes {
			t.Errorf("%s: %d changes, want %d", step.name, changes, step.changes)
		}
		if len(useless) > 0 {
			t.Errorf("%s: %d of %d changes tell what the receiver knew, such as %s", step.name, len(useless), changes, useless[0])
		}
		if last := h.ends[len(h.ends)-1]; last.Full {
			t.Errorf("%s: everything was sent: %+v", step.name, last)
		}
	}
	if got := h.people["m-15"].chains; got["c-9"].rank == 0 || got["c-9"].rank+got["c-0"].rank != 3 {
		t.Errorf("chains of m-15: %v, want the new one beside the old", got)
	}
}

func TestSyncIsShownInStatsAndMetrics(t *testing.T) {
	h := newHook(t)
	opt := Options{Config: settings(t.TempDir())}
	opt.SyncConfig = h.config()
	r := launch(t, opt)
	s := &shop{url: r.at.HTTP, members: 20}
	s.fill(t, 5)
	done := s.sync(t)
	last := done.Receivers[0].Last
	if last == nil || last.Position != r.stats().Position || last.Members != 16 || last.Changes != 16 || !last.Full || last.Why == "" {
		t.Fatalf("the last sync: %+v", last)
	}
	var stats struct{ Sync server.SyncState }
	if err := json.Unmarshal([]byte(r.get("/v1/stats")), &stats); err != nil {
		t.Fatal(err)
	}
	if got := stats.Sync.Receivers; len(got) != 1 || got[0].Name != "webhook" || got[0].Syncs != 1 || got[0].Last.Changes != 16 {
		t.Errorf("in /v1/stats: %+v", stats.Sync)
	}
	page := r.get("/metrics")
	for _, want := range []string{
		"nabo_syncs_total 1", "nabo_sync_changes_total 16", "nabo_sync_members 16", "nabo_sync_failures_total 0", "nabo_sync_dead_letter_bytes 0",
		fmt.Sprint("nabo_sync_position ", last.Position), "nabo_sync_running 0",
	} {
		if !strings.Contains(page, "\n"+want+"\n") {
			t.Errorf("/metrics does not say %q", want)
		}
	}
}

// TestDeadLettersAreSentAgain refuses one request.
func TestDeadLettersAreSentAgain(t *testing.T) {
	h := newHook(t)
	opt := Options{Config: settings(t.TempDir())}
	opt.SyncConfig = h.config()
	r := launch(t, opt)
	s := &shop{url: r.at.HTTP, members: 20}
	s.fill(t, 5)
	h.intercept(func(body []byte) int {
		if strings.Contains(string(body), `"m-2"`) {
			return http.StatusBadRequest
		}
		return 0
	})
	if got := s.sync(t).Receivers[0]; got.DeadLetterBytes == 0 || got.Syncs != 1 {
		t.Fatalf("after a refusal: %+v", got)
	}
	h.intercept(nil)
	s.post(t, "/v1/sync/redeliver", "")
	if got := s.idle(t).Receivers[0]; got.DeadLetterBytes != 0 || got.LastRedelivery == nil || got.LastRedelivery.Sent != 1 || got.LastRedelivery.Reason != "" {
		t.Fatalf("after sending again: %+v %+v", got, got.LastRedelivery)
	}
	s.settle(t, h.table, agreed)
}

// TestSyncFailureIsTold has a receiver that is not who it should be.
func TestSyncFailureIsTold(t *testing.T) {
	h := newHook(t)
	h.intercept(func([]byte) int { return http.StatusForbidden })
	opt := Options{Config: settings(t.TempDir())}
	opt.SyncConfig = h.config()
	r := launch(t, opt)
	s := &shop{url: r.at.HTTP, members: 1200} // three requests at least
	s.fill(t, 30)
	got := s.sync(t).Receivers[0]
	if got.Failures != 1 || got.Syncs != 0 || got.LastFailure == nil || !strings.Contains(got.LastFailure.Reason, "takes nothing") || got.DeadLetterBytes == 0 {
		t.Fatalf("a receiver that refuses all: %+v", got)
	}
	if strings.Contains(got.LastFailure.Reason, h.srv.URL) {
		t.Errorf("the address is in %q", got.LastFailure.Reason)
	}
	if page := r.get("/metrics"); !strings.Contains(page, "\nnabo_sync_failures_total 1\n") || !strings.Contains(page, "\nnabo_sync_position 0\n") {
		t.Error("/metrics does not show the failure")
	}
}

func TestScheduledSync(t *testing.T) {
	h := newHook(t)
	opt := Options{Config: settings(t.TempDir())}
	opt.SyncConfig = h.config()
	opt.SyncEvery = time.Second
	began := time.Now()
	r := launch(t, opt)
	s := &shop{url: r.at.HTTP, members: 20}
	s.fill(t, 5)
	<-h.ended
	if took := time.Since(began); took < opt.SyncEvery {
		t.Errorf("the first sync ended %v after the start, it should begin after %v", took, opt.SyncEvery)
	}
	<-h.ended
	if err := h.differs(s.wanted(t, agreed)); err != nil {
		<-h.ended // what is derived was refreshed
		if err := h.differs(s.wanted(t, agreed)); err != nil {
			t.Error(err)
		}
	}
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
}

func TestSyncOverNATS(t *testing.T) {
	opt := Options{Config: settings(t.TempDir())}
	opt.NATSListen = "127.0.0.1:0"
	opt.SyncConfig = SyncConfig{SyncScenario: "newsletter", SyncNATS: true}
	r := launch(t, opt)
	s := &shop{url: r.at.HTTP, members: 60}
	s.fill(t, 12)
	s.sync(t)
	nc, err := nats.Connect(r.at.NATS)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	consumer, err := js.OrderedConsumer(t.Context(), "NABO_OFFERS", jetstream.OrderedConsumerConfig{FilterSubjects: []string{"nabo.out.offers"}})
	if err != nil {
		t.Fatal(err)
	}
	b := newTable()
	next := func() { // reads up to the next End
		for ends := 0; ends == 0; {
			msg, err := consumer.Next(jetstream.FetchMaxWait(20 * time.Second))
			if err != nil {
				t.Fatal(err)
			}
			if ends, err = b.take(msg.Data()); err != nil {
				t.Fatal(err)
			}
		}
	}
	next()
	s.post(t, "/v1/events?wait=applied", consentEvent(12, "personalisation", false)+`{"type":"offer.withdrawn","data":{"offer":"o-3"}}`)
	for range 10 {
		s.sync(t)
		next()
		if err = b.differs(s.wanted(t, func(i int) bool { return agreed(i) && i != 12 })); err == nil {
			break
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	if !b.ends[0].Full || b.ends[1].Full {
		t.Errorf("ends: %+v, want the first alone full", b.ends)
	}
}

// TestSyncOffIsSaid wants the answer to say how syncs are switched on.
func TestSyncOffIsSaid(t *testing.T) {
	r := launch(t, Options{Config: settings(t.TempDir())})
	resp, err := http.Get(r.at.HTTP + "/v1/sync")
	if err != nil {
		t.Fatal(err)
	}
	var p server.Problem
	err = json.NewDecoder(resp.Body).Decode(&p)
	if err := resp.Body.Close(); err != nil {
		t.Fatal(err)
	}
	if err != nil || resp.StatusCode != http.StatusNotFound || !strings.Contains(p.Detail, "--sync-every") || !strings.Contains(p.Detail, "--webhook-url") {
		t.Errorf("%s %+v %v", resp.Status, p, err)
	}
	http.DefaultClient.CloseIdleConnections()
}
