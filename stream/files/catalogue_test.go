package files

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"
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
