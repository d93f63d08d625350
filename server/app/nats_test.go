package app

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"nabo/engine/event"
	"nabo/engine/store"
	"nabo/stream"
)

// TestOverNATS publishes as a till would, and asks as a surface would.
func TestOverNATS(t *testing.T) {
	opt := Options{Config: settings(t.TempDir())}
	opt.NATSListen = "127.0.0.1:0"
	r := launch(t, opt)
	nc, err := nats.Connect(r.at.NATS)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	dead, err := nc.SubscribeSync("nabo.dlq.>")
	if err != nil {
		t.Fatal(err)
	}
	nameless := `{"type":"receipt","time":"2026-11-20T10:00:00Z","data":{"store":"1","products":["bread","butter"]}}`
	for _, body := range []string{
		receipt("r-1", "m-1", "bread", "butter"), receipt("r-2", "m-1", "bread", "butter"),
		nameless, nameless, // one receipt, sent twice
		`{"type":"receipt","data":{"products":["bread","butter"]}}`, `{"type":"view","data":{"product":"jam"}}`,
	} {
		if err := nc.Publish("nabo.events.receipt", []byte(body)); err != nil {
			t.Fatal(err)
		}
	}
	letter, err := dead.NextMsg(20 * time.Second)
	if err != nil {
		t.Fatalf("no dead letter: %v", err)
	}
	if reason := letter.Header.Get(stream.HeaderReason); !strings.Contains(reason, "time") {
		t.Errorf("the dead letter's reason is %q", reason)
	}
	r.awaitApplied(4) // two with ids, the nameless one, the view
	if seen := r.get("/v1/dead-letters"); !strings.Contains(seen, `"from":"nats","type":"receipt"`) || !strings.Contains(seen, `"kept":{"nats":1,`) || strings.Contains(seen, "m-1") {
		t.Errorf("the dead letters are shown as %s", seen)
	}
	answer, err := nc.Request("nabo.recomms.together", []byte(`{"product":"bread","count":1}`), 5*time.Second)
	if err != nil || !strings.Contains(string(answer.Data), `"butter"`) {
		t.Errorf("answer: %s %v", answer.Data, err)
	}
	answer, err = nc.Request("nabo.recomms.together", []byte(`{"produkt":"bread"}`), 5*time.Second)
	if err != nil || answer.Header.Get("Nats-Service-Error-Code") != "400" || !strings.Contains(string(answer.Data), "produkt") {
		t.Errorf("a wrong question is answered with %v %s %v", answer.Header, answer.Data, err)
	}
	nc.Close()
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
}

// awaitApplied returns when so many events have changed the state, and fails
// when more have.
func (r *running) awaitApplied(n uint64) {
	r.t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		got := r.stats().Events.Applied
		if got == n {
			return
		}
		if got > n || time.Now().After(deadline) {
			r.t.Fatalf("%d events were applied, want %d", got, n)
		}
	}
}

func TestReadIncoming(t *testing.T) {
	in := &stream.Incoming{ID: "log/7", Data: []byte(`[{"type":"view","data":{"product":"a"}},{"type":"nonsense"},{"type":"view","id":"x","source":"s","data":{"product":"b"}}]`)}
	events, reasons := readIncoming(in)
	if len(events) != 2 || len(reasons) != 1 || !strings.Contains(reasons[0], "/type") {
		t.Fatalf("%d events, reasons %q", len(events), reasons)
	}
	got := fmt.Sprint(events[0].Source, " ", events[0].ID, ", ", events[1].Source, " ", events[1].ID)
	if want := inboundSource + " log/7/0, s x"; got != want {
		t.Errorf("ids: %s, want %s", got, want)
	}
}

// An event that is published without its type has the one that its subject says.
func TestTypeOfTheSubject(t *testing.T) {
	for _, test := range []struct {
		subject, data string
		want          event.Type // 0: refused
		says          string
	}{
		{"view", ` {"data":{"product":"a"}}`, event.TypeView, ""},
		{"offer.activated", `{"source":"s","id":"x","data":{"offer":"o","member":"m"}}`, event.TypeOfferActivated, ""},
		{"view", `{"type":"scan","data":{"session":"s","store":"1","product":"a","action":"add"}}`, event.TypeScan, ""},
		{"view", `{"type":"nonsense","data":{"product":"a"}}`, 0, "/type must be one of"},
		{"view", `{"data":{"product":5}}`, 0, "/data/product"},
		{"nonsense", `{"data":{"product":"a"}}`, 0, "/type is required"},
		{"view", `{}`, 0, "/type is required"},
		{"view", `[{"data":{"product":"a"}}]`, 0, "/type is required"},
	} {
		events, reasons := readIncoming(&stream.Incoming{ID: "log/7", Type: test.subject, Data: []byte(test.data)})
		switch {
		case test.want != 0 && (len(events) != 1 || len(reasons) != 0 || events[0].Type != test.want):
			t.Errorf("%s on %s: %v, reasons %q", test.data, test.subject, events, reasons)
		case test.want == 0 && (len(events) != 0 || len(reasons) != 1 || !strings.Contains(reasons[0], test.says)):
			t.Errorf("%s on %s: %v, reasons %q, expected %q", test.data, test.subject, events, reasons, test.says)
		}
	}
}

// TestErasureCutShort finds the id of an erased member still there, as a kill
// between the append and the forgetting leaves it.
func TestErasureCutShort(t *testing.T) {
	tokens, err := store.OpenTokens(store.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tokens.Close() }()
	ids := []string{"ada", "bob", "eve"}
	got, err := tokens.Assign(ids)
	if err != nil {
		t.Fatal(err)
	}
	p := &process{tokens: tokens}
	for _, ev := range []event.Event{
		{Type: event.TypeReceipt, Member: got[1], Body: &event.Receipt{}},
		{Type: event.TypeMemberErased, Member: got[0], Body: &event.MemberErased{}},
		{Type: event.TypeMemberMerged, Member: got[2], Body: &event.MemberMerged{Into: got[1]}},
		{Type: event.TypeMemberErased, Member: 12345, Body: &event.MemberErased{}},
	} {
		if err := p.forget(&ev); err != nil {
			t.Fatal(err)
		}
	}
	for i, want := range []bool{false, true, false} {
		if _, known := tokens.Token(ids[i]); known != want {
			t.Errorf("%s is known: %v, want %v", ids[i], known, want)
		}
	}
}
