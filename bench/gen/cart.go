package gen

import (
	"strconv"

	"nabo/engine/event"
)

// What a supermarket's customers do in the webshop after they have looked
// around: who puts what they saw into a cart, which of that they take out again,
// and who buys it.
const (
	cartShare    = 0.5
	putShare     = 0.6
	takeOutShare = 0.08
	payShare     = 0.6
	logInShare   = 0.5 // of members who looked around unknown
)

// shopOnline goes on where somebody has looked at w.b's products, from a moment
// on. Nobody is the member of one who is not known yet.
func (w *walk) shopOnline(at event.Millis, session, member string) {
	if !w.c.happens(cartShare) {
		return
	}
	if own := w.MemberID(w.p.number); member == "" && w.p.number < w.opt.Members && w.c.happens(logInShare) {
		member = own
		w.put(&event.Event{
			Type: event.TypeMemberIdentified, Time: at, ID: session + "-in", Source: w.source, SessionID: session, MemberID: member,
			Body: &event.MemberIdentified{},
		})
	}
	kept := 0
	for i, product := range w.b.products {
		if !w.c.happens(putShare) {
			continue
		}
		at += event.Millis(5_000 + w.c.below(40_000))
		w.cart(at, session+"-c"+strconv.Itoa(i), session, member, event.ActionAdd, i)
		if w.c.happens(takeOutShare) {
			at += 20_000
			w.cart(at, session+"-d"+strconv.Itoa(i), session, member, event.ActionRemove, i)
			continue
		}
		w.b.products[kept], w.b.qty[kept] = product, w.b.qty[i]
		kept++
	}
	w.b.products, w.b.qty = w.b.products[:kept], w.b.qty[:kept]
	if kept == 0 || !w.c.happens(payShare) {
		return
	}
	ev := w.receipt(at+60_000, w.name("w", w.day, int64(w.p.number)), session)
	ev.Store, ev.MemberID = "web", member
	w.put(ev)
}

// cart makes a change of one line to a cart, which has its session's id.
func (w *walk) cart(at event.Millis, id, session, member string, action event.Action, i int) {
	e := &w.products[w.b.products[i]]
	w.put(&event.Event{
		Type: event.TypeCart, Time: at, ID: id, Source: w.source, SessionID: session, MemberID: member, Chain: w.chains[0].id,
		Body: &event.Cart{CartID: session, Action: action, Lines: []event.Line{
			{Product: e.Product, Qty: float64(w.b.qty[i]), Price: e.Price},
		}},
	})
}
