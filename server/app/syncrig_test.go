package app

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"nabo/server"
	"nabo/server/push"
)

// The two secrets of the tests: one as the scheme writes them, one as it is.
const (
	newSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	oldSecret = "an old secret, thirty bytes or so"
)

// held is an entry of a receiver's table.
type held struct {
	score float64
	rank  int
}

// person is what a receiver has of one member.
type person struct{ offers, chains map[string]held }

// table is what a receiver has of all, by the rules that package push states.
type table struct {
	mu      sync.Mutex
	people  map[string]person
	seqs    map[string]uint64 // of each member's newest change
	changes int               // since cleared
	useless []string          // changes that changed nothing, of those that are not full
	ends    []push.End
}

func newTable() *table { return &table{people: map[string]person{}, seqs: map[string]uint64{}} }

// take applies NDJSON, and returns how many of its lines are ends.
func (b *table) take(body []byte) (ends int, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for line := range strings.Lines(string(body)) {
		var c struct {
			push.Change
			End *push.End `json:"end"`
		}
		if err := json.Unmarshal([]byte(line), &c); err != nil {
			return ends, err
		}
		if c.End != nil {
			ends++
			b.endLocked(*c.End)
			continue
		}
		b.changes++
		b.seqs[c.Member] = c.Seq
		if !b.applyLocked(&c.Change) && !c.Full {
			b.useless = append(b.useless, line)
		}
	}
	return ends, nil
}

func (b *table) endLocked(e push.End) {
	b.ends = append(b.ends, e)
	for member, seq := range b.seqs {
		if e.Full && seq < e.Seq {
			delete(b.people, member)
		}
	}
}

// applyLocked says whether every entry of the change was news.
func (b *table) applyLocked(c *push.Change) bool {
	had, known := b.people[c.Member]
	if c.Gone {
		delete(b.people, c.Member)
		return known
	}
	if c.Full || !known {
		had = person{map[string]held{}, map[string]held{}}
		b.people[c.Member] = had
	}
	return apply(had.offers, &c.Offers) && apply(had.chains, &c.Chains)
}

func apply(to map[string]held, d *push.Delta) bool {
	news := true
	for _, id := range d.Removed {
		_, there := to[id]
		news = news && there
		delete(to, id)
	}
	for _, s := range d.Set {
		next := held{s.Score, s.Rank}
		news = news && to[s.ID] != next
		to[s.ID] = next
	}
	return news
}

// news returns what came since the last call.
func (b *table) news() (changes int, useless []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	changes, useless = b.changes, b.useless
	b.changes, b.useless = 0, nil
	return changes, useless
}

// differs compares the table with what the members should be held with.
func (b *table) differs(want map[string]person) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for member, w := range want {
		g := b.people[member]
		for what, pair := range map[string][2]map[string]held{"offers": {g.offers, w.offers}, "chains": {g.chains, w.chains}} {
			if err := unlike(pair[0], pair[1]); err != nil {
				return fmt.Errorf("%s of %s: %w", what, member, err)
			}
		}
	}
	for member := range b.people {
		if _, ok := want[member]; !ok {
			return fmt.Errorf("%s is held and should not be", member)
		}
	}
	return nil
}

func unlike(got, want map[string]held) error {
	if len(got) != len(want) {
		return fmt.Errorf("%d are held, want %d: %v, want %v", len(got), len(want), got, want)
	}
	for id, w := range want {
		// A score may be off by the tolerance and half a thousandth.
		if g, ok := got[id]; !ok || g.rank != w.rank || math.Abs(g.score-w.score) > syncTolerance+0.001 {
			return fmt.Errorf("%s is held as %v, want %v", id, g, w)
		}
	}
	return nil
}

// hook is a webhook's receiver on this machine.
type hook struct {
	t *testing.T
	*table
	srv   *httptest.Server
	ended chan struct{} // gets one for each End

	mu     sync.Mutex
	before func(body []byte) int // asked first: a status other than 0 is the answer; guarded by mu
}

func newHook(t *testing.T) *hook {
	h := &hook{t: t, table: newTable(), ended: make(chan struct{}, 100)}
	h.srv = httptest.NewServer(http.HandlerFunc(h.serve))
	t.Cleanup(h.srv.Close)
	return h
}

func (h *hook) intercept(before func(body []byte) int) {
	h.mu.Lock()
	h.before = before
	h.mu.Unlock()
}

func (h *hook) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the sender was killed
	}
	h.mu.Lock()
	before := h.before
	h.mu.Unlock()
	if before != nil {
		if status := before(body); status != 0 {
			w.WriteHeader(status)
			return
		}
	}
	if err := checkSignatures(r.Header, body); err != nil {
		h.t.Errorf("signature: %v", err)
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	ends, err := h.take(body)
	if err != nil {
		h.t.Errorf("%s: %v", body, err)
	}
	for range ends {
		h.ended <- struct{}{}
	}
}

// checkSignatures wants one signature by each secret.
func checkSignatures(header http.Header, body []byte) error {
	id, stamp := header.Get("webhook-id"), header.Get("webhook-timestamp")
	at, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || time.Since(time.Unix(at, 0)).Abs() > 5*time.Minute {
		return fmt.Errorf("timestamp %q", stamp)
	}
	raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(newSecret, "whsec_"))
	if err != nil {
		return err
	}
	var want []string
	for _, key := range [][]byte{raw, []byte(oldSecret)} {
		mac := hmac.New(sha256.New, key)
		fmt.Fprintf(mac, "%s.%s.%s", id, stamp, body)
		want = append(want, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}
	if got := header.Get("webhook-signature"); got != strings.Join(want, " ") {
		return fmt.Errorf("%q, want %q", got, want)
	}
	return nil
}

