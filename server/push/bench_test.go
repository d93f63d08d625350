package push

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
)

// crowd is a source of members with 35 of 500 offers and 3 chains each. A part
// of them has other scores in every version.
type crowd struct {
	members int
	version uint64
	changed uint64 // in 1,000
	offers  []string
	chains  []string
	names   []string
}

func newCrowd(members int) *crowd {
	c := &crowd{members: members, changed: 20}
	for i := range 500 {
		c.offers = append(c.offers, fmt.Sprintf("offer-%03d", i))
	}
	for i := range 3 {
		c.chains = append(c.chains, fmt.Sprintf("chain-%d", i))
	}
	for i := range members {
		c.names = append(c.names, fmt.Sprintf("m-%08d", i))
	}
	return c
}

func (c *crowd) Snapshot() Snapshot { return at(c.version) }

func (c *crowd) Each(_ context.Context, yield func(*Row) error) error {
	row := Row{Offers: make([]Scored, 35), Chains: make([]Scored, 3)}
	for i := range c.members {
		seed := uint64(i)
		if x := seed * 0x9E3779B97F4A7C15 >> 32; x%1000 < c.changed {
			seed += c.version << 40
		}
		c.fill(&row, seed)
		row.Number, row.Member = uint32(i), c.names[i]
		if err := yield(&row); err != nil {
			return err
		}
	}
	return nil
}

func (c *crowd) fill(row *Row, seed uint64) {
	seed = seed*0x9E3779B97F4A7C15 + 1
	place, score := seed>>33, 0.95
	for k := range row.Offers {
		seed = seed*6364136223846793005 + 1442695040888963407
		place += 1 + seed>>60%14 // 35 steps of at most 14 stay below 500
		score -= float64(seed>>40%1000) / 1000 / 40
		row.Offers[k] = Scored{c.offers[place%500], score}
	}
	for k := range row.Chains {
		row.Chains[k] = Scored{c.chains[k], score + float64(k)/10}
	}
}

type counting struct{ changes int64 }

func (s *counting) Send(_ context.Context, batch []Change) error {
	s.changes += int64(len(batch))
	return nil
}

// BenchmarkSync compares all members with the sync before; one in fifty has
// changed wholly. The time holds the reading and checking of the old state, the
// writing and syncing of the new one, and the journal.
func BenchmarkSync(b *testing.B) {
	for _, members := range []int{200_000, 2_000_000} {
		for _, full := range []bool{false, true} {
			b.Run(fmt.Sprintf("members=%d/full=%v", members, full), func(b *testing.B) { benchSync(b, members, full) })
		}
	}
}

func benchSync(b *testing.B, members int, full bool) {
	src, sink := newCrowd(members), &counting{}
	opt := Options{Path: filepath.Join(b.TempDir(), "state"), Sinks: []Sink{sink}}
	run := func() Summary {
		src.version++
		s, err := New(opt)
		if err != nil {
			b.Fatal(err)
		}
		sum, err := s.Run(context.Background(), src)
		if err != nil {
			b.Fatal(err)
		}
		return sum
	}
	if !full {
		run()
	}
	var sum Summary
	b.ResetTimer()
	for b.Loop() {
		if full {
			opt.Path = filepath.Join(b.TempDir(), "state")
		}
		sum = run()
	}
	b.ReportMetric(float64(members)*float64(b.N)/b.Elapsed().Seconds(), "members/s")
	b.ReportMetric(float64(sum.StateBytes)/1e6, "MB")
	b.ReportMetric(float64(sum.Changes), "changes")
}

// BenchmarkAppendJSON writes a change of 35 offers.
func BenchmarkAppendJSON(b *testing.B) {
	c := bigChange()
	dst := c.AppendJSON(nil)
	b.SetBytes(int64(len(dst)))
	b.ReportAllocs()
	for b.Loop() {
		dst = c.AppendJSON(dst[:0])
	}
}

func bigChange() Change {
	c := Change{Member: "m-00000042", Seq: 918, Time: at(9).Time, Full: true}
	for i := range 35 {
		c.Offers.Set = append(c.Offers.Set, Ranked{fmt.Sprintf("offer-%03d", i), float64(950-i*11) / 1000, i + 1})
	}
	return c
}
