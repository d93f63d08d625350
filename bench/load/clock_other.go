//go:build !linux

package load

import "time"

// processorTime is not known here.
func processorTime() (time.Duration, bool) { return 0, false }

// workedSoFar is not known here.
func workedSoFar() float64 { return 0 }
