package app

import (
	"bytes"
	"os"
	"runtime"
	"runtime/metrics"
	"strconv"

	"nabo/engine"
	"nabo/server"
)

// memory is what the process takes, with those parts that the server does not
// know.
func (p *process) memory() server.MemoryStatus {
	live := []metrics.Sample{{Name: liveBytes}}
	metrics.Read(live)
	out := server.MemoryStatus{
		Live: live[0].Value.Uint64(), Resident: resident(), Goroutines: runtime.NumGoroutine(),
		Parts: []engine.Part{{Name: "memberTokens", Count: p.tokens.Count(), Bytes: p.tokens.Bytes()}},
	}
	if d := p.decided.Load(); d != nil {
		out.Parts = append(out.Parts, engine.Part{Name: "storedDecisions", Count: int(d.Count), Bytes: uint64(d.Memory)})
	}
	return out
}

// resident is how many bytes of the process are in memory; 0 where the system
// does not say it in /proc.
func resident() uint64 {
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	fields := bytes.Fields(statm)
	if len(fields) < 2 {
		return 0
	}
	pages, err := strconv.ParseUint(string(fields[1]), 10, 64)
	if err != nil {
		return 0
	}
	return pages * uint64(os.Getpagesize())
}
