package load

import (
	"bytes"
	"math"
	"os"
	"strconv"
)

// offersAsked is how long a list of offers is.
const offersAsked = 35

func nan() float64 { return math.NaN() }

// resident is how much memory the process has now, and had at most, in GiB; 0
// where the system does not say it in /proc.
func resident() (now, most float64) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, 0
	}
	return kilobytes(status, "VmRSS:"), kilobytes(status, "VmHWM:")
}

// kilobytes reads a line such as "VmRSS:    1024 kB", in GiB.
func kilobytes(status []byte, name string) float64 {
	_, rest, _ := bytes.Cut(status, []byte(name))
	fields := bytes.Fields(rest)
	if len(fields) == 0 {
		return 0
	}
	kb, err := strconv.ParseFloat(string(fields[0]), 64)
	if err != nil {
		return 0
	}
	return gib(kb * 1024)
}

// startPeak makes the system count the most memory anew. Where it can't, the
// peak is the process's whole life's.
func startPeak() {
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0)
}
