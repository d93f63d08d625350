package event

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// The parts of JSON as the quick road reads them. All of them do nothing once
// it gave up, and every loop over them ends then.

// open reads an object's brace and its first field's name with the colon.
func (q *quickRoad) open() (name string, more bool) {
	if !q.take('{') || !q.first('}') {
		return "", false
	}
	return q.name()
}

// next reads the comma and the next field's name, or the closing brace.
func (q *quickRoad) next() (name string, more bool) {
	if !q.another('}') {
		return "", false
	}
	return q.name()
}

func (q *quickRoad) name() (name string, more bool) {
	name = q.quoted()
	q.take(':')
	return name, !q.bad
}

// take reads one byte and the space around it.
func (q *quickRoad) take(c byte) bool {
	at := skipSpace(q.s, q.at)
	if q.bad || at >= len(q.s) || q.s[at] != c {
		q.bad = true
		return false
	}
	q.at = skipSpace(q.s, at+1)
	return true
}

// first says whether an element follows the opening bracket; if not, it reads
// the closing one.
func (q *quickRoad) first(closing byte) bool {
	if !q.bad && q.at < len(q.s) && q.s[q.at] == closing {
		q.at++
		return false
	}
	return !q.bad
}

// another reads a comma, or else the closing bracket and says false.
func (q *quickRoad) another(closing byte) bool {
	if q.bad {
		return false
	}
	at := skipSpace(q.s, q.at)
	if at < len(q.s) && q.s[at] == ',' {
		q.at = skipSpace(q.s, at+1)
		return true
	}
	if at < len(q.s) && q.s[at] == closing {
		q.at = at + 1
		return false
	}
	q.bad = true
	return false
}

// null reads a null, if there is one: the field is then not given.
func (q *quickRoad) null() bool {
	if q.bad || !strings.HasPrefix(q.s[q.at:], "null") {
		return false
	}
	q.at += len("null")
	return true
}

// text reads a string, or null as the empty one.
func (q *quickRoad) text() string {
	if q.null() {
		return ""
	}
	return q.quoted()
}

// quoted reads a string. It may not be UTF-8: check sees that.
func (q *quickRoad) quoted() string {
	if q.bad || q.at >= len(q.s) || q.s[q.at] != '"' {
		q.bad = true
		return ""
	}
	rest := q.s[q.at+1:]
	for i := 0; i < len(rest); i++ {
		if c := rest[i]; c == '"' {
			q.at += i + 2
			return rest[:i]
		} else if c == '\\' {
			return q.escaped()
		} else if c < 0x20 {
			break
		}
	}
	q.bad = true
	return ""
}

// escaped reads a string with escapes, as encoding/json does; that would hide
// what is no UTF-8, so this is refused first.
func (q *quickRoad) escaped() (text string) {
	end, fault := skipString(q.s, q.at)
	raw := q.s[q.at:end]
	q.require(fault == "" && utf8.ValidString(raw) && json.Unmarshal([]byte(raw), &text) == nil)
	q.at = end
	return text
}

// time reads a time; unlike other texts it may not be empty.
func (q *quickRoad) time() Millis {
	if q.null() {
		return 0
	}
	at, ok := quickTime(q.quoted())
	q.require(ok)
	return at
}

func (q *quickRoad) flag() bool {
	switch rest := q.s[q.at:]; {
	case q.bad || q.null():
	case strings.HasPrefix(rest, "true"):
		q.at += len("true")
		return true
	case strings.HasPrefix(rest, "false"):
		q.at += len("false")
	default:
		q.bad = true
	}
	return false
}

