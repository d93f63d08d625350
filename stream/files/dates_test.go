package files

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"nabo/engine/event"
)

func zoneOf(t testing.TB, name string) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func TestClock(t *testing.T) {
	copenhagen := zoneOf(t, "Europe/Copenhagen")
	tests := []struct {
		cell, layout string
		zone         *time.Location
		want         string // RFC 3339, and the file's day where it is another
	}{
		{"2026-11-21T10:00:00Z", "", nil, "2026-11-21T10:00:00Z"},
		{"2026-11-21T10:00:00.25Z", "", nil, "2026-11-21T10:00:00.25Z"},
		{"2026-11-21T10:00:00.123456789+01:00", "", nil, "2026-11-21T09:00:00.123Z"},
		{"2026-11-21T00:30:00+0200", "", nil, "2026-11-20T22:30:00Z 2026-11-21"},
		{"2026-11-21 10:00:00", "", nil, "2026-11-21T10:00:00Z"},
		{"2026-11-21 10:00:00", "", copenhagen, "2026-11-21T09:00:00Z"},
		{"2026-07-21 00:10", "", copenhagen, "2026-07-20T22:10:00Z 2026-07-21"},
		{"2026-11-21 10:00:00 UTC", "", copenhagen, "2026-11-21T10:00:00Z"},
		{"2026-11-21", "", nil, "2026-11-21T00:00:00Z"},
		{"20261121", "", nil, "2026-11-21T00:00:00Z"},
		{"20261121T101530", "", nil, "2026-11-21T10:15:30Z"},
		{"20261121101530", "", nil, "2026-11-21T10:15:30Z"},
		{"2026/3/4 9:05", "", nil, "2026-03-04T09:05:00Z"},
		{"31.12.2026 23.59", "", nil, "?"},
		{"31.12.2026 23.59", "dmy", nil, "2026-12-31T23:59:00Z"},
		{"03/04/2026 15:04", "dmy", nil, "2026-04-03T15:04:00Z"},
		{"03/04/2026 15:04", "mdy", nil, "2026-03-04T15:04:00Z"},
		{"3/4/26 3:04 PM", "mdy", nil, "2026-03-04T15:04:00Z"},
		{"3/4/99, 12:04:05 am", "mdy", nil, "1999-03-04T00:04:05Z"},
		{"03/04/2026", "", nil, "?"},
		{"13/04/2026", "mdy", nil, "?"},
		{"2026-02-29", "", nil, "?"},
		{"2024-02-29", "", nil, "2024-02-29T00:00:00Z"},
		{"2026-11-21 24:00", "", nil, "?"},
		{"2026-11-21x", "", nil, "?"},
		{"yesterday", "", nil, "?"},
		{"1767225600", "", nil, "2026-01-01T00:00:00Z"},
		{"1767225600123", "", nil, "2026-01-01T00:00:00.123Z"},
		{"21-Nov-2026 10:00", "2-Jan-2006 15:04", nil, "2026-11-21T10:00:00Z"},
		{"26.11.21 10h00", "06.01.02 15h04", nil, "2026-11-21T10:00:00Z"},
		{"21.11.2026 10:00:07", "dd.MM.yyyy HH:mm:ss", copenhagen, "2026-11-21T09:00:07Z"},
	}
	for _, tt := range tests {
		zone := tt.zone
		if zone == nil {
			zone = time.UTC
		}
		c, err := newClock(tt.layout, zone)
		if err != nil {
			t.Fatal(err)
		}
		got := "?"
		if m, err := c.read([]byte(tt.cell)); err == nil {
			got = m.at.Time().Format(time.RFC3339Nano)
			if day := string(appendDay(nil, m.day)); !strings.HasPrefix(got, day) {
				got += " " + day
			}
		}
		if got != tt.want {
			t.Errorf("%q as %q: got %s, want %s", tt.cell, tt.layout, got, tt.want)
		}
	}
}

