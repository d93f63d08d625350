// Package offer holds offers, who may have them now, and what they have spent.
package offer

import (
	"nabo/engine/event"
	"nabo/engine/expr"
	"nabo/graph"
)

// Slot is an offer's number inside the engine. It is given out at the first
// upsert and never used again.
type Slot uint32

// MaxSlots bounds how many offers can ever be named; upserts of more are
// ignored. A slot shares a word of a member's record with other numbers.
const MaxSlots = 1 << slotBits

// Nobody is the number of an anonymous shopper: what it does counts for the
// offer's budget and leaves no record.
const Nobody = ^graph.Member(0)

// Options are a Book's; the zero value works. They are part of the state:
// another setting may decide an activation otherwise.
type Options struct {
	// MaxOpen is how many activations a member may have open at a time, of
	// offers that still hold. Default 10.
	MaxOpen int
	// NoPersonalisation says that without a recorded consent a member is not
	// personalised; by default they are until they withdraw it.
	NoPersonalisation bool
	// MarketingAssumed says that without a recorded consent messages may be
	// sent; by default they need a grant.
	MarketingAssumed bool
	// Compile makes a program of an audience. Without it, and where it fails,
	// an offer that has an audience is for nobody. It must always answer the
	// same for the same source.
	Compile func(src string) (*expr.Program, error)
	// Category tells the writer a product's category at this moment of the
	// log, so that a receipt redeems an activated offer that covers a category.
	// Without it only the products that an offer names are matched.
	Category func(n graph.Node) string
}

func (o Options) withDefaults() Options {
	if o.MaxOpen <= 0 {
		o.MaxOpen = 10
	}
	return o
}

// Verdict is what became of an activation, a deactivation or a redemption.
type Verdict uint8

// The verdicts. Of what is asked for, Done alone changed something. Of what is
// reported from elsewhere, all but Unknown, Already and (for a deactivation)
// NotActive were counted; LimitReached, BudgetSpent and NotActive then say
// that it went beyond what was allowed.
const (
	Done         Verdict = iota + 1
	Already              // it is open already: nothing changed
	Unknown              // no such offer
	NotValid             // ended, withdrawn, not yet, not here, or not for this member
	LimitReached         // the member's: too many open, or this one used up
	BudgetSpent          // the offer's
	NoConsent            // a message without a grant
	NotActive            // the member has not activated it
)

// String returns the verdict as problems name it, such as "activation-limit".
func (v Verdict) String() string {
	names := [...]string{"", "done", "already", "unknown", "not-valid", "activation-limit", "budget-exhausted", "no-consent", "not-active"}
	if int(v) < len(names) {
		return names[v]
	}
	return ""
}

// Rule is why an offer was left out.
type Rule uint8

// The rules, in the order in which they are asked; Pointless and those from
// Filtered on are the engine's to apply.
const (
	Withdrawn      Rule = iota + 1 // it was withdrawn
	NotYet                         // it begins later
	Ended                          // it is over
	WrongChain                     // it does not hold in this chain
	WrongStore                     // nor in this store
	NotInStock                     // the store has none of its products
	BudgetGone                     // all members together have spent it
	LimitOfMember                  // the member has used it up
	Activated                      // the member has activated it and not redeemed it yet
	ConsentMissing                 // a message without a grant
	NotForThem                     // its audience does not hold for the member
	Pointless                      // an activated offer covers the same
	Filtered                       // the question's or the scenario's filter
	Excluded                       // the question excludes it
	NotAsked                       // the question names others
)

// String returns the rule's name, such as "stock".
func (r Rule) String() string {
	names := [...]string{"", "withdrawn", "not-yet", "ended", "chain", "store", "stock", "budget",
		"limit", "activated", "consent", "audience", "pointless", "filter", "excluded", "not-asked"}
	if int(r) < len(names) {
		return names[r]
	}
	return ""
}

// Asker is who asks for offers, where and when.
type Asker struct {
	Now   event.Millis
	Store string // empty: the member's home store, if it is known
	Chain string // empty: the member's chains, if they are known
	// Channel is where the answer goes. "email", "push" and "inapp" are
	// messages, which need a grant.
	Channel string
	Context *expr.Context // for audiences; may be nil
	Member  *event.Member // nil: nothing is known of them, or nothing may be used
	Record  *Record       // nil: an empty one
	// KeepActivated keeps what the member has activated and not redeemed yet.
	// A budget of activations that is spent does not take it from them either.
	KeepActivated bool
}

// isMessage says whether a channel is one on which a member is written to.
func isMessage(channel string) bool {
	return channel == "email" || channel == "push" || channel == "inapp"
}
