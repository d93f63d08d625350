package gate

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"nabo/engine/event"
)

// stormLog fails some appends; of these, it stores some all the same, as a log
// does whose acknowledgement is lost.
type stormLog struct {
	mu   sync.Mutex
	rng  *rand.Rand
	fail float64
	lost float64
	seen map[uint64]int
	seq  uint64
	evs  []uint64
}

var errStorm = errors.New("storm")

func (l *stormLog) Append(_ context.Context, group []byte) (uint64, error) {
	evs, err := event.DecodeGroup(group, nil)
	if err != nil {
		return 0, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	failed := l.rng.Float64() < l.fail
	if failed && l.rng.Float64() >= l.lost {
		return 0, errStorm
	}
	l.seq++
	for i := range evs {
		l.seen[evs[i].Key]++
		l.evs = append(l.evs, evs[i].Key)
	}
	if failed {
		return 0, errStorm
	}
	return l.seq, nil
}

func (l *stormLog) holds(key uint64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.seen[key] > 0
}

// lazyEngine applies the log when it is asked, some of the time.
type lazyEngine struct {
	log *stormLog
	mu  sync.Mutex
	at  int
	has map[uint64]bool
}

func (e *lazyEngine) Seen(key uint64) bool {
	e.log.mu.Lock()
	todo := e.log.evs
	e.log.mu.Unlock()
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(todo)-e.at > 40 {
		for ; e.at < len(todo)-20; e.at++ {
			e.has[todo[e.at]] = true
		}
	}
	return e.has[key]
}

// What is acknowledged is in the log, whoever asked and however the log
// behaved; and where the log's errors are true, nothing is in it twice.
func TestStorm(t *testing.T) {
	for _, lost := range []float64{0, 0.5} {
		for seed := range uint64(6) {
			t.Run(fmt.Sprintf("lost %v seed %d", lost, seed), func(t *testing.T) { storm(t, seed, lost) })
		}
	}
}

func storm(t *testing.T, seed uint64, lost float64) {
	log := &stormLog{rng: rand.New(rand.NewPCG(seed, 1)), fail: 0.2, lost: lost, seen: make(map[uint64]int)}
	engine := &lazyEngine{log: log, has: make(map[uint64]bool)}
	g, err := New(Options{
		Log: log, Tokens: &fakeTokens{m: make(map[string]event.Token)}, Applied: engine,
		MaxEvents: 7, Queue: 3,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- g.Run(ctx) }()
	var senders sync.WaitGroup
	for n := range uint64(8) {
		senders.Go(func() { sendStorm(t, g, log, rand.New(rand.NewPCG(seed, 100+n))) })
	}
	senders.Wait()
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	for key, n := range log.seen {
		if n > 1 && lost == 0 {
			t.Errorf("key %x is in the log %d times", key, n)
		}
	}
	if st := g.Stats(); st.Failed == 0 || st.Duplicates == 0 || st.Accepted == 0 {
		t.Errorf("the storm was none: %+v", st)
	}
}

// sendStorm submits events of few ids, so that senders meet.
func sendStorm(t *testing.T, g *Gate, log *stormLog, rng *rand.Rand) {
	for range 150 {
		var evs []event.Event
		for range 1 + rng.IntN(12) {
			evs = append(evs, view(fmt.Sprint(rng.IntN(2000)), fmt.Sprint("m", rng.IntN(20))))
		}
		keys := make([]uint64, len(evs))
		for i := range evs {
			keys[i] = event.KeyOf("", evs[i].ID)
		}
		res, err := g.Submit(t.Context(), slices.Clone(evs))
		if err != nil {
			if !errors.Is(err, errStorm) {
				t.Error(err)
			}
			continue
		}
		for i, key := range keys {
			if !log.holds(key) {
				t.Errorf("%v of %s is not in the log", res.Outcomes[i].Verdict, evs[i].ID)
			}
		}
	}
}
