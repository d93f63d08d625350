package server

import (
	"math/bits"
	"strings"
)

// param is one parameter's bit in a set of them.
type param uint64

// The parameters, in the order in which the documentation lists them.
const (
	pProduct param = 1 << iota
	pProducts
	pMember
	pSession
	pCount
	pStore
	pChain
	pCategory
	pWindow
	pLogic
	pMinSupport
	pExclude
	pScenario
	pExplain
	pMinSeq
	pWait
	pValidateOnly
	pDigest
	pBasket
	pChannel
	pAfter
	pFilter
	pBooster
	pDiversity
	pRotationRate
	pActive
	pCursor
	pRecommID
	pFormat
	pPublish
	pValues
	pDepth
	pPoints
	pHalfLife
	pQuery
)

// paramKind says what a parameter's value looks like.
type paramKind uint8

const (
	kindID     paramKind = iota // a string of 1 to event.MaxID bytes, printable
	kindIDs                     // a list of those
	kindText                    // the name of a kind of goods
	kindCount                   // a whole number from 1 to engine.MaxCount
	kindNumber                  // zero or more
	kindSeq                     // a log position
	kindFlag                    // true or false
	kindWord                    // one of words; the first is what is meant without it
	kindChoice                  // one of words; without it, none of them
	kindShare                   // 0 to 1
	kindExpr                    // a CEL expression
	kindCursor                  // a place in a sequence, as an answer gave it
	kindPoints                  // a whole number from minPoints to engine.MaxDots
	kindDays                    // days, from minDays to maxDays
	kindSearch                  // words to search for
)

// paramInfo is what there is to know about a parameter, for the decoder and
// for the documentation.
type paramInfo struct {
	name  string
	kind  paramKind
	words string // kindWord, kindChoice: the choices, parted by a bar
	doc   string
}

// paramTable is indexed by the bit's number and never written to.
var paramTable = [...]paramInfo{
	{"product", kindID, "", "The product that is asked about."},
	{"products", kindIDs, "", "What is in the basket."},
	{"member", kindID, "", "Who is asking. Leave it out for an anonymous answer."},
	{"session", kindID, "", "A session whose cart or scanned basket is added to the products."},
	{"count", kindCount, "", "How many to answer with at most. 10 if left out."},
	{"store", kindID, "", "Keep what is sold in this store."},
	{"chain", kindID, "", "Keep what is sold in this chain."},
	{"category", kindText, "", "Keep this category."},
	{"window", kindWord, "1d|1h|7d", "How far back to look. 1d if left out."},
	{"logic", kindWord, "mixed|buy-again|discover", "What they buy, what is new to them, or both. mixed if left out."},
	{"minSupport", kindNumber, "", "Keep what was on at least so many receipts together, faded."},
	{"exclude", kindIDs, "", "What must not be in the answer: products, or offers where offers are asked for. In a query, repeat the parameter."},
	{"scenario", kindID, "", "Where the answer is shown: what is set for that place holds where the question does not say otherwise."},
	{"explain", kindFlag, "", "Add the evidence to each item: the shares sum to the score."},
	{"minSeq", kindSeq, "", "Wait until this log position is applied: a reader sees its own writes."},
	{"wait", kindWord, "durable|applied", "applied: answer only once the engine has applied the events. durable if left out."},
	{"validateOnly", kindFlag, "", "Check the events and take none of them."},
	{"digest", kindFlag, "", "Add a hash of the whole state. Takes a moment."},
	{"basket", kindIDs, "", "What is in the basket now. In a query, repeat the parameter."},
	{"channel", kindChoice, "email|push|inapp", "The message that the list goes into: it needs the member's consent to marketing. Leave it out where the member came by themselves."},
	{"after", kindID, "", "Go on behind this one. Of offers: the one that counts as activated."},
	{"filter", kindExpr, "", "Keep the offers for which this CEL expression over offer, product, member and context holds, such as offer.price < 5.0."},
	{"booster", kindExpr, "", "Multiply each score by this CEL expression, such as offer.margin > 0.2 ? 1.5 : 1.0."},
	{"diversity", kindShare, "", "How much each further offer of a category loses, 0 to 1. The scenario's if left out."},
	{"rotationRate", kindShare, "", "How much an offer loses that was shown just now, 0 to 1. The scenario's if left out."},
	{"active", kindFlag, "", "Keep those that hold now; with false, those that do not."},
	{"cursor", kindCursor, "", "Go on from here: what the answer before gave. From the start if left out."},
	{"recommId", kindID, "", "The decision that it was shown in."},
	{"format", kindWord, "ndjson|csv", "How the rows are written. ndjson if left out."},
	{"publish", kindFlag, "", "Publish the rows over NATS, too."},
	{"values", kindFlag, "", "Give whole items, with reason and values as the online answer has them; without it ids and scores."},
	{"depth", kindWord, "1|2", "2: each neighbour brings its own six strongest, too. 1 if left out."},
	{"points", kindPoints, "", "How many products to draw at most. 600 if left out."},
	{"halfLife", kindDays, "", "Another half-life, in days: each plain binding gets a bound on what it would weigh."},
	{"q", kindSearch, "", "Words to search for: each must begin a word of what is searched, or be in an id."},
}

func (p param) info() *paramInfo { return &paramTable[bits.TrailingZeros64(uint64(p))] }

// paramNamed finds a parameter by its name; zero if there is none.
func paramNamed(name string) param {
	for i := range paramTable {
		if paramTable[i].name == name {
			return 1 << i
		}
	}
	return 0
}

// each calls fn with every parameter in the set, in table order.
func (p param) each(fn func(param)) {
	for rest := uint64(p); rest != 0; rest &= rest - 1 {
		fn(param(1 << bits.TrailingZeros64(rest)))
	}
}

// names lists a set of parameters for a person.
func (p param) names() string {
	var b strings.Builder
	p.each(func(one param) {
		if b.Len() > 0 {
			b.WriteString(", ")
		}
		b.WriteString(one.info().name)
	})
	return b.String()
}

// nearest finds the parameter of the set that name was most likely meant to
// be; zero if none is near.
func (p param) nearest(name string) param {
	best, bestAt := param(0), 1+max(1, (min(len(name), 12)+1)/3)
	p.each(func(one param) {
		if d := distance(strings.ToLower(name), strings.ToLower(one.info().name)); d < bestAt {
			best, bestAt = one, d
		}
	})
	return best
}

// distance counts the letters to insert, delete, replace or swap with the next
// to make b of a. It reads no more than 32 letters: names are short.
func distance(a, b string) int {
	a, b = a[:min(len(a), 32)], b[:min(len(b), 32)]
	var older, old, row [33]int
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		older, old = old, row
		row[0] = i + 1
		for j := range len(b) {
			cost := old[j]
			if a[i] != b[j] {
				cost++
			}
			row[j+1] = min(cost, old[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], older[j-1]+1)
			}
		}
	}
	return row[len(b)]
}

// expects says in words what a parameter's value is.
func (i *paramInfo) expects() string {
	switch i.kind {
	case kindIDs:
		return "an array of strings"
	case kindCount, kindSeq, kindPoints:
		return "a whole number"
	case kindNumber, kindShare, kindDays:
		return "a number"
	case kindFlag:
		return "true or false"
	default:
		return "a string"
	}
}
