package files

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"

	"nabo/engine/event"
)

// sales are the rows of every format's test.
var salesWant = []string{"2026-03-01/7/1 10:00 m a*2@1.5 b*1@NaN", "2026-03-01/7/2 10:02  x*0.5@2R"}

const (
	salesText = "ts,store,receipt,member,product,qty,price\n2026-03-01T10:00:00Z,7,1,m,a,2,1.5\n2026-03-01T10:00:00Z,7,1,m,b,,\n2026-03-01T10:02:00Z,7,2,,x,-0.5,2\n"
	salesJSON = `{"ts":"2026-03-01T10:00:00Z","store":7,"receipt":1,"member":"m","product":"a","qty":2,"price":1.5}

{"receipt": "1", "product": "b", "ts": "2026-03-01T10:00:00Z", "store": "7", "member": "m", "qty": null, "extra": {"deep": ["}", 1]}}
 {"receipt":2,"product":"\u0078","ts":"2026-03-01 10:02","store":7,"qty":-0.5,"price":2}
`
)

func gzipped(t testing.TB, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, err := w.Write(b)
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func zstandard(t testing.TB, b []byte) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	return w.EncodeAll(b, nil)
}

func asParquet[T any](t testing.TB, rows []T) []byte {
	t.Helper()
	var out bytes.Buffer
	w := parquet.NewGenericWriter[T](&out)
	_, err := w.Write(rows)
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

type parquetSale struct {
	TS      time.Time `parquet:"ts,timestamp(microsecond)"`
	Store   int32     `parquet:"store"`
	Receipt int64     `parquet:"receipt"`
	Member  *string   `parquet:"member,optional"`
	Tags    []string  `parquet:"tags,list"`
	Product string    `parquet:"product"`
	Qty     *float64  `parquet:"qty,optional"`
	Price   *int64    `parquet:"price,optional,decimal(2:18)"`
}

func parquetSales(t testing.TB) []byte {
	at := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	two, back, m := 2.0, -0.5, "m"
	p150, p200 := int64(150), int64(200)
	return asParquet(t, []parquetSale{
		{at, 7, 1, &m, []string{"x", "y"}, "a", &two, &p150},
		{at, 7, 1, &m, nil, "b", nil, nil},
		{at.Add(2 * time.Minute), 7, 2, nil, []string{"z"}, "x", &back, &p200},
	})
}

func TestFormats(t *testing.T) {
	for _, tt := range []struct {
		name string
		text []byte
	}{
		{"csv", []byte(salesText)}, {"tabs", []byte(strings.ReplaceAll(salesText, ",", "\t"))}, {"bars", []byte(strings.ReplaceAll(salesText, ",", "|"))},
		{"csv with line ends of Windows", []byte(strings.ReplaceAll(salesText, "\n", "\r\n"))},
		{"ndjson", []byte(salesJSON)}, {"parquet", parquetSales(t)},
	} {
		for pack, b := range map[string][]byte{"plain": tt.text, "gzip": gzipped(t, tt.text), "zstd": zstandard(t, tt.text),
			"gzip in parts": append(gzipped(t, tt.text[:20]), gzipped(t, tt.text[20:])...)} {
			t.Run(tt.name+" "+pack, func(t *testing.T) {
				var k kept
				readAll(t, Import{}, b, &k)
				checkSales(t, &k)
				k = kept{}
				path := filepath.Join(t.TempDir(), "sales.dat")
				if err := os.WriteFile(path, b, 0o600); err != nil {
					t.Fatal(err)
				}
				takeFile(t, path, &k)
				checkSales(t, &k)
			})
		}
	}
}

// checkSales holds what was read to salesWant, but for the lines' numbers.
func checkSales(t *testing.T, k *kept) {
	t.Helper()
	var got []string
	for _, r := range k.show() {
		_, r, _ = strings.Cut(r, ": ")
		got = append(got, r)
	}
	if !slices.Equal(got, salesWant) {
		t.Errorf("got  %q\nwant %q", got, salesWant)
	}
}

// takeFile takes a file by its path.
func takeFile(t *testing.T, path string, to sink) error {
	t.Helper()
	o := Import{Files: []string{path}, Err: io.Discard, Out: io.Discard, Rejects: filepath.Join(t.TempDir(), "rejects.csv")}
	o.setDefaults()
	j := newJob(&o, time.UTC)
	defer j.rejects.close()
	j.packer.sink = to
	if err := j.take(context.Background(), path); err != nil {
		return err
	}
	return j.end(context.Background(), func() error { return nil })
}

func TestFilesRefused(t *testing.T) {
	whole := gzipped(t, salesCSV(2000))
	tests := []struct {
		name string
		text []byte
		want string
	}{
		{"empty", nil, "is empty"},
		{"blank", []byte("\n\n"), "is empty"},
		{"excel", []byte("PK\x03\x04..."), "is a zip archive or an Excel workbook: save it as CSV"},
		{"utf-16", []byte("\xff\xfet\x00s\x00"), "is UTF-16 text: save it as UTF-8"},
		{"json array", []byte(`[{"ts":1}]`), "is a JSON array"},
		{"parquet cut off", parquetSales(t)[:200], "is no Parquet file that can be read"},
		{"header only of others", []byte("a,b\n1,2\n"), "has no column with the product for receipts, and they are no products, offers, members or consents either; its columns are a, b"},
		{"open dates", []byte("date,receipt,product\n03/04/2026,1,a\n"), `column "date": "03/04/2026" may have its day or its month first`},
		{"gzip cut off", whole[:len(whole)-2000], "breaks off after line"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "in")
			if err := os.WriteFile(path, tt.text, 0o600); err != nil {
				t.Fatal(err)
			}
			var k kept
			err := takeFile(t, path, &k)
			var file *fileError
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), path) || !errors.As(err, &file) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
			for _, ev := range k.events {
				if n := len(ev.Body.(*event.Receipt).Lines); n != 10 {
					t.Errorf("%s has %d lines", ev.ID, n)
				}
			}
		})
	}
	if err := takeFile(t, t.TempDir(), &kept{}); err == nil || !strings.Contains(err.Error(), "--watch") {
		t.Errorf("a folder: got %v", err)
	}
}

