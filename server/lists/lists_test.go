package lists

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestListIsMade(t *testing.T) {
	for _, members := range []int{0, 1, 63, 64, 65, 5000} {
		s := newShop(members)
		r := mustNew(t, options(t, s))
		run(t, r)
		id := start(t, r, Spec{Chain: "north", Count: 35})
		want := rows(members)
		mustRead(t, r, id, want)
		st := status(t, r, id)
		if st.State != Done || st.Position != 7 || st.Time.Unix() != 1_800_000_000 || st.Members != members ||
			st.Looked != members || st.Bytes != int64(len(want)) || st.Rows != int64(bytes.Count(want, []byte("\n"))) ||
			st.Epoch != 1 || st.Ended.Before(st.Started) || st.Published != nil {
			t.Errorf("%d members: %+v", members, st)
		}
		if s.frozen.Load() != 0 || s.passed != members || s.asked.Load() != int64(members) {
			t.Errorf("%d members: %d frozen, passed %d, asked %d", members, s.frozen.Load(), s.passed, s.asked.Load())
		}
	}
}

func TestCSVHeaderAndIDs(t *testing.T) {
	s := newShop(100)
	opt := options(t, s)
	opt.Header = "member,rank,offer"
	r := mustNew(t, opt)
	ids := []string{"m9", "m1", `m"5`}
	spec := Spec{Format: CSV, IDs: ids, Filter: "true"}
	id := start(t, r, spec)
	ids[0] = "changed by the caller"
	stop := run(t, r)
	mustRead(t, r, id, append([]byte("member,rank,offer\n"), rows(100)...))
	stop()
	if got := s.askedFor(); !slices.Equal(got.IDs, []string{"m9", "m1", `m"5`}) || got.Given != 3 || got.Filter != "true" {
		t.Errorf("the source got %+v", got)
	}
	if names, err := filepath.Glob(filepath.Join(opt.Dir, "*"+idsEnd)); err != nil || len(names) != 0 {
		t.Errorf("the ids are still there: %v %v", names, err)
	}
	if st := status(t, r, id); st.Rows != int64(bytes.Count(rows(100), []byte("\n"))) || len(st.Spec.IDs) != 0 || st.Spec.Given != 3 {
		t.Errorf("%+v", st)
	}
}

func TestQueue(t *testing.T) {
	s := newShop(300)
	s.allow(100)
	opt := options(t, s)
	opt.Queue = 2
	r := mustNew(t, opt)
	first := start(t, r, Spec{})
	run(t, r)
	until(t, r, first, "running", func(st Status) bool { return st.State == Running && st.Looked > 0 })
	second, third := start(t, r, Spec{}), start(t, r, Spec{})
	if _, err := r.Start(Spec{Scenario: "x", Format: CSV}); !errors.Is(err, ErrFull) {
		t.Errorf("one list too many: %v", err)
	}
	if got := r.List(); len(got) != 3 || got[0].ID != third || got[2].ID != first || got[1].State != Queued {
		t.Errorf("lists %+v", got)
	}
	if err := r.Cancel(second); err != nil {
		t.Fatal(err)
	}
	s.allow(-1)
	mustRead(t, r, third, rows(300))
	var unfinished *UnfinishedError
	if _, err := read(t, r, second, ""); !errors.As(err, &unfinished) || unfinished.State != Cancelled {
		t.Errorf("the rows of a cancelled list: %v", err)
	}
	if st := status(t, r, second); st.State != Cancelled || st.Looked != 0 || st.Ended.IsZero() {
		t.Errorf("%+v", st)
	}
}

