//go:build unix

package gen

import (
	"syscall"
	"testing"
	"time"
)

// processor is how much processor time this process has had, which says more
// than the clock where others run beside it.
func processor(t testing.TB) time.Duration {
	var use syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &use); err != nil {
		t.Fatal(err)
	}
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}
