package app

import (
	"log/slog"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestGCPercent(t *testing.T) {
	const gib = 1 << 30
	for _, c := range []struct {
		live uint64
		want int
	}{{0, 100}, {100 << 20, 100}, {gib, 100}, {2 * gib, 50}, {4 * gib, 25}, {8 * gib, 12}, {40 * gib, 10}} {
		if got := gcPercent(c.live); got != c.want {
			t.Errorf("%.1f GiB live: %d percent, want %d", float64(c.live)/gib, got, c.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		live := rapid.Uint64Range(0, 200*gib).Draw(t, "live")
		room := live / 100 * uint64(gcPercent(live))
		if room > max(gib, live/10) {
			t.Fatalf("%d live bytes have a room of %d", live, room)
		}
		if live > gib && room < gib*9/10 {
			t.Fatalf("%d live bytes have a room of only %d", live, room)
		}
	})
}

func TestCollectorIsSetWhenItMatters(t *testing.T) {
	var set []int
	c := &collector{percent: plainGC, log: slog.New(slog.DiscardHandler), set: func(percent int) int {
		set = append(set, percent)
		return 0
	}}
	const gib = 1 << 30
	for _, live := range []uint64{0, gib, 4 * gib, 4*gib + gib/8, 8 * gib, gib / 2} {
		c.aim(live)
	}
	if want := []int{25, 12, 100}; !slices.Equal(set, want) {
		t.Errorf("set to %v, want %v", set, want)
	}
}

func TestMemoryIsTheUsersWhereTheySaySo(t *testing.T) {
	for _, name := range []string{"GOGC", "GOMEMLIMIT"} {
		if ownMemory(func(key string) string { return map[string]string{name: "50"}[key] }) {
			t.Errorf("%s is not respected", name)
		}
	}
	if !ownMemory(func(string) string { return "" }) {
		t.Error("nothing is set, and the collector is left alone")
	}
}