func TestCancelWhileRunning(t *testing.T) {
	s := newShop(10_000)
	s.allow(1000)
	r := mustNew(t, options(t, s))
	run(t, r)
	id := start(t, r, Spec{})
	until(t, r, id, "rows", func(st Status) bool { return st.Rows > 0 })
	got := make(chan error)
	go func() {
		_, err := r.Rows(context.Background(), id, "", io.Discard, nil)
		got <- err
	}()
	if err := r.Cancel(id); err != nil {
		t.Fatal(err)
	}
	s.allow(-1)
	var unfinished *UnfinishedError
	if err := <-got; !errors.As(err, &unfinished) || unfinished.State != Cancelled {
		t.Errorf("a reader: %v", err)
	}
	until(t, r, id, "the end", ended)
	mustRead(t, r, start(t, r, Spec{}), rows(10_000)) // the next one begins: all is cleared away
	if names, err := filepath.Glob(filepath.Join(r.opt.Dir, id+".*"+rowsEnd)); err != nil || len(names) != 0 {
		t.Errorf("the rows are still there: %v %v", names, err)
	}
	if err := errors.Join(r.Cancel(id), r.Cancel(id)); err != nil {
		t.Errorf("cancelling what has ended: %v", err)
	}
	if err := r.Cancel("nonsense"); !errors.Is(err, ErrUnknown) {
		t.Error(err)
	}
}

func TestFreezeFails(t *testing.T) {
	s := newShop(10)
	s.fails = errors.New("no such scenario")
	r := mustNew(t, options(t, s))
	run(t, r)
	id := start(t, r, Spec{})
	_, err := read(t, r, id, "")
	var unfinished *UnfinishedError
	if !errors.As(err, &unfinished) || unfinished.State != Failed || !strings.Contains(err.Error(), "no such scenario") {
		t.Errorf("rows: %v", err)
	}
}

// shortRow breaks what Row promises.
type shortRow struct{ *shop }
type shortSnap struct{ Snapshot }
type shortWorker struct{}

func (s shortRow) Freeze(ctx context.Context, spec *Spec) (Snapshot, error) {
	snap, err := s.shop.Freeze(ctx, spec)
	return shortSnap{snap}, err
}
func (shortSnap) Worker() Worker { return shortWorker{} }
func (shortWorker) Row(dst []byte, _ int) ([]byte, bool) {
	return append(dst, "no end"...), true
}

func TestRowWithoutEnd(t *testing.T) {
	s := newShop(10)
	r := mustNew(t, options(t, shortRow{s}))
	run(t, r)
	id := start(t, r, Spec{})
	if _, err := read(t, r, id, ""); err == nil || !strings.Contains(err.Error(), "line feed") {
		t.Errorf("rows: %v", err)
	}
	until(t, r, id, "the end", ended)
	if s.frozen.Load() != 0 {
		t.Error("the snapshot is not released")
	}
}

func TestDiskFull(t *testing.T) {
	s := newShop(1000)
	r := mustNew(t, options(t, s))
	r.create = func(string) (rowFile, error) {
		f, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
		return osFile{f}, err
	}
	stop := run(t, r)
	id := start(t, r, Spec{})
	until(t, r, id, "the end", ended)
	if st := status(t, r, id); st.State != Failed || !strings.Contains(st.Reason, "no space left") || s.frozen.Load() != 0 {
		t.Errorf("%+v", st)
	}
	stop()
	if st := status(t, mustNew(t, r.opt), id); st.State != Failed || !strings.Contains(st.Reason, "no space left") {
		t.Errorf("after a restart: %+v", st)
	}
}

func TestListTooLarge(t *testing.T) {
	opt := options(t, newShop(1000))
	opt.Keep.Bytes = 10_000
	r := mustNew(t, opt)
	run(t, r)
	id := start(t, r, Spec{})
	if st := until(t, r, id, "the end", ended); st.State != Failed || !strings.Contains(st.Reason, "10000 bytes") {
		t.Errorf("%+v", st)
	}
}

// The oldest go when lists are too many or too large together.
func TestKeepBounds(t *testing.T) {
	one := int64(len(rows(1000)))
	for _, keep := range []Bounds{{Lists: 3}, {Bytes: 3*one + one/2}} {
		opt := options(t, newShop(1000))
		opt.Keep = keep
		r := mustNew(t, opt)
		stop := run(t, r)
		var ids []string
		for range 6 {
			ids = append(ids, start(t, r, Spec{}))
			mustRead(t, r, ids[len(ids)-1], rows(1000))
		}
		stop()
		r.sweep() // what the owner would have done next
		for i, id := range ids {
			_, err := r.Status(id)
			if kept := i >= 3; kept != (err == nil) {
				t.Errorf("%+v: list %d: %v", keep, i, err)
			}
		}
		if names, _ := filepath.Glob(filepath.Join(opt.Dir, "*")); len(names) != 6 {
			t.Errorf("%+v: files %v", keep, names)
		}
	}
}

