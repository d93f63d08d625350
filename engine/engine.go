// Package engine holds the state of a shop's recommendations, the one way to
// change it, and the questions that can be asked of it.
package engine

import (
	"context"
	"math"
	"sync"
	"sync/atomic"

	"nabo/engine/event"
	"nabo/engine/expr"
	"nabo/engine/offer"
	"nabo/engine/rank"
	"nabo/graph"
)

// Engine is the state. ApplyGroup, or Apply and Publish, and BeginCheckpoint
// are one goroutine's, the writer's, and Refresh is another's; everything else
// may be called by anybody at any time once the state is loaded.
type Engine struct {
	opt Options

	bought  *graph.Pairs
	viewed  *graph.Pairs
	goods   *graph.Members
	visits  *graph.Members // members' bindings to scopes: where they buy
	trends  *graph.Trends
	series  *graph.Series
	refined *graph.Refined

	catalogue catalogue
	places    places
	people    people
	seen      seen
	popular   popular
	habits    atomic.Pointer[habits]

	book      *offer.Book
	scenarios scenarios
	defaults  map[string]*rank.Scenario // those that no event has set; never changed
	programs  *expr.Cache
	lenses    lenses
	verdicts  verdicts
	zones     zones
	frozen    atomic.Pointer[Frozen]
	searches  searches

	// writing is held by the writer for one group of events, and by Digest.
	writing sync.Mutex

	// What follows is the writer's.
	recent   recent
	sessions sessions
	now      event.Millis // the latest Received; never goes backward
	counts   [event.TypeScenarioChanged + 1]uint64
	buf      buffers
	aside    aside
	reKinded bool // what some offer covers has another category or brand now

	clock      atomic.Int64 // the newest receipt's time
	applied    atomic.Uint64
	duplicates atomic.Uint64

	progress progress
	redo     redo
}

// buffers are the writer's, used again for each event.
type buffers struct {
	bought, back []graph.Node
	before       []float32
	damp         []uint8
	place        []graph.Node
	record       offer.Record
	amounts      []float64
}

// New makes an empty engine.
func New(opt Options) (*Engine, error) {
	opt = opt.withDefaults()
	if err := opt.validate(); err != nil {
		return nil, err
	}
	e := &Engine{
		opt:    opt,
		bought: graph.NewPairs(opt.Bought),
		viewed: graph.NewPairs(opt.Viewed),
		goods:  graph.NewMembers(opt.Members),
		visits: graph.NewMembers(graph.MemberOptions{HalfLife: opt.Members.HalfLife, Products: 16, Whole: opt.Members.Whole}),
		trends: graph.NewTrends(0),
		series: graph.NewSeries(),
	}
	e.habits.Store(&habits{chances: e.goods.Chances(0)})
	if opt.Bought.Whole != 0 {
		e.trends.Whole = opt.Bought.Whole
	}
	e.refined = graph.NewRefined(e.bought, opt.Refine)
	e.programs = expr.NewCache(programsKept)
	e.defaults = builtIns()
	e.book = offer.NewBook(e.bookOptions())
	e.scenarios.init()
	e.lenses.init(e.book.View(), &e.catalogue.traits, e.refined.Now())
	e.catalogue.init()
	e.places.init()
	e.people.init()
	e.seen.init(opt.DedupeDays)
	e.recent.init(opt.Recent)
	e.sessions.init()
	e.aside.init(e.bought)
	e.progress.init()
	e.scope(everywhere, "")
	return e, nil
}

// programsKept is how many compiled expressions are kept.
const programsKept = 1024

func (e *Engine) bookOptions() offer.Options {
	opt := e.opt.Offers.asBook()
	opt.Compile = func(src string) (*expr.Program, error) { return e.programs.Get(src, expr.Filter) }
	opt.Category = func(n graph.Node) string { return e.catalogue.items[n].Category }
	return opt
}

// Outcome says what Apply made of an event.
type Outcome uint8

// The outcomes.
const (
	Applied   Outcome = iota + 1
	Duplicate         // an event with this key was applied before; nothing changed
)

// ApplyGroup applies the events of one log message, at its position, and
// publishes the position.
func (e *Engine) ApplyGroup(pos uint64, evs []event.Event) {
	e.writing.Lock()
	defer e.writing.Unlock()
	e.aside.begin(len(evs))
	for i := range evs {
		if i%warmAtOnce == 0 && len(evs) > 1 {
			e.warm(evs[i:min(i+warmAtOnce, len(evs))])
		}
		e.Apply(pos, evs[i].Received, &evs[i])
	}
	e.aside.end()
	e.Publish(pos)
}

