package push

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"nabo/engine/event"
)

// bloom is a server that takes what the documentation says, and nothing else.
type bloom struct {
	t     *testing.T
	named bool // results name their commands, in another order
	calls int
	data  map[string]commandData // by registered id
	items map[string]map[string]any
}

func (b *bloom) ServeHTTP(rw http.ResponseWriter, req *http.Request) {
	b.calls++
	key, secret, ok := req.BasicAuth()
	if !ok || key != "key" || secret != "s3cr3t" || req.Method != http.MethodPost || req.Header.Get("Content-Type") != "application/json" {
		b.t.Errorf("%s %v", req.Method, req.Header)
	}
	body, err := io.ReadAll(req.Body)
	if err != nil {
		b.t.Error(err)
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	rw.Header().Set("Content-Type", "application/json")
	switch req.URL.Path {
	case "/track/v2/projects/tok/batch":
		b.batch(rw, dec)
	case "/data/v2/projects/tok/catalogs/offers/items/partial-update":
		b.catalogue(rw, dec, true)
	case "/data/v2/projects/tok/catalogs/offers/items/bulk-delete":
		b.catalogue(rw, dec, false)
	default:
		b.t.Errorf("path %s", req.URL.Path)
	}
}

func (b *bloom) batch(rw io.Writer, dec *json.Decoder) {
	var call struct {
		Commands []command `json:"commands"`
	}
	if err := dec.Decode(&call); err != nil || len(call.Commands) == 0 || len(call.Commands) > 50 {
		b.t.Errorf("%d commands: %v", len(call.Commands), err)
	}
	var results []string
	for _, c := range call.Commands {
		id := c.Data.CustomerIDs["registered"]
		name := ""
		if b.named {
			name = fmt.Sprintf(`,"command_id":%q`, c.ID)
		}
		if c.Name != "customers" || len(c.Data.Properties) == 0 || c.Data.Updated == 0 || len(c.Data.CustomerIDs) != 1 {
			b.t.Errorf("command %+v", c)
		}
		if strings.HasSuffix(id, "13") {
			results = append(results, `{"success":false,"errors":["At least one id should be specified."]`+name+`}`)
			continue
		}
		b.data[id] = c.Data
		results = append(results, `{"success":true`+name+`}`)
	}
	if b.named {
		slices.Reverse(results)
	}
	fmt.Fprintf(rw, `{"results":[%s],"start_time":1722458972.7,"end_time":1722458972.8,"success":true}`, strings.Join(results, ","))
}

func (b *bloom) catalogue(rw io.Writer, dec *json.Decoder, update bool) {
	var items []itemBody
	if err := dec.Decode(&items); err != nil || len(items) == 0 || len(items) > maxItems {
		b.t.Errorf("%d items: %v", len(items), err)
	}
	var results []string
	for _, item := range items {
		if strings.Contains(item.ID, "/") || item.Upsert != update {
			b.t.Errorf("item %+v", item)
		}
		if item.ID == "faulty" {
			results = append(results, `{"success":"False","queued":"False","errors":{"properties":["Fields [x] are not properly defined."]}}`)
			continue
		}
		if update {
			b.items[item.ID] = item.Properties
		} else {
			delete(b.items, item.ID)
		}
		results = append(results, `{"success":true,"queued":true}`)
	}
	fmt.Fprintf(rw, "[%s]", strings.Join(results, ","))
}

func newBloom(t *testing.T, address string, client *http.Client) (*Bloomreach, *DeadLetters) {
	t.Helper()
	dead := testDead(t, DeadOptions{})
	b, err := NewBloomreach(BloomreachOptions{URL: address, Project: "tok", Key: "key", Secret: "s3cr3t", Catalog: "offers",
		Interval: 1, Dead: dead, Client: client, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return b, dead
}

// TestBloomreachCustomers sends 120 members in three calls; one command in each
// order of results is refused.
func TestBloomreachCustomers(t *testing.T) {
	for _, named := range []bool{false, true} {
		server := &bloom{t: t, named: named, data: map[string]commandData{}}
		srv := httptest.NewServer(server)
		b, dead := newBloom(t, srv.URL+"/", srv.Client())
		batch := some(120)
		batch[5].AllOffers, batch[5].Gone = nil, true
		batch[6].AllOffers = []Ranked{{strings.Repeat("o", maxProperty), 1, 1}}
		if err := b.Send(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
		// m-13 and m-113 are refused, m-6 is too long to be sent.
		if server.calls != 3 || len(server.data) != 117 {
			t.Errorf("%d calls, %d members; want 3, 117", server.calls, len(server.data))
		}
		p := server.data["m-1"]
		if got := fmt.Sprint(p.Properties["nabo_offers"], p.Properties["nabo_offer_scores"], p.Properties["nabo_chains"], p.Updated); got != "[o1 o2] [0.5 0.25] [] 1700000007" {
			t.Errorf("properties %s", got)
		}
		if got := fmt.Sprint(server.data["m-5"].Properties["nabo_offers"]); got != "[]" {
			t.Errorf("who is gone has the offers %s", got)
		}
		var reasons []string
		for _, l := range letters(t, dead) {
			var c command
			decode(t, l.Body, &c)
			reasons = append(reasons, c.Data.CustomerIDs["registered"]+" "+l.Kind+" "+l.Reason[:11])
		}
		if want := "[m-6 command the propert m-13 command refused: [\" m-113 command refused: [\"]"; fmt.Sprint(reasons) != want {
			t.Errorf("letters %v, want %s", reasons, want)
		}
		srv.Close()
	}
}

// TestBloomreachItems writes and deletes items.
func TestBloomreachItems(t *testing.T) {
	server := &bloom{t: t, items: map[string]map[string]any{}}
	srv := httptest.NewServer(server)
	defer srv.Close()
	b, dead := newBloom(t, srv.URL, srv.Client())
	o := &event.Offer{Offer: "o1", Name: "Coffee", Products: []string{"4011"}, Price: 3, MemberPrice: math.NaN(), ValidThrough: 1_800_000_000_500}
	items := []Item{OfferItem(o, true), {ID: "a/b"}, {ID: "faulty", Properties: map[string]any{"x": 1}}}
	for i := range maxItems {
		items = append(items, Item{ID: fmt.Sprint("i", i), Properties: map[string]any{"x": 1}})
	}
	if err := b.Items(t.Context(), items); err != nil {
		t.Fatal(err)
	}
	got := server.items["o1"]
	if server.calls != 2 || len(server.items) != maxItems+1 || fmt.Sprint(got["price"], got["member_price"], got["valid_through"], got["products"], got["active"]) != "3 <nil> 1.8e+09 [4011] true" {
		t.Errorf("%d calls, %d items, o1 %v", server.calls, len(server.items), got)
	}
	if all := letters(t, dead); len(all) != 2 || all[1].Kind != kindItem || !strings.Contains(all[1].Reason, "not properly defined") {
		t.Errorf("letters %+v", all)
	}
	if err := b.DeleteItems(t.Context(), []string{"o1"}); err != nil || server.items["o1"] != nil {
		t.Errorf("the item is still there: %v", err)
	}
	b.opt.Catalog = ""
	if err := b.Items(t.Context(), nil); !errors.Is(err, errNoCatalog) {
		t.Errorf("error %v, want one that asks for a catalogue", err)
	}
}

// TestBloomreachResend sends what was refused once it is right there.
func TestBloomreachResend(t *testing.T) {
	server := &bloom{t: t, data: map[string]commandData{}, items: map[string]map[string]any{}}
	var refuse bool
	srv := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, req *http.Request) {
		if refuse {
			rw.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(rw, `{"success":false,"message":"s3cr3t is no key"}`)
			return
		}
		server.ServeHTTP(rw, req)
	}))
	defer srv.Close()
	b, dead := newBloom(t, srv.URL, srv.Client())
	refuse = true
	if err := b.Send(t.Context(), some(10)); err != nil {
		t.Fatal(err)
	}
	if err := b.Items(t.Context(), []Item{{ID: "o1", Properties: map[string]any{"x": 1}}}); err != nil {
		t.Fatal(err)
	}
	if all := letters(t, dead); len(all) != 11 || strings.Contains(fmt.Sprint(all), "s3cr3t") {
		t.Fatalf("%d letters: %v", len(all), all)
	}
	refuse = false
	if sent, bad, err := Redeliver(t.Context(), dead, b); sent != 11 || bad != 0 || err != nil {
		t.Fatalf("sent %d, bad %d: %v", sent, bad, err)
	}
	if len(server.data) != 10 || server.items["o1"] == nil || dead.Bytes() != 0 {
		t.Errorf("%d members, items %v, %d bytes left", len(server.data), server.items, dead.Bytes())
	}
	if err := dead.Add(Letter{Kind: kindChanges, Body: json.RawMessage(`[]`)}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Redeliver(t.Context(), dead, b); err == nil || dead.Bytes() == 0 {
		t.Errorf("another sink's letter: error %v, %d bytes left", err, dead.Bytes())
	}
}

// TestBloomreachAnswers goes through answers that are no plain success.
func TestBloomreachAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		list     []answer
		attempts int
		dead     int
	}{
		"rate limit":    {[]answer{{status: 429, after: "5"}, {status: 200, body: `{"success":true,"results":[{"success":true}]}`}}, 2, 0},
		"whole refusal": {[]answer{{status: 200, body: `{"success":false,"errors":["invalid"]}`}}, 1, 1},
		"no JSON":       {[]answer{{status: 200, body: `<html>`}, {status: 200, body: `{"success":true,"results":[{"success":true}]}`}}, 2, 0},
		"too few":       {[]answer{{status: 200, body: `{"success":true,"results":[]}`}}, defaultAttempts, 1},
		"no boolean":    {[]answer{{status: 200, body: `{"results":[{"success":7}]}`}}, defaultAttempts, 1},
		"not allowed":   {[]answer{{status: 401}}, 1, 1},
	} {
		synctest.Test(t, func(t *testing.T) {
			a := &answers{list: c.list}
			b, dead := newBloom(t, "https://api.example", &http.Client{Transport: a})
			if err := b.Send(t.Context(), some(1)); err != nil {
				t.Fatal(err)
			}
			if len(a.at) != c.attempts || len(letters(t, dead)) != c.dead {
				t.Errorf("%s: %d attempts, letters %v; want %d, %d", name, len(a.at), letters(t, dead), c.attempts, c.dead)
			}
		})
	}
}

