package engine

import (
	"sync/atomic"

	"nabo/graph"
)

const pageBits = 10

// pages is a list by product that one goroutine makes longer while anybody
// reads it without a lock. T is an atomic type.
type pages[T any] struct {
	list atomic.Pointer[[]*[1 << pageBits]T]
}

func (p *pages[T]) init() { p.list.Store(&[]*[1 << pageBits]T{}) }

// at returns the place of n, or nil where there is none yet.
func (p *pages[T]) at(n graph.Node) *T {
	list := *p.list.Load()
	if int(n>>pageBits) >= len(list) {
		return nil
	}
	return &list[n>>pageBits][n&(1<<pageBits-1)]
}

// grown returns the place of n, and makes it if need be.
func (p *pages[T]) grown(n graph.Node) *T {
	list := *p.list.Load()
	if at := int(n >> pageBits); at >= len(list) {
		list = append([]*[1 << pageBits]T(nil), list...)
		for at >= len(list) {
			list = append(list, new([1 << pageBits]T))
		}
		p.list.Store(&list)
	}
	return p.at(n)
}

// bytes is what the list takes, given what a T takes.
func (p *pages[T]) bytes(one int) uint64 {
	return uint64(len(*p.list.Load())) * uint64(one<<pageBits+8)
}
