package server

import (
	"fmt"
	"net/http"
	"time"
)

// frameLimit bounds the frames of one connection, pings and pongs among them: rate
// a second, burst at once.
// It is its reader's.
type frameLimit struct {
	rate, burst int
	patience    time.Duration // with frames that come too fast, until the connection is closed

	spare float64
	at    time.Time
	over  time.Time // since when frames are refused again and again; zero: they are not
}

// What a limit says of a frame.
const (
	frameTaken = iota
	frameRefused
	frameFlood
)

// pass says what is to be done with a frame that has come.
func (l *frameLimit) pass(now time.Time) int {
	if l.at.IsZero() {
		l.spare = float64(l.burst)
	} else {
		l.spare = min(l.spare+now.Sub(l.at).Seconds()*float64(l.rate), float64(l.burst))
	}
	l.at = now
	if l.spare >= 1 {
		l.spare--
		if l.spare >= float64(l.burst)/2 {
			l.over = time.Time{} // it has calmed down
		}
		return frameTaken
	}
	if l.over.IsZero() {
		l.over = now
	}
	if now.Sub(l.over) >= l.patience {
		return frameFlood
	}
	return frameRefused
}

func tooFast(rate int) *Problem {
	p := problem(http.StatusTooManyRequests, tooManyFrames, fmt.Sprintf("more than %d frames a second; the frame was not looked at: send it again", rate))
	p.retryAfter = 1
	return p
}
