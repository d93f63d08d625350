package load

import (
	"fmt"
	"io"
	"strings"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// LiveReport is what Live found.
type LiveReport struct {
	Machine Machine     `json:"machine"`
	Asked   LiveAsks    `json:"asked"`
	Idle    []IdleCost  `json:"idle"` // nabo's, the bare echo's
	Rounds  []LiveRound `json:"rounds"`

	// Over all rounds.

	Shown  Latency `json:"shownMs"`  // scan to nudge or, where there was none, to the basket's delta
	Nudge  Latency `json:"nudgeMs"`  // scan to nudge, of those that brought one
	Delta  Latency `json:"deltaMs"`  // scan to the basket's delta, of those that brought one
	Ack    Latency `json:"ackMs"`    // scan to ack
	Commit Latency `json:"commitMs"` // one event over HTTP: the log's own time
	Echo   Latency `json:"echoMs"`   // the same frame to the bare echo and back
	Silent int64   `json:"silent"`   // scans that brought neither nudge nor delta
	Lost   int64   `json:"lost"`     // scans without an ack
	Gaps   int64   `json:"gaps"`     // frames that were left out without a word

	ShownP50Ratio float64  `json:"shownP50Ratio"`  // over the echo's, median over the rounds
	ShownP99Ratio float64  `json:"shownP99Ratio"`  // likewise
	Beyond        float64  `json:"beyondCommitMs"` // p99 of scan to nudge, less that of the log's own time
	ScanCost      float64  `json:"scanCostUs"`     // processor time of nabo a scan, microseconds: rounds with scans less those without
	Traffic       Traffic  `json:"traffic"`        // of nabo, mean of the rounds
	Receipts      LoopPart `json:"receipts"`       // how those fared that flowed all the while
	Memory        Memory   `json:"memory"`         // of the server, at the end

	Peaks     []LivePeak `json:"peaks,omitempty"`
	Peak      float64    `json:"peak"`      // scans a second that nabo acknowledges at most, median
	PeakEcho  float64    `json:"peakEcho"`  // of the bare echo, likewise
	PeakRatio float64    `json:"peakRatio"` // median of the ratios

	times   [2]scanTimes
	commits *hdrhistogram.Histogram
}

// LivePeak is one round of scans as fast as their acks come.
type LivePeak struct {
	Target string  `json:"target"` // nabo or echo
	Rate   float64 `json:"rate"`   // scans acknowledged a second
	Frames float64 `json:"frames"` // sent to the clients a second
}

// LiveAsks repeats what was asked for.
type LiveAsks struct {
	Idle      int    `json:"idle"`
	IdleTopic string `json:"idleTopic"`
	Active    int    `json:"active"`
	Scans     int    `json:"scans"`
	OnOffer   int    `json:"onOffer"`
	Receipts  int    `json:"receipts"`
	Batch     int    `json:"batch"`
	Duration  string `json:"duration"`
	Members   int    `json:"members"`
	Products  int    `json:"products"`
	Offers    int    `json:"offers"`
	Seed      uint64 `json:"seed"`
}

func (b *Live) asks() LiveAsks {
	return LiveAsks{
		b.Idle, b.IdleTopic, b.Active, b.Scans, b.OnOffer, b.Receipts, b.Batch, b.Duration.String(), b.Members, b.Products, b.Offers, b.Seed,
	}
}

// LiveRound is one round of scans at a steady rate. Of the bare echo, Shown and
// Ack are both its answer.
type LiveRound struct {
	Target  string  `json:"target"` // nabo or echo
	Scans   float64 `json:"scans"`  // a second
	Silent  int64   `json:"silent"`
	Lost    int64   `json:"lost"`
	Shown   Latency `json:"shownMs"`
	Ack     Latency `json:"ackMs"`
	Commit  Latency `json:"commitMs"`
	Traffic Traffic `json:"traffic"`

	// Processors is how many of them nabo kept busy: with the echo as target,
	// by the receipts alone.
	Processors float64 `json:"processors"`
}

// Traffic is what came in over all sockets, active and idle, a second.
type Traffic struct {
	Frames float64            `json:"frames"`
	Bytes  float64            `json:"bytes"` // of frames' contents
	Kinds  map[string]float64 `json:"kinds"` // frames by type
}

// traffic is what a fleet has got so far.
func (f *fleet) traffic() Traffic {
	t := Traffic{Bytes: float64(f.bytes.Load()), Kinds: map[string]float64{}}
	for k := range f.count {
		n := float64(f.count[k].Load())
		t.Frames += n
		if n > 0 {
			t.Kinds[frameKind(k).String()] = n
		}
	}
	return t
}

func (t Traffic) plus(other Traffic) Traffic {
	t.Frames += other.Frames
	t.Bytes += other.Bytes
	for k, n := range other.Kinds {
		t.Kinds[k] += n
	}
	return t
}

// per is the traffic a second since before.
func (t Traffic) per(before Traffic, seconds float64) Traffic {
	t.Frames, t.Bytes = (t.Frames-before.Frames)/seconds, (t.Bytes-before.Bytes)/seconds
	for k := range t.Kinds {
		t.Kinds[k] = (t.Kinds[k] - before.Kinds[k]) / seconds
	}
	return t
}

// sum fills in what holds for all rounds.
func (r *LiveReport) sum() {
	own, echo := &r.times[0], &r.times[1]
	r.Shown, r.Nudge, r.Delta, r.Ack = latency(own.shown), latency(own.nudge), latency(own.delta), latency(own.ack)
	r.Commit, r.Echo = latency(r.commits), latency(echo.ack)
	r.Silent, r.Lost = own.silent, own.lost
	r.Beyond = r.Nudge.P99 - r.Commit.P99
	r.Traffic = Traffic{Kinds: map[string]float64{}}
	var p50, p99, cost []float64
	for i := 0; i+1 < len(r.Rounds); i += 2 {
		a, b := &r.Rounds[i], &r.Rounds[i+1]
		p50, p99 = append(p50, a.Shown.P50/b.Shown.P50), append(p99, a.Shown.P99/b.Shown.P99)
		cost = append(cost, 1e6*(a.Processors-b.Processors)/a.Scans)
		r.Traffic = r.Traffic.plus(a.Traffic)
	}
	r.ShownP50Ratio, r.ShownP99Ratio, r.ScanCost = median(p50), median(p99), median(cost)
	r.Traffic = r.Traffic.per(Traffic{}, float64(len(p50)))
	var peak, peakEcho, ratio []float64
	for i := 0; i+1 < len(r.Peaks); i += 2 {
		a, b := r.Peaks[i].Rate, r.Peaks[i+1].Rate
		peak, peakEcho, ratio = append(peak, a), append(peakEcho, b), append(ratio, a/b)
	}
	r.Peak, r.PeakEcho, r.PeakRatio = median(peak), median(peakEcho), median(ratio)
}

// table writes the report for people.
func (r *LiveReport) table(w io.Writer) {
	a := r.Asked
	fmt.Fprintf(w, "%d members, %d products, %d offers; %d idle websockets (%s), %d baskets with %d scans a second, %d receipts a second, rounds of %s, %s\n\n",
		a.Members, a.Products, a.Offers, a.Idle, a.IdleTopic, a.Active, a.Scans, a.Receipts, a.Duration, r.Machine)
	const heading = "\tscans\tp50 ms\tp90\tp99\tp99.9\tmax\t"
	row := func(name string, l Latency) {
		fmt.Fprintf(w, "%s\t%d\t%.3f\t%.3f\t%.3f\t%.3f\t%.3f\t\n", name, l.Count, l.P50, l.P90, l.P99, l.P999, l.Max)
	}
	fmt.Fprintln(w, "from when a scan was due"+heading)
	for i, round := range r.Rounds {
		row(fmt.Sprintf("%d %s", i/2+1, round.Target), round.Shown)
	}
	fmt.Fprintln(w, "\nall rounds"+heading)
	row("to the nudge", r.Nudge)
	row("to the delta", r.Delta)
	row("to either", r.Shown)
	row("to the ack", r.Ack)
	row("one event over HTTP", r.Commit)
	row("bare echo", r.Echo)
	row("receipts over HTTP", r.Receipts.Latency)
	fmt.Fprintf(w, "\n%d scans brought neither nudge nor delta, %d no ack; %d frames left out without a word\n", r.Silent, r.Lost, r.Gaps)
	fmt.Fprintf(w, "scan to nudge p99 %.3f ms, the log's own time %.3f ms: %.3f ms beyond it (aim: under 10)\n", r.Nudge.P99, r.Commit.P99, r.Beyond)
	fmt.Fprintf(w, "median of the ratios to the bare echo: p50 %.2f, p99 %.2f\n", r.ShownP50Ratio, r.ShownP99Ratio)
	fmt.Fprintf(w, "processor time of the server: %.0f µs a scan, beyond what the receipts take\n", r.ScanCost)
	r.Traffic.line(w)
	if len(r.Peaks) > 0 {
		fmt.Fprintf(w, "at most, medians of %d rounds: %.0f scans acknowledged a second, bare echo %.0f, ratio %.2f\n", len(r.Peaks)/2, r.Peak, r.PeakEcho, r.PeakRatio)
	}
	fmt.Fprintln(w, "\nan idle websocket\tsockets\tresident kB\tlive heap\tstacks\tgoroutines\t")
	for i := range r.Idle {
		r.Idle[i].row(w)
	}
	r.Memory.table(w)
}

// line writes what came in for people.
func (t *Traffic) line(w io.Writer) {
	var kinds []string
	for k := range frameKinds {
		if n := t.Kinds[k.String()]; n > 0 {
			kinds = append(kinds, fmt.Sprintf("%s %.0f", k, n))
		}
	}
	fmt.Fprintf(w, "messages a second to the clients: %.0f (%s), %.2f MB\n", t.Frames, strings.Join(kinds, ", "), t.Bytes/1e6)
}
