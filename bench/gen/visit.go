package gen

import (
	"nabo/engine/event"
)

// selfScanShare is the share of the visits to the first chain, the one with
// hand scanners, in which they are used.
const selfScanShare = 0.12

// visit makes the receipt of w.p's visit and, where the goods were scanned
// while they were picked, the scans before it.
func (w *walk) visit(at event.Millis) {
	w.fill(&w.b, &w.p, w.day, &w.crazes, &w.c)
	if len(w.b.products) == 0 {
		return
	}
	session, entered := "", at
	if w.b.store%chainCount == 0 && w.c.happens(selfScanShare) {
		session = w.name("scan", w.day, int64(w.p.number))
		at = w.scan(at, session)
	}
	ev := w.receipt(at, w.name("r", w.day, int64(w.p.number)), session)
	w.redeem(ev, entered)
	w.put(ev)
}

// receipt makes a receipt of w.b; the id and the session are as given.
func (w *walk) receipt(at event.Millis, id, session string) *event.Event {
	r := &struct {
		ev   event.Event
		body event.Receipt
	}{}
	r.body = event.Receipt{Currency: "DKK", Lines: w.lines(&w.b, &w.c)}
	r.ev = event.Event{
		Type: event.TypeReceipt, Time: at, ID: id, Source: w.source, SessionID: session,
		Store: w.StoreID(int(w.b.store)), Chain: w.chains[w.b.store%chainCount].id, Body: &r.body,
	}
	if w.b.card {
		r.ev.MemberID = w.MemberID(w.p.number)
	}
	return &r.ev
}

// scan makes the scans of w.b, some half a minute apart, and returns when the
// last one is paid. Now and then something goes back to the shelf.
func (w *walk) scan(at event.Millis, session string) event.Millis {
	n := int64(0)
	put := func(product int32, action event.Action) {
		ev := &event.Event{
			Type: event.TypeScan, Time: at, ID: w.name(session, n), Source: w.source, SessionID: session,
			Store: w.StoreID(int(w.b.store)), Chain: w.chains[w.b.store%chainCount].id,
			Body: &event.Scanned{Product: w.products[product].Product, Action: action},
		}
		if w.b.card {
			ev.MemberID = w.MemberID(w.p.number)
		}
		w.put(ev)
		n++
		at += event.Millis(10_000 + w.c.below(50_000))
	}
	for _, product := range w.b.products {
		put(product, event.ActionAdd)
		if w.c.happens(0.03) {
			// One too many: it was scanned twice.
			put(product, event.ActionAdd)
			put(product, event.ActionRemove)
		}
	}
	return at + 60_000
}

// bringBack makes the receipt of something from the visit before that comes
// back.
func (w *walk) bringBack(at event.Millis) {
	last := w.day - w.before(w.p.key, w.day)
	crazes := w.crazesOn(last)
	w.fill(&w.b, &w.p, last, &crazes, &w.c)
	if len(w.b.products) == 0 {
		return
	}
	i := w.c.below(len(w.b.products))
	w.b.products, w.b.qty = w.b.products[i:i+1], w.b.qty[i:i+1]
	ev := w.receipt(at, w.name("b", w.day, int64(w.p.number)), "")
	body := ev.Body.(*event.Receipt)
	body.OriginalID = w.name("r", last, int64(w.p.number))
	body.Lines[0].Return, body.Lines[0].Discount = true, 0
	w.put(ev)
}

// The shares of those who browse for the goods of an errand, and of those who
// look for one good or two and compare what there is.
const (
	planShare    = 0.3
	compareShare = 0.5
)

// browse makes the views of somebody who looks around in the webshop: for the
// goods of one errand, for the best of a kind, or for what they like.
func (w *walk) browse(at event.Millis) {
	w.c.start(mix(w.p.key, forBrowse), uint64(w.day)+1<<40)
	w.b.products, w.b.qty = w.b.products[:0], w.b.qty[:0]
	w.b.store = 0 // all that the first chain has
	switch u := w.c.unit(); {
	case u < planShare:
		w.addErrand(&w.b, &w.p, w.errands[weekdayOf(w.day)].draw(&w.c), &w.c)
		w.addWhims(&w.b, &w.p, 1+w.c.below(3), &w.c)
	case u < planShare+compareShare:
		for range 1 + w.c.below(2) {
			w.compare(int32(w.popular.draw(&w.c)))
		}
	default:
		w.addWhims(&w.b, &w.p, 2+w.c.below(4), &w.c)
	}
	member := ""
	if w.p.number < w.opt.Members && w.c.happens(0.7) {
		member = w.MemberID(w.p.number)
	}
	session := w.name("web", w.day, int64(w.p.number))
	at = w.views(at, session, member)
	if w.year != nil {
		w.b.card = false // the receipt says whose it is by the session
		w.shopOnline(at, session, member)
	}
}

// compare adds two to four of a good's products, the common ones more often:
// what is looked at together and not bought together can stand in for each
// other.
func (w *walk) compare(good int32) {
	g := &w.goods[good]
	if !w.p.uses(g) {
		return
	}
	for range 2 + w.c.below(3) {
		w.b.add(w.Shop, int32(g.first+g.pick.draw(&w.c)), &w.c)
	}
}

// views makes a look at each product of w.b and returns when the last is over.
func (w *walk) views(at event.Millis, session, member string) event.Millis {
	for i, product := range w.b.products {
		w.put(&event.Event{
			Type: event.TypeView, Time: at, ID: w.name(session, int64(i)), Source: w.source,
			SessionID: session, MemberID: member, Chain: w.chains[0].id,
			Body: &event.View{Product: w.products[product].Product},
		})
		at += event.Millis(5_000 + w.c.below(40_000))
	}
	return at
}

// nextOnline is when the next webshop customer after a moment comes; never, if
// the walk has none. One comes in each span of w.every.
func (w *walk) nextOnline(after event.Millis) event.Millis {
	if w.every == 0 {
		return 1 << 62
	}
	slot := int64((after + 1) / w.every)
	for {
		at := event.Millis(slot)*w.every + event.Millis(unit(mix(w.Shop.key, uint64(slot)))*float64(w.every))
		if at > after {
			return at
		}
		slot++
	}
}

// online makes what a webshop customer does: a third look at what they buy
// first.
func (w *walk) online(at event.Millis) {
	slot := int64(at / w.every)
	who := w.people() + int(mix(w.Shop.key, uint64(slot)+1<<40)%1_000_000)
	w.meet(&w.p, who, &w.c)
	w.fill(&w.b, &w.p, w.day, &w.crazes, &w.c)
	w.b.store = 0
	if len(w.b.products) == 0 {
		return
	}
	session := ""
	if w.c.happens(1.0 / 3) {
		session = w.name("online", int64(w.every), slot)
		at = w.views(at, session, "")
	}
	ev := w.receipt(at, w.name("o", int64(w.every), slot), session)
	ev.Store = "web"
	w.put(ev)
}
