package load

import (
	"errors"
	"fmt"
	"time"
)

// errEnough ends atRate without a fault.
var errEnough = errors.New("enough")

// atRate calls do for one number after the other, each when it is due: the i-th
// at i/rate seconds after start, or as soon as do has returned from the one
// before. It ends when the time is over (end 0: never), and with do's error;
// with errEnough it ends well.
func atRate(start time.Time, rate float64, end time.Duration, do func(i int, due time.Duration) error) error {
	pace, err := newPacer(time.Duration(float64(time.Second) / rate))
	if err != nil {
		return err
	}
	defer pace.close()
	for i := 0; ; i++ {
		due := time.Duration(float64(i) / rate * float64(time.Second))
		if end > 0 && due >= end {
			return nil
		}
		for time.Since(start) < due {
			if err := pace.wait(); err != nil {
				return fmt.Errorf("wait for what is due next: %w", err)
			}
		}
		if err := do(i, due); errors.Is(err, errEnough) {
			return nil
		} else if err != nil {
			return err
		}
	}
}
