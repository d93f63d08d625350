package offer

import (
	"sync"
	"sync/atomic"
	"unsafe"

	"nabo/graph"
)

// records holds every member's record in pages that never move. The records of
// a page stand in one array: two million strings of their own would be as many
// objects for the collector to look at. The writer alone changes anything.
type records struct {
	dir   atomic.Pointer[[]atomic.Pointer[recordPage]]
	dirty paged[bool]    // changed since the last Dirty; the writer's
	list  []graph.Member // those; the writer's

	count, bytes atomic.Int64 // of records that are not empty, and of all of it; for anybody
}

// recordPage is the records of some members. What was written to an array is
// not changed any more: a record that is set is written behind the others, and
// when the array is full, what still counts moves to a new one. So a reader may
// go on with what it found.
type recordPage struct {
	mu    sync.RWMutex
	text  []byte                       // guarded by mu
	where [recordPageSize]recordExtent // guarded by mu
}

// recordExtent is where in text a record is; empty: there is none.
type recordExtent struct{ from, size uint32 }

const (
	recordPageBits  = 6
	recordPageSize  = 1 << recordPageBits
	recordPageBytes = int64(unsafe.Sizeof(recordPage{}))
)

// get returns a member's record without copying it. The lock is held, or the
// caller is the writer.
func (p *recordPage) get(at graph.Member) string {
	if e := p.where[at]; e.size > 0 {
		return unsafe.String(&p.text[e.from], e.size)
	}
	return ""
}

// set replaces a record. The lock is held.
func (p *recordPage) set(at graph.Member, s string) {
	p.where[at] = recordExtent{}
	if s == "" || len(p.text)+len(s) > cap(p.text) {
		p.move(len(s)) // of one that is forgotten nothing stays
	}
	if s != "" {
		p.where[at] = recordExtent{uint32(len(p.text)), uint32(len(s))}
		p.text = append(p.text, s...)
	}
}

// move moves what counts to an array with room for so many bytes more, and for
// an eighth of all beside that.
func (p *recordPage) move(more int) {
	size := more
	for _, e := range p.where {
		size += int(e.size)
	}
	old := p.text
	p.text = nil
	if size > 0 {
		p.text = make([]byte, 0, size+size/8)
	}
	for i := range p.where {
		if e := &p.where[i]; e.size > 0 {
			from := uint32(len(p.text))
			p.text = append(p.text, old[e.from:e.from+e.size]...)
			e.from = from
		}
	}
}

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
	return page.get(m & (recordPageSize - 1))
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
	r.put(page, m, s)
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
	r.put(page, m, s)
}

// put replaces a record and counts it.
func (r *records) put(page *recordPage, m graph.Member, s string) {
	page.mu.Lock()
	defer page.mu.Unlock()
	at := m & (recordPageSize - 1)
	if page.where[at].size > 0 {
		r.count.Add(-1)
	}
	if s != "" {
		r.count.Add(1)
	}
	before := cap(page.text)
	page.set(at, s)
	r.bytes.Add(int64(cap(page.text) - before))
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
		for i := range page.where { // the writer alone changes them
			if s := page.get(graph.Member(i)); s != "" {
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
	r.bytes.Add(recordPageBytes)
	(*dir)[at].Store(page)
	return page
}

// RecordSize returns how many members have a record, and what all records take.
// Anybody may call it.
func (b *Book) RecordSize() (count int, bytes uint64) {
	return int(b.people.count.Load()), uint64(b.people.bytes.Load())
}
