package expr

import (
	lru "container/list"
	"sync"
)

// defaultCache is how many programs a cache holds unless told otherwise.
const defaultCache = 256

// Cache keeps compiled expressions by their source and kind. Any goroutine may
// use it. What does not compile is not kept: it is compiled again when it is
// asked for again, so that mistakes can't push programs out. The zero value is
// a cache of 256 programs.
type Cache struct {
	most int

	mu      sync.Mutex
	entries map[cacheKey]*lru.Element // of *cacheEntry
	order   lru.List                  // what was asked for last is at the front
}

type cacheKey struct {
	src  string
	kind Kind
}

type cacheEntry struct {
	key     cacheKey
	program *Program
}

// NewCache returns a cache of at most n programs; the one that was not asked
// for the longest makes room. Below 1 it holds 256.
func NewCache(n int) *Cache {
	return &Cache{most: n}
}

// Get returns the program for src, compiled now or before. An error is an
// *Error.
func (c *Cache) Get(src string, kind Kind) (*Program, error) {
	key := cacheKey{src, kind}
	if p := c.held(key); p != nil {
		return p, nil
	}
	p, err := Compile(src, kind)
	if err != nil {
		return nil, err
	}
	return c.keep(key, p), nil
}

// Len returns how many programs are held.
func (c *Cache) Len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.entries)
}

func (c *Cache) bound() int {
	if c.most < 1 {
		return defaultCache
	}
	return c.most
}

func (c *Cache) held(key cacheKey) *Program {
	c.mu.Lock()
	defer c.mu.Unlock()
	at, ok := c.entries[key]
	if !ok {
		return nil
	}
	c.order.MoveToFront(at)
	return at.Value.(*cacheEntry).program
}

// keep holds p, unless another goroutine was first, and returns what is held.
func (c *Cache) keep(key cacheKey, p *Program) *Program {
	c.mu.Lock()
	defer c.mu.Unlock()
	if at, ok := c.entries[key]; ok {
		return at.Value.(*cacheEntry).program
	}
	if c.entries == nil {
		c.entries = make(map[cacheKey]*lru.Element)
	}
	key.src = p.src // which keeps nothing of the caller's memory
	c.entries[key] = c.order.PushFront(&cacheEntry{key, p})
	if c.order.Len() > c.bound() {
		last := c.order.Back()
		c.order.Remove(last)
		delete(c.entries, last.Value.(*cacheEntry).key)
	}
	return p
}
