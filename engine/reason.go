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
		return append(append(dst, "goes with "...), r.Other.Name...)
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
	default:
		return append(dst, "popular"...)
	}
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
