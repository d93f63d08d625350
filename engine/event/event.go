// Package event says what can happen: the types of events, their form on the
// wire and in the log, and what makes one acceptable.
package event

import "time"

// Token stands for a member inside the engine: a random number that the gate
// draws once for each member's id. The log, the state and the checkpoints hold
// tokens, never ids. Zero is nobody: the event is anonymous.
type Token uint64

// Millis is a moment in milliseconds since the Unix epoch, UTC.
type Millis int64

// At returns t as Millis, rounded down.
func At(t time.Time) Millis { return Millis(t.UnixMilli()) }

// Time returns m as a time in UTC.
func (m Millis) Time() time.Time { return time.UnixMilli(int64(m)).UTC() }

// Type names what happened. Its numbers are part of the log's format: append
// new ones, never renumber.
type Type uint8

// The types of events, by their names on the wire.
const (
	TypeReceipt          Type = 1  // receipt
	TypeView             Type = 2  // view
	TypeCart             Type = 3  // cart
	TypeScan             Type = 4  // scan
	TypeProductUpserted  Type = 5  // product.upserted
	TypeProductDeleted   Type = 6  // product.deleted
	TypeStockChanged     Type = 7  // stock.changed
	TypeMemberUpserted   Type = 8  // member.upserted
	TypeMemberErased     Type = 9  // member.erased
	TypeMemberMerged     Type = 10 // member.merged
	TypeMemberIdentified Type = 11 // member.identified
	TypeSignal           Type = 12 // signal
	TypeOfferUpserted    Type = 13 // offer.upserted
	TypeOfferWithdrawn   Type = 14 // offer.withdrawn
	TypeOfferPersonal    Type = 15 // offer.personalised
	TypeOfferActivated   Type = 16 // offer.activated
	TypeOfferDeactivated Type = 17 // offer.deactivated
	TypeOfferRedeemed    Type = 18 // offer.redeemed
	TypeImpression       Type = 19 // impression
	TypeConsentChanged   Type = 20 // consent.changed
	TypeScenarioChanged  Type = 21 // scenario.changed
)

// Event is one thing that happened. It has two forms. The outer form is what a
// sender wrote: ID, Source, SessionID and MemberID are set as sent, and Key,
// Session, Member and Received are zero. The gate turns it into the admitted
// form, which is all that the log and the engine ever see: there the strings
// are empty and the hashes, the token and the time of receipt stand instead.
type Event struct {
	Type Type

	// Time is when it happened, by the sender's clock; the gate sets it to
	// Received when the sender gave none.
	Time Millis

	// Store and Chain say where; empty where the sender did not say.
	Store, Chain string

	// Body holds what is particular to Type; it is never nil.
	Body Body

	// Outer form.

	ID, Source          string // the dedupe key: the same pair again changes nothing
	SessionID, MemberID string // empty: no session, nobody

	// Admitted form.

	Key      uint64 // hash of Source and ID
	Session  uint64 // hash of SessionID; zero: none
	Member   Token  // zero: anonymous
	Received Millis // when the gate took it; the engine's now
}

// Body is what is particular to a type of event; one of the pointers below.
type Body interface{ isBody() }

// Line is one product on a receipt or in a cart.
type Line struct {
	Product string
	// Qty is how many or how much; 1 where the sender did not say. It is above
	// zero: a negative one was turned into Return.
	Qty float64
	// Price is per unit in the event's currency; NaN where it is not known.
	Price float64
	// Discount is what was taken off the whole line, in the event's currency.
	Discount float64
	// Offer is the offer that the till applied, if it named one.
	Offer string
	// Return says that the goods came back.
	Return bool
}

// Receipt is what a till printed.
type Receipt struct {
	Currency string // ISO 4217, may be empty
	// OriginalID names the receipt (of the same source) whose goods came back;
	// Original is its Key in the admitted form. Both are zero where unknown.
	OriginalID string
	Original   uint64
	Lines      []Line
}

// View is a look at a product's page.
type View struct {
	Product  string
	RecommID string // the answer that led here, may be empty
}

// Action is what was done to a cart or a scanned basket.
type Action uint8

// What can be done to a cart (all three) and to a scanned basket (add, remove).
const (
	ActionAdd    Action = 1
	ActionRemove Action = 2
	ActionSet    Action = 3
)

// Cart is a change to a webshop's cart.
type Cart struct {
	CartID string // outer form
	Cart   uint64 // admitted form: hash of CartID
	Action Action
	Lines  []Line
}

// Scanned is one product scanned by a shopper in the store; the body of a scan.
type Scanned struct {
	Product string
	Action  Action // ActionAdd or ActionRemove
}

// Value is one attribute: a string, a number or a truth value.
type Value struct {
	Kind ValueKind
	Text string  // KindText
	Num  float64 // KindNumber; 1 or 0 for KindBool
}

// ValueKind says which field of a Value holds it.
type ValueKind uint8

// The kinds of values; their numbers are part of the log's format.
const (
	KindText   ValueKind = 1
	KindNumber ValueKind = 2
	KindBool   ValueKind = 3
)

// Attribute is a named value. Lists of them are sorted by name.
type Attribute struct {
	Name  string
	Value Value
}

// Product is a catalogue entry; each upsert replaces the whole entry.
type Product struct {
	Product    string
	Name       string
	Category   string
	Brand      string
	Image      string
	Currency   string
	Price      float64 // NaN where not known
	Attributes []Attribute
}

