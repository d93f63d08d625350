package offer

import (
	"sync"
	"sync/atomic"

	"nabo/graph"
)

// records holds every member's record, an immutable string, in pages that
// never move. The writer alone changes anything.
type records struct {
	dir   atomic.Pointer[[]atomic.Pointer[recordPage]]
	dirty paged[bool]    // changed since the last Dirty; the writer's
	list  []graph.Member // those; the writer's
}

type recordPage struct {
	mu    sync.RWMutex
	cells [recordPageSize]string // guarded by mu
}

const (
	recordPageBits = 8
	recordPageSize = 1 << recordPageBits
)

func (r *records) page(m graph.Member) *recordPage {
	dir := r.dir.Load()
	if at := int(m >> recordPageBits); dir != nil && at < len(*dir) {
		return (*dir)[at].Load()
	}
	return nil
}

// get returns a member's record; anybody's.
func (r *records) get(m graph.Member) string {
	page := r.page(m)
	if page == nil {
		return ""
	}
	page.mu.RLock()
	defer page.mu.RUnlock()
	return page.cells[m&(recordPageSize-1)]
}

// set changes a member's record; the writer's.
func (r *records) set(m graph.Member, s string) {
	page := r.page(m)
	if page == nil {
		if s == "" {
			return
		}
		page = r.grow(m)
	}
	page.mu.Lock()
	page.cells[m&(recordPageSize-1)] = s
	page.mu.Unlock()
	if !r.dirty.get(uint32(m)) {
		r.dirty.set(uint32(m), true)
		r.list = append(r.list, m)
	}
}

// load sets a record without noting a change; the writer's.
func (r *records) load(m graph.Member, s string) {
	page := r.page(m)
	if page == nil {
		page = r.grow(m)
	}
	page.mu.Lock()
	defer page.mu.Unlock()
	page.cells[m&(recordPageSize-1)] = s
}

// each gives all records that are not empty, by member; the writer's.
func (r *records) each(fn func(m graph.Member, s string)) {
	dir := r.dir.Load()
	if dir == nil {
		return
	}
	for at := range *dir {
		page := (*dir)[at].Load()
		if page == nil {
			continue
		}
		for i := range page.cells { // the writer alone changes them
			if s := page.cells[i]; s != "" {
				fn(graph.Member(at<<recordPageBits|i), s)
			}
		}
	}
}

// grow makes the page of a member that has none.
func (r *records) grow(m graph.Member) *recordPage {
	at := int(m >> recordPageBits)
	dir := r.dir.Load()
	if dir == nil || at >= len(*dir) {
		larger := make([]atomic.Pointer[recordPage], max(at+1, 64))
		if dir != nil {
			larger = make([]atomic.Pointer[recordPage], max(at+1, 2*len(*dir)))
			for i := range *dir {
				larger[i].Store((*dir)[i].Load())
			}
		}
		r.dir.Store(&larger)
		dir = &larger
	}
	page := new(recordPage)
	(*dir)[at].Store(page)
	return page
}
