package live

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// Whatever happens, in whatever order, and however slowly clients read or break
// off, in the end each has exactly what asking anew would give, was told of all
// that was left out, and saw each nudge once.
func TestClientsEndWithWhatAFreshQuestionGives(t *testing.T) {
	for range 5 { // one run of rapid's hundred is too few to meet what is rare
		rapid.Check(t, func(rt *rapid.T) {
			var wrong any
			synctest.Test(t, func(t *testing.T) {
				defer func() { wrong = recover() }()
				withHub(carrier{t}, func(o *Options) {
					o.Queue = rapid.SampledFrom([]int{3, 8, 128}).Draw(rt, "queue")
					o.Window = rapid.SampledFrom([]int{2, 16, 256}).Draw(rt, "window")
					o.Windows = rapid.SampledFrom([]int{1000, 1 << 20}).Draw(rt, "windows")
					o.Changes = rapid.SampledFrom([]int{5, 1000}).Draw(rt, "changes")
				}, func(r *rig) { newPlay(rt, r).run() })
			})
			switch is := wrong.(type) {
			case nil:
			case failure:
				rt.Fatal(string(is))
			default:
				panic(wrong) // rapid's own
			}
		})
	}
}

// carrier carries a failure out of a bubble as a panic, so that rapid sees it
// and looks for a shorter one.
type carrier struct{ testing.TB }

type failure string

func (carrier) Fatalf(format string, args ...any) { panic(failure(fmt.Sprintf(format, args...))) }
func (carrier) Fatal(args ...any)                 { panic(failure(fmt.Sprint(args...))) }

// play is one run of the property.
type play struct {
	rt      *rapid.T
	r       *rig
	clients []*client
	open    []map[string]Question // of each client
	away    []bool                // its connection is broken
	scans   []*underway
}

// underway is a scan between its frame and the log.
type underway struct {
	scan    *Scan
	session uint64
	product string
	remove  bool
}

func newPlay(rt *rapid.T, r *rig) *play {
	p := &play{rt: rt, r: r}
	for i, m := range []string{"ida", "bo", "eve"} {
		if i < 2 {
			r.world.known[m] = uint64(i + 1)
		}
		r.world.lists[m] = p.list()
	}
	for _, s := range []string{"@", "@s1"} {
		r.world.lists[s] = p.list()
	}
	for _, id := range []string{"p1", "p2", "p3"} {
		r.world.touching[id] = "offer-of-" + id
	}
	for range 3 {
		p.clients, p.open, p.away = append(p.clients, r.client()), append(p.open, map[string]Question{}), append(p.away, false)
	}
	return p
}

// list draws a list: some of twelve ids, in any order, longer ones too.
func (p *play) list() []Item {
	ids := rapid.SliceOfNDistinct(rapid.IntRange(0, 40), 0, 25, rapid.ID).Draw(p.rt, "list")
	var out []Item
	for i, id := range ids {
		out = append(out, Item{ID: fmt.Sprint("i", id), Score: float64(100 - i), Content: uint64(rapid.IntRange(1, 2).Draw(p.rt, "content"))})
	}
	return out
}

func (p *play) run() {
	p.rt.Repeat(map[string]func(*rapid.T){
		"subscribe":   func(*rapid.T) { p.subscribe() },
		"unsubscribe": func(*rapid.T) { p.unsubscribe() },
		"buys":        func(*rapid.T) { p.buys() },
		"sells":       func(*rapid.T) { p.sells() },
		"offer":       func(*rapid.T) { p.offer() },
		"scan":        func(*rapid.T) { p.scan() },
		"logged":      func(*rapid.T) { p.logged() },
		"flood":       func(*rapid.T) { p.flood() },
		"read":        func(*rapid.T) { p.read() },
		"break":       func(*rapid.T) { p.breaks() },
		"resume":      func(*rapid.T) { p.resumes(rapid.IntRange(0, 2).Draw(p.rt, "client")) },
		"wait":        func(*rapid.T) { p.wait(time.Duration(rapid.IntRange(1, 1500).Draw(p.rt, "ms")) * time.Millisecond) },
	})
	p.end()
}

func (p *play) some() (int, *client) {
	i := rapid.IntRange(0, len(p.clients)-1).Draw(p.rt, "client")
	return i, p.clients[i]
}

// wait lets time pass, closing what was closed.
func (p *play) wait(d time.Duration) {
	pass(d)
	synctest.Wait()
	for i, c := range p.clients {
		if c.wire.closed() != 0 && !p.away[i] {
			c.read()
			c.session.Leave(c.wire)
			p.away[i] = true
		}
	}
}

func (p *play) subscribe() {
	i, c := p.some()
	ref := rapid.SampledFrom([]string{"1", "2", "3", "4"}).Draw(p.rt, "ref")
	if _, taken := p.open[i][ref]; taken || p.away[i] {
		return
	}
	q := rapid.SampledFrom([]Question{
		ofMember("ida"), ofMember("bo"), ofMember("eve"), {Topic: Trending}, {Topic: Trending, Store: "s1"}, {Topic: Events},
		{Topic: Basket, Session: 7, Member: "ida"}, {Topic: Basket, Session: 8}, {Topic: Nudges, Session: 7, Member: "ida"}, {Topic: Nudges, Session: 8, Member: "bo"},
	}).Draw(p.rt, "question")
	c.subscribe(ref, q)
	delete(c.suspect, ref)
	c.nudged[ref], c.events[ref] = nil, nil
	p.open[i][ref] = q
}

