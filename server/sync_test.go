package server

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"
)

// syncSamples are those of syncs.
func syncSamples() map[string][]sample {
	return map[string][]sample{
		"get-sync":            {{"", "", "", 200}, {"", "x=1", "", 400}},
		"post-sync":           {{"", "", "", 202}, {"", "x=1", "", 400}},
		"post-sync-redeliver": {{"", "", "", 202}, {"", "x=1", "", 400}},
	}
}

// fakeSyncs counts what it is asked for.
type fakeSyncs struct{ started, redelivered int }

func (f *fakeSyncs) Start()     { f.started++ }
func (f *fakeSyncs) Redeliver() { f.redelivered++ }
func (f *fakeSyncs) State() SyncState {
	at := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	return SyncState{
		Scenario: "newsletter", Every: 600, Next: &at, Asked: f.started > 0, Redelivering: f.redelivered > 0,
		Receivers: []SyncReceiver{
			{Name: "nats", Syncs: 2, Changes: 5, Last: &SyncDone{Position: 9, Time: at, Members: 4, Changes: 2}},
			{Name: "webhook", Syncs: 1, Changes: 3, Failures: 1, DeadLetterBytes: 70,
				Last:        &SyncDone{Position: 7, Time: at.Add(-time.Minute), Members: 3, Changes: 3, Full: true, Why: "there is no state"},
				LastFailure: &SyncFailure{Time: at, Reason: "away"}},
		},
	}
}

func TestSyncRoutes(t *testing.T) {
	fake := &fakeSyncs{}
	r := newRig(t, func(o *Options) { o.Syncs = fake })
	for _, c := range []struct {
		method, path string
		status       int
		want         []string
	}{
		{"GET", "/v1/sync", 200, []string{`"scenario":"newsletter"`, `"everySeconds":600`, `"deadLetterBytes":70`, `"position":9`, `"reason":"away"`, `"asked":false`}},
		{"POST", "/v1/sync", 202, []string{`"asked":true`, `"redelivering":false`}},
		{"POST", "/v1/sync/redeliver", 202, []string{`"redelivering":true`}},
		{"GET", "/v1/sync?x=1", 400, []string{"/x"}},
		{"DELETE", "/v1/sync", 405, []string{"GET", "POST"}},
	} {
		got := r.send(t, c.method, c.path, "")
		status, body := got.status, string(got.body)
		if status != c.status {
			t.Errorf("%s %s: %d %s", c.method, c.path, status, body)
		}
		for _, part := range c.want {
			if !strings.Contains(body, part) {
				t.Errorf("%s %s does not say %s: %s", c.method, c.path, part, body)
			}
		}
	}
	if fake.started != 1 || fake.redelivered != 1 {
		t.Errorf("asked %d and %d times, want once each", fake.started, fake.redelivered)
	}
}

func TestSyncInStatsAndMetrics(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Syncs = &fakeSyncs{} })
	body := string(r.send(t, "GET", "/v1/stats", "").body)
	var stats struct{ Sync *SyncState }
	if err := json.Unmarshal([]byte(body), &stats); err != nil || stats.Sync == nil || len(stats.Sync.Receivers) != 2 {
		t.Errorf("%v %s", err, body)
	}
	page := string(r.send(t, "GET", "/metrics", "").body)
	for _, want := range []string{
		"nabo_syncs_total 3", "nabo_sync_failures_total 1", "nabo_sync_changes_total 8", "nabo_sync_dead_letter_bytes 70",
		"nabo_sync_position 7", "nabo_sync_members 3", "nabo_sync_time_seconds 1.79526234e+09",
	} {
		if !strings.Contains(page, "\n"+want+"\n") {
			t.Errorf("/metrics does not say %q", want)
		}
	}
}

func TestSyncOff(t *testing.T) {
	r := newRig(t, nil)
	for _, path := range []string{"/v1/sync", "/v1/sync/redeliver"} {
		wantProblem(t, r.send(t, "POST", path, ""), http.StatusNotFound, syncOff, "--sync-nats")
	}
	if body := string(r.send(t, "GET", "/v1/stats", "").body); strings.Contains(body, `"sync"`) {
		t.Errorf("in /v1/stats: %s", body)
	}
	if page := string(r.send(t, "GET", "/metrics", "").body); strings.Contains(page, "nabo_sync") {
		t.Error("/metrics shows syncs that there are not")
	}
}
