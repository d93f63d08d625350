package server

import (
	"testing"
	"time"
)

func TestSalesOverTime(t *testing.T) {
	r := newRig(t, nil)
	for at, id := range map[string]string{
		"2026-11-21T11:30:00Z": "1", "2026-11-21T11:10:00Z": "2", "2026-11-21T09:00:00Z": "3", "2026-11-19T12:30:00Z": "4", "2026-11-01T00:00:00Z": "5", "2026-09-01T00:00:00Z": "6",
	} {
		want[Admission](t, r.send(t, "POST", "/v1/events", `{"id":"`+id+`","type":"receipt","time":"`+at+`","data":{"products":["a","b"]}}`), 202)
	}
	got := want[ProductSales](t, r.send(t, "GET", "/v1/products/a/sales", ""), 200)
	if len(got.Hours) != 48 || len(got.Days) != 35 || got.Hours[47].Sales != 2 || got.Hours[45].Sales != 1 || got.Hours[0].Sales != 1 || got.Hours[46].Sales != 0 {
		t.Errorf("hours %+v", got.Hours)
	}
	if !got.Hours[47].Start.Equal(time.Date(2026, 11, 21, 11, 0, 0, 0, time.UTC)) || got.Days[34].Day != "2026-11-21" || got.Days[0].Day != "2026-10-18" {
		t.Errorf("from %v to %v, %s to %s", got.Hours[0].Start, got.Hours[47].Start, got.Days[0].Day, got.Days[34].Day)
	}
	if got.Days[34].Sales != 3 || got.Days[32].Sales != 1 || got.Days[14].Sales != 1 || got.Days[33].Sales != 0 {
		t.Errorf("days %+v", got.Days)
	}
	if w := got.Windows; w.Hour < 1.4 || w.Hour > 2 || w.Month < 4 || w.Month > 5 {
		t.Errorf("windows %+v", w)
	}
	wantProblem(t, r.send(t, "GET", "/v1/products/x/sales", ""), 404, unknownProduct, "no product of this id")
}
