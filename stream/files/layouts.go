package files

import (
	"bytes"
	"fmt"
	"time"
)

// enoughDates is how many dates are looked at before the commonest way of
// writing them is taken for the file's.
const enoughDates = 1000

// dateVotes finds out how a file writes its dates from the first of them. Rows
// may be dirty, so that one strange date must not decide.
type dateVotes struct {
	year, day, month, either int
	layouts                  map[string]int
	odd, example             string // a date that is not known; one that can be read in two ways
	column                   int    // where the last one stood
}

// add looks at one cell and returns what it tells.
func (v *dateVotes) add(cell []byte) {
	var p parts
	if !p.scan(cell) {
		v.addNamed(cell)
		return
	}
	probe := p
	switch p.order {
	case orderDay, orderMonth:
		probe.settle(p.order)
	case orderEither:
		probe.settle(orderDay)
	}
	if !p.unix && !probe.valid() {
		v.odd = string(cell)
		return
	}
	switch p.order {
	case orderDay:
		v.day++
	case orderMonth:
		v.month++
	case orderEither:
		v.either++
		v.example = string(cell)
	default:
		v.year++
	}
}

// addNamed looks at a date whose month is a word.
func (v *dateVotes) addNamed(cell []byte) {
	if v.layouts == nil {
		v.layouts = map[string]int{}
	}
	for _, layout := range namedLayouts() {
		if _, err := time.Parse(layout, string(cell)); err == nil {
			v.layouts[layout]++
			return
		}
	}
	if len(cell) > 0 {
		v.odd = string(cell)
	}
}

// namedLayouts returns the layouts in which the month is a word.
func namedLayouts() []string {
	dates := []string{"2-Jan-2006", "2-Jan-06", "2 Jan 2006", "2 January 2006", "2. January 2006", "Jan 2, 2006", "January 2, 2006",
		"Jan 2 2006", "2Jan2006", "Mon, 2 Jan 2006", "Mon Jan 2 2006"}
	times := []string{"", " 15:04", " 15:04:05", " 3:04 PM", " 3:04:05 PM", " 15:04:05 MST", " 15:04:05 -0700", ":15:04:05"}
	var all []string
	for _, d := range dates {
		for _, t := range times {
			all = append(all, d+t)
		}
	}
	return append(all, time.ANSIC, time.UnixDate)
}

// enough says whether more dates can't change much. While every date can be
// read in two ways, no number is enough.
func (v *dateVotes) enough() bool {
	return v.open() == "" && v.year+v.day+v.month+v.either+len(v.layouts) >= enoughDates
}

// open returns a date that leaves it open whether the day or the month comes
// first, empty when the others tell or none is of that kind.
func (v *dateVotes) open() string {
	if v.either > v.year && v.day == 0 && v.month == 0 {
		return v.example
	}
	return ""
}

// decide sets the clock's order. The error says what to do, as the rest of a
// sentence about the column.
func (v *dateVotes) decide(c *clock) error {
	if date := v.open(); date != "" {
		return fmt.Errorf("%q may have its day or its month first, and no other row tells: say --date-layout dmy or --date-layout mdy", date)
	}
	best, layout := 0, ""
	for _, l := range namedLayouts() { // in their order, so that a draw is the same each time
		if v.layouts[l] > best {
			best, layout = v.layouts[l], l
		}
	}
	twofold := v.day + v.month + v.either
	switch {
	case best > twofold && best > v.year:
		c.order, c.layout = orderLayout, layout
	case twofold+v.year == 0 && v.odd != "":
		return fmt.Errorf("%q is no date that is known: say how it is written, for example --date-layout \"dd.MM.yyyy HH:mm\"", v.odd)
	case v.month > v.day:
		c.order = orderMonth
	case v.day > 0:
		c.order = orderDay
	default:
		c.order = orderYear
	}
	return nil
}

// appendStamp joins a date's and a time's cell into one that a clock reads.
func appendStamp(dst, date, clock []byte) []byte {
	dst = append(dst, bytes.TrimSpace(date)...)
	if clock = bytes.TrimSpace(clock); len(clock) > 0 {
		dst = append(append(dst, ' '), clock...)
	}
	return dst
}
