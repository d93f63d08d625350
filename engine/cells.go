package engine

import (
	"encoding/binary"

	"nabo/graph"
)

// The kinds of pairs in a checkpoint, the first byte of their keys. Those up to
// the first lane are loaded in the order of their keys: numbers before what
// they number.
const (
	cellMeta     = 1
	cellPlace    = 2
	cellProduct  = 3
	cellStock    = 4
	cellReceipt  = 5
	cellSession  = 6
	cellScenario = 7
	cellOffers   = 8 // and the book's own kinds above it, at most bookCells
	bookCells    = 8

	cellToken   = 64 // the lane of people
	cellProfile = 65

	cellSealed = 72 // the lane of keys: runs of them
	cellKeys   = 73 // and those added since

	cellBought     = 80 // what is in no order
	cellViewed     = 81
	cellBoughtDone = 82 // the journals
	cellViewedDone = 83
	cellTrends     = 84
	cellTrendsDone = 85
	cellGoods      = 86
	cellVisits     = 87
	cellRefined    = 88
	cellGoodsDone  = 89
	cellVisitsDone = 90
	cellHabits     = 91
	cellSeries     = 92 // hours, and days one above
)

// Lanes are the first bytes of keys at which lanes begin: once all pairs before
// the first are loaded, a goroutine may load each lane beside the others, in
// the order of its keys; those of the last lane may be loaded in any order and
// by any goroutines.
func Lanes() []byte { return []byte{cellToken, cellSealed, cellBought} }

// inTurn is the number in the key of what is written in turns: the turn stands
// first, so that what a checkpoint writes lies together in the store, which
// then need not touch all the rest to put it in its place.
func inTurn(kind byte, n uint32) uint64 {
	turns := uint32(graph.JournalTurns)
	if kind == cellGoods || kind == cellVisits {
		turns = graph.MemberTurns
	}
	return uint64(n%turns)<<32 | uint64(n)
}

// key makes a key of a kind and big-endian numbers, so that keys sort as they do.
func key(kind byte, numbers ...uint64) []byte {
	k := append(make([]byte, 0, 1+8*len(numbers)), kind)
	for _, n := range numbers {
		k = binary.BigEndian.AppendUint64(k, n)
	}
	return k
}