// A reader that has a list open reads it to the end when the list goes.
func TestReaderOutlivesRemoval(t *testing.T) {
	opt := options(t, newShop(20_000))
	r := mustNew(t, opt)
	run(t, r)
	id := start(t, r, Spec{})
	mustRead(t, r, id, rows(20_000))
	into, out := io.Pipe()
	done := make(chan error, 1)
	go func() {
		_, err := r.Rows(t.Context(), id, "", out, nil)
		done <- errors.Join(err, out.Close())
	}()
	head := make([]byte, 100)
	if _, err := io.ReadFull(into, head); err != nil {
		t.Fatal(err)
	}
	r.remove(r.lists[id])
	rest, err := io.ReadAll(into)
	if err := errors.Join(err, <-done); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(append(head, rest...), rows(20_000)) {
		t.Error("the rows are not whole")
	}
	if _, err := read(t, r, id, ""); !errors.Is(err, ErrUnknown) {
		t.Errorf("a removed list: %v", err)
	}
}

func TestOldListsGo(t *testing.T) {
	opt := options(t, newShop(10))
	synctest.Test(t, func(t *testing.T) {
		opt.Now = time.Now
		r := mustNew(t, opt)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- r.Run(ctx) }()
		id, err := r.Start(Spec{Scenario: "x", Format: NDJSON})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.Rows(ctx, id, "", io.Discard, nil); err != nil {
			t.Fatal(err)
		}
		<-time.After(7*24*time.Hour - 2*time.Minute)
		synctest.Wait()
		if _, err := r.Status(id); err != nil {
			t.Errorf("after almost a week: %v", err)
		}
		<-time.After(4 * time.Minute)
		synctest.Wait()
		if _, err := r.Status(id); !errors.Is(err, ErrUnknown) {
			t.Errorf("after a week: %v", err)
		}
		cancel()
		<-done
	})
	if names, _ := filepath.Glob(filepath.Join(opt.Dir, "*")); len(names) != 0 {
		t.Errorf("files %v", names)
	}
}

func TestRefuses(t *testing.T) {
	r := mustNew(t, options(t, newShop(1)))
	for pointer, spec := range map[string]Spec{
		"/scenario":        {Format: CSV},
		"/format":          {Scenario: "x", Format: "xml"},
		"/count":           {Scenario: "x", Format: CSV, Count: 201},
		"/audience/filter": {Scenario: "x", Format: CSV, Filter: strings.Repeat("x", 5000)},
		"/audience/ids":    {Scenario: "x", Format: CSV, IDs: make([]string, maxIDs+1)},
		"/publish":         {Scenario: "x", Format: CSV, Publish: true},
	} {
		var bad *SpecError
		if _, err := r.Start(spec); !errors.As(err, &bad) || bad.Pointer != pointer {
			t.Errorf("%s: %v", pointer, err)
		}
	}
	good := r.opt
	for name, change := range map[string]func(*Options){
		"a folder":   func(o *Options) { o.Dir = "" },
		"a source":   func(o *Options) { o.Source = nil },
		"a clock":    func(o *Options) { o.Now = nil },
		"one line":   func(o *Options) { o.Header = "a\nb" },
		"Workers":    func(o *Options) { o.Workers = -1 },
		"Queue":      func(o *Options) { o.Queue = -1 },
		"Keep.Lists": func(o *Options) { o.Keep.Lists = -1 },
		"Keep.Bytes": func(o *Options) { o.Keep.Bytes = -1 },
		"Keep.Age":   func(o *Options) { o.Keep.Age = -1 },
	} {
		opt := good
		change(&opt)
		if _, err := New(opt); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	stop := run(t, r)
	stop()
	if err := r.Run(t.Context()); err == nil {
		t.Error("Run was taken twice")
	}
	if _, err := r.Start(Spec{Scenario: "x", Format: CSV}); !errors.Is(err, ErrStopped) {
		t.Errorf("start after the end: %v", err)
	}
}
