package load

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"
)

func TestLookup(t *testing.T) {
	var out, progress bytes.Buffer
	b := Lookup{Inside: tiny(&out, &progress), Rate: 300, Receipts: 200, Count: 5}
	b.Duration = 100 * time.Millisecond
	if err := b.Run(t.Context()); err != nil {
		t.Fatalf("%v\n%s", err, progress.String())
	}
	var report LookupReport
	if err := json.Unmarshal(out.Bytes(), &report); err != nil {
		t.Fatal(err)
	}
	if len(report.Kinds) != len(lookupKinds) || report.Applied == 0 {
		t.Fatalf("report %+v", report)
	}
	for _, k := range report.Kinds {
		for _, took := range []timings{k.Alone, k.Beside} {
			if took.Asked.Count < 1 || took.Asked.P50 <= 0 || took.Due.P50 < took.Asked.P50 || took.Due.Count != took.Asked.Count {
				t.Errorf("%s: %+v", k.Kind, took)
			}
		}
		if k.Items < 3 {
			t.Errorf("%s: %.1f items in an answer", k.Kind, k.Items)
		}
	}
	wantTable(t, &out, "offers beside, since due", func() error { return printReport(&out, false, &report, report.table) })
}

// What comes late is charged to all that waited for it.
func TestPacedCountsFromWhenALookupWasDue(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	asked := 0
	took, err := paced(ctx, 1000, func() time.Duration {
		if asked++; asked == 1 {
			for began := time.Now(); time.Since(began) < 50*time.Millisecond; {
			}
		}
		if asked == 40 {
			cancel()
		}
		return time.Microsecond
	})
	if err != nil || took.Due.Count != 40 || took.Asked.Count != 40 {
		t.Fatalf("%+v, %v", took, err)
	}
	if took.Due.P50 < 10_000 || took.Due.Max < 50_000 || took.Asked.Max > 1.1 {
		t.Errorf("%+v, want most of them late by tens of milliseconds", took)
	}
}

func TestWhatNewLoadsRefuse(t *testing.T) {
	server := small(t, io.Discard, io.Discard)
	server.Server = "http://127.0.0.1:1"
	mine := small(t, io.Discard, io.Discard)
	mine.Duration = 10 * time.Second
	soak := Soak{Common: mine, Mix: evenly, Rate: 1, Conns: 1, Lookups: 1, Every: time.Second, Checkpoint: time.Second}
	scale := Scale{Serve: Serve{Common: mine, Mix: evenly, Rate: 1, Rounds: 1, Conns: 1, Lookups: 1, Checkpoint: time.Second}, Sizes: []int{1}, Total: 1}
	if err := soak.validate(); err != nil {
		t.Fatal(err)
	}
	if err := scale.validate(); err != nil {
		t.Fatal(err)
	}
	rare, sizeless := soak, scale
	rare.Every, sizeless.Sizes = 2*time.Second, nil
	for want, b := range map[string]interface{ validate() error }{
		"--server":   &Ingest{Common: server, Total: 1},
		"--total":    &Ingest{Common: mine},
		"--behind":   &Restart{Common: mine, Behind: -1},
		"--duration": &Restart{Common: small(t, io.Discard, io.Discard)},
		"--every":    &rare,
		"--sizes":    &sizeless,
		"--rate":     &Lookup{Inside: tiny(io.Discard, io.Discard)},
	} {
		if err := b.validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%T: error %v does not name %s", b, err, want)
		}
	}
}
