package load

import (
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// pacer wakes its one waiter at even intervals. It stands on a timerfd, since
// Go's own timers wake an idle process only to the millisecond, which is more
// than the answers take that are measured.
type pacer struct {
	timer *os.File
	buf   [8]byte
}

// newPacer returns a pacer that must be closed.
func newPacer(interval time.Duration) (*pacer, error) {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("make a timer: %w", err)
	}
	every := unix.NsecToTimespec(max(1, int64(interval)))
	if err := unix.TimerfdSettime(fd, 0, &unix.ItimerSpec{Interval: every, Value: every}, nil); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("set a timer: %w", err)
	}
	return &pacer{timer: os.NewFile(uintptr(fd), "timer")}, nil
}

// wait returns when the next interval is over, at once if one has passed since
// the last wait.
func (p *pacer) wait() error {
	_, err := p.timer.Read(p.buf[:])
	return err
}

func (p *pacer) close() { p.timer.Close() }
