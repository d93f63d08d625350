package push

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// rows is a source from a slice.
type rows struct {
	snap Snapshot
	rows []Row
	fail error // after the last row
}

func (s *rows) Snapshot() Snapshot { return s.snap }

func (s *rows) Each(_ context.Context, yield func(*Row) error) error {
	for i := range s.rows {
		row := s.rows[i]
		if err := yield(&row); err != nil {
			return err
		}
	}
	return s.fail
}

func at(seq uint64) Snapshot {
	return Snapshot{Position: seq, Time: time.UnixMilli(1_700_000_000_000 + int64(seq)*1000).UTC()}
}

// held is an entry of a receiver's table.
type held struct {
	score float64
	rank  int
}

// person is what a receiver holds of a member: offers and chains by id.
type person [2]map[string]held

// receiver applies changes by the rules of the package's comment, to one sync
// after another, without dead letters.
type receiver struct {
	table map[string]person
	seqs  map[string]uint64
	sent  int
	ends  []End
	// failAt makes the batch fail that holds the change of this number, counted
	// from now; zero: none. What stands before it in the batch was taken.
	failAt int
}

var errSink = errors.New("the receiver is away")

func newReceiver() *receiver {
	return &receiver{table: map[string]person{}, seqs: map[string]uint64{}}
}

func (r *receiver) Send(_ context.Context, batch []Change) error {
	for i := range batch {
		if r.failAt > 0 {
			if r.failAt--; r.failAt == 0 {
				return errSink
			}
		}
		r.apply(&batch[i])
	}
	return nil
}

func (r *receiver) End(_ context.Context, e End) error {
	r.ends = append(r.ends, e)
	if e.Full {
		maps.DeleteFunc(r.table, func(member string, _ person) bool { return r.seqs[member] < e.Seq })
	}
	return nil
}

func (r *receiver) apply(c *Change) {
	r.sent++
	r.seqs[c.Member] = c.Seq
	if c.Gone {
		delete(r.table, c.Member)
		return
	}
	p, ok := r.table[c.Member]
	if !ok || c.Full {
		p = person{{}, {}}
		r.table[c.Member] = p
	}
	for i, d := range []*Delta{&c.Offers, &c.Chains} {
		for _, id := range d.Removed {
			delete(p[i], id)
		}
		for _, s := range d.Set {
			p[i][s.ID] = held{s.Score, s.Rank}
		}
	}
}

// tableOf is what a receiver has to hold of a source's rows when every score is
// sent in its nearest thousandth.
func tableOf(rows []Row) map[string]person {
	t := map[string]person{}
	for _, row := range rows {
		p := person{{}, {}}
		for i, list := range [][]Scored{row.Offers, row.Chains} {
			for rank, s := range list {
				p[i][s.ID] = held{math.Round(s.Score*1000) / 1000, rank + 1}
			}
		}
		if len(p[0])+len(p[1]) > 0 {
			t[row.Member] = p
		}
	}
	return t
}

// differences tells how a receiver's table differs from what it has to be; a
// member with nothing is as good as none. Scores may be off by slack.
func differences(got, want map[string]person, slack float64) error {
	for member, p := range got {
		if len(p[0])+len(p[1]) > 0 && !has(want, member) {
			return fmt.Errorf("%s is held, should be gone", member)
		}
	}
	for member, w := range want {
		g := got[member]
		for i := range w {
			if len(g[i]) != len(w[i]) {
				return fmt.Errorf("%s list %d: %v, want %v", member, i, g[i], w[i])
			}
			for id, h := range w[i] {
				if e, ok := g[i][id]; !ok || e.rank != h.rank || math.Abs(e.score-h.score) > slack {
					return fmt.Errorf("%s list %d, %s: %v, want %v", member, i, id, g[i][id], h)
				}
			}
		}
	}
	return nil
}

func has(t map[string]person, member string) bool {
	_, ok := t[member]
	return ok
}

type sinkFunc func(ctx context.Context, batch []Change) error

func (f sinkFunc) Send(ctx context.Context, batch []Change) error { return f(ctx, batch) }

func decode(t *testing.T, b []byte, v any) {
	t.Helper()
	if err := json.Unmarshal(b, v); err != nil {
		t.Fatalf("%s: %v", b, err)
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func write(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}