// number reads a number, or null as absent.
func (q *quickRoad) number(absent float64) float64 {
	if q.null() {
		return absent
	}
	if q.bad || q.at >= len(q.s) || q.s[q.at] != '-' && !isDigit(q.s[q.at]) {
		q.bad = true
		return 0
	}
	if v, end, ok := shortDecimal(q.s, q.at); ok {
		q.at = end
		return v
	}
	end, fault := skipNumber(q.s, q.at)
	if fault != "" {
		q.bad = true
		return 0
	}
	v, err := strconv.ParseFloat(q.s[q.at:end], 64)
	q.require(err == nil)
	q.at = end
	return v
}

// shortDecimal reads a decimal of at most 15 digits without an exponent. The
// digits and the power of ten are then exact, so one division rounds right.
func shortDecimal(s string, at int) (v float64, end int, ok bool) {
	negative := s[at] == '-'
	if negative {
		at++
	}
	mantissa, first := uint64(0), at
	for at < len(s) && isDigit(s[at]) && at-first < 16 {
		mantissa = mantissa*10 + uint64(s[at]-'0')
		at++
	}
	digits := at - first
	if digits == 0 || digits > 1 && s[first] == '0' {
		return 0, 0, false
	}
	divisor := 1.0
	if at < len(s) && s[at] == '.' {
		at++
		first = at
		for at < len(s) && isDigit(s[at]) && at-first < 16 {
			mantissa = mantissa*10 + uint64(s[at]-'0')
			divisor *= 10
			at++
		}
		if at == first {
			return 0, 0, false
		}
		digits += at - first
	}
	if digits > 15 || at < len(s) && (s[at]|0x20 == 'e' || isDigit(s[at])) {
		return 0, 0, false
	}
	v = float64(mantissa) / divisor
	if negative {
		v = math.Copysign(v, -1)
	}
	return v, at, true
}

// quickTime reads the plain RFC 3339 forms: seconds, a fraction of up to nine
// digits, and Z or an offset.
func quickTime(s string) (Millis, bool) {
	if len(s) < len("2006-01-02T15:04:05Z") || s[4] != '-' || s[7] != '-' || s[10] != 'T' || s[13] != ':' || s[16] != ':' {
		return 0, false
	}
	century, year, month, day := twoDigits(s), twoDigits(s[2:]), twoDigits(s[5:]), twoDigits(s[8:])
	hour, minute, second := twoDigits(s[11:]), twoDigits(s[14:]), twoDigits(s[17:])
	if century < 0 || year < 0 || month < 1 || month > 12 || day < 1 ||
		hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59 {
		return 0, false
	}
	t := time.Date(century*100+year, time.Month(month), day, hour, minute, second, 0, time.UTC)
	if t.Day() != day {
		return 0, false
	}
	millis, rest, ok := quickFraction(s[19:])
	if !ok {
		return 0, false
	}
	offset, ok := quickOffset(rest)
	at := At(t) + millis - offset
	return at, ok && at > 0 && at <= maxTime
}

func quickFraction(s string) (millis Millis, rest string, ok bool) {
	if s[0] != '.' {
		return 0, s, true
	}
	scale := Millis(100)
	i := 1
	for ; i < len(s) && isDigit(s[i]); i++ {
		millis += Millis(s[i]-'0') * scale
		scale /= 10
	}
	return millis, s[i:], i > 1 && i <= 10
}

func quickOffset(s string) (Millis, bool) {
	if s == "Z" {
		return 0, true
	}
	if len(s) != len("+00:00") || s[0] != '+' && s[0] != '-' || s[3] != ':' {
		return 0, false
	}
	hours, minutes := twoDigits(s[1:]), twoDigits(s[4:])
	if hours < 0 || hours > 23 || minutes < 0 || minutes > 59 {
		return 0, false
	}
	offset := Millis(hours*60+minutes) * 60_000
	if s[0] == '-' {
		offset = -offset
	}
	return offset, true
}

// twoDigits returns the number that s starts with, -1 if there is none.
func twoDigits(s string) int {
	if !isDigit(s[0]) || !isDigit(s[1]) {
		return -1
	}
	return int(s[0]-'0')*10 + int(s[1]-'0')
}
