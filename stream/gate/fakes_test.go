package gate

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"nabo/engine/event"
)

// fakeLog keeps groups in memory. With hold set, an append waits until a
// value comes: nil lets it through, an error fails it.
type fakeLog struct {
	mu     sync.Mutex
	groups [][]event.Event
	largest,
	calls int
	hold chan error
}

func (l *fakeLog) Append(_ context.Context, group []byte) (uint64, error) {
	l.mu.Lock()
	l.calls++
	l.largest = max(l.largest, len(group))
	l.mu.Unlock()
	if l.hold != nil {
		if err := <-l.hold; err != nil {
			return 0, err
		}
	}
	evs, err := event.DecodeGroup(group, nil)
	if err != nil {
		return 0, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.groups = append(l.groups, evs)
	return uint64(len(l.groups)), nil
}

func (l *fakeLog) all() []event.Event {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Concat(l.groups...)
}

type fakeTokens struct {
	mu      sync.Mutex
	m       map[string]event.Token
	next    event.Token
	assigns int
	fail    error // of Assign and Forget
}

func (t *fakeTokens) Token(id string) (event.Token, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	tok, ok := t.m[id]
	return tok, ok
}

func (t *fakeTokens) Assign(ids []string) ([]event.Token, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.fail != nil {
		return nil, t.fail
	}
	t.assigns++
	var out []event.Token
	for _, id := range ids {
		if _, ok := t.m[id]; !ok {
			t.next++
			t.m[id] = t.next
		}
		out = append(out, t.m[id])
	}
	return out, nil
}

func (t *fakeTokens) Forget(id string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.fail != nil {
		return t.fail
	}
	delete(t.m, id)
	return nil
}

func (t *fakeTokens) failWith(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.fail = err
}

// fakeApplied is an engine that applies the log when it is told to.
type fakeApplied struct {
	mu   sync.Mutex
	keys map[uint64]bool
	pos  uint64
}

func (a *fakeApplied) Seen(key uint64) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.keys[key]
}

func (a *fakeApplied) position() uint64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.pos
}

func (a *fakeApplied) apply(l *fakeLog) {
	l.mu.Lock()
	groups := l.groups
	l.mu.Unlock()
	a.mu.Lock()
	defer a.mu.Unlock()
	for ; int(a.pos) < len(groups); a.pos++ {
		for i := range groups[a.pos] {
			a.keys[groups[a.pos][i].Key] = true
		}
	}
}

// rig is a gate with fakes around it, running.
type rig struct {
	*Gate
	log     *fakeLog
	tokens  *fakeTokens
	applied *fakeApplied
	t       *testing.T
	stop    func()
}

func newRig(t *testing.T, change func(*Options)) *rig {
	r := &rig{
		t: t, log: &fakeLog{},
		tokens:  &fakeTokens{m: make(map[string]event.Token)},
		applied: &fakeApplied{keys: make(map[uint64]bool)},
	}
	o := Options{Log: r.log, Tokens: r.tokens, Applied: r.applied, Position: r.applied.position}
	if change != nil {
		change(&o)
	}
	var err error
	if r.Gate, err = New(o); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	r.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
	})
	return r
}

func (r *rig) submit(evs ...event.Event) Result {
	r.t.Helper()
	res, err := r.Submit(context.Background(), evs)
	if err != nil {
		r.t.Fatal(err)
	}
	return res
}

// pending is a submission under way.
type pending struct {
	res  Result
	err  error
	done bool
}

func (r *rig) begin(evs ...event.Event) *pending {
	p := new(pending)
	go func() {
		p.res, p.err = r.Submit(context.Background(), evs)
		p.done = true
	}()
	synctest.Wait()
	return p
}

func verdicts(r Result) string {
	var b strings.Builder
	for _, o := range r.Outcomes {
		b.WriteByte(" ADR"[o.Verdict])
	}
	return b.String()
}

const day = 24 * time.Hour

// at is a moment before the bubble's clock, which begins in 2000.
var at = event.At(time.Date(1999, 12, 31, 0, 0, 0, 0, time.UTC))

func receipt(id, member string, products ...string) event.Event {
	r := &event.Receipt{}
	for _, p := range products {
		r.Lines = append(r.Lines, event.Line{Product: p, Qty: 1})
	}
	return event.Event{Type: event.TypeReceipt, ID: id, Time: at, Store: "17", MemberID: member, Body: r}
}

func view(id, member string) event.Event {
	return event.Event{Type: event.TypeView, ID: id, MemberID: member, Body: &event.View{Product: "a"}}
}

func erased(id, member string) event.Event {
	return event.Event{Type: event.TypeMemberErased, ID: id, MemberID: member, Body: &event.MemberErased{}}
}

func merged(id, member, into string) event.Event {
	return event.Event{Type: event.TypeMemberMerged, ID: id, MemberID: member, Body: &event.MemberMerged{IntoID: into}}
}

func bubble(t *testing.T, change func(*Options), f func(t *testing.T, r *rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, change)
		defer r.stop()
		f(t, r)
	})
}
