package gen

import (
	"iter"
	"sync"

	"nabo/engine/event"
)

// What a base's members do. A week's newsletter reaches six in ten, and of the
// others none; 7.5 in a hundred activate up to four offers.
const (
	reachedShare = 0.6
	activeShare  = 0.075
	shownCount   = 35
	takenCount   = 4
)

// longAgo is how many days back a base looks for a member's receipts at most:
// four years.
const longAgo = cycleDays

// Members fills g with all events of the members from one number up to, not
// including, another: what is known of them, their receipts, what they were
// shown and what they activated.
func (b *Base) Members(g *Batch, from, to int) {
	g.reset(len(b.shop.products))
	for i := from; i < to; i++ {
		b.shop.meet(&g.p, i, &g.c)
		b.member(g, i)
	}
}

func (b *Base) member(g *Batch, i int) {
	token := b.Token(i)
	m := &g.members.take(1)[0]
	chain := b.shop.chains[g.p.chain].id
	*m = event.Member{HomeStore: b.shop.stores[g.p.home], Chains: []string{chain}, Timezone: zone, Attributes: g.attrs.take(1)}
	m.Attributes[0] = event.Attribute{Name: "household", Value: event.Value{Kind: event.KindText, Text: g.p.household()}}
	g.put(b.admitted(event.TypeMemberUpserted, uint64(i), b.until-8*dayMillis, m), token)

	b.lookBack(g)
	for k := len(g.trips) - 1; k >= 0; k-- {
		b.bought(g, token, uint64(i)<<16|uint64(k), &g.trips[k])
	}
	g.c.start(g.p.key, forBasket)
	b.offered(g, i, token)
}

// trip is one visit of a member's who showed the card.
type trip struct {
	at       event.Millis
	store    int32
	from, to int // in the batch's products
}

// lookBack fills g.trips with the visits of g.p before Until, the last one
// first, until they hold as many different products as a member's history has.
// Of the earliest it may leave something out.
func (b *Base) lookBack(g *Batch) {
	g.trips, g.products, g.qty = g.trips[:0], g.products[:0], g.qty[:0]
	g.marked++
	last := dayOf(b.until) - 1
	for day, left := last, b.opt.History; left > 0 && day > last-longAgo; day-- {
		if !b.shop.visits(g.p.key, day) {
			continue
		}
		if !b.visit(g, day) {
			continue
		}
		t := &g.trips[len(g.trips)-1]
		for i, product := range g.products[t.from:] {
			if g.mark[product] == g.marked {
				continue
			}
			if left == 0 {
				t.to = t.from + i
				break
			}
			g.mark[product] = g.marked
			left--
		}
	}
}

// visit adds the visit of g.p on a day to g.trips; false: they bought nothing,
// or left the card at home.
func (b *Base) visit(g *Batch, day int64) bool {
	crazes := b.shop.crazesOn(day)
	b.shop.fill(&g.b, &g.p, day, &crazes, &g.c)
	if !g.b.card || len(g.b.products) == 0 {
		return false
	}
	from := len(g.products)
	g.products, g.qty = append(g.products, g.b.products...), append(g.qty, g.b.qty...)
	at := startOf(day) + b.shop.entry(g.p.key, day, &g.c)
	g.trips = append(g.trips, trip{at, g.b.store, from, len(g.products)})
	return true
}

// bought puts a receipt.
func (b *Base) bought(g *Batch, token event.Token, n uint64, t *trip) {
	r := &g.receipts.take(1)[0]
	*r = event.Receipt{Currency: "DKK", Lines: g.lines.take(t.to - t.from)}
	for i := range r.Lines {
		e := &b.shop.products[g.products[t.from+i]]
		r.Lines[i] = event.Line{Product: e.Product, Qty: float64(g.qty[t.from+i]), Price: e.Price}
	}
	ev := b.admitted(event.TypeReceipt, n, t.at, r)
	ev.Store, ev.Chain = b.shop.stores[t.store], b.shop.chains[t.store%chainCount].id
	g.put(ev, token)
}

