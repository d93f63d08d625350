package engine

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"nabo/graph"

	"pgregory.net/rapid"
)

const testDays = 40

// seenTwin is the slow obvious twin of seen.
type seenTwin struct {
	days  map[uint64]graph.Day
	today graph.Day
}

func (w *seenTwin) alive(on graph.Day) bool { return int(on)+testDays >= int(w.today) }

func (w *seenTwin) has(key uint64) bool {
	on, ok := w.days[key]
	return ok && w.alive(on)
}

func (w *seenTwin) add(key uint64) bool {
	if w.has(key) {
		return false
	}
	w.days[key] = w.today
	return true
}

func (w *seenTwin) digest() (sum uint64) {
	for key, on := range w.days {
		if w.alive(on) {
			sum += spread(key ^ uint64(on)<<48)
		}
	}
	return sum
}

// crowdedKey returns a key of one of two segments, so that few keys fill them.
func crowdedKey(rng *rand.Rand) uint64 {
	return (uint64(rng.IntN(2))*4095<<restBits | rng.Uint64N(1<<restBits)) * ungolden
}

func newSeen() *seen {
	s := &seen{}
	s.init(testDays)
	return s
}

// seenRig is seen, its twin, and the store that checkpoints go to.
type seenRig struct {
	s     *seen
	w     seenTwin
	rng   *rand.Rand
	pos   uint64
	store map[string][]byte
	redo  []savedPair
	known []uint64
}

func newSeenRig(seed uint64) *seenRig {
	return &seenRig{s: newSeen(), w: seenTwin{days: map[uint64]graph.Day{}}, rng: rand.New(rand.NewPCG(seed, 1)), store: map[string][]byte{}}
}

// pass moves on to another day.
func (r *seenRig) pass(today graph.Day, swept bool) {
	r.w.today = max(r.w.today, today)
	r.s.pass(r.w.today)
	for swept && r.s.sweep < len(r.s.segs) {
		r.s.pass(r.w.today)
	}
}

func (r *seenRig) add(n int) error {
	for range n {
		key := crowdedKey(r.rng)
		if len(r.known) > 0 && r.rng.IntN(4) == 0 {
			key = r.known[r.rng.IntN(len(r.known))]
		}
		r.known = append(r.known, key)
		if got, want := r.s.add(key, r.w.today), r.w.add(key); got != want {
			return fmt.Errorf("add(%x) says %v, the twin %v", key, got, want)
		}
	}
	return nil
}

// save takes a checkpoint, and may fail to write it.
func (r *seenRig) save(fail bool) error {
	r.pos++
	small := r.redo
	runs := r.s.begin(r.pos, func(key, value []byte) { small = append(small, savedPair{key, bytes.Clone(value)}) })
	if fail {
		r.redo = small
		r.s.redo.again(runs)
		return nil
	}
	r.redo = nil
	put := func(key, value []byte) error {
		if value == nil {
			delete(r.store, string(key))
			return nil
		}
		r.store[string(key)] = bytes.Clone(value)
		return nil
	}
	for _, p := range small {
		if err := put(p.key, p.value); err != nil {
			return err
		}
	}
	for i := range runs {
		if err := runs[i].write(put); err != nil {
			return err
		}
	}
	return nil
}

// load starts anew from what was saved.
func (r *seenRig) load() error {
	fresh := newSeen()
	fresh.today.Store(uint32(r.w.today))
	for _, k := range slices.Sorted(maps.Keys(r.store)) {
		n := make([]uint64, 0, 3)
		for b := []byte(k)[1:]; len(b) > 0; b = b[8:] {
			n = append(n, bigEndian(b))
		}
		load := fresh.loadKeys
		if k[0] == cellSealed {
			load = fresh.loadSealed
		}
		if err := load(n, r.store[k]); err != nil {
			return err
		}
	}
	r.s = fresh
	return fresh.settle()
}

func bigEndian(b []byte) (n uint64) {
	for _, x := range b[:8] {
		n = n<<8 | uint64(x)
	}
	return n
}

// check compares all.
func (r *seenRig) check() error {
	for range 50 {
		key := crowdedKey(r.rng)
		if len(r.known) > 0 && r.rng.IntN(4) > 0 {
			key = r.known[r.rng.IntN(len(r.known))]
		}
		if got, want := r.s.has(key), r.w.has(key); got != want {
			return fmt.Errorf("has(%x) says %v, the twin %v, on day %d", key, got, want, r.w.today)
		}
	}
	if got, want := r.s.digest(), r.w.digest(); got != want {
		return fmt.Errorf("the digests differ")
	}
	return nil
}

