package engine

import (
	"slices"
	"sync"

	"nabo/engine/event"
	"nabo/engine/offer"
	"nabo/graph"
)

// verdicts keeps what became of the newest activations that were asked for,
// until whoever asked has read it.
type verdicts struct {
	mu   sync.Mutex
	by   map[uint64]offer.Verdict // by the event's key; guarded by mu
	ring []uint64                 // guarded by mu
	next int                      // guarded by mu
}

// verdictsKept is how many: some seconds of the busiest hour.
const verdictsKept = 1 << 14

func (v *verdicts) put(key uint64, is offer.Verdict) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.by == nil {
		v.by, v.ring = make(map[uint64]offer.Verdict, verdictsKept), make([]uint64, verdictsKept)
	}
	delete(v.by, v.ring[v.next])
	v.ring[v.next] = key
	v.next = (v.next + 1) % verdictsKept
	v.by[key] = is
}

// Verdict returns what became of an activation that was asked for, by its
// event's key, once the engine has applied it. It is known for a while only.
// Anybody may call it.
func (e *Engine) Verdict(key uint64) (offer.Verdict, bool) {
	e.verdicts.mu.Lock()
	defer e.verdicts.mu.Unlock()
	v, ok := e.verdicts.by[key]
	return v, ok
}

// claim applies what members do with offers; it says whether ev was such.
func (e *Engine) claim(ev *event.Event) bool {
	switch b := ev.Body.(type) {
	case *event.Offer:
		e.upsertOffer(b)
	case *event.OfferWithdrawn:
		e.book.Withdraw(b.Offer)
	case *event.OfferPersonal:
		e.book.Personalise(e.people.member(e, ev.Member), b)
	case *event.OfferActivated:
		e.activate(ev, b)
	case *event.OfferDeactivated:
		e.book.Deactivate(b.Offer, e.people.member(e, ev.Member), ev.Time)
	case *event.OfferRedeemed:
		if m := e.people.member(e, ev.Member); b.Receipt == 0 || e.firstOn(b.Receipt, b.Offer) {
			e.book.Redeem(b.Offer, m, ev.Time, b.Discount)
		}
	case *event.Impression:
		e.book.Shown(e.people.member(e, e.whose(ev)), b.IDs, b.Channel, ev.Time)
	case *event.Consent:
		e.book.Consent(e.people.member(e, ev.Member), ev.Chain, b, ev.Time)
	case *event.Scenario:
		e.setScenario(b)
	default:
		return false
	}
	return true
}

func (e *Engine) upsertOffer(b *event.Offer) {
	nodes := make([]graph.Node, 0, len(b.Products))
	for _, id := range b.Products {
		nodes = append(nodes, e.catalogue.intern(e, id))
	}
	e.book.Upsert(b, nodes, e.now)
}

// activate decides an activation that is asked for, and counts one that is
// reported. Validity is asked for the moment at which it was asked.
func (e *Engine) activate(ev *event.Event, b *event.OfferActivated) {
	m := e.people.member(e, ev.Member)
	if !b.Ask {
		e.book.Activate(b.Offer, m, ev.Time, nil)
		return
	}
	if m == nobody {
		e.verdicts.put(ev.Key, offer.NotValid) // erased since
		return
	}
	profile := e.people.profile(m)
	e.book.Record(m, &e.buf.record)
	if !e.buf.record.Personalised(ev.Chain, "", e.opt.Offers.asBook()) {
		e.verdicts.put(ev.Key, offer.NoConsent) // what a member activates shapes what they see
		return
	}
	ask := offer.Asker{
		Now: ev.Time, Store: ev.Store, Chain: ev.Chain,
		Member: (*event.Member)(profile), Record: &e.buf.record,
	}
	e.verdicts.put(ev.Key, e.book.Activate(b.Offer, m, ev.Time, &ask))
}

// firstOn says whether nothing has told yet that an offer was redeemed on the
// receipt with a key. A receipt redeems an offer once: several of its lines may
// name it, and whoever made the offer may report what the till did, before or
// after the till does. It is remembered as long as events are.
func (e *Engine) firstOn(receipt uint64, offer string) bool {
	return e.seen.add(spread(receipt^event.HashID(offer)), graph.DayOf(int64(e.now)))
}

// tilled applies what a receipt says of offers: what its lines name is redeemed.
// A receipt that names none redeems the open activations whose products it
// holds; a till that names offers is trusted to name all.
func (e *Engine) tilled(ev *event.Event, r *event.Receipt, m graph.Member) {
	named := false
	for i := range r.Lines {
		l := &r.Lines[i]
		if l.Offer == "" || l.Return {
			continue
		}
		named = true
		if e.firstOn(ev.Key, l.Offer) {
			e.book.Redeem(l.Offer, m, ev.Time, savedBy(l.Offer, r.Lines[i:]))
		}
	}
	if m != nobody && !named && len(e.buf.bought) > 0 {
		for _, id := range e.book.Bought(m, ev.Time, e.buf.bought, e.discounts(r)) {
			e.firstOn(ev.Key, id)
		}
	}
}

// savedBy is what an offer took off the lines that name it.
func savedBy(offer string, lines []event.Line) (saved float64) {
	for i := range lines {
		if l := &lines[i]; l.Offer == offer && !l.Return {
			saved += l.Discount
		}
	}
	return saved
}

// discounts are what the lines took off each of the goods bought, by their
// order.
func (e *Engine) discounts(r *event.Receipt) []float64 {
	e.buf.amounts = slices.Grow(e.buf.amounts[:0], len(e.buf.bought))[:len(e.buf.bought)]
	clear(e.buf.amounts)
	for i := range r.Lines {
		if l := &r.Lines[i]; !l.Return && l.Discount != 0 {
			if at, ok := slices.BinarySearch(e.buf.bought, e.catalogue.intern(e, l.Product)); ok {
				e.buf.amounts[at] += l.Discount
			}
		}
	}
	return e.buf.amounts
}
