//go:build !linux

package load

import "time"

// pacer wakes its one waiter at even intervals, as exactly as Go's timers can.
type pacer struct{ ticker *time.Ticker }

// newPacer returns a pacer that must be closed.
func newPacer(interval time.Duration) (*pacer, error) {
	return &pacer{time.NewTicker(max(1, interval))}, nil
}

// wait returns when the next interval is over.
func (p *pacer) wait() error {
	<-p.ticker.C
	return nil
}

func (p *pacer) close() { p.ticker.Stop() }
