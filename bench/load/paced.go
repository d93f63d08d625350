package load

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// timings are how long answers took in process.
type timings struct {
	Due   Micros `json:"dueUs"`   // from when a lookup was due
	Asked Micros `json:"askedUs"` // from when it was asked: what the engine takes
}

// paced asks at a steady rate until ctx ends. It asks one after the other, and
// what comes late is charged for it. ask returns how long the answer took.
func paced(ctx context.Context, rate int, ask func() time.Duration) (t timings, err error) {
	interval := time.Second / time.Duration(rate)
	pace, err := newPacer(interval)
	if err != nil {
		return t, err
	}
	defer pace.close()
	due, asked := fineHistogram(), fineHistogram()
	began := time.Now()
	for i := 1; ctx.Err() == nil; i++ {
		at := time.Duration(i) * interval
		for time.Since(began) < at {
			if err := pace.wait(); err != nil {
				return t, fmt.Errorf("wait for the next lookup: %w", err)
			}
		}
		took := ask()
		if err := errors.Join(due.RecordValue(int64(time.Since(began)-at)), asked.RecordValue(int64(took))); err != nil {
			return t, fmt.Errorf("an answer took too long to count: %w", err)
		}
	}
	return timings{micros(due), micros(asked)}, nil
}
