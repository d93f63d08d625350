package expr

import (
	"strings"
	"time"

	"nabo/engine/event"

	"cel.dev/cel-go/common/ast"
)

// toMoment compiles timestamp(a): of a string in RFC 3339's form, or of an int
// in seconds since the Unix epoch.
func (c *compiler) toMoment(e ast.Expr, a node) (node, error) {
	if a.kind == whole {
		return momentNode(unary(a.whole, func(seconds int64) (int64, bool) {
			return seconds * 1000, firstMoment/1000 <= seconds && seconds <= lastMoment/1000
		})), nil
	}
	s, ok := a.asText()
	if !ok {
		return node{}, c.refuse(e, "timestamp() takes a string or an int, this is %s", a.kind.a())
	}
	if s.fixed {
		t, ok := readTime(s.value)
		if !ok {
			return node{}, c.refuse(e, "%q is not a time in RFC 3339's form, such as \"2030-01-31T18:00:00Z\"", s.value)
		}
		if t.Nanosecond()%int(time.Millisecond) != 0 {
			return node{}, c.refuse(e, "times are whole milliseconds, %q is not", s.value)
		}
	}
	return momentNode(unary(s, func(s string) (int64, bool) {
		t, ok := readTime(s)
		return t.UnixMilli(), ok
	})), nil
}

// readTime reads RFC 3339's form, more strictly than time.Parse, which takes
// hours of one digit, a comma before the fraction, and zones such as +99:99.
func readTime(s string) (time.Time, bool) {
	if len(s) < len("2006-01-02T15:04:05Z") || s[13] != ':' || s[16] != ':' || strings.Contains(s, ",") {
		return time.Time{}, false
	}
	if zone := s[len(s)-6:]; zone[0] == '+' || zone[0] == '-' {
		if zone[1:3] > "23" || zone[4:6] > "59" {
			return time.Time{}, false
		}
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil || t.UnixMilli() < firstMoment || t.UnixMilli() > lastMoment {
		return time.Time{}, false
	}
	return t, true
}

// toSpan compiles duration(a) of a constant.
func (c *compiler) toSpan(e ast.Expr, a node) (node, error) {
	if a.kind != text || !a.text.fixed {
		return node{}, c.refuse(e, "duration() takes a constant string, such as \"48h\" or \"1h30m\"")
	}
	d, err := time.ParseDuration(a.text.value)
	if err != nil {
		return node{}, c.refuse(e, "%q is not a duration, such as \"48h\" or \"1h30m\"; the units are h, m, s and ms", a.text.value)
	}
	if d%time.Millisecond != 0 {
		return node{}, c.refuse(e, "durations are whole milliseconds, %q is not", a.text.value)
	}
	return spanNode(constant(d.Milliseconds())), nil
}

// clock compiles a timestamp's and a duration's functions.
func (c *compiler) clock(e ast.Expr, name string, args []node) (node, error) {
	if err := c.spend(e, stepsMake); err != nil {
		return node{}, err
	}
	if args[0].kind == span {
		unit := map[string]int64{"getHours": 3_600_000, "getMinutes": 60_000, "getSeconds": 1000, "getMilliseconds": 1}[name]
		if unit == 0 {
			return node{}, c.refuse(e, "a duration has no %s(); it has getHours, getMinutes, getSeconds and getMilliseconds", name)
		}
		return wholeNode(unary(args[0].whole, func(ms int64) (int64, bool) { return ms / unit, true })), nil
	}
	part := momentPart(name)
	if part == nil {
		return node{}, c.refuse(e, "a timestamp has no %s()", name)
	}
	zone := time.UTC
	if len(args) == 2 {
		if args[1].kind != text || !args[1].text.fixed {
			return node{}, c.refuse(e, "%s() takes a constant zone, such as \"Europe/Amsterdam\"; context.hour and context.weekday are in the member's", name)
		}
		var ok bool
		if zone, ok = readZone(args[1].text.value); !ok {
			return node{}, c.refuse(e, "%q is not a zone, such as \"Europe/Amsterdam\" or \"+01:00\"", args[1].text.value)
		}
	}
	return wholeNode(unary(args[0].whole, func(ms int64) (int64, bool) {
		return int64(part(event.Millis(ms).Time().In(zone))), true
	})), nil
}

// readZone reads a zone's name, or its distance from UTC such as +01:00.
func readZone(s string) (*time.Location, bool) {
	if !strings.Contains(s, ":") {
		zone, err := time.LoadLocation(s)
		return zone, err == nil && s != "Local"
	}
	sign := 1
	switch {
	case strings.HasPrefix(s, "-"):
		sign, s = -1, s[1:]
	case strings.HasPrefix(s, "+"):
		s = s[1:]
	}
	t, err := time.Parse("15:04", s)
	if err != nil || len(s) != len("15:04") {
		return nil, false
	}
	return time.FixedZone("", sign*(t.Hour()*3600+t.Minute()*60)), true
}

// momentPart returns what a timestamp's function reads of it. As CEL has it,
// months and the days of the year and, in one of two ways, of the month count
// from 0, and 0 is Sunday.
func momentPart(name string) func(time.Time) int {
	switch name {
	case "getFullYear":
		return time.Time.Year
	case "getMonth":
		return func(t time.Time) int { return int(t.Month()) - 1 }
	case "getDate":
		return time.Time.Day
	case "getDayOfMonth":
		return func(t time.Time) int { return t.Day() - 1 }
	case "getDayOfYear":
		return func(t time.Time) int { return t.YearDay() - 1 }
	case "getDayOfWeek":
		return func(t time.Time) int { return int(t.Weekday()) }
	case "getHours":
		return time.Time.Hour
	case "getMinutes":
		return time.Time.Minute
	case "getSeconds":
		return time.Time.Second
	case "getMilliseconds":
		return func(t time.Time) int { return t.Nanosecond() / 1e6 }
	}
	return nil
}
