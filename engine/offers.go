package engine

import (
	"cmp"

	"nabo/engine/event"
	"nabo/engine/expr"
	"nabo/engine/offer"
	"nabo/engine/rank"
)

// OfferQuery asks for the offers that suit a member best.
type OfferQuery struct {
	Member   event.Token    // zero: nobody known; gets what is popular
	Scenario string         // where the list is shown; how it is made follows from it
	Under    *rank.Scenario // how it would be made there; nil: how it is
	Store    string         // where the member is; empty: where they are at home
	Chain    string         // which chain asks; empty: those of the member
	Channel  string         // email, push or inapp where the list goes into a message; else empty
	Basket   []string       // products in the basket now
	Session  uint64         // adds what the session has in its cart or scanned basket
	Exclude  []string       // offers that must not be in the answer
	Among    []string       // only these offers; empty: all
	After    string         // an offer that counts as activated: what is next best beside it
	Count    int            // how many at most; 0: the scenario's

	Filter       *expr.Program // beside the scenario's; nil: none
	Booster      *expr.Program // beside the scenario's; nil: none
	Diversity    float64       // 0 to 1; NaN: the scenario's
	RotationRate float64       // 0 to 1; NaN: the scenario's

	Brief   bool // leave Reasons out: of two million lists nobody reads them
	Explain bool // fill Evidence, and all Reasons with their figures
	Trace   bool // fill Dropped
}

// OfferAnswer is what Offers found, best first. It is reused from call to
// call: what it holds is good until the next Offers into the same answer.
type OfferAnswer struct {
	Seq             uint64       // the log position that the answer reflects
	At              event.Millis // the moment that the fading is reckoned to
	Personalised    bool         // what is held on the member shaped the answer
	Scenario        *rank.Scenario
	ActivationsLeft int // how many more offers the member may have activated at a time
	Candidates      int // how many offers could have been in the answer
	Items           []OfferItem
	Dropped         []OfferDrop // if Trace: every offer that could not

	scratch offerScratch
}

// OfferItem is one offer of an answer.
type OfferItem struct {
	Offer    *offer.Entry
	Score    float64             // the sum of Parts; comparable between members
	Parts    [rank.Parts]float32 // by rank.Part
	Source   Source              // what most of the score comes from
	Explored bool                // it has its place because it is new

	// Price is what the member pays, their own price if they have one; NaN
	// where it is not known. ValidThrough is the last moment; 0: no end.
	Price        float64
	ValidThrough event.Millis

	Reasons  []Reason   // the strongest first; at least one, unless Brief
	Evidence []Evidence // only if asked for: the shares sum to Score
}

// OfferDrop is an offer that was left out, and the rule that did it.
type OfferDrop struct {
	Offer *offer.Entry
	Rule  offer.Rule
}

// Naming returns an offer's name and image: its own, or its first product's;
// an offer with neither is named by its id. Anybody may call it.
func (e *Engine) Naming(o *offer.Entry) (name, image string) {
	return naming(o, func(id string) *Product { p, _ := e.Product(id); return p })
}

func naming(o *offer.Entry, product func(id string) *Product) (name, image string) {
	name, image = o.Spec.Name, o.Spec.Image
	if (name == "" || image == "") && len(o.Spec.Products) > 0 {
		if p := product(o.Spec.Products[0]); p != nil {
			name, image = cmp.Or(name, p.Name), cmp.Or(image, p.Image)
		}
	}
	return cmp.Or(name, o.Spec.Offer), image
}

// OfferNamed returns an offer, also one that has ended lately. Anybody may
// call it.
func (e *Engine) OfferNamed(id string) (*offer.Entry, bool) { return e.book.Named(id) }

// OfferDays returns what became of an offer day by day, as offer.Book does.
// Anybody may call it.
func (e *Engine) OfferDays(s offer.Slot) []offer.DayCounts { return e.book.Days(s) }

// OfferList returns all offers that are kept, by number. Anybody may call it.
func (e *Engine) OfferList() []*offer.Entry { return e.book.List() }

// Dealings returns what is held of a member's dealings with offers. Anybody
// may call it.
func (e *Engine) Dealings(t event.Token) (r offer.Record) {
	if m, ok := e.people.known(t); ok && t != 0 {
		e.book.Record(m, &r)
	}
	return r
}

// OfferNumbered returns an offer by its number, as Dealings names it. Anybody
// may call it.
func (e *Engine) OfferNumbered(s offer.Slot) (*offer.Entry, bool) { return e.book.Numbered(s) }
