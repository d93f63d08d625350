package push

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func newSyncer(t *testing.T, opt Options) *Syncer {
	t.Helper()
	s, err := New(opt)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func mustRun(t *testing.T, s *Syncer, src Source) Summary {
	t.Helper()
	sum, err := s.Run(context.Background(), src)
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

// TestOnlyChangesTravel walks one member through what can change.
func TestOnlyChangesTravel(t *testing.T) {
	var got []Change
	sink := sinkFunc(func(_ context.Context, batch []Change) error {
		for _, c := range batch {
			var d Change
			decode(t, c.AppendJSON(nil), &d)
			got = append(got, d)
		}
		return nil
	})
	s := newSyncer(t, Options{Path: filepath.Join(t.TempDir(), "state"), Sinks: []Sink{sink}})
	for i, step := range []struct {
		name   string
		offers []Scored
		chains []Scored
		want   string
	}{
		{"first", []Scored{{"a", 0.9}, {"b", 0.5}}, []Scored{{"x", 1}},
			`{"member":"m","seq":1,"full":true,"offers":{"set":[{"id":"a","score":0.9,"rank":1},{"id":"b","score":0.5,"rank":2}]},"chains":{"set":[{"id":"x","score":1,"rank":1}]}}`},
		{"noise within the tolerance", []Scored{{"a", 0.9009}, {"b", 0.4991}}, []Scored{{"x", 1}}, ""},
		{"the tolerance is of what was sent", []Scored{{"a", 0.9011}, {"b", 0.5}}, []Scored{{"x", 1}},
			`{"member":"m","seq":3,"offers":{"set":[{"id":"a","score":0.901,"rank":1}]}}`},
		{"ranks change places", []Scored{{"b", 0.5}, {"a", 0.901}}, []Scored{{"x", 1}},
			`{"member":"m","seq":4,"offers":{"set":[{"id":"b","score":0.5,"rank":1},{"id":"a","score":0.901,"rank":2}]}}`},
		{"one goes", []Scored{{"b", 0.5}}, []Scored{{"x", 1}}, `{"member":"m","seq":5,"offers":{"removed":["a"]}}`},
		{"one comes", []Scored{{"b", 0.5}, {"c", -0.25}}, []Scored{{"x", 1}},
			`{"member":"m","seq":6,"offers":{"set":[{"id":"c","score":-0.25,"rank":2}]}}`},
		{"nothing is left of a list", []Scored{{"b", 0.5}, {"c", -0.25}}, nil, `{"member":"m","seq":7,"chains":{"removed":["x"]}}`},
		{"nothing is left", nil, nil, `{"member":"m","seq":8,"offers":{"removed":["b","c"]}}`},
	} {
		got = got[:0]
		mustRun(t, s, &rows{snap: at(uint64(i + 1)), rows: []Row{{Number: 7, Member: "m", Offers: step.offers, Chains: step.chains}}})
		text := ""
		for _, c := range got {
			text += strings.Replace(string(c.AppendJSON(nil)), `,"time":"`+c.Time.Format("2006-01-02T15:04:05Z07:00")+`"`, "", 1)
		}
		if text != step.want {
			t.Errorf("%s:\n got %s\nwant %s", step.name, text, step.want)
		}
	}
	got = got[:0]
	if sum := mustRun(t, s, &rows{snap: at(9)}); sum.Gone != 1 || len(got) != 1 || !got[0].Gone {
		t.Errorf("the member left: %+v, %+v", sum, got)
	}
}

// TestDeadSync shows what the journal is for: a sync that died told a receiver
// what is true no more when the next one runs, and equal to the old state.
func TestDeadSync(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	sink := newReceiver()
	s := newSyncer(t, Options{Path: path, Sinks: []Sink{sink}, Batch: 1})
	list := func(score float64) []Scored { return []Scored{{"a", score}} }
	first := []Row{{1, "m1", list(0.1), nil}, {2, "m2", list(0.2), nil}, {3, "m3", list(0.3), nil}}
	mustRun(t, s, &rows{snap: at(1), rows: first})
	before := read(t, path)

	sink.failAt = 4 // m1 and m2 change, m9 comes, m10 fails
	dead := []Row{{1, "m1", list(0.9), nil}, {3, "m3", list(0.3), nil}, {9, "m9", list(0.9), nil}, {10, "m10", list(1), nil}}
	if _, err := s.Run(context.Background(), &rows{snap: at(2), rows: dead}); !errors.Is(err, errSink) {
		t.Fatalf("error %v, want the sink's", err)
	}
	if string(read(t, path)) != string(before) {
		t.Fatal("a sync that died changed the state")
	}
	journal := read(t, path+".sent")
	sum := mustRun(t, s, &rows{snap: at(3), rows: first})
	if sum.Full || sum.Again != 2 || sum.Changes != 4 {
		t.Errorf("summary %+v, want m1 and m2 again, m9 and m10 gone", sum)
	}
	if err := differences(sink.table, tableOf(first), 0); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(path + ".sent"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the journal is still there: %v", err)
	}
	// A journal that its sync did not live to remove follows another state.
	write(t, path+".sent", journal)
	if sum := mustRun(t, s, &rows{snap: at(4), rows: first}); sum.Again != 0 || sum.Changes != 0 {
		t.Errorf("summary %+v, want nothing sent", sum)
	}
}

// TestNumbersChangeHands moves a member to another number and back in a sync
// that died: gone must not come after what was said whole, nor the reverse.
func TestNumbersChangeHands(t *testing.T) {
	offers := []Scored{{"a", 0.5}}
	home := []Row{{5, "A", offers, nil}, {6, "B", offers, nil}}
	for _, away := range [][]Row{
		{{3, "A", offers, nil}, {6, "B", offers, nil}, {9, "C", offers, nil}},
		{{6, "A", offers, nil}, {7, "B", offers, nil}, {9, "C", offers, nil}},
		{{5, "B", offers, nil}, {6, "A", offers, nil}, {9, "C", offers, nil}},
	} {
		for failAt := range 6 {
			sink := newReceiver()
			s := newSyncer(t, Options{Path: filepath.Join(t.TempDir(), "state"), Sinks: []Sink{sink}, Batch: 1})
			mustRun(t, s, &rows{snap: at(1), rows: home})
			sink.failAt = failAt
			_, err := s.Run(context.Background(), &rows{snap: at(2), rows: away})
			if err == nil {
				err = differences(sink.table, tableOf(away), 0)
			}
			if err != nil && !errors.Is(err, errSink) {
				t.Errorf("away, failing at %d: %v", failAt, err)
			}
			sink.failAt = 0
			mustRun(t, s, &rows{snap: at(3), rows: home})
			if err := differences(sink.table, tableOf(home), 0); err != nil {
				t.Errorf("home again after failing at %d: %v", failAt, err)
			}
		}
	}
}

// TestCancelled ends a sync by its context.
func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancelCause(context.Background())
	stop := errors.New("the server stops")
	taken := newReceiver()
	sink := sinkFunc(func(ctx context.Context, batch []Change) error {
		cancel(stop)
		return taken.Send(ctx, batch)
	})
	s := newSyncer(t, Options{Path: filepath.Join(t.TempDir(), "state"), Sinks: []Sink{sink}, Batch: 2})
	src := &rows{snap: at(1)}
	for i := range uint32(10) {
		src.rows = append(src.rows, Row{Number: i, Member: fmt.Sprint("m", i), Offers: []Scored{{"a", 1}}})
	}
	if _, err := s.Run(ctx, src); !errors.Is(err, stop) {
		t.Fatalf("error %v, want the context's cause", err)
	}
	if len(taken.table) != 2 {
		t.Errorf("%d members were sent after the end", len(taken.table)-2)
	}
	mustRun(t, s, src)
	if err := differences(taken.table, tableOf(src.rows), 0); err != nil {
		t.Error(err)
	}
}

// TestSourceAtFault refuses what would corrupt the state.
func TestSourceAtFault(t *testing.T) {
	good := Row{Number: 5, Member: "m5", Offers: []Scored{{"a", 1}}}
	nan := 0.0
	nan /= nan
	for name, src := range map[string]*rows{
		"order":    {rows: []Row{good, {Number: 5, Member: "m6"}}},
		"no id":    {rows: []Row{{Number: 1}}},
		"long id":  {rows: []Row{{Number: 1, Member: strings.Repeat("m", maxID+1)}}},
		"twice":    {rows: []Row{{Number: 1, Member: "m", Offers: []Scored{{"a", 1}, {"a", 2}}}}},
		"NaN":      {rows: []Row{{Number: 1, Member: "m", Chains: []Scored{{"a", nan}}}}},
		"huge":     {rows: []Row{{Number: 1, Member: "m", Chains: []Scored{{"a", 1e300}}}}},
		"empty id": {rows: []Row{{Number: 1, Member: "m", Chains: []Scored{{"", 1}}}}},
		"many":     {rows: []Row{{Number: 1, Member: "m", Offers: make([]Scored, maxEntries+1)}}},
		"own":      {rows: []Row{good}, fail: errSink},
	} {
		path := filepath.Join(t.TempDir(), "state")
		s := newSyncer(t, Options{Path: path, Sinks: []Sink{newReceiver()}})
		src.snap = at(1)
		if _, err := s.Run(context.Background(), src); err == nil {
			t.Errorf("%s: no error", name)
		}
		if names, _ := filepath.Glob(path + "*"); len(names) > 0 && name != "own" {
			t.Errorf("%s: left behind %v", name, names)
		}
	}
	s := newSyncer(t, Options{Path: filepath.Join(t.TempDir(), "state"), Sinks: []Sink{newReceiver()}})
	mustRun(t, s, &rows{snap: at(5)})
	if _, err := s.Run(context.Background(), &rows{snap: at(4)}); err == nil {
		t.Error("a snapshot before the last one was taken")
	}
}

// TestDamageMeansFull damages the state and the journal in every byte.
func TestDamageMeansFull(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "state")
	src := &rows{snap: at(1), rows: []Row{{1, "m1", []Scored{{"a", 0.5}}, nil}, {2, "m2", []Scored{{"b", 0.5}}, []Scored{{"x", 3}}}}}
	mustRun(t, newSyncer(t, Options{Path: path, Sinks: []Sink{newReceiver()}}), src)
	good := read(t, path)
	for i := range good {
		bad := append([]byte(nil), good...)
		bad[i] ^= 0x41
		for _, content := range [][]byte{bad, good[:i]} {
			write(t, path, content)
			sink := newReceiver()
			sum := mustRun(t, newSyncer(t, Options{Path: path, Sinks: []Sink{sink}}), src)
			if !sum.Full || sum.Why == "" || len(sink.ends) != 1 || !sink.ends[0].Full {
				t.Fatalf("byte %d: summary %+v, ends %+v: want a full sync", i, sum, sink.ends)
			}
			if err := differences(sink.table, tableOf(src.rows), 0); err != nil {
				t.Fatalf("byte %d: %v", i, err)
			}
		}
	}
}

