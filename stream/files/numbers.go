package files

import (
	"bytes"
	"strconv"
	"unicode"
	"unicode/utf8"
)

// mark says what stands before a number's decimals in a file.
type mark uint8

const (
	pointMark mark = iota // 1,234.50
	commaMark             // 1.234,50
)

// maxDigits is how many digits fit in a float64 without loss.
const maxDigits = 15

// readNumber returns the number in a cell. It takes a sign, thousands set
// apart in threes, and a currency's sign on either side.
func readNumber(cell []byte, m mark) (float64, bool) {
	if v, ok := plainNumber(cell); ok {
		return v, true
	}
	var held [64]byte
	s, ok := barePlain(held[:0], cell, m)
	if !ok {
		return 0, false
	}
	v, err := strconv.ParseFloat(string(s), 64)
	return v, err == nil
}

// plainNumber reads 12, -3 and 2.55: all that most files have. A number of up
// to 15 digits and its power of ten are both exact, so their quotient is the
// float64 nearest to what is written, as strconv would have it.
func plainNumber(s []byte) (float64, bool) {
	if len(s) == 0 {
		return 0, false
	}
	i, negative := 0, s[0] == '-'
	if negative {
		i = 1
	}
	whole, point, v := i, -1, uint64(0)
	for ; i < len(s); i++ {
		switch c := s[i] - '0'; {
		case c <= 9:
			v = v*10 + uint64(c)
		case s[i] == '.' && point < 0 && i > whole:
			point = i
		default:
			return 0, false
		}
	}
	decimals := 0
	if point >= 0 {
		decimals = len(s) - point - 1
	}
	if len(s)-whole > maxDigits || len(s) == whole || point == len(s)-1 || point >= 0 && threeAfter(s[whole:], point-whole) {
		return 0, false
	}
	f := float64(v) / powerOfTen(decimals)
	if negative {
		f = -f
	}
	return f, true
}

// threeAfter says whether a point may set apart thousands, so that the file's
// way must be asked: 1.234, but not 0.234 or 1234.567.
func threeAfter(s []byte, point int) bool {
	return len(s)-point == 4 && point <= 3 && s[0] != '0'
}

func powerOfTen(n int) float64 {
	f := 1.0
	for range n {
		f *= 10
	}
	return f
}

// barePlain appends a number to dst as strconv reads it: without thousands'
// marks and currency signs, with a point before its decimals.
func barePlain(dst, s []byte, m mark) ([]byte, bool) {
	s, negative := bareSign(s)
	if len(s) == 0 || len(s) > 40 {
		return nil, false
	}
	if negative {
		dst = append(dst, '-')
	}
	decimal, thousands := byte('.'), byte(',')
	if m == commaMark {
		decimal, thousands = ',', '.'
	}
	if !thousandsFit(s, decimal, thousands) && (m == commaMark || bytes.IndexByte(s, ',') < 0) {
		decimal, thousands = thousands, decimal // a lone 2.5 in a file of commas, or 1.234.567
	}
	if !thousandsFit(s, decimal, thousands) {
		return nil, false
	}
	for _, c := range s {
		switch {
		case c == thousands || c == ' ' || c == '\'':
		case c == decimal:
			dst = append(dst, '.')
		case c-'0' <= 9 || c == 'e' || c == 'E' || c == '-' || c == '+':
			dst = append(dst, c)
		default:
			return nil, false
		}
	}
	return dst, true
}

// bareSign takes a sign, spaces and currency signs off both ends; a minus may
// stand at either, and brackets are a bookkeeper's minus.
func bareSign(s []byte) (rest []byte, negative bool) {
	s = trimCurrency(s)
	switch {
	case len(s) > 1 && (s[0] == '-' || s[0] == '+'):
		return trimCurrency(s[1:]), s[0] == '-'
	case len(s) > 1 && s[len(s)-1] == '-':
		return s[:len(s)-1], true
	case len(s) > 2 && s[0] == '(' && s[len(s)-1] == ')':
		return trimCurrency(s[1 : len(s)-1]), true
	}
	return s, false
}

func trimCurrency(s []byte) []byte {
	s = bytes.TrimSpace(s)
	if r, n := utf8.DecodeRune(s); unicode.Is(unicode.Sc, r) {
		s = s[n:]
	}
	if r, n := utf8.DecodeLastRune(s); unicode.Is(unicode.Sc, r) {
		s = s[:len(s)-n]
	}
	if n := len(s); n > 2 && (string(s[n-2:]) == "kr" || string(s[:2]) == "kr") {
		s = bytes.Trim(s, "kr.")
	}
	return bytes.TrimSpace(s)
}

// thousandsFit says whether every thousands' mark is followed by three digits
// and stands before the decimals, of which there is one lot at most.
func thousandsFit(s []byte, decimal, thousands byte) bool {
	whole := s
	if i := bytes.IndexByte(s, decimal); i >= 0 {
		if bytes.IndexByte(s[i+1:], decimal) >= 0 || bytes.IndexByte(s[i+1:], thousands) >= 0 {
			return false
		}
		whole = s[:i]
	}
	for n := 0; len(whole) > 0; n++ {
		i := bytes.LastIndexByte(whole, thousands)
		if i < 0 {
			return n == 0 || len(whole) <= 3
		}
		if len(whole)-i-1 != 3 || i == 0 {
			return false
		}
		whole = whole[:i]
	}
	return true
}

// markVotes finds out what stands before decimals in a file.
type markVotes struct{ points, commas int }

// add looks at one number's cell. A mark that may set apart thousands tells
// nothing.
func (v *markVotes) add(cell []byte) {
	s, _ := bareSign(cell)
	i := bytes.LastIndexAny(s, ".,")
	if i < 0 || threeAfter(s, i) {
		return
	}
	if bytes.IndexByte(s[:i], s[i]) >= 0 {
		return // 1.234.567: thousands, and no decimals to learn from
	}
	if s[i] == ',' {
		v.commas++
	} else {
		v.points++
	}
}

// decide returns what the votes say; where they say nothing, files set apart
// by semicolons are taken for ones with decimal commas, for that is why they
// are set apart so.
func (v *markVotes) decide(delimiter byte) mark {
	if v.commas > v.points || v.commas == v.points && delimiter == ';' {
		return commaMark
	}
	return pointMark
}
