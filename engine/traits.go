package engine

import (
	"sync/atomic"

	"nabo/graph"
)

// traits are the numbers of each product's category and brand, readable by
// anybody without a lock: an answer about offers reads a member's hundred
// goods by them. The writer sets them.
type traits struct {
	numbers map[string]uint32 // category, or brandKind → number, from 1; the writer's
	names   atomic.Pointer[[]string]
	words   pages[atomic.Uint64] // a category's number in the upper half, a brand's in the lower
}

func (t *traits) init() {
	t.numbers = map[string]uint32{}
	t.names.Store(&[]string{""})
	t.words.init()
}

// number returns a category's or a brandKind's number, and gives it one.
func (t *traits) number(kind string) uint32 {
	if n, ok := t.numbers[kind]; ok || kind == "" || kind == brandKind("") {
		return n
	}
	names := *t.names.Load()
	n := uint32(len(names))
	names = append(names, kind) // readers see no further than their own length
	t.names.Store(&names)
	t.numbers[kind] = n
	return n
}

// name returns what a number stands for, without what tells a brand.
func (t *traits) name(n uint32) string {
	name := (*t.names.Load())[n]
	if name != "" && name[0] == 0 {
		return name[1:]
	}
	return name
}

// isBrand says whether a number stands for a brand.
func (t *traits) isBrand(n uint32) bool { return (*t.names.Load())[n][0] == 0 }

// kinds returns how many numbers there are, with zero.
func (t *traits) kinds() int { return len(*t.names.Load()) }

func (t *traits) set(n graph.Node, category, brand uint32) {
	t.words.grown(n).Store(uint64(category)<<32 | uint64(brand))
}

// of returns the numbers of a product's category and brand; 0: none.
func (t *traits) of(n graph.Node) (category, brand uint32) {
	word := t.words.at(n)
	if word == nil {
		return 0, 0
	}
	v := word.Load()
	return uint32(v >> 32), uint32(v)
}

// copied returns the traits of the first products as they are now; the writer
// stands still.
func (t *traits) copied(products graph.Node) *traits {
	out := &traits{}
	out.names.Store(t.names.Load())
	out.words.init()
	for n := range products {
		category, brand := t.of(n)
		out.set(n, category, brand)
	}
	return out
}
