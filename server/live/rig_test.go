package live

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is a Source that holds what it is told to.
type world struct {
	mu       sync.Mutex
	lists    map[string][]Item   // of offers by member, and of what is trending by store
	baskets  map[uint64][]string // by session
	touching map[string]string   // which offer a product is part of
	known    map[string]uint64
	changed  []OfferChange
	all      bool
	pos      uint64
	ends     time.Time
	asked    int
	panics   bool
	takes    time.Duration // to answer a question
}

func newWorld() *world {
	return &world{lists: map[string][]Item{}, baskets: map[uint64][]string{}, touching: map[string]string{}, known: map[string]uint64{}}
}

// change changes the world.
func (w *world) change(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f()
}

func (w *world) Asker() Asker { return &asker{w: w} }

func (w *world) Token(member string) uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.known[member]
}

func (w *world) Position() uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.pos
}

func (w *world) Offers() ([]OfferChange, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	changed, all := w.changed, w.all
	w.changed, w.all = nil, false
	return changed, all
}

// list answers a question: of a basket, what goes with each of its products.
func (w *world) list(q *Question, p Pending) []Item {
	switch q.Topic {
	case Offers:
		return w.lists[q.Member]
	case Trending:
		return w.lists["@"+q.Store]
	case Basket:
		var out []Item
		for _, id := range w.basket(q.Session, p) {
			out = append(out, Item{ID: "goes-with-" + id, Score: float64(len(id)), Content: 1})
		}
		return out
	case Nudges, Events: // no lists
	}
	return nil
}

func (w *world) basket(session uint64, p Pending) []string {
	in := map[string]bool{}
	for _, id := range append(slices.Clone(w.baskets[session]), p.Added...) {
		in[id] = true
	}
	for _, id := range p.Removed {
		delete(in, id)
	}
	return slices.Sorted(maps.Keys(in))
}

// apply puts a scan into a session's basket, as the log would.
func (w *world) apply(session uint64, product string, remove bool) uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.baskets[session] = slices.DeleteFunc(slices.Clone(w.baskets[session]), func(id string) bool { return id == product })
	if !remove {
		w.baskets[session] = append(w.baskets[session], product)
	}
	w.pos++
	return w.pos
}

type asker struct {
	w       *world
	listing Listing
	nudges  []Nudge
}

func (a *asker) List(q *Question, p Pending) *Listing {
	a.w.mu.Lock()
	defer a.w.mu.Unlock()
	if takes := a.w.takes; takes > 0 {
		a.w.mu.Unlock()
		pass(takes)
		a.w.mu.Lock()
	}
	a.w.asked++
	if a.w.panics {
		panic("the source's")
	}
	a.listing = Listing{Items: slices.Clone(a.w.list(q, p)), Ends: a.w.ends}
	return &a.listing
}

// wireItem is an item with its rank.
type wireItem struct {
	Item
	Rank int
}

type wireDelta struct {
	Added, Changed, Moved []wireItem
	Removed               []string
	Cause                 string
}

func (a *asker) Snapshot() []byte {
	places := make([]int, len(a.listing.Items))
	for i := range places {
		places[i] = i
	}
	return marshal(a.items(places))
}

func (a *asker) items(places []int) (out []wireItem) {
	for _, i := range places {
		out = append(out, wireItem{a.listing.Items[i], i + 1})
	}
	return out
}

func (a *asker) Delta(d *Delta) []byte {
	return marshal(wireDelta{a.items(d.Added), a.items(d.Changed), a.items(d.Moved), slices.Clone(d.Removed), d.Cause})
}

func (a *asker) Nudges(q *Question, p Pending) []Nudge {
	a.w.mu.Lock()
	defer a.w.mu.Unlock()
	a.nudges = nil
	for _, id := range a.w.basket(q.Session, p) {
		if o := a.w.touching[id]; o != "" {
			a.nudges = append(a.nudges, Nudge{o, id})
		}
	}
	return a.nudges
}

func (a *asker) Nudge(i int) []byte { return marshal(a.nudges[i]) }

func marshal(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // plain values always marshal
	}
	return b
}

// wireFrame is a Frame as its bytes say.
type wireFrame struct {
	Kind    Kind
	Ref     string
	Seq     uint64
	Skipped int
	Data    []byte
}

func encode(f *Frame) []byte { return marshal(wireFrame(*f)) }

// rig is a hub that runs in a bubble.
type rig struct {
	*Hub
	t     testing.TB
	world *world
	names int
}

// bubble runs a test with a hub, whose clock is the bubble's.
func bubble(t *testing.T, change func(*Options), f func(r *rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { withHub(t, change, f) })
}

func withHub(t testing.TB, change func(*Options), f func(r *rig)) {
	r := &rig{t: t, world: newWorld()}
	opt := Options{Source: r.world, Encode: encode, Now: time.Now, Name: func() string { r.names++; return fmt.Sprint("session-", r.names) }}
	if change != nil {
		change(&opt)
	}
	var err error
	if r.Hub, err = New(opt); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	defer func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}()
	f(r)
}

// wire is a connection: an Outlet.
type wire struct {
	mu    sync.Mutex
	awake int
	code  Code
}

func (w *wire) Wake() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.awake++
}

func (w *wire) Close(code Code) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.code == 0 {
		w.code = code
	}
}

func (w *wire) closed() Code {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.code
}