// offered puts what a member was shown last week, and what they activated.
func (b *Base) offered(g *Batch, i int, token event.Token) {
	first := g.c.below(len(b.deals))
	if g.c.happens(reachedShare) {
		shown := &g.shown.take(1)[0]
		*shown = event.Impression{IDs: b.ids[first : first+min(shownCount, len(b.deals))], Channel: "email"}
		g.put(b.admitted(event.TypeImpression, uint64(i), b.until-6*dayMillis, shown), token)
	}
	if !g.c.happens(activeShare) {
		return
	}
	n := 0
	for k := 0; k < len(b.deals) && n < takenCount; k++ {
		d := &b.deals[(first+k)%len(b.deals)]
		if !d.isFor(&g.p) || !b.shop.takes(&g.p, d) {
			continue
		}
		taken := &g.taken.take(1)[0]
		*taken = event.OfferActivated{Offer: d.offer.Offer, Channel: "inapp"}
		at := b.until - dayMillis + event.Millis(n)*20_000
		g.put(b.admitted(event.TypeOfferActivated, uint64(i)<<8|uint64(n), at, taken), token)
		n++
	}
}

// soon is within how many days of Until the visits fall whose receipts More
// hurries along.
const soon = 28

// More fills g with n receipts that members leave after Until, the first of
// them the k-th of all. They are those of the visits to come, as a Shop's walk
// makes them, but in no order and one a millisecond; they are received as they
// are bought.
func (b *Base) More(g *Batch, k, n int) {
	g.reset(len(b.shop.products))
	today := dayOf(b.until)
	for i := k; i < k+n; i++ {
		g.trips, g.products, g.qty = g.trips[:0], g.products[:0], g.qty[:0]
		member := 0
		for try := uint64(0); len(g.trips) == 0; try++ {
			h := mix(mix(b.shop.key+1, uint64(i)), try)
			member = int(h % uint64(b.opt.Members))
			// Who is alone may not come soon: look further ahead by and by.
			key, day := b.shop.keyOf(member), today+1+int64(h>>32%(soon*(1+try/64)))
			if b.shop.visits(key, day) {
				b.shop.meet(&g.p, member, &g.c)
				b.visit(g, day)
			}
		}
		at := b.until + event.Millis(i)
		g.trips[0].at = at
		b.bought(g, b.Token(member), 1<<56|uint64(i), &g.trips[0])
		g.Events[len(g.Events)-1].Received = at
		g.Buyers = append(g.Buyers, member)
	}
}

// membersAtOnce is how many members make a group.
const membersAtOnce = 64

// Groups yields the whole base in groups, each for one ApplyGroup: the
// catalogue and then the members, in order. So many workers make groups ahead,
// a few each; what is yielded does not depend on their number. A group is the
// loop's until its next turn.
func (b *Base) Groups(workers int) iter.Seq[[]event.Event] {
	return func(yield func([]event.Event) bool) {
		for all := b.Catalogue(); len(all) > 0; {
			n := min(len(all), 1000)
			if !yield(all[:n]) {
				return
			}
			all = all[n:]
		}
		workers = max(workers, 1)
		stop := make(chan struct{})
		var wait sync.WaitGroup
		defer wait.Wait()
		defer close(stop)
		lanes := make([]baseLane, workers)
		for i := range lanes {
			lanes[i] = newBaseLane()
			wait.Go(func() { lanes[i].run(b, i, workers, stop) })
		}
		for n := 0; n*membersAtOnce < b.opt.Members; n++ {
			l := &lanes[n%workers]
			g := <-l.made
			if !yield(g.Events) {
				return
			}
			l.free <- g
		}
	}
}

// baseLane is one worker's groups: those made and those to fill again. All of
// them fit into either, so that only an empty one makes anybody wait.
type baseLane struct{ made, free chan *Batch }

func newBaseLane() baseLane {
	const ahead = 4
	l := baseLane{make(chan *Batch, ahead), make(chan *Batch, ahead)}
	for range ahead {
		l.free <- new(Batch)
	}
	return l
}

// run makes every step-th group from the first on.
func (l *baseLane) run(b *Base, first, step int, stop <-chan struct{}) {
	for n := first; n*membersAtOnce < b.opt.Members; n += step {
		select {
		case <-stop:
			return
		case g := <-l.free:
			b.Members(g, n*membersAtOnce, min((n+1)*membersAtOnce, b.opt.Members))
			l.made <- g
		}
	}
}
