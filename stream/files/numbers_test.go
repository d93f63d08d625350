package files

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestReadNumber(t *testing.T) {
	tests := []struct {
		cell         string
		point, comma string // as read in a file of decimal points, of decimal commas
	}{
		{"12", "12", "12"},
		{"-3", "-3", "-3"},
		{"+3", "3", "3"},
		{"2.55", "2.55", "2.55"},
		{"2,55", "?", "2.55"},
		{"1.234", "1.234", "1234"},
		{"0.456", "0.456", "0.456"},
		{"1,234", "1234", "1.234"},
		{"1,234.50", "1234.5", "1234.5"},
		{"1.234,50", "?", "1234.5"},
		{"1.234.567", "1234567", "1234567"},
		{"1,23,4", "?", "?"},
		{"£2.10", "2.1", "2.1"},
		{"-€ 2,10", "?", "-2.1"},
		{"12,50 kr", "?", "12.5"},
		{"5-", "-5", "-5"},
		{"(5.00)", "-5", "-5"},
		{"1 234,5", "?", "1234.5"},
		{"1e3", "1000", "1000"},
		{"", "?", "?"},
		{"-", "?", "?"},
		{"--1", "?", "?"},
		{"1-2", "?", "?"},
		{"abc", "?", "?"},
		{"NaN", "?", "?"},
		{"Inf", "?", "?"},
		{"12.", "12", "12"},
		{"123456789012345678", "123456789012345680", "123456789012345680"},
	}
	for _, tt := range tests {
		for m, want := range map[mark]string{pointMark: tt.point, commaMark: tt.comma} {
			got := "?"
			if v, ok := readNumber([]byte(tt.cell), m); ok {
				got = strconv.FormatFloat(v, 'f', -1, 64)
			}
			if got != want {
				t.Errorf("%q with mark %d: got %s, want %s", tt.cell, m, got, want)
			}
		}
	}
}

// TestPlainNumber holds the quick way to strconv, bit for bit.
func TestPlainNumber(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringMatching(`-?[0-9]{1,12}(\.[0-9]{1,6})?`).Draw(t, "number")
		want, err := strconv.ParseFloat(s, 64)
		if err != nil {
			t.Fatal(err)
		}
		got, ok := readNumber([]byte(s), pointMark)
		if !ok || got != want {
			t.Fatalf("%s: got %v %v, want %v", s, got, ok, want)
		}
	})
}

func TestMarkVotes(t *testing.T) {
	tests := []struct {
		cells     string
		delimiter byte
		want      mark
	}{
		{"1 2 3", ',', pointMark},
		{"1 2 3", ';', commaMark},
		{"1 2.5 3", ';', pointMark},
		{"1 2,5 3", ';', commaMark},
		{"1.234 2.345", ';', commaMark},
		{"1.234,50", '\t', commaMark},
		{"1,234.50", '\t', pointMark},
		{"0.456", ';', pointMark},
		{"2,5 2,5 2.5", ';', commaMark},
	}
	for _, tt := range tests {
		var v markVotes
		for _, cell := range strings.Fields(tt.cells) {
			v.add([]byte(cell))
		}
		if got := v.decide(tt.delimiter); got != tt.want {
			t.Errorf("%s between %q: got %d, want %d", tt.cells, tt.delimiter, got, tt.want)
		}
	}
}

func FuzzNumber(f *testing.F) {
	for _, s := range []string{"1.234,50", "-£2", "(1)", "1e400", "kr 5", "12 kr."} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, cell []byte) {
		for _, m := range []mark{pointMark, commaMark} {
			v, ok := readNumber(cell, m)
			if !ok {
				continue
			}
			back, ok := readNumber([]byte(fmt.Sprint(strconv.FormatFloat(v, 'f', -1, 64))), pointMark)
			if ok && back != v {
				t.Fatalf("%q gives %v, which gives %v", cell, v, back)
			}
		}
	})
}