// TestSeenIsAMap plays random keys, days, checkpoints and restarts against a map.
func TestSeenIsAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := newSeenRig(rapid.Uint64().Draw(t, "seed"))
		r.pass(20_000, false)
		for range rapid.IntRange(1, 25).Draw(t, "steps") {
			var err error
			switch rapid.IntRange(0, 9).Draw(t, "step") {
			case 0, 1:
				r.pass(r.w.today+graph.Day(rapid.IntRange(0, 50).Draw(t, "days")), rapid.Bool().Draw(t, "swept"))
			case 2, 3:
				err = r.save(rapid.IntRange(0, 3).Draw(t, "fails") == 0)
			case 4:
				if err = r.save(false); err == nil {
					err = r.load()
				}
			default:
				err = r.add(rapid.IntRange(1, 1500).Draw(t, "keys"))
			}
			if err == nil {
				err = r.check()
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	})
}

// TestSeenOverManyDays fills, expires and reloads two segments as two years
// would, and looks at what that takes and what is written.
func TestSeenOverManyDays(t *testing.T) {
	r := newSeenRig(7)
	for day := range graph.Day(300) {
		r.pass(20_000+day, true)
		if err := r.add(400); err != nil {
			t.Fatal(err)
		}
		if err := r.save(false); err != nil {
			t.Fatal(err)
		}
		if day%50 == 49 {
			if err := r.load(); err != nil {
				t.Fatal(err)
			}
		}
		if err := r.check(); err != nil {
			t.Fatal(err)
		}
	}
	keys, bytes := r.s.stats()
	bytes -= uint64(len(r.s.segs)) * segmentBytes
	if alive := testDays * 400; keys < alive*6/10 || keys > alive*5/4 {
		t.Errorf("%d keys are held of some %d that are remembered", keys, alive)
	}
	if per := float64(bytes) / float64(keys); per > 8 {
		t.Errorf("%.1f bytes a key", per)
	}
	if len(r.store) > 2*2+60 {
		t.Errorf("%d cells are kept", len(r.store))
	}
}

// TestFewKeysADayTakeFewCells: a shop in which little happens doesn't keep a
// cell for each checkpoint.
func TestFewKeysADayTakeFewCells(t *testing.T) {
	r := newSeenRig(3)
	r.pass(20_000, false)
	for range mostCells + 100 {
		key := r.rng.Uint64()
		r.known = append(r.known, key)
		if !r.s.add(key, r.w.today) || !r.w.add(key) {
			t.Fatalf("%x is not new", key)
		}
		if err := r.save(false); err != nil {
			t.Fatal(err)
		}
	}
	if len(r.store) > 150 {
		t.Errorf("%d cells", len(r.store))
	}
	if err := r.load(); err != nil {
		t.Fatal(err)
	}
	for range 10 {
		if err := r.check(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestSeenBesideReaders looks keys up that were added, while others are added,
// sealed and cleared. The race detector looks on.
func TestSeenBesideReaders(t *testing.T) {
	s := newSeen()
	s.pass(20_000)
	rng := rand.New(rand.NewPCG(1, 1))
	const early = 3000
	keys := make([]uint64, 20_000)
	for i := range keys {
		keys[i] = crowdedKey(rng)
	}
	for _, k := range keys[:early] {
		s.add(k, 20_000)
	}
	done := make(chan struct{})
	var all sync.WaitGroup
	for n := range 3 {
		all.Go(func() {
			for i := n; ; i++ {
				select {
				case <-done:
					return
				default:
				}
				if k := keys[i%early]; !s.has(k) {
					t.Errorf("%x is not there any more", k)
					return
				}
			}
		})
	}
	for i, k := range keys[early:] {
		s.pass(20_000 + graph.Day(i/1000))
		s.add(k, s.day())
	}
	close(done)
	all.Wait()
}

// TestDamagedRuns: what a damaged run says is refused, or does no harm.
func TestDamagedRuns(t *testing.T) {
	r := newSeenRig(5)
	r.pass(20_000, false)
	if err := r.add(3000); err != nil {
		t.Fatal(err)
	}
	if err := r.save(false); err != nil {
		t.Fatal(err)
	}
	sound := maps.Clone(r.store)
	rng := rand.New(rand.NewPCG(9, 9))
	refused := 0
	for range 500 {
		r.store = maps.Clone(sound)
		for k, v := range r.store {
			if k[0] == cellSealed {
				v = bytes.Clone(v)
				v[rng.IntN(len(v))] ^= 1 << rng.IntN(8)
				r.store[k] = v[:len(v)-rng.IntN(2)]
			}
		}
		if err := r.load(); err != nil {
			refused++
			continue
		}
		for _, k := range r.known {
			r.s.has(k)
		}
		r.s.digest()
	}
	if refused == 0 {
		t.Error("nothing was refused")
	}
}

func TestNth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.Uint64().Draw(t, "x") | 1<<rapid.IntRange(0, 63).Draw(t, "bit")
		n := 0
		for at := range 64 {
			if x>>at&1 == 1 {
				if n++; nth(x, n) != at {
					t.Fatalf("the one number %d of %b is at %d, not at %d", n, x, at, nth(x, n))
				}
			}
		}
	})
}

func TestLookingUpAKeyAllocatesNothing(t *testing.T) {
	r := newSeenRig(5)
	r.pass(20_000, false)
	if err := r.add(3000); err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(100, func() { r.s.has(r.known[17]); r.s.has(1) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