// TestBloomreachPace holds calls apart.
func TestBloomreachPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var results []string
		for range maxCommands {
			results = append(results, `{"success":true}`)
		}
		a := &answers{list: []answer{{status: 200, body: `{"success":true,"results":[` + strings.Join(results, ",") + `]}`}}}
		b, _ := newBloom(t, "https://api.example", &http.Client{Transport: a})
		b.opt.Interval = defaultInterval
		if err := b.Send(t.Context(), some(4*maxCommands)); err != nil {
			t.Fatal(err)
		}
		if took := a.at[3].Sub(a.at[0]); took != 3*defaultInterval {
			t.Errorf("4 calls took %v, want %v", took, 3*defaultInterval)
		}
	})
}

func TestBloomreachOptions(t *testing.T) {
	dead := testDead(t, DeadOptions{})
	for _, o := range []BloomreachOptions{
		{URL: "https://x.example", Project: "p", Key: "k", Secret: "s", Now: time.Now},
		{URL: "https://x.example", Project: "p", Key: "k", Dead: dead, Now: time.Now},
		{URL: "http://x.example", Project: "p", Key: "k", Secret: "s", Dead: dead, Now: time.Now},
		{URL: "https://x.example", Project: "p", Key: "k", Secret: "s", Dead: dead},
		{URL: "https://x.example", Project: "p", Key: "k", Secret: "s", Dead: dead, Now: time.Now, Interval: -1},
	} {
		if _, err := NewBloomreach(o); err == nil {
			t.Errorf("%+v: no error", o)
		}
	}
}
