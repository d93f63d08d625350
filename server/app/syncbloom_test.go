package app

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// bloom is as much of Bloomreach Engagement as the tests need.
type bloom struct {
	t   *testing.T
	srv *httptest.Server

	mu        sync.Mutex
	customers map[string]map[string]any // properties by member; guarded by mu
	updated   map[string][]int64        // update_timestamps by member; guarded by mu
	items     map[string]map[string]any // guarded by mu
	calls     map[string]int            // by the path's end; guarded by mu
}

func newBloom(t *testing.T) *bloom {
	b := &bloom{t: t, customers: map[string]map[string]any{}, updated: map[string][]int64{}, items: map[string]map[string]any{}, calls: map[string]int{}}
	b.srv = httptest.NewServer(http.HandlerFunc(b.serve))
	t.Cleanup(b.srv.Close)
	return b
}

func (b *bloom) config() SyncConfig {
	return SyncConfig{
		SyncScenario: "newsletter", BloomreachURL: b.srv.URL, BloomreachProject: "proj",
		BloomreachKeyFile: secretFile(b.t, "key", "the-key:the-secret\n"), BloomreachCatalog: "cat",
	}
}

func (b *bloom) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		b.t.Error(err)
		return
	}
	if got := r.Header.Get("Authorization"); got != "Basic "+base64.StdEncoding.EncodeToString([]byte("the-key:the-secret")) {
		b.t.Errorf("authorization: %q", got)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.calls[r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]]++
	switch r.URL.Path {
	case "/track/v2/projects/proj/batch":
		b.batchLocked(w, body)
	case "/data/v2/projects/proj/catalogs/cat/items/partial-update":
		b.itemsLocked(w, body, func(id string, properties map[string]any) { b.items[id] = properties })
	case "/data/v2/projects/proj/catalogs/cat/items/bulk-delete":
		b.itemsLocked(w, body, func(id string, _ map[string]any) { delete(b.items, id) })
	default:
		b.t.Errorf("a call to %s", r.URL.Path)
	}
}

func (b *bloom) batchLocked(w http.ResponseWriter, body []byte) {
	var call struct {
		Commands []struct {
			ID   string `json:"command_id"`
			Data struct {
				IDs        map[string]string `json:"customer_ids"`
				Properties map[string]any    `json:"properties"`
				Updated    int64             `json:"update_timestamp"`
			} `json:"data"`
		} `json:"commands"`
	}
	if err := json.Unmarshal(body, &call); err != nil || len(call.Commands) > 50 {
		b.t.Errorf("%d commands, %v", len(call.Commands), err)
	}
	type result struct {
		Success bool `json:"success"`
	}
	results := []result{}
	for _, c := range call.Commands {
		member := c.Data.IDs["registered"]
		b.customers[member] = c.Data.Properties
		b.updated[member] = append(b.updated[member], c.Data.Updated)
		results = append(results, result{true})
	}
	b.answer(w, map[string]any{"success": true, "results": results})
}

func (b *bloom) itemsLocked(w http.ResponseWriter, body []byte, do func(id string, properties map[string]any)) {
	var list []struct {
		ID         string         `json:"item_id"`
		Properties map[string]any `json:"properties"`
	}
	if err := json.Unmarshal(body, &list); err != nil {
		b.t.Error(err)
	}
	results := []map[string]any{}
	for _, item := range list {
		do(item.ID, item.Properties)
		results = append(results, map[string]any{"success": true, "queued": true})
	}
	b.answer(w, results)
}

func (b *bloom) answer(w http.ResponseWriter, v any) {
	if err := json.NewEncoder(w).Encode(v); err != nil {
		b.t.Error(err)
	}
}

// take returns how many calls there were to a route since it was last asked.
func (b *bloom) take(route string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := b.calls[route]
	b.calls[route] = 0
	return n
}

func (b *bloom) item(id string) map[string]any {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.items[id]
}

func (b *bloom) offers(member string) []any {
	b.mu.Lock()
	defer b.mu.Unlock()
	list, _ := b.customers[member]["nabo_offers"].([]any)
	return list
}

func TestBloomreachGetsOffersAndMembers(t *testing.T) {
	b := newBloom(t)
	opt := Options{Config: settings(t.TempDir())}
	opt.SyncConfig = b.config()
	r := launch(t, opt)
	s := &shop{url: r.at.HTTP, members: 20}
	s.fill(t, 5)
	s.post(t, "/v1/events?wait=applied", `{"type":"product.upserted","data":{"product":"p-1","name":"Oat milk"}}`)
	s.clean(t)
	if got := b.item("o-1"); len(b.items) != 5 || got["title"] != "Oat milk" || got["active"] != true || got["member_price"] != 2.0 {
		t.Errorf("%d items, o-1: %v", len(b.items), got)
	}
	if got := b.offers("m-2"); len(b.customers) != 16 || len(got) != 5 {
		t.Errorf("%d customers, m-2 has %v", len(b.customers), got)
	}
	b.take("partial-update")
	s.clean(t)
	if n := b.take("partial-update"); n != 0 {
		t.Errorf("%d calls to the catalogue where no offer changed", n)
	}

	s.post(t, "/v1/events?wait=applied", `{"type":"offer.withdrawn","data":{"offer":"o-1"}}`+"\n"+consentEvent(2, "marketing", false))
	s.clean(t)
	if b.item("o-1")["active"] != false || b.item("o-2")["active"] != true {
		t.Errorf("after a withdrawal, o-1: %v, o-2: %v", b.item("o-1"), b.item("o-2"))
	}
	if n := b.take("partial-update"); n != 1 {
		t.Errorf("%d calls to the catalogue for one offer", n)
	}
	if got := b.offers("m-2"); len(got) != 0 {
		t.Errorf("m-2 may not be written to and has %v", got)
	}
	if got := b.offers("m-3"); len(got) != 4 {
		t.Errorf("m-3 has %v, want the four offers that hold", got)
	}
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}

	r = launch(t, opt) // what was sent is known over a restart
	s.url = r.at.HTTP
	s.clean(t)
	if n := b.take("partial-update"); n != 0 {
		t.Errorf("%d calls to the catalogue after a restart", n)
	}
	for member, at := range b.updated {
		for i := 1; i < len(at); i++ {
			if at[i] <= at[i-1] {
				t.Errorf("%s: update_timestamps %v, which do not grow", member, at)
			}
		}
	}
}

// clean syncs, and wants nothing to fail.
func (s *shop) clean(t *testing.T) {
	t.Helper()
	if got := s.sync(t).Receivers[0]; got.LastFailure != nil || got.DeadLetterBytes != 0 {
		t.Fatalf("%+v %+v", got, got.LastFailure)
	}
}
