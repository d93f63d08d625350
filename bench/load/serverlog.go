package load

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"time"
)

// span is a time in which something went on.
type span struct{ from, to time.Time }

// serverLog is what a child's standard error tells about its insides.
type serverLog struct {
	checkpoints []span
	collections []span    // the garbage collector's cycles, marking included
	pauses      []float64 // milliseconds in which nothing else ran, two a cycle
	live        float64   // MiB after the newest collection
	loaded      time.Duration
}

var (
	checkpointLine = regexp.MustCompile(`(?m)^time=(\S+) \S+ msg=checkpoint .*took=(\S+)`)
	loadedLine     = regexp.MustCompile(`(?m)^time=(\S+) \S+ msg="loaded a checkpoint" .*took=(\S+)`)
	// See the runtime package on GODEBUG's gctrace.
	collectionLine = regexp.MustCompile(`(?m)^gc \d+ @([0-9.]+)s \d+%: ([0-9.]+)\+([0-9.]+)\+([0-9.]+) ms clock.* \d+->\d+->(\d+) MB`)
)

// readLog reads what the child has said so far.
func (c *child) readLog() (*serverLog, error) {
	text, err := os.ReadFile(c.log)
	if err != nil {
		return nil, fmt.Errorf("read the server's log: %w", err)
	}
	out := &serverLog{}
	for _, m := range checkpointLine.FindAllSubmatch(text, -1) {
		to, took, err := momentAndSpan(m[1], m[2])
		if err != nil {
			return nil, err
		}
		out.checkpoints = append(out.checkpoints, span{to.Add(-took), to})
	}
	for _, m := range loadedLine.FindAllSubmatch(text, 1) {
		if _, out.loaded, err = momentAndSpan(m[1], m[2]); err != nil {
			return nil, err
		}
	}
	for _, m := range collectionLine.FindAllSubmatch(text, -1) {
		if err := out.collection(c.started, m[1:]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func momentAndSpan(at, took []byte) (time.Time, time.Duration, error) {
	t, err := time.Parse(time.RFC3339, string(at))
	if err != nil {
		return t, 0, fmt.Errorf("read the server's log: %w", err)
	}
	d, err := time.ParseDuration(string(took))
	if err != nil {
		return t, 0, fmt.Errorf("read the server's log: %w", err)
	}
	return t, d, nil
}

// collection notes a cycle from its line's numbers: when it began, in seconds
// since the process did; the milliseconds of its three phases, the first and
// the last with the world stopped; and what was live after it.
func (l *serverLog) collection(started time.Time, fields [][]byte) error {
	var v [5]float64
	for i := range v {
		var err error
		if v[i], err = strconv.ParseFloat(string(fields[i]), 64); err != nil {
			return fmt.Errorf("read the server's log: a collection's %q: %w", fields[i], err)
		}
	}
	from := started.Add(time.Duration(v[0] * float64(time.Second)))
	l.collections = append(l.collections, span{from, from.Add(time.Duration((v[1] + v[2] + v[3]) * float64(time.Millisecond)))})
	l.pauses = append(l.pauses, v[1], v[3])
	l.live = v[4]
	return nil
}
