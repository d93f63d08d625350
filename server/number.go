package server

import (
	"math"
	"strconv"
	"unicode/utf8"
)

// Fixed is a number that goes over the wire with at most six decimals, never
// with an exponent.
type Fixed float64

// MarshalJSON writes it as the hand-written answers do.
func (f Fixed) MarshalJSON() ([]byte, error) { return appendFixed(nil, float64(f)), nil }

// appendFixed appends x rounded to six decimals, without trailing zeros. What
// is no number is written as 0: JSON has no word for it.
func appendFixed(dst []byte, x float64) []byte {
	const unit = 1e6
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return append(dst, '0')
	}
	if math.Abs(x) >= 1e9 { // beyond here the sixth decimal is not exact
		return trimZeros(strconv.AppendFloat(dst, x, 'f', 6, 64))
	}
	n := int64(math.Round(x * unit))
	if n < 0 {
		dst, n = append(dst, '-'), -n
	}
	dst = strconv.AppendInt(dst, n/unit, 10)
	return appendDecimals(dst, n%unit)
}

// appendDecimals appends a point and millionths, without trailing zeros.
func appendDecimals(dst []byte, millionths int64) []byte {
	if millionths == 0 {
		return dst
	}
	dst = append(dst, '.')
	for part := int64(100_000); millionths > 0; part /= 10 {
		dst = append(dst, byte('0'+millionths/part))
		millionths %= part
	}
	return dst
}

// trimZeros cuts the zeros behind a point, and the point if nothing is left.
func trimZeros(dst []byte) []byte {
	end := len(dst)
	for dst[end-1] == '0' {
		end--
	}
	if dst[end-1] == '.' {
		end--
	}
	return dst[:end]
}

// appendString appends text in quotes, escaped as encoding/json does it
// without its care for HTML.
func appendString(dst []byte, text string) []byte {
	dst = append(dst, '"')
	from := 0
	for i := 0; i < len(text); {
		c := text[i]
		if c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		n := 1
		if c >= utf8.RuneSelf {
			var r rune
			r, n = utf8.DecodeRuneInString(text[i:])
			if r != '\u2028' && r != '\u2029' && (r != utf8.RuneError || n > 1) {
				i += n
				continue
			}
		}
		dst = append(dst, text[from:i]...)
		dst = appendEscaped(dst, text[i:i+n])
		i += n
		from = i
	}
	dst = append(dst, text[from:]...)
	return append(dst, '"')
}

// appendEscaped appends one character that cannot stand for itself.
func appendEscaped(dst []byte, char string) []byte {
	switch char {
	case `"`, `\`:
		return append(append(dst, '\\'), char...)
	case "\b":
		return append(dst, `\b`...)
	case "\f":
		return append(dst, `\f`...)
	case "\n":
		return append(dst, `\n`...)
	case "\r":
		return append(dst, `\r`...)
	case "\t":
		return append(dst, `\t`...)
	case "\u2028":
		return append(dst, `\u2028`...)
	case "\u2029":
		return append(dst, `\u2029`...)
	}
	if char[0] >= utf8.RuneSelf {
		return append(dst, `\ufffd`...)
	}
	const hex = "0123456789abcdef"
	return append(dst, '\\', 'u', '0', '0', hex[char[0]>>4], hex[char[0]&15])
}
