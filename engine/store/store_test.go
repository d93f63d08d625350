package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"nabo/engine/store/runs"

	"go.uber.org/goleak"
	"pgregory.net/rapid"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(childEnv); dir != "" {
		os.Exit(saveForever(dir))
	}
	if dir := os.Getenv(putEnv); dir != "" {
		os.Exit(putForever(dir))
	}
	// A Badger that refuses to open leaves these two behind.
	goleak.VerifyTestMain(m,
		goleak.IgnoreTopFunction("github.com/dgraph-io/badger/v4.(*DB).monitorCache"),
		goleak.IgnoreTopFunction("github.com/dgraph-io/ristretto/v2/z.(*AllocatorPool).freeupAllocators"))
}

// small keeps tests quick: less memory to zero on each Open.
func small(dir string) Options { return Options{Dir: dir, MemTableBytes: 8 << 20} }

func open(t testing.TB, dir string) *Store {
	t.Helper()
	s, err := Open(small(dir))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// save writes changes; a nil value removes.
func save(s *Store, pos uint64, changes map[string][]byte) error {
	return s.Save(pos, func(put func(key, value []byte) error) error {
		for k, v := range changes {
			if err := put([]byte(k), v); err != nil {
				return err
			}
		}
		return nil
	})
}

func load(t fataler, s *Store) (uint64, map[string]string) {
	t.Helper()
	got := map[string]string{}
	pos, err := s.Load(LoadOptions{}, func(key, value []byte) error {
		got[string(key)] = string(value)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return pos, got
}

func wantState(t fataler, s *Store, pos uint64, want map[string]string) {
	t.Helper()
	gotPos, got := load(t, s)
	if gotPos != pos || !maps.Equal(got, want) {
		t.Fatalf("loaded %v at %d, want %v at %d", got, gotPos, want, pos)
	}
}

func TestEmptyStoreLoadsNothing(t *testing.T) {
	wantState(t, open(t, t.TempDir()), 0, map[string]string{})
}

func TestCheckpointsBuildOnEachOther(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	if err := save(s, 10, map[string][]byte{"a": []byte("1"), "b": []byte("2"), "": {}}); err != nil {
		t.Fatal(err)
	}
	if err := save(s, 20, map[string][]byte{"a": nil, "c": []byte("3"), "never": nil}); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"b": "2", "c": "3", "": ""}
	wantState(t, s, 20, want)
	if st := s.Stats(); st.Position != 20 || st.LastPuts != 1 || st.LastDeletes != 2 || st.DiskBytes == 0 {
		t.Fatalf("stats: %+v", st)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	wantState(t, open(t, dir), 20, want)
}

func TestPositionMustGrow(t *testing.T) {
	s := open(t, t.TempDir())
	if err := save(s, 10, nil); err != nil {
		t.Fatal(err)
	}
	for _, pos := range []uint64{0, 9, 10} {
		if err := save(s, pos, nil); err == nil {
			t.Errorf("save at %d after 10: no error", pos)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := save(s, 11, nil); err == nil {
		t.Error("save after close: no error")
	}
}

func TestFailedSaveIsNeverSeen(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	if err := save(s, 10, map[string][]byte{"kept": []byte("old"), "gone": []byte("x")}); err != nil {
		t.Fatal(err)
	}
	failSave(t, s, 30)
	want := map[string]string{"kept": "old", "gone": "x"}
	wantState(t, s, 10, want)
	// A later save, above the position of the one that failed, must not let
	// its leavings show, nor one below it.
	if err := save(s, 20, map[string][]byte{"new": []byte("n")}); err != nil {
		t.Fatal(err)
	}
	want["new"] = "n"
	wantState(t, s, 20, want)
	failSave(t, s, 50)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir)
	wantState(t, s, 20, want)
	if err := save(s, 60, map[string][]byte{"later": []byte("l")}); err != nil {
		t.Fatal(err)
	}
	want["later"] = "l"
	wantState(t, s, 60, want)
}

// failSave writes enough that part of it reaches the disk, and then fails.
func failSave(t *testing.T, s *Store, pos uint64) {
	t.Helper()
	broken := errors.New("broken")
	err := s.Save(pos, func(put func(key, value []byte) error) error {
		if err := errors.Join(put([]byte("kept"), []byte("torn")), put([]byte("gone"), nil)); err != nil {
			return err
		}
		for i := range 20_000 {
			if err := put(fmt.Appendf(nil, "torn-%d", i), make([]byte, 1000)); err != nil {
				return err
			}
		}
		return broken
	})
	if !errors.Is(err, broken) {
		t.Fatalf("save: %v, want %v", err, broken)
	}
}

func TestLoadStopsAtTheCallersError(t *testing.T) {
	s := open(t, t.TempDir())
	if err := save(s, 1, map[string][]byte{"a": {1}}); err != nil {
		t.Fatal(err)
	}
	stop := errors.New("stop")
	if _, err := s.Load(LoadOptions{}, func(_, _ []byte) error { return stop }); !errors.Is(err, stop) {
		t.Fatalf("load: %v, want %v", err, stop)
	}
}

func TestSecondOpenIsRefused(t *testing.T) {
	dir := t.TempDir()
	open(t, dir)
	_, err := Open(small(dir))
	if locked := (*LockedError)(nil); !errors.As(err, &locked) || !strings.Contains(err.Error(), "another nabo uses this folder") {
		t.Fatalf("second open: %v, want a *LockedError", err)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for _, o := range []Options{{}, {Dir: t.TempDir(), MemTableBytes: 1}, {Dir: t.TempDir(), MemTableBytes: 1 << 40}} {
		if s, err := Open(o); err == nil {
			_ = s.Close()
			t.Errorf("Open(%+v): no error", o)
		}
	}
}

func TestEmptyWALIsRemoved(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	if err := save(s, 1, map[string][]byte{"a": []byte("1")}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "00099.mem"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	wantState(t, open(t, dir), 1, map[string]string{"a": "1"})
}

// A process that is killed while Badger writes a table leaves it without
// anything, or with half of it, and not yet in the manifest.
func TestTableThatWasNeverFinishedIsRemoved(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	if err := errors.Join(save(s, 1, map[string][]byte{"a": []byte("1")}), s.Close()); err != nil {
		t.Fatal(err)
	}
	orphans := map[string][]byte{"000900.sst": nil, "000901.sst": bytes.Repeat([]byte("half"), 5000)}
	for name, body := range orphans {
		if err := os.WriteFile(filepath.Join(dir, name), body, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s = open(t, dir)
	if pos, got := load(t, s); pos != 1 || got["a"] != "1" {
		t.Fatalf("got %v at %d", got, pos)
	}
	for name := range orphans {
		if _, err := os.Stat(filepath.Join(dir, name)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is still there: %v", name, err)
		}
	}
}

func TestSetAside(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "checkpoint")
	at := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	if aside, err := SetAside(dir, at); aside != "" || err != nil {
		t.Fatalf("nothing to set aside: %q, %v", aside, err)
	}
	s := open(t, dir)
	if err := errors.Join(save(s, 5, map[string][]byte{"a": []byte("1")}), s.Close()); err != nil {
		t.Fatal(err)
	}
	aside, err := SetAside(dir, at)
	if err != nil {
		t.Fatal(err)
	}
	wantState(t, open(t, aside), 5, map[string]string{"a": "1"})
	wantState(t, open(t, dir), 0, map[string]string{})
}

func TestMaintainGivesSpaceBack(t *testing.T) {
	s := open(t, t.TempDir())
	value := bytes.Repeat([]byte("v"), 4096)
	for pos := uint64(1); pos <= 15; pos++ {
		err := s.Save(pos, func(put func(key, value []byte) error) error {
			for i := range 1000 {
				if err := put(fmt.Appendf(nil, "%d", i), value); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Maintain(context.Background()); err != nil {
		t.Fatal(err)
	}
	if pos, got := load(t, s); pos != 15 || len(got) != 1000 {
		t.Fatalf("after Maintain: %d pairs at %d, want 1000 at 15", len(got), pos)
	}
	// 4 MB are live of the 60 MB that were written.
	names, err := filepath.Glob(filepath.Join(s.dir, "*"+runSuffix))
	if err != nil || len(names) != 1 || s.Stats().Runs != 1 || s.Stats().Merged == 0 {
		t.Fatalf("runs after Maintain: %v, %v; %+v", names, err, s.Stats())
	}
	if info, err := os.Stat(names[0]); err != nil || info.Size() > 5<<20 {
		t.Fatalf("the run after Maintain: %v, %v", info.Size(), err)
	}
}

// TestDue gives sizes in mebibytes, the oldest first, and says which become one.
func TestDue(t *testing.T) {
	for _, c := range []struct {
		sizes    []uint64
		from, to int
	}{
		{nil, 0, 0},
		{[]uint64{100}, 0, 0},
		{[]uint64{10, 9}, 0, 0},
		{[]uint64{100, 49}, 0, 0},
		{[]uint64{100, 50}, 0, 2},
		{[]uint64{4000, 60, 60, 60, 60, 60, 60, 60}, 0, 0},
		{[]uint64{4000, 60, 60, 60, 60, 60, 60, 60, 60}, 1, 9},
		{[]uint64{4000, 480, 60, 1, 60, 60, 60, 60, 60, 60}, 0, 0},
		{[]uint64{4000, 480, 60, 1, 60, 60, 60, 60, 60, 60, 60}, 2, 11},
		{[]uint64{4000, 480, 480, 480, 480, 60}, 0, 0},
		{[]uint64{4000, 480, 480, 480, 480, 90}, 0, 6},
		{[]uint64{0, 0, 0, 0, 0, 0, 0}, 0, 0},
		{[]uint64{0, 0, 0, 0, 0, 0, 0, 0}, 0, 8},
	} {
		var all []stored
		for _, size := range c.sizes {
			all = append(all, stored{info: runs.Info{Data: size << 20, Sections: 1}})
		}
		if from, to := due(all); from != c.from || to != c.to {
			t.Errorf("%v: %d to %d are due, want %d to %d", c.sizes, from, to, c.from, c.to)
		}
	}
	mixed := []stored{{info: runs.Info{Data: 9 << 30, Sections: 1}}, {info: runs.Info{Data: 1 << 20, Sections: manySections + 1}}}
	if from, to := due(mixed); from != 1 || to != 2 {
		t.Errorf("of many sections: %d to %d are due", from, to)
	}
}

// A manifest can be in Badger though its Save has failed, here on the last step.
// What is merged after that must outrank it: the files that it names are gone.
func TestMergeAfterAFailedCommit(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	for pos := uint64(10); pos < 10*(tierRuns+1); pos += 10 {
		if err := save(s, pos, map[string][]byte{fmt.Sprint(pos): []byte("x")}); err != nil {
			t.Fatal(err)
		}
	}
	head := filepath.Join(dir, headName)
	noted, err := os.ReadFile(head)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Remove(head), os.MkdirAll(filepath.Join(head, "in the way"), 0o700)); err != nil {
		t.Fatal(err)
	}
	if err := save(s, 5000, map[string][]byte{"late": []byte("x")}); err == nil {
		t.Fatal("the save did not fail")
	}
	if err := errors.Join(os.RemoveAll(head), os.WriteFile(head, noted, 0o600)); err != nil {
		t.Fatal(err)
	}
	if err := s.Maintain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s.Stats().Runs != 1 {
		t.Fatalf("nothing was merged: %+v", s.Stats())
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if pos, got := load(t, open(t, dir)); pos != 10*tierRuns || len(got) != tierRuns {
		t.Fatalf("%d pairs at %d, want %d at %d", len(got), pos, tierRuns, 10*tierRuns)
	}
}

// A merge that is ended early leaves all as it was.
func TestMaintainEndsEarly(t *testing.T) {
	s := open(t, t.TempDir())
	for pos := uint64(1); pos <= tierRuns; pos++ {
		if err := save(s, pos, map[string][]byte{fmt.Sprint(pos): []byte("x")}); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.pace = func(int) { cancel() }
	cancel()
	if err := s.Maintain(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("Maintain: %v, want that it was ended", err)
	}
	if err := s.merge(ctx, s.last.runs, 0, tierRuns); !errors.Is(err, context.Canceled) {
		t.Fatalf("merge: %v, want that it was ended", err)
	}
	if names, err := filepath.Glob(filepath.Join(s.dir, "*"+runSuffix)); err != nil || len(names) != tierRuns {
		t.Fatalf("runs after a merge that was ended: %v, %v", names, err)
	}
	if _, got := load(t, s); len(got) != tierRuns {
		t.Fatalf("%d pairs, want %d", len(got), tierRuns)
	}
}

// TestStoreIsAMap plays random saves, failed saves, restarts and maintenance
// against a plain map.
func TestStoreIsAMap(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		dir, err := os.MkdirTemp(t.TempDir(), "store")
		if err != nil {
			r.Fatal(err)
		}
		s, err := Open(small(dir))
		if err != nil {
			r.Fatal(err)
		}
		defer func() { _ = s.Close() }()
		want, pos := map[string]string{}, uint64(0)
		key := rapid.SampledFrom([]string{"", "a", "b", "ab", "\x00", "m"})
		for range rapid.IntRange(1, 8).Draw(r, "steps") {
			changes := rapid.MapOf(key, rapid.SliceOfN(rapid.Byte(), -1, 5)).Draw(r, "changes")
			next := pos + rapid.Uint64Range(1, 3).Draw(r, "ahead")
			switch rapid.IntRange(0, 5).Draw(r, "step") {
			case 0: // a process that dies when the run is written and the manifest is not
				if _, err := s.writeRun(putAll(changes)); err != nil {
					r.Fatal(err)
				}
			case 1:
				if err := s.Close(); err != nil {
					r.Fatal(err)
				}
				if s, err = Open(small(dir)); err != nil {
					r.Fatal(err)
				}
			case 2:
				all := s.last.runs
				from := rapid.IntRange(0, len(all)).Draw(r, "from")
				to := rapid.IntRange(from, len(all)).Draw(r, "to")
				if from == to {
					continue
				}
				if err := s.merge(context.Background(), all, from, to); err != nil {
					r.Fatal(err)
				}
			default:
				if err := s.Save(next, putAll(changes)); err != nil {
					r.Fatal(err)
				}
				pos = next
				apply(want, changes)
			}
			wantState(r, s, pos, want)
		}
	})
}

func putAll(changes map[string][]byte) func(put func(key, value []byte) error) error {
	return func(put func(key, value []byte) error) error {
		for k, v := range changes {
			if len(v) == 0 {
				v = nil
			}
			if err := put([]byte(k), v); err != nil {
				return err
			}
		}
		return nil
	}
}

func apply(state map[string]string, changes map[string][]byte) {
	for k, v := range changes {
		if len(v) == 0 {
			delete(state, k)
		} else {
			state[k] = string(v)
		}
	}
}

// fataler is what *testing.T and *rapid.T share.
type fataler interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}