// ProductDeleted takes a product out of the catalogue and out of the graph.
type ProductDeleted struct{ Product string }

// Availability is whether a store has a product, in schema.org's words.
type Availability uint8

// The availabilities; their numbers are part of the log's format.
const (
	InStock             Availability = 1
	LimitedAvailability Availability = 2
	OutOfStock          Availability = 3
)

// Stock says whether the event's Store has a product.
type Stock struct {
	Product      string
	Availability Availability
}

// Member is what is known of a member; each upsert replaces the whole entry.
type Member struct {
	HomeStore  string
	Chains     []string
	Timezone   string // an IANA name, may be empty
	Attributes []Attribute
}

// MemberErased removes all that is held on the event's member.
type MemberErased struct{}

// MemberMerged moves all that is held on the event's member to another.
type MemberMerged struct {
	IntoID string // outer form
	Into   Token  // admitted form
}

// MemberIdentified is a log-in: what the event's session did is the event's
// member's from then on.
type MemberIdentified struct{}

// Signal is a trend from outside, as a weighted pulse on a product.
type Signal struct {
	Product string
	Weight  float64 // as many sales as it is to count for; may be negative
	From    string  // who says so: "weather", "tiktok"; may be empty
}

// Offer is an offer as its upsert describes it; each upsert replaces the whole
// of it, but not what it has spent. Empty lists are no limit, except that an
// offer covers what Products and Categories name, together.
type Offer struct {
	Offer       string
	Name, Image string   // may be empty: then the first product's
	Products    []string // ids
	Categories  []string
	ValidFrom   Millis // zero: always was
	// ValidThrough is the last moment at which it holds; zero: no end.
	ValidThrough Millis
	Chains       []string // where it holds; empty: everywhere
	Stores       []string
	Audience     string  // an expression over the member; empty: everybody
	Price        float64 // before; NaN where not known
	MemberPrice  float64 // with the offer; NaN where not known
	Currency     string  // ISO 4217, may be empty
	Budget       Budget
	PerMember    PerMember
	Priority     float64 // 0 where not given
	Margin       float64 // 0 where not given
	FundedBy     string  // may be empty
	Attributes   []Attribute
}

// Budget is what all members together may use of an offer. Zero: no bound.
type Budget struct {
	Activations, Redemptions int64
	Discount                 float64 // in the offer's currency
}

// PerMember is how often one member may activate and redeem an offer. Zero:
// once activated at a time and redeemed once; below zero: no bound.
type PerMember struct{ Activations, Redemptions int64 }

// OfferWithdrawn ends an offer at once.
type OfferWithdrawn struct{ Offer string }

// OfferPersonal gives the event's member a price or a term of their own for an
// offer; it replaces the one before.
type OfferPersonal struct {
	Offer                   string
	Price                   float64 // in place of the offer's MemberPrice; NaN: unchanged
	ValidFrom, ValidThrough Millis  // in place of the offer's; zero: unchanged
}

// OfferActivated is an activation by the event's member.
type OfferActivated struct {
	Offer, Channel, RecommID string // the last two may be empty
	// Ask says that the activation is asked for and the engine decides it; an
	// activation that is reported from elsewhere is a fact. It is never read
	// from what a sender wrote: the server sets it.
	Ask bool
}

// OfferDeactivated takes an activation by the event's member back.
type OfferDeactivated struct{ Offer, Channel, RecommID string }

// OfferRedeemed is a redemption by the event's member.
type OfferRedeemed struct {
	Offer, Channel, RecommID string
	ReceiptID                string  // outer form: the receipt (of the same source) that redeemed it, may be empty
	Receipt                  uint64  // admitted form: its Key
	Discount                 float64 // what it cost, in the offer's currency; 0 where not known
}

// Impression says what was shown to the event's member.
type Impression struct {
	RecommID string   // may be empty
	IDs      []string // offers or products, at least one
	Channel  string   // may be empty
}

// Purpose is what a consent is for.
type Purpose uint8

// The purposes; their numbers are part of the log's format.
const (
	Personalisation Purpose = 1 // personalisation: that what is held on the member shapes what they see
	Marketing       Purpose = 2 // marketing: that messages are sent to them
)

// Consent is given or withdrawn by the event's member, for the event's Chain
// or, where that is empty, for all. The latest Time wins.
type Consent struct {
	Channel string // email, push, inapp; empty: all
	Purpose Purpose
	Granted bool
}

// Scenario sets how lists are made in one place where they are shown. Config
// is JSON; what may be in it is the engine's to say.
type Scenario struct {
	Scenario string
	Config   string // one JSON object, without spaces around it
}

func (*Receipt) isBody()          {}
func (*View) isBody()             {}
func (*Cart) isBody()             {}
func (*Scanned) isBody()          {}
func (*Product) isBody()          {}
func (*ProductDeleted) isBody()   {}
func (*Stock) isBody()            {}
func (*Member) isBody()           {}
func (*MemberErased) isBody()     {}
func (*MemberMerged) isBody()     {}
func (*MemberIdentified) isBody() {}
func (*Signal) isBody()           {}
func (*Offer) isBody()            {}
func (*OfferWithdrawn) isBody()   {}
func (*OfferPersonal) isBody()    {}
func (*OfferActivated) isBody()   {}
func (*OfferDeactivated) isBody() {}
func (*OfferRedeemed) isBody()    {}
func (*Impression) isBody()       {}
func (*Consent) isBody()          {}
func (*Scenario) isBody()         {}
