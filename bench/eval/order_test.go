package eval

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"nabo/engine/event"
)

// TestOrder: everything comes in the order of its time, and an offer that
// is sent out again covers both campaigns' products for as long as either holds.
func TestOrder(t *testing.T) {
	h, err := readHistory(shop)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	var last event.Millis
	tell := h.telling(func(string) int { return 0 })
	note := func(ev *event.Event) error {
		if ev.Time < last {
			t.Errorf("%v %q at %v comes after %v", ev.Type, ev.ID, ev.Time.Time(), last.Time())
		}
		last = ev.Time
		if err := ev.Validate(ev.Time); err != nil {
			t.Errorf("%v %q: %v", ev.Type, ev.ID, err)
		}
		switch b := ev.Body.(type) {
		case *event.Offer:
			got = append(got, fmt.Sprintf("%s offer %s %v %s to %s", dayOf(ev.Time), b.Offer, b.Products, dayOf(b.ValidFrom), dayOf(b.ValidThrough)))
		case *event.Receipt:
			got = append(got, fmt.Sprintf("%s receipt of %s: %s", dayOf(ev.Time), ev.MemberID, linesOf(b)))
		}
		return nil
	}
	for _, s := range h.order() {
		if err := tell.events(s, note); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{
		"2026-01-05 receipt of anna: 2 tea, 1 milk",
		"2026-01-10 receipt of bo: 1 soap, 1 milk",
		"2026-01-20 receipt of anna: 1 tea, 1 bread",
		"2026-01-25 receipt of cy: 1 coffee",
		"2026-01-31 offer o-tea [tea] 2026-02-01 to 2026-02-28",
		"2026-01-31 offer o-dairy [butter milk] 2026-02-01 to 2026-02-28",
		"2026-01-31 offer o-bread [bread cake] 2026-02-01 to 2026-02-28",
		"2026-01-31 offer o-soap [soap] 2026-02-01 to 2026-02-28",
		"2026-02-10 receipt of bo: 1 bread",
		"2026-02-12 receipt of anna: 1 butter",
		"2026-02-13 receipt of bo: back 1 soap",
		"2026-02-14 offer o-soap [brush soap] 2026-02-01 to 2026-03-15",
		"2026-02-14 offer o-coffee [coffee] 2026-02-15 to 2026-03-15",
		"2026-02-16 receipt of anna: 1 coffee",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func linesOf(r *event.Receipt) string {
	var out []string
	for _, l := range r.Lines {
		back := ""
		if l.Return {
			back = "back "
		}
		out = append(out, fmt.Sprintf("%s%v %s", back, l.Qty, l.Product))
	}
	return strings.Join(out, ", ")
}

// TestMost: an offer over more products than one may have keeps those that
// sell.
func TestMost(t *testing.T) {
	var all []string
	for i := range event.MaxProducts + 2 {
		all = append(all, fmt.Sprintf("p%05d", i))
	}
	r := telling{sold: func(p string) int {
		if p == all[0] || p == all[1] {
			return 0
		}
		return 1
	}}
	if got := r.most(slices.Concat(all, all[:5])); !slices.Equal(got, all[2:]) {
		t.Errorf("%d are left, from %s to %s", len(got), got[0], got[len(got)-1])
	}
}

// TestRejected: what no gate would let in is counted and left out.
func TestRejected(t *testing.T) {
	folder := copied(t)
	added(t, folder, "receipts.csv", "2026-02-01T00:00:00Z,17,9,anna,,1,2")
	report, _ := run(t, Options{Folder: folder})
	if got := report.Tasks[0]; got.Rejected != 1 || !strings.Contains(got.Fault, `receipt "receipts/9": /data/lines/0/product`) {
		t.Errorf("%d were rejected: %s", report.Tasks[0].Rejected, report.Tasks[0].Fault)
	}
}
