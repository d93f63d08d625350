package files

import (
	"time"

	"nabo/engine/event"
)

// parts are the numbers of a date and a time of day, as a cell has them.
type parts struct {
	order               dateOrder // what the cell itself tells
	year, month, day    int       // for orderEither, orderDay and orderMonth still as written: month is the first number, day the second
	timed               bool      // the time of day is given
	hour, minute        int
	second, millisecond int
	zoned               bool // offset is good
	offset              int  // minutes east of UTC
	unix                bool // epoch is good, nothing else
	epoch               int64
}

// scan reads a cell. It takes 2026-12-31 with -, / or . between, 20261231,
// 31/12/2026 and 12/31/26; then nothing or T, a space or a comma and 15:04,
// 15:04:05.999, 15.04, 3:04 PM or 150405; then nothing or Z, UTC, GMT, +01:00,
// +0100 or +01. Ten digits alone are seconds, thirteen milliseconds since 1970.
func (p *parts) scan(s []byte) bool {
	n, v := digits(s)
	if n == len(s) && (n == 10 || n == 13) {
		p.unix, p.order, p.epoch = true, orderYear, v
		if n == 10 {
			p.epoch = v * 1000
		}
		return true
	}
	rest, ok := p.scanDate(s, n, v)
	if !ok {
		return false
	}
	if rest, ok = p.scanTime(rest); !ok {
		return false
	}
	return p.scanZone(rest)
}

// digits returns how many digits s begins with, at most 18, and their value.
func digits(s []byte) (n int, v int64) {
	for n < len(s) && n < 18 && s[n]-'0' <= 9 {
		v = v*10 + int64(s[n]-'0')
		n++
	}
	return n, v
}

// scanDate reads a date whose first run of digits is n long and worth v.
func (p *parts) scanDate(s []byte, n int, v int64) (rest []byte, ok bool) {
	if n == 8 || n == 12 || n == 14 {
		_, v = digits(s[:8])
		p.order, p.year, p.month, p.day = orderYear, int(v/10000), int(v/100%100), int(v%100)
		return s[8:], true
	}
	if n == 0 || n == 3 || n > 4 || n == len(s) {
		return nil, false
	}
	mark := s[n]
	if mark != '-' && mark != '/' && mark != '.' {
		return nil, false
	}
	first, s := int(v), s[n+1:]
	m, v := digits(s)
	if m < 1 || m > 2 || m == len(s) || s[m] != mark {
		return nil, false
	}
	second, s := int(v), s[m+1:]
	k, v := digits(s)
	third := int(v)
	switch {
	case n == 4 && (k == 1 || k == 2):
		p.order, p.year, p.month, p.day = orderYear, first, second, third
	case n <= 2 && (k == 2 || k == 4):
		p.year, p.month, p.day = fullYear(third, k), first, second
		p.order = orderOf(first, second, mark)
	default:
		return nil, false
	}
	return s[k:], true
}

// fullYear takes two digits for a year from 1970 to 2069.
func fullYear(v, digits int) int {
	switch {
	case digits == 4:
		return v
	case v < 70:
		return 2000 + v
	}
	return 1900 + v
}

// orderOf says what two numbers tell of their order: nobody writes the month
// first with dots, and no month is above 12.
func orderOf(first, second int, mark byte) dateOrder {
	switch {
	case mark == '.' || first > 12:
		return orderDay
	case second > 12:
		return orderMonth
	}
	return orderEither
}

func (p *parts) scanTime(s []byte) (rest []byte, ok bool) {
	if len(s) == 0 {
		return s, true
	}
	if n, v := digits(s); n == 4 || n == 6 {
		return s[n:], p.compactTime(n, int(v))
	}
	if s[0] != 'T' && s[0] != 't' && s[0] != ' ' && s[0] != ',' {
		return s, true // perhaps a zone
	}
	for len(s) > 0 && (s[0] == ' ' || s[0] == ',' || s[0] == 'T' || s[0] == 't') {
		s = s[1:]
	}
	n, v := digits(s)
	switch n {
	case 0:
		return s, len(s) > 0
	case 4, 6:
		return s[n:], p.compactTime(n, int(v))
	case 1, 2:
		p.hour, p.timed = int(v), true
	default:
		return s, false
	}
	if s, ok = p.scanMinutes(s[n:]); !ok {
		return s, false
	}
	return p.scanHalf(s)
}

