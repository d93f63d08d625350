package engine

import (
	"sync"
	"sync/atomic"
	"time"

	"nabo/engine/event"
)

// zones knows the time zones that members have named. Reading one from the
// machine's table happens once a name; a name that the table has not counts as
// UTC. It shapes answers alone, never the state.
type zones struct {
	known sync.Map     // name → *time.Location
	count atomic.Int64 // of names since known was last emptied
}

// zonesKept bounds how many names are known, the table's six hundred and
// others: anything that looks like a name may be in an event. One more forgets
// them all.
const zonesKept = 1024

func (z *zones) of(name string) *time.Location {
	if name == "" {
		return time.UTC
	}
	if l, ok := z.known.Load(name); ok {
		return l.(*time.Location)
	}
	l, err := time.LoadLocation(name)
	if err != nil {
		l = time.UTC
	}
	if z.count.Add(1) > zonesKept {
		z.known.Clear()
		z.count.Store(1)
	}
	z.known.Store(name, l)
	return l
}

// localTime returns the weekday, 1 for Monday to 7, the hour, and the day since
// the Unix epoch, where the member is at home.
func (e *Engine) localTime(p *Profile, now event.Millis) (weekday, hour int, day int64) {
	zone := time.UTC
	if p != nil {
		zone = e.zones.of(p.Timezone)
	}
	t := now.Time().In(zone)
	_, offset := t.Zone()
	day = (int64(now) + int64(offset)*1000) / msPerDay
	return (int(t.Weekday())+6)%7 + 1, t.Hour(), day
}