// Apply changes the state by one event of the log, in its admitted form. pos
// is its position in the log; now is when it was admitted, and is taken to
// stand still where it goes backward. Applying an event again changes nothing.
// What Apply does depends on the events before it and the Options alone.
func (e *Engine) Apply(pos uint64, now event.Millis, ev *event.Event) Outcome {
	e.now = max(e.now, now)
	e.seen.pass(graph.DayOf(int64(e.now)))
	if !e.seen.add(ev.Key, graph.DayOf(int64(e.now))) {
		e.duplicates.Add(1)
		return Duplicate
	}
	e.sessions.expire(e.now, e.opt)
	e.applied.Add(1)
	if int(ev.Type) < len(e.counts) {
		e.counts[ev.Type]++
	}
	e.preserve(ev)
	if e.claim(ev) {
		return Applied
	}
	switch b := ev.Body.(type) {
	case *event.Receipt:
		e.receipt(ev, b)
	case *event.View:
		e.view(ev, b)
	case *event.Cart:
		e.cart(ev, b)
	case *event.Scanned:
		e.scan(ev, b)
	case *event.Product:
		e.catalogue.upsert(e, b)
	case *event.ProductDeleted:
		e.deleteProduct(b.Product)
	case *event.Stock:
		e.stock(ev, b)
	case *event.Member:
		e.people.upsert(e, ev.Member, b)
	case *event.MemberErased:
		e.erase(ev.Member)
	case *event.MemberMerged:
		e.merge(ev.Member, b.Into)
	case *event.MemberIdentified:
		e.identify(ev)
	case *event.Signal:
		e.signal(ev, b)
	}
	return Applied
}

// Seen says whether an event with this key was applied and is remembered.
func (e *Engine) Seen(key uint64) bool { return e.seen.has(key) }

// Clock returns the moment that answers are faded to when asked at now: the
// newest receipt's time, or now if that is earlier. So a history that was
// imported reads as of its last day, and a live shop as of this moment.
func (e *Engine) Clock(now event.Millis) event.Millis {
	if c := event.Millis(e.clock.Load()); c != 0 && c < now {
		return c
	}
	return now
}

// tick moves the clock on to a receipt's time, but not past now.
func (e *Engine) tick(at event.Millis) {
	e.clock.Store(max(e.clock.Load(), int64(min(at, e.now))))
}

// progress is how far the log is applied, and who waits for more.
type progress struct {
	pos  atomic.Uint64
	mu   sync.Mutex
	more chan struct{} // closed at the next Publish; guarded by mu
}

func (p *progress) init() { p.more = make(chan struct{}) }

// Publish says that all of the log up to and with pos is applied, and wakes
// those who Wait for it.
func (e *Engine) Publish(pos uint64) {
	e.seal()
	e.progress.mu.Lock()
	defer e.progress.mu.Unlock()
	e.progress.pos.Store(pos)
	close(e.progress.more)
	e.progress.more = make(chan struct{})
}

// Position returns up to where the log is applied.
func (e *Engine) Position() uint64 { return e.progress.pos.Load() }

// Wait returns when the log is applied up to pos, or with ctx's error.
func (e *Engine) Wait(ctx context.Context, pos uint64) error {
	for {
		e.progress.mu.Lock()
		more := e.progress.more
		e.progress.mu.Unlock()
		if e.Position() >= pos {
			return nil
		}
		select {
		case <-more:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Refresh makes anew what is derived from the state and has gone stale: the
// refined edges, and what Freshen makes. It returns how many products it
// refined. One goroutine calls it, or RefreshStep and Freshen, now and then.
func (e *Engine) Refresh(ctx context.Context) int {
	at := e.Clock(math.MaxInt64)
	n := e.refined.Refresh(ctx, int64(at))
	e.revoice()
	e.Freshen()
	return n
}

// Freshen makes anew what is derived and cheap: what sells where, and what
// offers have brought. The refreshing goroutine calls it every second or so;
// it takes some milliseconds.
func (e *Engine) Freshen() {
	at := e.Clock(math.MaxInt64)
	e.popular.refresh(e, at)
	e.reHabit(int64(at))
	e.reSignal(at)
}

// RefreshStep refines at most limit products of a round over all that have gone
// stale. It says whether that ended the round, and whether there is reason for haste: many products
// have no refined edges yet. A product takes some tenths of a millisecond.
func (e *Engine) RefreshStep(ctx context.Context, limit int) (done, behind bool) {
	at := e.Clock(math.MaxInt64)
	_, done = e.refined.Step(ctx, int64(at), limit)
	e.revoice()
	return done, e.refined.Behind()
}