// config are the settings that send to the hook.
func (h *hook) config() SyncConfig {
	h.t.Helper()
	return SyncConfig{
		SyncScenario: "newsletter", WebhookURL: h.srv.URL,
		WebhookSecretFile: secretFile(h.t, "webhook", newSecret+"\n\n  "+oldSecret+"\n"),
	}
}

func secretFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// shop is what the tests fill a process with.
type shop struct {
	url     string
	members int
}

// fill sends offers, receipts and consents. Of ten members, the first says
// nothing, so that no message may be sent to them; the second withdraws
// personalisation; the others agree to be written to.
func (s *shop) fill(t *testing.T, offers int) {
	t.Helper()
	var body strings.Builder
	for i := range offers {
		fmt.Fprintf(&body, `{"type":"offer.upserted","data":{"offer":"o-%d","products":["p-%d"],"memberPrice":%d}}`+"\n", i, i, i+1)
	}
	for i := range s.members {
		fmt.Fprintf(&body, `{"type":"receipt","source":"till","id":"r-%d","time":"2026-11-20T10:00:00Z","data":{"store":"s-%d","chain":"c-%d","member":"m-%d","products":["p-%d","p-%d","p-%d"]}}`+"\n",
			i, i%7, i%3, i, i%offers, (i/2)%offers, (i/3)%offers)
		switch i % 10 {
		case 0:
		case 1:
			body.WriteString(consentEvent(i, "marketing", true) + consentEvent(i, "personalisation", false))
		default:
			body.WriteString(consentEvent(i, "marketing", true))
		}
		if i%200 == 199 { // fewer events than a request may hold
			s.post(t, "/v1/events", body.String())
			body.Reset()
		}
	}
	body.WriteString(consentEvent(0, "personalisation", true))
	s.post(t, "/v1/events?wait=applied", body.String())
}

func consentEvent(member int, purpose string, granted bool) string {
	return fmt.Sprintf(`{"type":"consent.changed","data":{"member":"m-%d","purpose":%q,"granted":%t}}`+"\n", member, purpose, granted)
}

func (s *shop) post(t *testing.T, path, body string) []byte {
	t.Helper()
	form := "application/x-ndjson"
	if !strings.HasPrefix(path, "/v1/events") {
		form = "application/json"
	}
	resp, err := http.Post(s.url+path, form, strings.NewReader(body))
	return s.read(t, path, resp, err)
}

func (s *shop) get(t *testing.T, path string) []byte {
	t.Helper()
	resp, err := http.Get(s.url + path)
	return s.read(t, path, resp, err)
}

func (s *shop) read(t *testing.T, path string, resp *http.Response, err error) []byte {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode/100 != 2 {
		t.Fatalf("%s: %s %v: %s", path, resp.Status, err, b)
	}
	if strings.Contains(string(b), `"rejected":[{`) {
		t.Fatalf("%s: %s", path, b)
	}
	return b
}

// sync asks for a sync, waits for its end, and returns how it stands.
func (s *shop) sync(t *testing.T) server.SyncState {
	t.Helper()
	s.post(t, "/v1/sync", "")
	return s.idle(t)
}

// idle waits until nothing is being sent.
func (s *shop) idle(t *testing.T) server.SyncState {
	t.Helper()
	for deadline := time.Now().Add(60 * time.Second); ; {
		var state server.SyncState
		if err := json.Unmarshal(s.get(t, "/v1/sync"), &state); err != nil {
			t.Fatal(err)
		}
		if !state.Running && !state.Asked && !state.Redelivering {
			return state
		}
		if time.Now().After(deadline) {
			t.Fatalf("a sync does not end: %+v", state)
		}
		<-time.After(5 * time.Millisecond)
	}
}

// wanted is what a receiver is to have, by what the engine answers online.
func (s *shop) wanted(t *testing.T, synced func(i int) bool) map[string]person {
	t.Helper()
	out := map[string]person{}
	for i := range s.members {
		if !synced(i) {
			continue
		}
		id := fmt.Sprint("m-", i)
		p := person{map[string]held{}, map[string]held{}}
		var list struct {
			Recomms []struct {
				ID    string
				Score float64
				Rank  int
			}
		}
		if err := json.Unmarshal(s.get(t, "/v1/members/"+id+"/offers?scenario=newsletter"), &list); err != nil {
			t.Fatal(err)
		}
		for _, r := range list.Recomms {
			p.offers[r.ID] = held{r.Score, r.Rank}
		}
		var leans struct {
			Chains []struct {
				ID    string
				Score float64
			}
		}
		if err := json.Unmarshal(s.get(t, "/v1/members/"+id+"/affinity?count=100"), &leans); err != nil {
			t.Fatal(err)
		}
		for rank, c := range leans.Chains {
			p.chains[c.ID] = held{c.Score, rank + 1}
		}
		out[id] = p
	}
	return out
}

// settle syncs until nothing changes and the receiver has what the engine
// answers. What is derived from the state is refreshed meanwhile, so it may
// take several.
func (s *shop) settle(t *testing.T, b *table, synced func(i int) bool) {
	t.Helper()
	err := errors.New("changes come again and again")
	for range 20 {
		r := s.sync(t).Receivers[0]
		if r.LastFailure != nil {
			t.Fatalf("a sync failed: %s", r.LastFailure.Reason)
		}
		if r.Last.Changes > 0 {
			continue
		}
		if err = b.differs(s.wanted(t, synced)); err == nil {
			return
		}
	}
	t.Fatalf("the receiver does not have what the engine has: %v", err)
}

// agreed says of whom fill makes a member that is synced.
func agreed(i int) bool { return i%10 > 1 }
