package push

import (
	"math"
	"strconv"
	"time"
	"unicode/utf8"
)

// scale is how many steps of a score make 1: scores travel in thousandths.
const scale = 1000

// AppendJSON appends the change as JSON, which decodes to the same change as what
// encoding/json writes. Scores are written from their thousandths.
func (c *Change) AppendJSON(dst []byte) []byte {
	dst = append(dst, `{"member":`...)
	dst = appendText(dst, c.Member)
	dst = append(dst, `,"seq":`...)
	dst = strconv.AppendUint(dst, c.Seq, 10)
	dst = append(dst, `,"time":"`...)
	dst = c.Time.AppendFormat(dst, time.RFC3339Nano)
	dst = append(dst, '"')
	if c.Full {
		dst = append(dst, `,"full":true`...)
	}
	if c.Gone {
		dst = append(dst, `,"gone":true`...)
	}
	dst = appendDelta(dst, `,"offers":{`, &c.Offers)
	dst = appendDelta(dst, `,"chains":{`, &c.Chains)
	return append(dst, '}')
}

func appendDelta(dst []byte, head string, d *Delta) []byte {
	if d.Empty() {
		return dst
	}
	dst = append(dst, head...)
	if len(d.Set) > 0 {
		dst = append(dst, `"set":[`...)
		for i := range d.Set {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendRanked(dst, &d.Set[i])
		}
		dst = append(dst, ']')
	}
	if len(d.Removed) > 0 {
		if len(d.Set) > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, `"removed":[`...)
		for i, id := range d.Removed {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendText(dst, id)
		}
		dst = append(dst, ']')
	}
	return append(dst, '}')
}

func appendRanked(dst []byte, r *Ranked) []byte {
	dst = append(dst, `{"id":`...)
	dst = appendText(dst, r.ID)
	dst = append(dst, `,"score":`...)
	dst = appendSteps(dst, steps(r.Score))
	dst = append(dst, `,"rank":`...)
	dst = strconv.AppendInt(dst, int64(r.Rank), 10)
	return append(dst, '}')
}

// steps returns a score in thousandths, rounded.
func steps(score float64) int64 { return int64(math.Round(score * scale)) }

// appendSteps appends a number of thousandths as a decimal number without
// needless zeros.
func appendSteps(dst []byte, n int64) []byte {
	if n < 0 {
		dst, n = append(dst, '-'), -n
	}
	dst = strconv.AppendInt(dst, n/scale, 10)
	rest := n % scale
	if rest == 0 {
		return dst
	}
	dst = append(dst, '.', byte('0'+rest/100), byte('0'+rest/10%10), byte('0'+rest%10))
	for dst[len(dst)-1] == '0' {
		dst = dst[:len(dst)-1]
	}
	return dst
}

// appendText appends s as a JSON string. Bytes that are no UTF-8 become U+FFFD.
func appendText(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	from := 0
	for i := 0; i < len(s); {
		b := s[i]
		if b < utf8.RuneSelf {
			if b >= ' ' && b != '"' && b != '\\' && b != '<' && b != '>' && b != '&' {
				i++
				continue
			}
			dst = append(dst, s[from:i]...)
			if b == '"' || b == '\\' {
				dst = append(dst, '\\', b)
			} else {
				dst = append(dst, '\\', 'u', '0', '0', hex[b>>4], hex[b&15])
			}
			i++
			from = i
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 || r == '\u2028' || r == '\u2029' {
			dst = append(dst, s[from:i]...)
			dst = append(dst, '\\', 'u', hex[r>>12], hex[r>>8&15], hex[r>>4&15], hex[r&15])
			from = i + size
		}
		i += size
	}
	dst = append(dst, s[from:]...)
	return append(dst, '"')
}