func (p *parts) compactTime(n, v int) bool {
	if n == 4 {
		v *= 100
	}
	p.hour, p.minute, p.second, p.timed = v/10000, v/100%100, v%100, true
	return true
}

// scanMinutes reads :04, :04:05 and :04:05.999.
func (p *parts) scanMinutes(s []byte) (rest []byte, ok bool) {
	if len(s) < 3 || s[0] != ':' && s[0] != '.' {
		return s, false
	}
	mark := s[0]
	n, v := digits(s[1:])
	if n != 2 {
		return s, false
	}
	p.minute, s = int(v), s[3:]
	if len(s) < 3 || s[0] != mark {
		return s, true
	}
	if n, v = digits(s[1:]); n != 2 {
		return s, false
	}
	p.second, s = int(v), s[3:]
	if len(s) < 2 || s[0] != '.' && s[0] != ',' {
		return s, true
	}
	n, _ = digits(s[1:])
	for i := range 3 {
		p.millisecond *= 10
		if i < n {
			p.millisecond += int(s[1+i] - '0')
		}
	}
	return s[1+n:], n > 0
}

// scanHalf reads AM or PM.
func (p *parts) scanHalf(s []byte) (rest []byte, ok bool) {
	t := s
	if len(t) > 0 && t[0] == ' ' {
		t = t[1:]
	}
	if len(t) < 2 || t[1]|0x20 != 'm' || t[0]|0x20 != 'a' && t[0]|0x20 != 'p' {
		return s, true
	}
	if p.hour < 1 || p.hour > 12 {
		return s, false
	}
	p.hour %= 12
	if t[0]|0x20 == 'p' {
		p.hour += 12
	}
	return t[2:], true
}

// scanZone reads the rest of a cell: nothing, or a zone.
func (p *parts) scanZone(s []byte) bool {
	for len(s) > 0 && s[0] == ' ' {
		s = s[1:]
	}
	switch string(s) {
	case "":
		return true
	case "Z", "z", "UTC", "GMT":
		p.zoned = true
		return true
	}
	if s[0] != '+' && s[0] != '-' {
		return false
	}
	n, v := digits(s[1:])
	hours, minutes, tail := int(v), 0, s[1+n:]
	switch {
	case n == 4:
		hours, minutes = hours/100, hours%100
	case n != 2:
		return false
	case len(tail) == 3 && tail[0] == ':':
		m, w := digits(tail[1:])
		if m != 2 {
			return false
		}
		minutes, tail = int(w), nil
	}
	if len(tail) > 0 || hours > 14 || minutes > 59 {
		return false
	}
	p.zoned, p.offset = true, hours*60+minutes
	if s[0] == '-' {
		p.offset = -p.offset
	}
	return true
}

// settle puts the first two numbers in their places, by what the file is known
// to do. Where that isn't known, valid says no.
func (p *parts) settle(order dateOrder) {
	switch order {
	case orderDay:
		p.month, p.day = p.day, p.month
	case orderMonth:
	default:
		p.month = 0
	}
}

func (p *parts) valid() bool {
	return p.year >= 1 && p.month >= 1 && p.month <= 12 && p.day >= 1 && p.day <= daysIn(p.year, p.month) &&
		p.hour <= 23 && p.minute <= 59 && p.second <= 60
}

func (p *parts) moment(zone *time.Location) moment {
	day := dayOf(p.year, p.month, p.day)
	if !p.zoned && zone != time.UTC {
		t := time.Date(p.year, time.Month(p.month), p.day, p.hour, p.minute, p.second, p.millisecond*1e6, zone)
		return moment{event.At(t), day}
	}
	ms := int64(day)*msPerDay + int64((p.hour*60+p.minute-p.offset)*60+p.second)*1000 + int64(p.millisecond)
	return moment{event.Millis(ms), day}
}
