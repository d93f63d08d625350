package load

import (
	"time"

	"golang.org/x/sys/unix"
)

// processorTime is how long the calling thread has had a processor; false
// where the system does not say. On a machine that others use too it tells
// what work takes from what waiting takes.
func processorTime() (time.Duration, bool) {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &ts); err != nil {
		return 0, false
	}
	return time.Duration(ts.Nano()), true
}

// workedSoFar is how long all threads of the process have had processors, in
// seconds; 0 where the system does not say.
func workedSoFar() float64 {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}
