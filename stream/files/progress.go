package files

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/schollz/progressbar/v3"
)

// How often progress is shown.
const (
	barEvery  = 200 * time.Millisecond
	lineEvery = 5 * time.Second
)

// tally counts an import while it runs. Any goroutine may use it.
type tally struct {
	read     atomic.Int64 // bytes of the files, as they are packed
	answered atomic.Int64 // of these, what the server has answered for
	total    atomic.Int64 // bytes of all files; zero while not known

	receipts, lines, others        atomic.Int64
	accepted, duplicates, rejected atomic.Int64 // events, by the server's word
	resent, dropped, files         atomic.Int64 // dropped: rows that are no good
	splits, disputed               atomic.Int64

	trouble atomic.Pointer[string] // why a request is being tried again, nil where none is
}

// sent notes that the server has answered for what was read up to from.
func (t *tally) sent(from int64) {
	for {
		old := t.answered.Load()
		if old >= from || t.answered.CompareAndSwap(old, from) {
			return
		}
	}
}

// events returns how many events were made of the files.
func (t *tally) events() int64 { return t.receipts.Load() + t.others.Load() }

// progress shows how an import goes until ctx is done: a bar on a terminal,
// else a line now and then.
type progress struct {
	out      io.Writer
	terminal bool
	tally    *tally
	now      func() time.Time
}

func (p *progress) run(ctx context.Context) {
	if p.terminal && p.tally.total.Load() > 0 {
		p.bar(ctx)
		return
	}
	p.linesOut(ctx)
}

// bar draws a bar over the bytes of the files.
func (p *progress) bar(ctx context.Context) {
	bar := progressbar.NewOptions64(p.tally.total.Load(), progressbar.OptionSetWriter(p.out), progressbar.OptionFullWidth(),
		progressbar.OptionShowBytes(true), progressbar.OptionSetPredictTime(true), progressbar.OptionClearOnFinish())
	tick := time.NewTicker(barEvery)
	defer tick.Stop()
	start := p.now()
	for {
		select {
		case <-ctx.Done():
			bar.Clear() // a terminal that is gone needs no bar
			return
		case <-tick.C:
			text := p.rate(start)
			if p.tally.trouble.Load() != nil {
				text += ", no answer, trying again"
			}
			bar.Describe(text)
			bar.Set64(min(p.tally.answered.Load(), p.tally.total.Load()-1))
		}
	}
}

// linesOut writes a line every few seconds.
func (p *progress) linesOut(ctx context.Context) {
	tick := time.NewTicker(lineEvery)
	defer tick.Stop()
	start := p.now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			fmt.Fprintln(p.out, p.rate(start)+p.rest(start))
		}
	}
}

// rate says how many events the server has answered for, and how many a second.
func (p *progress) rate(start time.Time) string {
	n := p.tally.accepted.Load() + p.tally.duplicates.Load() + p.tally.rejected.Load()
	return fmt.Sprintf("%s events, %s/s", grouped(n), grouped(perSecond(n, p.now().Sub(start))))
}

// rest says what stands in the way, or how long the rest may take.
func (p *progress) rest(start time.Time) string {
	if why := p.tally.trouble.Load(); why != nil {
		return "; trying again: " + *why
	}
	return p.left(start)
}

// left says how far the files are read and how long the rest may take.
func (p *progress) left(start time.Time) string {
	total, done := p.tally.total.Load(), p.tally.answered.Load()
	if total == 0 || done == 0 {
		return ""
	}
	part := float64(done) / float64(total)
	spent := p.now().Sub(start)
	left := time.Duration(float64(spent) * (1 - part) / part)
	return fmt.Sprintf(", %.0f%% of the files, about %v left", 100*part, left.Round(time.Second))
}

func perSecond(n int64, d time.Duration) int64 {
	if d <= 0 {
		return 0
	}
	return int64(float64(n) / d.Seconds())
}

// grouped writes a number with commas between thousands.
func grouped(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// counts is what a tally held at a moment.
type counts struct{ accepted, duplicates, rejected, dropped int64 }

func (t *tally) snapshot() counts {
	return counts{t.accepted.Load(), t.duplicates.Load(), t.rejected.Load(), t.dropped.Load()}
}

// since says what came after a snapshot.
func (t *tally) since(c counts) string {
	n := t.snapshot()
	return fmt.Sprintf("accepted %s, duplicates %s, rejected %s, bad lines %s", grouped(n.accepted-c.accepted),
		grouped(n.duplicates-c.duplicates), grouped(n.rejected-c.rejected), grouped(n.dropped-c.dropped))
}
