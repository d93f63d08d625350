package store

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// noon is when the tests' decisions begin to be made.
var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// watch is a clock that stands until it is set.
type watch struct{ at atomic.Int64 }

func newWatch() *watch {
	w := &watch{}
	w.at.Store(noon.UnixMilli())
	return w
}

func (w *watch) now() time.Time        { return time.UnixMilli(w.at.Load()).UTC() }
func (w *watch) pass(by time.Duration) { w.at.Add(by.Milliseconds()) }

func openDecisions(t testing.TB, dir string, w *watch, change func(*DecisionOptions)) *Decisions {
	t.Helper()
	o := DecisionOptions{Options: Options{Dir: dir, Now: w.now}, gather: time.Millisecond}
	if change != nil {
		change(&o)
	}
	d, err := OpenDecisions(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// idAt is the n-th decision of a moment.
func idAt(at time.Time, n uint64) (id [16]byte) {
	binary.BigEndian.PutUint64(id[:], uint64(at.UnixMilli())<<16)
	binary.BigEndian.PutUint64(id[8:], n)
	return id
}

// reopened writes what is queued, and reads it back in a new process.
func reopened(t testing.TB, d *Decisions, dir string, w *watch, change func(*DecisionOptions)) *Decisions {
	t.Helper()
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	return openDecisions(t, dir, w, change)
}

func mustGet(t fataler, d *Decisions, id [16]byte) (string, bool) {
	t.Helper()
	out, ok, err := d.Get(id, []byte("before:"))
	if err != nil {
		t.Fatalf("get: %v", err)
	}
	if text, cut := strings.CutPrefix(string(out), "before:"); cut {
		return text, ok
	}
	t.Fatalf("what was in the buffer is gone: %q", out)
	return "", false
}

// Decisions against the obvious twin, over restarts and while time passes.
func TestDecisionsAreKeptForTheirTime(t *testing.T) {
	type kept struct {
		id    [16]byte
		until time.Time
		text  string
	}
	// One store for all rounds: each has its own ids, and time only goes on.
	dir, w, round := t.TempDir(), newWatch(), uint64(0)
	d := openDecisions(t, dir, w, nil)
	rapid.Check(t, func(rt *rapid.T) {
		round++
		var twin []kept
		for step := range rapid.IntRange(1, 4).Draw(rt, "steps") {
			for n := range rapid.IntRange(0, 20).Draw(rt, "puts") {
				k := kept{
					id: idAt(w.now(), round<<20|uint64(step*100+n)), text: rapid.StringN(0, 40, 40).Draw(rt, "text"),
					until: w.now().Add(time.Duration(rapid.IntRange(0, 40*24).Draw(rt, "hours")) * time.Hour),
				}
				d.Put(k.id, k.until, []byte(k.text))
				twin = append(twin, k)
			}
			w.pass(time.Duration(rapid.IntRange(0, 60).Draw(rt, "pass")) * time.Hour)
			if rapid.IntRange(0, 80).Draw(rt, "restart") == 0 {
				d = reopened(t, d, dir, w, nil)
			}
			if rapid.Bool().Draw(rt, "wait") {
				written(d)
			}
			for _, k := range twin {
				got, ok := mustGet(rt, d, k.id)
				if want := !w.now().After(k.until); ok != want || ok && got != k.text {
					rt.Fatalf("got %q, %v at %v, expected %q until %v", got, ok, w.now(), k.text, k.until)
				}
			}
			if s := d.Stats(); s.Count > int64(len(twin)) || s.Lost != 0 {
				rt.Fatalf("got %+v of %d", s, len(twin))
			}
		}
		w.pass(41 * 24 * time.Hour)
		written(d)
		if err := d.Maintain(t.Context()); err != nil {
			rt.Fatal(err)
		}
		if s := d.Stats(); s.Count != 0 || s.Bytes != 0 {
			rt.Fatalf("still held when all is over: %+v", s)
		}
	})
}

// written returns when nothing waits to be written.
func written(d *Decisions) {
	for d.queue.bytes() > 0 {
		runtime.Gosched()
	}
}

// Above the bound the oldest go, and the files do not grow without end.
func TestDecisionsAreBounded(t *testing.T) {
	dir, w := t.TempDir(), newWatch()
	bound := func(o *DecisionOptions) { o.MaxBytes = 1 << 20 }
	d := openDecisions(t, dir, w, bound)
	text := bytes.Repeat([]byte("x"), 8<<10)
	const puts = 2000 // 16 MiB
	for n := range uint64(puts) {
		d.Put(idAt(w.now(), n), w.now().Add(time.Hour), text)
		w.pass(time.Millisecond)
		if n%500 == 499 {
			d = reopened(t, d, dir, w, bound)
			if err := d.Maintain(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	s := d.Stats()
	if s.Bytes > 1<<20 || s.Count < 50 {
		t.Fatalf("got %+v", s)
	}
	if s.DiskBytes > 5<<20/4 { // blocks that are not full come on top
		t.Fatalf("%d bytes on disk for a bound of %d", s.DiskBytes, 1<<20)
	}
	for n := range uint64(puts) {
		at := noon.Add(time.Duration(n) * time.Millisecond)
		if _, ok := mustGet(t, d, idAt(at, n)); ok != (n >= puts-uint64(s.Count)) {
			t.Fatalf("%d of %d: there %v, while the newest %d are kept", n, puts, ok, s.Count)
		}
	}
}

// What finds no room in the queue is lost and counted, and all else is there.
func TestDecisionsLostAreCounted(t *testing.T) {
	dir, w := t.TempDir(), newWatch()
	tight := func(o *DecisionOptions) { o.QueueBytes = 64 << 10 }
	d := openDecisions(t, dir, w, tight)
	d.Put(idAt(noon, 1<<60), noon.Add(time.Hour), make([]byte, maxDecision+1))
	const workers, each = 4, 500
	var all sync.WaitGroup
	for worker := range uint64(workers) {
		all.Go(func() {
			for n := range uint64(each) {
				d.Put(idAt(noon, worker*each+n), noon.Add(time.Hour), fmt.Appendf(nil, "%d %4000d", worker*each+n, n))
				_, _, _ = d.Get(idAt(noon, n), nil)
			}
		})
	}
	all.Wait()
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	d.Put(idAt(noon, 1<<61), noon.Add(time.Hour), nil)
	if _, ok, err := d.Get(idAt(noon, 0), nil); ok || err != nil {
		t.Fatalf("a closed store answers %v, %v", ok, err)
	}
	s := d.Stats()
	if s.Written+s.Lost != workers*each+2 || s.Lost < 2 || s.Waiting != 0 {
		t.Fatalf("got %+v", s)
	}
	d = openDecisions(t, dir, w, tight)
	found := uint64(0)
	for n := range uint64(workers * each) {
		if got, ok := mustGet(t, d, idAt(noon, n)); ok {
			found++
			if !strings.HasPrefix(got, fmt.Sprint(n, " ")) {
				t.Fatalf("%d is %q", n, got)
			}
		}
	}
	if found != s.Written || int64(found) != d.Stats().Count {
		t.Fatalf("%d are there, %d were written, %d are counted", found, s.Written, d.Stats().Count)
	}
}

// Many put and get at once: what was put is there at once and stays, whether it
// waits, is being written or is written.
func TestDecisionsAreThereAtOnce(t *testing.T) {
	dir, w := t.TempDir(), newWatch()
	d := openDecisions(t, dir, w, nil)
	const workers, each = 8, 1000
	text := func(n uint64) []byte { return fmt.Appendf(nil, "%d%*d", n, 1+n%3000, n) }
	var all sync.WaitGroup
	for worker := range uint64(workers) {
		all.Go(func() {
			var got []byte
			for n := range uint64(each) {
				id := worker*each + n
				d.Put(idAt(noon, id), noon.Add(time.Hour), text(id))
				for _, id := range []uint64{id, worker*each + n/2} {
					var ok bool
					var err error
					if got, ok, err = d.Get(idAt(noon, id), got[:0]); err != nil || !ok || !bytes.Equal(got, text(id)) {
						t.Errorf("%d: got %d bytes, %v, %v", id, len(got), ok, err)
						return
					}
				}
				if n%100 == 0 {
					if err := d.Maintain(t.Context()); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	all.Wait()
	d = reopened(t, d, dir, w, nil)
	if s := d.Stats(); s.Count != workers*each {
		t.Fatalf("got %+v", s)
	}
}

// While old segments go, who reads in them gets what was put, or nothing.
func TestDecisionsGoWhileTheyAreRead(t *testing.T) {
	dir, w := t.TempDir(), newWatch()
	d := openDecisions(t, dir, w, func(o *DecisionOptions) { o.MaxBytes = 1 << 20 })
	const puts = 4000
	var newest atomic.Uint64
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			var got []byte
			for n := uint64(0); newest.Load() < puts-1; n = (n + 7) % (newest.Load() + 1) {
				var ok bool
				var err error
				if got, ok, err = d.Get(idAt(noon, n), got[:0]); err != nil || ok && !bytes.Equal(got, bytes.Repeat([]byte{byte(n)}, 2000)) {
					t.Errorf("%d: got %d bytes, %v, %v", n, len(got), ok, err)
					return
				}
			}
		})
	}
	for n := range uint64(puts) {
		d.Put(idAt(noon, n), noon.Add(time.Hour), bytes.Repeat([]byte{byte(n)}, 2000))
		newest.Store(n)
	}
	all.Wait()
	written(d)
	if s := d.Stats(); s.Bytes > 1<<20 || s.Lost != 0 || s.Written != puts {
		t.Fatalf("got %+v", s)
	}
}

// A disk that takes nothing loses decisions, and counts them; those that are
// there can still be looked up.
func TestDecisionsThatCannotBeWritten(t *testing.T) {
	dir, w := t.TempDir(), newWatch()
	d := openDecisions(t, dir, w, nil)
	d.Put(idAt(noon, 1), noon.Add(time.Hour), []byte("one"))
	written(d)
	d.files.Lock()
	right := d.current.file
	wrong, err := os.Open(right.Name()) // cannot be written to
	if err != nil {
		t.Fatal(err)
	}
	d.current.file = wrong
	d.files.Unlock()
	d.Put(idAt(noon, 2), noon.Add(time.Hour), []byte("two"))
	written(d)
	d.Put(idAt(noon, 3), noon.Add(time.Hour), []byte("three"))
	written(d)
	if s := d.Stats(); s.Lost != 1 || s.Written != 2 || s.Count != 2 {
		t.Fatalf("got %+v", s)
	}
	for n, want := range map[uint64]bool{1: true, 2: false, 3: true} {
		if _, ok := mustGet(t, d, idAt(noon, n)); ok != want {
			t.Errorf("%d: there %v", n, ok)
		}
	}
	if err := right.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestDecisionOptions(t *testing.T) {
	for _, o := range []DecisionOptions{
		{}, {Options: Options{Dir: "x"}}, {Options: Options{Now: time.Now}},
		{Options: Options{Dir: "x", Now: time.Now}, MaxBytes: 1}, {Options: Options{Dir: "x", Now: time.Now}, QueueBytes: -1},
	} {
		if _, err := OpenDecisions(o); err == nil {
			t.Errorf("%+v was taken", o)
		}
	}
}
