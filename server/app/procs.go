package app

import (
	"os"
	"runtime"
)

// spareProcs is how many more goroutines may run at a time than there are
// processors. Go lets a goroutine that computes keep its place for 10 ms; with
// as many of these as there are places (a checkpoint being encoded, edges being
// refined, a collection) a lookup waits for that long. With places to spare it is
// the system that shares the processors. In one run beside checkpoints p99 was 42
// ms with two places and 16 with six (bench/RESULTS.md); why is not proven.
const spareProcs = 4

// spareProcesses gives Go these places, unless GOMAXPROCS says otherwise. It
// returns how to take them back.
func spareProcesses() (restore func()) {
	if os.Getenv("GOMAXPROCS") != "" {
		return func() {}
	}
	before := runtime.GOMAXPROCS(0)
	runtime.GOMAXPROCS(before + spareProcs)
	return func() { runtime.GOMAXPROCS(before) }
}
