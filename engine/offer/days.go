package offer

import (
	"cmp"
	"slices"
	"strings"
	"sync"

	"github.com/cespare/xxhash/v2"

	"nabo/graph"
)

// DayCounts is what became of an offer on one day, in UTC.
type DayCounts struct {
	Day                                                  graph.Day
	Shown, Activations, Deactivations, Redemptions, Over int64
	Discount                                             float64 // in the offer's currency
	// By is in which channels it was shown, the one that came first first; the
	// rest of Shown is in others, of which there were too many.
	By []ChannelCount
}

// ChannelCount is how often an offer was shown in a channel; an empty one is
// where the member came by themselves.
type ChannelCount struct {
	Channel string
	Shown   int64
}

// The bounds of what is kept of an offer.
const (
	DaysKept     = 60 // the newest day and those before it
	channelsKept = 16 // a day
)

// daybook keeps what became of each offer day by day. The writer changes it;
// anybody may read an offer's days at any time.
type daybook struct {
	mu sync.RWMutex
	by map[Slot][]*keptDay // by day; guarded by mu

	// The writer's: cells that changed, and cells that went, since the last
	// Dirty.
	dirty []uint64
	gone  []uint64
}

type keptDay struct {
	DayCounts
	dirty bool
}

func newDaybook() daybook { return daybook{by: map[Slot][]*keptDay{}} }

// dayCell is the number of the cell of an offer's day.
func dayCell(s Slot, d graph.Day) uint64 { return uint64(s)<<16 | uint64(d) }

// note changes what is counted on the day of a moment, unless that is too long
// before the offer's newest day.
func (b *daybook) note(s Slot, at int64, change func(*DayCounts)) {
	day := graph.DayOf(at)
	b.mu.Lock()
	defer b.mu.Unlock()
	days := b.by[s]
	if n := len(days); n > 0 && int(day) <= int(days[n-1].Day)-DaysKept {
		return
	}
	i, ok := slices.BinarySearchFunc(days, day, func(d *keptDay, day graph.Day) int { return cmp.Compare(d.Day, day) })
	if !ok {
		days = slices.Insert(days, i, &keptDay{DayCounts: DayCounts{Day: day}})
	}
	change(&days[i].DayCounts)
	if !days[i].dirty {
		days[i].dirty = true
		b.dirty = append(b.dirty, dayCell(s, day))
	}
	newest := days[len(days)-1].Day
	for len(days) > 0 && int(days[0].Day) <= int(newest)-DaysKept {
		b.gone = append(b.gone, dayCell(s, days[0].Day))
		days = days[1:]
	}
	b.by[s] = days
}

// drop forgets an offer.
func (b *daybook) drop(s Slot) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, d := range b.by[s] {
		b.gone = append(b.gone, dayCell(s, d.Day))
	}
	delete(b.by, s)
}

// in counts once more in a channel.
func (d *DayCounts) in(channel string) {
	d.Shown++
	for i := range d.By {
		if d.By[i].Channel == channel {
			d.By[i].Shown++
			return
		}
	}
	if len(d.By) < channelsKept {
		d.By = append(d.By, ChannelCount{strings.Clone(channel), 1})
	}
}

// Days returns what became of an offer, day by day, the oldest first: at most
// the newest 60 days, and none on which nothing did. Anybody may call it.
func (b *Book) Days(s Slot) []DayCounts {
	b.days.mu.RLock()
	defer b.days.mu.RUnlock()
	out := make([]DayCounts, 0, len(b.days.by[s]))
	for _, d := range b.days.by[s] {
		one := d.DayCounts
		one.By = slices.Clone(d.By)
		out = append(out, one)
	}
	return out
}

// flush gives the cells that changed since the last call.
func (b *daybook) flush(put func(kind Cell, n uint64, value []byte)) {
	for _, n := range b.gone {
		put(CellDay, n, nil)
	}
	for _, n := range b.dirty {
		if d := b.at(n); d != nil {
			d.dirty = false
			put(CellDay, n, d.encode())
		}
	}
	b.gone, b.dirty = nil, b.dirty[:0]
}

// at returns the day of a cell, nil where it is not kept.
func (b *daybook) at(n uint64) *keptDay {
	for _, d := range b.by[Slot(n>>16)] {
		if d.Day == graph.Day(n) {
			return d
		}
	}
	return nil
}

func (d *DayCounts) encode() []byte {
	w := writer{[]byte{formatVersion}}
	for _, n := range []int64{d.Shown, d.Activations, d.Deactivations, d.Redemptions, d.Over} {
		w.num(uint64(n))
	}
	w.float(d.Discount)
	w.num(uint64(len(d.By)))
	for _, c := range d.By {
		w.text(c.Channel)
		w.num(uint64(c.Shown))
	}
	return w.b
}

// parseDay reads what encode wrote. It says so if anything is not as encode
// would have written it.
func parseDay(day graph.Day, value []byte) (*DayCounts, error) {
	if len(value) == 0 || value[0] != formatVersion {
		return nil, errCell
	}
	t, d := taker{s: string(value[1:])}, &DayCounts{Day: day}
	for _, n := range []*int64{&d.Shown, &d.Activations, &d.Deactivations, &d.Redemptions, &d.Over} {
		if *n = int64(t.num()); *n < 0 {
			t.fail()
		}
	}
	if d.Discount = t.float(); !(d.Discount >= 0) {
		t.fail()
	}
	for range t.length() {
		c := ChannelCount{t.text(), int64(t.num())}
		known := slices.ContainsFunc(d.By, func(o ChannelCount) bool { return o.Channel == c.Channel })
		if known || c.Shown < 1 || len(d.By) == channelsKept {
			return nil, errCell
		}
		d.By = append(d.By, c)
	}
	return d, t.end()
}

// load takes a cell, of offers in any order, and of days in theirs.
func (b *daybook) load(n uint64, value []byte) error {
	d, err := parseDay(graph.Day(n), value)
	if err != nil {
		return err
	}
	days := b.by[Slot(n>>16)]
	if last := len(days) - 1; last >= 0 && (days[last].Day >= d.Day || int(days[0].Day) <= int(d.Day)-DaysKept) {
		return errCell
	}
	b.by[Slot(n>>16)] = append(days, &keptDay{DayCounts: *d})
	return nil
}

func (b *daybook) digest() (sum uint64) {
	for s, days := range b.by {
		for _, d := range days {
			sum += mix(dayCell(s, d.Day)+1<<60) * (xxhash.Sum64(d.encode()) | 1)
		}
	}
	return sum
}

// size returns how many days are kept, and what they take, about.
func (b *daybook) size() (count int, bytes uint64) {
	const day, channel = 8 + 88, 24
	b.mu.RLock()
	defer b.mu.RUnlock()
	for _, days := range b.by {
		count += len(days)
		for _, d := range days {
			bytes += day + uint64(cap(d.By))*channel
		}
	}
	return count, bytes
}

// DaysSize returns how many days of offers are kept, and what they take, about.
// Anybody may call it.
func (b *Book) DaysSize() (count int, bytes uint64) { return b.days.size() }
