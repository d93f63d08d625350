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
	*m = event.Member{HomeStore: b.stores[g.p.home], Chains: []string{chain}, Timezone: zone, Attributes: g.attrs.take(1)}
	m.Attributes[0] = event.Attribute{Name: "household", Value: event.Value{Kind: event.KindText, Text: g.p.household()}}
	g.put(b.admitted(event.TypeMemberUpserted, uint64(i), b.until-8*dayMillis, m), token)

	g.c.start(g.p.key, forBasket)
	b.shopFor(g)
	gap := event.Millis((3 + 6*g.c.unit()) * float64(dayMillis))
	start := 0
	for k, end := range g.ends {
		at := b.until - event.Millis(len(g.ends)-k)*gap + event.Millis(g.c.below(int(gap/2)))
		b.bought(g, token, uint64(i)<<16|uint64(k), at, g.products[start:end])
		start = end
	}
	b.offered(g, i, token)
}

// bought puts a receipt.
func (b *Base) bought(g *Batch, token event.Token, n uint64, at event.Millis, products []int32) {
	r := &g.receipts.take(1)[0]
	*r = event.Receipt{Currency: "DKK", Lines: g.lines.take(len(products))}
	for i, product := range products {
		e := &b.shop.products[product]
		r.Lines[i] = event.Line{Product: e.Product, Qty: 1, Price: e.Price}
	}
	ev := b.admitted(event.TypeReceipt, n, at, r)
	ev.Store, ev.Chain = b.stores[g.p.home], b.shop.chains[g.p.chain].id
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

// shopFor fills g.products and g.ends with receipts that hold as many different
// products as a member's history has. Staples come again and again; of the rest
// each is new.
func (b *Base) shopFor(g *Batch) {
	g.products, g.ends = g.products[:0], g.ends[:0]
	g.marked++
	for left := b.opt.History; left > 0; {
		start := len(g.products)
		for range min(3, b.opt.Lines-1, g.p.kept) {
			k := g.p.staples[g.c.below(g.p.kept)].product
			if g.mark[k] != g.marked {
				g.mark[k] = g.marked
				left--
			} else if contains(g.products[start:], k) {
				continue
			}
			g.products = append(g.products, k)
			if left == 0 {
				break
			}
		}
		for ; left > 0 && len(g.products)-start < b.opt.Lines; left-- {
			g.products = append(g.products, b.another(g))
		}
		g.ends = append(g.ends, len(g.products))
	}
}

func contains(products []int32, product int32) bool {
	for _, have := range products {
		if have == product {
			return true
		}
	}
	return false
}

// another draws a product that g.p has not had, by taste as far as that leads.
func (b *Base) another(g *Batch) int32 {
	for try := 0; ; try++ {
		product := int32(g.c.below(len(b.shop.products)))
		if try < 4 && !g.c.happens(0.15) {
			good := int32(b.shop.popular.draw(&g.c))
			if g.c.happens(0.4) {
				k := g.p.favourites[g.c.below(len(g.p.favourites))]
				good = b.shop.categories[k][b.shop.within[k].draw(&g.c)]
			}
			product = b.shop.choose(&g.p, good, &g.c)
		}
		if g.mark[product] != g.marked {
			g.mark[product] = g.marked
			return product
		}
	}
}

// More fills g with n receipts that the members leave after Until, the first of
// them the k-th of all. They are received as they are bought.
func (b *Base) More(g *Batch, k, n int) {
	g.reset(len(b.shop.products))
	for i := k; i < k+n; i++ {
		member := b.Buyer(i)
		b.shop.meet(&g.p, member, &g.c)
		g.c.start(g.p.key, uint64(i)+1<<40)
		g.marked++
		g.products = g.products[:0]
		for range b.opt.Lines {
			if s := g.p.staples[g.c.below(g.p.kept)].product; g.mark[s] != g.marked && g.c.happens(0.4) {
				g.mark[s] = g.marked
				g.products = append(g.products, s)
				continue
			}
			g.products = append(g.products, b.another(g))
		}
		at := b.until + event.Millis(i)
		b.bought(g, b.Token(member), 1<<56|uint64(i), at, g.products)
		g.Events[len(g.Events)-1].Received = at
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
