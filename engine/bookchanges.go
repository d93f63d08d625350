package engine

import (
	"slices"

	"nabo/engine/event"
	"nabo/engine/offer"
)

// BookChanges finds what became of offers since it was last asked. The zero
// value works; one goroutine uses it.
type BookChanges struct {
	view *offer.View
	at   event.Millis
	by   map[string]*offer.Entry
}

// OfferChange is an offer that is another than it was, and why:
// offer.published, offer.withdrawn, offer.spent, offer.covers (it covers other
// products), or time (it began).
type OfferChange struct{ Offer, Cause string }

// Since returns the offers that became others since the last call; the first
// call returns none. all says that more may be offered now than before: a new
// offer, one that began, one that is in stock again. now is the wall clock.
func (c *BookChanges) Since(e *Engine, now event.Millis) (changed []OfferChange, all bool) {
	view := e.lenses.now.Load().view
	if c.view == nil {
		c.remember(view)
		c.at = now
		return nil, false
	}
	if view != c.view {
		for _, o := range view.Offers {
			if why := changeOf(c.by[o.Spec.Offer], o); why != "" {
				changed = append(changed, OfferChange{o.Spec.Offer, why})
				all = all || !o.Withdrawn && !o.Spent
			}
		}
		all = all || view.StockChanged(c.view)
		c.remember(view)
	}
	for _, o := range view.Offers {
		if from := o.Spec.ValidFrom; from > c.at && from <= now {
			changed, all = append(changed, OfferChange{o.Spec.Offer, "time"}), true
		}
	}
	c.at = now
	return changed, all
}

func (c *BookChanges) remember(view *offer.View) {
	c.view = view
	c.by = make(map[string]*offer.Entry, len(view.Offers))
	for _, o := range view.Offers {
		c.by[o.Spec.Offer] = o
	}
}

// changeOf says why an offer is another than it was; empty: it is not.
func changeOf(was, is *offer.Entry) string {
	switch {
	case was == is:
		return ""
	case was == nil || was.Spec != is.Spec || was.Withdrawn && !is.Withdrawn:
		return "offer.published"
	case was.Withdrawn != is.Withdrawn:
		return "offer.withdrawn"
	case was.Spent != is.Spent:
		return "offer.spent"
	case !slices.Equal(was.Products, is.Products):
		return "offer.covers"
	}
	return ""
}
