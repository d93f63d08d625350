package engine

import (
	"strconv"
)

// Reason is why an item is in an answer, kept as figures until somebody reads
// it: an answer of ten would otherwise spend most of its time writing prose.
type Reason struct {
	Kind  ReasonKind
	Other *Product // the product at the other end, nil where there is none
	Name  string   // a category, a brand, a store; empty where there is none
	Count float64  // receipts, purchases, or times more than usual
	Every float64  // days between purchases
	Ago   float64  // days since the last
}

// ReasonKind says which sentence a Reason makes.
type ReasonKind uint8

// The sentences.
const (
	BoughtWith   ReasonKind = iota + 1 // Count receipts hold it together with Other
	GoesWith                           // the graph binds it to Other
	ViewedWith                         // it is looked at by those who look at Other
	BoughtOften                        // bought Count times, every Every days, last Ago days ago
	BoughtOnce                         // bought once, Ago days ago
	SameCategory                       // shares the category Name with Other
	SameBrand                          // shares the brand Name with Other
	SellsMore                          // sells Count times as much as usual
	PopularHere                        // popular in the store or chain Name
	Popular                            // popular everywhere

	// Of offers, which cover several products: Other is the one meant.
	YouBuy         // Other is bought Count times, every Every days, last Ago days ago
	YouBought      // Other was bought once, Ago days ago
	YouLookedAt    // Other was looked at, or put into a basket, Ago days ago
	YouBuyCategory // the member buys from the category Name
	YouBuyBrand    // the member buys the brand Name
	InBasket       // Other is in the basket
	GoesWithBasket // the graph binds it to Other, which is in the basket
	SellsMoreNow   // what it covers sells more than usual
	OthersUseIt    // redeemed Count times
	NewHere        // it has its place because it is new
	MayBe          // nothing speaks for it but that it may be had
	Activated      // the member has activated it
	InCategory     // Other, of the category Name, is in the basket
)

// AppendText appends the sentence to dst, in English, without a full stop.
func (r *Reason) AppendText(dst []byte) []byte {
	switch r.Kind {
	case BoughtWith:
		dst = append(dst, "bought together with "...)
		dst = append(dst, r.Other.Name...)
		dst = append(dst, " on "...)
		return appendCount(dst, r.Count, "receipt")
	case GoesWith:
		dst = append(append(dst, "goes with "...), r.Other.Name...)
		if r.Count == 0 {
			return dst
		}
		return append(appendCount(append(dst, ", on "...), r.Count, "receipt"), " with it"...)
	case ViewedWith:
		return append(append(dst, "looked at together with "...), r.Other.Name...)
	case BoughtOften:
		dst = append(dst, "you buy it about every "...)
		dst = appendCount(dst, r.Every, "day")
		dst = append(dst, ", last "...)
		return appendAgo(dst, r.Ago)
	case BoughtOnce:
		return appendAgo(append(dst, "you bought it "...), r.Ago)
	case SameCategory:
		dst = append(append(dst, "is also "...), r.Name...)
		return append(append(dst, ", like "...), r.Other.Name...)
	case SameBrand:
		dst = append(append(dst, "is also from "...), r.Name...)
		return append(append(dst, ", like "...), r.Other.Name...)
	case SellsMore:
		dst = append(dst, "sells "...)
		dst = strconv.AppendFloat(dst, r.Count, 'f', 1, 64)
		return append(dst, " times as much as usual"...)
	case PopularHere:
		return append(append(dst, "popular in "...), r.Name...)
	case Popular:
		return append(dst, "popular"...)
	default:
		return r.appendOfOffer(dst)
	}
}

// appendOfOffer appends the sentences that only offers have.
func (r *Reason) appendOfOffer(dst []byte) []byte {
	switch r.Kind {
	case YouBuy:
		dst = append(append(append(dst, "you buy "...), r.Other.Name...), " about every "...)
		return appendAgo(append(appendCount(dst, r.Every, "day"), ", last "...), r.Ago)
	case YouBought:
		return appendAgo(append(append(append(dst, "you bought "...), r.Other.Name...), ' '), r.Ago)
	case YouLookedAt:
		return appendAgo(append(append(append(dst, "you looked at "...), r.Other.Name...), ' '), r.Ago)
	case YouBuyCategory, YouBuyBrand:
		return append(append(dst, "you buy "...), r.Name...)
	case InBasket:
		return append(append(dst, r.Other.Name...), " is in the basket"...)
	case GoesWithBasket:
		return append(append(append(dst, "goes with "...), r.Other.Name...), " in the basket"...)
	case SellsMoreNow:
		return append(dst, "sells more than usual"...)
	case OthersUseIt:
		return append(appendCount(append(dst, "redeemed "...), r.Count, "time"), " by others"...)
	case NewHere:
		return append(dst, "new"...)
	case Activated:
		return append(dst, "activated by you"...)
	case InCategory:
		dst = append(append(dst, r.Other.Name...), " is in the basket, and it is for all of "...)
		return append(dst, r.Name...)
	default:
		return append(dst, "open to you"...)
	}
}

// AppendSentence appends all reasons as one sentence, beginning with a capital
// letter, without a full stop.
func AppendSentence(dst []byte, reasons []Reason) []byte {
	first := len(dst)
	for i := range reasons {
		if i > 0 {
			dst = append(dst, "; "...)
		}
		dst = reasons[i].AppendText(dst)
	}
	if len(dst) > first && dst[first] >= 'a' && dst[first] <= 'z' {
		dst[first] -= 'a' - 'A'
	}
	return dst
}

// appendCount appends n rounded, "about 0.4" below one, and the unit in the
// right number.
func appendCount(dst []byte, n float64, unit string) []byte {
	switch {
	case n < 0.95:
		dst = append(dst, "less than one "...)
		return append(dst, unit...)
	case n < 1.5:
		return append(append(dst, "1 "...), unit...)
	}
	dst = strconv.AppendFloat(dst, n, 'f', 0, 64)
	return append(append(append(dst, ' '), unit...), 's')
}

func appendAgo(dst []byte, days float64) []byte {
	switch {
	case days < 1:
		return append(dst, "today"...)
	case days < 2:
		return append(dst, "yesterday"...)
	}
	return append(appendCount(dst, days, "day"), " ago"...)
}
