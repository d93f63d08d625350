package app

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// childSync names a variable with the settings of syncs, as JSON, of the
// process that childEnv makes.
const childSync = "NABO_TEST_APP_SYNC"

// syncOfChild returns the settings that the test gave its child.
func syncOfChild() (c SyncConfig, err error) {
	if text := os.Getenv(childSync); text != "" {
		err = json.Unmarshal([]byte(text), &c)
	}
	return c, err
}

// TestSyncKilledAgainAndAgain kills or stops the process while it syncs, at one
// request after another, and changes what is true in between. The receiver ends
// up with what the engine has, though it forgets nothing that it was told.
func TestSyncKilledAgainAndAgain(t *testing.T) {
	h := newHook(t)
	config, err := json.Marshal(h.config())
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(childSync, string(config))
	dir := t.TempDir()
	s := &shop{members: 450}
	for round := range 5 {
		c := startSyncChild(t, dir)
		s.url = c.url
		if round == 0 {
			s.fill(t, 40)
		}
		if round == 3 {
			s.sync(t) // so that there is a state, and what follows is its journal
		}
		s.shake(t, round)
		h.endAt(c, 1+round%3, round%2 == 0, round%3 == 1)
		s.post(t, "/v1/sync", "")
		_ = c.cmd.Wait()
		h.intercept(nil)
		http.DefaultClient.CloseIdleConnections()
	}
	c := startSyncChild(t, dir)
	s.url = c.url
	s.shake(t, 8) // as when the state was written: the journal alone knows what was told since
	s.settle(t, h.table, agreed)
	if last := h.ends[len(h.ends)-1]; last.Full {
		t.Errorf("the sync after the last kill: %+v, want that only what may differ was sent", last)
	}
	http.DefaultClient.CloseIdleConnections()
}

func startSyncChild(t *testing.T, dir string) *child {
	t.Helper()
	c := startChild(t, dir)
	t.Cleanup(func() {
		_ = c.cmd.Process.Kill() // it may have ended
		_ = c.cmd.Wait()
	})
	return c
}

// endAt kills or stops the child when the hook gets its n-th request, or the
// last if there are fewer, which it refuses or takes.
func (h *hook) endAt(c *child, n int, kill, refuse bool) {
	requests := 0 // they come one after another
	h.intercept(func(body []byte) int {
		if requests++; requests < n && !strings.HasPrefix(string(body), `{"end"`) {
			return 0
		}
		if kill {
			_ = c.cmd.Process.Kill()
		} else {
			_ = c.cmd.Process.Signal(syscall.SIGTERM)
		}
		if refuse {
			return http.StatusServiceUnavailable
		}
		return 0
	})
}

// shake changes what is true of many members, in ways that another round takes
// back: what a sync that died told is not true when the next one runs.
func (s *shop) shake(t *testing.T, round int) {
	t.Helper()
	var body strings.Builder
	for i := range 8 {
		if (i+round)%2 == 0 {
			fmt.Fprintf(&body, `{"type":"offer.withdrawn","data":{"offer":"o-%d"}}`+"\n", i)
		} else {
			fmt.Fprintf(&body, `{"type":"offer.upserted","data":{"offer":"o-%d","products":["p-%d"],"memberPrice":%d}}`+"\n", i, i, i+1)
		}
	}
	for _, member := range []int{12, 22} {
		body.WriteString(consentEvent(member, "personalisation", round%2 == 0))
	}
	s.post(t, "/v1/events?wait=applied", body.String())
}

// TestSyncIsLeftWhenTheProcessStops has a receiver that never answers.
func TestSyncIsLeftWhenTheProcessStops(t *testing.T) {
	h := newHook(t)
	asked, release := make(chan struct{}, 10), make(chan struct{})
	h.intercept(func([]byte) int {
		asked <- struct{}{}
		<-release
		return http.StatusServiceUnavailable
	})
	opt := Options{Config: settings(t.TempDir())}
	opt.SyncConfig = h.config()
	r := launch(t, opt)
	s := &shop{url: r.at.HTTP, members: 20}
	s.fill(t, 5)
	s.post(t, "/v1/sync", "")
	<-asked
	began := time.Now()
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %v to stop", took)
	}
	close(release)
	h.intercept(nil)
	r = launch(t, opt)
	s.url = r.at.HTTP
	s.settle(t, h.table, agreed)
}
