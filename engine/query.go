package engine

import (
	"nabo/engine/event"
)

// Kind says which question a Query asks.
type Kind uint8

// The questions.
const (
	Together Kind = iota + 1 // what is bought together with Product
	Basket                   // what completes Products (and the session's basket)
	Similar                  // what could stand in for Product
	Trending                 // what sells more than usual in Window
	Goods                    // what Member may want, by Logic
)

// Logic says which of a member's goods are wanted.
type Logic uint8

// The logics of Goods.
const (
	Mixed    Logic = iota // both, by score
	BuyAgain              // what they buy, when it is due
	Discover              // what they have not bought, but goes with what they buy
)

// Window is how far back Trending looks.
type Window uint8

// The windows of Trending.
const (
	Day  Window = iota // the last 24 hours
	Hour               // the last hour
	Week               // the last 7 days
)

// Query is one question to the engine. Fields that a Kind does not name are
// not read. The zero Query is not a question: Kind must be set.
type Query struct {
	Kind       Kind
	Product    string      // Together, Similar
	Products   []string    // Basket
	Member     event.Token // Basket, Goods; zero: anonymous
	Session    uint64      // Basket: adds what the session has in its cart or scanned basket
	Without    []string    // Basket: what is not in it after all
	Store      string      // keep what is sold there
	Chain      string      // keep what is sold there
	Category   string      // Trending: keep this category
	Window     Window      // Trending
	Logic      Logic       // Goods
	Count      int         // how many at most; 1 to MaxCount
	MinSupport float64     // Together: keep what stands on at least so many receipts, faded
	Exclude    []string    // products that must not be in the answer
	Explain    bool        // fill Evidence
}

// MaxCount is the longest answer that can be asked for.
const MaxCount = 200

// Source says which part of the engine an item of an answer came from.
type Source uint8

// The sources, by their names on the wire.
const (
	FromFiller   Source = iota // filler: popular there, when nothing better is known
	FromRepeat                 // repeat: the member buys it
	FromTogether               // together: the graph binds it to what was asked about
	FromTrend                  // trend: it sells more than usual
	FromKind                   // kind: its category or brand stands in for it
)

// Answer is what Recommend found, best first. It is reused from call to call:
// what it holds is good until the next Recommend into the same Answer.
type Answer struct {
	Seq          uint64       // the log position that the answer reflects
	At           event.Millis // the moment that the fading is reckoned to
	Personalised bool         // the member's own bindings were used
	Recomms      []Recomm

	scratch scratch
}

// Recomm is one item of an Answer.
type Recomm struct {
	Product  *Product // the catalogue entry; never nil
	Score    float64  // above zero; comparable within one answer
	Source   Source
	Reasons  []Reason   // the strongest first; at least one
	Support  float64    // Together: distinct receipts with both, faded; else 0
	Lift     float64    // Together: how many times likelier than by chance; else 0
	LastSeen int32      // Together: the day of the last receipt with both, in days since the Unix epoch; else 0
	Evidence []Evidence // only if asked for: the shares sum to Score
}

// Evidence is one edge that an item's score stands on.
type Evidence struct {
	Edge   string  // what kind of binding: "together", "refined", "viewed", "own", "rhythm", "category", "brand", "trend", "popular"
	From   string  // the product or kind at the other end, "" where there is none
	Weight float64 // the binding's strength, faded to Answer.At
	Share  float64 // what it adds to the score; may be below zero
}

// Product is a catalogue entry as an answer shows it. It never changes: an
// upsert makes a new one. A product that is only known from receipts has its
// ID as its Name.
type Product struct {
	ID, Name, Category, Brand, Image, Currency string
	Price                                      float64 // NaN where not known
	Attributes                                 []event.Attribute
	Known                                      bool // the catalogue has it
}

// Affinities is what one member leans towards, strongest first.
type Affinities struct {
	Seq        uint64
	At         event.Millis
	Known      bool // something is held on the member
	Products   []Affinity
	Categories []Affinity
	Brands     []Affinity
	Chains     []Affinity
	Stores     []Affinity
}

// Affinity is one leaning: a share of all that the member's bindings weigh.
type Affinity struct {
	ID, Name string
	Score    float64 // 0 to 1
	Evidence []Evidence
}

// Leaning is a member who leans towards a product.
type Leaning struct {
	Member event.Token
	Weight float64 // the member's binding to the product, faded
	Last   int32   // the day of the last event, in days since the Unix epoch
}