func TestClockLayoutRefused(t *testing.T) {
	for _, layout := range []string{"15:04", "2006", "january", "dd/MM"} {
		if _, err := newClock(layout, time.UTC); err == nil || !strings.Contains(err.Error(), "--date-layout") {
			t.Errorf("%q: got %v", layout, err)
		}
	}
}

// TestClockAgrees writes moments in many layouts and holds what is read to
// package time.
func TestClockAgrees(t *testing.T) {
	zones := []*time.Location{time.UTC, zoneOf(t, "Europe/Copenhagen"), zoneOf(t, "America/New_York")}
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(1, 4e9).Draw(t, "at"), 0)
		zone := rapid.SampledFrom(zones).Draw(t, "zone")
		layout := rapid.SampledFrom([]string{time.RFC3339, time.DateTime, "2006-01-02", "02/01/2006 15:04", "2.1.2006 15.04.05",
			"20060102 150405", "2006/01/02 3:04:05 PM"}).Draw(t, "layout")
		c, err := newClock("dmy", zone)
		if err != nil {
			t.Fatal(err)
		}
		cell := at.In(zone).Format(layout)
		want, err := time.ParseInLocation(layout, cell, zone)
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.read([]byte(cell))
		if err != nil || got.at != event.At(want) || string(appendDay(nil, got.day)) != at.In(zone).Format(time.DateOnly) {
			t.Fatalf("%q in %v: got %v %v, want %v", cell, zone, got.at.Time(), err, want)
		}
	})
}

func TestDateVotes(t *testing.T) {
	tests := []struct{ name, cells, want string }{
		{"year first", "2026-01-02 2026-01-03", "dates are year-month-day"},
		{"a later one tells", "01/02/2026 03/04/2026 13/04/2026", "dates are day/month/year"},
		{"a later one tells otherwise", "01/02/2026 03/04/2026 04/13/2026", "dates are month/day/year"},
		{"dots tell", "01.02.2026", "dates are day/month/year"},
		{"most tell", "2026-01-02 13/01/2026 14/01/2026 01/14/2026", "dates are day/month/year"},
		{"one strange", "01/02/2026 99/99/2026 21/02/2026", "dates are day/month/year"},
		{"one ambiguous among others", "2026-01-02 2026-01-03 01/02/2026", "dates are year-month-day"},
		{"words", "02-Jan-2026 03-Jan-2026", "dates are like 2-Jan-2006"},
		{"open", "01/02/2026 03/04/2026", `"03/04/2026" may have its day or its month first, and no other row tells: say --date-layout dmy or --date-layout mdy`},
		{"unknown", "monday", `"monday" is no date that is known: say how it is written, for example --date-layout "dd.MM.yyyy HH:mm"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var v dateVotes
			for _, cell := range strings.Fields(tt.cells) {
				v.add([]byte(cell))
			}
			c := &clock{zone: time.UTC}
			got := fmt.Sprint(v.decide(c))
			if got == "<nil>" {
				got, _, _ = strings.Cut(c.String(), ",")
			}
			if got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// FuzzDates asks of any cell that it gives a moment or an error, and that what
// it gives is read again from its usual form.
func FuzzDates(f *testing.F) {
	for _, s := range []string{"2026-11-21T10:00:00Z", "31/12/26 3:04 PM", "20261121101530", "1767225600", "2026-01-02T00:00:00.5-14:00", "Jan 2, 2026"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, cell []byte) {
		var v dateVotes
		v.add(cell)
		for _, order := range []dateOrder{orderYear, orderDay, orderMonth} {
			c := clock{order: order, zone: time.UTC}
			m, err := c.parse(cell)
			if err != nil || m.at.Time().Year() > 9999 || m.at.Time().Year() < 1 {
				continue
			}
			text := m.at.Time().Format(time.RFC3339Nano)
			if back, err := c.parse([]byte(text)); err != nil || back.at != m.at {
				t.Fatalf("%q gives %s, which gives %v, %v", cell, text, back, err)
			}
		}
	})
}