func (p *play) unsubscribe() {
	i, c := p.some()
	ref := rapid.SampledFrom([]string{"1", "2", "3", "4"}).Draw(p.rt, "ref")
	if _, there := p.open[i][ref]; !there || p.away[i] {
		return
	}
	c.read() // what crosses an unsubscribe could meet a new one of the same name
	if err := c.session.Unsubscribe(ref); err != nil {
		c.t.Fatal(err)
	}
	c.read()
	delete(p.open[i], ref)
	delete(c.lists, ref)
}

func (p *play) buys() {
	m := rapid.SampledFrom([]string{"ida", "bo", "eve"}).Draw(p.rt, "member")
	list := p.list()
	p.r.world.change(func() {
		p.r.world.lists[m] = list
		if p.r.world.known[m] == 0 {
			p.r.world.known[m] = 9
		}
	})
	p.r.Note([]Change{{Cause: "receipt", Member: p.r.world.Token(m), Tail: []byte(`"receipt"`)}})
}

func (p *play) sells() {
	store := rapid.SampledFrom([]string{"", "s1"}).Draw(p.rt, "store")
	here, all := p.list(), p.list()
	p.r.world.change(func() { p.r.world.lists["@"] = all; p.r.world.lists["@"+store] = here })
	p.r.Note([]Change{{Cause: "receipt", Sales: true, Store: store}})
}

// offer withdraws one that lists show, or publishes one for everybody.
func (p *play) offer() {
	m := rapid.SampledFrom([]string{"ida", "bo", "eve"}).Draw(p.rt, "member")
	list := p.list()
	p.r.world.change(func() {
		if old := p.r.world.lists[m]; len(old) > 0 && rapid.Bool().Draw(p.rt, "withdrawn") {
			p.r.world.lists[m] = slices.Clone(old[1:])
			p.r.world.changed = append(p.r.world.changed, OfferChange{old[0].ID, "offer.withdrawn"})
			return
		}
		p.r.world.lists[m], p.r.world.all = list, true
	})
	p.r.Note([]Change{{Cause: "offer.upserted"}})
}

func (p *play) scan() {
	u := &underway{
		session: rapid.SampledFrom([]uint64{7, 8}).Draw(p.rt, "session"),
		product: rapid.SampledFrom([]string{"p1", "p2", "p3"}).Draw(p.rt, "product"),
		remove:  rapid.Bool().Draw(p.rt, "remove"),
	}
	u.scan = p.r.Scan(u.session, u.product, u.remove)
	p.scans = append(p.scans, u)
}

// logged has the first scan under way end: refused, or applied and then told.
func (p *play) logged() {
	if len(p.scans) == 0 {
		return
	}
	u := p.scans[0]
	p.scans = p.scans[1:]
	if rapid.Bool().Draw(p.rt, "refused") {
		u.scan.Settle(0)
		return
	}
	seq := p.r.world.apply(u.session, u.product, u.remove)
	told := func() { p.r.Note([]Change{{Cause: "scan", Session: u.session, Scanned: true}}) }
	if rapid.Bool().Draw(p.rt, "told first") {
		told()
		synctest.Wait()
		u.scan.Settle(seq)
		return
	}
	u.scan.Settle(seq)
	told()
}

func (p *play) flood() {
	for range rapid.IntRange(1, 10).Draw(p.rt, "events") {
		p.r.Note([]Change{{Cause: "view", Tail: []byte(`"view"`)}})
	}
}

func (p *play) read() {
	i, c := p.some()
	if !p.away[i] {
		synctest.Wait()
		c.read()
	}
}

// breaks breaks a connection; some of what was taken may be lost on its way.
func (p *play) breaks() {
	i, c := p.some()
	if p.away[i] {
		return
	}
	if rapid.Bool().Draw(p.rt, "lost on the way") {
		c.session.Take(c.wire, nil)
	}
	c.session.Leave(c.wire)
	p.away[i] = true
}

func (p *play) resumes(i int) {
	c := p.clients[i]
	switch {
	case !p.away[i]:
		return
	case c.resume():
		p.away[i] = false
	default: // nothing was watched, or for too long
		p.clients[i], p.open[i], p.away[i] = p.r.client(), map[string]Question{}, false
	}
}

// end lets all that is under way come to rest, and compares.
func (p *play) end() {
	for len(p.scans) > 0 {
		p.logged()
	}
	for range 90 { // what no change tells is asked again within a minute
		for i := range p.clients {
			p.resumes(i)
		}
		p.wait(time.Second)
		for _, c := range p.clients {
			c.read()
		}
	}
	for i, c := range p.clients {
		for ref, q := range p.open[i] {
			switch q.Topic {
			case Events:
			case Nudges:
				p.allNudged(c, ref, q)
			default:
				c.wants(ref, p.r.world.list(&q, Pending{}))
			}
			if c.suspect[ref] {
				c.t.Fatalf("%s misses frames and no resync said so", ref)
			}
		}
	}
}

// allNudged checks that what the basket touches now was told.
func (p *play) allNudged(c *client, ref string, q Question) {
	for _, id := range p.r.world.basket(q.Session, Pending{}) {
		if o := p.r.world.touching[id]; o != "" && !slices.Contains(c.nudged[ref], Nudge{o, id}) {
			c.t.Fatalf("%s was not told that %s is touched by %s: %v", ref, o, id, c.nudged[ref])
		}
	}
}