// TestLooksFurther has the day that tells beyond the sample: a file is looked
// through, a stream refused.
func TestLooksFurther(t *testing.T) {
	var b bytes.Buffer
	b.WriteString("date,receipt,product\n")
	for i := range 60000 {
		fmt.Fprintf(&b, "%02d/03/2026 10:00,%d,a\n", 1+i/5000, i)
	}
	b.WriteString("13/03/2026 10:00,last,a\n")
	path := filepath.Join(t.TempDir(), "in.csv")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	var k kept
	if err := takeFile(t, path, &k); err != nil {
		t.Fatal(err)
	}
	if n := len(k.events); n != 60001 || k.events[0].ID != "2026-03-01//0" || k.events[n-1].ID != "2026-03-13//last" {
		t.Errorf("%d receipts, the first %s", n, k.events[0].ID)
	}
	var read tally
	s, err := openStream("in", &b, &ask{}, &read.read)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	if _, err := s.learn("", time.UTC); err == nil || !strings.Contains(err.Error(), "--date-layout dmy") {
		t.Errorf("a stream: got %v", err)
	}
}

func TestParquetTypes(t *testing.T) {
	type row struct {
		Receipt string    `parquet:"receipt"`
		Product string    `parquet:"product"`
		Date    int32     `parquet:"date,date"`
		Milli   time.Time `parquet:"milli,timestamp(millisecond)"`
		Nano    int64     `parquet:"nano,timestamp(nanosecond)"`
		Small   int32     `parquet:"small,decimal(2:9)"`
		Fixed   [4]byte   `parquet:"fixed,decimal(3:9)"`
		Float   float32   `parquet:"float"`
		Yes     bool      `parquet:"yes"`
	}
	at := time.Date(2026, 3, 1, 10, 0, 0, 5e6, time.UTC)
	b := asParquet(t, []row{{"1", "a", 20513, at, at.UnixNano(), -5, [4]byte{0xff, 0xff, 0xff, 0xfe}, 2.5, true}})
	r, err := newParquet(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	defer r.close()
	cells, err := r.next()
	if err != nil {
		t.Fatal(err)
	}
	want := "1,a,2026-03-01,2026-03-01T10:00:00.005Z,2026-03-01T10:00:00.005Z,-0.05,-0.002,2.5,true"
	if got := string(bytes.Join(cells, []byte(","))); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if !r.text(0) || r.text(5) {
		t.Error("texts and numbers are mixed up")
	}
	if _, err := r.next(); err != io.EOF {
		t.Errorf("got %v at the end", err)
	}
}

// FuzzJSONRows holds the rows to encoding/json.
func FuzzJSONRows(f *testing.F) {
	for _, line := range strings.Split(salesJSON, "\n") {
		f.Add([]byte(line))
	}
	f.Add([]byte(`{"a":"\ud83d\ude00\\","b":[1,{"c":"]"}],"":-1e5,"a":true}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		if bytes.IndexByte(line, '\n') >= 0 || !utf8.Valid(line) {
			return // what is no UTF-8 is kept here, and read as Windows-1252 later
		}
		r := newJSON(bytes.NewReader(line), nil)
		cells, err := r.next()
		var want map[string]json.RawMessage
		if json.Unmarshal(line, &want) != nil || err != nil {
			return
		}
		for name, raw := range want {
			i := slices.Index(r.header(), name)
			if i < 0 {
				t.Fatalf("%q is missing in %q", name, r.header())
			}
			var text string
			switch {
			case string(raw) == "null":
			case raw[0] == '"':
				if err := json.Unmarshal(raw, &text); err != nil {
					t.Fatal(err)
				}
			default:
				text = string(raw)
			}
			if string(cells[i]) != text {
				t.Fatalf("%q: got %q, want %q", name, cells[i], text)
			}
		}
	})
}
