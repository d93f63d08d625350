package event

import (
	"fmt"
	"math"
	"strings"
	"testing"
)

// TestRules gives every rule an event that breaks it, and the whole error.
func TestRules(t *testing.T) {
	long := strings.Repeat("x", MaxID+1)
	longText := strings.Repeat("x", MaxText+1)
	lines := func(n int) string { return strings.TrimSuffix(strings.Repeat(`{"product":"a"},`, n), ",") }
	attributes := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `,"a%d":1`, i)
		}
		return b.String()[1:]
	}
	const (
		idFault    = " must be 1 to 128 bytes of printable UTF-8"
		numFault   = " must be a number between -1e12 and 1e12"
		needsLines = "/data/lines is required: 1 to 10000 lines, or products in their place"
		types      = "receipt, view, cart, scan, product.upserted, product.deleted, stock.changed, member.upserted, member.erased, member.merged, member.identified, signal, offer.upserted, offer.withdrawn, offer.personalised, offer.activated, offer.deactivated, offer.redeemed, impression, consent.changed, scenario.changed"
	)
	receipt := func(data string) string { return `{"type":"receipt","id":"1","data":{` + data + `}}` }
	withLine := func(line string) string { return receipt(`"lines":[{"product":"a"},{` + line + `}]`) }
	of := func(kind, data string) string { return `{"type":"` + kind + `","data":{` + data + `}}` }
	product := func(data string) string { return of("product.upserted", `"product":"a",`+data) }
	tests := []struct{ body, want string }{
		// The envelope.
		{`7`, "event must be an object, not a number"},
		{`{"specversion":"0.3","type":"view","data":{}}`, "/specversion must be 1.0"},
		{`{"specversion":1.0,"type":"view","data":{}}`, "/specversion must be a string, not a number"},
		{`{"data":{}}`, "/type is required: one of " + types},
		{`{"type":"recipt","data":{}}`, "/type must be one of " + types},
		{`{"type":"view"}`, "/data is required"},
		{`{"type":"view","data":null}`, "/data is required"},
		{`{"type":"view","data":[]}`, "/data must be an object, not an array"},
		{`{"type":"view","id":1,"data":{"product":"a"}}`, "/id must be a string, not a number"},
		{`{"type":"view","id":"` + long + `","data":{"product":"a"}}`, "/id" + idFault},
		{`{"type":"view","id":"a\tb","data":{"product":"a"}}`, "/id must be 1 to 128 bytes of printable UTF-8"},
		{`{"type":"view","id":"1","id":"2","data":{"product":"a"}}`, "/id is given twice"},
		{`{"type":"view","source":"` + longText + `","data":{"product":"a"}}`, "/source must be at most 512 bytes of printable UTF-8"},
		{`{"type":"view","time":"2026-11-21 10:00","data":{"product":"a"}}`, "/time must be RFC 3339, such as 2026-11-21T10:00:00Z"},
		{`{"type":"view","time":"2026-02-30T10:00:00Z","data":{"product":"a"}}`, "/time must be RFC 3339, such as 2026-11-21T10:00:00Z"},
		{`{"type":"view","time":"1970-01-01T00:00:00Z","data":{"product":"a"}}`, "/time must be later than 1970-01-01T00:00:00Z"},
		{`{"type":"view","time":1,"data":{"product":"a"}}`, "/time must be a string, not a number"},
		{`{` + attributes(257) + `,"type":"view","data":{"product":"a"}}`, "event must have at most 256 fields"},
		{`{"type":"view","data":{"product":"a"},"x":"` + "\xff" + `"}`, "event must be UTF-8"},
		{`{"type":"view","data":{"product":"` + "\xff" + `"}}`, "event must be UTF-8"},
		{`{"type":"receipt","data":{"products":["a"]}}`, "/time is required for a receipt without id"},
		// Fields that several types have.
		{of("view", `"product":"a","store":"`+long+`"`), "/data/store" + idFault},
		{of("view", `"product":"a","chain":"\u0000"`), "/data/chain" + idFault},
		{of("view", `"product":"a","session":"\u00a0"`), "/data/session" + idFault},
		{of("view", `"product":"a","member":"\u200b"`), "/data/member" + idFault},
		{of("view", `"product":"a","membre":"m"`), "/data/membre is not a field here; the fields are chain, member, product, recommId, session, store"},
		{of("view", `"product":"a","a/b~c":"m"`), "/data/a~1b~0c is not a field here; the fields are chain, member, product, recommId, session, store"},
		{of("product.deleted", `"product":"a","store":"1"`), "/data/store is not a field here; the fields are product"},
		// The receipt.
		{receipt(``), needsLines},
		{receipt(`"lines":[]`), needsLines},
		{receipt(`"lines":{}`), "/data/lines must be an array, not an object"},
		{receipt(`"lines":[` + lines(MaxLines+1) + `]`), "/data/lines must be at most 10000 lines"},
		{receipt(`"products":[` + strings.Repeat(`"a",`, MaxLines) + `"a"]`), "/data/products must be at most 10000 products"},
		{receipt(`"lines":[{"product":"a"}],"products":["a"]`), "/data/products must not be given beside lines"},
		{receipt(`"products":["a",7]`), "/data/products/1 must be a string, not a number"},
		{receipt(`"products":["a",""]`), "/data/products/1 is required"},
		{receipt(`"products":["a","` + long + `"]`), "/data/products/1" + idFault},
		{receipt(`"products":["a"],"currency":"kr"`), "/data/currency must be an ISO 4217 code of three capital letters, such as DKK"},
		{receipt(`"products":["a"],"original":"` + long + `"`), "/data/original" + idFault},
		{withLine(``), "/data/lines/1/product is required"},
		{withLine(`"product":7`), "/data/lines/1/product must be a string, not a number"},
		{withLine(`"product":"` + long + `"`), "/data/lines/1/product" + idFault},
		{withLine(`"product":"b","qty":0`), "/data/lines/1/qty must not be zero"},
		{withLine(`"product":"b","qty":-0`), "/data/lines/1/qty must not be zero"},
		{withLine(`"product":"b","qty":"2"`), "/data/lines/1/qty must be a number, not a string"},
		{withLine(`"product":"b","qty":1e400`), "/data/lines/1/qty must be a finite number"},
		{withLine(`"product":"b","qty":-2e12`), "/data/lines/1/qty" + numFault},
		{withLine(`"product":"b","price":2e12`), "/data/lines/1/price" + numFault},
		{withLine(`"product":"b","price":[]`), "/data/lines/1/price must be a number, not an array"},
		{withLine(`"product":"b","discount":-2e12`), "/data/lines/1/discount" + numFault},
		{withLine(`"product":"b","offer":"` + long + `"`), "/data/lines/1/offer" + idFault},
		{withLine(`"product":"b","return":"yes"`), "/data/lines/1/return must be true or false, not a string"},
		{withLine(`"product":"b","return":0`), "/data/lines/1/return must be true or false, not a number"},
		{withLine(`"product":"b","quantity":2`), "/data/lines/1/quantity is not a field here; the fields are discount, offer, price, product, qty, return"},
		{withLine(`"product":"b","qty":2,"qty":3`), "/data/lines/1/qty is given twice"},
		{receipt(`"lines":["a"]`), "/data/lines/0 must be an object, not a string"},
		// View, cart and scan.
		{of("view", ``), "/data/product is required"},
		{of("view", `"product":"a","recommId":"`+long+`"`), "/data/recommId" + idFault},
		{of("cart", `"action":"add","lines":[{"product":"a"}]`), "/data/cart is required"},
		{of("cart", `"cart":"c","lines":[{"product":"a"}]`), "/data/action is required: add, remove or set"},
		{of("cart", `"cart":"c","action":"put","lines":[{"product":"a"}]`), "/data/action must be add, remove or set"},
		{of("cart", `"cart":"c","action":"add"`), needsLines},
		{of("cart", `"cart":"c","action":"add","lines":[{"product":"a","qty":-1}]`), "/data/lines/0/qty must be above zero in a cart, and nothing in it can be a return"},
		{of("scan", `"store":"1","session":"s","action":"add"`), "/data/product is required"},
		{of("scan", `"session":"s","product":"a","action":"add"`), "/data/store is required"},
		{of("scan", `"store":"1","product":"a","action":"add"`), "/data/session is required"},
		{of("scan", `"store":"1","session":"s","product":"a"`), "/data/action is required: add or remove"},
		{of("scan", `"store":"1","session":"s","product":"a","action":"set"`), "/data/action is required: add or remove"},
		{of("scan", `"store":"1","session":"s","product":"a","action":"ad"`), "/data/action must be add or remove"},
		// The catalogue.
		{of("product.upserted", `"name":"a"`), "/data/product is required"},
		{product(`"name":"` + longText + `"`), "/data/name must be at most 512 bytes of UTF-8 without control characters"},
		{product(`"category":"\u0001"`), "/data/category must be at most 512 bytes of UTF-8 without control characters"},
		{product(`"brand":7`), "/data/brand must be a string, not a number"},
		{product(`"image":"` + strings.Repeat("x", MaxImage+1) + `"`), "/data/image must be at most 2048 bytes of UTF-8 without control characters"},
		{product(`"currency":"dkk"`), "/data/currency must be an ISO 4217 code of three capital letters, such as DKK"},
		{product(`"price":1e13`), "/data/price" + numFault},
		{product(`"attributes":[]`), "/data/attributes must be an object, not an array"},
		{product(`"attributes":{"a":[1]}`), "/data/attributes/a must be a string, a number, true or false, not an array"},
		{product(`"attributes":{"a":1e400}`), "/data/attributes/a must be a finite number"},
		{product(`"attributes":{"a":"` + strings.Repeat("x", MaxValue+1) + `"}`), "/data/attributes/a must be at most 1024 bytes of UTF-8 without control characters"},
		{product(`"attributes":{"":1}`), "/data/attributes must have names of 1 to 128 bytes of printable UTF-8"},
		{product(`"attributes":{` + attributes(65) + `}`), "/data/attributes must be at most 64 attributes"},
		{product(`"attributes":{` + attributes(257) + `}`), "/data/attributes must be at most 64 attributes"},
		{of("product.deleted", ``), "/data/product is required"},
		{of("stock.changed", `"product":"a","availability":"InStock"`), "/data/store is required"},
		{of("stock.changed", `"store":"1","availability":"InStock"`), "/data/product is required"},
		{of("stock.changed", `"store":"1","product":"a"`), "/data/availability is required: InStock, LimitedAvailability or OutOfStock"},
		{of("stock.changed", `"store":"1","product":"a","availability":"instock"`), "/data/availability must be InStock, LimitedAvailability or OutOfStock"},
		// Members.
		{of("member.upserted", ``), "/data/member is required"},
		{of("member.erased", ``), "/data/member is required"},
		{of("member.merged", `"into":"b"`), "/data/member is required"},
		{of("member.merged", `"member":"a"`), "/data/into is required"},
		{of("member.merged", `"member":"a","into":"a"`), "/data/into must be another member"},
		{of("member.identified", `"member":"a"`), "/data/session is required"},
		{of("member.identified", `"session":"a"`), "/data/member is required"},
		{of("member.upserted", `"member":"a","homeStore":"`+long+`"`), "/data/homeStore" + idFault},
		{of("member.upserted", `"member":"a","chains":"x"`), "/data/chains must be an array, not a string"},
		{of("member.upserted", `"member":"a","chains":["x",""]`), "/data/chains/1 is required"},
		{of("member.upserted", `"member":"a","chains":[`+strings.Repeat(`"x",`, MaxChains)+`"x"]`), "/data/chains must be at most 64 chains"},
		{of("member.upserted", `"member":"a","timezone":"Europe Copenhagen"`), "/data/timezone must be an IANA name such as Europe/Copenhagen"},
		// Signals.
		{of("signal", `"weight":1`), "/data/product is required"},
		{of("signal", `"product":"a"`), "/data/weight is required"},
		{of("signal", `"product":"a","weight":1e13`), "/data/weight" + numFault},
		{of("signal", `"product":"a","weight":1,"source":"`+long+`"`), "/data/source" + idFault},
	}
	for _, tt := range tests {
		got := both(t, tt.body)
		if len(got) != 1 || fmt.Sprint(got[0].err) != tt.want {
			t.Errorf("%.200s\ngot  %.300v\nwant %s", tt.body, got[0].err, tt.want)
		}
	}
}

