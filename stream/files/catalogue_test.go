package files

import (
	"context"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// bodies takes batches and keeps the events' text.
type bodies struct{ lines []string }

func (s *bodies) spare() *batch { return &batch{} }

func (s *bodies) put(_ context.Context, b *batch) error {
	for i := range b.origins {
		s.lines = append(s.lines, strings.TrimPrefix(string(b.event(i)), `{"specversion":"1.0",`))
	}
	return nil
}

func TestCatalogue(t *testing.T) {
	tests := []struct {
		name, text string
		want       []string
	}{
		{"products", "product,name,category,brand,price,image,organic,weight,code,name\n1,Milk,Dairy,Arla,\"12,345.50\",http://x/1.png,true,0.5,007,again\n2,,,,,,,,,\n",
			[]string{`"source":"import","type":"product.upserted","data":{"product":"1","name":"Milk","category":"Dairy","brand":"Arla","image":"http://x/1.png","price":12345.5,"attributes":{"code":"007","organic":true,"weight":0.5}}}`,
				`"source":"import","type":"product.upserted","data":{"product":"2"}}`}},
		{"decimal commas, Windows-1252", "varenr;varenavn;pris\n1;R\xf8dgr\xf8d;1.234,50\n",
			[]string{`"source":"import","type":"product.upserted","data":{"product":"1","name":"Rødgrød","price":1234.5}}`}},
		{"members", "member,home_store,chains,timezone,age,born\nm1,7,netto|fotex,Europe/Copenhagen,35-44,1980\n",
			[]string{`"source":"import","type":"member.upserted","data":{"member":"m1","homeStore":"7","chains":["netto","fotex"],"timezone":"Europe/Copenhagen","attributes":{"age":"35-44","born":1980}}}`}},
		{"members from NDJSON", `{"member":"m1","chains":["a b","c"],"zip":"2100","age":35}` + "\n" + `{"member":"m2","late":"x"}` + "\n",
			[]string{`"source":"import","type":"member.upserted","data":{"member":"m1","chains":["a b","c"],"attributes":{"age":35,"zip":"2100"}}}`,
				`"source":"import","type":"member.upserted","data":{"member":"m2","attributes":{"late":"x"}}}`}},
		{"offers", "offer,name,products,categories,valid_from,valid_through,chains,stores,audience,price,member_price,currency,budget_activations,budget_redemptions,budget_discount," +
			"per_member_activations,per_member_redemptions,priority,margin,funded_by,image,theme,week\n" +
			"o1,Tea week,a 1|a 2|a 1,\"Hot drinks, tea|Cups\",2026-03-02,2026-03-08,netto|fotex,7;8,member.homeStore == '7',29.95,20,DKK,1000,500,99.5,-1,2,3,0.25,Arla Foods,http://x/1.png,easter,10\n" +
			"o2,,,,2026-03-02T06:00:00+01:00,2026-03-08 21:30,,,,,,,,,,,,,,,,,\n",
			[]string{`"source":"import","type":"offer.upserted","data":{"offer":"o1","name":"Tea week","image":"http://x/1.png","products":["a 1","a 2"],"categories":["Hot drinks, tea","Cups"],` +
				`"validFrom":"2026-03-02T00:00:00Z","validThrough":"2026-03-08T23:59:59.999Z","chains":["netto","fotex"],"stores":["7","8"],"audience":"member.homeStore == '7'",` +
				`"price":29.95,"memberPrice":20,"currency":"DKK","budget":{"activations":1000,"redemptions":500,"discount":99.5},"perMember":{"activations":-1,"redemptions":2},` +
				`"priority":3,"margin":0.25,"fundedBy":"Arla Foods","attributes":{"theme":"easter","week":10}}}`,
				`"source":"import","type":"offer.upserted","data":{"offer":"o2","validFrom":"2026-03-02T05:00:00Z","validThrough":"2026-03-08T21:30:00Z"}}`}},
		{"offers, day first, decimal commas", "Tilbudsnr;Varenr;Gyldig fra;Gyldig til;Pris;Medlemspris\n1;10 11;02.03.2026;13/3/2026;12,50;1.000,00\n",
			[]string{`"source":"import","type":"offer.upserted","data":{"offer":"1","products":["10","11"],"validFrom":"2026-03-02T00:00:00Z","validThrough":"2026-03-13T23:59:59.999Z","price":12.5,"memberPrice":1000}}`}},
		{"offers from NDJSON", `{"offer":"o","products":["a b",7],"categories":["x|y"],"memberPrice":9.5,"validThrough":"2026-03-08T21:30:00Z","vegan":true}` + "\n",
			[]string{`"source":"import","type":"offer.upserted","data":{"offer":"o","products":["a b","7"],"categories":["x|y"],"validThrough":"2026-03-08T21:30:00Z","memberPrice":9.5,"attributes":{"vegan":true}}}`}},
		{"members' own offers", "member,offer,price,valid_from,valid_through\nm1,o1,9.5,,\nm1,o2,,2026-03-02,2026-03-08\n",
			[]string{`"source":"import","type":"offer.personalised","data":{"member":"m1","offer":"o1","price":9.5}}`,
				`"source":"import","type":"offer.personalised","data":{"member":"m1","offer":"o2","validFrom":"2026-03-02T00:00:00Z","validThrough":"2026-03-08T23:59:59.999Z"}}`}},
		{"consents", "member,chain,channel,purpose,granted,ts\nm1,netto,Email,Marketing,yes,2026-03-02 10:00\nm2,,,personalisation,0,\n",
			[]string{`"source":"import","type":"consent.changed","time":"2026-03-02T10:00:00Z","data":{"chain":"netto","member":"m1","channel":"email","purpose":"marketing","granted":true}}`,
				`"source":"import","type":"consent.changed","data":{"member":"m2","purpose":"personalisation","granted":false}}`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got bodies
			readAll(t, Import{}, []byte(tt.text), &got)
			if !slices.Equal(got.lines, tt.want) {
				t.Errorf("got  %s\nwant %s", strings.Join(got.lines, "\n     "), strings.Join(tt.want, "\n     "))
			}
		})
	}
}

func TestCatalogueRejects(t *testing.T) {
	path := t.TempDir() + "/rejects.csv"
	var got bodies
	readAll(t, Import{Rejects: path}, []byte("product,name,price\n,Milk,1\n2,Bread,cheap\n3\t,x,1\n4,"+strings.Repeat("x", 600)+",1\n5,Eggs,3\n"), &got)
	if len(got.lines) != 2 {
		t.Errorf("took %q", got.lines)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"standard input,2,product,is empty,", "standard input,3,price,is no number,", "standard input,5,/data/name,must be at most 512 bytes"} {
		if !strings.Contains(string(b), want) {
			t.Errorf("%s is missing in %s", want, b)
		}
	}
}

// TestTermInZone: a day without a time of day is a day where the shop is, also
// the one on which the clock is changed.
func TestTermInZone(t *testing.T) {
	const text = "offer;valid_from;valid_through\no;28-03-2026;29-03-2026\n"
	for layout, o := range map[string]Import{
		"found":   {Timezone: "Europe/Copenhagen"},
		"given":   {Timezone: "Europe/Copenhagen", DateLayout: "dd-MM-yyyy"},
		"ordered": {Timezone: "Europe/Copenhagen", DateLayout: "dmy"},
	} {
		var got bodies
		readAll(t, o, []byte(text), &got)
		want := `"source":"import","type":"offer.upserted","data":{"offer":"o","validFrom":"2026-03-27T23:00:00Z","validThrough":"2026-03-29T21:59:59.999Z"}}`
		if len(got.lines) != 1 || got.lines[0] != want {
			t.Errorf("%s: got %q", layout, got.lines)
		}
	}
}

// TestOffersFromParquet: its lists are lists, where lists are expected.
func TestOffersFromParquet(t *testing.T) {
	type row struct {
		Offer       string   `parquet:"offer"`
		Products    []string `parquet:"products,list"`
		Categories  []string `parquet:"categories"` // repeated, as older programs write it
		Stores      []int32  `parquet:"stores,list"`
		ValidTo     int32    `parquet:"valid_to,date"`
		MemberPrice float64  `parquet:"member_price"`
		Tags        []string `parquet:"tags,list"`
		Theme       string   `parquet:"theme"`
	}
	var got bodies
	readAll(t, Import{}, asParquet(t, []row{
		{"o1", []string{"a \"1\"", "b"}, []string{"Hot drinks, tea", "x|y"}, []int32{7, 8}, 20520, 9.5, []string{"p", "q"}, "easter"},
		{"o2", nil, nil, nil, 20520, 3, nil, ""},
	}), &got)
	want := []string{
		`"source":"import","type":"offer.upserted","data":{"offer":"o1","products":["a \"1\"","b"],"categories":["Hot drinks, tea","x|y"],` +
			`"validThrough":"2026-03-08T23:59:59.999Z","stores":["7","8"],"memberPrice":9.5,"attributes":{"theme":"easter"}}}`,
		`"source":"import","type":"offer.upserted","data":{"offer":"o2","validThrough":"2026-03-08T23:59:59.999Z","memberPrice":3}}`,
	}
	if !slices.Equal(got.lines, want) {
		t.Errorf("got  %s\nwant %s", strings.Join(got.lines, "\n     "), strings.Join(want, "\n     "))
	}
}

func TestListsRefused(t *testing.T) {
	type row struct {
		Product []string `parquet:"product,list"`
		Name    string   `parquet:"name"`
	}
	path := t.TempDir() + "/in.parquet"
	if err := os.WriteFile(path, asParquet(t, []row{{[]string{"a"}, "x"}}), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := openFile(path, &ask{}, new(atomic.Int64))
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	if _, err := s.learn("", time.UTC); err == nil || !strings.Contains(err.Error(), `column "product" holds lists; single values were expected for the product of products`) {
		t.Errorf("got %v", err)
	}
}

func TestOfferRejects(t *testing.T) {
	tests := []struct{ text, want string }{
		{"offer,products,valid_from\n,a,2026-03-01\n", "input,2,offer,is empty,"},
		{"offer,products,valid_from\no,a,soon\no,a,2026-03-01\n", "input,2,valid_from,is no date and time that is known,"},
		{"offer,products,valid_through\no,a,1969-03-01\n", "input,2,valid_through,is not after 1970-01-01T00:00:00Z,"},
		{"offer,products,valid_from,valid_through\no,a,2026-03-02,2026-03-01\n", "input,2,/data/validThrough,must not be before validFrom,"},
		{"offer,products,member_price\no,a,cheap\n", "input,2,member_price,is no number,"},
		{"offer,products,budget_activations\no,a,1.5\n", "input,2,budget_activations,is no whole number,"},
		{"offer,products,budget_activations\no,a,-1\n", "input,2,/data/budget/activations,must be a whole number between 0 and 1e12,"},
		{"member,offer,price\nm,,1\n", "input,2,offer,is empty,"},
		{"member,offer,price\n,o,1\n", "input,2,member,is empty,"},
		{"member,offer,price\nm,o,x\n", "input,2,price,is no number,"},
		{"member,purpose,granted\n,marketing,1\n", "input,2,member,is empty,"},
		{"member,purpose,granted\nm,spam,1\n", "input,2,purpose,is neither personalisation nor marketing,"},
		{"member,purpose,granted\nm,marketing,\n", "input,2,granted,is neither yes nor no,"},
		{"member,purpose,granted,channel\nm,marketing,1,sms\n", "input,2,/data/channel,"},
	}
	for _, tt := range tests {
		path := t.TempDir() + "/rejects.csv"
		var got bodies
		readAll(t, Import{Rejects: path}, []byte(tt.text), &got)
		b, err := os.ReadFile(path)
		if err != nil || !strings.Contains(string(b), tt.want) {
			t.Errorf("%q: %v, %s lacks %q", tt.text, err, b, tt.want)
		}
	}
}

// TestEnvelopes passes whole events on. Those that count and have no id get
// one, the same each time.
func TestEnvelopes(t *testing.T) {
	const text = `{"id":"r-1","type":"receipt","time":"2026-03-01T10:00:00Z","data":{"products":["a","b"]},"traceparent":"kept"}
{"type":"view","time":"2026-03-01T10:00:00Z","data":{"product":"a","session":"s"}}
{"type":"view","time":"2026-03-01T10:00:00Z","data":{"product":"a","session":"s"}}
{"type":"product.upserted","data":{"product":"a","name":"Milk"}}
{"type":"receipt","data":{"products":["a"]}}
{"type":"dance","data":{}}
not json
{"type":"receipt","time":"2099-03-01T10:00:00Z","data":{"products":["a"]}}
`
	path := t.TempDir() + "/rejects.csv"
	var got, again bodies
	j := readAll(t, Import{Rejects: path}, []byte(text), &got)
	readAll(t, Import{}, []byte(text), &again)
	want := []string{
		`{"id":"r-1","type":"receipt","time":"2026-03-01T10:00:00Z","data":{"products":["a","b"]},"traceparent":"kept"}`,
		`"id":"0258","source":"import","type":"view","time":"2026-03-01T10:00:00Z","data":{"session":"s","product":"a"}}`,
		`"id":"0258~2","source":"import","type":"view","time":"2026-03-01T10:00:00Z","data":{"session":"s","product":"a"}}`,
		`{"type":"product.upserted","data":{"product":"a","name":"Milk"}}`,
	}
	if !slices.Equal(got.lines, again.lines) {
		t.Errorf("other events at the second time: %q, %q", got.lines, again.lines)
	}
	for i, line := range got.lines {
		if i >= len(want) || shortID(line) != shortID(want[i]) {
			t.Errorf("got %s", line)
		}
	}
	if j.tally.receipts.Load() != 1 || j.tally.lines.Load() != 2 || j.tally.others.Load() != 3 || j.tally.dropped.Load() != 4 {
		t.Errorf("receipts %d, lines %d, others %d, dropped %d", j.tally.receipts.Load(), j.tally.lines.Load(), j.tally.others.Load(), j.tally.dropped.Load())
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"input,5,/time,is required", "input,6,/type,", "input,7,", "input,8,/time,must be at most 24 hours ahead"} {
		if !strings.Contains(string(b), want) {
			t.Errorf("%s is missing in %s", want, b)
		}
	}
}

// shortID cuts a hash in an event's id to four characters.
func shortID(line string) string {
	rest, ok := strings.CutPrefix(line, `"id":"`)
	if !ok {
		return line
	}
	id, tail, _ := strings.Cut(rest, `"`)
	hash, part, _ := strings.Cut(id, "~")
	return hash[:4] + "~" + part + tail
}
