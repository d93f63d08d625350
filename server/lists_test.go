package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"nabo/engine"
	"nabo/engine/event"
	"nabo/server/lists"
)

// history is what two engines are given alike: the groups of a log.
type history struct{ groups [][]byte }

func (h *history) note(_ uint64, ev *event.Event) {
	h.groups = append(h.groups, event.AppendGroup(nil, []event.Event{*ev}))
}

// replay gives an engine the positions from to to.
func (h *history) replay(t *testing.T, e *engine.Engine, from, to uint64) {
	t.Helper()
	for seq := from; seq <= to; seq++ {
		evs, err := event.DecodeGroup(h.groups[seq-1], nil)
		if err != nil {
			t.Fatal(err)
		}
		e.ApplyGroup(seq, evs)
	}
}

// gatedSource makes rows only up to one until the gate is opened.
type gatedSource struct {
	lists.Source
	row     int
	reached chan struct{} // closed when that row is asked for
	open    chan struct{}
	once    sync.Once
}

func (s *gatedSource) Freeze(ctx context.Context, spec *lists.Spec) (lists.Snapshot, error) {
	snap, err := s.Source.Freeze(ctx, spec)
	return gatedSnapshot{snap, s}, err
}

type gatedSnapshot struct {
	lists.Snapshot
	s *gatedSource
}

func (s gatedSnapshot) Worker() lists.Worker { return gatedWorker{s.Snapshot.Worker(), s.s} }

type gatedWorker struct {
	lists.Worker
	s *gatedSource
}

func (w gatedWorker) Row(dst []byte, i int) ([]byte, bool) {
	if i >= w.s.row {
		w.s.once.Do(func() { close(w.s.reached) })
		<-w.s.open
	}
	return w.Worker.Row(dst, i)
}

// newGatedRig is a rig whose lists stop before a row, and that notes its log.
func newGatedRig(t *testing.T, row int) (*rig, *gatedSource, *history) {
	gated := &gatedSource{row: row, reached: make(chan struct{}), open: make(chan struct{})}
	h := &history{}
	r := newRig(t, func(o *Options) {
		withListsOf(t, o, func(s lists.Source) lists.Source {
			gated.Source = s
			return gated
		})
	})
	r.gate.note = h.note
	return r, gated, h
}

// happen sends an event of the outer form.
func (r *rig) happen(t testing.TB, format string, args ...any) {
	t.Helper()
	want[Admission](t, r.send(t, "POST", "/v1/events", fmt.Sprintf(format, args...)), 202)
}

// prepareShop gives members a history and offers, some with limits.
func prepareShop(t *testing.T, r *rig, members, offers int) {
	t.Helper()
	for i := range members * 3 {
		r.happen(t, `{"id":"r%d","type":"receipt","time":"2026-11-%02dT10:00:00Z","data":{"store":"s%d","chain":"c%d","member":"m%d","products":["p%d","p%d","p%d"]}}`,
			i, 1+i%20, i%4, i%2, i%members, i%offers, (i*7)%offers, (i*i)%offers)
	}
	for i := range members {
		r.happen(t, `{"type":"member.upserted","data":{"member":"m%d","homeStore":"s%d","chains":["c%d"],"attributes":{"age":%d}}}`, i, i%4, i%2, 20+i%50)
	}
	for i := range offers {
		want[Change](t, r.send(t, "PUT", fmt.Sprintf("/v1/offers/o%d", i), fmt.Sprintf(
			`{"products":["p%d"],"categories":["k%d"],"memberPrice":%d.5,"validThrough":"2026-12-%02dT00:00:00Z","budget":{"activations":%d},"chains":%s}`,
			i, i%3, i+1, 1+i%28, 5+i, [...]string{`[]`, `["c0"]`, `["c1"]`}[i%3])), 200)
	}
}

