package offer

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"nabo/engine/event"
	"nabo/graph"
)

// dayTwin counts in a map, and forgets nothing.
type dayTwin map[string]map[graph.Day]*DayCounts

func (w dayTwin) at(id string, at event.Millis) *DayCounts {
	if w[id] == nil {
		w[id] = map[graph.Day]*DayCounts{}
	}
	d := graph.DayOf(int64(at))
	if w[id][d] == nil {
		w[id][d] = &DayCounts{Day: d}
	}
	return w[id][d]
}

// kept is what is to be kept of an offer. A day that came when it was too old
// is not counted; so here no moment is before the oldest day that is kept.
func (w dayTwin) kept(id string) []DayCounts {
	out, newest := []DayCounts{}, graph.Day(0)
	for d := range w[id] {
		newest = max(newest, d)
	}
	for d, counts := range w[id] {
		if int(d) > int(newest)-DaysKept {
			out = append(out, *counts)
		}
	}
	slices.SortFunc(out, func(a, b DayCounts) int { return int(a.Day) - int(b.Day) })
	return out
}

// TestDaysAreAMap does with offers whatever is done, and holds the days to a
// map; of a checkpoint in the middle, too.
func TestDaysAreAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ids := []string{"a", "b"}
		b, twin, now := bookOf(Options{}, plain("a"), plain("b")), dayTwin{}, start
		disk := map[[2]uint64][]byte{}
		save := func() {
			b.Dirty(func(kind Cell, n uint64, value []byte) {
				at := [2]uint64{uint64(kind), n}
				if delete(disk, at); value != nil {
					disk[at] = value
				}
			})
		}
		for range rapid.IntRange(1, 60).Draw(t, "happenings") {
			now += rapid.SampledFrom([]event.Millis{0, 1000, day / 2, 5 * day, 70 * day}).Draw(t, "later")
			id, m := rapid.SampledFrom(ids).Draw(t, "offer"), graph.Member(rapid.IntRange(0, 3).Draw(t, "member"))
			switch rapid.IntRange(0, 4).Draw(t, "what") {
			case 0:
				channel := fmt.Sprint("c", rapid.IntRange(0, 2).Draw(t, "channel"))
				b.Shown(m, []string{id, "nothing"}, channel, now)
				twin.at(id, now).in(channel)
			case 1:
				if v := b.Activate(id, m, now, nil); v != Already {
					d := twin.at(id, now)
					d.Activations++
					if v != Done {
						d.Over++
					}
				}
			case 2:
				if b.Deactivate(id, m, now) == Done {
					twin.at(id, now).Deactivations++
				}
			case 3:
				cost := float64(rapid.IntRange(0, 2).Draw(t, "cost"))
				v, d := b.Redeem(id, m, now, cost), twin.at(id, now)
				d.Redemptions++
				d.Discount += cost
				if v == BudgetSpent || v == LimitReached {
					d.Over++
				}
			default:
				save()
				loaded := NewBook(Options{})
				for _, at := range sortedCells(disk) {
					if err := loaded.Load(Cell(at[0]), at[1], disk[at]); err != nil {
						t.Fatal(err)
					}
				}
				if loaded.Digest() != b.Digest() {
					t.Fatal("what is loaded is not what was saved")
				}
				b = loaded
			}
			b.Seal(now, shelf)
			for _, id := range ids {
				e, _ := b.Named(id)
				if got, want := b.Days(e.Slot), twin.kept(id); !reflect.DeepEqual(got, want) {
					t.Fatalf("%s: %+v, want %+v", id, got, want)
				}
			}
		}
	})
}

func sortedCells(disk map[[2]uint64][]byte) [][2]uint64 {
	var out [][2]uint64
	for at := range disk {
		out = append(out, at)
	}
	slices.SortFunc(out, func(a, b [2]uint64) int { return slices.Compare(a[:], b[:]) })
	return out
}

// Days are bounded: in number, in channels, and they go with their offer.
func TestDaysAreBounded(t *testing.T) {
	b := bookOf(Options{}, plain("a"))
	for i := range 200 {
		for c := range 30 {
			b.Shown(Nobody, []string{"a"}, fmt.Sprint("c", c), start+event.Millis(i)*day)
		}
	}
	e, _ := b.Named("a")
	days := b.Days(e.Slot)
	if len(days) != DaysKept || days[59].Shown != 30 || len(days[59].By) != channelsKept || days[0].Day != graph.DayOf(int64(start))+140 {
		t.Fatalf("%d days, the last %+v", len(days), days[len(days)-1])
	}
	b.Shown(Nobody, []string{"a"}, "", start)
	if again := b.Days(e.Slot); len(again) != DaysKept || again[0].Day != days[0].Day {
		t.Error("what is 199 days late counts")
	}
	b.Dirty(func(Cell, uint64, []byte) {})
	b.Withdraw("a")
	b.Upsert(plain("b"), nil, start+300*day)
	b.Upsert(plain("c"), nil, start+400*day)
	gone := 0
	b.Dirty(func(kind Cell, _ uint64, value []byte) {
		if kind == CellDay && value == nil {
			gone++
		}
	})
	if len(b.Days(e.Slot)) != 0 || gone != DaysKept {
		t.Errorf("%d days of an offer that is gone, %d cells taken out", len(b.Days(e.Slot)), gone)
	}
}

// FuzzDay decodes anything without a panic, and what it decodes it encodes to
// the same again.
func FuzzDay(f *testing.F) {
	d := DayCounts{Shown: 300, Activations: 2, Deactivations: 1, Redemptions: 7, Over: 1, Discount: 2.5, By: []ChannelCount{{"", 200}, {"email", 99}}}
	f.Add(d.encode())
	f.Add([]byte{1})
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := parseDay(7, b)
		if err != nil {
			return
		}
		again, err := parseDay(7, d.encode())
		if err != nil || !reflect.DeepEqual(d, again) {
			t.Fatalf("%x decodes to %+v, and that to %+v (%v)", b, d, again, err)
		}
		d.in("x")
	})
}
