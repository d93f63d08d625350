package lists

import (
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// inside counts who makes rows at the same moment.
type inside struct {
	now, most atomic.Int32
}

func (in *inside) enter() int32 {
	n := in.now.Add(1)
	for most := in.most.Load(); n > most && !in.most.CompareAndSwap(most, n); most = in.most.Load() {
	}
	return n
}

// While lookups run one worker makes all rows; when they end the others go on,
// all together, a small chunk later; when they begin again each of the others makes no
// more than the chunk that it has begun.
func TestGivesWay(t *testing.T) {
	const (
		workers = 4
		calmAt  = 1000  // lookups end with this row
		busyAt  = 20000 // and begin again with this one
		members = 40000
	)
	var busy atomic.Bool
	busy.Store(true)
	var in inside
	var together sync.WaitGroup // all workers at the same moment
	together.Add(workers)
	var met [workers]atomic.Bool
	var late [workers]atomic.Int64 // rows begun after busyAt was
	s := newShop(members)
	s.row = func(worker, i int) {
		n := in.enter()
		defer in.now.Add(-1)
		switch {
		case i < calmAt && n > 1:
			t.Errorf("row %d is the work of one of %d while lookups run", i, n)
		case i == calmAt:
			busy.Store(false)
		case i == busyAt:
			busy.Store(true)
		}
		// The first worker looks again before its next chunk.
		if i >= calmAt+busyChunk && !met[worker].Swap(true) {
			together.Done()
			together.Wait() // for ever if somebody is still held back
		}
		if i > busyAt && busy.Load() {
			late[worker].Add(1)
		}
	}
	opt := options(t, s)
	opt.Workers, opt.Busy = workers, busy.Load
	r := mustNew(t, opt)
	run(t, r)
	mustRead(t, r, start(t, r, Spec{}), rows(members))
	if most := in.most.Load(); most != workers {
		t.Errorf("at most %d of %d workers made rows together", most, workers)
	}
	alone := 0
	for n := range late {
		if got := late[n].Load(); got > calmChunk {
			alone++
		}
	}
	if alone != 1 {
		t.Errorf("after lookups had begun again the workers made %d, %d, %d and %d rows", late[0].Load(), late[1].Load(), late[2].Load(), late[3].Load())
	}
}

// A stop ends workers that are held back, and a list that ends while lookups
// run does too.
func TestHeldBackWorkersEnd(t *testing.T) {
	s := newShop(1000)
	opt := options(t, s)
	opt.Busy = func() bool { return true }
	r := mustNew(t, opt)
	cancel, stop := runUntil(t, r)
	mustRead(t, r, start(t, r, Spec{}), rows(1000))
	s.allow(500)
	id := start(t, r, Spec{})
	until(t, r, id, "rows", func(st Status) bool { return st.Looked > 400 && st.State == Running })
	cancel()
	s.allow(-1)
	stop()
}

// The one worker rests after each small chunk, nine times as long as it took.
func TestRests(t *testing.T) {
	s := newShop(busyChunk * 10)
	s.row = func(_, _ int) { <-time.After(time.Millisecond) }
	opt := options(t, s)
	synctest.Test(t, func(t *testing.T) {
		opt.Now, opt.Rest = time.Now, 0
		opt.Busy = func() bool { return true }
		r := mustNew(t, opt)
		stop := run(t, r)
		began := time.Now()
		id := start(t, r, Spec{})
		mustRead(t, r, id, rows(busyChunk*10))
		stop()
		// Ten chunks of 32 ms; the last rest may come after the list is done.
		if took := time.Since(began); took < 2900*time.Millisecond || took > 3300*time.Millisecond {
			t.Errorf("ten small chunks took %s", took)
		}
	})
}
