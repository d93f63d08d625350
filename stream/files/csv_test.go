package files

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// readCSV returns what a reader makes of a text: the rows, each with the number
// of its line, and "line N: reason" for those that are no good.
func readCSV(t *testing.T, src io.Reader, comma byte) []string {
	t.Helper()
	r, err := newCSV(src, comma)
	if err != nil {
		return []string{err.Error()}
	}
	out := []string{strings.Join(r.header(), "|")}
	for {
		cells, err := r.next()
		line, text := r.place()
		var bad *rowError
		switch {
		case errors.As(err, &bad):
			out = append(out, fmt.Sprintf("%d! %s: %.20s", line, bad.reason, text))
			continue
		case err == io.EOF:
			return out
		case err != nil:
			return append(out, err.Error())
		}
		out = append(out, fmt.Sprintf("%d %s", line, bytes.Join(cells, []byte("|"))))
	}
}

func TestCSV(t *testing.T) {
	tests := []struct {
		name, text string
		comma      byte
		want       []string
	}{
		{"plain", "a,b\n1,2\n3,4\n", ',', []string{"a|b", "2 1|2", "3 3|4"}},
		{"no last line end", "a,b\n1,2", ',', []string{"a|b", "2 1|2"}},
		{"carriage returns, a mark, empty lines", "\xef\xbb\xbfa;b\r\n\r\n1;2\r\n\n3;4\r\n", ';', []string{"a|b", "3 1|2", "5 3|4"}},
		{"quotes", "a,b\n\"x, y\",\"say \"\"hi\"\"\"\n\"\",2\n", ',', []string{"a|b", `2 x, y|say "hi"`, "3 |2"}},
		{"quoted line end", "a,b\n\"x\ny\",2\n3,4\n", ',', []string{"a|b", "2 x\ny|2", "4 3|4"}},
		{"quote inside", "a,b\n12\" pan,2\n\"12\" pan\",3\n", ',', []string{"a|b", `2 12" pan|2`, `3 12" pan|3`}},
		{"quote never closed", "a,b\n\"x,2\n3,4\n5,6\n", ',', []string{"a|b", `2! a quote is opened and never closed: "x,2`, "3 3|4", "4 5|6"}},
		{"quote closed by a later one", "a,b\n\"x,2\n3,4\n\"y\",6\n", ',',
			[]string{"a|b", `2! a quote is opened and never closed: "x,2`, "3 3|4", "4 y|6"}},
		{"fields amiss", "a,b\n1\n1,2,3\n1,2,, \n", ',',
			[]string{"a|b", "2! has 1 fields where the header has 2: 1", "3! has 3 fields where the header has 2: 1,2,3", "4 1|2"}},
		{"empty", "", ',', []string{"is empty: a first line with the columns' names was expected"}},
		{"long line", "a,b\n" + strings.Repeat("x", 3*maxLine) + "\n1,2\n", ',', []string{"a|b", "2! the line is longer than 1 MiB: ", "3 1|2"}},
		{"long last line", "a,b\n1,2\n" + strings.Repeat("x", 3*maxLine), ',', []string{"a|b", "2 1|2", "3! the line is longer than 1 MiB: "}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := readCSV(t, strings.NewReader(tt.text), tt.comma); !slices.Equal(got, tt.want) {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
			if len(tt.text) > maxLine {
				return // byte by byte takes long
			}
			if got := readCSV(t, iotest.OneByteReader(strings.NewReader(tt.text)), tt.comma); !slices.Equal(got, tt.want) {
				t.Errorf("byte by byte: got %q\nwant %q", got, tt.want)
			}
		})
	}
}

func TestCSVReadError(t *testing.T) {
	broken := io.MultiReader(strings.NewReader("a,b\n1,2\n3,"), iotest.ErrReader(errors.New("disk gone")))
	want := []string{"a|b", "2 1|2", "disk gone"}
	if got := readCSV(t, broken, ','); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// FuzzCSV holds the reader to encoding/csv wherever that has no complaint, and
// else to giving rows of the right width and coming to an end.
func FuzzCSV(f *testing.F) {
	for _, s := range []string{"a,b\n1,2\n", "a,b\n\"x\ny\",2\n", "a,b\n\"x,2\n3,4\n", "a,b\r\n\"\"\"\",\r\n", "a\n\"\"\n", "\xef\xbb\xbfa,b\n1,2,\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		rows, strict := ourRows(t, text)
		std := csv.NewReader(bytes.NewReader(text))
		std.FieldsPerRecord = -1
		want, err := std.ReadAll()
		if err != nil || !strict || len(want) == 0 || bytes.ContainsRune(text, '\r') || bytes.HasPrefix(text, byteOrderMark()) {
			return // encoding/csv takes carriage returns out of fields, and keeps the mark
		}
		for _, row := range want {
			if len(row) != len(want[0]) {
				return // forgiven or rejected here, as it may be
			}
		}
		if !slices.EqualFunc(rows, want[1:], slices.Equal) {
			t.Errorf("got %q, encoding/csv has %q", rows, want[1:])
		}
	})
}

// ourRows returns the rows of a text, and whether none was rejected or bent.
func ourRows(t *testing.T, text []byte) (rows [][]string, strict bool) {
	r, err := newCSV(bytes.NewReader(text), ',')
	if err != nil {
		return nil, false
	}
	strict = true
	for range len(text) + 1 {
		cells, err := r.next()
		var bad *rowError
		switch {
		case errors.As(err, &bad):
			strict = false
			continue
		case err != nil:
			return rows, strict
		}
		if len(cells) != len(r.header()) {
			t.Fatalf("%d cells under %d names", len(cells), len(r.header()))
		}
		row := []string{}
		for _, c := range cells {
			row = append(row, string(c))
		}
		rows = append(rows, row)
	}
	t.Fatal("more rows than bytes")
	return nil, false
}

func BenchmarkCSV(b *testing.B) {
	text := salesCSV(2000)
	b.Run("ours", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		for b.Loop() {
			r, err := newCSV(bytes.NewReader(text), ',')
			for err == nil {
				_, err = r.next()
			}
		}
	})
	b.Run("encoding", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		for b.Loop() {
			r := csv.NewReader(bytes.NewReader(text))
			r.ReuseRecord = true
			var err error
			for err == nil {
				_, err = r.Read()
			}
		}
	})
}
