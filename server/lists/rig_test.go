package lists

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// shop is a made-up Source. Rows differ in length; every seventh member is not
// in the audience.
type shop struct {
	members  int
	position uint64
	fails    error
	row      func(worker, i int) // called for each row, before it is made; may be nil

	frozen atomic.Int32 // snapshots not released
	asked  atomic.Int64 // rows

	mu     sync.Mutex
	limit  int // rows from here on wait; below zero: none
	moved  *sync.Cond
	spec   Spec
	passed int
}

func newShop(members int) *shop {
	s := &shop{members: members, position: 7, limit: -1}
	s.moved = sync.NewCond(&s.mu)
	return s
}

// allow lets the rows below limit be made; below zero: all.
func (s *shop) allow(limit int) {
	s.mu.Lock()
	s.limit = limit
	s.moved.Broadcast()
	s.mu.Unlock()
}

// askedFor is the newest Spec.
func (s *shop) askedFor() Spec {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.spec
}

func (s *shop) Freeze(ctx context.Context, spec *Spec) (Snapshot, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if s.fails != nil {
		return nil, s.fails
	}
	if s.frozen.Add(1) != 1 {
		return nil, errors.New("frozen twice")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.spec, s.passed = *spec, 0
	return &frozenShop{shop: s}, nil
}

type frozenShop struct {
	*shop
	workers atomic.Int32
}

func (f *frozenShop) Position() uint64 { return f.position }
func (f *frozenShop) Time() time.Time  { return time.Unix(1_800_000_000, 0) }
func (f *frozenShop) Members() int     { return f.members }
func (f *frozenShop) Release()         { f.frozen.Add(-1) }
func (f *frozenShop) Worker() Worker {
	return &shopWorker{f.shop, int(f.workers.Add(1) - 1)}
}

func (f *frozenShop) Passed(i int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if i <= f.passed {
		panic(fmt.Sprintf("passed %d after %d", i, f.passed))
	}
	f.passed = i
}

type shopWorker struct {
	s *shop
	n int
}

func (w *shopWorker) Row(dst []byte, i int) ([]byte, bool) {
	if w.s.row != nil {
		w.s.row(w.n, i)
	}
	w.s.mu.Lock()
	for w.s.limit >= 0 && i >= w.s.limit {
		w.s.moved.Wait()
	}
	w.s.mu.Unlock()
	w.s.asked.Add(1)
	return appendRow(dst, i)
}

func appendRow(dst []byte, i int) ([]byte, bool) {
	if i%7 == 3 {
		return append(dst, "half a row of nobody"...), false
	}
	dst = fmt.Appendf(dst, `{"member":"m%d","offers":"`, i)
	dst = append(dst, strings.Repeat("x", i*i%311)...)
	return append(dst, "\"}\n"...), true
}

// rows is what a list of n members holds.
func rows(n int) []byte {
	var all []byte
	for i := range n {
		if b, ok := appendRow(all, i); ok {
			all = b
		}
	}
	return all
}

// testLog writes what is said to the test's log.
func testLog(t testing.TB) *slog.Logger {
	return slog.New(slog.NewTextHandler(t.Output(), nil))
}

func options(t testing.TB, s Source) Options {
	return Options{Dir: t.TempDir(), Source: s, Now: time.Now, Log: testLog(t), Workers: 4, Rest: -1}
}

func mustNew(t testing.TB, opt Options) *Runs {
	t.Helper()
	r, err := New(opt)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// run runs r until the returned function is called, or the test ends.
func run(t testing.TB, r *Runs) (stop func()) {
	_, stop = runUntil(t, r)
	return stop
}

// runUntil is run with the two steps of a stop apart: cancel tells r to end,
// stop also waits for it.
func runUntil(t testing.TB, r *Runs) (cancel, stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("run ended with %v", err)
		}
	})
	t.Cleanup(stop)
	return cancel, stop
}

func start(t testing.TB, r *Runs, spec Spec) string {
	t.Helper()
	if spec.Scenario == "" {
		spec.Scenario = "newsletter"
	}
	if spec.Format == "" {
		spec.Format = NDJSON
	}
	id, err := r.Start(spec)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func status(t testing.TB, r *Runs, id string) Status {
	t.Helper()
	st, err := r.Status(id)
	if err != nil {
		t.Fatal(err)
	}
	return st
}

// read reads a list from a cursor to its end.
func read(t testing.TB, r *Runs, id, cursor string) ([]byte, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var got bytes.Buffer
	_, err := r.Rows(ctx, id, cursor, &got, nil)
	return got.Bytes(), err
}

func mustRead(t testing.TB, r *Runs, id string, want []byte) {
	t.Helper()
	got, err := read(t, r, id, "")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Fatalf("read %d bytes, want %d; they differ at %d", len(got), len(want), differ(got, want))
	}
}

func differ(a, b []byte) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}

// until waits for a state of a list.
func until(t testing.TB, r *Runs, id, what string, ok func(Status) bool) Status {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for {
		r.mu.Lock()
		l := r.lists[id]
		if l == nil {
			r.mu.Unlock()
			t.Fatalf("the list is gone, waiting for %s", what)
		}
		st := l.statusLocked(time.Now())
		l.waiting = true
		changed := l.changed
		r.mu.Unlock()
		if ok(st) {
			return st
		}
		select {
		case <-changed:
		case <-ctx.Done():
			t.Fatalf("waited too long for %s: %+v", what, st)
		}
	}
}

func ended(st Status) bool { return st.State.ended() }

// brokenPipe takes so many bytes and then fails, in the middle of a write.
type brokenPipe struct {
	got  bytes.Buffer
	left int
}

var errBroken = errors.New("the connection broke")

func (p *brokenPipe) Write(b []byte) (int, error) {
	n := min(len(b), p.left)
	p.got.Write(b[:n])
	p.left -= n
	if n < len(b) {
		return n, errBroken
	}
	return n, nil
}

// copyDir is what a kill leaves: the files as they are at this moment.
func copyDir(t testing.TB, from string) string {
	t.Helper()
	to := t.TempDir()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	return to
}
