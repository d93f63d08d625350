package engine

import (
	"fmt"
	"testing"
	"time"
)

func TestZonesAreBounded(t *testing.T) {
	var z zones
	for i := range 3 * zonesKept {
		if l := z.of(fmt.Sprint("Nowhere/", i)); l != time.UTC {
			t.Fatalf("a place that is not there has the time of %v", l)
		}
	}
	known := 0
	z.known.Range(func(any, any) bool { known++; return true })
	if known > zonesKept {
		t.Errorf("%d names are known, want at most %d", known, zonesKept)
	}
	if l := z.of("Europe/Oslo"); l.String() != "Europe/Oslo" || z.of("") != time.UTC {
		t.Errorf("Oslo has the time of %v", l)
	}
}
