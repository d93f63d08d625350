package gen

import (
	"runtime"
	"testing"

	"nabo/engine/event"
)

// Receipts must stream without being held: what is alive beside the shop itself
// is one day's starts and what is under way, which go with the number of
// members, some 8 bytes each.
func TestMembersStreamInLittleMemory(t *testing.T) {
	const members, each = 60_000, 32
	s := newShop(t, Options{Supermarket: true, Members: members, Products: 5_000, Stores: 300})
	alive := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := alive()
	const hour = event.Millis(60 * 60 * 1000)
	four := event.At(s.Options().Until) - 30*dayMillis + 4*hour
	var most uint64
	receipts := 0
	for ev := range s.Between(four, four+hour/3) {
		if ev.Type != event.TypeReceipt {
			continue
		}
		if receipts++; receipts%200 == 0 {
			most = max(most, alive()-min(before, alive()))
		}
	}
	t.Logf("%d receipts, the shop holds %d KiB, the stream at most %d KiB", receipts, before>>10, most>>10)
	if receipts < members/100 || most > members*each {
		t.Errorf("%d receipts took up to %d bytes beside the shop's %d", receipts, most, before)
	}
	runtime.KeepAlive(s)
}
