package event

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
)

// result is what Scan yields for one event.
type result struct {
	ev  Event
	err error
}

// scanAll collects what one of the roads yields, and checks the indexes.
func scanAll(t testing.TB, body string, fast bool) []result {
	t.Helper()
	var results []result
	scan([]byte(body), fast, func(index int, ev *Event, err error) bool {
		if index != len(results) {
			t.Fatalf("index %d, want %d", index, len(results))
		}
		if (ev == nil) == (err == nil) {
			t.Fatalf("index %d: event %v and error %v", index, ev, err)
		}
		r := result{err: err}
		if ev != nil {
			r.ev = *ev
		}
		results = append(results, r)
		return true
	})
	return results
}

// both scans on both roads, checks that they agree, and returns what they say.
func both(t testing.TB, body string) []result {
	t.Helper()
	slow, fast := scanAll(t, body, false), scanAll(t, body, true)
	if len(slow) != len(fast) {
		t.Fatalf("the slow road yields %d, the quick one %d", len(slow), len(fast))
	}
	for i := range slow {
		if fmt.Sprint(slow[i].err) != fmt.Sprint(fast[i].err) {
			t.Fatalf("event %d: the slow road says %v, the quick one %v", i, slow[i].err, fast[i].err)
		}
		if !same(&slow[i].ev, &fast[i].ev) {
			t.Fatalf("event %d: the slow road reads %s, the quick one %s", i, show(&slow[i].ev), show(&fast[i].ev))
		}
	}
	return slow
}

// same compares events; two unknown prices are equal.
func same(a, b *Event) bool { return show(a) == show(b) && reflect.DeepEqual(plain(a), plain(b)) }

func show(ev *Event) string {
	head := *ev
	head.Body = nil
	return fmt.Sprintf("%+v %+v", head, ev.Body)
}

// plain returns a copy in which unknown prices are a number that no event has.
func plain(ev *Event) Event {
	out := *ev
	price := func(p float64) float64 {
		if math.IsNaN(p) {
			return -1e300
		}
		return p
	}
	lines := func(in []Line) []Line {
		var l []Line
		for _, line := range in {
			line.Price = price(line.Price)
			l = append(l, line)
		}
		return l
	}
	switch b := ev.Body.(type) {
	case *Receipt:
		c := *b
		c.Lines = lines(b.Lines)
		out.Body = &c
	case *Cart:
		c := *b
		c.Lines = lines(b.Lines)
		out.Body = &c
	case *Product:
		c := *b
		c.Price = price(c.Price)
		out.Body = &c
	case *Offer:
		c := *b
		c.Price, c.MemberPrice = price(c.Price), price(c.MemberPrice)
		out.Body = &c
	case *OfferPersonal:
		c := *b
		c.Price = price(c.Price)
		out.Body = &c
	}
	return out
}

func line(product string, qty float64) Line {
	return Line{Product: product, Qty: qty, Price: math.NaN()}
}

// at is the moment in the tests' events, 2026-11-21T10:00:00Z.
const at Millis = 1795255200000

