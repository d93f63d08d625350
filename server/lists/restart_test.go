package lists

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A kill in the middle: what was done can be read, what was being made and
// what waited is made anew under its id, and cursors of the old rows say so.
func TestKillInTheMiddle(t *testing.T) {
	s := newShop(4000)
	opt := options(t, s)
	first := mustNew(t, opt)
	run(t, first)
	done := start(t, first, Spec{})
	mustRead(t, first, done, rows(4000))
	s.allow(2000)
	cut := start(t, first, Spec{IDs: []string{"m1", "m2"}})
	st := until(t, first, cut, "half of the rows", func(st Status) bool { return st.Looked >= 1500 })
	queued := start(t, first, Spec{})
	opt.Dir = copyDir(t, opt.Dir)
	s.allow(-1)

	// The end of the file may be lost, and something else be there.
	name := filepath.Join(opt.Dir, cut+".1"+rowsEnd)
	if err := errors.Join(os.Truncate(name, st.Bytes/2), os.WriteFile(filepath.Join(opt.Dir, "."+cut+sideEnd+"123"), []byte("{"), 0o600)); err != nil {
		t.Fatal(err)
	}
	s2 := newShop(3000)
	s2.position = 99
	opt.Source = s2
	second := mustNew(t, opt)
	for id, want := range map[string]Status{done: {State: Done, Epoch: 1}, cut: {State: Queued, Epoch: 2}, queued: {State: Queued, Epoch: 1}} {
		if got := status(t, second, id); got.State != want.State || got.Epoch != want.Epoch {
			t.Errorf("%s is %+v, want %+v", id, got, want)
		}
	}
	mustRead(t, second, done, rows(4000)) // nothing runs yet
	var epoch *EpochError
	if _, err := read(t, second, cut, Cursor{1, st.Bytes}.String()); !errors.As(err, &epoch) || epoch.Asked != 1 || epoch.Have != 2 {
		t.Errorf("a cursor of the rows before: %v", err)
	}
	stop := run(t, second)
	mustRead(t, second, cut, rows(3000))
	mustRead(t, second, queued, rows(3000))
	stop()
	if st := status(t, second, cut); st.Spec.Given != 2 {
		t.Errorf("the ids are lost: %+v", st.Spec)
	}
	if got := status(t, second, cut); got.Position != 99 || got.Members != 3000 || got.Looked != 3000 {
		t.Errorf("%+v", got)
	}
	names, err := filepath.Glob(filepath.Join(opt.Dir, "*"))
	hidden, err2 := filepath.Glob(filepath.Join(opt.Dir, ".*"))
	if len(names) != 6 || len(hidden) != 0 || err != nil || err2 != nil {
		t.Errorf("files %v %v", names, hidden)
	}
}

// Given ids outlive a restart.
func TestIDsOutliveRestart(t *testing.T) {
	s := newShop(10)
	opt := options(t, s)
	id := start(t, mustNew(t, opt), Spec{IDs: []string{"m1", "m2"}})
	r := mustNew(t, opt)
	run(t, r)
	mustRead(t, r, id, rows(10))
	if got := s.askedFor(); len(got.IDs) != 2 || got.IDs[1] != "m2" {
		t.Errorf("the source got %+v", got)
	}
}

// However often it is killed, each time elsewhere, the list is whole in the
// end and its epoch says how often it was begun.
func TestKilledAgainAndAgain(t *testing.T) {
	s := newShop(2000)
	opt := options(t, s)
	r := mustNew(t, opt)
	id := start(t, r, Spec{})
	for round := range 4 {
		s.allow(300 * (round + 1))
		stop := run(t, r)
		until(t, r, id, "rows", func(st Status) bool { return st.Looked > 200*round })
		opt.Dir = copyDir(t, opt.Dir)
		s.allow(-1)
		stop()
		r = mustNew(t, opt)
	}
	run(t, r)
	mustRead(t, r, id, rows(2000))
	if st := status(t, r, id); st.Epoch != 5 || st.State != Done {
		t.Errorf("%+v", st)
	}
}

// A stop leaves whole lines, and the next start begins the list anew.
func TestStopInTheMiddle(t *testing.T) {
	s := newShop(20_000)
	s.allow(3000)
	opt := options(t, s)
	r := mustNew(t, opt)
	cancel, stop := runUntil(t, r)
	id := start(t, r, Spec{})
	until(t, r, id, "rows", func(st Status) bool { return st.Looked > 2000 })
	cancel()
	s.allow(-1) // the rows being made come to their end
	stop()
	if asked := s.asked.Load(); asked == 20_000 || s.frozen.Load() != 0 {
		t.Errorf("%d rows were made, %d snapshots are frozen", asked, s.frozen.Load())
	}
	text, err := os.ReadFile(r.rowsPath(id, 1))
	if err != nil || len(text) == 0 || !bytes.HasPrefix(rows(20_000), text) || text[len(text)-1] != '\n' {
		t.Errorf("%d bytes are in the file, %v", len(text), err)
	}
	again := mustNew(t, opt)
	run(t, again)
	mustRead(t, again, id, rows(20_000))
	if st := status(t, again, id); st.Epoch != 2 {
		t.Errorf("%+v", st)
	}
}

func TestDamagedFiles(t *testing.T) {
	opt := options(t, newShop(100))
	r := mustNew(t, opt)
	stop := run(t, r)
	var ids []string
	for range 5 {
		ids = append(ids, start(t, r, Spec{}))
		mustRead(t, r, ids[len(ids)-1], rows(100))
	}
	stop()
	lost, short, noSide, badSide, future := ids[0], ids[1], ids[2], ids[3], ids[4]
	stranger := filepath.Join(opt.Dir, "README.json")
	if err := errors.Join(
		os.Remove(r.rowsPath(lost, 1)),
		os.Truncate(r.rowsPath(short, 1), 10),
		os.Remove(r.path(noSide+sideEnd)),
		os.WriteFile(r.path(badSide+sideEnd), []byte("{"), 0o600),
		os.WriteFile(r.path(future+sideEnd), fmt.Appendf(nil, `{"version":2,"id":%q}`, future), 0o600),
		os.WriteFile(stranger, []byte("not ours"), 0o600),
	); err != nil {
		t.Fatal(err)
	}
	r = mustNew(t, opt)
	for _, id := range []string{lost, short} {
		if st := status(t, r, id); st.State != Failed || !strings.Contains(st.Reason, "damaged") {
			t.Errorf("%+v", st)
		}
	}
	for _, id := range []string{noSide, badSide, future} {
		if _, err := r.Status(id); !errors.Is(err, ErrUnknown) {
			t.Errorf("%s: %v", id, err)
		}
	}
	for path, stays := range map[string]bool{
		r.rowsPath(short, 1): false, r.rowsPath(noSide, 1): false,
		r.rowsPath(badSide, 1): true, r.rowsPath(future, 1): true, stranger: true,
	} {
		if _, err := os.Stat(path); stays != (err == nil) {
			t.Errorf("%s: %v", path, err)
		}
	}
}