// TestValidate holds what only an event that was built in the process can
// break, and the clock.
func TestValidate(t *testing.T) {
	view := &View{Product: "a"}
	one := []Line{line("a", 1)}
	tests := []struct {
		name string
		ev   Event
		want string
	}{
		{"fine", Event{Type: TypeView, Time: at, Body: view}, "<nil>"},
		{"no time", Event{Type: TypeView, Body: view}, "<nil>"},
		{"24 hours ahead", Event{Type: TypeView, Time: at + MaxAhead, Body: view}, "<nil>"},
		{"more than that", Event{Type: TypeView, Time: at + MaxAhead + 1, Body: view}, "/time must be at most 24 hours ahead of the clock here"},
		{"far ahead", Event{Type: TypeView, Time: math.MaxInt64, Body: view}, "/time must be at most 24 hours ahead of the clock here"},
		{"before 1970", Event{Type: TypeView, Time: -1, Body: view}, "/time must be later than 1970-01-01T00:00:00Z"},
		{"no body", Event{Type: TypeView}, "/type must be one of"},
		{"no type", Event{Body: view}, "/type must be one of"},
		{"another type's body", Event{Type: TypeReceipt, Body: view}, "/type must be one of"},
		{"another type's field", Event{Type: TypeProductDeleted, Store: "1", Body: &ProductDeleted{Product: "a"}}, "/data/store is not a field of product.deleted"},
		{"a negative quantity", Event{Type: TypeReceipt, ID: "1", Body: &Receipt{Lines: []Line{line("a", -1)}}}, "/data/lines/0/qty must be a number between"},
		{"no number", Event{Type: TypeReceipt, ID: "1", Body: &Receipt{Lines: []Line{line("a", math.NaN())}}}, "/data/lines/0/qty must be a number between"},
		{"an infinite price", Event{Type: TypeReceipt, ID: "1", Body: &Receipt{Lines: []Line{{Product: "a", Qty: 1, Price: math.Inf(1)}}}}, "/data/lines/0/price must be a number between"},
		{"a discount that is no number", Event{Type: TypeReceipt, ID: "1", Body: &Receipt{Lines: []Line{{Product: "a", Qty: 1, Discount: math.NaN()}}}}, "/data/lines/0/discount must be a number between"},
		{"too many lines", Event{Type: TypeReceipt, ID: "1", Body: &Receipt{Lines: make([]Line, MaxLines+1)}}, "/data/lines must be at most 10000 lines"},
		{"no UTF-8", Event{Type: TypeView, Body: &View{Product: "a\xff"}}, "/data/product must be 1 to 128 bytes of printable UTF-8"},
		{"no UTF-8 in a name", Event{Type: TypeProductUpserted, Body: &Product{Product: "a", Name: "\xff"}}, "/data/name must be at most 512 bytes of UTF-8 without control characters"},
		{"an action that is none", Event{Type: TypeCart, Body: &Cart{CartID: "c", Action: 9, Lines: one}}, "/data/action is required: add, remove or set"},
		{"a stock that is none", Event{Type: TypeStockChanged, Store: "1", Body: &Stock{Product: "a", Availability: 9}}, "/data/availability is required"},
		{"too many chains", Event{Type: TypeMemberUpserted, MemberID: "m", Body: &Member{Chains: make([]string, MaxChains+1)}}, "/data/chains must be at most 64 chains"},
		{"unsorted attributes", Event{Type: TypeMemberUpserted, MemberID: "m", Body: &Member{Attributes: []Attribute{
			{"b", Value{Kind: KindBool}}, {"a", Value{Kind: KindBool}}}}}, "/data/attributes must be sorted by name, each name once"},
		{"a value of no kind", Event{Type: TypeMemberUpserted, MemberID: "m", Body: &Member{Attributes: []Attribute{{"b", Value{}}}}},
			"/data/attributes/b must be text, a number, true or false"},
		{"half a truth", Event{Type: TypeMemberUpserted, MemberID: "m", Body: &Member{Attributes: []Attribute{{"b", Value{Kind: KindBool, Num: 0.5}}}}},
			"/data/attributes/b must be 1 or 0 for a truth value"},
		{"an attribute without end", Event{Type: TypeMemberUpserted, MemberID: "m", Body: &Member{Attributes: []Attribute{{"b", Value{Kind: KindNumber, Num: math.Inf(-1)}}}}},
			"/data/attributes/b must be a finite number"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := fmt.Sprint(tt.ev.Validate(at)); !strings.HasPrefix(got, tt.want) {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestNames(t *testing.T) {
	for kind := TypeReceipt; kind <= TypeScenarioChanged; kind++ {
		if got, ok := ParseType(kind.String()); !ok || got != kind {
			t.Errorf("type %d is %q, which is type %d", kind, kind, got)
		}
		if !strings.Contains(", "+typeNames+",", ", "+kind.String()+",") {
			t.Errorf("the list of types lacks %s", kind)
		}
	}
	if got, ok := ParseType("unknown"); ok || Type(0).String() != "unknown" || Type(99).String() != "unknown" {
		t.Errorf("unknown is type %d", got)
	}
	for a := ActionAdd; a <= ActionSet; a++ {
		if got, ok := ParseAction(a.String()); !ok || got != a {
			t.Errorf("action %d is %q, which is action %d", a, a, got)
		}
	}
	for p := Personalisation; p <= Marketing; p++ {
		if got, ok := ParsePurpose(p.String()); !ok || got != p {
			t.Errorf("purpose %d is %q, which is purpose %d", p, p, got)
		}
	}
	for a := InStock; a <= OutOfStock; a++ {
		if got, ok := ParseAvailability(a.String()); !ok || got != a {
			t.Errorf("availability %d is %q, which is availability %d", a, a, got)
		}
	}
}
