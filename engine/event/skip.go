package event

import "strings"

// maxDepth is how deep values may be nested. It also bounds the work on a
// hostile body: a broken event is read again from its next line, and each
// byte can lie inside at most so many broken ones.
const maxDepth = 32

// skipSpace returns the index of the first byte from at on that is no JSON
// white space.
func skipSpace(s string, at int) int {
	for at < len(s) && (s[at] == ' ' || s[at] == '\n' || s[at] == '\r' || s[at] == '\t') {
		at++
	}
	return at
}

// skipValue returns the end of the JSON value that starts at at. If there is
// none, fault says why and end is where.
func skipValue(s string, at, depth int) (end int, fault string) {
	if at >= len(s) {
		return at, "ends too early"
	}
	switch c := s[at]; {
	case c == '"':
		return skipString(s, at)
	case c == '{' || c == '[':
		if depth >= maxDepth {
			return at, "is nested deeper than 32 levels"
		}
		return skipNested(s, at, depth+1)
	case c == '-' || c >= '0' && c <= '9':
		return skipNumber(s, at)
	}
	for _, word := range [...]string{"true", "false", "null"} {
		if strings.HasPrefix(s[at:], word) {
			return at + len(word), ""
		}
	}
	return at, "has something that is no JSON value"
}

// skipNested skips an object or an array.
func skipNested(s string, at, depth int) (end int, fault string) {
	object := s[at] == '{'
	closing := byte(']')
	if object {
		closing = '}'
	}
	at = skipSpace(s, at+1)
	if at < len(s) && s[at] == closing {
		return at + 1, ""
	}
	for {
		if object {
			if at, fault = skipName(s, at); fault != "" {
				return at, fault
			}
		}
		if at, fault = skipValue(s, at, depth); fault != "" {
			return at, fault
		}
		at = skipSpace(s, at)
		switch {
		case at >= len(s):
			return at, "ends too early"
		case s[at] == closing:
			return at + 1, ""
		case s[at] != ',':
			return at, "lacks a comma or a closing bracket"
		}
		at = skipSpace(s, at+1)
	}
}

// skipName skips a field's name, the colon and the space after it.
func skipName(s string, at int) (end int, fault string) {
	if at >= len(s) {
		return at, "ends too early"
	}
	if s[at] != '"' {
		return at, "lacks a field's name in quotes"
	}
	if at, fault = skipString(s, at); fault != "" {
		return at, fault
	}
	at = skipSpace(s, at)
	if at >= len(s) {
		return at, "ends too early"
	}
	if s[at] != ':' {
		return at, "lacks a colon after a field's name"
	}
	return skipSpace(s, at+1), ""
}

func skipString(s string, at int) (end int, fault string) {
	for i := at + 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			return i + 1, ""
		case c < 0x20:
			return i, "has a control character in a string"
		case c == '\\':
			n := escapeLen(s[i:])
			if n == 0 {
				return i, "has a broken escape in a string"
			}
			i += n - 1
		}
	}
	return len(s), "ends too early"
}

// escapeLen returns the length of the escape at the start of s, 0 if it is
// broken.
func escapeLen(s string) int {
	if len(s) < 2 {
		return 0
	}
	if s[1] != 'u' {
		if strings.IndexByte(`"\/bfnrt`, s[1]) < 0 {
			return 0
		}
		return 2
	}
	if len(s) < 6 {
		return 0
	}
	for i := 2; i < 6; i++ {
		c := s[i]
		if !isDigit(c) && (c|0x20 < 'a' || c|0x20 > 'f') {
			return 0
		}
	}
	return 6
}

func skipNumber(s string, at int) (end int, fault string) {
	if s[at] == '-' {
		at++
	}
	digits := skipDigits(s, at)
	if digits == at || s[at] == '0' && digits > at+1 {
		return at, "has a broken number"
	}
	at = digits
	if at < len(s) && s[at] == '.' {
		digits = skipDigits(s, at+1)
		if digits == at+1 {
			return digits, "has a broken number"
		}
		at = digits
	}
	if at < len(s) && s[at]|0x20 == 'e' {
		at++
		if at < len(s) && (s[at] == '+' || s[at] == '-') {
			at++
		}
		digits = skipDigits(s, at)
		if digits == at {
			return at, "has a broken number"
		}
		at = digits
	}
	return at, ""
}

func skipDigits(s string, at int) int {
	for at < len(s) && isDigit(s[at]) {
		at++
	}
	return at
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