// TestDamagedJournal makes the sync full, and the one after it too if it dies.
func TestDamagedJournal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	sink := newReceiver()
	s := newSyncer(t, Options{Path: path, Sinks: []Sink{sink}, Batch: 1})
	first := &rows{snap: at(1), rows: []Row{{1, "m1", []Scored{{"a", 1}}, nil}, {2, "m2", []Scored{{"a", 1}}, nil}}}
	mustRun(t, s, first)
	sink.failAt = 3
	if _, err := s.Run(context.Background(), &rows{snap: at(2), rows: []Row{{8, "m8", []Scored{{"a", 1}}, nil}}}); err == nil {
		t.Fatal("no error")
	}
	journal := read(t, path+".sent")
	journal[journalHeader+frameHeader]++ // in the first of three frames
	write(t, path+".sent", journal)
	sink.failAt = 1
	if _, err := s.Run(context.Background(), first3(first)); err == nil {
		t.Fatal("no error")
	}
	sum := mustRun(t, s, first3(first))
	if !sum.Full {
		t.Errorf("summary %+v, want a full sync", sum)
	}
	if err := differences(sink.table, tableOf(first.rows), 0); err != nil {
		t.Error(err)
	}
}

func first3(r *rows) *rows { return &rows{snap: at(3), rows: r.rows} }

