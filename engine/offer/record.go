package offer

import (
	"slices"

	"nabo/engine/event"
)

// Record is all that is held of a member's dealings with offers, decoded. Its
// lists are reused by the next Book.Record into it; its strings never change.
// A nil one is an empty one to the methods that read it.
type Record struct {
	Uses     []Activation // by slot
	Terms    []Term       // by slot
	Shown    []Seen       // the latest first, at most 64
	Consents []Consent    // by chain, channel and purpose
}

// Activation is a member's use of one offer.
type Activation struct {
	Slot        Slot
	Open        bool         // activated, not redeemed and not taken back; the offer may have ended
	Activations uint16       // not counting what was taken back; 65,535: or more
	Redemptions uint16       // 65,535: or more
	At          event.Millis // of the latest activation; zero: redeemed only
}

// Term is a member's own price or validity for one offer.
type Term struct {
	Slot          Slot
	Price         float64      // NaN: the offer's
	From, Through event.Millis // zero: the offer's
}

// Seen is when and how often an offer was shown to a member.
type Seen struct {
	Slot  Slot
	Times uint8        // 255: or more
	At    event.Millis // the latest, to the minute
}

// Consent is what a member said last of one purpose in one place.
type Consent struct {
	Chain, Channel string // empty: all
	Purpose        event.Purpose
	Granted        bool
	At             event.Millis
}

// Use returns the member's use of an offer, or nil.
func (r *Record) Use(s Slot) *Activation {
	uses := r.uses()
	i, ok := slices.BinarySearchFunc(uses, s, func(u Activation, s Slot) int { return int(u.Slot) - int(s) })
	if !ok {
		return nil
	}
	return &uses[i]
}

// Term returns the member's own terms for an offer, or nil.
func (r *Record) Term(s Slot) *Term {
	terms := r.terms()
	i, ok := slices.BinarySearchFunc(terms, s, func(t Term, s Slot) int { return int(t.Slot) - int(s) })
	if !ok {
		return nil
	}
	return &terms[i]
}

func (r *Record) uses() []Activation {
	if r == nil {
		return nil
	}
	return r.Uses
}

func (r *Record) terms() []Term {
	if r == nil {
		return nil
	}
	return r.Terms
}

// said returns the consents.
func (r *Record) said() []Consent {
	if r == nil {
		return nil
	}
	return r.Consents
}

// Personalised says whether what is held on the member may shape what they
// see in a chain and a channel; empty means in general.
func (r *Record) Personalised(chain, channel string, opt Options) bool {
	return r.consents(event.Personalisation, chain, channel, !opt.NoPersonalisation)
}

// Marketing says whether messages may be sent to the member.
func (r *Record) Marketing(chain, channel string, opt Options) bool {
	return r.consents(event.Marketing, chain, channel, opt.MarketingAssumed)
}

// consents looks for the most specific consent that was recorded: for the
// chain and the channel, for the chain, for the channel, for all.
func (r *Record) consents(p event.Purpose, chain, channel string, assumed bool) bool {
	best := -1
	said := r.said()
	for i := range said {
		c := &said[i]
		if c.Purpose != p || (c.Chain != "" && c.Chain != chain) || (c.Channel != "" && c.Channel != channel) {
			continue
		}
		specific := 0
		if c.Chain != "" {
			specific += 2
		}
		if c.Channel != "" {
			specific++
		}
		if specific > best {
			best, assumed = specific, c.Granted
		}
	}
	return assumed
}