func TestScanReads(t *testing.T) {
	tests := []struct {
		name, body string
		want       Event
	}{
		{
			"the receipt of the documentation",
			`{"specversion":"1.0","id":"r-881","source":"pos/17","type":"receipt","time":"2026-11-21T10:00:00Z",
			 "data":{"store":"17","member":"m-42","lines":[{"product":"4011","qty":2,"price":12.5}]}}`,
			Event{Type: TypeReceipt, ID: "r-881", Source: "pos/17", Time: at, Store: "17", MemberID: "m-42",
				Body: &Receipt{Lines: []Line{{Product: "4011", Qty: 2, Price: 12.5}}}},
		},
		{
			"a receipt's short form, without id, with an offset and a fraction",
			`{"type":"receipt","time":"2026-11-21T11:00:00.0019+01:00","data":{"products":["a","b"]}}`,
			Event{Type: TypeReceipt, Time: at + 1, Body: &Receipt{Lines: []Line{line("a", 1), line("b", 1)}}},
		},
		{
			"returns, by quantity and by flag",
			`{"type":"receipt","id":"1","data":{"original":"r-1","currency":"DKK","lines":[{"product":"a","qty":-2.5},
			 {"product":"b","return":true,"discount":-1,"offer":"o"}, {"product":"c","return":false}]}}`,
			Event{Type: TypeReceipt, ID: "1", Body: &Receipt{OriginalID: "r-1", Currency: "DKK", Lines: []Line{
				{Product: "a", Qty: 2.5, Price: math.NaN(), Return: true},
				{Product: "b", Qty: 1, Price: math.NaN(), Discount: -1, Offer: "o", Return: true},
				line("c", 1)}}},
		},
		{
			"null and empty are not given",
			`{"specversion":null,"id":"1","source":"","type":"receipt","time":null,"datacontenttype":"application/json","extra":[{}],
			 "data":{"store":"","member":null,"products":null,"lines":[{"product":"a","qty":null,"price":null,"offer":null,"return":null}]}}`,
			Event{Type: TypeReceipt, ID: "1", Body: &Receipt{Lines: []Line{line("a", 1)}}},
		},
		{
			"escapes and other scripts",
			`{"type":"view","id":"\u00e6","data":{"product":"rødgrød \"med\" fløde","session":"\ud83c\udf53"}}`,
			Event{Type: TypeView, ID: "æ", SessionID: "🍓", Body: &View{Product: `rødgrød "med" fløde`}},
		},
		{
			"data before type",
			`{"data":{"product":"a","recommId":"x","chain":"c"},"type":"view"}`,
			Event{Type: TypeView, Chain: "c", Body: &View{Product: "a", RecommID: "x"}},
		},
		{
			"a cart",
			`{"type":"cart","data":{"cart":"c1","action":"add","lines":[{"product":"a","qty":3}]}}`,
			Event{Type: TypeCart, Body: &Cart{CartID: "c1", Action: ActionAdd, Lines: []Line{line("a", 3)}}},
		},
		{
			"a cart that is emptied",
			`{"type":"cart","data":{"cart":"c1","action":"set","lines":[]}}`,
			Event{Type: TypeCart, Body: &Cart{CartID: "c1", Action: ActionSet}},
		},
		{
			"a scan",
			`{"type":"scan","data":{"session":"s","store":"17","product":"a","action":"remove"}}`,
			Event{Type: TypeScan, SessionID: "s", Store: "17", Body: &Scanned{Product: "a", Action: ActionRemove}},
		},
		{
			"a product",
			`{"type":"product.upserted","data":{"product":"a","name":"Tea\n","category":"Hot drinks","brand":"B","image":"https://x/y.png",
			 "price":-0.5,"currency":"EUR","attributes":{"z":true,"b":1.5,"a":"x","n":null,"m":false}}}`,
			Event{Type: TypeProductUpserted, Body: &Product{Product: "a", Name: "Tea\n", Category: "Hot drinks", Brand: "B",
				Image: "https://x/y.png", Price: -0.5, Currency: "EUR", Attributes: []Attribute{
					{"a", Value{Kind: KindText, Text: "x"}}, {"b", Value{Kind: KindNumber, Num: 1.5}},
					{"m", Value{Kind: KindBool}}, {"z", Value{Kind: KindBool, Num: 1}}}}},
		},
		{
			"a product's end",
			`{"type":"product.deleted","data":{"product":"a"}}`,
			Event{Type: TypeProductDeleted, Body: &ProductDeleted{Product: "a"}},
		},
		{
			"stock",
			`{"type":"stock.changed","data":{"product":"a","store":"1","availability":"LimitedAvailability"}}`,
			Event{Type: TypeStockChanged, Store: "1", Body: &Stock{Product: "a", Availability: LimitedAvailability}},
		},
		{
			"a member",
			`{"type":"member.upserted","data":{"member":"m","homeStore":"1","chains":["x","y"],"timezone":"Europe/Copenhagen","attributes":{}}}`,
			Event{Type: TypeMemberUpserted, MemberID: "m", Body: &Member{HomeStore: "1", Chains: []string{"x", "y"}, Timezone: "Europe/Copenhagen"}},
		},
		{
			"an erasure",
			`{"type":"member.erased","data":{"member":"m"}}`,
			Event{Type: TypeMemberErased, MemberID: "m", Body: &MemberErased{}},
		},
		{
			"a merger",
			`{"type":"member.merged","data":{"member":"m","into":"n"}}`,
			Event{Type: TypeMemberMerged, MemberID: "m", Body: &MemberMerged{IntoID: "n"}},
		},
		{
			"a log-in",
			`{"type":"member.identified","data":{"member":"m","session":"s"}}`,
			Event{Type: TypeMemberIdentified, MemberID: "m", SessionID: "s", Body: &MemberIdentified{}},
		},
		{
			"a signal",
			`{"type":"signal","data":{"product":"a","weight":-3e2,"source":"weather","chain":"c"}}`,
			Event{Type: TypeSignal, Chain: "c", Body: &Signal{Product: "a", Weight: -300, From: "weather"}},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := both(t, tt.body)
			if len(got) != 1 || got[0].err != nil {
				t.Fatalf("got %v", got)
			}
			if !same(&got[0].ev, &tt.want) {
				t.Errorf("got  %s\nwant %s", show(&got[0].ev), show(&tt.want))
			}
		})
	}
}