// disturb does a little of everything that changes what members are offered.
func disturb(t *testing.T, r *rig, i, members, offers int) {
	t.Helper()
	m, o := (i*31)%members, (i*17)%offers
	switch i % 9 {
	case 0, 1:
		r.happen(t, `{"id":"d%d","type":"receipt","time":"2026-11-21T11:00:00Z","data":{"store":"s1","member":"m%d","products":["p%d","p%d"]}}`, i, m, o, (o+5)%offers)
	case 2:
		r.send(t, "PUT", fmt.Sprintf("/v1/members/m%d/activations/o%d", m, o), "") // may be refused
	case 3:
		want[Consents](t, r.send(t, "PUT", fmt.Sprintf("/v1/members/m%d/consents", m), fmt.Sprintf(`[{"purpose":"personalisation","granted":%v}]`, i%16 > 8)), 200)
	case 4:
		want[Change](t, r.send(t, "DELETE", fmt.Sprintf("/v1/offers/o%d", o), ""), 200)
	case 5:
		want[Change](t, r.send(t, "PUT", fmt.Sprintf("/v1/offers/o%d", o), fmt.Sprintf(`{"products":["p%d"],"memberPrice":99}`, (o+1)%offers)), 200)
	case 6:
		r.happen(t, `{"type":"impression","data":{"member":"m%d","recommId":"r","ids":["o%d"],"channel":"inapp"}}`, m, o)
	case 8:
		want[Change](t, r.send(t, "PUT", fmt.Sprintf("/v1/products/p%d", o), fmt.Sprintf(`{"name":"name %d","category":"k%d","brand":"b%d"}`, i, i%3, i%5)), 202)
	case 7:
		r.happen(t, `{"type":"offer.personalised","data":{"offer":"o%d","member":"m%d","price":%d}}`, o, m, i)
	}
}

// standing is a second engine at the list's position, asked over HTTP.
func standing(t *testing.T, r *rig, h *history, refreshed, position uint64) *rig {
	t.Helper()
	still := newRig(t, func(o *Options) { o.Tokens = r.opt.Tokens })
	h.replay(t, still.opt.Engine, 1, refreshed)
	still.opt.Engine.Refresh(t.Context())
	h.replay(t, still.opt.Engine, refreshed+1, position)
	return still
}

// rawRow is a row with its offers as they are written.
type rawRow struct {
	Member       string
	Seq          uint64
	Personalised bool
	Recomms      json.RawMessage
}

