package event

import (
	"math"
	"unicode"
	"unicode/utf8"
)

// The bounds of an event's outer form.
const (
	MaxID         = 128      // bytes of an id
	MaxSource     = 512      // bytes of a source
	MaxText       = 512      // bytes of a name, a category or a brand
	MaxImage      = 2048     // bytes of an image's address
	MaxValue      = 1024     // bytes of an attribute's text
	MaxTimezone   = 64       // bytes of a time zone's name
	MaxLines      = 10_000   // lines of a receipt or a cart
	MaxAttributes = 64       // attributes of a product, a member or an offer
	MaxChains     = 64       // chains of a member or an offer
	MaxProducts   = 10_000   // products of an offer
	MaxCategories = 256      // categories of an offer
	MaxStores     = 10_000   // stores of an offer
	MaxAudience   = 4096     // bytes of an audience's expression
	MaxShown      = 200      // ids of an impression
	MaxChannel    = 64       // bytes of a channel's name
	MaxConfig     = 64 << 10 // bytes of a scenario's configuration, without white space
	MaxNumber     = 1e12     // the largest quantity, price, discount or weight, either way
)

// MaxAhead is how far an event's time may be ahead of the gate's clock.
const MaxAhead Millis = 24 * 60 * 60 * 1000

// maxTime is the last moment that RFC 3339 can write, the end of 9999.
const maxTime Millis = 253_402_300_799_999

// What the rules say when they are broken.
const (
	faultRequired = "is required"
	faultID       = "must be 1 to 128 bytes of printable UTF-8"
	faultSource   = "must be at most 512 bytes of printable UTF-8"
	faultText     = "must be at most 512 bytes of UTF-8 without control characters"
	faultImage    = "must be at most 2048 bytes of UTF-8 without control characters"
	faultValue    = "must be at most 1024 bytes of UTF-8 without control characters"
	faultCurrency = "must be an ISO 4217 code of three capital letters, such as DKK"
	faultTimezone = "must be an IANA name such as Europe/Copenhagen"
	faultNumber   = "must be a number between -1e12 and 1e12"
	faultFinite   = "must be a finite number"
	faultTime     = "must be later than 1970-01-01T00:00:00Z"
	faultEnd      = "must be before the year 10000"
)

// printable says whether s is valid UTF-8 of at most max bytes that can all be
// seen: no control characters, no spaces but the plain one.
func printable(s string, max int) bool {
	if len(s) > max {
		return false
	}
	for i := 0; i < len(s); i++ {
		if s[i] < 0x20 || s[i] > 0x7e {
			return printableRunes(s[i:])
		}
	}
	return true
}

func printableRunes(s string) bool {
	for _, r := range s {
		if !unicode.IsPrint(r) {
			return false
		}
	}
	return utf8.ValidString(s)
}

// readable says whether s is valid UTF-8 of at most max bytes without control
// characters; tabs and line ends are allowed.
func readable(s string, max int) bool {
	if len(s) > max || !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if unicode.IsControl(r) && r != '\t' && r != '\n' && r != '\r' {
			return false
		}
	}
	return true
}

// bounded says whether v is a number that sums and products can be made of
// without ever leaving what a float64 holds.
func bounded(v float64) bool { return v >= -MaxNumber && v <= MaxNumber }

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

func isCurrency(s string) bool {
	if len(s) != 3 {
		return false
	}
	for i := range 3 {
		if s[i] < 'A' || s[i] > 'Z' {
			return false
		}
	}
	return true
}

// isTimezone checks the form of the name, not that there is such a zone: the
// zones' table belongs to the machine, and the log must not depend on it.
func isTimezone(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		other := c >= '0' && c <= '9' || c == '/' || c == '_' || c == '-' || c == '+'
		if !letter && !other {
			return false
		}
	}
	return len(s) <= MaxTimezone
}