func TestScanFrames(t *testing.T) {
	const one, two = `{"type":"view","data":{"product":"a"}}`, `{"type":"view","data":{"product":"b"}}`
	const bad, torn = `{"type":"view","data":{"prodct":"a"}}`, `{"type":"view","data":{"product":`
	const misspelt = "/data/prodct is not a field here"
	tests := []struct {
		name, body string
		want       []string // the product read, or the start of the error
	}{
		{"nothing", "", []string{"event is missing: the body is empty"}},
		{"white space", " \r\n", []string{"event is missing"}},
		{"one", one, []string{"a"}},
		{"a byte order mark", "\ufeff" + one, []string{"a"}},
		{"an empty array", " [ ] ", nil},
		{"an array", "[" + one + " , " + two + "]\n", []string{"a", "b"}},
		{"lines", one + "\n\r\n" + two + "\n", []string{"a", "b"}},
		{"one event over several lines, and another", "{\n  \"type\": \"view\",\n  \"data\": {\n\"product\":\"a\"}}\n" + two, []string{"a", "b"}},
		{"a rule broken in an array", "[" + bad + "," + two + "]", []string{misspelt, "b"}},
		{"a rule broken in lines", bad + "\n" + two, []string{misspelt, "b"}},
		{"no object in an array", `[1,null,` + two + "]", []string{"event must be an object, not a number", "event must be an object, not null", "b"}},
		{"a torn line", one + "\n" + torn + "\n" + two, []string{"a", "event ", "b"}},
		{"lines of rubbish", "rubbish\nmore\n" + two, []string{"event has something that is no JSON value, at byte 0", "event has something that is no JSON value, at byte 8", "b"}},
		{"a torn last line", one + "\n" + torn, []string{"a", "event ends too early, at byte 72 of the body"}},
		{"a torn event over several lines", "{\n  \"type\": x,\n  \"data\": {}\n}\n" + two, []string{"event has something that is no JSON value", "b"}},
		{"a torn event and nothing to go on with", "{\n  \"type\": x\n}\n", []string{"event has something that is no JSON value, at byte 12 of the body; it and the rest of the body were not read"}},
		{"a broken array", "[" + one + ",{,}," + two + "]", []string{"a", "event lacks a field's name in quotes, at byte 41 of the body; it and the rest"}},
		{"an array without comma", "[" + one + two + "]", []string{"a", "event lacks a comma before it, at byte 39"}},
		{"an array that ends early", "[" + one, []string{"a", "event is missing: the array is not closed"}},
		{"an array that ends after a comma", "[" + one + ",", []string{"a", "event ends too early"}},
		{"something after an array", "[" + one + "]x", []string{"a", "event stands after the array's end"}},
		{"nesting", strings.Repeat("[", 40), []string{"event is nested deeper than 32 levels"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := both(t, tt.body)
			if len(got) != len(tt.want) {
				t.Fatalf("got %v, want %q", got, tt.want)
			}
			for i, r := range got {
				text := fmt.Sprint(r.err)
				if r.err == nil {
					text = r.ev.Body.(*View).Product
				}
				if !strings.HasPrefix(text, tt.want[i]) {
					t.Errorf("event %d: got %q, want %q", i, text, tt.want[i])
				}
			}
		})
	}
}