// client is the slow, obvious other end: it keeps the lists that it is told.
type client struct {
	t       testing.TB
	hub     *Hub
	wire    *wire
	session *Session
	seq     uint64
	lists   map[string][]wireItem // by ref
	nudged  map[string][]Nudge
	events  map[string][]string
	suspect map[string]bool // what must begin anew: frames before it are missing
	fresh   map[string]bool // what was asked for and has not begun
	causes  []string
	log     []wireFrame
	plain   []string // frames that are not kept
}

func (r *rig) client() *client {
	c := &client{
		t: r.t, hub: r.Hub, lists: map[string][]wireItem{}, nudged: map[string][]Nudge{}, events: map[string][]string{}, suspect: map[string]bool{}, fresh: map[string]bool{},
	}
	c.wire = &wire{}
	c.session = r.Open(c.wire, func(name string) []byte { return []byte("!welcome " + name) })
	return c
}

func (c *client) subscribe(ref string, q Question) {
	c.t.Helper()
	if err := c.session.Subscribe(ref, q); err != nil {
		c.t.Fatal(err)
	}
	c.lists[ref], c.fresh[ref] = nil, true
}

// read takes what there is and applies it.
func (c *client) read() *client {
	c.t.Helper()
	for {
		frames := c.session.Take(c.wire, nil)
		if len(frames) == 0 {
			return c
		}
		for _, f := range frames {
			c.frame(f)
		}
	}
}

// settled waits until nothing happens any more, and reads.
func (c *client) settled() *client {
	c.t.Helper()
	synctest.Wait()
	return c.read()
}

func (c *client) frame(text []byte) {
	c.t.Helper()
	if text[0] == '!' {
		c.plain = append(c.plain, string(text))
		return
	}
	var f wireFrame
	if err := json.Unmarshal(text, &f); err != nil {
		c.t.Fatal(err)
	}
	c.log = append(c.log, f)
	if f.Seq <= c.seq {
		c.t.Fatalf("frame %d came after %d", f.Seq, c.seq)
	}
	if f.Seq != c.seq+1 {
		for ref := range c.lists {
			c.suspect[ref] = !c.fresh[ref]
		}
	}
	c.seq = f.Seq
	if _, mine := c.lists[f.Ref]; !mine {
		return // it crossed the unsubscribe
	}
	if c.suspect[f.Ref] && f.Kind != Resync {
		c.t.Fatalf("frames before %d are missing, and no resync says so", f.Seq)
	}
	c.apply(&f)
}

func (c *client) apply(f *wireFrame) {
	switch f.Kind {
	case Resync:
		c.suspect[f.Ref] = false
		c.lists[f.Ref], c.nudged[f.Ref], c.events[f.Ref] = nil, nil, nil
	case Snapshot:
		delete(c.fresh, f.Ref)
		var items []wireItem
		c.decode(f.Data, &items)
		c.lists[f.Ref] = items
	case DeltaFrame:
		var d wireDelta
		c.decode(f.Data, &d)
		c.causes = append(c.causes, d.Cause)
		c.lists[f.Ref] = applied(c.lists[f.Ref], &d)
	case NudgeFrame:
		var n Nudge
		c.decode(f.Data, &n)
		if slices.Contains(c.nudged[f.Ref], n) {
			c.t.Fatalf("%v was told twice", n)
		}
		c.nudged[f.Ref] = append(c.nudged[f.Ref], n)
	case EventFrame:
		c.events[f.Ref] = append(c.events[f.Ref], string(f.Data))
	}
}

func (c *client) decode(data []byte, into any) {
	if err := json.Unmarshal(data, into); err != nil {
		c.t.Fatal(err)
	}
}

// applied is the list after a delta, as the wire's description has it.
func applied(list []wireItem, d *wireDelta) []wireItem {
	by := map[string]wireItem{}
	for _, it := range list {
		by[it.ID] = it
	}
	for _, id := range d.Removed {
		delete(by, id)
	}
	for _, it := range slices.Concat(d.Added, d.Changed) {
		by[it.ID] = it
	}
	for _, it := range d.Moved {
		old := by[it.ID]
		old.Rank, old.Score = it.Rank, it.Score
		by[it.ID] = old
	}
	return slices.SortedFunc(maps.Values(by), func(a, b wireItem) int { return a.Rank - b.Rank })
}

// wants checks a list: ids, ranks and contents.
func (c *client) wants(ref string, want []Item) {
	c.t.Helper()
	got := c.lists[ref]
	if len(got) != len(want) {
		c.t.Fatalf("%s is %v, expected %v", ref, got, want)
	}
	for i := range want {
		if got[i].ID != want[i].ID || got[i].Rank != i+1 || got[i].Content != want[i].Content {
			c.t.Fatalf("%s is %v, expected %v", ref, got, want)
		}
	}
}

// resume goes on over another connection, as a client that saw all up to seq.
func (c *client) resume() bool {
	w := &wire{}
	s := c.hub.Resume(c.session.Name(), c.seq, w, []byte("!resumed"))
	if s == nil {
		return false
	}
	c.session, c.wire = s, w
	return true
}

func items(ids ...string) []Item {
	var out []Item
	for i, id := range ids {
		out = append(out, Item{ID: id, Score: float64(100 - i), Content: 1})
	}
	return out
}

// pass lets the bubble's clock go on.
func pass(d time.Duration) { <-time.After(d) }
