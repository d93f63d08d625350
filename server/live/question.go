package live

import "time"

// Topic says what is watched.
type Topic uint8

// The topics.
const (
	Offers   Topic = iota + 1 // the offers that suit a member best
	Basket                    // what completes a session's basket
	Nudges                    // which of a member's offers a session's basket touches
	Trending                  // what sells more than usual
	Events                    // what happens, as it happens
)

// Question is what is watched. Equal questions are asked once for all who
// watch them. What a Topic does not need is zero.
type Question struct {
	Topic    Topic
	Member   string // Offers, Basket, Nudges: their id; empty: nobody
	Session  uint64 // Basket, Nudges: the hash of the shopping session's id
	Store    string // empty: anywhere
	Scenario string // Offers
	Window   string // Trending
	Count    int    // how many; 0: as the source thinks fit
	Types    uint64 // Events: a bit for each wanted type of event; 0: all of them
}

// Pending is what has been scanned in a session and is not yet in the source's
// own state. A product is in at most one of the two.
type Pending struct {
	Added, Removed []string
}

// Item is one place of a list, its rank being its place from 1. What else there
// is of it the Asker keeps, by its place.
type Item struct {
	ID      string
	Score   float64
	Content uint64 // a hash of all but rank and score
}

// Listing is a list as it is now.
type Listing struct {
	Items []Item
	Ends  time.Time // when one of them ceases to hold by time alone; zero: never
}

// Nudge is an offer that a basket touches by a product.
type Nudge struct{ Offer, Product string }

// OfferChange is an offer that is another than it was, and why.
type OfferChange struct{ Offer, Cause string }

// Source answers what is watched. Any goroutine may call it.
type Source interface {
	// Asker makes room for questions of one goroutine at a time.
	Asker() Asker
	// Token returns what stands for a member in a Change; 0: nobody knows them.
	Token(member string) uint64
	// Position is up to where the log is in the state.
	Position() uint64
	// Offers returns which offers are others since the last call: written
	// anew, withdrawn, spent, begun. all says that lists may now hold offers
	// which they do not. One goroutine calls it.
	Offers() (changed []OfferChange, all bool)
}

// Asker asks questions. What it returns is good until its next question. One
// goroutine at a time may call it.
type Asker interface {
	// List answers a question about a list.
	List(q *Question, p Pending) *Listing
	// Snapshot is the latest List as it goes over the wire. The bytes are the
	// caller's.
	Snapshot() []byte
	// Delta is what has become other, up to the latest List. The bytes are the
	// caller's.
	Delta(d *Delta) []byte
	// Nudges returns what a basket touches now, the best first.
	Nudges(q *Question, p Pending) []Nudge
	// Nudge is one of the latest Nudges as it goes over the wire. The bytes are
	// the caller's.
	Nudge(i int) []byte
}