func TestScanStops(t *testing.T) {
	const one = `{"type":"view","data":{"product":"a"}}`
	for _, body := range []string{one + one + one, "[" + one + "," + one + "," + one + "]", "x\ny\nz"} {
		calls := 0
		Scan([]byte(body), func(int, *Event, error) bool { calls++; return calls < 2 })
		if calls != 2 {
			t.Errorf("%s: %d calls after yield said stop at the second", body, calls)
		}
	}
}

// TestScanKeeps shows what may be kept of an event after yield returned.
func TestScanKeeps(t *testing.T) {
	body := []byte(`[{"id":"1","type":"receipt","data":{"products":["a","b"]}},{"id":"2","type":"receipt","data":{"products":["c","d"]}}]`)
	var kept []Event
	Scan(body, func(_ int, ev *Event, err error) bool {
		if err != nil {
			t.Fatal(err)
		}
		kept = append(kept, *ev)
		return true
	})
	clear(body)
	for i, want := range []string{"1ab", "2cd"} {
		lines := kept[i].Body.(*Receipt).Lines
		if got := kept[i].ID + lines[0].Product + lines[1].Product; got != want {
			t.Errorf("event %d: got %q, want %q", i, got, want)
		}
	}
}

// TestQuickRoadTakes holds the quick road to the forms that senders use: what
// it gives up on is read right, but forty times slower.
func TestQuickRoadTakes(t *testing.T) {
	for _, body := range []string{
		string(receiptJSON()),
		`{"type":"receipt","time":"2026-11-21T10:00:00.123+01:00","data":{"products":["a","b"]}}`,
		`{"data":{"lines":[{"qty":-1,"product":"a","price":0.10,"discount":1e2,"offer":"o","return":false}],"original":"x","currency":"DKK"},"id":"1","type":"receipt"}`,
		`{"specversion":"1.0","datacontenttype":"application/json","subject":"s","dataschema":"d","type":"view","data":{"product":"æ","recommId":"r"}}`,
		`{ "type" : "cart" , "data" : { "cart" : "c" , "action" : "set" , "lines" : [ ] } }`,
		`{"type":"scan","data":{"session":"s","store":"1","product":"a","action":"add","chain":"c","member":"m"}}`,
		`{"specversion":null,"id":"1","source":null,"time":null,"type":"receipt","data":{"store":null,"products":null,"lines":[{"product":"a","qty":null,"price":null,"return":null}]}}`,
		`{"id":"\u00e6\/1","type":"view","data":{"product":"\"a\""}}`,
		`{"type":"impression","data":{"recommId":"r","member":"m","ids":["a", "b"],"channel":"app"}}`,
	} {
		var q quickRoad
		var ev Event
		if end, ok := q.read(body, 0, &ev); !ok || end != len(body) {
			t.Errorf("gave up on %s", body)
		}
		both(t, body)
	}
}

// TestScanHostile: bodies that are made to be read again and again end in time
// all the same. Each would take many seconds if every event looked at all the rest.
func TestScanHostile(t *testing.T) {
	for _, line := range []string{"{\"a\":[\n", "{\"data\":{\"lines\":[\n", "{\"data\":{\"lines\":[{\"product\":\"a\"},\n", "{\"data\":{\"ids\":[\"a\",\n", "[\n", "{\"a\":\"\n", "{\n"} {
		body := strings.Repeat(line, 1<<20/len(line))
		errors := 0
		Scan([]byte(body), func(_ int, _ *Event, err error) bool {
			if err == nil {
				t.Fatalf("%q is an event", line)
			}
			errors++
			return true
		})
		if errors == 0 {
			t.Errorf("%q: no error", line)
		}
	}
}

func TestScanErrorIsFieldError(t *testing.T) {
	for _, body := range []string{"", "x", `{"type":"nonsense"}`, `{"type":"view","data":{}}`, "[1", `{"data":{"a":1},"a":"` + "\xff" + `"}`} {
		for _, r := range both(t, body) {
			var field *FieldError
			if !errors.As(r.err, &field) {
				t.Errorf("%q: %v is no *FieldError", body, r.err)
			}
		}
	}
}
