package app

import (
	"os"
	"runtime"
)

// spareProcs is how many more goroutines may run at a time than there are
// processors. Badger writes its tables through mapped memory: a goroutine that
// waits for the disk in the middle of a copy keeps its place, and with as many
// of these as there are processors nothing else would run, not even a lookup.
// That this is what stalled lookups beside checkpoints is likely and not proven
// (bench/RESULTS.md). It compacts with four goroutines at a time.
const spareProcs = 4

// spareProcesses gives Go places for them, unless GOMAXPROCS says otherwise. It
// returns how to take them back.
func spareProcesses() (restore func()) {
	if os.Getenv("GOMAXPROCS") != "" {
		return func() {}
	}
	before := runtime.GOMAXPROCS(0)
	runtime.GOMAXPROCS(before + spareProcs)
	return func() { runtime.GOMAXPROCS(before) }
}
