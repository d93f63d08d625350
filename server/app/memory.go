package app

import (
	"context"
	"log/slog"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// The collector's room: what may be allocated beside what is live before it
// collects again. A small heap may double, as Go has it. A large one gets a
// room of fixed size: nearly all of it is free of pointers, so that a
// collection takes little, however large it is, while a second copy of eight
// gigabytes would not fit.
const (
	gcRoom    = 1 << 30
	plainGC   = 100 // percent, as Go has it
	leastGC   = 10  // percent: a heap above ten gigabytes has more room
	gcStep    = 3   // percent: smaller changes are not worth stopping the world
	roomEvery = 500 * time.Millisecond
)

const liveBytes = "/gc/heap/live:bytes"

// gcPercent returns how many percent of what is live may be allocated before the
// next collection, for so many live bytes.
func gcPercent(live uint64) int {
	if live <= gcRoom {
		return plainGC
	}
	return max(leastGC, int(gcRoom*100/live))
}

// ownMemory says whether whoever started the process left the collector to it.
func ownMemory(getenv func(string) string) bool {
	return getenv("GOGC") == "" && getenv("GOMEMLIMIT") == ""
}

// collector keeps the collector's room bounded while it runs.
type collector struct {
	sample  []metrics.Sample
	percent int
	set     func(percent int) int
	log     *slog.Logger
}

func newCollector(log *slog.Logger) *collector {
	return &collector{
		sample: []metrics.Sample{{Name: liveBytes}}, percent: plainGC, set: debug.SetGCPercent, log: log,
	}
}

// look sets the percentage that the live heap asks for.
func (c *collector) look() {
	metrics.Read(c.sample)
	c.aim(c.sample[0].Value.Uint64())
}

func (c *collector) aim(live uint64) {
	want := gcPercent(live)
	if diff := want - c.percent; diff > -gcStep && diff < gcStep {
		return
	}
	c.percent = want
	c.set(want)
	c.log.Debug("the collector's room", "live", live, "percent", want)
}

// run looks again and again until ctx ends, and leaves Go's own percentage
// behind.
func (c *collector) run(ctx context.Context) error {
	defer func() {
		if c.percent != plainGC {
			c.set(plainGC)
		}
	}()
	for {
		c.look()
		if err := wait(ctx, roomEvery); err != nil {
			return err
		}
	}
}

// boundMemory starts to bound the collector's room, and returns how to end it.
// Where GOGC or GOMEMLIMIT is set in the environment, that counts.
func boundMemory(ctx context.Context, log *slog.Logger) (stop func()) {
	if !ownMemory(os.Getenv) {
		log.Info("GOGC or GOMEMLIMIT is set: the collector is left to them")
		return func() {}
	}
	return start(context.WithoutCancel(ctx), newFailure(), "the collector's room", newCollector(log).run).stop
}
