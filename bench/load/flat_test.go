package load

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// series makes n samples, ten seconds apart.
func series(n int, value func(i int) float64) (at, values []float64) {
	for i := range n {
		at, values = append(at, 10*float64(i+1)), append(values, value(i))
	}
	return at, values
}

func TestJudge(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	noise := func() float64 { return rng.NormFloat64() }
	for _, c := range []struct {
		name  string
		flat  bool
		value func(i int) float64
	}{
		{"still", true, func(int) float64 { return 1000 }},
		{"noisy", true, func(int) float64 { return 1000 + 30*noise() }},
		{"grows", false, func(i int) float64 { return 1000 + 5*float64(i) }},
		{"grows in noise", false, func(i int) float64 { return 1000 + 5*float64(i) + 20*noise() }},
		{"grows at first", true, func(i int) float64 { return 1000 + 20*float64(min(i, 25)) }},
		{"grows at the end", false, func(i int) float64 { return 1000 + 10*float64(max(0, i-30)) }},
		{"shrinks", true, func(i int) float64 { return 1000 - 5*float64(i) }},
		{"a saw", true, func(i int) float64 { return 1000 + 15*float64(i%5) }},
		{"a spike or two", true, func(i int) float64 {
			if i == 40 || i == 58 {
				return 9000
			}
			return 1000
		}},
		{"a little of little", true, func(i int) float64 { return float64(i) / 10 }},
		{"gaps", false, func(i int) float64 {
			if i%3 == 0 {
				return math.NaN()
			}
			return 1000 + 5*float64(i)
		}},
	} {
		at, values := series(60, c.value)
		v, err := judge(limit{c.name, "MiB", 0.05, 20}, at, values)
		if err != nil {
			t.Fatal(err)
		}
		if v.Flat != c.flat {
			t.Errorf("%s: flat %v, want %v; %+v", c.name, v.Flat, c.flat, v)
		}
	}
}

func TestJudgeWantsSamples(t *testing.T) {
	for _, n := range []int{0, 1, 5} {
		at, values := series(n, func(int) float64 { return 1 })
		if _, err := judge(limit{name: "heap"}, at, values); err == nil || !strings.Contains(err.Error(), "heap") {
			t.Errorf("%d samples: error %v, want one that names the heap", n, err)
		}
	}
}

// The growth of a straight line over its second half is known, whatever
// outliers there are.
func TestGrowthOfALine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		slope := rapid.Float64Range(-5, 5).Draw(t, "slope")
		n := rapid.IntRange(20, 80).Draw(t, "samples")
		outliers := rapid.SliceOfN(rapid.IntRange(0, n-1), 0, 2).Draw(t, "outliers")
		at, values := series(n, func(i int) float64 {
			if slices.Contains(outliers, i) {
				return 1e6
			}
			return 1000 + slope*float64(i)
		})
		v, err := judge(limit{"line", "", 0, 1}, at, values)
		if err != nil {
			t.Fatal(err)
		}
		if steps := float64(n-1) / 2; math.Abs(v.Growth-slope*math.Floor(steps)) > math.Abs(slope)*0.5+1e-6 {
			t.Fatalf("growth %v, want %v", v.Growth, slope*math.Floor(steps))
		}
	})
}

func TestReadLog(t *testing.T) {
	c := &child{log: t.TempDir() + "/log", started: time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)}
	writeFile(t, c.log, `time=2026-11-22T08:00:02.500Z level=INFO msg="loaded a checkpoint" position=3 pairs=77 took=1.5s
gc 1 @0.010s 4%: 0.018+1.2+0.05 ms clock, 0.03+0.17/0.10/0+0.007 ms cpu, 3->4->1 MB, 4 MB goal, 0 MB stacks, 0 MB globals, 2 P
time=2026-11-22T08:01:00.250Z level=DEBUG msg=checkpoint position=90 puts=12 deletes=0 took=250ms
time=2026-11-22T08:01:00.250Z level=DEBUG msg="badger: gc 7 of tables, checkpoint took=9s"
gc 2 @61.500s 4%: 0.5+1500+2.5 ms clock, 0.03+0.17/0.10/0+0.007 ms cpu, 30->40->17 MB, 4 MB goal, 0 MB stacks, 0 MB globals, 2 P (forced)
`)
	log, err := c.readLog()
	if err != nil {
		t.Fatal(err)
	}
	at := func(s string) time.Time {
		out, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	if want := []span{{at("2026-11-22T08:01:00Z"), at("2026-11-22T08:01:00.25Z")}}; !slices.Equal(log.checkpoints, want) {
		t.Errorf("checkpoints %v, want %v", log.checkpoints, want)
	}
	if n := len(log.collections); n != 2 || log.collections[1] != (span{at("2026-11-22T08:01:01.5Z"), at("2026-11-22T08:01:03.003Z")}) {
		t.Errorf("collections %v", log.collections)
	}
	if log.live != 17 || log.loaded != 1500*time.Millisecond || !slices.Equal(log.pauses, []float64{0.018, 0.05, 0.5, 2.5}) {
		t.Errorf("log %+v", log)
	}
	if p := pausesOf(log, at("2026-11-22T08:01:00Z"), at("2026-11-22T08:02:00Z")); p != (Pauses{Cycles: 1, Worst: 2.5, Sum: 3}) {
		t.Errorf("pauses %+v", p)
	}
	writeFile(t, c.log, "time=yesterday level=DEBUG msg=checkpoint took=1s\n")
	if _, err := c.readLog(); err == nil {
		t.Error("a log that cannot be read was read")
	}
}

// A lookup counts for what went on at any moment while it waited.
func TestDuring(t *testing.T) {
	began := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	spans := []span{{began.Add(time.Second), began.Add(2 * time.Second)}, {began.Add(5 * time.Second), began.Add(6 * time.Second)}}
	for _, c := range []struct {
		due, took time.Duration
		want      bool
	}{
		{0, 900 * time.Millisecond, false}, {0, 1100 * time.Millisecond, true}, {1500 * time.Millisecond, time.Millisecond, true},
		{1900 * time.Millisecond, time.Second, true}, {2100 * time.Millisecond, time.Second, false}, {2100 * time.Millisecond, 10 * time.Second, true},
	} {
		if got := during(&sample{due: c.due, took: c.took}, began, spans); got != c.want {
			t.Errorf("due after %v, answered %v later: %v, want %v", c.due, c.took, got, c.want)
		}
	}
}