// TestRunning refuses a second sync at the same time.
func TestRunning(t *testing.T) {
	var s *Syncer
	sink := sinkFunc(func(context.Context, []Change) error {
		if _, err := s.Run(context.Background(), &rows{}); !errors.Is(err, ErrRunning) {
			t.Errorf("error %v, want ErrRunning", err)
		}
		return nil
	})
	s = newSyncer(t, Options{Path: filepath.Join(t.TempDir(), "state"), Sinks: []Sink{sink}})
	mustRun(t, s, &rows{snap: at(1), rows: []Row{{1, "m", []Scored{{"a", 1}}, nil}}})
}

func TestOptions(t *testing.T) {
	nan := 0.0
	nan /= nan
	sinks := []Sink{newReceiver()}
	for _, opt := range []Options{{}, {Path: "x"}, {Sinks: sinks}, {Path: "x", Sinks: sinks, Batch: -1}, {Path: "x", Sinks: sinks, Tolerance: nan}} {
		if _, err := New(opt); err == nil {
			t.Errorf("%+v: no error", opt)
		}
	}
}

// TestReceiverEqualsSender applies the changes of any sequence of syncs, some of
// which die, to an empty receiver.
func TestReceiverEqualsSender(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "push")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		sinks := []*receiver{newReceiver(), newReceiver()}
		tolerance := rapid.SampledFrom([]float64{-1, 0, 0.05}).Draw(t, "tolerance")
		slack := map[float64]float64{-1: 1e-9, 0: 0.0015, 0.05: 0.051}[tolerance]
		opt := Options{Path: filepath.Join(dir, "state"), Sinks: []Sink{sinks[0], sinks[1]}, Tolerance: tolerance,
			Batch: rapid.IntRange(1, 4).Draw(t, "batch")}
		for seq := range uint64(rapid.IntRange(1, 8).Draw(t, "syncs")) {
			src := &rows{snap: at(seq + 1), rows: drawRows(t)}
			for _, sink := range sinks {
				sink.failAt = rapid.SampledFrom([]int{0, 0, 0, 1, 2, 3, 5, 8}).Draw(t, "failAt")
			}
			if rapid.IntRange(0, 19).Draw(t, "lost") == 0 {
				_ = os.Remove(opt.Path)
			}
			s, err := New(opt)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.Run(context.Background(), src); errors.Is(err, errSink) {
				continue
			} else if err != nil {
				t.Fatal(err)
			}
			for i, sink := range sinks {
				if err := differences(sink.table, tableOf(src.rows), slack); err != nil {
					t.Fatalf("sync %d, sink %d: %v", seq+1, i, err)
				}
			}
		}
	})
}

// drawRows draws members who come, go, and take each other's numbers.
func drawRows(t *rapid.T) []Row {
	var out []Row
	names := rapid.Permutation([]string{"a", "b", "c", "d", "e"}).Draw(t, "names")
	settled := rapid.Bool().Draw(t, "settled")
	for number := range uint32(8) {
		if len(names) == 0 || rapid.IntRange(0, 3).Draw(t, "absent") == 0 {
			continue
		}
		row := Row{Number: number}
		if settled {
			row.Member = fmt.Sprint("m", number)
		} else {
			row.Member, names = names[0], names[1:]
		}
		row.Offers, row.Chains = drawList(t), drawList(t)
		out = append(out, row)
	}
	return out
}

func drawList(t *rapid.T) []Scored {
	var out []Scored
	ids := rapid.Permutation([]string{"o1", "o2", "o3", "o4"}).Draw(t, "ids")
	for _, id := range ids[:rapid.IntRange(0, 4).Draw(t, "count")] {
		out = append(out, Scored{id, float64(rapid.IntRange(-2000, 2000).Draw(t, "score")) / 1e4})
	}
	return out
}