// brief takes out of an answer's items what rows without values leave out.
func brief(t *testing.T, items []byte) []byte {
	t.Helper()
	var list []ListItem
	if err := json.Unmarshal(items, &list); err != nil {
		t.Fatal(err)
	}
	for i := range list {
		list[i].Reason, list[i].Values = nil, nil
	}
	out, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// compareRows holds rows to what a server answers online.
func compareRows(t *testing.T, still *rig, rows []byte, question string) (members []string) {
	t.Helper()
	for line := range bytes.Lines(rows) {
		var row, answer rawRow
		if err := json.Unmarshal(line, &row); err != nil {
			t.Fatal(err)
		}
		got := still.send(t, "GET", "/v1/members/"+row.Member+"/offers?"+question, "")
		if err := json.Unmarshal(got.body, &answer); err != nil || got.status != 200 {
			t.Fatalf("%d %s", got.status, got.body)
		}
		if !bytes.Contains(line, []byte(`"values"`)) {
			answer.Recomms = brief(t, answer.Recomms)
		}
		if !bytes.Equal(row.Recomms, answer.Recomms) || row.Personalised != answer.Personalised {
			t.Fatalf("%s: the row is\n%s, the answer\n%s", row.Member, line, got.body)
		}
		if row.Seq != still.opt.Engine.Position() {
			t.Fatalf("the row is of position %d, expected %d", row.Seq, still.opt.Engine.Position())
		}
		members = append(members, row.Member)
	}
	return members
}

// While a list is made members buy, activate and withdraw their consent, and
// offers come and go: its rows are those of an engine that stands still at the
// list's position, byte for byte. Who was erased by then, or became another, is
// not given.
func TestListIsOfOnePosition(t *testing.T) {
	const members, offers = 120, 40
	r, gated, h := newGatedRig(t, 1)
	prepareShop(t, r, members, offers)
	for i := range 100 {
		disturb(t, r, i, members, offers)
	}
	r.opt.Engine.Refresh(t.Context())
	refreshed := r.opt.Engine.Position()
	for i := range 50 {
		disturb(t, r, 100+i, members, offers)
	}
	started := want[List](t, r.send(t, "POST", "/v1/lists", `{"values":true,"scenario":"newsletter","count":20}`), 202)
	<-gated.reached
	for i := range 400 {
		disturb(t, r, 150+i, members, offers)
	}
	want[Erasure](t, r.send(t, "DELETE", "/v1/members/m100", ""), 202)
	r.happen(t, `{"type":"member.merged","data":{"member":"m101","into":"m102"}}`)
	close(gated.open)
	got := r.send(t, "GET", "/v1/lists/"+started.ID+"/rows", "")
	list := want[List](t, r.send(t, "GET", "/v1/lists/"+started.ID, ""), 200)
	if got.status != 200 || list.State != "done" || list.Rows != members-2 || list.Progress != 1 || list.Seq+300 > r.opt.Engine.Position() {
		t.Fatalf("%d, %+v at %d", got.status, list, r.opt.Engine.Position())
	}
	still := standing(t, r, h, refreshed, list.Seq)
	ids := compareRows(t, still, got.body, "scenario=newsletter&count=20")
	if len(ids) != members-2 || slices.Contains(ids, "m100") || slices.Contains(ids, "m101") {
		t.Errorf("%d rows, expected all but those of two members who are no more: %v", len(ids), ids)
	}
	if want[List](t, r.send(t, "GET", "/v1/lists/"+started.ID, ""), 200).Bytes != int64(len(got.body)) {
		t.Error("the bytes are not those of the rows")
	}
}

// Audiences: a chain, an expression, given ids in their order, all at once.
func TestListAudiences(t *testing.T) {
	const members, offers = 40, 12
	r := newRig(t, func(o *Options) { withLists(t, o) })
	prepareShop(t, r, members, offers)
	everybody := func(yes func(i int) bool) (ids []string) {
		for i := range members {
			if yes(i) {
				ids = append(ids, fmt.Sprintf("m%d", i))
			}
		}
		return ids
	}
	for _, test := range []struct {
		name, body, kind, query string
		question                string
		want                    []string
	}{
		{"everybody", `{"values":true,"scenario":"home"}`, jsonType, "", "scenario=home", everybody(func(int) bool { return true })},
		{"everybody, in brief", `{"scenario":"home"}`, jsonType, "", "scenario=home", everybody(func(int) bool { return true })},
		{"a chain", `{"values":true,"scenario":"home","audience":{"chain":"c1"}}`, jsonType, "", "scenario=home&chain=c1", everybody(func(i int) bool { return i%2 == 1 })},
		{"an expression", `{"values":true,"scenario":"home","audience":{"filter":"member.attributes.age < 25.0"}}`, jsonType, "", "scenario=home", everybody(func(i int) bool { return i%50 < 5 })},
		{"ids", `{"values":true,"scenario":"home","audience":{"ids":["m7","nobody","m3"]}}`, jsonType, "", "scenario=home", []string{"m7", "nobody", "m3"}},
		{"ids of a chain", `{"values":true,"scenario":"home","audience":{"chain":"c1","ids":["m8","m7","nobody","m3"]}}`, jsonType, "", "scenario=home&chain=c1", []string{"m7", "m3"}},
		{"lines", "m7\r\n\nm3\n", textType, "values=true&scenario=home&count=3", "scenario=home&count=3", []string{"m7", "m3"}},
		{"a column", "member,name\n\"m7\",x\nm3\n", csvType + "; charset=utf-8", "values=true&scenario=home&format=ndjson", "scenario=home", []string{"m7", "m3"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			started := want[List](t, r.send(t, "POST", "/v1/lists?"+test.query, test.body, "Content-Type", test.kind), 202)
			got := r.send(t, "GET", "/v1/lists/"+started.ID+"/rows", "")
			if ids := compareRows(t, r, got.body, test.question); !slices.Equal(ids, test.want) {
				t.Errorf("the list has %v, expected %v", ids, test.want)
			}
		})
	}
}

// A CSV has the rows' offers, one a line, and quotes what needs it.
func TestListCSV(t *testing.T) {
	r := newRig(t, func(o *Options) { withLists(t, o) })
	prepareShop(t, r, 3, 4)
	want[Change](t, r.send(t, "PUT", "/v1/offers/a%22,b", `{"products":["p0"]}`), 200)
	list := r.doneList(t, lists.Spec{Scenario: "home", Format: lists.CSV, IDs: []string{"m0", "m,1"}})
	got := r.send(t, "GET", "/v1/lists/"+list+"/rows", "")
	if kind := got.header.Get("Content-Type"); !strings.HasPrefix(kind, csvType) {
		t.Errorf("it is %s", kind)
	}
	var expected strings.Builder
	expected.WriteString(ListHeader + "\n")
	for _, member := range []string{"m0", "m,1"} {
		answer := want[OfferAnswer](t, r.send(t, "GET", "/v1/members/"+member+"/offers?scenario=home", ""), 200)
		for _, o := range answer.Recomms {
			id, price, through := o.ID, "", ""
			if strings.Contains(id, `"`) {
				id = `"a"",b"`
			}
			if o.Values.MemberPrice != nil {
				price = string(appendFixed(nil, float64(*o.Values.MemberPrice)))
			}
			if o.Values.ValidThrough != nil {
				through = o.Values.ValidThrough.Format(time.RFC3339)
			}
			fmt.Fprintf(&expected, "%s,%d,%s,%s,%s,%s\n", map[string]string{"m0": "m0", "m,1": `"m,1"`}[member], o.Rank, id, appendFixed(nil, float64(o.Score)), price, through)
		}
	}
	if string(got.body) != expected.String() || !strings.Contains(expected.String(), `"a"",b"`) {
		t.Errorf("the list is\n%s, expected\n%s", got.body, expected.String())
	}
}

// What is wrong with a list that is asked for is said with its place.
func TestListFaults(t *testing.T) {
	r := newRig(t, func(o *Options) { withLists(t, o) })
	for _, test := range []struct{ query, kind, body, kindOfProblem, says string }{
		{"", jsonType, `{"scenario":""}`, badBody, `"/scenario"`},
		{"", jsonType, `{"scenario":"x","count":0}`, badBody, `"/count"`},
		{"", jsonType, `{"scenario":"x","format":"xml"}`, badBody, `"/format"`},
		{"", jsonType, `{"scenario":"x","publish":true}`, badBody, `"/publish"`},
		{"", jsonType, `{"scenario":"x","channel":"sms"}`, badBody, `"/channel"`},
		{"", jsonType, `{"scenario":"x","format":"csv","values":true}`, badBody, `"/values"`},
		{"", jsonType, `{"scenario":5}`, badBody, `"/scenario","detail":"expected a string, not a number"`},
		{"", jsonType, `{"scenario":"x","audience":{"ids":["a",5]}}`, badBody, `"/audience/ids/1","detail":"expected a string, not a number"`},
		{"", jsonType, `{"scenario":"x","audience":"all"}`, badBody, `"/audience","detail":"expected an object, not a string"`},
		{"", jsonType, `{"scenario":"x","audience":{"chains":"c"}}`, badBody, `"/audience/chains"`},
		{"", jsonType, `{"scenario":"x","count":2.5}`, badBody, `"/count","detail":"expected a whole number, not 2.5"`},
		{"", jsonType, ``, badBody, `it is empty`},
		{"", jsonType, `{"scenario":`, badBody, `it ends too early`},
		{"", jsonType, `{"scenario":"x","audience":{"ids":["a",""]}}`, badBody, `"/audience/ids/1"`},
		{"", jsonType, `{"scenario":"x","audience":{"ids":[]}}`, badBody, `"/audience/ids"`},
		{"", jsonType, `{"scenario":"x","audience":{"filter":"member.age <"}}`, badBody, `line 1, column`},
		{"", jsonType, `{"scenario":"x","audience":{"filter":"offer.price < 1.0"}}`, badBody, `the member alone`},
		{"scenario=x", jsonType, `{"scenario":"x"}`, unknownParameter, `scenario`},
		{"scenario=x", textType, "a\n\x01\n", badBody, `line 2`},
		{"scenario=x", textType, "\n", badBody, `at least one id`},
		{"scenario=x", csvType, "a\n\"b\n", badBody, `CSV`},
	} {
		got := r.send(t, "POST", "/v1/lists?"+test.query, test.body, "Content-Type", test.kind)
		wantProblem(t, got, 400, test.kindOfProblem, test.says)
	}
	wantProblem(t, r.send(t, "POST", "/v1/lists", `<x/>`, "Content-Type", "text/xml"), 415, wrongMediaType, csvType)
	without := newRig(t, nil)
	wantProblem(t, without.send(t, "POST", "/v1/lists", `{"scenario":"x"}`), 503, noLists, "not set up")
	wantProblem(t, without.send(t, "GET", "/v1/lists/x/rows", ""), 404, unknownList, "")
}

// A reader who waits for rows does not hold the stop up, and is told that they
// are not all; with the cursor it goes on where it was.
func TestReaderDoesNotHoldTheStop(t *testing.T) {
	const members = 200
	r, gated, _ := newGatedRig(t, members/2)
	prepareShop(t, r, members, 5)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- r.Serve(ctx, listener) }()
	id, err := r.opt.Lists.Start(lists.Spec{Scenario: "home", Format: lists.NDJSON})
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	resp, err := (&http.Client{Transport: transport}).Get("http://" + listener.Addr().String() + "/v1/lists/" + id + "/rows")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	first := make([]byte, 100)
	if _, err := io.ReadFull(resp.Body, first); err != nil {
		t.Fatal(err)
	}
	stop()
	rest, err := io.ReadAll(resp.Body)
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("the reader got %v, and %d bytes", err, len(rest))
	}
	if err := <-served; err != nil {
		t.Errorf("the stop: %v", err)
	}
	close(gated.open)
	part := append(first, rest...)
	part = part[:bytes.LastIndexByte(part, '\n')+1]
	if resp.Header.Get(cursorHeader) != "1.0" || len(part) == 0 {
		t.Fatalf("it began at %q and has %d bytes", resp.Header.Get(cursorHeader), len(part))
	}
	wantProblem(t, r.send(t, "GET", "/v1/lists/"+id+"/rows", ""), 503, notReady, "cursor")
	again, err := New(r.opt)
	if err != nil {
		t.Fatal(err)
	}
	again.SetReady(true)
	r.Server = again
	more := r.send(t, "GET", fmt.Sprintf("/v1/lists/%s/rows?cursor=1.%d", id, len(part)), "")
	whole := r.send(t, "GET", "/v1/lists/"+id+"/rows", "")
	if !bytes.Equal(append(part, more.body...), whole.body) || bytes.Count(whole.body, []byte{'\n'}) != members {
		t.Errorf("%d and %d bytes, the whole has %d", len(part), len(more.body), len(whole.body))
	}
	wantProblem(t, r.send(t, "GET", "/v1/lists/"+id+"/rows?cursor=1.5", ""), 400, badParameter, "within a line")
}

// A question makes the server busy for a moment, a look at a list does not.
func TestBusy(t *testing.T) {
	r := newRig(t, nil)
	r.send(t, "GET", "/v1/stats", "")
	if r.Busy() {
		t.Error("busy without a lookup")
	}
	r.send(t, "GET", "/v1/trending", "")
	if !r.Busy() {
		t.Error("not busy after a lookup")
	}
	r.begun = r.begun.Add(-busyFor)
	if r.Busy() {
		t.Error("still busy after 100 ms")
	}
}
