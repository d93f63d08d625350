package files

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"

	"nabo/engine/event"
)

// dateOrder says how a file writes its dates, where the digits leave it open. A
// date that starts with its year, and a count of seconds or milliseconds since
// 1970, can be told apart without it.
type dateOrder uint8

const (
	orderUnknown dateOrder = iota
	orderYear              // only such dates as tell their order themselves
	orderDay               // 31/12/2026
	orderMonth             // 12/31/2026
	orderLayout            // a layout of package time
	orderEither            // 3/4/2026: day or month first, not to be told from one
)

// moment is one point in time and the calendar day that the file gives it.
type moment struct {
	at  event.Millis
	day int32 // days since 1970-01-01, by the file's clock
}

// clock reads a file's times.
type clock struct {
	order  dateOrder
	layout string // for orderLayout
	zone   *time.Location

	cell []byte // the last cell read, as the lines of a receipt share theirs
	last moment
}

var (
	errNoDate   = errors.New("is no date and time that is known")
	errNoMoment = errors.New("is no day of the calendar, or no time of day")
)

// newClock returns a clock for a --date-layout, which may be empty: day or
// month first is then not known yet.
func newClock(layout string, zone *time.Location) (*clock, error) {
	c := &clock{zone: zone}
	switch strings.ToLower(layout) {
	case "":
	case "ymd", "iso", "rfc3339", "unix":
		c.order = orderYear
	case "dmy":
		c.order = orderDay
	case "mdy":
		c.order = orderMonth
	default:
		c.order, c.layout = orderLayout, goLayout(layout)
		if err := checkLayout(c.layout); err != nil {
			return nil, fmt.Errorf("--date-layout %q: %w", layout, err)
		}
	}
	return c, nil
}

// goLayout turns dd/MM/yyyy HH:mm:ss into package time's way of writing it, and
// leaves what is written in that way as it is.
func goLayout(layout string) string {
	if !strings.Contains(layout, "yy") && !strings.Contains(layout, "YY") {
		return layout
	}
	return strings.NewReplacer("yyyy", "2006", "YYYY", "2006", "yy", "06", "YY", "06", "MM", "01", "dd", "02", "DD", "02",
		"HH", "15", "mm", "04", "ss", "05").Replace(layout)
}

// checkLayout says whether a layout holds a whole date.
func checkLayout(layout string) error {
	probe := time.Date(2021, 11, 23, 17, 48, 59, 0, time.UTC)
	back, err := time.Parse(layout, probe.Format(layout))
	if err != nil || back.Year() != 2021 || back.Month() != 11 || back.Day() != 23 {
		return errors.New("expected dmy, mdy, ymd, or a layout such as dd/MM/yyyy HH:mm or 02/01/2006 15:04")
	}
	return nil
}

// read returns the moment that a cell names.
func (c *clock) read(cell []byte) (moment, error) {
	if bytes.Equal(cell, c.cell) && len(cell) > 0 {
		return c.last, nil
	}
	m, err := c.parse(cell)
	if err != nil {
		return m, err
	}
	c.cell, c.last = append(c.cell[:0], cell...), m
	return m, nil
}

func (c *clock) parse(cell []byte) (moment, error) {
	if c.order == orderLayout {
		t, err := time.ParseInLocation(c.layout, string(cell), c.zone)
		if err != nil {
			return moment{}, fmt.Errorf("does not have the layout %s", c.layout)
		}
		return moment{event.At(t), dayOf(t.Year(), int(t.Month()), t.Day())}, nil
	}
	var p parts
	if !p.scan(cell) {
		return moment{}, errNoDate
	}
	if p.unix {
		day := int32(floorDiv(p.epoch, msPerDay))
		return moment{event.Millis(p.epoch), day}, nil
	}
	if p.order == orderEither || p.order == orderDay || p.order == orderMonth {
		p.settle(c.order)
	}
	if !p.valid() {
		return moment{}, errNoMoment
	}
	return p.moment(c.zone), nil
}

// dateOnly says whether a cell that can be read names a day and no time of it.
func (c *clock) dateOnly(cell []byte) bool {
	if c.order == orderLayout {
		night := time.Date(2021, 11, 23, 0, 0, 0, 0, time.UTC)
		return night.Format(c.layout) == night.Add(17*time.Hour).Format(c.layout)
	}
	var p parts
	return p.scan(cell) && !p.unix && !p.timed
}

const msPerDay = 24 * 60 * 60 * 1000

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// dayOf returns the days from 1970-01-01 to a date of the Gregorian calendar.
// It counts in eras of 400 years that begin in March, so that a leap day ends
// its year.
func dayOf(year, month, day int) int32 {
	if month <= 2 {
		year--
		month += 12
	}
	era := year / 400
	if year < 0 {
		era = (year - 399) / 400
	}
	ofEra := year - era*400
	ofYear := (153*(month-3)+2)/5 + day - 1
	return int32(era*146097 + ofEra*365 + ofEra/4 - ofEra/100 + ofYear - 719468)
}

// daysIn returns how many days a month has.
func daysIn(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// String says how dates are read.
func (c *clock) String() string {
	zone := ", times without a zone are " + c.zone.String()
	switch c.order {
	case orderDay:
		return "dates are day/month/year" + zone
	case orderMonth:
		return "dates are month/day/year" + zone
	case orderLayout:
		return "dates are like " + c.layout + zone
	}
	return "dates are year-month-day" + zone
}
